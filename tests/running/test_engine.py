"""The engine as a program embeds it: real threads, real tools, overlap shown with gates."""

from __future__ import annotations

import gc
import multiprocessing
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from overseer import Engine, WorkflowPlan, WorkflowStep
from overseer.broker.broker import Broker
from overseer.broker.budget import Budget
from overseer.broker.caps import Cap
from overseer.errors import ApprovalNeeded, PlanError, RunBusy, UsageError
from overseer.journal.journal import Journal
from overseer.kernel.events import Event, StepFailed, StepStarted, StepSucceeded
from overseer.running.engine import EngineSettings
from overseer.secrets import Redactor, Secrets
from overseer.tool import ToolContext, ToolError, tool
from tests.fakes import Gate, InlineExecutor, Latch


@tool
def double(x: int) -> int:
    """Twice as much."""
    return 2 * x


@tool
def add(numbers: list[int]) -> int:
    """The sum."""
    return sum(numbers)


DIAMOND: dict[str, Any] = {
    "inputs": {"x": {"type": "integer", "default": 5}},
    "steps": [
        {"step_id": "top", "tool": "double", "args": {"x": "{{inputs.x}}"}},
        {"step_id": "left", "tool": "double", "args": {"x": "{{top}}"}},
        {"step_id": "right", "tool": "double", "args": {"x": "{{top}}"}},
        {"step_id": "sum", "tool": "add", "args": {"numbers": ["{{left}}", "{{right}}"]}},
    ],
    "output": {"sum": "{{sum}}"},
}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "journal.db") as opened:
        yield opened


# --- running


def test_a_plan_gives_its_output_and_every_value() -> None:
    result = Engine([double, add]).run(DIAMOND)
    assert (result.status, result.output) == ("succeeded", {"sum": 40})
    assert result.values == {"top": 10, "left": 20, "right": 20, "sum": 40}


def test_inputs_replace_defaults() -> None:
    assert Engine([double, add]).run(DIAMOND, {"x": 1}).output == {"sum": 8}


def test_nothing_invalid_starts_and_every_fault_is_told() -> None:
    engine = Engine([double])
    steps = [{"step_id": "a", "tool": "treble"}, {"step_id": "b", "tool": "double", "args": {"y": 1}}]
    with pytest.raises(PlanError) as caught:
        engine.run({"steps": steps})
    assert len(caught.value.faults) >= 2
    assert "treble" in str(caught.value)


def test_wrong_inputs_are_refused_before_anything_starts() -> None:
    with pytest.raises(PlanError, match="x"):
        Engine([double, add]).run(DIAMOND, {"x": "many"})


def test_events_come_in_order_and_start_before_the_work_does(journal: Journal) -> None:
    seen: list[Event] = []

    @tool
    def look() -> list[str]:
        """The keys whose start is in the journal while this runs."""
        run_id = journal.runs()[0].run_id
        return [event.key for event in journal.events(run_id) if isinstance(event, StepStarted)]

    result = Engine([look], journal=journal).run({"steps": [{"step_id": "a", "tool": "look"}]}, watch=seen.append)
    assert result.output == ["a"]
    assert [type(event).__name__ for event in seen] == ["RunStarted", "StepStarted", "StepSucceeded", "RunFinished"]
    assert list(journal.events(result.run_id)) == seen


def test_independent_steps_overlap() -> None:
    gate = Gate(8)

    @tool
    def meet(n: int) -> int:
        """Wait for the seven others."""
        gate.pass_through()
        return n

    steps = tuple(WorkflowStep.calling(f"s{n}", "meet", {"n": n}) for n in range(8))
    assert Engine([meet]).run(WorkflowPlan(steps)).succeeded


