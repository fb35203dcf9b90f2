"""What starts when: tables of plans and what became of them. No threads, no clock."""

from __future__ import annotations

import pytest

from overseer.errors import Failure
from overseer.jsonvalue import Json
from overseer.kernel.events import (
    PlanChanged,
    RoundClosed,
    RoundOpened,
    RunFinished,
    ScopeOpened,
    StepCancelled,
    StepFailed,
    StepHeld,
    StepInterrupted,
    StepReleased,
    StepStarted,
    StepSucceeded,
    ToolCalled,
    ToolReturned,
)
from overseer.kernel.queues import handed_over
from overseer.kernel.rules import Effects, Rules
from overseer.kernel.scheduler import MOST_AT_ONCE, advance, decide
from overseer.kernel.state import MadeCall
from overseer.plan import to_document
from tests.kernel.simulation import World, planned

SHELL = Rules(effects={"shell": Effects(is_undeclared=True), "save": Effects(writes=("file:{path}",))})


def begun(text: str, rules: Rules | None = None, **options: object) -> World:
    world = World(planned(text), rules=rules or Rules(), **options).begin()  # type: ignore[arg-type]
    world.advance()
    return world


def failing(*keys: str, kind: str = "tool", times: int = 99) -> object:
    """A behaviour in which these steps fail, the first so many times."""

    def behave(key: str, args: dict[str, Json], attempt: int) -> Json | Failure:
        if key in keys and attempt <= times:
            return Failure(kind, f"{key} broke")  # type: ignore[arg-type]
        return args.get("value", f"{key}!")

    return behave


# --- dataflow


def test_a_step_starts_the_moment_its_own_dependencies_end() -> None:
    world = begun("""
        steps:
        - {step_id: slow, tool: t}
        - {step_id: fast, tool: t}
        - {step_id: after_fast, tool: t, depends_on: [fast]}
        """)
    world.end("fast")
    world.advance()
    assert set(world.state.running) == {"slow", "after_fast"}


def test_the_longest_remaining_path_starts_first() -> None:
    world = begun(
        """
        steps:
        - {step_id: short, tool: t}
        - {step_id: head, tool: t}
        - {step_id: tail, tool: t, depends_on: [head]}
        """,
        Rules(max_parallel=1),
    )
    assert world.started() == ["head"]


def test_no_more_steps_run_than_the_rules_allow() -> None:
    text = "steps:\n" + "\n".join(f"- {{step_id: s{i}, tool: t}}" for i in range(20))
    world = begun(text, Rules(max_parallel=3)).run()
    assert world.peak == 3
    assert len(world.started()) == 20


def test_the_only_sink_is_the_result() -> None:
    world = begun("steps: [{step_id: a, tool: t}, {step_id: b, tool: t, depends_on: [a]}]").run()
    assert world.state.output == "b!"


def test_several_sinks_are_an_object() -> None:
    world = begun("steps: [{step_id: a, tool: t}, {step_id: b, tool: t}]").run()
    assert world.state.output == {"a": "a!", "b": "b!"}


# --- guards and skips


@pytest.mark.parametrize(
    ("guard", "runs"),
    [
        ('"{{v}}"', True),
        ('{ref: "{{v}}", op: eq, value: 5}', True),
        ('{ref: "{{v}}", op: ne, value: 5}', False),
        ('{ref: "{{v}}", op: lt, value: 5}', False),
        ('{ref: "{{v}}", op: le, value: 5}', True),
        ('{ref: "{{v}}", op: gt, value: 4.5}', True),
        ('{ref: "{{v}}", op: ge, value: 6}', False),
        ('{ref: "{{v}}", op: in, value: [1, 5]}', True),
        ('{ref: "{{v}}", op: eq, value: true}', False),
        ('{ref: "{{v}}", op: eq, value: "5"}', False),
        ('{ref: "{{v}}", op: in, value: [[5], true]}', False),
    ],
)
def test_a_guard_decides(guard: str, runs: bool) -> None:
    world = begun(f"""
        steps:
        - {{step_id: v, tool: t, args: {{value: 5}}}}
        - {{step_id: x, tool: t, when: {guard}}}
        """).run()
    assert world.statuses()["x"] == ("succeeded" if runs else "skipped")


@pytest.mark.parametrize(
    ("value", "guard", "runs"),
    [
        ("[1]", "op: eq, value: [true]", False),
        ("[1]", "op: ne, value: [true]", True),
        ("[1]", "op: eq, value: [1.0]", True),
        ("{a: [{b: 0}]}", "op: eq, value: {a: [{b: false}]}", False),
        ("{a: 1, b: 2}", "op: eq, value: {b: 2, a: 1}", True),
        ("1", "op: in, value: [true, [1]]", False),
        ("[true]", "op: in, value: [[1], [true]]", True),
        ("[0, [1]]", "op: contains, value: false", False),
        ("[0, [1]]", "op: contains, value: [true]", False),
        ("[0, [1]]", "op: contains, value: [1]", True),
        ("{a: 1}", "op: contains, value: a", True),
        ("{a: 1}", "op: contains, value: [a]", False),
    ],
)
def test_values_are_compared_as_json_at_every_depth(value: str, guard: str, runs: bool) -> None:
    world = begun(f"""
        steps:
        - {{step_id: v, tool: t, args: {{value: {value}}}}}
        - {{step_id: x, tool: t, when: {{ref: "{{{{v}}}}", {guard}}}}}
        """).run()
    assert world.statuses()["x"] == ("succeeded" if runs else "skipped")


