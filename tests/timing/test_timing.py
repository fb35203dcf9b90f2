"""Where the time of a run went, as tables of events, and what holds of the times of any run."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.errors import Failure
from overseer.jsonvalue import Json
from overseer.kernel.events import (
    Event,
    PlanChanged,
    RoundClosed,
    RoundOpened,
    RunFinished,
    RunResumed,
    RunStarted,
    ScopeOpened,
    StepCancelled,
    StepFailed,
    StepHeld,
    StepInterrupted,
    StepReleased,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    ToolCalled,
    ToolReturned,
)
from overseer.plan import to_document
from overseer.reports.report import Report
from overseer.spending import total
from overseer.timing import Break, RunTiming, StepTiming, Stopwatch, timing_of
from tests.kernel.plans import documents, outcome
from tests.kernel.plans import planned as planned_document
from tests.kernel.simulation import World, planned
from tests.kernel.test_properties import RULES, SEEDS, seldom

DIAMOND = planned("""
steps:
- {step_id: a, tool: t}
- {step_id: b, tool: t, depends_on: [a]}
- {step_id: c, tool: t, depends_on: [a]}
- {step_id: d, tool: t, depends_on: [b, c]}
""")
BROKEN = Failure("transient", "no")


def stretches(timing: RunTiming, key: str) -> list[tuple[str, float, float]]:
    return [(i.phase, i.start, i.end) for i in step_of(timing, key).intervals]


def step_of(timing: RunTiming, key: str) -> StepTiming:
    return next(step for step in timing.steps if step.key == key)


def ran(key: str, start: float, end: float, **more: Any) -> list[Event]:
    return [StepStarted(start, key), StepSucceeded(end, key, None, **more)]


def in_time(*events: list[Event]) -> list[Event]:
    return sorted((event for some in events for event in some), key=lambda event: event.at)


def test_a_diamond_is_as_long_as_its_longer_side() -> None:
    events = [
        RunStarted(100.0, "r", {}),
        *in_time(ran("a", 100, 101), ran("b", 101, 104), ran("c", 101, 102), ran("d", 104, 106)),
        RunFinished(106.0, "succeeded"),
    ]
    timing = timing_of(DIAMOND, events)
    assert (timing.began, timing.wall_s, timing.sum_s, timing.critical_s) == (100.0, 6, 7, 6)
    assert timing.critical == ("a", "b", "d")
    assert timing.speed_up == pytest.approx(7 / 6)
    assert timing.counts() == {"succeeded": 4}
    assert stretches(timing, "c") == [("running", 1, 2)]
    assert [step.key for step in timing.steps] == ["a", "b", "c", "d"]


def test_a_step_that_is_ready_and_has_no_slot_waits() -> None:
    events = [
        RunStarted(0.0, "r", {}),
        *in_time(ran("a", 0.5, 1), ran("b", 1, 4), ran("c", 4, 5), ran("d", 5, 6)),
        RunFinished(6.0, "succeeded"),
    ]
    timing = timing_of(DIAMOND, events)
    assert stretches(timing, "a") == [("waiting", 0, 0.5), ("running", 0.5, 1)]
    assert stretches(timing, "c") == [("waiting", 1, 4), ("running", 4, 5)]
    assert timing.critical_s == 0.5 + 3 + 1


def test_what_is_held_by_a_limit_is_not_at_work() -> None:
    events = [
        RunStarted(0.0, "r", {}),
        StepStarted(0.0, "a"),
        StepHeld(1.0, "a", "openai"),
        StepReleased(4.0, "a"),
        StepHeld(5.0, "a", "openai"),
        StepReleased(6.0, "a"),
        StepReleased(6.5, "a"),  # says nothing new
        StepSucceeded(7.0, "a", 1),
    ]
    timing = timing_of(DIAMOND, events)
    step = step_of(timing, "a")
    assert [i.phase for i in step.intervals] == ["running", "held", "running", "held", "running"]
    assert (step.took_s, step.time_in("held"), step.limits) == (3, 4, ("openai",))


def test_between_two_attempts_a_step_is_retrying_and_after_the_pause_it_waits() -> None:
    events = [
        RunStarted(0.0, "r", {}),
        StepStarted(0.0, "a"),
        StepFailed(1.0, "a", BROKEN, 3.0, spent={"requests": 1, "tokens": 5}),
        StepStarted(3.5, "a", 2),
        StepFailed(4.0, "a", BROKEN, spent={"requests": 1, "cost": 0.5}),
        StepSkipped(4.0, "b", "failure"),
        RunFinished(4.0, "failed", None, BROKEN),
    ]
    timing = timing_of(DIAMOND, events)
    step = step_of(timing, "a")
    assert stretches(timing, "a") == [("running", 0, 1), ("retrying", 1, 3), ("waiting", 3, 3.5), ("running", 3.5, 4)]
    assert (step.status, step.attempts, step.took_s) == ("failed", 2, 3.5)
    assert timing.spent == step.spent == {"requests": 2, "tokens": 5, "cost": 0.5}
    assert {s.key: s.status for s in timing.steps} == {
        "a": "failed",
        "b": "skipped",
        "c": "cancelled",
        "d": "cancelled",
    }


ROUNDS = planned("""
steps:
- {step_id: first, tool: t}
- step_id: map
  iterations: 3
  depends_on: [first]
  steps: [{step_id: x, tool: t}, {step_id: y, tool: t, depends_on: [x]}]
