"""What holds for every plan, every order of completion and every moment of a crash."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from overseer.jsonvalue import Json
from overseer.kernel import flow
from overseer.kernel.events import (
    PlanChanged,
    RunResumed,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    ToolCalled,
    ToolReturned,
)
from overseer.kernel.restart import change_faults, fixed_steps, replaced_scopes, resume_faults
from overseer.kernel.rules import Rules
from overseer.kernel.state import Status
from overseer.plan import to_document
from overseer.plan.values import WorkflowStep
from overseer.reports.report import Report
from tests.kernel.plans import EFFECTS, documents, never_fails, outcome, planned
from tests.kernel.simulation import Behaviour, World, journaled

# Of a run that is cut off at each of its moments: that takes as long as the square of its length.
BRIEF = documents(most_steps=4)
SEEDS = st.integers(0, 2**16)
RULES = st.builds(Rules, max_parallel=st.sampled_from([1, 2, 8]), strict_groups=st.booleans(), effects=st.just(EFFECTS))
often = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
seldom = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def ending(world: World) -> tuple[Any, ...]:
    """How a run ended, without what may depend on the order: which failure of several was met first."""
    if world.state.status == "failed":
        return ("failed",)
    return (world.state.status, without_messages(world.state.output), world.statuses())


def in_turn(document: dict[str, Any]) -> dict[str, Any]:
    """The plan whose events are taken one after the other: what they come to is the round that ended last."""
    steps = [in_turn(step) for step in document.get("steps", ())]
    changed = document | ({"steps": steps} if steps else {})
    if "on" in document:
        changed.pop("width", None)
    return changed | ({"plan": in_turn(document["plan"])} if "plan" in document else {})


def without_messages(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: without_messages(item) for key, item in value.items() if key != "message"}
    return [without_messages(item) for item in value] if isinstance(value, list) else value


def assert_no_conflict(world: World) -> None:
    """Nothing that writes the same overlaps; under strict groups, nothing outside one group does."""
    running = [wants(world, *place) for place in world.state.running.values()]
    for first, second in combinations([*running, *world.ghosts.values()], 2):
        wanted = {want.resource: want for want in first}
        for want in second:
            if want.resource in wanted:
                assert want.group is not None
                assert want.group == wanted[want.resource].group


def wants(world: World, frame: Any, step_id: str) -> tuple[Any, ...]:
    return flow.wants_of(world.state, frame, frame.graph.steps[step_id])


@often
@given(documents(), RULES, SEEDS)
def test_every_run_ends_in_order_and_without_conflict(document: dict[str, Any], rules: Rules, seed: int) -> None:
    world = World(planned(document), outcome, rules, seed).begin()
    while world.step():
        world.advance()  # checks that no step starts before its dependencies have ended
        assert_no_conflict(world)
    assert not world.state.running
    if world.state.status != "failed":
        assert all(status not in (Status.WAITING, Status.READY) for status in world.statuses().values())


@often
@given(documents(), RULES, SEEDS)
def test_every_run_ends_without_conflict_though_work_overruns_its_time(
    document: dict[str, Any], rules: Rules, seed: int
) -> None:
    world = World(planned(with_timeouts(document)), outcome, rules, seed, hangs=True).begin()
    for _ in range(10_000):
        world.advance()
        assert_no_conflict(world)
        if not world.step():
            return
    raise AssertionError("the run has not ended")


def with_timeouts(document: dict[str, Any]) -> dict[str, Any]:
    steps = [with_timeouts(step) | {"timeout": 1} for step in document.get("steps", ())]
    changed = document | ({"steps": steps} if steps else {})
    return changed | ({"plan": with_timeouts(document["plan"])} if "plan" in document else {})


@often
@given(documents(), st.sampled_from([never_fails, outcome]), st.tuples(RULES, SEEDS), st.tuples(RULES, SEEDS))
def test_the_result_does_not_depend_on_the_order_of_completion(
    document: dict[str, Any], behaviour: Behaviour, one: tuple[Rules, int], other: tuple[Rules, int]
) -> None:
    """Most plans fail where steps do, and then there is little to compare: hence also those where none does."""
    plan = planned(in_turn(document))
    assert ending(World(plan, behaviour, *one).begin().run()) == ending(World(plan, behaviour, *other).begin().run())


@pytest.mark.long
@seldom
@given(BRIEF, RULES, SEEDS)
def test_resume_from_every_prefix_of_the_log_ends_alike(document: dict[str, Any], rules: Rules, seed: int) -> None:
    plan = planned(in_turn(document))
    whole = World(plan, outcome, rules, seed).begin().run()
    journal = journaled(whole.events)
    for cut in range(len(journal)):
        resumed = World(plan, outcome, rules, seed + cut).resume(journal[:cut], are_read=True).run()
        assert ending(resumed) == ending(whole), f"cut after {cut} events"
        assert_nothing_repeated(resumed, cut)


def assert_nothing_repeated(world: World, cut: int) -> None:
    ended = {event.key for event in world.events[:cut] if isinstance(event, StepSucceeded)}
    again = {event.key for event in world.events[cut:] if isinstance(event, StepStarted)}
    assert not ended & again


@seldom
@given(documents(), RULES, SEEDS, st.integers(0, 60), st.booleans())
def test_a_cancelled_run_can_be_resumed_to_the_same_end(
    document: dict[str, Any], rules: Rules, seed: int, moment: int, hard: bool
) -> None:
    plan = planned(in_turn(document))
    whole = World(plan, never_fails, rules, seed).begin().run()
    stopped = World(plan, never_fails, rules, seed).begin()
    for _ in range(moment):
        if not stopped.step():
            break
    if not stopped.state.is_ended:
        stopped.cancel(hard=hard)
        started = len(stopped.started())
        stopped.run()
        assert len(stopped.started()) == started
    if stopped.state.status == "cancelled":
        resumed = World(plan, never_fails, rules, seed).resume(stopped.events).run()
        assert ending(resumed) == ending(whole)
        assert_nothing_repeated(resumed, len(stopped.events))


@often
@given(documents(), RULES, SEEDS)
def test_resuming_a_failed_run_tries_again_without_repeating_anything(
    document: dict[str, Any], rules: Rules, seed: int
) -> None:
    plan = planned(document)
    failed = World(plan, outcome, rules, seed).begin().run()
    if failed.state.status != "failed":
        return
    resumed = World(plan, never_fails, rules, seed).resume(failed.events).run()
    assert_nothing_repeated(resumed, len(failed.events))
    again = World(plan, outcome, rules, seed + 1).resume(failed.events).run()
    assert again.state.status == "failed"


@pytest.mark.long
@often
@given(documents(), RULES, SEEDS)
def test_a_run_that_fails_fast_and_is_resumed_ends_as_if_nothing_had_failed(
    document: dict[str, Any], rules: Rules, seed: int
) -> None:
    plan = planned(intolerant(in_turn(document)) | {"on_error": "fail_fast"})
    failed = World(plan, outcome, rules, seed).begin().run()
    resumed = World(plan, never_fails, rules, seed).resume(failed.events).run()
    assert ending(resumed) == ending(World(plan, never_fails, rules, seed).begin().run())


def intolerant(document: dict[str, Any]) -> dict[str, Any]:
    """The plan without slots for what failed: those stay in a resumed run."""
    steps = [intolerant(step) | {"on_error": "fail"} for step in document.get("steps", ())]
    changed = document | ({"steps": steps} if steps else {})
    return changed | ({"plan": intolerant(document["plan"])} if "plan" in document else {})


@often
@given(documents(depth=1), RULES, SEEDS, st.integers(0, 20), documents(depth=1))
def test_a_change_of_plan_reaches_only_what_is_unfinished(
    document: dict[str, Any], rules: Rules, seed: int, moment: int, other: dict[str, Any]
) -> None:
    world = World(planned(document), outcome, rules, seed).begin()
    for _ in range(moment):
        if not world.step():
            return
    world.advance()
    if world.state.is_ended:
        return
    changed = planned({"steps": [*kept_steps(world), *renamed(other["steps"])]})
    assert change_faults(world.state, changed) == ()
    cut = len(world.events)
    world.tell(PlanChanged(world.now, to_document(changed)))
    world.plan = changed
    while world.step():
        assert_no_conflict(world)
    assert_nothing_repeated(world, cut)
    resumed = World(planned(document), outcome, rules, seed).resume(world.events[: cut + 1])
    resumed.plan = changed
    assert ending(resumed.run()) == ending(world)


@often
@given(documents(), RULES, SEEDS, st.integers(0, 60), documents(depth=1))
def test_a_run_that_was_cut_off_or_failed_goes_on_with_another_plan_and_repeats_nothing(
    document: dict[str, Any], rules: Rules, seed: int, moment: int, other: dict[str, Any]
) -> None:
    first = World(planned(document), outcome, rules, seed).begin()
    for _ in range(moment):
        first.step()
    if first.state.status in ("succeeded", "partial"):
        return
    world = World(planned(document), outcome, rules, seed)
    for event in first.events:
        world.tell(event)
    world.now = first.now
    state = world.state
    changed = planned({"steps": [*with_needed(world, fixed_steps(state)), *renamed(other["steps"])]})
    assert resume_faults(state, changed) == ()
    replaced = replaced_scopes(state, changed)
    cut = len(world.events)
    for told in (RunResumed(world.now), *(StepSkipped(world.now, key, "failure") for key in replaced)):
        world.tell(told)
    assert change_faults(state, changed) == ()
    world.tell(PlanChanged(world.now, to_document(changed)))
    world.plan = changed
    world.run()
    assert_nothing_repeated(world, cut)
    assert {key.partition("[")[0] for key in state.frames if key} <= {step.step_id for step in changed.steps}
    Report(planned(document), world.events).document()


def kept_steps(world: World) -> list[dict[str, Any]]:
    """The steps that may not change, with all that they depend on, in the plan format."""
    movable = (Status.READY, Status.PARKED, Status.BLOCKED, Status.FAILED)
    return with_needed(world, [step_id for step_id, status in world.state.root.status.items() if status not in movable])


def with_needed(world: World, step_ids: Iterable[str]) -> list[dict[str, Any]]:
    """These steps and all that they depend on, in the plan format."""
    root, kept = world.state.root, set()

    def keep(step: WorkflowStep) -> None:
        if step.step_id not in kept:
            kept.add(step.step_id)
            for need in step.depends_on:
                keep(root.graph.steps[need])

    for step_id in step_ids:
        keep(root.graph.steps[step_id])
    return [step for step in to_document(world.state.plan)["steps"] if step["step_id"] in kept]


def renamed(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same steps under ids that collide with no others."""
    changed: list[dict[str, Any]] = json.loads(re.sub(r"\bs(?=\d)", "n", json.dumps(steps)))
    return changed


