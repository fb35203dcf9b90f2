"""One request in the making: its draft, the review of its plan, the run, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, assert_never

from overseer.broker.broker import Door
from overseer.chat.asking import AsksAtDoor
from overseer.chat.drafting import Drafting, UnderWay
from overseer.chat.foresight import Foresight
from overseer.chat.negotiation import Negotiation
from overseer.chat.performance import Performance, Performed
from overseer.codework import CodeWork
from overseer.earlystart import Begun
from overseer.engine import Engine
from overseer.errors import PlanError
from overseer.frontends.asking import ROLE, Room, Turn
from overseer.frontends.directly import answered_directly
from overseer.frontends.draft import Answered, Draft, Planned, Refused
from overseer.frontends.earlier import given_to
from overseer.frontends.replanning import Reviser
from overseer.frontends.rules import plan_by_rules
from overseer.frontends.summing import summary_of, tokens_of
from overseer.jsonvalue import Json
from overseer.plan.values import WorkflowPlan
from overseer.report import Report
from overseer.review import Approved, Proposal

if TYPE_CHECKING:
    from overseer.chat.talk import Talk


# So many of the last turns are shown to a model as they are, the request among them.
_KEPT_TURNS = 5


@dataclass(frozen=True, slots=True)
class Handled:
    """What came of a request."""

    request: str
    draft: Draft | None = None
    proposal: Proposal | None = None  # the plan as it was shown last
    performed: Performed | None = None  # None where it did not run
    answer: str = ""
    is_interrupted: bool = False


class Handling:
    """Of one request in a talk."""

    def __init__(self, talk: Talk, request: str, work: CodeWork, door: Door, before: Sequence[Turn]) -> None:
        """`before` is what was said until then; what is asked before there is a run goes through the door."""
        self._talk = talk
        self._person = talk.person
        self._conversation = talk.conversation
        self._bench = talk.bench
        self._request = request
        self._work = work
        self._door = door
        self._before = before
        self._is_connected = not talk.is_by_rules and talk.bench.is_connected(ROLE)
        self._earlier = talk.earlier()
        self._drafting = Drafting(
            talk.bench, talk.person, door, work, talk.grants, talk.budget, self._remembered(), talk.journal
        )

    # --- from a request to a draft

    def handle(self) -> Handled:
        """Do what is asked for, as far as the person lets it be done."""
        begun = self._drafted()
        draft, handled = begun.draft, Handled(self._request, begun.draft)
        if not (isinstance(draft, Refused) and _is_cancelled(draft)):
            self._drafting.take_back()
        if begun.stage == "apart":
            self._finish(begun)
        match draft:
            case Answered(text=answer):
                self._person.end_answer(answer)
                self._conversation.answered(answer)
                return replace(handled, answer=answer)
            case Refused():
                return self._refused(draft, handled)
            case Planned(plan=plan, by=by, notes=notes):
                maker = self._model_name() if by == "model" else ""
                proposal = Proposal(plan, by, given_to(plan, self._earlier), notes, maker=maker)
                if begun.stage in ("whole", "waiting"):
                    return self._gone_on(begun, proposal, handled)
                return self.settle(proposal, handled)
            case _:
                assert_never(draft)

    def _drafted(self) -> Begun:
        self._make_room()
        if not self._is_connected:
            return Begun(plan_by_rules(self._request, self._bench.tools, earlier=self._earlier))
        if not self._bench.settings.chat.workflow_mode.is_planned(self._request):
            asks = AsksAtDoor(self._door, self._person)
            return Begun(
                answered_directly(
                    asks, self._request, self._before, earlier=self._earlier, on_text=self._drafting.answer
                )
            )
        return self._drafting.draft(self._request, self._before, self._earlier)

    def _make_room(self) -> None:
        """Sum up the conversation where it has become too long to be shown to a model; all of it stays where it is."""
        if not self._is_connected or tokens_of(self._before) <= Room().conversation:
            return
        turns, until = self._conversation.to_sum_up(keep=_KEPT_TURNS)
        if not turns:
            return
        text = summary_of(AsksAtDoor(self._door, self._person), turns)
        if text is not None:  # else the planner is shown the last turns, and says so
            self._conversation.summed_up(text, until)
            self._before = self._conversation.shown()[:-1]  # without the request itself
            self._person.tell("the earlier part of this conversation was summed up for the model")

    def _refused(self, draft: Refused, handled: Handled) -> Handled:
        if _is_cancelled(draft):
            self._person.tell("interrupted")
            if self._drafting.said:
                self._conversation.answered(self._drafting.said, is_partial=True)
            else:
                self._conversation.noted("interrupted before there was an answer or a plan")
            return replace(handled, answer=self._drafting.said, is_interrupted=True)
        self._person.tell("no plan could be made:")
        for reason in draft.reasons:
            self._person.tell(f"  - {reason}")
        if draft.reply:
            self._person.tell("what the model said:")
            for line in draft.reply.splitlines():
                self._person.tell(f"  {line}")
        self._conversation.noted(f"no plan could be made: {'; '.join(draft.reasons)}")
        return handled

    # --- from a plan to an answer

    def settle(self, proposal: Proposal, handled: Handled) -> Handled:
        """Run a plan if it is approved, and answer."""
        negotiation = self._negotiation()
        approved, shown = negotiation.settle(proposal)
        handled = replace(handled, proposal=shown)
        if approved is None:
            return self._not_carried_out(handled)
        engine = self._engine_for(approved.plan)
        return self._remember(handled, self._performance(negotiation).perform(engine, approved, self._remembered()))

    def _not_carried_out(self, handled: Handled) -> Handled:
        self._conversation.noted("the plan was not carried out")
        return handled

    def _engine_for(self, plan: WorkflowPlan) -> Engine:
        return self._bench.engine(journal=self._talk.journal, coding=self._work.coding_for(plan))

    def _negotiation(self) -> Negotiation:
        talk = self._talk
        negotiation = Negotiation(
            self._person, self._engine_for, self._bench.settings.chat.review, talk.grants, earlier=self._earlier
        )
        negotiation.look_ahead = Foresight(self._bench, talk.journal, self._work, self._engine_for).outlook
        if self._is_connected:
            reviser = Reviser(self._drafting.planner())
            negotiation.model = self._model_name()
            negotiation.reword = lambda plan, remark: reviser.change(plan, remark, self._before, self._earlier)
        return negotiation

    def _model_name(self) -> str:
        """The model that plans, as people are told of it."""
        model = self._bench.broker.models.model(ROLE)
        return f"{model.name} ({model.provider})"

    def _performance(self, negotiation: Negotiation) -> Performance:
        talk = self._talk
        return Performance(
            self._person,
            self._request,
            self._before,
            negotiation,
            is_connected=self._is_connected,
            grants=talk.grants,
            journal=talk.journal,
            budget=talk.budget,
        )

    def _remembered(self) -> dict[str, Json]:
        """What is kept beside a run, for whoever resumes it."""
        return {
            "tools": [str(folder.resolve()) for folder in self._bench.given],
            "session": self._conversation.session_id,
            "request": self._request,
        }

    def _remember(self, handled: Handled, performed: Performed) -> Handled:
        result, answer = performed.result, performed.answer.text
        self._conversation.ran(result.run_id, _told(performed.report), result.values)
        self._conversation.answered(answer)
        return replace(handled, performed=performed, answer=answer, is_interrupted=result.status == "cancelled")

    # --- where a part of the plan began early

    def _gone_on(self, begun: Begun, proposal: Proposal, handled: Handled) -> Handled:
        """The run goes on with the whole plan, which for a part of it may take somebody's word."""
        under_way, negotiation = self._under_way, self._negotiation()
        if begun.stage == "whole":
            self._person.show(proposal)
            shown, approved = proposal, None
        else:
            approved, shown = negotiation.settle(proposal)
            self._take_up(begun, approved)
        handled = replace(handled, proposal=shown)
        engine = self._engine_for(under_way.run.plan)
        return self._remember(handled, self._performance(negotiation).finish(engine, under_way.run, under_way))

    def _take_up(self, begun: Begun, approved: Approved | None) -> None:
        if approved is None:
            begun.leave("the rest of the plan was not approved")
            self._person.tell("what had begun is finished, and no more of it")
            return
        try:
            begun.go_on(approved.plan, self._talk.grants | approved.grants)
        except PlanError as error:
            begun.leave("the plan was changed where it had begun")
            self._person.tell(f"the plan cannot go on in what has begun: {error}")

    def _finish(self, begun: Begun) -> None:
        """Wait for what had begun of a plan that came to nothing, and remember it."""
        under_way = self._under_way
        self._person.tell(f"what had begun is finished, and no more of it: {begun.reason}")
        report = Report(under_way.began_as)
        result = self._person.follow(under_way.run, report, under_way.began_as, under_way.relay)
        self._conversation.ran(result.run_id, _told(report), result.values)

    @property
    def _under_way(self) -> UnderWay:
        assert self._drafting.under_way is not None
        return self._drafting.under_way


def _is_cancelled(draft: Refused) -> bool:
    return draft.failure is not None and draft.failure.kind == "cancelled"


def _told(report: Report) -> str:
    """What a planner is told of a run that came before."""
    made = ", ".join(f"{step.step_id}: {step.status}" for step in report.steps() if "/" not in step.step_id)
    failed = f"; {report.error.message}" if report.error is not None else ""
    return f"run {report.run_id} {report.status} ({made}){failed}"