- step_id: loop
  repeat: {limit: 3, at_limit: stop}
  depends_on: [map]
  steps: [{step_id: z, tool: t}]
""")


def test_rounds_side_by_side_count_as_the_longest_and_those_of_a_loop_as_all_of_them() -> None:
    events: list[Event] = [
        RunStarted(0.0, "r", {}),
        *ran("first", 0, 1),
        ScopeOpened(1.0, "map", 3),
        *(RoundOpened(1.0, "map", index) for index in range(3)),
        *in_time(
            ran("map[0]/x", 1, 2),
            ran("map[0]/y", 2, 3),
            ran("map[1]/x", 1, 4),
            ran("map[1]/y", 4, 5),
            ran("map[2]/x", 3, 4),
        ),
        *(RoundClosed(5.0, "map", index, "succeeded") for index in range(3)),
        StepSucceeded(5.0, "map", []),
        ScopeOpened(5.0, "loop", None),
    ]
    for index in range(3):
        events += [RoundOpened(5.0 + index, "loop", index), *ran(f"loop[{index}]/z", 5 + index, 6 + index)]
        events.append(RoundClosed(6.0 + index, "loop", index, "succeeded"))
    events += [StepSucceeded(8.0, "loop", None), RunFinished(8.0, "succeeded")]
    timing = timing_of(ROUNDS, events)
    assert timing.critical == ("first", "map[1]/x", "map[1]/y", "loop[0]/z", "loop[1]/z", "loop[2]/z")
    assert timing.critical_s == timing.wall_s == 8
    assert timing.sum_s == 1 + (1 + 1 + 3 + 1 + 1) + 3
    assert stretches(timing, "map[2]/x") == [("waiting", 1, 3), ("running", 3, 4)]
    assert step_of(timing, "map").is_scope
    assert timing.steps[1].key == "map"
    assert timing.steps[2].key == "map[0]/x"


def test_the_time_between_two_processes_is_left_out_and_told() -> None:
    events = [
        RunStarted(1000.0, "r", {}),
        *ran("a", 1000, 1001),
        StepStarted(1001.0, "b"),
        StepStarted(1001.0, "c"),
        StepSucceeded(1003.0, "c", 1),  # and then the process was killed
        RunResumed(9000.0),
        StepStarted(9001.0, "b", 2),
        StepSucceeded(9002.0, "b", 1),
        *ran("d", 9002, 9003),
        RunFinished(9003.0, "succeeded"),
    ]
    timing = timing_of(DIAMOND, events)
    assert timing.breaks == (Break(3.0, 7997.0),)
    assert timing.wall_s == 6
    assert stretches(timing, "b") == [("running", 1, 3), ("waiting", 3, 4), ("running", 4, 5)]
    cut_off = timing_of(DIAMOND, events[:6])
    assert cut_off.status == "interrupted"
    assert {s.key: s.status for s in cut_off.steps} == {
        "a": "succeeded", "b": "interrupted", "c": "succeeded", "d": "waiting",
    }  # fmt: skip
    again = timing_of(DIAMOND, events[:7], now=9000.5)
    assert (step_of(again, "b").status, again.status, again.wall_s) == ("waiting", "running", 3.5)
    assert stretches(again, "b") == [("running", 1, 3), ("waiting", 3, 3.5)]


def test_a_scope_goes_on_after_a_resume_though_no_event_says_so() -> None:
    events = [
        RunStarted(0.0, "r", {}),
        *ran("first", 0, 1),
        ScopeOpened(1.0, "map", 3),
        RoundOpened(1.0, "map", 0),
        StepStarted(1.0, "map[0]/x"),
        StepInterrupted(2.0, "map[0]/x"),
        RunFinished(2.0, "cancelled"),
        RunResumed(50.0),
        StepStarted(51.0, "map[0]/x", 2),
    ]
    timing = timing_of(ROUNDS, events, now=53.0)
    assert stretches(timing, "map") == [("running", 1, 5)]
    assert stretches(timing, "map[0]/x") == [("running", 1, 2), ("waiting", 2, 3), ("running", 3, 5)]
    assert timing.breaks == (Break(2.0, 48.0),)


def test_a_run_that_goes_on_is_measured_up_to_now() -> None:
    events: list[Event] = [RunStarted(10.0, "r", {}), *ran("a", 10, 11), StepStarted(11.0, "b")]
    timing = timing_of(DIAMOND, events, now=14.0)
    assert (timing.status, timing.wall_s) == ("running", 4)
    assert stretches(timing, "b") == [("running", 1, 4)]
    assert stretches(timing, "c") == [("waiting", 1, 4)]
    assert stretches(timing, "d") == []
    assert step_of(timing, "c").status == "waiting"
    assert timing_of(DIAMOND, events, now=3.0).wall_s == 1  # a clock that was put back


def test_a_clock_that_is_put_back_makes_nothing_negative() -> None:
    timing = timing_of(DIAMOND, [RunStarted(100.0, "r", {}), *ran("a", 101, 50), *ran("b", 60, 102)])
    assert [i.length >= 0 for step in timing.steps for i in step.intervals].count(False) == 0
    assert timing.wall_s == 2


def test_a_step_that_was_put_in_later_was_not_waiting_before() -> None:
    longer = planned("""
        steps:
        - {step_id: a, tool: t}
        - {step_id: b, tool: t, depends_on: [a]}
        - {step_id: new, tool: t, depends_on: [a]}
        """)
    events = [
        RunStarted(0.0, "r", {}),
        *ran("a", 0, 1),
        StepStarted(1.0, "b"),
        PlanChanged(3.0, to_document(longer), spent={"requests": 1}),
        StepStarted(4.0, "new"),
    ]
    timing = timing_of(DIAMOND, events, now=5.0)
    assert [step.key for step in timing.steps] == ["a", "b", "new"]
    assert timing.spent == {"requests": 1}
    assert stretches(timing, "new") == [("waiting", 3, 4), ("running", 4, 5)]


def test_calls_of_code_are_counted_and_what_they_spent_too() -> None:
    events = [
        RunStarted(0.0, "r", {}),
        StepStarted(0.0, "a"),
        ToolCalled(0.0, "a", "1", "t", {}),
        ToolReturned(1.0, "a", "1", 1, None, {"requests": 1, "unpriced": 1}),
        ToolCalled(1.0, "a", "2", "t", {}),
        StepCancelled(2.0, "a", "too slow"),
    ]
    timing = timing_of(DIAMOND, events)
    assert (step_of(timing, "a").calls, step_of(timing, "a").status) == (2, "cancelled")
    assert timing.spent == {"requests": 1, "unpriced": 1}


def test_a_step_cut_off_after_it_was_to_be_tried_again_has_waited_since_then() -> None:
    events = [
        RunStarted(0.0, "r", {}),
        StepStarted(0.0, "a"),
        StepFailed(1.0, "a", BROKEN, 2.0),
        RunResumed(5.0),
        RunFinished(5.0, "partial"),
    ]
    in_between = StepStarted(4.0, "b")  # the last that was heard of the earlier process
    timing = timing_of(DIAMOND, [*events[:3], in_between, *events[3:]])
    assert stretches(timing, "a") == [("running", 0, 1), ("retrying", 1, 2), ("waiting", 2, 4)]


def test_a_run_that_has_not_begun_took_no_time() -> None:
    timing = timing_of(DIAMOND, [])
    assert (timing.wall_s, timing.sum_s, timing.critical, timing.speed_up) == (0, 0, (), None)
    assert [step.status for step in timing.steps] == ["waiting"] * 4


# --- of any run

UNFINISHED = {"waiting", "running", "retrying", "held", "interrupted"}


@seldom
@given(documents(), RULES, SEEDS, st.integers(1, 60), st.booleans())
def test_the_times_of_any_run_add_up(document: Any, rules: Any, seed: int, cut: int, is_busy: bool) -> None:
    plan = planned_document(document)
    world = World(plan, outcome, rules, seed, is_busy=is_busy).begin().run()
    resumed = World(plan, outcome, rules, seed, is_busy=is_busy).resume(world.events[:cut]).run()
    for events in (world.events, resumed.events, world.events[:cut]):
        timing = timing_of(plan, events)
        assert timing.critical_s <= timing.wall_s + 1e-6
        assert timing.critical_s == pytest.approx(sum(step_of(timing, key).took_s for key in timing.critical))
        for step in timing.steps:
            ends = [0.0, *(end for i in step.intervals for end in (i.start, i.end)), timing.wall_s]
            assert ends == sorted(ends), step.key
            assert all(interval.length > 0 for interval in step.intervals)
        spent: Json = total(*(step.spent for step in timing.steps))
        assert spent == timing.spent
        report = {step.step_id: step.status for step in Report(plan, events).steps()}
        for step in timing.steps:
            if "/" not in step.key and report[step.key] not in UNFINISHED:
                assert step.status == report[step.key]


FAILS_FAST = """
steps:
  - step_id: outer
    for_each: [1]
    steps:
      - step_id: inner
        for_each: [1]
        on_error: continue
        steps: [{step_id: loop, workflow: body, plan: {on_error: fail_fast, steps: [
          {step_id: a, tool: t}, {step_id: b, tool: t}]}}]
