"""A plan under review: shown, changed and shown again, until it is approved or rejected.

A change is made by whoever edits, or by a model that is told in plain words. One that cannot run leaves the
plan before it in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import assert_never

from overseer.broker.permissions import Grants
from overseer.chat.person import Person
from overseer.engine import Engine
from overseer.errors import PlanError
from overseer.frontends.draft import Answered, Draft, Planned, Refused
from overseer.frontends.earlier import NOTHING_EARLIER, Earlier, given_to
from overseer.plan.values import WorkflowPlan
from overseer.review import (
    Approve,
    Approved,
    Change,
    Proposal,
    Reject,
    Replace,
    Review,
    ReviewPolicy,
    must_be_asked,
)

# An engine that can carry out a plan; PlanError if there is none.
EngineFor = Callable[[WorkflowPlan], Engine]

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

    def settle(self, proposal: Proposal) -> tuple[Approved | None, Proposal]:
        """What was approved, if anything was, and the plan as it was shown last; PlanError if it cannot run."""
        review = Review(self.ready(proposal))
        while True:
            shown = review.proposal
            must_ask = must_be_asked(self.policy, shown, self.engine_for(shown.plan).tools)
            decision = self.person.decide(shown, must_ask=must_ask)
            match decision:
                case Approve():
                    return review.approved(decision), shown
                case Reject():
                    return None, shown
                case Replace(plan=plan, notes=notes):
                    self._propose(review, plan, notes)
                case Change(remark=remark):
                    self._reworded(review, remark)
                case _:
                    assert_never(decision)

    def ready(self, proposal: Proposal) -> Proposal:
        """The plan as it would run, with what its tools need somebody's word for."""
        engine = self.engine_for(proposal.plan)
        plan = engine.checked(proposal.plan)
        return replace(proposal, plan=plan, needs=tuple(engine.needs(plan, self.grants)))

    def _propose(self, review: Review, plan: WorkflowPlan, notes: tuple[str, ...]) -> None:
        before = review.proposal
        known = self.earlier or NOTHING_EARLIER
        inputs = {name: value for name, value in before.inputs.items() if name in plan.inputs}
        after = replace(before, plan=plan, notes=notes, before=before.plan, inputs={**given_to(plan, known), **inputs})
        try:
            review.propose(self.ready(after))
        except PlanError as error:
            self.engine_for(before.plan)  # which is what code is written for again
            self._tell("that is no plan that can run; the one before stays:", error.faults)

    def _reworded(self, review: Review, remark: str) -> None:
        if self.reword is None:
            self.person.tell("it takes a model to change a plan in plain words; edit it, or drop steps")
            return
        draft = self.reword(review.proposal.plan, remark)
        match draft:
            case Planned(plan=plan, notes=notes):
                self._propose(review, plan, notes)
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
