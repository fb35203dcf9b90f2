"""Runs whose plan grows while they are carried out: they wait for more, and end as if they had known it all."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.errors import Failure
from overseer.kernel.events import CancelAsked, PlanChanged, PlanClosed, RunFinished, RunStarted
from overseer.kernel.growth import closing, following, without_the_rest
from overseer.kernel.rules import Rules
from overseer.plan import to_document
from overseer.plan.values import WorkflowPlan
from overseer.reports.report import Report
from tests.kernel.plans import documents, outcome
from tests.kernel.plans import planned as plan_of
from tests.kernel.simulation import World, planned
from tests.kernel.test_properties import RULES, SEEDS, assert_nothing_repeated, ending, in_turn, often, seldom

A, B, C = "{step_id: a, tool: t}", "{step_id: b, tool: t, depends_on: [a]}", "{step_id: c, tool: t}"


def opened(*steps: str, **options: Any) -> World:
    world = World(planned(f"steps: [{', '.join(steps)}]"), **options)
    world.tell(RunStarted(0, "run", {}, is_open=True))
    world.advance()
    return world


def grow(world: World, *steps: str, is_last: bool = False) -> None:
    wish = following(planned(f"steps: [{', '.join(steps)}]"), is_last=is_last)
    event = wish(world.state, world.now)
    assert isinstance(event, PlanChanged), event
    world.tell(event)
    world.plan = world.state.plan
    world.advance()


# --- waiting for more


def test_an_open_run_whose_steps_are_done_waits() -> None:
    world = opened(A)
    world.end("a")
    assert world.advance() == []
    assert world.state.status == "running"


@pytest.mark.parametrize(("reason", "output"), [("", "a!"), ("the rest was refused", "a!")])
def test_it_ends_when_it_is_told_that_no_more_will_come(reason: str, output: str) -> None:
    world = opened(A)
    world.end("a")
    world.advance()
    world.tell(PlanClosed(2, reason))
    assert world.advance() == [RunFinished(world.now, "succeeded", output)]


def test_told_so_while_a_step_runs_it_ends_with_that_step() -> None:
    world = opened(A)
    world.tell(PlanClosed(2))
    assert world.advance() == []
    world.end("a")
    assert [type(event) for event in world.advance()] == [RunFinished]


def test_what_is_added_starts_at_once_if_it_can() -> None:
    world = opened(A)
    grow(world, A, B, C)
    assert set(world.state.running) == {"a", "c"}
    world.end("a")
    world.advance()
    assert set(world.state.running) == {"b", "c"}


def test_what_is_added_after_all_was_done_starts_as_well() -> None:
    world = opened(A)
    world.end("a")
    world.advance()
    grow(world, A, B, is_last=True)
    assert world.run().state.status == "succeeded"
    assert world.started() == ["a", "b"]


def test_the_last_plan_may_add_nothing() -> None:
    world = opened(A)
    world.end("a")
    world.advance()
    grow(world, A, is_last=True)
    assert world.state.status == "succeeded"


def test_a_failed_step_costs_its_users_and_the_run_still_waits() -> None:
    world = opened(A, behave=outcome_of("a"))
    world.end("a")
    grow(world, A, B, C)
    assert world.statuses() == {"a": "failed", "b": "blocked", "c": "running"}
    world.end("c")
    assert world.advance() == []
    world.tell(PlanClosed(world.now))
    world.advance()
    assert world.state.status == "failed"


def outcome_of(failing: str) -> Any:
    return lambda key, args, attempt: Failure("tool", "broke") if key == failing else f"{key}!"


@pytest.mark.parametrize("hard", [False, True])
def test_an_open_run_is_cancelled_at_once(hard: bool) -> None:
    world = opened(A)
    world.end("a")
    world.advance()
    world.tell(CancelAsked(3, hard, "enough"))
    assert [type(event) for event in world.advance()] == [RunFinished]
    assert world.state.status == "cancelled"


def test_a_plan_that_fails_fast_does_not_wait() -> None:
    world = World(planned(f"on_error: fail_fast\nsteps: [{A}, {C}]"), behave=outcome_of("a"))
    world.tell(RunStarted(0, "run", {}, is_open=True))
    world.advance()
    world.end("a")
    world.advance()
    assert world.state.status == "failed"


def test_a_run_that_is_closed_stays_closed() -> None:
    world = opened(A)
    world.tell(PlanClosed(1))
    assert without_the_rest(world.state, 1) == closing("x")(world.state, 1) == ("the plan of the run is complete",)
    grow(world, A, C)
    world.tell(PlanChanged(1, to_document(world.plan), is_open=True))
    assert not world.state.is_open
    assert world.run().state.status == "succeeded"
    assert closing("x")(world.state, 9) == ("the run has ended",)


# --- less of it


def test_what_has_begun_stays_and_the_rest_goes() -> None:
    world = opened(A, B, C, "{step_id: d, tool: t, depends_on: [c]}", rules=Rules(max_parallel=2))
    world.end("a")
    event = without_the_rest(world.state, world.now)  # b could start, and c has
    assert isinstance(event, PlanChanged)
    world.tell(event)
    world.plan = world.state.plan
    assert world.advance() == []
    assert world.statuses() == {"a": "succeeded", "c": "running"}
    world.end("c")
    assert world.advance() == []  # it is still open
    grow(world, A, C, "{step_id: e, tool: t, depends_on: [a]}", is_last=True)
    assert world.run().started() == ["a", "c", "e"]


def test_of_nothing_that_has_begun_nothing_can_be_kept() -> None:
    world = World(planned(f"steps: [{A}]"))
    world.tell(RunStarted(0, "run", {}, is_open=True))
    assert without_the_rest(world.state, 0) == ("nothing of it has begun",)


def test_a_step_that_has_begun_cannot_be_changed_or_taken_away() -> None:
    world = opened(A)
    for steps in (C, "{step_id: a, tool: other}"):
        faults = following(planned(f"steps: [{steps}]"), is_last=False)(world.state, 1)
        assert isinstance(faults, tuple)
        assert "step 'a' is running" in faults[0]


# --- after a restart


def test_a_resumed_run_is_not_open_and_ends_with_what_was_there() -> None:
    world = opened(A, B)
    world.end("a")
    world.advance()
    resumed = World(world.plan).resume(world.events)
    assert not resumed.state.is_open
    assert resumed.run().state.status == "succeeded"


def test_the_report_says_why_a_plan_is_not_whole() -> None:
    world = opened(A)
    world.tell(PlanClosed(1, "the rest was refused"))
    report = Report(world.plan, world.run().events)
    assert report.document()["cut_off"] == "the rest was refused"
    assert "cut_off" not in Report(world.plan, opened(A).events).document()


# --- any plan, growing at any moment


def first_known(plan: WorkflowPlan, seed: int) -> int:
    """How many steps there are when the run begins."""
    return 1 + seed % len(plan.steps)


def grown(plan: WorkflowPlan, rules: Rules, seed: int) -> World:
    """The plan carried out while it comes, a few steps at a time."""
    choice = random.Random(seed)
    known = first_known(plan, seed)
    world = World(plan.with_steps(plan.steps[:known]), outcome, rules, seed)
    world.tell(RunStarted(0, "run", {}, is_open=True))
    while True:
        world.advance()
        is_idle = not world.state.running and not world.state.alarms and not world.state.open_scopes()
        if world.state.is_open and (is_idle or choice.random() < 0.4):
            known = min(len(plan.steps), known + choice.randint(0, 2))
            so_far = plan.with_steps(plan.steps[:known])
            is_last = known == len(plan.steps) and choice.random() < 0.5
            event = following(so_far, is_last=is_last)(world.state, world.now)
            assert isinstance(event, PlanChanged), event
            world.tell(event)
            world.plan = world.state.plan
        elif not world.step():
            return world


@often
@given(documents(), RULES, SEEDS)
def test_a_plan_that_grows_ends_as_the_whole_plan_does(document: dict[str, Any], rules: Rules, seed: int) -> None:
    plan = plan_of(in_turn(document) | {"on_error": "fail"})
    whole = World(plan, outcome, rules, seed).begin().run()
    late = grown(plan, rules, seed)
    assert ending(late) == ending(whole)


@seldom
@given(documents(depth=1), RULES, SEEDS, st.data())
def test_resumed_from_any_point_it_ends_with_what_was_there(
    document: dict[str, Any], rules: Rules, seed: int, data: st.DataObject
) -> None:
    plan = plan_of(in_turn(document) | {"on_error": "fail"})
    events = grown(plan, rules, seed).events
    cut = data.draw(st.integers(1, len(events)))
    if any(isinstance(event, RunFinished) for event in events[:cut]):
        return
    resumed = World(plan.with_steps(plan.steps[: first_known(plan, seed)]), outcome, rules, seed).resume(events[:cut])
    resumed.plan = resumed.state.plan
    resumed.run()
    assert all(status not in ("waiting", "ready", "parked") for status in resumed.statuses().values())
    assert_nothing_repeated(resumed, cut)