def test_runs_of_one_process_overlap_and_each_has_its_own_cap() -> None:
    gate = Gate(2)
    lock, inside, peak = threading.Lock(), 0, 0

    @tool
    def meet() -> None:
        """Wait for the other run."""
        nonlocal inside, peak
        with lock:
            inside += 1
            peak = max(peak, inside)
        gate.pass_through()
        with lock:
            inside -= 1

    engine = Engine([meet], settings=EngineSettings(max_parallel=1))
    plan = {"steps": [{"step_id": f"s{n}", "tool": "meet"} for n in range(4)]}
    runs = [engine.start(plan), engine.start(plan)]
    assert [run.wait(30).status for run in runs] == ["succeeded", "succeeded"]
    assert peak == 2


def test_a_map_of_maps_does_not_deadlock_on_one_thread() -> None:
    plan = {
        "steps": [
            {
                "step_id": "outer",
                "for_each": [[1, 2], [3, 4]],
                "steps": [
                    {
                        "step_id": "inner",
                        "for_each": "{{item}}",
                        "steps": [{"step_id": "twice", "tool": "double", "args": {"x": "{{item}}"}}],
                    }
                ],
            }
        ]
    }
    with ThreadPoolExecutor(1) as pool:
        assert Engine([double], executor=pool).run(plan).output == [[2, 4], [6, 8]]


def test_a_chain_of_ten_thousand_steps_needs_no_recursion() -> None:
    steps = [WorkflowStep.calling("s0", "double", {"x": 0})]
    steps += [WorkflowStep.calling(f"s{n}", "double", {"x": f"{{{{s{n - 1}}}}}"}) for n in range(1, 10_000)]
    result = Engine([double]).run(WorkflowPlan(tuple(steps)))
    assert (result.status, result.output) == ("succeeded", 0)


# --- other executors


def test_work_done_at_once_on_the_owner_thread_ends_alike() -> None:
    assert Engine([double, add], executor=InlineExecutor()).run(DIAMOND).output == {"sum": 40}


def test_work_can_go_to_other_processes() -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert Engine([double, add], executor=pool).run(DIAMOND).output == {"sum": 40}


def test_an_executor_that_is_shut_down_fails_the_step_instead_of_hanging() -> None:
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    result = Engine([double, add], executor=pool).run(DIAMOND)
    assert result.status == "failed"
    assert "shutdown" in result.failures["top"].message


# --- what tools may do


def test_a_tool_that_changes_its_arguments_changes_nobody_elses() -> None:
    @tool
    def numbers() -> list[int]:
        """A list."""
        return [1, 2, 3]

    @tool
    def empty(items: list[int]) -> int:
        """Empties what it gets."""
        items.clear()
        return len(items)

    plan = {
        "steps": [
            {"step_id": "list", "tool": "numbers"},
            {"step_id": "spoil", "tool": "empty", "args": {"items": "{{list}}"}},
            {"step_id": "sum", "tool": "add", "args": {"numbers": "{{list}}"}, "depends_on": ["spoil"]},
        ]
    }
    assert Engine([numbers, empty, add]).run(plan).output == 6


def test_an_async_tool_is_awaited() -> None:
    @tool
    async def later() -> str:
        """Ready at once, but a coroutine."""
        return "now"

    assert Engine([later]).run({"steps": [{"step_id": "a", "tool": "later"}]}).output == "now"


def test_a_result_that_json_cannot_hold_is_refused_by_name() -> None:
    @tool
    def bad() -> Any:
        """A set."""
        return {"ids": {1, 2}}

    result = Engine([bad]).run({"steps": [{"step_id": "a", "tool": "bad"}]})
    assert result.failures["a"].kind == "invalid_output"
    assert result.failures["a"].message.startswith("the result.ids is a set")


def test_declared_outputs_are_checked() -> None:
    @tool
    def article() -> dict[str, str]:
        """Without a body."""
        return {"title": "T"}

    result = Engine([article]).run({"steps": [{"step_id": "a", "tool": "article", "outputs": ["title", "body"]}]})
    assert result.failures["a"].message == "the result has no 'body'; it has: title"


