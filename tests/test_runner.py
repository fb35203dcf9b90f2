"""The loop itself: what it does when the journal refuses, and that it cannot wait for nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from overseer import Engine
from overseer.broker.broker import Broker, Door
from overseer.broker.budget import Spend
from overseer.broker.result import ToolResult
from overseer.errors import Failure, JournalError
from overseer.journal import Journal
from overseer.kernel.events import RunStarted, StepFailed, StepStarted, StepSucceeded
from overseer.kernel.rules import Rules
from overseer.kernel.state import RunState
from overseer.plan import completed, plan_from
from overseer.runlog import RunLog
from overseer.runner import Runner
from overseer.sources import Sources
from overseer.stream import Stream
from overseer.tool import Tool, ToolContext, tool
from overseer.worker import StepCaller, warm_executor
from tests.fakes import Latch, MemoryLog


def runner_of(plan: dict[str, Any], tools: list[Tool], log: MemoryLog, caller: StepCaller | None = None) -> Runner:
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