def test_a_guard_that_cannot_compare_fails_its_step_and_says_why() -> None:
    world = begun("""
        steps:
        - {step_id: v, tool: t, args: {value: word}}
        - {step_id: x, tool: t, when: {ref: "{{v}}", op: gt, value: 3}}
        """).run()
    failed = world.kinds(StepFailed)[0]
    assert isinstance(failed, StepFailed)
    assert failed.failure.message == "step 'x': cannot compare 'word' gt 3: string against integer"
    assert world.state.status == "failed"


def test_a_step_whose_dependencies_were_all_skipped_is_skipped_and_a_join_reads_null() -> None:
    world = begun("""
        steps:
        - {step_id: no, tool: t, args: {value: false}}
        - {step_id: skipped, tool: t, when: "{{no}}"}
        - {step_id: below, tool: t, depends_on: [skipped]}
        - {step_id: join, tool: t, args: {value: ["{{below}}", "{{no}}"]}}
        """).run()
    assert world.statuses() == {"no": "succeeded", "skipped": "skipped", "below": "skipped", "join": "succeeded"}
    assert world.state.output == [None, False]
    assert world.state.status == "succeeded"


# --- failure


def test_a_failure_costs_only_its_descendants() -> None:
    world = begun(
        """
        steps:
        - {step_id: bad, tool: t}
        - {step_id: good, tool: t}
        - {step_id: below_bad, tool: t, depends_on: [bad]}
        - {step_id: far_below, tool: t, depends_on: [below_bad, good]}
        - {step_id: below_good, tool: t, depends_on: [good]}
        """,
        behave=failing("bad"),
    ).run()
    assert world.statuses() == {
        "bad": "failed",
        "good": "succeeded",
        "below_bad": "blocked",
        "far_below": "blocked",
        "below_good": "succeeded",
    }
    assert world.state.status == "failed"
    assert str(world.state.failure) == "step 'bad' failed: bad broke"


@pytest.mark.parametrize(
    ("on_error", "seen"), [("continue", None), ("partial", {"error": {"kind": "tool", "message": "bad broke"}})]
)
def test_a_tolerated_failure_is_passed_on(on_error: str, seen: Json) -> None:
    world = begun(
        f"""
        steps:
        - {{step_id: bad, tool: t, on_error: {on_error}}}
        - {{step_id: reader, tool: t, args: {{value: "{{{{bad}}}}"}}}}
        """,
        behave=failing("bad"),
    ).run()
    assert world.state.output == seen
    assert world.state.status == "partial"


def test_fail_fast_gives_up_what_is_running() -> None:
    world = begun(
        """
        on_error: fail_fast
        steps:
        - {step_id: bad, tool: t}
        - {step_id: other, tool: t}
        - {step_id: never, tool: t, depends_on: [other]}
        """,
        behave=failing("bad"),
    )
    world.end("bad")
    world.advance()
    assert [event.key for event in world.kinds(StepCancelled) if isinstance(event, StepCancelled)] == ["other"]
    assert world.state.status == "failed"
    assert world.statuses()["never"] == "waiting"


def test_a_retryable_failure_is_tried_again_after_a_doubling_wait() -> None:
    behave = failing("a", kind="transient", times=3)
    world = begun("steps: [{step_id: a, tool: t, retry: {attempts: 4, delay: 2s}}]", behave=behave).run()
    failures = [event for event in world.events if isinstance(event, StepFailed)]
    assert [event.retry_at - event.at for event in failures if event.retry_at] == pytest.approx([2, 4, 8])
    assert [event.attempt for event in world.events if isinstance(event, StepStarted)] == [1, 2, 3, 4]
    assert world.state.status == "succeeded"


def test_a_server_that_says_when_to_come_back_is_obeyed() -> None:
    def busy(key: str, _args: dict[str, Json], attempt: int) -> Json | Failure:
        return "ok" if attempt > 1 else Failure("rate_limited", "slow down", retry_after_s=30)

    world = begun("steps: [{step_id: a, tool: t, retry: 2}]", behave=busy).run()
    failed = world.kinds(StepFailed)[0]
    assert isinstance(failed, StepFailed)
    assert failed.retry_at == pytest.approx(failed.at + 30)


def test_what_cannot_help_is_not_tried_again() -> None:
    world = begun("steps: [{step_id: a, tool: t, retry: 5}]", behave=failing("a", kind="bad_request")).run()
    assert len(world.started()) == 1


def test_the_last_attempt_is_the_last() -> None:
    world = begun("steps: [{step_id: a, tool: t, retry: 3}]", behave=failing("a", kind="transient")).run()
    assert len(world.started()) == 3
    assert world.state.status == "failed"


# --- time limits


def test_a_step_that_takes_too_long_fails_and_its_outcome_is_not_awaited() -> None:
    world = begun("steps: [{step_id: a, tool: t, timeout: 5s}, {step_id: b, tool: t, depends_on: [a]}]")
    world.now += 5
    world.advance()
    assert world.statuses() == {"a": "failed", "b": "blocked"}
    assert world.state.failure is not None
    assert "took longer than its timeout of 5 s" in world.state.failure.message


def test_a_timeout_may_be_tried_again() -> None:
    world = begun("steps: [{step_id: a, tool: t, timeout: 5s, retry: 2}]")
    world.now += 5
    world.run()
    assert world.started() == ["a", "a"]
    assert world.state.status == "succeeded"


def test_a_scope_that_takes_too_long_gives_up_what_runs_in_it() -> None:
    world = begun("""
        steps:
        - step_id: m
          timeout: 3s
          iterations: 2
          steps: [{step_id: x, tool: t}]
        """)
    world.now += 3
    world.advance()
    cancelled = [event.key for event in world.events if isinstance(event, StepCancelled)]
    assert sorted(cancelled) == ["m[0]/x", "m[1]/x"]
    reasons = {event.reason for event in world.events if isinstance(event, StepCancelled)}
    assert reasons == {"'m' took too long"}
    assert world.statuses() == {"m": "failed"}


