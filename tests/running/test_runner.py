"""The loop itself: what it does when the journal refuses, and that it cannot wait for nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from overseer import Engine
from overseer.broker.attempts import warm_executor
from overseer.broker.broker import Broker, Door
from overseer.broker.budget import Spend
from overseer.broker.result import ToolResult
from overseer.errors import Failure, JournalError
from overseer.journal.journal import Journal
from overseer.journal.runlog import RunLog
from overseer.jsonvalue import Json
from overseer.kernel.events import (
    Event,
    RunResumed,
    RunStarted,
    StepFailed,
    StepHeld,
    StepReleased,
    StepStarted,
    StepSucceeded,
    ToolCalled,
    ToolReturned,
)
from overseer.kernel.reducer import apply
from overseer.kernel.rules import Rules
from overseer.kernel.state import MadeCall, RunState
from overseer.plan import completed, plan_from
from overseer.running.messages import Called, Calling, Cancel, Held
from overseer.running.runner import Runner
from overseer.running.stream import Stream
from overseer.running.worker import StepCaller, Work
from overseer.sources import Sources
from overseer.tool import Cancellation, Tool, ToolContext, tool
from tests.fakes import Latch, MemoryLog


def runner_of(plan: dict[str, Any], tools: list[Tool], log: MemoryLog, caller: Any = None) -> Runner:
    ready, _ = completed(plan_from(plan).plan)
    return Runner(
        RunState(ready, Rules(), "run"),
        log=log,
        stream=Stream(),
        executor=warm_executor(),
        caller=caller or Door(Broker(), {one.name: one for one in tools}),
        sources=Sources(),
        folder=Path(),
        clock=time.monotonic,
    )


def begin(runner: Runner) -> None:
    runner.run([RunStarted(0.0, "run", {})])


def test_when_the_journal_refuses_nothing_new_starts_and_what_is_running_is_kept() -> None:
    slow, begun = Latch(), []

    @tool
    def work(name: str) -> str:
        """The slow one ends after the quick one, whose end the journal refuses."""
        begun.append(name)
        if name == "slow":
            slow.wait()
        return name

    plan = {
        "steps": [
            {"step_id": "quick", "tool": "work", "args": {"name": "quick"}},
            {"step_id": "slow", "tool": "work", "args": {"name": "slow"}},
            {"step_id": "never", "tool": "work", "args": {"name": "never"}, "depends_on": ["quick"]},
        ]
    }

    def refuse(batch: int) -> bool:
        if batch == 2:
            slow.wait_until_reached()
            slow.open()
        return batch == 2

    log = MemoryLog(refuse=refuse)
    with pytest.raises(JournalError, match="the disk is full"):
        begin(runner_of(plan, [work], log))
    assert sorted(begun) == ["quick", "slow"]
    assert {event.key for event in log.events if isinstance(event, StepSucceeded)} == {"quick", "slow"}
    assert {event.key for event in log.events if isinstance(event, StepStarted)} == {"quick", "slow"}


def test_when_the_journal_refuses_for_good_what_is_lost_is_named() -> None:
    @tool
    def work() -> str:
        """Ends at once."""
        return "done"

    log = MemoryLog(refuse=lambda batch: batch > 1)
    with pytest.raises(JournalError, match="these steps ended but could not be recorded: a"):
        begin(runner_of({"steps": [{"step_id": "a", "tool": "work"}]}, [work], log))


def test_a_run_whose_journal_was_full_is_resumed_without_repeating_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    @tool
    def work(name: str) -> str:
        """Counts its calls."""
        calls.append(name)
        return name

    steps = [{"step_id": "s0", "tool": "work", "args": {"name": "s0"}}]
    steps += [{"step_id": f"s{n}", "tool": "work", "args": {"name": f"{{{{s{n - 1}}}}}{n}"}} for n in range(1, 6)]
    append, batches = RunLog.append, []

    def full_once(log: RunLog, events: Any) -> None:
        batches.append(events)
        if len(batches) == 3:
            raise JournalError("the disk is full")
        append(log, events)

    with Journal.open(tmp_path / "journal.db") as journal:
        engine = Engine([work], journal=journal)
        with monkeypatch.context() as patched:
            patched.setattr(RunLog, "append", full_once)
            with pytest.raises(JournalError, match="the disk is full"):
                engine.run({"steps": steps})
        (summary,) = journal.runs()
        assert summary.status == "interrupted"
        assert engine.resume(summary.run_id).output == "s012345"
    assert len(calls) == len(set(calls)) == 6


def test_what_an_attempt_took_is_told_with_its_end() -> None:
    class Paying:
        def call(self, name: str, args: Mapping[str, Any], context: ToolContext) -> ToolResult:
            if context.attempt == 1:
                return ToolResult(failure=Failure("transient", "no"), spent=Spend(requests=1))
            return ToolResult("done", spent=Spend(requests=1, tokens=9))

    log = MemoryLog()
    plan = {"steps": [{"step_id": "a", "tool": "t", "retry": {"attempts": 2, "delay": "1ms"}}]}
    begin(runner_of(plan, [], log, caller=Paying()))
    assert [event.spent for event in log.events if isinstance(event, StepFailed | StepSucceeded)] == [
        {"requests": 1},
        {"requests": 1, "tokens": 9},
    ]


# --- calls of a step's code


class Program(StepCaller):
    """A tool whose calls tell the run of calls of their own, as code does, and notes what it was told."""

    def __init__(self, *calls: str) -> None:
        self.runner: Runner
        self.calls = calls
        self.told: list[tuple[str, bool]] = []
        self.between = Latch()
        self.between.open()

    def call(self, name: str, args: Mapping[str, Json], context: ToolContext) -> ToolResult:
        for call in self.calls:
            may = self.tell(call, partial(Calling, context, call, "t", {"n": call}))
            self.between.wait()
            if not may or not self.tell(call, partial(Called, context, call, value=[call], spent={"requests": 1})):
                return ToolResult(failure=Failure("cancelled", "was cut off"))
        return ToolResult("done")

    def tell(self, call: str, message: Callable[..., Any]) -> bool:
        told: SimpleQueue[bool] = SimpleQueue()
        self.runner.tell(message(done=told.put))
        answer = told.get(timeout=10)
        self.told.append((call, answer))
        return answer


def programmed(program: Program, log: MemoryLog, **step: Any) -> Runner:
    program.runner = runner_of({"steps": [{"step_id": "a", "tool": "t"} | step]}, [], log, program)
    return program.runner


def called(log: MemoryLog) -> list[Event]:
    return [event for event in log.events if isinstance(event, ToolCalled | ToolReturned)]


def test_calls_are_recorded_before_the_code_goes_on() -> None:
    log, seen = MemoryLog(), []
    program = Program("1", "2")
    tell = program.tell

    def told(call: str, message: Callable[..., Any]) -> bool:
        answer = tell(call, message)
        seen.append(len(called(log)))
        return answer

    program.tell = told  # type: ignore[method-assign]
    begin(programmed(program, log))
    assert seen == [1, 2, 3, 4]
    assert [replace(event, at=0.0) for event in called(log)[:2]] == [
        ToolCalled(0.0, "a", "1", "t", {"n": "1"}),
        ToolReturned(0.0, "a", "1", ["1"], spent={"requests": 1}),
    ]
    assert log.events[-1].status == "succeeded"  # type: ignore[union-attr]


def test_what_earlier_calls_gave_back_comes_with_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    works: list[Work] = []

    def perform(work: Work, caller: StepCaller) -> ToolResult:
        works.append(work)
        return ToolResult("done")

    monkeypatch.setattr("overseer.running.dispatch.perform", perform)
    runner = runner_of({"steps": [{"step_id": "a", "code": "x"}]}, [], MemoryLog())
    earlier: list[Event] = [RunStarted(0.0, "run", {}), StepStarted(0.0, "a")]
    earlier += [ToolCalled(0.0, "a", call, "t", {}) for call in "123"]
    earlier += [ToolReturned(0.0, "a", "1", [1]), ToolReturned(0.0, "a", "2", failure=Failure("tool", "no"))]
    for event in earlier:
        apply(event, runner.state)
    runner.run([RunResumed(1.0)])
    assert works[0].answers == {
        "1": MadeCall("t", True, [1]),
        "2": MadeCall("t", True, None, Failure("tool", "no")),
    }


def test_when_the_journal_refuses_a_call_must_not_be_made_and_the_code_has_not_failed() -> None:
    log = MemoryLog(refuse=lambda batch: batch == 2)
    program = Program("1")
    with pytest.raises(JournalError, match="the disk is full"):
        begin(programmed(program, log, on_error="continue"))
    assert program.told == [("1", False)]
    assert called(log) == []
    assert not any(isinstance(event, StepFailed) for event in log.events)


def test_when_the_journal_refuses_what_a_call_gave_back_is_kept() -> None:
    log = MemoryLog(refuse=lambda batch: batch == 3)
    program = Program("1", "2")
    with pytest.raises(JournalError, match="the disk is full"):
        begin(programmed(program, log))
    assert program.told == [("1", True), ("1", False)]
    assert [type(event) for event in called(log)] == [ToolCalled, ToolReturned]


def test_a_step_that_was_given_up_makes_no_more_calls_but_is_heard_of_the_last() -> None:
    log, timed_out = MemoryLog(), Latch()
    program = Program("1", "2")
    program.between = timed_out
    step = {"timeout": "50ms", "retry": {"attempts": 2, "delay": "1h"}}
    runner = programmed(program, log, **step)

    def watch(event: Event) -> None:
        if isinstance(event, StepFailed):
            timed_out.open()
        elif isinstance(event, ToolReturned):
            runner.tell(Cancel(True, "enough"))

    runner._stream.watch(watch)
    begin(runner)
    assert [type(event) for event in called(log)] == [ToolCalled, ToolReturned]
    assert runner.state.calls_of("a") == {"1": MadeCall("t", True, ["1"])}
    while len(program.told) < 3:
        time.sleep(0.001)
    assert program.told == [("1", True), ("1", True), ("2", False)]


def test_nobody_waits_for_a_run_that_is_over() -> None:
    log = MemoryLog()
    program = Program("1")
    runner = programmed(program, log)
    begin(runner)
    context = ToolContext("run", "a", 1, Cancellation())
    assert program.tell("2", partial(Calling, context, "2", "t", {})) is False
    assert program.tell("2", partial(Called, context, "2")) is False


# --- holding


class Waiting(StepCaller):
    """A tool two calls of which are held at the same time, longer than its step may take."""

    def __init__(self) -> None:
        self.runner: Runner

    def call(self, name: str, args: Mapping[str, Any], context: ToolContext) -> ToolResult:
        for waits_for in ("openai", "ollama", None):
            self.runner.tell(Held(context, waits_for))
        time.sleep(0.3)
        self.runner.tell(Held(replace(context), None))
        self.runner.tell(Held(context, None))  # once too often
        self.runner.tell(Held(ToolContext("run", "a", 1, Cancellation()), "nobody"))
        return ToolResult("done")


def test_a_step_is_held_from_its_first_call_that_is_until_none_is_and_that_takes_no_time() -> None:
    log, caller = MemoryLog(), Waiting()
    caller.runner = runner_of({"steps": [{"step_id": "a", "tool": "t", "timeout": "150ms"}]}, [], log, caller=caller)
    caller.runner._stream.watch(lambda event: time.sleep(0.2) if isinstance(event, StepStarted) else None)
    begin(caller.runner)
    assert [type(event).__name__ for event in log.events[1:]] == [
        "StepStarted",
        "StepHeld",
        "StepReleased",
        "StepSucceeded",
        "RunFinished",
    ]
    begun, ended = (event for event in log.events if isinstance(event, StepHeld | StepReleased))
    assert isinstance(begun, StepHeld)
    assert begun.waits_for == "openai"
    assert ended.at - begun.at > 0.25


def test_what_is_told_of_a_work_that_is_not_at_work_is_ignored() -> None:
    log, caller = MemoryLog(), Waiting()
    caller.runner = runner_of({"steps": [{"step_id": "a", "tool": "t"}]}, [], log, caller=caller)
    caller.runner.tell(Held(ToolContext("run", "a", 1, Cancellation()), "openai"))
    begin(caller.runner)
    caller.runner.tell(Held(ToolContext("run", "a", 1, Cancellation()), None))
    assert sum(isinstance(event, StepHeld) for event in log.events) == 1
