"""Carrying an approved plan out: the run, another plan for the rest of it where it fails, and the answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from overseer.broker.caps import Cap
from overseer.broker.permissions import Grants
from overseer.chat.asking import AsksOfRun
from overseer.chat.drafting import UnderWay
from overseer.chat.negotiation import Negotiation
from overseer.chat.outcomes import outcome_of
from overseer.chat.person import Person
from overseer.errors import OverseerError, RunCutOff
from overseer.frontends.answering import Answer, Answerer
from overseer.frontends.asking import Turn
from overseer.frontends.draft import Answered, Draft, Planned, Refused
from overseer.frontends.planner import Planner
from overseer.frontends.replanning import Reviser
from overseer.journal.journal import Journal
from overseer.jsonvalue import Json
from overseer.kernel.restart import HAS_ENDED
from overseer.plan.values import WorkflowPlan, is_endless
from overseer.reports.report import Report
from overseer.review import Approved, Proposal
from overseer.running.engine import Engine
from overseer.running.run import Run, RunResult

# Failures that another plan would meet as well.
_BEYOND_MENDING = ("cancelled", "budget", "rate_limited")

# Is told of a run that has ended or was broken off, by its id, with what its steps gave.
Ended = Callable[[str, Report, Mapping[str, Json]], None]


@dataclass(frozen=True, slots=True)
class Performed:
    """A run that has ended, with what is to be known of it."""

    run: Run
    report: Report
    result: RunResult
    answer: Answer
    was_interrupted: bool = False  # while another plan was made for the rest of it


@dataclass(slots=True)
class Performance:
    """Of one request."""

    person: Person
    request: str
    conversation: Sequence[Turn]
    negotiation: Negotiation
    is_connected: bool  # to a model that mends plans and answers
    grants: Grants
    journal: Journal | None = None
    budget: Cap | None = None
    ended: Ended = lambda run_id, report, values: None  # told before there is an answer, which may take long
    answered: Callable[[Answer], None] = lambda answer: None
    was_interrupted: bool = False

    def prepared(self, engine: Engine, approved: Approved, remember: dict[str, Json]) -> Run:
        """A run of what was approved, that has not begun."""
        return engine.prepare(
            approved.plan,
            approved.inputs,
            approve=self.grants | approved.grants,
            budget=self.budget,
            remember=remember,
        )

    def finish(self, engine: Engine, run: Run, under_way: UnderWay | None = None) -> Performed:
        """Carry a run out that was prepared, be it new, resumed or under way already, and answer."""
        # Nobody else gets at what it writes while another plan is made for the rest of it.
        with engine.broker.writers.present(run.run_id):
            run, result, report = self._carried_out(engine, run, under_way)
        return Performed(run, report, result, self._answer(engine, run, report, result), self.was_interrupted)

    def _carried_out(self, engine: Engine, run: Run, under_way: UnderWay | None) -> tuple[Run, RunResult, Report]:
        """The run, in the last of the lives that it has here, with what came of it."""
        reviser: Reviser | None = None
        while True:
            result, report = self._followed(run, under_way)
            under_way = None
            if not self._can_be_mended(run, result):
                break
            reviser = reviser or Reviser(self._planner(engine, run))
            try:
                again = self._mended(engine, run, report, reviser)
            except OverseerError as error:  # which takes nothing away from what was done
                self.person.tell(f"the run does not go on with another plan: {error}")
                again = None
            except BaseException:
                self.ended(run.run_id, report, result.values)
                raise
            if again is None:
                break
            run = again
        self.ended(run.run_id, report, result.values)
        return run, result, report

    def _followed(self, run: Run, under_way: UnderWay | None) -> tuple[RunResult, Report]:
        relay = None
        if under_way is not None:
            relay, began_as = under_way.relay, under_way.began_as
            report = under_way.begin_report()
        else:
            began_as, report = self._report(run)
        try:
            return self.person.follow(run, report, began_as, relay), report
        except RunCutOff:
            state = report.state
            self.ended(run.run_id, report, dict(state.root.values) if state.frames else {})
            raise

    def _report(self, run: Run) -> tuple[WorkflowPlan, Report]:
        """The plan that a run began with, and the report of its lives so far."""
        if self.journal is None or not run.is_recorded:
            return run.plan, Report(run.plan, keeps_rounds=not is_endless(run.plan))
        from overseer.commands.runs import report_of
        from overseer.plan import plan_from

        stored = self.journal.run(run.run_id)
        return plan_from(stored.plan).plan, report_of(self.journal, stored, keeps_rounds=not is_endless(run.plan))

    def _can_be_mended(self, run: Run, result: RunResult) -> bool:
        if result.status != "failed" or not run.is_recorded or not self.is_connected:
            return False
        return not any(failure.kind in _BEYOND_MENDING for failure in result.failures.values())

    def _planner(self, engine: Engine, run: Run) -> Planner:
        return Planner(AsksOfRun(run, self.person, is_for_plan=True), engine.tools, engine.settings.limits)

    def _mended(self, engine: Engine, run: Run, report: Report, reviser: Reviser) -> Run | None:
        """The run, about to go on with another plan; None if there is none, or nobody wants it."""
        self.person.tell("a step failed; asking the model for another way to do the rest")
        outcome = outcome_of(report, engine.tools)

        def patched(remark: str = "") -> Draft:
            return reviser.patch(self.request, outcome, self.conversation, remark=remark)

        draft = patched()
        if isinstance(draft, Refused) and draft.failure is not None and draft.failure.kind == "cancelled":
            self.person.tell("interrupted")
            self.was_interrupted = True
            return None
        if not isinstance(draft, Planned):
            reasons = (draft.text,) if isinstance(draft, Answered) else draft.reasons
            if isinstance(draft, Refused) and outcome.has_told(draft.failure):
                reasons = ("the model could not be asked, for the same reason",)
            for reason in reasons:
                self.person.tell(f"there is no other way: {reason}")
            return None
        self.negotiation.done = [step_id for step_id, why in outcome.fixed.items() if why == HAS_ENDED]
        self.negotiation.reword = lambda plan, remark: patched(remark)
        ahead = self.negotiation.look_ahead
        self.negotiation.look_ahead = lambda plan, inputs: ahead(_rest(plan, outcome.fixed), inputs)
        maker = self.negotiation.model
        given = report.state.root.names["inputs"]  # which it goes on with
        inputs = {name: given[name] for name in draft.plan.inputs if name in given}
        proposal = Proposal(draft.plan, "model", inputs, draft.notes, before=report.plan, maker=maker)
        approved, _ = self.negotiation.settle(proposal)
        if approved is None:
            return None
        again = self.negotiation.engine_for(approved.plan)
        return again.prepare_resume(run.run_id, plan=approved.plan, approve=self.grants | approved.grants)

    def _answer(self, engine: Engine, run: Run, report: Report, result: RunResult) -> Answer:
        # Who wanted it to stop does not wait for more, be it that its last step was at its end.
        is_stopped = result.status == "cancelled" or report.state.cancel is not None or self.was_interrupted
        asks = AsksOfRun(run, self.person) if self.is_connected and not is_stopped else None
        outcome = outcome_of(report, engine.tools)
        answerer = Answerer(asks, engine.tools)
        # Values that nobody words are no prose: they come whole, and no mark in them means anything.
        on_text = self.person.hear if asks is not None else None
        answer = answerer.answer(self.request, outcome, self.conversation, on_text=on_text)
        self.answered(answer)  # first, as what was shown must not be lost
        self.person.end_answer(answer.text, is_values=asks is None and answer.by == "rules")
        for note in answer.notes:
            self.person.tell(f"note: {note}")
        return answer


def _rest(plan: WorkflowPlan, fixed: Collection[str]) -> WorkflowPlan:
    """What is still to be done of a plan."""
    left = (step for step in plan.steps if step.step_id not in fixed)
    return plan.with_steps(
        tuple(step.depending_on(tuple(need for need in step.depends_on if need not in fixed)) for step in left)
    )