def test_a_scope_that_takes_too_long_ends_the_scopes_inside_it() -> None:
    world = begun("""
        steps:
        - step_id: outer
          timeout: 3s
          on_error: continue
          steps: [{step_id: inner, on: {timer: 10s}, steps: [{step_id: x, tool: t}]}]
        """)
    world.now += 3
    world.advance()
    assert world.statuses() == {"outer": "failed"}
    assert world.state.status == "partial"


# --- work that was given up


TWO_WRITERS = """
    steps:
    - {step_id: a, tool: save, args: {path: x}, timeout: 5s, on_error: continue}
    - {step_id: b, tool: save, args: {path: x}}
    """


def after(world: World, seconds: float) -> World:
    world.now += seconds
    world.advance()
    return world


def test_what_timed_out_keeps_what_it_writes_until_it_comes_back() -> None:
    world = after(begun(TWO_WRITERS, SHELL), 5)
    assert world.statuses() == {"a": "failed", "b": "parked"}
    world.come_back("a")
    world.advance()
    assert world.statuses() == {"a": "failed", "b": "running"}


def test_nobody_waits_for_ever_for_what_timed_out() -> None:
    world = after(begun(TWO_WRITERS, Rules(effects=SHELL.effects, grace_s=7)), 5)
    assert world.state.next_alarm() == pytest.approx(12)
    after(world, 7)
    failure = world.state.root.failures["b"]
    assert failure.message == "step 'a' timed out and may still be writing file:x"
    assert world.state.status == "failed"


def test_whoever_comes_later_does_not_wait_at_all_for_what_is_overdue() -> None:
    world = begun(TWO_WRITERS.replace("b,", "b, depends_on: [slow],") + "- {step_id: slow, tool: t}", SHELL)
    after(after(world, 5), 10)
    world.end("slow")
    world.advance()
    assert "may still be writing file:x" in world.state.root.failures["b"].message


def test_what_is_overdue_hinders_nobody_else() -> None:
    text = TWO_WRITERS + "- {step_id: c, tool: save, args: {path: y}}\n    - {step_id: d, tool: save, args: {path: y}}"
    world = after(after(begun(text, SHELL), 5), 10).run()
    assert world.statuses() == {"a": "failed", "b": "failed", "c": "succeeded", "d": "succeeded"}


def test_undeclared_effects_that_go_on_are_named_as_such() -> None:
    text = "steps: [{step_id: a, tool: shell, timeout: 5s}, {step_id: b, tool: shell}]"
    world = after(after(begun(text, SHELL), 5), 10)
    message = "step 'a' timed out and may still be changing things that it does not declare"
    assert world.state.root.failures["b"].message == message


def test_the_next_attempt_waits_for_the_one_before() -> None:
    text = "steps: [{step_id: a, tool: save, args: {path: x}, timeout: 5s, retry: {attempts: 2, delay: 0}}]"
    world = after(begun(text, SHELL), 5)
    assert world.statuses() == {"a": "parked"}
    world.come_back("a")
    world.advance()
    assert world.started() == ["a", "a"]
    assert world.run().state.status == "succeeded"


def test_a_late_end_of_an_earlier_attempt_frees_nothing_of_the_next() -> None:
    text = """
        steps:
        - {step_id: a, tool: save, args: {path: x}, timeout: 5s, retry: {attempts: 2, delay: 0}, on_error: continue}
        - {step_id: b, tool: save, args: {path: x}}
        """
    world = after(begun(text, SHELL), 5)
    world.come_back("a")
    after(after(world, 0), 5)
    world.come_back("a")
    world.advance()
    assert world.statuses() == {"a": "failed", "b": "parked"}
    world.come_back("a", attempt=2)
    world.advance()
    assert world.statuses() == {"a": "failed", "b": "running"}


def test_what_was_given_up_keeps_what_it_writes_too() -> None:
    world = begun(
        """
        steps:
        - step_id: part
          on_error: continue
          workflow: part
          plan:
            on_error: fail_fast
            steps: [{step_id: bad, tool: t}, {step_id: w, tool: save, args: {path: x}}]
        - {step_id: slow, tool: t}
        - {step_id: b, tool: save, args: {path: x}, depends_on: [slow]}
        """,
        SHELL,
        behave=failing("part[0]/bad"),
    )
    world.end("slow")
    world.end("part[0]/bad")
    after(after(world, 0), 10)
    assert world.state.root.failures["b"].message == "step 'part[0]/w' was given up and may still be writing file:x"


def test_strict_groups_order_the_plan_and_not_what_the_plan_goes_on_without() -> None:
    text = "steps: [{step_id: a, tool: t, timeout: 5s, on_error: continue}, {step_id: b, tool: t}]"
    assert after(begun(text, Rules(strict_groups=True)), 5).statuses() == {"a": "failed", "b": "running"}


def test_a_resumed_run_waits_for_no_work_of_the_process_before() -> None:
    earlier = after(begun(TWO_WRITERS, SHELL), 5)
    world = World(earlier.plan, rules=SHELL).resume(earlier.events)
    world.advance()
    assert world.statuses() == {"a": "failed", "b": "running"}


def test_what_must_not_be_called_again_is_not_after_a_timeout() -> None:
    text = "steps: [{step_id: a, tool: pay, timeout: 5s, retry: 3}]"
    world = after(begun(text, Rules(unrepeatable=frozenset({"pay"}))), 5)
    assert world.started() == ["a"]
    assert world.state.status == "failed"


# --- holding

HELD = "steps: [{step_id: a, tool: t, timeout: 5s}]"


def held(*moments: float, text: str = HELD) -> World:
    """A world whose step was held at the first of these times, released at the second, and so on."""
    world = begun(text)
    for number, moment in enumerate(moments):
        world.tell(StepReleased(moment, "a") if number % 2 else StepHeld(moment, "a", "openai"))
    return world