def test_a_tool_that_asks_for_its_context_gets_it() -> None:
    @tool
    def where(context: ToolContext) -> str:
        """Its own key."""
        return f"{context.key}#{context.attempt}"

    assert Engine([where]).run({"steps": [{"step_id": "a", "tool": "where"}]}).output == "a#1"


def test_even_an_exit_in_a_tool_is_only_a_failure() -> None:
    @tool
    def leave() -> None:
        """Tries to end the process."""
        raise SystemExit(3)

    result = Engine([leave]).run({"steps": [{"step_id": "a", "tool": "leave"}]})
    assert result.status == "failed"


def test_an_exception_without_words_is_a_failure_like_any_other() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    class Nasty(ToolError):
        def __str__(self) -> str:
            raise SystemExit

    @tool
    def break_down() -> None:
        """Raises something that cannot be shown."""
        raise Mute

    @tool
    def break_out() -> None:
        """Raises something that breaks whoever looks at it."""
        raise Nasty("x")

    assert Engine([break_out]).run({"steps": [{"step_id": "a", "tool": "break_out"}]}).status == "failed"
    result = Engine([break_down]).run({"steps": [{"step_id": "a", "tool": "break_down"}]})
    assert result.failures["a"].message == "Mute: it cannot say why"


def test_a_tool_says_whether_trying_again_could_help() -> None:
    calls: list[int] = []

    @tool
    def flaky() -> int:
        """Works the second time."""
        calls.append(1)
        if len(calls) == 1:
            raise ToolError("busy", kind="transient")
        return len(calls)

    step = {"step_id": "a", "tool": "flaky", "retry": {"attempts": 2, "delay": 0}}
    assert Engine([flaky]).run({"steps": [step]}).output == 2


def test_a_reference_into_a_result_that_is_not_there_says_what_is() -> None:
    @tool
    def joke() -> dict[str, str]:
        """With a title."""
        return {"text": "ha", "title": "T"}

    plan = {
        "steps": [
            {"step_id": "joke", "tool": "joke"},
            {"step_id": "fr", "tool": "double", "args": {"x": "{{joke.titel}}"}},
        ]
    }
    result = Engine([joke, double]).run(plan)
    assert "'joke.titel' does not exist; 'joke' offers: text, title" in result.failures["fr"].message


# --- time and cancelling


def test_a_hanging_tool_is_left_behind_at_its_timeout() -> None:
    latch = Latch()

    @tool(timeout_s=0.05)
    def hang() -> None:
        """Does not come back by itself."""
        latch.wait()

    result = Engine([hang, double]).run(
        {"steps": [{"step_id": "a", "tool": "hang"}, {"step_id": "b", "tool": "double", "args": {"x": 1}}]}
    )
    latch.open()
    assert result.failures["a"].kind == "timeout"
    assert result.values["b"] == 2


def test_a_tool_is_told_when_its_time_is_over() -> None:
    woken = threading.Event()

    @tool
    def patient(context: ToolContext) -> None:
        """Sleeps, but listens."""
        if context.wait(30):
            woken.set()

    result = Engine([patient]).run({"steps": [{"step_id": "a", "tool": "patient", "timeout": "50ms"}]})
    assert result.status == "failed"
    assert woken.wait(10)


def append_tool(path: Path, latch: Latch, **options: Any) -> Any:
    """A tool that stands before the latch at its first call, deaf to being cancelled, and writes at its end."""
    calls: list[str] = []

    @tool(effect="write", writes=["file:{path}"], **options)
    def append(text: str, path: str) -> int:
        """Add a line, slowly the first time."""
        calls.append(text)
        if len(calls) == 1:
            latch.wait()
        with open(path, "a") as file:
            file.write(f"{text}\n")
        return len(calls)

    return append


