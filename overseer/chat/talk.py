"""A talk: requests become answers or plans, plans are reviewed, run and told of, and all of it is remembered.

What is shown and asked is left to the `Person` at the other end, so a chat at a terminal and a single
request without anybody there go the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from overseer.broker.caps import Cap
from overseer.broker.hearing import OnText
from overseer.broker.permissions import NOTHING_GRANTED, Grants
from overseer.broker.result import ToolResult
from overseer.chat.person import Person
from overseer.conversation import Conversation
from overseer.errors import UsageError
from overseer.frontends.asking import ROLE
from overseer.frontends.draft import Answered, Draft, Planned, Refused
from overseer.frontends.earlier import given_to
from overseer.frontends.planner import Planner
from overseer.frontends.rules import plan_by_rules
from overseer.journal import Journal
from overseer.jsonvalue import Json
from overseer.plan import WorkflowPlan
from overseer.render import value_text
from overseer.report import Report
from overseer.review import Approve, Approved, Change, Proposal, Reject, Replace, Review, must_be_asked
from overseer.run import RunResult
from overseer.tool import Question, ToolContext
from overseer.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request."""

    draft: Draft | None = None
    proposal: Proposal | None = None  # the plan as it was last shown
    report: Report | None = None
    result: RunResult | None = None
    answer: str = ""
    is_interrupted: bool = False


class Talk:
    """One conversation with one person."""

    def __init__(
        self,
        bench: Workbench,
        person: Person,
        conversation: Conversation,
        *,
        journal: Journal | None,
        grants: Grants = NOTHING_GRANTED,
        budget: Cap | None = None,
    ) -> None:
        """`grants` are what was approved beforehand, for every plan; `budget` is what each run may spend."""
        self.bench = bench
        self.conversation = conversation
        self._person = person
        self._journal = journal
        self._grants = grants
        self._budget = budget

    # --- from a request to a plan

    def request(self, text: str) -> Outcome:
        """Do what is asked for, as far as the person lets it be done."""
        self.conversation.asked(text)
        draft = self._drafted(text)
        match draft:
            case Answered(text=answer):
                self._person.end_answer(answer)
                self.conversation.answered(answer)
                return Outcome(draft, answer=answer)
            case Refused():
                return self._refused(draft)
            case Planned(plan=plan, by=by, notes=notes):
                given = given_to(plan, self.conversation.results)
                return self.propose(self.proposal(plan, by, given, notes), request=text)
            case _:
                assert_never(draft)

    def _drafted(self, text: str) -> Draft:
        if not self.bench.is_connected(ROLE):
            return plan_by_rules(text, self.bench.tools, earlier=self.conversation.results)
        planner = Planner(self._ask, self.bench.tools, self.bench.settings.limits)
        return planner.draft(text, self.conversation.shown()[:-1], self.conversation.results)

    def _ask(self, question: Question, /, *, on_text: OnText | None = None) -> ToolResult:
        door = self.bench.engine().door(held_as="this request")
        with self._person.interruptible() as cancellation:
            return door.ask(question, ToolContext("", "plan", 1, cancellation), on_text=on_text)

    def _refused(self, draft: Refused) -> Outcome:
        if draft.failure is not None and draft.failure.kind == "cancelled":
            self._person.tell("interrupted")
            self.conversation.noted("interrupted before there was a plan")
            return Outcome(draft, is_interrupted=True)
        self._person.tell("no plan could be made:")
        for reason in draft.reasons:
            self._person.tell(f"  - {reason}")
        if draft.reply:
            self._person.tell("what the model said:")
            for line in draft.reply.splitlines():
                self._person.tell(f"  {line}")
        self.conversation.noted(f"no plan could be made: {'; '.join(draft.reasons)}")
        return Outcome(draft)

    # --- from a plan to a run

    def proposal(
        self,
        plan: WorkflowPlan,
        by: str,
        inputs: Mapping[str, Json] | None = None,
        notes: tuple[str, ...] = (),
        before: WorkflowPlan | None = None,
    ) -> Proposal:
        """The plan as it would run, with what it needs somebody's word for; PlanError if it cannot."""
        with self.bench.engine_for(plan, journal=None) as engine:
            ready = engine.checked(plan)
            needs = tuple(engine.needs(ready, self._grants))
        return Proposal(ready, by, inputs or {}, notes, needs, before)  # type: ignore[arg-type]

    def propose(self, proposal: Proposal, *, request: str = "") -> Outcome:
        """Show a plan until it is approved or rejected; then run it and tell what came of it."""
        review = Review(proposal)
        while True:
            proposal = review.proposal
            must_ask = must_be_asked(self.bench.settings.chat.review, proposal, self.bench.tools)
            decision = self._person.decide(proposal, must_ask=must_ask)
            match decision:
                case Approve():
                    return self._carried_out(review.approved(decision), proposal, request)
                case Reject(reason=reason):
                    self.conversation.noted(f"the plan was not carried out: {reason}".removesuffix(": "))
                    return Outcome(proposal=proposal)
                case Replace(plan=plan, notes=notes):
                    review.propose(self.proposal(plan, proposal.by, proposal.inputs, notes, proposal.plan))
                case Change(remark=remark):
                    raise UsageError(f"no model is at hand to change the plan: {remark}")
                case _:
                    assert_never(decision)

    def _carried_out(self, approved: Approved, proposal: Proposal, request: str) -> Outcome:
        with self.bench.engine_for(approved.plan, journal=self._journal) as engine:
            run = engine.prepare(
                approved.plan,
                approved.inputs,
                approve=self._grants | approved.grants,
                budget=self._budget,
                remember={
                    "tools": [str(folder.resolve()) for folder in self.bench.given],
                    "session": self.conversation.session_id,
                    "request": request,
                },
            )
            report = Report(run.plan, keeps_rounds=False)
            result = self._person.follow(run, report)
        self.conversation.ran(result.run_id, _told(result, report), result.values)
        return self._answered(Outcome(proposal=proposal, report=report, result=result), request)

    def _answered(self, outcome: Outcome, request: str) -> Outcome:
        assert outcome.result is not None
        answer = "" if outcome.result.output is None else value_text(outcome.result.output)
        self._person.end_answer(answer)
        return outcome


def _told(result: RunResult, report: Report) -> str:
    """What a planner is told of a run that came before."""
    made = ", ".join(f"{step.step_id}: {step.status}" for step in report.steps())
    failed = f"; {result.failure.message}" if result.failure is not None else ""
    return f"run {result.run_id} {result.status} ({made}){failed}"