@pytest.mark.parametrize(
    ("moments", "ends_at"), [((), 5), ((1, 3), 7), ((1, 20), 24), ((1, 2, 3, 4), 7), ((4, 4), 5), ((4, 3), 5)]
)
def test_the_time_that_a_step_is_held_does_not_count(moments: tuple[float, ...], ends_at: float) -> None:
    assert after(held(*moments), ends_at - 0.001).statuses() == {"a": "running"}
    assert after(held(*moments), ends_at).statuses() == {"a": "failed"}


def test_a_step_that_is_held_does_not_time_out_until_it_has_been_released() -> None:
    world = after(held(1), 1000)
    assert world.statuses() == {"a": "running"}
    world.tell(StepReleased(1000, "a"))
    assert world.state.next_alarm() == pytest.approx(1004)


def test_the_next_attempt_has_its_own_time_and_is_not_held() -> None:
    world = held(1, 3, 4, text="steps: [{step_id: a, tool: t, timeout: 5s, retry: {attempts: 2, delay: 1s}}]")
    world.behave = failing("a", kind="transient", times=1)
    world.now = 4
    world.end("a")
    assert not world.state.held
    assert after(after(world, 1), 4.999).statuses() == {"a": "running"}
    assert after(world, 0.002).statuses() == {"a": "failed"}


def test_nothing_is_held_after_a_restart_or_once_it_does_not_run() -> None:
    cut_off = held(1)
    resumed = World(cut_off.plan).resume(cut_off.events)
    assert not resumed.state.held
    cut_off.end("a")
    cut_off.tell(StepHeld(9, "a", "openai"))
    assert not cut_off.state.held


# --- calls of a step's code

CODE = "steps: [{step_id: a, code: pay twice, tools: [look, pay], timeout: 5s, retry: {attempts: 3, delay: 1s}}]"
ONCE = Rules(unrepeatable=frozenset({"pay"}))


def calling(tool: str, *, returned: bool = False) -> World:
    world = begun(CODE, ONCE)
    world.tell(ToolCalled(1, "a", "1", tool, {"n": 1}))
    if returned:
        world.tell(ToolReturned(2, "a", "1", "receipt"))
    return world


@pytest.mark.parametrize(
    ("tool", "returned", "status"),
    [("pay", False, "failed"), ("pay", True, "running"), ("look", False, "running"), ("look", True, "running")],
)
def test_code_is_not_tried_again_after_a_timeout_while_what_must_not_be_called_again_is_under_way(
    tool: str, returned: bool, status: str
) -> None:
    assert after(calling(tool, returned=returned), 5).state.status == status


def test_code_that_breaks_while_what_must_not_be_called_again_is_under_way_is_not_tried_again() -> None:
    world = calling("pay")
    world.behave = failing("a", kind="transient")
    world.end("a")
    assert world.run().state.status == "failed"
    assert world.state.unsure() == ["a"]


@pytest.mark.parametrize(
    ("tool", "returned", "unsure"),
    [("pay", False, ["a"]), ("pay", True, []), ("look", False, []), ("look", True, [])],
)
def test_interrupted_code_is_unsure_only_of_calls_that_nobody_has_heard_of_again(
    tool: str, returned: bool, unsure: list[str]
) -> None:
    world = calling(tool, returned=returned)
    assert world.state.unsure() == unsure
    world.cancel(hard=True)
    assert world.run().state.status == "cancelled"
    assert world.state.unsure() == unsure


def test_code_that_was_given_up_because_another_step_failed_is_unsure_too() -> None:
    world = begun(
        """
        on_error: fail_fast
        steps:
        - {step_id: x, code: pay, tools: [pay]}
        - {step_id: bad, tool: t}
        """,
        ONCE,
        behave=failing("bad"),
    )
    world.tell(ToolCalled(1, "x", "1", "pay", {}))
    world.end("bad")
    assert world.run().state.status == "failed"
    assert world.state.unsure() == ["x"]


def test_who_resumes_has_decided_about_calls_that_nobody_has_heard_of_again() -> None:
    cut_off = calling("pay")
    world = World(cut_off.plan, rules=ONCE).resume(cut_off.events)
    world.advance()
    assert world.state.unsure() == []
    assert world.state.calls_of("a") == {}


def test_what_calls_gave_back_is_kept_over_an_interruption_and_a_retry_until_the_step_has_ended() -> None:
    earlier = calling("pay", returned=True)
    world = World(earlier.plan, rules=ONCE, behave=failing("a", kind="transient", times=2)).resume(earlier.events)
    world.advance()
    kept = {"1": MadeCall("pay", True, "receipt")}
    assert world.state.calls_of("a") == kept
    world.end("a")
    assert world.state.calls_of("a") == kept
    after(world, 5)
    world.end("a")
    assert world.state.calls_of("a") == {}
    assert world.state.root.calls == {}


def test_a_call_that_failed_answers_again_after_an_interruption_but_not_in_another_attempt() -> None:
    world = calling("look")
    world.tell(ToolReturned(2, "a", "1", failure=Failure("transient", "busy")))
    resumed = World(world.plan, rules=ONCE).resume(world.events)
    assert resumed.state.calls_of("a")["1"].failure == Failure("transient", "busy")
    world.behave = failing("a", kind="transient")
    world.end("a")
    assert world.state.calls_of("a") == {}