# --- steps that wait for another run before they begin

ONCE = st.builds(Rules, max_parallel=st.sampled_from([1, 2, 8]), unrepeatable=st.just(frozenset({"pure", "save"})))


@settings(seldom, max_examples=15)
@given(BRIEF, ONCE, SEEDS)
def test_nobody_is_asked_about_a_step_that_only_waited_at_whatever_moment_the_run_is_cut_off(
    document: dict[str, Any], rules: Rules, seed: int
) -> None:
    plan = planned(in_turn(document))
    whole = World(plan, never_fails, rules, seed, has_turns=True).begin().run()
    for cut in range(1, len(whole.events)):
        world = World(plan, never_fails, rules, seed)
        for event in whole.events[:cut]:
            world.tell(event)
        running = {key: frame.graph.steps[step_id] for key, (frame, step_id) in world.state.running.items()}
        begun = {key for key, step in running.items() if key not in world.unbegun and not rules.is_repeatable(step)}
        assert set(world.state.unsure()) == begun, f"cut after {cut} events"


@settings(seldom, max_examples=15)
@given(BRIEF, ONCE, SEEDS)
def test_an_attempt_that_only_waited_is_none(document: dict[str, Any], rules: Rules, seed: int) -> None:
    """In whatever life of the run: the world looks at the number of each attempt."""
    plan = planned(in_turn(document))
    whole = World(plan, outcome, rules, seed, has_turns=True).begin().run()
    journal = journaled(whole.events)
    for cut in range(len(journal)):
        resumed = World(plan, outcome, rules, seed + cut, has_turns=True).resume(journal[:cut], are_read=True).run()
        assert ending(resumed) == ending(whole), f"cut after {cut} events"
        assert_nothing_repeated(resumed, cut)