def test_a_step_that_timed_out_is_alone_with_its_file_until_it_has_ended(tmp_path: Path) -> None:
    latch, path = Latch(), tmp_path / "out"

    @tool
    def let_go() -> None:
        """Let the late one end, now that the other has long been able to start."""
        latch.open()

    steps = [
        {"step_id": "a", "tool": "append", "args": {"text": "a", "path": str(path)}, "timeout": "50ms"},
        {"step_id": "b", "tool": "append", "args": {"text": "b", "path": str(path)}},
        {"step_id": "c", "tool": "let_go", "depends_on": ["a"]},
    ]
    steps[0]["on_error"] = "continue"
    result = Engine([append_tool(path, latch), let_go]).run({"steps": steps})
    assert result.failures["a"].kind == "timeout"
    assert result.values["b"] == 2
    assert path.read_text() == "a\nb\n"


def test_nobody_waits_for_ever_for_a_step_that_timed_out(tmp_path: Path) -> None:
    latch, path = Latch(), tmp_path / "out"
    engine = Engine([append_tool(path, latch)], settings=EngineSettings(cancel_grace_s=0.05))
    steps = [
        {"step_id": name, "tool": "append", "args": {"text": name, "path": str(path)}, "timeout": "50ms"}
        for name in "ab"
    ]
    result = engine.run({"steps": steps})
    latch.open()
    assert result.failures["b"].message == f"step 'a' timed out and may still be writing file:{path}"


@pytest.mark.parametrize(("idempotent", "calls"), [(False, 1), (True, 2)])
def test_only_what_may_be_repeated_is_tried_again_after_a_timeout(tmp_path: Path, idempotent: bool, calls: int) -> None:
    latch, path, started = Latch(), tmp_path / "out", []

    def note(event: Event) -> None:
        started.extend([event.key] if isinstance(event, StepStarted) else [])
        if isinstance(event, StepFailed):
            latch.open()

    step = {"step_id": "a", "tool": "append", "args": {"text": "a", "path": str(path)}, "timeout": "50ms"}
    step["retry"] = {"attempts": 3, "delay": 0}
    Engine([append_tool(path, latch, idempotent=idempotent)]).run({"steps": [step]}, watch=note)
    assert len(started) == calls


def test_a_slow_watcher_takes_no_time_from_the_steps() -> None:
    def watch(event: Event) -> None:
        if isinstance(event, StepStarted):
            time.sleep(0.15)

    steps = [{"step_id": f"s{n}", "tool": "double", "args": {"x": n}, "timeout": "100ms"} for n in range(3)]
    assert Engine([double]).run({"steps": steps}, watch=watch).succeeded


def test_cancelling_gently_waits_for_what_is_running() -> None:
    latch = Latch()

    @tool
    def work() -> str:
        """Runs until the test lets it."""
        latch.wait()
        return "kept"

    plan = {"steps": [{"step_id": "a", "tool": "work"}, {"step_id": "b", "tool": "work", "depends_on": ["a"]}]}
    run = Engine([work]).start(plan)
    latch.wait_until_reached()
    run.cancel()
    latch.open()
    result = run.wait(30)
    assert result.status == "cancelled"
    assert result.values == {"a": "kept"}


def test_cancelling_twice_gives_up_what_is_running() -> None:
    latch = Latch()

    @tool
    def work(context: ToolContext) -> bool:
        """Runs until cancelled."""
        latch.wait()
        return context.wait(30)

    run = Engine([work]).start({"steps": [{"step_id": "a", "tool": "work"}]})
    latch.open()
    latch.wait_until_reached()
    run.cancel()
    run.cancel()
    assert run.wait(30).status == "cancelled"


def test_a_run_that_does_not_end_in_time_says_so() -> None:
    latch = Latch()

    @tool
    def work() -> None:
        """Runs until the test lets it."""
        latch.wait()

    run = Engine([work]).start({"steps": [{"step_id": "a", "tool": "work"}]})
    with pytest.raises(TimeoutError, match="has not ended"):
        run.wait(0.01)
    latch.open()
    assert run.wait(30).succeeded