def test_other_code_is_not_answered_with_the_calls_of_the_code_before() -> None:
    same, other = "{step_id: a, code: pay, retry: {attempts: 2, delay: 1h}}", "{step_id: a, code: pay twice}"
    for step, kept in ((same, 1), (other, 0)):
        world = begun(f"steps: [{same}]", behave=failing("a", kind="transient"))
        world.tell(ToolCalled(1, "a", "1", "pay", {}))
        world.tell(ToolReturned(1, "a", "1"))
        world.end("a")
        world.tell(PlanChanged(2, to_document(planned(f"steps: [{step}]"))))
        assert len(world.state.calls_of("a")) == kept


# --- the time a step may take


def test_the_time_of_a_step_runs_from_when_it_is_handed_over() -> None:
    world = World(planned("steps: [{step_id: a, tool: t, timeout: 5s}]")).begin()
    advance(world.state, 0.0)  # announced, but whoever watches keeps the run from handing it over
    assert world.state.next_alarm() is None
    handed_over(world.state, world.state.root, "a", 3.0)
    assert world.state.next_alarm() == pytest.approx(8)


# --- race safety


def test_two_steps_that_write_the_same_file_never_overlap() -> None:
    world = begun(
        """
        steps:
        - {step_id: a, tool: save, args: {path: out.txt}, parallel_group: 1}
        - {step_id: b, tool: save, args: {path: ./out.txt}, parallel_group: 1}
        - {step_id: c, tool: save, args: {path: other.txt}, parallel_group: 1}
        """,
        SHELL,
    )
    assert set(world.state.running) == {"a", "c"}
    world.end("a")
    world.advance()
    assert set(world.state.running) == {"b", "c"}


def test_undeclared_effects_run_one_after_the_other_beside_everything_else() -> None:
    world = begun(
        """
        steps:
        - {step_id: a, tool: shell}
        - {step_id: b, tool: shell}
        - {step_id: c, tool: pure}
        """,
        SHELL,
    )
    assert set(world.state.running) == {"a", "c"}
    assert world.run().state.status == "succeeded"


def test_the_plan_may_put_undeclared_effects_in_one_group() -> None:
    world = begun(
        """
        steps:
        - {step_id: a, tool: shell, parallel_group: 1}
        - {step_id: b, tool: shell, parallel_group: 1}
        - {step_id: c, tool: shell, parallel_group: 2}
        """,
        SHELL,
    )
    assert set(world.state.running) == {"a", "b"}


def test_rounds_of_one_scope_with_undeclared_effects_do_not_overlap_unless_grouped() -> None:
    text = "steps: [{step_id: m, iterations: 3, steps: [{step_id: x, tool: shell%s}]}]"
    assert begun(text % "", SHELL).run().peak == 1
    assert begun(text % ", parallel_group: 1", SHELL).run().peak == 3


def test_strict_groups_overlap_only_steps_of_one_group() -> None:
    world = begun(
        """
        steps:
        - {step_id: alone, tool: t}
        - {step_id: a, tool: t, parallel_group: 1}
        - {step_id: b, tool: t, parallel_group: 1}
        - {step_id: c, tool: t, parallel_group: 2}
        """,
        Rules(strict_groups=True),
    )
    together = [set(world.state.running)]
    while world.step():
        world.advance()
        if (running := set(world.state.running)) and running != together[-1]:
            together.append(running)
    assert {"a", "b"} in together
    assert all(len(running) == 1 or running <= {"a", "b"} for running in together)


def test_a_stopped_step_does_not_keep_what_it_would_have_written() -> None:
    world = begun(
        """
        steps:
        - step_id: m
          for_each: [0, 1]
          on_error: fail
          steps:
          - {step_id: x, tool: t}
          - {step_id: y, tool: save, args: {path: out}, depends_on: [x]}
        - {step_id: after, tool: save, args: {path: out}, depends_on: []}
        """,
        Rules(max_parallel=2, effects=SHELL.effects),
        behave=failing("m[1]/x"),
    )
    world.run()
    assert world.statuses() == {"m": "failed", "after": "succeeded"}


# --- scopes


def test_rounds_run_side_by_side_and_the_next_step_waits_for_all() -> None:
    world = begun("""
        steps:
        - {step_id: carousel, iterations: 5, steps: [{step_id: x, tool: t, args: {value: "{{index}}"}}]}
        - {step_id: next, tool: t, args: {value: "{{carousel}}"}}
        """)
    assert len(world.state.running) == 5
    for index in range(4):
        world.end(f"carousel[{index}]/x")
        world.advance()
        assert "next" not in world.state.running
    world.run()
    assert world.state.output == [0, 1, 2, 3, 4]


def test_a_third_round_waits_for_a_free_place() -> None:
    world = begun("steps: [{step_id: m, for_each: [a, b, c], width: 2, steps: [{step_id: x, tool: t}]}]")
    assert set(world.state.running) == {"m[0]/x", "m[1]/x"}
    world.end("m[1]/x")
    world.advance()
    assert set(world.state.running) == {"m[0]/x", "m[2]/x"}


def test_rounds_are_opened_only_as_they_can_start() -> None:
    world = begun("steps: [{step_id: m, iterations: 1000, steps: [{step_id: x, tool: t}]}]", Rules(max_parallel=4))
    assert len(world.kinds(RoundOpened)) == 4
    assert world.run().peak == 4


def test_an_empty_list_gives_an_empty_list() -> None:
    world = begun("steps: [{step_id: m, for_each: [], steps: [{step_id: x, tool: t}]}]").run()
    assert world.state.output == []


def test_what_is_no_list_cannot_be_gone_over() -> None:
    world = begun("""
        steps:
        - {step_id: v, tool: t, args: {value: {a: 1}}}
        - {step_id: m, for_each: "{{v}}", steps: [{step_id: x, tool: t}]}
        """).run()
    assert world.state.failure is not None
    assert "for_each needs a list, got object" in world.state.failure.message


