"""A talk: requests become answers or plans, plans are reviewed, run and told of, and all of it is remembered.

What is shown and asked is left to the `Person` at the other end, so a chat at a terminal and a single
request without anybody there go the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from overseer.broker.broker import Door
from overseer.broker.caps import Cap
from overseer.broker.permissions import NOTHING_GRANTED, Grants
from overseer.chat.asking import AsksAtDoor
from overseer.chat.negotiation import EngineFor, Negotiation
from overseer.chat.performance import Performance, Performed
from overseer.chat.person import Person
from overseer.codework import CodeWork
from overseer.conversation import Conversation
from overseer.engine import Engine
from overseer.frontends.asking import ROLE, Turn
from overseer.frontends.draft import Answered, Draft, Planned, Refused
from overseer.frontends.earlier import Earlier, given_to
from overseer.frontends.planner import Planner
from overseer.frontends.replanning import Reviser
from overseer.frontends.rules import plan_by_rules
from overseer.journal import Journal
from overseer.jsonvalue import Json
from overseer.plan.values import WorkflowPlan
from overseer.report import Report
from overseer.review import Proposal
from overseer.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Handled:
    """What came of a request."""

    request: str
    draft: Draft | None = None
    proposal: Proposal | None = None  # the plan as it was shown last
    performed: Performed | None = None  # None where it did not run
    answer: str = ""
    is_interrupted: bool = False


@dataclass(slots=True)
class Talk:
    """One conversation with one person."""

    bench: Workbench
    person: Person
    conversation: Conversation
    journal: Journal | None = None
    grants: Grants = NOTHING_GRANTED  # what was approved beforehand, for every plan
    budget: Cap | None = None  # what each run may spend
    is_by_rules: bool = False  # even where a model is connected
    given: Mapping[str, Earlier] = field(default_factory=dict)  # values that came with the request

    # --- from a request to a draft

    def request(self, text: str) -> Handled:
        """Do what is asked for, as far as the person lets it be done. What is secret in it goes nowhere."""
        text = self.bench.broker.redactor.redact(text)
        before = self.conversation.shown()
        self.conversation.asked(text)
        door = self._door()
        draft = self._drafted(text, before, door)
        match draft:
            case Answered(text=answer):
                self.person.end_answer(answer)
                self.conversation.answered(answer)
                return Handled(text, draft, answer=answer)
            case Refused():
                return self._refused(text, draft)
            case Planned(plan=plan, by=by, notes=notes):
                proposal = Proposal(plan, by, given_to(plan, self._earlier()), notes)
                return self._settled(Handled(text, draft), proposal, door, before)
            case _:
                assert_never(draft)

    def propose(self, proposal: Proposal, request: str) -> Handled:
        """Do a plan that is there already, as far as the person lets it be done."""
        return self._settled(Handled(request), proposal, self._door(), self.conversation.shown())

    def _door(self) -> Door:
        return self.bench.engine().door(held_as="this request")

    def _drafted(self, text: str, before: Sequence[Turn], door: Door) -> Draft:
        if not self._is_connected:
            return plan_by_rules(text, self.bench.tools, earlier=self._earlier())
        return self._planner(door).draft(text, before, self._earlier())

    @property
    def _is_connected(self) -> bool:
        return not self.is_by_rules and self.bench.is_connected(ROLE)

    def _earlier(self) -> dict[str, Earlier]:
        return {**self.conversation.results, **self.given}

    def _planner(self, door: Door) -> Planner:
        settings = self.bench.settings
        mode = settings.chat.workflow_mode
        limits = replace(settings.limits, max_steps=min(settings.limits.max_steps, mode.max_steps))
        return Planner(AsksAtDoor(door, self.person), self.bench.tools, limits, min_steps=mode.min_steps)

    def _refused(self, request: str, draft: Refused) -> Handled:
        if draft.failure is not None and draft.failure.kind == "cancelled":
            self.person.tell("interrupted")
            self.conversation.noted("interrupted before there was a plan")
            return Handled(request, draft, is_interrupted=True)
        self.person.tell("no plan could be made:")
        for reason in draft.reasons:
            self.person.tell(f"  - {reason}")
        if draft.reply:
            self.person.tell("what the model said:")
            for line in draft.reply.splitlines():
                self.person.tell(f"  {line}")
        self.conversation.noted(f"no plan could be made: {'; '.join(draft.reasons)}")
        return Handled(request, draft)

    # --- from a plan to an answer

    def _settled(self, handled: Handled, proposal: Proposal, door: Door, before: Sequence[Turn]) -> Handled:
        bench = self.bench
        with CodeWork(bench.settings, bench.broker, bench.tools, ahead=door) as work:

            def engine_for(plan: WorkflowPlan) -> Engine:
                return bench.engine(journal=self.journal, coding=work.coding_for(plan))

            negotiation = self._negotiation(engine_for, door, before)
            approved, shown = negotiation.settle(proposal)
            handled = replace(handled, proposal=shown)
            if approved is None:
                self.conversation.noted("the plan was not carried out")
                return handled
            performance = Performance(
                self.person,
                handled.request,
                before,
                negotiation,
                is_connected=self._is_connected,
                grants=self.grants,
                journal=self.journal,
                budget=self.budget,
            )
            performed = performance.perform(engine_for(approved.plan), approved, self._remembered(handled.request))
        return self._remember(handled, performed)

    def _negotiation(self, engine_for: EngineFor, door: Door, before: Sequence[Turn]) -> Negotiation:
        earlier = self._earlier()
        negotiation = Negotiation(
            self.person, engine_for, self.bench.settings.chat.review, self.grants, earlier=earlier
        )
        if self._is_connected:
            reviser = Reviser(self._planner(door))
            negotiation.reword = lambda plan, remark: reviser.change(plan, remark, before, earlier)
        return negotiation

    def _remembered(self, request: str) -> dict[str, Json]:
        """What is kept beside a run, for whoever resumes it."""
        return {
            "tools": [str(folder.resolve()) for folder in self.bench.given],
            "session": self.conversation.session_id,
            "request": request,
        }

    def _remember(self, handled: Handled, performed: Performed) -> Handled:
        result, answer = performed.result, performed.answer.text
        self.conversation.ran(result.run_id, _told(performed.report), result.values)
        self.conversation.answered(answer)
        is_interrupted = result.status == "cancelled"
        return replace(handled, performed=performed, answer=answer, is_interrupted=is_interrupted)


def _told(report: Report) -> str:
    """What a planner is told of a run that came before."""
    made = ", ".join(f"{step.step_id}: {step.status}" for step in report.steps() if "/" not in step.step_id)
    failed = f"; {report.error.message}" if report.error is not None else ""
    return f"run {report.run_id} {report.status} ({made}){failed}"