# --- changing the plan


def test_unfinished_steps_can_be_replaced_while_running() -> None:
    latch = Latch()

    @tool
    def work() -> int:
        """Runs until the test lets it."""
        latch.wait()
        return 4

    first = {"step_id": "a", "tool": "work"}
    engine = Engine([work, double, add])
    run = engine.start({"steps": [first, {"step_id": "b", "tool": "add", "args": {"numbers": ["{{a}}"]}}]})
    latch.wait_until_reached()
    run.change(engine.checked({"steps": [first, {"step_id": "c", "tool": "double", "args": {"x": "{{a}}"}}]}))
    latch.open()
    assert run.wait(30).values == {"a": 4, "c": 8}


def test_what_is_running_cannot_be_changed() -> None:
    latch = Latch()

    @tool
    def work() -> None:
        """Runs until the test lets it."""
        latch.wait()

    engine = Engine([work, double])
    run = engine.start({"steps": [{"step_id": "a", "tool": "work"}]})
    latch.wait_until_reached()
    with pytest.raises(PlanError, match="step 'a' is running and cannot be removed"):
        run.change(engine.checked({"steps": [{"step_id": "b", "tool": "double", "args": {"x": 1}}]}))
    latch.open()
    assert run.wait(30).succeeded


def test_a_run_that_has_ended_cannot_be_changed_or_carried_out_again() -> None:
    engine = Engine([double, add])
    run = engine.prepare(DIAMOND)
    assert run.carry_out().succeeded
    run.cancel()  # too late, and no harm
    with pytest.raises(PlanError, match="the run has ended"):
        run.change(engine.checked(DIAMOND))
    with pytest.raises(UsageError, match="has been carried out"):
        run.carry_out()


# --- resuming


def test_a_cancelled_run_goes_on_where_it_was(journal: Journal) -> None:
    latch, calls = Latch(), []

    @tool
    def work(name: str) -> str:
        """Counts its calls."""
        calls.append(name)
        latch.wait()
        return name

    steps = [
        {"step_id": "a", "tool": "work", "args": {"name": "a"}},
        {"step_id": "b", "tool": "work", "args": {"name": "b"}, "depends_on": ["a"]},
    ]
    engine = Engine([work], journal=journal)
    run = engine.start({"steps": steps})
    latch.wait_until_reached()
    run.cancel()
    latch.open()
    assert run.wait(30).status == "cancelled"
    result = engine.resume(run.run_id)
    assert result.values == {"a": "a", "b": "b"}
    assert calls == ["a", "b"]


def test_a_failed_run_tries_again_what_failed_and_nothing_else(journal: Journal) -> None:
    calls: list[str] = []
    broken = True

    @tool
    def work(name: str) -> str:
        """Breaks at b while broken."""
        calls.append(name)
        if broken and name == "b":
            raise ToolError("no network")
        return name

    steps = [{"step_id": name, "tool": "work", "args": {"name": name}} for name in "ab"]
    steps.append({"step_id": "c", "tool": "work", "args": {"name": "c"}, "depends_on": ["b"]})
    engine = Engine([work], journal=journal)
    failed = engine.run({"steps": steps})
    assert failed.status == "failed"
    broken = False
    assert engine.resume(failed.run_id).succeeded
    assert sorted(calls) == ["a", "b", "b", "c"]


def test_there_is_nothing_to_resume_in_a_run_that_succeeded(journal: Journal) -> None:
    engine = Engine([double, add], journal=journal)
    result = engine.run(DIAMOND)
    with pytest.raises(UsageError, match="nothing to resume"):
        engine.resume(result.run_id)