def test_a_map_of_maps_ends_with_one_place_to_run() -> None:
    world = begun(
        """
        steps:
        - step_id: outer
          for_each: [[1, 2], [3]]
          steps:
          - step_id: inner
            for_each: "{{item}}"
            steps: [{step_id: x, tool: t, args: {value: ["{{outer.index}}", "{{item}}"]}}]
        """,
        Rules(max_parallel=1),
    ).run()
    assert world.state.output == [[[0, 1], [0, 2]], [[1, 3]]]


@pytest.mark.parametrize(
    ("on_error", "status", "output"),
    [
        ("continue", "partial", [0, None, 2]),
        ("partial", "partial", [0, {"error": {"kind": "body", "message": "step 'x' failed: m[1]/x broke"}}, 2]),
    ],
)
def test_a_failed_round_leaves_a_slot(on_error: str, status: str, output: Json) -> None:
    world = begun(
        f"""
        steps:
        - step_id: m
          iterations: 3
          on_error: {on_error}
          steps: [{{step_id: x, tool: t, args: {{value: "{{{{index}}}}"}}}}]
        """,
        behave=failing("m[1]/x"),
    ).run()
    assert world.state.status == status
    assert world.state.output == output


def test_a_failed_round_otherwise_fails_the_scope_and_no_further_round_opens() -> None:
    world = begun(
        "steps: [{step_id: m, iterations: 9, width: 2, steps: [{step_id: x, tool: t}]}]", behave=failing("m[0]/x")
    )
    world.end("m[0]/x")
    world.run()
    assert len(world.kinds(RoundOpened)) == 2
    assert str(world.state.failure) == "step 'm' failed: round 0: step 'x' failed: m[0]/x broke"


def test_each_loop_round_sees_the_one_before() -> None:
    world = begun(
        """
        steps:
        - step_id: loop
          repeat: {until: {ref: "{{n}}", op: ge, value: 4}, limit: 10}
          steps: [{step_id: n, tool: t, args: {value: ["{{last}}"]}}]
        """,
        behave=lambda _key, args, _attempt: (args["value"][0] or 0) + 1,
    ).run()
    assert world.state.output == 4
    assert len(world.kinds(RoundOpened)) == 4


def test_while_goes_on_as_long_as_its_guard_holds() -> None:
    world = begun("""
        steps:
        - step_id: loop
          repeat: {while: {ref: "{{index}}", op: lt, value: 2}, limit: 10}
          steps: [{step_id: n, tool: t, args: {value: "{{index}}"}}]
        """).run()
    assert world.state.output == 2


def test_a_loop_stops_at_its_limit_and_says_so() -> None:
    text = """
        steps:
        - step_id: loop
          repeat: {until: {ref: "{{n}}", op: eq, value: never}, limit: 10%s}
          steps: [{step_id: n, tool: t, args: {value: "{{index}}"}}]
        """
    world = begun(text % "").run()
    assert len(world.kinds(RoundOpened)) == 10
    assert "reached its limit of 10 rounds" in str(world.state.failure)
    world = begun(text % ", at_limit: stop").run()
    assert (world.state.status, world.state.output) == ("succeeded", 9)


def test_a_loop_without_a_guard_runs_just_so_often() -> None:
    world = begun("steps: [{step_id: loop, repeat: {limit: 7}, steps: [{step_id: n, tool: t}]}]").run()
    assert len(world.kinds(RoundClosed)) == 7
    assert world.state.status == "succeeded"


def test_events_open_rounds_one_after_the_other() -> None:
    world = begun("""
        steps:
        - {step_id: tick, on: {timer: 1s, limit: 5}, steps: [{step_id: x, tool: t, args: {value: "{{event.n}}"}}]}
        """).run()
    assert world.state.output == 4
    assert world.peak == 1
    assert len(world.kinds(RoundOpened)) == 5


def test_a_guard_ends_an_event_scope() -> None:
    world = begun("""
        steps:
        - step_id: tick
          on: {timer: 1s, until: {ref: "{{x}}", op: eq, value: 2}}
          steps: [{step_id: x, tool: t, args: {value: "{{event.n}}"}}]
        """).run()
    assert world.state.output == 2


def test_a_round_that_is_skipped_whole_gives_null() -> None:
    world = begun("""
        steps:
        - step_id: m
          for_each: [1, 2, 3]
          steps: [{step_id: x, tool: t, when: {ref: "{{item}}", op: ne, value: 2}, args: {value: "{{item}}"}}]
        """).run()
    assert world.state.output == [1, None, 3]


# --- loops whose rounds fail


@pytest.mark.parametrize(
    ("guard", "rounds"),
    [
        ('until: {ref: "{{index}}", op: ge, value: 2}', 3),
        ('until: {ref: "{{last.error.kind}}", op: eq, value: body}', 1),
        ('until: {ref: "{{x}}", op: eq, value: null}', 1),
        ('while: "{{x}}"', 1),
        ('until: {ref: "{{x}}", op: ge, value: 5}', 9),
    ],
)
def test_the_guard_is_tested_after_a_tolerated_failure_too(guard: str, rounds: int) -> None:
    world = begun(
        f"""
        steps:
        - step_id: loop
          on_error: partial
          repeat: {{{guard}, limit: 9, at_limit: stop}}
          steps: [{{step_id: x, tool: t}}]
        """,
        behave=failing(*(f"loop[{index}]/x" for index in range(9))),
    ).run()
    assert len(world.kinds(RoundClosed)) == rounds
    assert world.state.status == "partial"


def test_last_is_null_for_the_guard_after_a_failure_that_is_passed_over() -> None:
    world = begun(
        """
        steps:
        - step_id: loop
          on_error: continue
          repeat: {until: {ref: "{{last}}", op: eq, value: null}, limit: 9}
          steps: [{step_id: x, tool: t}]
        """,
        behave=failing("loop[2]/x"),
    ).run()
    assert len(world.kinds(RoundClosed)) == 3


