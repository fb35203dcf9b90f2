"""A talk: requests become answers or plans, plans are reviewed, run and told of, and all of it is remembered.

What is shown and asked is left to the `Person` at the other end, so a chat at a terminal and a single
request without anybody there go the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import assert_never

from overseer.broker.broker import Door
from overseer.broker.budget import NOTHING, Spend
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
from overseer.run import Run
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
    spent: Spend = NOTHING  # on all of it


# Carries a run out that was approved, with somebody in the place of the person who approved it.
CarryOut = Callable[[Person], Handled]

# Takes over a run that goes on in the background.
TakeOver = Callable[[str, Run, CarryOut], None]


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
    demo: str = ""  # the name of the one that is shown, if one is: what its model says is not kept for real requests
    take_over: TakeOver | None = None  # None: there is no background

    # --- from a request to a draft

    def request(self, text: str) -> Handled:
        """Do what is asked for, as far as the person lets it be done."""
        before = self.conversation.shown()
        door = self._door()
        handled = self._begun(text, door, before)
        if handled.proposal is None:
            return handled
        return self._settled(handled, handled.proposal, door, before)

    def plan(self, text: str) -> Handled:
        """What would be done, as it is proposed; nothing of it is."""
        door = self._door()
        handled = self._begun(text, door, self.conversation.shown())
        if handled.proposal is None:
            return handled
        with self._code_work(door) as work:
            proposal = self._negotiation(self._engines(work), door, ()).ready(handled.proposal)
        self.conversation.noted("a plan was made, and not carried out yet")
        return replace(handled, proposal=proposal, spent=door.spent)

    def propose(self, proposal: Proposal, request: str, *, in_background: bool = False) -> Handled:
        """Do a plan that is there already, as far as the person lets it be done."""
        before = self.conversation.shown()
        self.conversation.asked(request)
        return self._settled(Handled(request), proposal, self._door(), before, in_background=in_background)

    def _begun(self, text: str, door: Door, before: Sequence[Turn]) -> Handled:
        """What comes of a request at once: an answer, a refusal, or a plan that is proposed."""
        self.conversation.asked(text)
        draft = self._drafted(text, before, door)
        handled = Handled(text, draft, spent=door.spent)
        match draft:
            case Answered(text=answer):
                self.person.end_answer(answer)
                self.conversation.answered(answer)
                return replace(handled, answer=answer)
            case Refused():
                return self._refused(handled, draft)
            case Planned(plan=plan, by=by, notes=notes):
                if self.demo:
                    plan = replace(plan, name=f"{plan.name} (scripted model)")
                return replace(handled, proposal=Proposal(plan, by, given_to(plan, self._earlier()), notes))
            case _:
                assert_never(draft)

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

    def _refused(self, handled: Handled, draft: Refused) -> Handled:
        if draft.failure is not None and draft.failure.kind == "cancelled":
            self.person.tell("interrupted")
            self.conversation.noted("interrupted before there was a plan")
            return replace(handled, is_interrupted=True)
        self.person.tell("no plan could be made:")
        for reason in draft.reasons:
            self.person.tell(f"  - {reason}")
        if draft.reply:
            self.person.tell("what the model said:")
            for line in draft.reply.splitlines():
                self.person.tell(f"  {line}")
        self.conversation.noted(f"no plan could be made: {'; '.join(draft.reasons)}")
        return handled

    # --- from a plan to an answer

    def _settled(
        self, handled: Handled, proposal: Proposal, door: Door, before: Sequence[Turn], *, in_background: bool = False
    ) -> Handled:
        with ExitStack() as opened:
            work = opened.enter_context(self._code_work(door))
            engine_for = self._engines(work)
            negotiation = self._negotiation(engine_for, door, before)
            approved, shown = negotiation.settle(proposal)
            handled = replace(handled, proposal=shown, spent=door.spent)
            if approved is None:
                self.conversation.noted("the plan was not carried out")
                return handled
            engine = engine_for(approved.plan)
            performance = self._performance(handled.request, before, negotiation)
            run = performance.prepared(engine, approved, self._remembered(handled.request))
            if self.take_over is None or not (in_background or approved.in_background):
                return self._remember(handled, performance.finish(engine, run), door)
            open_on = opened.pop_all()

        conversation = self.conversation  # there may be another one by the time the run ends

        def carry_out(person: Person) -> Handled:
            performance.person = negotiation.person = person
            with open_on:
                return self._remember(handled, performance.finish(engine, run), door, conversation)

        self.take_over(handled.request, run, carry_out)
        return replace(handled, spent=NOTHING)  # it counts with the rest, at the end

    def go_on(self, request: str, plan: WorkflowPlan, prepare: Callable[[Engine], Run]) -> Handled:
        """Go on with a run that follows this plan; `prepare` takes it up."""
        before = self.conversation.shown()
        door = self._door()
        with self._code_work(door) as work:
            engine_for = self._engines(work)
            performance = self._performance(request, before, self._negotiation(engine_for, door, before))
            engine = engine_for(plan)
            return self._remember(Handled(request), performance.finish(engine, prepare(engine)), door)

    def _code_work(self, door: Door) -> CodeWork:
        return CodeWork(self.bench.settings, self.bench.broker, self.bench.tools, ahead=door, keeps=not self.demo)

    def _engines(self, work: CodeWork) -> EngineFor:
        return lambda plan: self.bench.engine(journal=self.journal, coding=work.coding_for(plan))

    def _performance(self, request: str, before: Sequence[Turn], negotiation: Negotiation) -> Performance:
        return Performance(
            self.person,
            request,
            before,
            negotiation,
            is_connected=self._is_connected,
            grants=self.grants,
            journal=self.journal,
            budget=self.budget,
        )

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
            **({"demo": self.demo} if self.demo else {}),
        }

    def _remember(
        self, handled: Handled, performed: Performed, door: Door, conversation: Conversation | None = None
    ) -> Handled:
        conversation = conversation or self.conversation
        result, answer = performed.result, performed.answer.text
        conversation.ran(result.run_id, _told(performed.report), result.values)
        conversation.answered(answer)
        return replace(
            handled,
            performed=performed,
            answer=answer,
            is_interrupted=result.status == "cancelled",
            spent=door.spent + performed.run.spent,
        )


def _told(report: Report) -> str:
    """What a planner is told of a run that came before."""
    made = ", ".join(f"{step.step_id}: {step.status}" for step in report.steps() if "/" not in step.step_id)
    failed = f"; {report.error.message}" if report.error is not None else ""
    return f"run {report.run_id} {report.status} ({made}){failed}"