@settings(seldom, max_examples=15)
@given(documents(), ONCE, SEEDS, st.integers(0, 60), st.booleans())
def test_what_only_waited_when_the_run_was_stopped_is_gone_on_with_unasked(
    document: dict[str, Any], rules: Rules, seed: int, moment: int, hard: bool
) -> None:
    stopped = World(planned(document), outcome, rules, seed, has_turns=True).begin()
    for _ in range(moment):
        if not stopped.step():
            return
    waited = set(stopped.unbegun)
    stopped.cancel(hard=hard)
    stopped.run()
    assert not waited & set(stopped.state.unsure())
    if stopped.state.status in ("cancelled", "failed"):
        World(stopped.plan, outcome, rules, seed, has_turns=True).resume(stopped.events).run()


# --- steps whose code makes calls


def forgiving(document: dict[str, Any]) -> dict[str, Any]:
    """The plan with so many attempts that no step fails for good because a call of its code did."""
    steps = [forgiving(step) for step in document.get("steps", ())]
    changed = document | ({"steps": steps} if steps else {})
    if "tool" in document:
        changed["retry"] = {"attempts": 100, "delay": "1ms", "on": ["transient"]}
    return changed | ({"plan": forgiving(document["plan"])} if "plan" in document else {})


@pytest.mark.long
@seldom
@given(BRIEF, RULES, SEEDS)
def test_resume_from_every_prefix_ends_alike_and_makes_no_call_again_that_returned(
    document: dict[str, Any], rules: Rules, seed: int
) -> None:
    plan = planned(forgiving(in_turn(document)))
    whole = World(plan, outcome, rules, seed, is_busy=True).begin().run()
    assert_no_calls_are_kept_for_nothing(whole)
    journal = journaled(whole.events)
    for cut in range(len(journal)):
        resumed = World(plan, outcome, rules, seed + cut, is_busy=True).resume(journal[:cut], are_read=True).run()
        assert ending(resumed) == ending(whole), f"cut after {cut} events"
        assert_nothing_repeated(resumed, cut)
        assert_no_call_repeated(resumed)


@often
@given(documents(), RULES, SEEDS)
def test_calls_are_made_once_though_steps_overrun_their_time(document: dict[str, Any], rules: Rules, seed: int) -> None:
    plan = planned(with_timeouts(forgiving(document)))
    world = World(plan, outcome, rules, seed, hangs=True, is_busy=True).begin().run()
    assert_no_call_repeated(world)
    assert_no_calls_are_kept_for_nothing(world)
    assert (Report(plan, world.events).spent or {"requests": 0}) == {"requests": world.paid}


def assert_no_call_repeated(world: World) -> None:
    """What a call gave back is never lost, in whatever life of the run."""
    known = set()
    for event in world.events:
        if isinstance(event, ToolReturned) and event.failure is None:
            known.add((event.key, event.call))
        elif isinstance(event, ToolCalled):
            assert (event.key, event.call) not in known


def assert_no_calls_are_kept_for_nothing(world: World) -> None:
    for frame in world.state.frames.values():
        for step_id in frame.calls:
            assert frame.status_of(step_id) not in (Status.SUCCEEDED, Status.SKIPPED, Status.BLOCKED)