@pytest.mark.parametrize(("on_error", "is_partial"), [("continue", True), ("fail", False)])
def test_a_scope_says_whether_something_failed_in_it(on_error: str, is_partial: bool) -> None:
    text = f"steps: [{{step_id: m, iterations: 2, steps: [{{step_id: x, tool: t, on_error: {on_error}}}]}}]"
    world = begun(text, behave=failing("m[1]/x") if is_partial else failing()).run()
    ends = [event for event in world.events if isinstance(event, StepSucceeded) and event.key == "m"]
    assert [end.is_partial for end in ends] == [is_partial]


@pytest.mark.parametrize(
    ("form", "rounds"),
    [
        ('repeat: {until: {ref: "{{index}}", op: ge, value: 1}, limit: 1000}', None),
        ("repeat: {limit: 3}", 3),
        ("on: {timer: 1s, limit: 5}", None),
        ("iterations: 4", 4),
    ],
)
def test_only_a_certain_number_of_rounds_is_told(form: str, rounds: int | None) -> None:
    world = begun(f"steps: [{{step_id: s, {form}, steps: [{{step_id: x, tool: t}}]}}]")
    (opened,) = world.kinds(ScopeOpened)
    assert isinstance(opened, ScopeOpened)
    assert opened.rounds == rounds


# --- values that grow


@pytest.mark.parametrize(
    "body",
    [
        'steps: [{step_id: x, tool: t, args: {value: 0}}], output: ["{{last}}"]',
        'steps: [{step_id: x, tool: t}], output: {a: "{{last}}", b: ["{{last}}"]}',
        'steps: [{step_id: m, iterations: 1, steps: [{step_id: x, tool: t}], output: "{{last}}"}]',
    ],
)
def test_a_value_that_is_nested_too_deep_fails_its_loop(body: str) -> None:
    world = begun(f"steps: [{{step_id: loop, repeat: {{limit: 3000}}, {body}}}]").run()
    assert world.state.failure is not None
    assert "what it gives back is nested more than 200 deep" in world.state.failure.message


# --- cancelling


def test_cancelling_gently_starts_nothing_and_lets_running_steps_finish() -> None:
    world = begun("steps: [{step_id: a, tool: t}, {step_id: b, tool: t, depends_on: [a]}]")
    world.cancel()
    world.advance()
    assert world.state.status == "running"
    world.end("a")
    world.advance()
    assert world.statuses() == {"a": "succeeded", "b": "waiting"}
    assert world.state.status == "cancelled"


def test_cancelling_hard_gives_up_what_is_running() -> None:
    world = begun("steps: [{step_id: a, tool: t}, {step_id: b, tool: t}]")
    world.cancel(hard=True)
    world.advance()
    assert world.statuses() == {"a": "interrupted", "b": "interrupted"}
    assert world.state.status == "cancelled"


def test_when_the_grace_is_over_cancelling_becomes_hard() -> None:
    world = begun("steps: [{step_id: a, tool: t}]", Rules(grace_s=7))
    world.cancel()
    world.advance()
    assert world.state.next_alarm() == pytest.approx(world.now + 7)
    world.now += 7
    world.advance()
    assert world.kinds(StepInterrupted)
    assert world.state.status == "cancelled"


def test_a_run_that_has_nothing_left_to_do_when_cancelled_has_succeeded() -> None:
    world = begun("steps: [{step_id: a, tool: t}]")
    world.cancel()
    world.end("a")
    world.advance()
    assert world.state.status == "succeeded"


def test_the_last_event_is_the_end_of_the_run() -> None:
    world = begun("steps: [{step_id: a, tool: t}]").run()
    assert isinstance(world.events[-1], RunFinished)
    assert world.advance() == []


def test_a_loop_that_starts_nothing_lets_others_be_heard() -> None:
    world = World(
        planned("""
        steps:
        - step_id: r
          repeat: {forever: true}
          steps: [{step_id: a, tool: t, when: {ref: "{{index}}", op: lt, value: 0}}]
        """)
    )
    world.begin()
    assert len(advance(world.state, 0.0)) == MOST_AT_ONCE
    world.cancel()
    advance(world.state, 0.0)
    assert world.state.status == "cancelled"


# --- what fail_fast cuts short


BESIDE = """
    on_error: fail_fast
    steps:
    - {step_id: bad, tool: t}
    - {step_id: m, %s}
    """


def cut_short(beside: str, *ended: str, fails: tuple[str, ...] = (), rules: Rules | None = None) -> World:
    """A run that `bad` has ended, by failing once these steps beside it had ended or failed."""
    world = begun(BESIDE % beside, rules, behave=failing("bad", *fails))
    for key in (*ended, "bad"):
        world.end(key)
        world.advance()
    assert world.state.status == "failed"
    return world


def resumed(earlier: World) -> World:
    """The same run gone on with, in which nothing fails any more."""
    return World(earlier.plan, rules=earlier.rules).resume(earlier.events).run()


def closed_as(world: World) -> dict[str, str]:
    return {f"{event.key}[{event.index}]": event.status for event in world.events if isinstance(event, RoundClosed)}


@pytest.mark.parametrize("on_error", ["fail", "continue", "partial"])
@pytest.mark.parametrize("plan_on_error", ["fail", "fail_fast"])
def test_a_round_whose_step_was_given_up_is_stopped_and_goes_on_with_a_resume(
    on_error: str, plan_on_error: str
) -> None:
    body = f"plan: {{on_error: {plan_on_error}, steps: [{{step_id: x, tool: t}}]}}"
    world = cut_short(f"on_error: {on_error}, for_each: [1, 2], workflow: w, {body}")
    assert closed_as(world) == {"m[0]": "stopped", "m[1]": "stopped"}
    assert world.statuses() == {"bad": "failed", "m": "cancelled"}
    assert resumed(world).state.output == {"bad": "bad!", "m": ["m[0]/x!", "m[1]/x!"]}