def interrupted(journal: Journal, effect: Any) -> tuple[Engine, str, list[int]]:
    """An engine, and a run of it that was cut off while its only step was at work."""
    latch, calls = Latch(), []

    @tool(effect=effect, writes=["file:out"] if effect == "write" else [])
    def work() -> str:
        """Hangs the first time."""
        calls.append(1)
        if len(calls) == 1:
            latch.wait()
        return "done"

    engine = Engine([work], journal=journal)
    run = engine.start({"steps": [{"step_id": "a", "tool": "work"}]})
    latch.wait_until_reached()
    run.cancel(hard=True)
    assert run.wait(30).status == "cancelled"
    latch.open()
    return engine, run.run_id, calls


def test_an_interrupted_step_without_effects_is_simply_repeated(journal: Journal) -> None:
    engine, run_id, calls = interrupted(journal, "read")
    assert engine.resume(run_id).output == "done"
    assert len(calls) == 2


def test_an_interrupted_step_with_effects_is_put_to_the_user(journal: Journal) -> None:
    engine, run_id, calls = interrupted(journal, "write")
    with pytest.raises(ApprovalNeeded, match="may have had effects: a;"):
        engine.resume(run_id)
    assert len(calls) == 1
    assert engine.resume(run_id, repeat=["a"]).output == "done"


def test_an_interrupted_step_with_effects_can_be_given_up(journal: Journal) -> None:
    engine, run_id, calls = interrupted(journal, "write")
    result = engine.resume(run_id, give_up=["all"])
    assert result.failures["a"].message == "was cut off, and is not to be repeated"
    assert len(calls) == 1


def test_what_fail_fast_gave_up_is_put_to_the_user_too(journal: Journal) -> None:
    latch, calls = Latch(), []

    @tool(effect="write", writes=["file:out"])
    def pay() -> str:
        """Hangs the first time."""
        calls.append(1)
        if len(calls) == 1:
            latch.wait()
        return "paid"

    @tool
    def fail_beside() -> None:
        """Fails while the other is at work."""
        latch.wait_until_reached()
        raise ToolError("no luck")

    engine = Engine([pay, fail_beside], journal=journal)
    steps = [{"step_id": "pay", "tool": "pay"}, {"step_id": "bad", "tool": "fail_beside"}]
    failed = engine.run({"on_error": "fail_fast", "steps": steps})
    latch.open()
    assert failed.status == "failed"
    with pytest.raises(ApprovalNeeded, match="pay"):
        engine.resume(failed.run_id)
    assert len(calls) == 1


def test_a_step_that_was_given_up_before_it_began_never_runs() -> None:
    latch, calls = Latch(), []

    @tool
    def work() -> None:
        """Takes the only thread."""
        calls.append(1)
        latch.wait()

    with ThreadPoolExecutor(1) as pool:
        run = Engine([work], executor=pool).start({"steps": [{"step_id": f"s{n}", "tool": "work"} for n in range(4)]})
        latch.wait_until_reached()
        run.cancel(hard=True)
        assert run.wait(30).status == "cancelled"
        latch.open()
    assert len(calls) == 1


def test_a_run_that_is_under_way_cannot_be_resumed_beside_itself(journal: Journal) -> None:
    latch = Latch()

    @tool
    def work() -> None:
        """Runs until the test lets it."""
        latch.wait()

    engine = Engine([work], journal=journal)
    run = engine.start({"steps": [{"step_id": "a", "tool": "work"}]})
    latch.wait_until_reached()
    with pytest.raises(RunBusy):
        engine.resume(run.run_id)
    latch.open()
    assert run.wait(30).succeeded


def test_an_engine_without_a_journal_has_nothing_to_resume() -> None:
    with pytest.raises(UsageError, match="no journal"):
        Engine([double]).resume("x")


# --- watching


def test_a_watcher_that_raises_is_detached_and_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Event] = []

    def broken(_event: Event) -> None:
        seen.append(_event)
        raise ValueError("a broken view")

    assert Engine([double, add]).run(DIAMOND, watch=broken).succeeded
    assert len(seen) == 1
    assert "was detached" in caplog.text