"""


def test_what_was_left_undone_in_a_round_that_is_over_is_given_up() -> None:
    clocks = [Stopwatch(planned(FAILS_FAST), keeps_rounds=keeps) for keeps in (True, False)]
    inner = "outer[0]/inner"
    events = [
        RunStarted(0.0, "r", {}),
        ScopeOpened(0.0, "outer", 1),
        RoundOpened(0.0, "outer", 0),
        ScopeOpened(0.0, inner, 1),
        RoundOpened(0.0, inner, 0),
        StepStarted(0.0, f"{inner}[0]/loop", 1),
        StepFailed(1.0, f"{inner}[0]/loop", Failure("tool", "no"), 2.0),
        RoundClosed(1.0, inner, 0, "failed"),
        StepSucceeded(1.0, inner, [None], is_partial=True),
        RoundClosed(1.0, "outer", 0, "partial"),
        StepSucceeded(1.0, "outer", [None], is_partial=True),
        RunFinished(1.0, "succeeded"),
    ]
    for clock in clocks:
        for event in events:
            clock.observe(event)
        assert clock.timing().counts()["retrying"] == 0
    assert clocks[0].timing().counts() == clocks[1].timing().counts()


@seldom
@given(documents(), RULES, SEEDS, st.booleans())
def test_without_its_rounds_a_run_comes_to_the_same(document: Any, rules: Any, seed: int, is_busy: bool) -> None:
    plan = planned_document(document)
    world = World(plan, outcome, rules, seed, is_busy=is_busy).begin().run()
    whole, clock = timing_of(plan, world.events), Stopwatch(plan, keeps_rounds=False)
    for event in world.events:
        clock.observe(event)
    timing = clock.timing()
    assert timing.counts() == whole.counts()
    assert timing.sum_s == pytest.approx(whole.sum_s)
    assert timing.critical_s == pytest.approx(whole.critical_s)
    assert timing.time_in("held") == pytest.approx(whole.time_in("held"))
    assert timing.time_in("waiting") == pytest.approx(whole.time_in("waiting"))
    assert set(timing.limits()) == set(whole.limits())
    assert timing.spent == whole.spent


def test_a_stopwatch_without_rounds_does_not_grow_with_a_loop() -> None:
    plan = planned("steps: [{step_id: loop, repeat: {forever: true}, steps: [{step_id: a, tool: t}]}]")
    clock = Stopwatch(plan, keeps_rounds=False)
    clock.observe(RunStarted(0.0, "r", {}))
    clock.observe(ScopeOpened(0.0, "loop", None))
    for index in range(500):
        clock.observe(RoundOpened(index * 1.0, "loop", index))
        for event in ran(f"loop[{index}]/a", index, index + 0.5):
            clock.observe(event)
        clock.observe(RoundClosed(index + 1.0, "loop", index, "succeeded"))
    kept = (clock._tracks, clock._opened, clock._bodies._known, clock._rounds["loop"], clock._past)
    assert sum(map(len, kept)) < 10
    timing = clock.timing(now=500.0)
    assert (timing.critical_s, timing.sum_s, timing.critical) == (250, 250, ("loop",))
    assert timing.counts() == {"succeeded": 500, "running": 1}
