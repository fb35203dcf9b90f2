"""Calls of a step's program in the journal: made once, whatever happens to the program."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from overseer.broker.attempts import warm_executor
from overseer.broker.broker import Broker, Door
from overseer.broker.fallback import Fallback
from overseer.broker.programs import Program, ProgramDoor
from overseer.broker.result import ToolResult
from overseer.errors import JournalError
from overseer.journal.journal import Journal
from overseer.kernel.events import RunResumed, RunStarted, ToolCalled, ToolReturned
from overseer.kernel.reducer import apply
from overseer.kernel.rules import Rules
from overseer.kernel.state import RunState
from overseer.plan import plan_from
from overseer.running.clock import steady_clock
from overseer.running.recording import StepRecords
from overseer.running.runner import Runner
from overseer.running.stream import Stream
from overseer.running.worker import StepCaller, Work
from overseer.sources import Sources
from overseer.tool import Cancellation, tool

PLAN = plan_from({"steps": [{"step_id": "a", "code": "do it", "tools": ["note"]}]}).plan


class Scene:
    """A run whose one step is a program that notes some texts, in a real journal."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.noted: list[str] = []

    def program(self, door: ProgramDoor, pool: ThreadPoolExecutor) -> list[Any]:
        def note(text: str) -> Any:
            return door.call("note", text, {}, timeout_s=None, cancellation=Cancellation())

        return [answer.value for answer in pool.map(note, ["x", "y", "x", "z"])]

    def carry_out(self, run_id: str, *, resumed: bool, monkeypatch: pytest.MonkeyPatch) -> Runner:
        @tool(effect="write")
        def note(text: str) -> str:
            """Note a text."""
            self.noted.append(text)
            return f"{text} is noted"

        log = (
            self.journal.reopen(run_id)
            if resumed
            else self.journal.begin(run_id, name="", plan='{"steps":[]}', steps=0, inputs={}, options={}, at=1.0)
        )
        state = RunState(PLAN, Rules(unrepeatable=frozenset({"note"})), run_id)
        if resumed:
            for event in self.journal.events(run_id):
                apply(event, state)
        runner = Runner(
            state,
            log=log,
            stream=Stream(),
            executor=warm_executor(),
            caller=Door(Broker(), {"note": note}),
            sources=Sources(),
            folder=Path(),
            clock=steady_clock(),
        )

        def perform(work: Work, caller: StepCaller) -> ToolResult:
            assert isinstance(caller, Door)
            records = StepRecords(work, runner.tell)
            with ThreadPoolExecutor(4) as pool:
                door = ProgramDoor(caller, Program(run_id, "a", record=records.of), Fallback())
                return ToolResult(self.program(door, pool))

        monkeypatch.setattr("overseer.running.dispatch.perform", perform)
        try:
            runner.run([RunResumed(2.0)] if resumed else [RunStarted(1.0, run_id, {})])
        finally:
            log.close()
        return runner


@pytest.fixture
def scene(tmp_path: Path) -> Any:
    with Journal.open(tmp_path / "journal.db") as journal:
        yield Scene(journal)


def test_every_call_is_in_the_journal_before_and_after_it_was_made(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = scene.carry_out("r1", resumed=False, monkeypatch=monkeypatch)
    assert runner.state.output == ["x is noted", "y is noted", "x is noted", "z is noted"]
    events = list(scene.journal.events("r1"))
    begun = [event.call for event in events if isinstance(event, ToolCalled)]
    ended = [event.call for event in events if isinstance(event, ToolReturned)]
    assert len(set(begun)) == 4
    assert sorted(begun) == sorted(ended)


@pytest.mark.parametrize("kept", range(4))
def test_a_program_that_begins_anew_repeats_no_call_that_had_ended(
    scene: Scene, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal takes so many results of calls, and then nothing more."""
    from overseer.journal.runlog import RunLog

    append, results = RunLog.append, 0

    def full(log: RunLog, events: Any) -> None:
        nonlocal results
        results += sum(isinstance(event, ToolReturned) for event in events)
        if results > kept:
            raise JournalError("the disk is full")
        append(log, events)

    with monkeypatch.context() as patched:
        patched.setattr(RunLog, "append", full)
        with pytest.raises(JournalError):
            scene.carry_out("r1", resumed=False, monkeypatch=patched)
    returned = [event for event in scene.journal.events("r1") if isinstance(event, ToolReturned)]
    before = len(scene.noted)
    runner = scene.carry_out("r1", resumed=True, monkeypatch=monkeypatch)
    assert runner.state.output == ["x is noted", "y is noted", "x is noted", "z is noted"]
    assert len(scene.noted) - before == 4 - len(returned)


def test_a_call_that_failed_fails_again_without_being_made(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(door: ProgramDoor, pool: ThreadPoolExecutor) -> list[Any]:
        answer = door.call("note", "", {"txt": 1}, timeout_s=None, cancellation=Cancellation())
        assert answer.failure is not None
        return [answer.failure.message]

    monkeypatch.setattr(scene, "program", fails)
    runner = scene.carry_out("r1", resumed=False, monkeypatch=monkeypatch)
    assert "txt" in runner.state.output[0]
    assert scene.noted == []