def test_values_are_in_the_events() -> None:
    values = {}

    def note(event: Event) -> None:
        if isinstance(event, StepSucceeded):
            values[event.key] = event.value

    Engine([double, add]).run(DIAMOND, watch=note)
    assert values == {"top": 10, "left": 20, "right": 20, "sum": 40}


def test_what_comes_from_outside_is_free_of_secrets(tmp_path: Path) -> None:
    key = "kq83hs0aPq72mzLw"
    plan = {
        "steps": [
            {
                "step_id": "on",
                "on": {"file": "inbox", "limit": 1},
                "steps": [{"step_id": "a", "tool": "show", "args": {"event": "{{event}}"}}],
            }
        ]
    }

    @tool
    def show(event: dict[str, Any]) -> dict[str, Any]:
        """Give back what happened."""
        return event

    (tmp_path / "inbox").mkdir()
    events: list[Any] = []

    def watch(event: Any) -> None:
        events.append(event)
        if type(event).__name__ == "SourceOpened":
            (tmp_path / "inbox" / f"for {key}").write_text("x")

    broker = Broker(redactor=Redactor(Secrets({"MY_KEY": key})))
    result = Engine([show], broker=broker, folder=tmp_path).run(plan, watch=watch)
    assert result.status == "succeeded"
    assert "[secret MY_KEY]" in str(result.output)
    assert key not in str(events)


def test_a_resumed_run_goes_on_within_its_budget_and_with_a_larger_one_to_the_end(tmp_path: Path) -> None:
    calls: list[int] = []

    @tool(effect="network", idempotent=True)
    def fetch(n: int) -> int:
        """Fetch a number."""
        calls.append(n)
        return n

    plan = {"steps": [{"step_id": f"s{n}", "tool": "fetch", "args": {"n": n}} for n in range(5)]}
    with Journal.open(tmp_path / "journal.db") as journal:
        engine = Engine([fetch], journal=journal)
        result = engine.prepare(plan, budget=Cap(requests=2)).carry_out()
        assert (result.status, len(calls)) == ("failed", 2)
        assert {failure.kind for failure in result.failures.values()} == {"budget"}
        assert engine.prepare_resume(result.run_id).carry_out().status == "failed"
        assert len(calls) == 2
        assert engine.prepare_resume(result.run_id, budget=Cap(requests=5)).carry_out().status == "succeeded"
    assert sorted(calls) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("is_recorded", [True, False])
def test_a_run_without_budget_left_says_how_to_go_on_with_more(tmp_path: Path, is_recorded: bool) -> None:
    @tool(effect="network")
    def fetch() -> None:
        """Fetch something."""

    with Journal.open(tmp_path / "journal.db") as journal:
        engine = Engine([fetch], journal=journal if is_recorded else None)
        result = engine.prepare({"steps": [{"step_id": "a", "tool": "fetch"}]}, budget=Cap(requests=0)).carry_out()
    again = f"go on with more: overseer resume {result.run_id}" if is_recorded else "run it again with"
    assert result.failures["a"].message.endswith(f"; {again} --budget requests=1")


def test_a_run_keeps_no_budgets_of_scopes_that_have_ended() -> None:
    @tool(effect="network")
    def fetch() -> None:
        """Fetch something."""

    inner = {"step_id": "map", "steps": [{"step_id": "a", "tool": "fetch"}], "budget": {"requests": 3}}
    plan = {"steps": [{"step_id": "outer", "for_each": list(range(20)), "steps": [inner]}]}
    run = Engine([fetch]).prepare(plan)
    assert run.carry_out().succeeded
    gc.collect()  # each is part of its own chain
    names = [thing.name for thing in gc.get_objects() if isinstance(thing, Budget)]
    assert f"run {run.run_id}" in names
    assert not [name for name in names if name.startswith("scope 'outer[")]
