"""Whatever is decided, in whatever order: what runs is what was shown last, and nothing is called before that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overseer.broker.broker import Broker
from overseer.broker.permissions import CAREFUL, NOTHING_GRANTED
from overseer.chat.negotiation import Negotiation
from overseer.errors import BrokenInvariant
from overseer.frontends.draft import Answered, Draft, Planned, Refused
from overseer.frontends.earlier import Earlier
from overseer.plan import plan_hash
from overseer.plan.dropping import dependants, without
from overseer.plan.values import WorkflowPlan
from overseer.review import Approve, Change, Decision, Proposal, Reject, Replace, ReviewPolicy
from overseer.running.engine import Engine
from tests.chat.people import KINDS, Counter, Typist, plan, step
from tests.choices import Choices, chosen


def _plan(choices: Choices) -> WorkflowPlan:
    """A few steps, each of which may read those before it."""
    ids: list[str] = []
    steps = []
    for number in range(choices.number(1, 5)):
        step_id = f"s{number}"
        reads = choices.some(ids, most=4)
        steps.append(step(step_id, choices.of(sorted(KINDS)), *reads))
        ids.append(step_id)
    output = choices.of((None, {"out": f"{{{{{ids[-1]}}}}}"}))
    return plan(*steps, **({"output": output} if output else {}))


PLANS = chosen(_plan, most=40)

DRAFTS: st.SearchStrategy[Draft] = st.one_of(
    PLANS.map(lambda made: Planned(made, "model")),
    st.just(Answered("it is fine as it is", "model")),
    st.just(Refused(("nobody knows how",), "model")),
)


@dataclass
class Decider:
    """Decides as it was told, and keeps the hash of what it was shown last."""

    decisions: list[Any]
    calls: list[str]
    hashes: list[str] = field(default_factory=list)
    asked: list[bool] = field(default_factory=list)

    def decide(self, proposal: Proposal, *, must_ask: bool) -> Decision:
        assert not self.calls, "something was called before anybody approved"
        self.hashes.append(proposal.hash)
        self.asked.append(must_ask)
        if not must_ask:
            return Approve(proposal.hash)
        made = self.decisions.pop(0) if self.decisions else "approve"
        match made:
            case "approve":
                return Approve(proposal.hash)
            case "stale":
                return Approve(self.hashes[0])
            case "reject":
                return Reject()
            case WorkflowPlan():
                return Replace(made)
            case str():
                return Change(made)
            case _:
                raise AssertionError(made)

    def tell(self, line: str) -> None: ...

    def end_answer(self, text: str, *, is_values: bool = False) -> None: ...


def negotiation(person: Any, engine: Engine, policy: ReviewPolicy, drafts: Iterable[Draft] = ()) -> Negotiation:
    coming = iter(drafts)
    refused = Refused(("no more",), "model")
    return Negotiation(
        person, lambda plan: engine, policy, NOTHING_GRANTED, reword=lambda plan, remark: next(coming, refused)
    )


DECISIONS = st.lists(st.one_of(PLANS, st.sampled_from(["approve", "stale", "reject", "make it nicer"])), max_size=8)


@settings(max_examples=150, deadline=None)
@given(PLANS, DECISIONS, st.lists(DRAFTS, max_size=8), st.sampled_from(["always", "risky", "never"]))
def test_what_runs_is_what_was_shown_last(
    first: WorkflowPlan, decisions: list[Any], drafts: list[Draft], policy: ReviewPolicy
) -> None:
    counter = Counter()
    engine = Engine(counter.tools().values(), broker=Broker(policy=CAREFUL))
    person = Decider(decisions, counter.calls)
    try:
        approved, shown = negotiation(person, engine, policy, drafts).settle(Proposal(first, "model"))
    except BrokenInvariant:  # what was approved had been changed since
        assert person.hashes[0] != person.hashes[-1]
        assert counter.calls == []
        return
    assert shown.hash == person.hashes[-1]
    assert counter.calls == []
    if approved is None:
        return
    run = engine.prepare(approved.plan, approved.inputs, approve=approved.grants)
    assert plan_hash(run.plan) == person.hashes[-1]
    assert run.carry_out().status == "succeeded"
    assert len(counter.calls) == len(approved.plan.steps)


@settings(max_examples=60, deadline=None)
@given(PLANS, PLANS, st.sampled_from(["risky", "never"]))
def test_every_change_is_asked_about_however_harmless_it_is(
    first: WorkflowPlan, second: WorkflowPlan, policy: ReviewPolicy
) -> None:
    counter = Counter()
    risky = replace(plan(step("risky", "start")), steps=(*first.steps, *plan(step("risky", "start")).steps))
    person = Decider([second, "reject"], counter.calls)
    engine = Engine(counter.tools().values(), broker=Broker(policy=CAREFUL))
    approved, _ = negotiation(person, engine, policy).settle(Proposal(risky, "model"))
    assert approved is None
    assert person.asked == [True, True]


TYPED = st.lists(
    st.one_of(
        st.sampled_from(
            ["d 1", "d 2 with", "d s0", "d 1 3", "d nothing", "c nicer", "v", "v 1", "v 99", "s mine", "", "   "]
        ),
        st.text(max_size=12).filter(lambda text: text.split(" ")[0].lower() not in ("e", "edit")),
    ),
    max_size=10,
)


@settings(max_examples=150, deadline=None)
@given(PLANS, TYPED, st.sampled_from(["r", "b", "q", "y", "no"]), st.lists(DRAFTS, max_size=4))
def test_whatever_is_typed_only_what_was_shown_last_is_approved(
    first: WorkflowPlan, typed: list[str], last: str, drafts: list[Draft]
) -> None:
    counter = Counter()
    engine = Engine(counter.tools().values(), broker=Broker(policy=CAREFUL))
    typist = Typist([*typed, last], counter.tools())

    def nothing_called() -> None:
        assert counter.calls == []

    typist.before_each = nothing_called
    approved, shown = negotiation(typist, engine, "always", drafts).settle(Proposal(first, "model"))
    assert shown.hash == typist.shown[-1].hash
    if approved is not None:
        run = engine.prepare(approved.plan, approved.inputs, approve=approved.grants)
        assert plan_hash(run.plan) == typist.shown[-1].hash
        run.carry_out()
        assert len(counter.calls) == len(approved.plan.steps)


@settings(max_examples=200, deadline=None)
@given(PLANS, st.data())
def test_dropping_steps_with_those_that_need_them_leaves_a_plan_that_can_run(
    made: WorkflowPlan, data: st.DataObject
) -> None:
    ids = [each.step_id for each in made.steps]
    dropped = set(data.draw(st.lists(st.sampled_from(ids), min_size=1, unique=True)))
    dropped |= set(dependants(made, dropped))
    rest, _ = without(made, dropped)
    assert {each.step_id for each in rest.steps} == set(ids) - dropped
    if rest.steps:
        assert Engine(Counter().tools().values()).checked(rest) == rest


def test_an_edited_plan_keeps_the_values_of_its_inputs() -> None:
    def reading(*names: str) -> WorkflowPlan:
        args = {name: f"{{{{inputs.{name}}}}}" for name in names}
        return plan({"step_id": "a", "tool": "think", "args": args}, inputs={name: {"type": "any"} for name in names})

    counter = Counter()
    engine = Engine(counter.tools().values())
    typist = Decider([reading("joke", "late", "other")], counter.calls)
    settling = negotiation(typist, engine, "always")
    settling.earlier = {"late": Earlier(3, "the run before"), "unread": Earlier(4)}
    approved, shown = settling.settle(Proposal(reading("joke", "gone"), "model", {"joke": "x", "gone": "y"}))
    assert approved is not None
    assert approved.inputs == {"joke": "x", "late": 3}
    assert shown.origins == {"late": "the run before"}


def test_a_plan_that_cannot_run_leaves_the_one_before_in_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    """With what was typed for it kept, although its faults are found only where it would be run."""
    counter = Counter()
    engine = Engine(counter.tools().values())  # that has nobody to write code
    coded = plan(step("a"), {"step_id": "n", "code": "count"})
    typist = Typist(["c with code", "q"], counter.tools())
    settling = negotiation(typist, engine, "always", [Planned(coded, "model")])
    approved, shown = settling.settle(Proposal(plan(step("a")), "model"))
    assert approved is None
    assert shown.plan == plan(step("a"))
    assert typist.told[0] == "that is no plan that can run; the one before stays:"
    assert "step 'n': needs code to be written for it" in typist.told[1]


def test_a_plan_that_stays_as_it_is_is_not_shown_again(capsys: pytest.CaptureFixture[str]) -> None:
    counter = Counter()
    engine = Engine(counter.tools().values())
    drafts: list[Draft] = [
        Answered("it is fine", "model"),
        Refused(("no",), "model"),
        Planned(plan(step("a")), "model"),
    ]
    typist = Typist(["c one", "c two", "c the same", "d 9", "q"], counter.tools())
    negotiation(typist, engine, "always", drafts).settle(Proposal(plan(step("a")), "model"))
    assert capsys.readouterr().err.count("Workflow Plan") == 1
    assert typist.told == [
        "it is fine",
        "the plan stays as it is:",
        "  - no",
        "that is the plan that is there already; nothing was changed",
    ]


def test_who_made_a_plan_and_who_changed_it_is_kept_with_it() -> None:
    counter = Counter()
    engine = Engine(counter.tools().values())
    person = Decider([plan(step("b")), "nicer", plan(step("d")), "reject"], counter.calls)
    settling = negotiation(person, engine, "always", [Planned(plan(step("c")), "model")])
    settling.model = "tiny"
    _, shown = settling.settle(Proposal(plan(step("a")), "model", maker="large"))
    assert shown.maker == "large, changed by you, changed by tiny"
    assert shown.before == plan(step("c"))


@pytest.mark.parametrize("ending", [EOFError, KeyboardInterrupt])
def test_the_end_of_the_input_runs_nothing_and_says_so(
    ending: type[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    counter = Counter()
    typist = Typist([], counter.tools())

    def end() -> None:
        if typist.questions:
            raise ending

    typist.before_each = end
    engine = Engine(counter.tools().values())
    approved, _ = negotiation(typist, engine, "always").settle(Proposal(plan(step("a")), "model"))
    assert approved is None
    assert "nothing was run" in capsys.readouterr().err
