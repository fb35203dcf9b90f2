"""A plan under review: shown, changed and shown again, until it is approved or rejected.

A change is made by whoever edits, or by a model that is told in plain words. One that cannot run leaves the
plan before it in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from overseer.broker.permissions import Grants
from overseer.chat.person import Person
from overseer.errors import PlanError
from overseer.frontends.draft import Answered, Draft, Planned, Refused
from overseer.frontends.earlier import NOTHING_EARLIER, Earlier, given_to
from overseer.jsonvalue import Json
from overseer.plan.expansion import contracted
from overseer.plan.values import WorkflowPlan
from overseer.review import (
    Approve,
    Approved,
    Change,
    Outlook,
    Proposal,
    Reject,
    Replace,
    Review,
    ReviewPolicy,
    reason_to_ask,
)
from overseer.running.approval import open_needs
from overseer.running.engine import Engine

# An engine that can carry out a plan; PlanError if there is none.
EngineFor = Callable[[WorkflowPlan], Engine]

# What is known of a plan beside what it says, with the values that it begins with.
LookAhead = Callable[[WorkflowPlan, Mapping[str, Json]], Outlook]

# Another plan in the place of one, as a remark in plain words wants it; None where no model can be asked.
Reword = Callable[[WorkflowPlan, str], Draft] | None


@dataclass(slots=True)
class Negotiation:
    """About one plan, with one person."""

    person: Person
    engine_for: EngineFor
    policy: ReviewPolicy
    grants: Grants  # what was approved beforehand
    reword: Reword = None
    earlier: dict[str, Earlier] | None = None
    look_ahead: LookAhead = lambda plan, inputs: Outlook()
    model: str = ""  # what changes plans in plain words
    done: Collection[str] = ()  # steps that have ended: they are part of the plan, and of nothing that will happen

    def settle(self, proposal: Proposal) -> tuple[Approved | None, Proposal]:
        """What was approved, if anything was, and the plan as it was shown last; PlanError if it cannot run."""
        review = Review(self.ready(proposal))
        while True:
            shown = review.proposal
            decision = self.person.decide(shown, must_ask=bool(shown.asked_because))
            match decision:
                case Approve():
                    return review.approved(decision), shown
                case Reject():
                    return None, shown
                case Replace(plan=plan, notes=notes):
                    self._propose(review, plan, notes, maker="you")
                case Change(remark=remark):
                    self._reworded(review, remark)
                case _:
                    assert_never(decision)

    def ready(self, proposal: Proposal) -> Proposal:
        """The plan as it would run, with what its tools need somebody's word for."""
        engine = self.engine_for(proposal.plan)
        plan = engine.checked(proposal.plan)
        known = self.earlier or NOTHING_EARLIER
        rest = plan.with_steps(tuple(step for step in plan.steps if step.step_id not in self.done))
        ready = replace(
            proposal,
            plan=plan,
            needs=tuple(open_needs(rest, engine.tools, engine.broker, self.grants)),
            outlook=self.look_ahead(plan, proposal.inputs),
            origins={
                name: known[name].about
                for name, value in proposal.inputs.items()
                if name in known and value == known[name].value
            },
        )
        return replace(ready, asked_because=reason_to_ask(self.policy, ready, engine.tools))

    def _propose(self, review: Review, plan: WorkflowPlan, notes: tuple[str, ...], *, maker: str) -> None:
        before = review.proposal
        known = self.earlier or NOTHING_EARLIER
        inputs = {name: value for name, value in before.inputs.items() if name in plan.inputs}
        after = replace(
            before,
            plan=plan,
            notes=notes,
            before=before.plan,
            inputs={**given_to(plan, known), **inputs},
            maker=_makers(before.maker, maker),
        )
        try:
            after = self.ready(after)
            if after.hash == before.hash:
                self.person.tell("that is the plan that is there already; nothing was changed")
                return
            # Whoever has a plan changed sees what came of it before anything runs, however harmless that is.
            review.propose(replace(after, asked_because=after.asked_because or "it was changed"))
        except PlanError as error:
            self.engine_for(before.plan)  # which is what code is written for again
            self._tell("that is no plan that can run; the one before stays:", error.faults)

    def _reworded(self, review: Review, remark: str) -> None:
        if self.reword is None:
            self.person.tell("it takes a model to change a plan in plain words; edit it, or drop steps")
            return
        plan = review.proposal.plan
        draft = self.reword(contracted(plan, self.engine_for(plan).tools), remark)
        match draft:
            case Planned(plan=plan, notes=notes):
                self._propose(review, plan, notes, maker=self.model)
            case Answered(text=answer):
                self.person.end_answer(answer)
            case Refused(reasons=reasons):
                self._tell("the plan stays as it is:", reasons)
            case _:
                assert_never(draft)

    def _tell(self, head: str, lines: Iterable[object]) -> None:
        self.person.tell(head)
        for line in lines:
            self.person.tell(f"  - {line}")


def _makers(first: str, then: str) -> str:
    """Who made a plan, and who has changed it since."""
    if not then or then in first.split(_CHANGED_BY):
        return first
    return f"{first}{_CHANGED_BY}{then}" if first else then


_CHANGED_BY = ", changed by "