def test_a_round_that_had_ended_by_then_stays() -> None:
    world = cut_short("iterations: 2, steps: [{step_id: x, tool: t}]", "m[0]/x")
    assert closed_as(world) == {"m[0]": "succeeded", "m[1]": "stopped"}
    assert sorted(resumed(world).started()[3:]) == ["bad", "m[1]/x"]


def test_a_scope_whose_rounds_had_all_ended_by_then_stays() -> None:
    world = cut_short("iterations: 2, steps: [{step_id: x, tool: t}]", "m[0]/x", "m[1]/x")
    assert world.statuses() == {"bad": "failed", "m": "succeeded"}
    assert resumed(world).started()[3:] == ["bad"]


def test_the_rounds_around_a_round_that_was_stopped_are_stopped_too() -> None:
    world = cut_short("steps: [{step_id: n, on_error: continue, iterations: 2, steps: [{step_id: x, tool: t}]}]")
    assert closed_as(world) == {"m[0]/n[0]": "stopped", "m[0]/n[1]": "stopped", "m[0]": "stopped"}
    assert resumed(world).state.output == {"bad": "bad!", "m": ["m[0]/n[0]/x!", "m[0]/n[1]/x!"]}


def test_a_loop_goes_on_in_the_round_that_was_stopped() -> None:
    loop = "repeat: {limit: 3}, steps: [{step_id: x, tool: t, args: {value: ['{{last}}']}}]"
    world = cut_short(loop, "m[0]/x")
    assert closed_as(world) == {"m[0]": "succeeded", "m[1]": "stopped"}
    assert resumed(world).state.output == {"bad": "bad!", "m": [[[None]]]}


def test_a_round_in_which_something_had_failed_is_stopped_with_what_its_plan_lets_finish() -> None:
    beside = "on_error: continue, steps: [{step_id: x, tool: t}, {step_id: sibling, tool: t}]"
    world = cut_short(beside, "m[0]/x", fails=("m[0]/x",))
    assert closed_as(world) == {"m[0]": "stopped"}
    assert resumed(world).state.output == {"bad": "bad!", "m": {"x": "m[0]/x!", "sibling": "m[0]/sibling!"}}


def test_a_round_that_its_own_plan_cuts_short_has_failed_for_good() -> None:
    steps = "[{step_id: x, tool: t}, {step_id: n, iterations: 2, steps: [{step_id: y, tool: t}]}]"
    beside = f"on_error: continue, workflow: w, plan: {{on_error: fail_fast, steps: {steps}}}"
    world = cut_short(beside, "m[0]/x", fails=("m[0]/x",))
    assert closed_as(world) == {"m[0]/n[0]": "stopped", "m[0]/n[1]": "stopped", "m[0]": "failed"}
    assert world.statuses() == {"bad": "failed", "m": "succeeded"}
    assert resumed(world).started()[-1:] == ["bad"]


def test_a_round_whose_inputs_do_not_fit_has_failed_and_is_not_just_stopped() -> None:
    plan = "{inputs: {v: {type: integer}}, steps: [{step_id: x, tool: t}]}"
    world = begun(f"""
        steps:
        - {{step_id: a, tool: t}}
        - {{step_id: m, on_error: continue, workflow: w, args: {{v: "{{{{a}}}}"}}, plan: {plan}}}
        """).run()
    assert closed_as(world) == {"m[0]": "failed"}


def test_a_step_that_was_given_up_in_a_round_may_have_to_be_asked_about() -> None:
    world = cut_short("iterations: 2, steps: [{step_id: x, tool: pay, args: {}}]", "m[0]/x", rules=ONCE)
    assert world.state.unsure() == ["m[1]/x"]


def test_what_was_given_up_in_a_scope_that_took_too_long_goes_on_with_a_resume() -> None:
    world = begun("""
        steps:
        - {step_id: m, timeout: 3s, steps: [{step_id: n, iterations: 2, steps: [{step_id: x, tool: t}]}]}
        """)
    world.end("m[0]/n[0]/x")
    world.now = 3
    world.advance()
    assert world.state.status == "failed"
    again = resumed(world)
    assert again.started()[2:] == ["m[0]/n[1]/x"]
    assert again.state.output == ["m[0]/n[0]/x!", "m[0]/n[1]/x!"]


@pytest.mark.parametrize("decided", range(1, 9))
def test_a_restart_amid_what_fail_fast_gives_up_loses_nothing(decided: int) -> None:
    world = begun(BESIDE % "on_error: continue, iterations: 2, steps: [{step_id: x, tool: t}]", behave=failing("bad"))
    begun_with = len(world.events)
    world.end("bad")
    world.advance()
    del world.events[begun_with + decided :]
    assert resumed(world).state.output == {"bad": "bad!", "m": ["m[0]/x!", "m[1]/x!"]}


@pytest.mark.parametrize("decided", range(1, 4))
def test_cancelling_hard_amid_what_fail_fast_gives_up_loses_nothing(decided: int) -> None:
    world = begun(BESIDE % "on_error: continue, iterations: 3, steps: [{step_id: x, tool: t}]", behave=failing("bad"))
    world.end("bad")
    for _ in range(decided):
        event = decide(world.state, world.now)
        assert event is not None
        world.tell(event)
    world.cancel(hard=True)
    world.advance()
    assert world.state.is_ended
    assert resumed(world).state.output == {"bad": "bad!", "m": ["m[0]/x!", "m[1]/x!", "m[2]/x!"]}
