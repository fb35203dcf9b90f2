"""Runs of one process that write the same: they take turns, whoever came later waits, and nobody waits for ever."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Semaphore
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overseer import Engine
from overseer.broker.attempts import warm_executor
from overseer.broker.broker import Broker, Door
from overseer.broker.writers import InTheWay, Writers
from overseer.errors import JournalError
from overseer.journal.journal import Journal
from overseer.journal.writelocks import HeldFiles, Holder, WriteLocks
from overseer.kernel.events import (
    RunStarted,
    StepCancelled,
    StepHeld,
    StepInterrupted,
    StepReleased,
    StepStarted,
)
from overseer.kernel.foreseen import foreseen_writes
from overseer.kernel.rules import Rules
from overseer.kernel.state import RunState
from overseer.plan import completed, plan_from
from overseer.running.engine import Run
from overseer.running.given import effects_of
from overseer.running.runner import Runner
from overseer.running.stream import Stream
from overseer.sources import Sources
from overseer.tool import Cancellation, ToolContext, ToolError, tool
from tests.fakes import Latch, MemoryLog
from tests.program import LoadedChild
from tests.running.test_stopping import PATIENCE_S, Seen

FOLDER = Path("/place")


class Writing:
    """Tools that write files, and whoever finds another run at the same file."""

    def __init__(self) -> None:
        self.latches: dict[str, Latch] = {}
        self.dwell_s = 0.0  # so that a clash is seen
        self.begun: list[tuple[str, str]] = []
        self.clashes: list[str] = []
        self._at: dict[str, Counter[str]] = {}
        self._lock = threading.Lock()
        self.tools = [tool(effect="write", writes=["file:{path}"])(self.keep), tool(self.say), tool(self.fail)]
        self.failing = Latch()

    def keep(self, path: str, context: ToolContext, text: str = "") -> str:
        """Write a file."""
        with self._lock:
            at = self._at.setdefault(path, Counter())
            at[context.run_id] += 1
            self.clashes += [path] * (len(+at) > 1)
            self.begun.append((context.run_id, path))
        time.sleep(self.dwell_s)
        if path in self.latches:
            self.latches[path].wait()
        with self._lock:
            at[context.run_id] -= 1
        return path

    def say(self, text: str) -> str:
        """Give a text back."""
        return text

    def fail(self) -> None:
        """Fail, once it is let."""
        self.failing.wait()
        raise ToolError("it failed")


def keeps(path: str, step_id: str = "keep", **more: Any) -> dict[str, Any]:
    return {"step_id": step_id, "tool": "keep", "args": {"path": path}, **more}


@pytest.fixture
def writing() -> Writing:
    return Writing()


@pytest.fixture
def engine(writing: Writing) -> Engine:
    return Engine(writing.tools, folder=FOLDER)


def begun(engine: Engine, *steps: dict[str, Any], seen: Seen | None = None) -> Run:
    return engine.start({"steps": list(steps)}, watch=seen)


def test_the_run_that_came_later_waits_for_the_end_of_the_first_and_says_so(engine: Engine, writing: Writing) -> None:
    last, seen = writing.latches.setdefault("/there/z", Latch()), Seen()
    first = begun(engine, keeps("a.md"), keeps("/there/z", "then", depends_on=["keep"]))
    last.wait_until_reached()
    engine.broker.writers.know_as(first.run_id, "job 1")
    second = begun(engine, {"step_id": "look", "tool": "say", "args": {"text": "before"}}, keeps("./a.md"), seen=seen)
    for held in seen.wait_for(StepHeld, 2):  # nothing of it is begun, be it that it writes nothing itself
        assert held.what == "job 1, which writes a.md too"
    assert [run_id for run_id, _ in writing.begun] == [first.run_id] * 2
    last.open()
    assert second.wait(PATIENCE_S).succeeded
    assert first.wait(PATIENCE_S).succeeded
    assert writing.begun[-1] == (second.run_id, "./a.md")


def test_runs_that_write_different_files_overlap_and_so_do_those_that_only_read(
    engine: Engine, writing: Writing
) -> None:
    latch = writing.latches.setdefault("a", Latch())
    first = begun(engine, keeps("a"))
    latch.wait_until_reached()
    assert engine.run({"steps": [keeps("b")]}).succeeded
    assert engine.run({"steps": [{"step_id": "look", "tool": "say", "args": {"text": "a"}}]}).succeeded
    latch.open()
    assert first.wait(PATIENCE_S).succeeded


def test_a_path_that_is_known_on_the_way_is_waited_for_by_its_step_alone(engine: Engine, writing: Writing) -> None:
    latch, seen = writing.latches.setdefault("a", Latch()), Seen()
    first = begun(engine, keeps("a"))
    latch.wait_until_reached()
    name = {"step_id": "name", "tool": "say", "args": {"text": "a"}}
    second = begun(engine, name, keeps("{{name}}", depends_on=["name"]), seen=seen)
    (held,) = seen.wait_for(StepHeld, 1)
    assert held.key == "keep"
    latch.open()
    assert second.wait(PATIENCE_S).succeeded
    assert first.wait(PATIENCE_S).succeeded
    assert not writing.clashes


def test_the_run_that_came_first_waits_for_a_call_but_for_no_run_that_came_later(
    engine: Engine, writing: Writing
) -> None:
    gate, a = writing.latches.setdefault("gate", Latch()), writing.latches.setdefault("a", Latch())
    rest, seen = writing.latches.setdefault("rest", Latch()), Seen()
    name = {"step_id": "name", "tool": "say", "args": {"text": "a"}, "depends_on": ["gate"]}
    first = begun(engine, keeps("gate", "gate"), name, keeps("{{name}}", depends_on=["name"]), seen=seen)
    gate.wait_until_reached()
    second = begun(engine, keeps("a"), keeps("rest", "rest", depends_on=["keep"]))
    a.wait_until_reached()
    gate.open()
    (held,) = seen.wait_for(StepHeld, 1)
    assert (held.key, held.run) == ("keep", f"run {second.run_id}")
    a.open()
    rest.wait_until_reached()
    assert first.wait(PATIENCE_S).succeeded  # while the second is still under way
    rest.open()
    assert second.wait(PATIENCE_S).succeeded
    assert not writing.clashes


@pytest.mark.parametrize("hard", [False, True], ids=["gently", "at once"])
def test_a_run_that_waits_is_stopped_at_once_and_has_done_nothing(tmp_path: Path, writing: Writing, hard: bool) -> None:
    latch, seen = writing.latches.setdefault("a", Latch()), Seen()
    writing.tools[0] = tool(effect="write", writes=["file:{path}"], idempotent=False)(writing.keep)
    with Journal.open(tmp_path / "journal.db") as journal:
        engine = Engine(writing.tools, folder=FOLDER, journal=journal)
        first = begun(engine, keeps("a"))
        latch.wait_until_reached()
        second = begun(engine, keeps("a"), seen=seen)
        seen.wait_for(StepHeld, 1)
        second.cancel(hard=hard)
        (given_up,) = seen.wait_for(StepInterrupted, 1)
        assert not given_up.has_begun
        assert second.wait(PATIENCE_S).status == "cancelled"
        latch.open()
        assert first.wait(PATIENCE_S).succeeded
        # Nobody has to decide about a step that did nothing.
        assert engine.resume(second.run_id).succeeded
        assert [run_id for run_id, _ in writing.begun] == [first.run_id, second.run_id]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "journal.db") as journal:
        yield journal


def test_that_a_step_waits_no_more_is_in_the_journal_before_it_begins(journal: Journal, writing: Writing) -> None:
    latch, seen = writing.latches.setdefault("a", Latch()), Seen()
    known: list[list[str]] = []

    def look(path: str, context: ToolContext) -> str:
        """Write a file, and look what the journal says of that."""
        known.append([event.key for event in journal.events(context.run_id) if isinstance(event, StepReleased)])
        return path

    looks = tool(effect="write", writes=["file:{path}"], idempotent=False)(look)
    engine = Engine([*writing.tools, looks], folder=FOLDER, journal=journal)
    first = begun(engine, keeps("a"))
    latch.wait_until_reached()
    second = begun(engine, {"step_id": "look", "tool": "look", "args": {"path": "a"}}, seen=seen)
    (held,) = seen.wait_for(StepHeld, 1)
    assert not held.has_begun
    latch.open()
    assert second.wait(PATIENCE_S).succeeded
    assert first.wait(PATIENCE_S).succeeded
    assert known == [["look"]]


def test_a_run_that_was_killed_while_it_waited_goes_on_unasked_with_its_first_attempt(
    journal: Journal, tmp_path: Path, writing: Writing
) -> None:
    latch, seen = writing.latches.setdefault("a", Latch()), Seen()
    writing.tools[0] = tool(effect="write", writes=["file:{path}"], idempotent=False)(writing.keep)
    engine = Engine(writing.tools, folder=FOLDER, journal=journal)
    first = begun(engine, keeps("a"))
    latch.wait_until_reached()
    second = begun(engine, keeps("a"), seen=seen)
    seen.wait_for(StepHeld, 1)
    left = tmp_path / "left.db"  # what a kill at this moment would leave
    with closing(sqlite3.connect(journal.path)) as source, closing(sqlite3.connect(left)) as copy:
        source.backup(copy)
    latch.open()
    assert first.wait(PATIENCE_S).succeeded
    assert second.wait(PATIENCE_S).succeeded
    with Journal.open(left) as killed:
        assert Engine(writing.tools, folder=FOLDER, journal=killed).resume(second.run_id).succeeded
        attempts = [event.attempt for event in killed.events(second.run_id) if isinstance(event, StepStarted)]
    assert attempts == [1, 1]


def test_a_step_whose_release_the_journal_refuses_is_not_begun_and_not_waited_for(writing: Writing) -> None:
    writers, log = Writers(), MemoryLog(refuse=lambda batch: batch >= 3)
    tools = {one.name: one for one in writing.tools}
    effects = {one.name: effects_of(one) for one in writing.tools if one.writes}
    state = RunState(
        completed(plan_from({"steps": [keeps("a")]}).plan)[0], Rules(effects=effects, folder="/place"), "run"
    )
    stream = Stream([lambda event: writers.expect("other", frozenset()) if isinstance(event, StepHeld) else None])
    runner = Runner(
        state,
        log=log,
        stream=stream,
        executor=warm_executor(),
        caller=Door(Broker(), tools),
        sources=Sources(),
        folder=FOLDER,
        clock=time.monotonic,
        writers=writers,
    )
    begun_at = time.monotonic()
    with writers.present("other"):
        writers.expect("other", frozenset({"file:/place/a"}))
        with pytest.raises(JournalError, match="disk is full"):
            runner.run([RunStarted(0.0, "run", {})])
    assert [type(event) for event in log.events] == [RunStarted, StepStarted, StepHeld]
    assert not writing.begun
    assert time.monotonic() - begun_at < Rules().grace_s / 2


def test_waiting_takes_nothing_from_the_time_that_a_step_may_take(engine: Engine, writing: Writing) -> None:
    latch, seen = writing.latches.setdefault("a", Latch()), Seen()
    first = begun(engine, keeps("a"))
    latch.wait_until_reached()
    second = begun(engine, keeps("a", timeout=0.05), seen=seen)
    (held,) = seen.wait_for(StepHeld, 1)
    assert not latch.is_open_within(0.1)
    latch.open()
    (released,) = seen.wait_for(StepReleased, 1)
    assert released.at - held.at >= 0.1
    assert second.wait(PATIENCE_S).succeeded
    assert first.wait(PATIENCE_S).succeeded


def test_a_step_that_is_given_up_while_it_waits_leaves_nothing_behind(engine: Engine, writing: Writing) -> None:
    latch, seen = writing.latches.setdefault("a", Latch()), Seen()
    first = begun(engine, keeps("a"))
    latch.wait_until_reached()
    name = {"step_id": "name", "tool": "say", "args": {"text": "a"}}
    fails = {"step_id": "fails", "tool": "fail", "args": {}}
    second = engine.start(
        {"steps": [name, keeps("{{name}}", depends_on=["name"]), fails], "on_error": "fail_fast"}, watch=seen
    )
    seen.wait_for(StepHeld, 1)
    writing.failing.open()
    (given_up,) = seen.wait_for(StepCancelled, 1)
    assert given_up.key == "keep"
    assert second.wait(PATIENCE_S).status == "failed"
    latch.open()
    assert first.wait(PATIENCE_S).succeeded
    assert engine.run({"steps": [keeps("a")]}).succeeded


def test_a_run_keeps_its_place_where_somebody_sees_to_it(engine: Engine, writing: Writing) -> None:
    """As while another plan is made for the rest of a run that failed."""
    writers, woken = Writers(), threading.Event()
    with writers.present("one"):
        with writers.present("one"):
            writers.expect("one", frozenset({"file:/a"}))
        with writers.present("two"):
            assert writers.ahead("two", ["file:/a"], woken.set) == InTheWay("run one", "file:/a")
            assert writers.ahead("one", ["file:/a"], woken.set) is None
            writers.expect("one", frozenset({"file:/b"}))
            assert woken.is_set()
            assert writers.ahead("two", ["file:/a"], woken.set) is None
            writers.expect("two", frozenset({"file:/b"}))
            assert writers.ahead("two", (), woken.set) == InTheWay("run one", "file:/b")


def test_a_call_that_is_part_of_another_does_not_wait() -> None:
    writers, none = Writers(), Cancellation()
    with (
        writers.writing("one", ["file:/a"], none, lambda other: None),
        writers.writing("one", ["file:/a"], none, lambda other: None),  # a run is not in its own way
        pytest.raises(ToolError, match="file:/a is being written by run one") as raised,
        writers.writing("two", ["file:/a"], none, lambda other: None, may_wait=False),
    ):
        pass
    assert raised.value.kind == "transient"


# --- other processes

HOLD = """
import sys
from pathlib import Path
from overseer.journal.writelocks import WriteLocks
held = WriteLocks(Path(sys.argv[1])).take(sys.argv[2:], "run there")
print("held", flush=True)
sys.stdin.readline()
held.release()
sys.stdin.readline()
"""


@pytest.fixture
def locks(tmp_path: Path) -> WriteLocks:
    return WriteLocks(tmp_path / "locks")


def engine_of(writing: Writing, locks: WriteLocks) -> Engine:
    return Engine(writing.tools, folder=FOLDER, broker=Broker(writers=Writers(locks)))


@pytest.mark.parametrize("is_killed", [False, True], ids=["ends", "is killed"])
def test_a_run_waits_for_another_process_that_writes_the_same_and_says_for_which(
    writing: Writing, locks: WriteLocks, tmp_path: Path, is_killed: bool
) -> None:
    seen, engine = Seen(), engine_of(writing, locks)
    with LoadedChild(HOLD, tmp_path / "locks", "file:/place/a.md") as other:
        assert other.hear() == "held"
        run = begun(engine, keeps("b.md", "first"), keeps("a.md", depends_on=["first"]), seen=seen)
        (held,) = seen.wait_for(StepHeld, 1)
        assert held.what == f"run there in process {other.pid}, which writes a.md too"
        assert not held.has_begun
        assert not writing.begun
        if is_killed:
            other.kill()
        else:
            other.tell()
        assert run.wait(PATIENCE_S).succeeded
        taken = locks.take(["file:/place/a.md", "file:/place/b.md"], "run next")
        assert isinstance(taken, HeldFiles), "nothing is held any more"
        taken.release()


def test_a_run_that_waits_for_another_process_says_so_once_and_can_be_given_up(
    writing: Writing, locks: WriteLocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("overseer.broker.writers.LOOK_AGAIN_S", 0.005)
    engine, looked, held = engine_of(writing, locks), Semaphore(0), list[StepHeld]()
    ahead = engine.broker.writers.ahead

    def counted(*args: Any) -> Any:
        looked.release()
        return ahead(*args)

    monkeypatch.setattr(engine.broker.writers, "ahead", counted)
    with locks.holding(["file:/place/a"], "an undo"):
        run = engine.start(
            {"steps": [keeps("a")]}, watch=lambda event: held.append(event) if isinstance(event, StepHeld) else None
        )
        for _ in range(4):
            assert looked.acquire(timeout=PATIENCE_S)
        run.cancel()
        assert run.wait(PATIENCE_S).status == "cancelled"
    assert [one.run for one in held] == ["an undo in this process"]
    assert not writing.begun


def test_a_run_that_waits_for_another_process_is_in_nobodys_way(writing: Writing, locks: WriteLocks) -> None:
    seen, engine = Seen(), engine_of(writing, locks)
    with locks.holding(["file:/place/a"], "an undo"):
        first = begun(engine, keeps("a"), keeps("b", "other"), seen=seen)
        seen.wait_for(StepHeld, 2)
        assert begun(engine, keeps("b")).wait(PATIENCE_S).succeeded
    assert first.wait(PATIENCE_S).succeeded


def test_who_follows_another_plan_holds_what_that_one_writes(writing: Writing, locks: WriteLocks) -> None:
    latch, engine = writing.latches.setdefault("a", Latch()), engine_of(writing, locks)
    run = begun(engine, keeps("a"))
    latch.wait_until_reached()
    assert isinstance(locks.take(["file:/place/a"], "x"), Holder)
    then = writing.latches.setdefault("c", Latch())
    run.change({"steps": [keeps("a"), keeps("c", "then", depends_on=["keep"])]})
    latch.open()
    then.wait_until_reached()
    assert isinstance(locks.take(["file:/place/c"], "x"), Holder)
    then.open()
    assert run.wait(PATIENCE_S).succeeded


# --- what a plan is known to write

INNER = {"inputs": {"to": {"default": "d"}}, "steps": [keeps("{{inputs.to}}"), keeps("c", "other")]}


def test_who_is_writing_keeps_its_files_while_another_process_has_some_of_a_new_plan(tmp_path: Path) -> None:
    locks, elsewhere = WriteLocks(tmp_path), WriteLocks(tmp_path)
    writers = Writers(locks)
    other = elsewhere.take(["file:/b"], "run other")
    assert isinstance(other, HeldFiles)
    with writers.present("r"):
        writers.expect("r", frozenset({"file:/a"}))
        assert writers.ahead("r", (), lambda: None) is None
        with writers.writing("r", ["file:/a"], Cancellation(), lambda _: None):
            writers.expect("r", frozenset({"file:/a", "file:/b"}))
            assert writers.ahead("r", (), lambda: None) is not None
            assert isinstance(elsewhere.take(["file:/a"], "run other"), Holder)
        assert writers.ahead("r", (), lambda: None) is not None
        late = elsewhere.take(["file:/a"], "run other", other)
        assert late is other  # nobody waits in a ring
        other.release()
        assert writers.ahead("r", (), lambda: None) is None
        assert isinstance(elsewhere.take(["file:/a"], "run other"), Holder)


@pytest.mark.parametrize(
    ("steps", "known"),
    [
        ([keeps("a"), keeps("sub/../b", "other")], {"a", "b"}),
        ([keeps("{{inputs.name}}.md")], {"x.md"}),
        ([{"step_id": "s", "tool": "say", "args": {"text": "a"}}, keeps("{{s}}")], set()),
        ([{"step_id": "s", "tool": "say", "args": {"text": "a"}},
          {"step_id": "k", "tool": "keep", "args": {"path": "a", "text": "{{s}}"}}], {"a"}),
        ([{"step_id": "e", "for_each": [1, 2], "steps": [keeps("a"), keeps("{{item}}", "other")]}], {"a"}),
        ([{"step_id": "o", "on": {"timer": "1s"}, "steps": [keeps("a")]}], set()),
        ([{"step_id": "w", "workflow": "w", "args": {"to": "{{inputs.name}}"}, "plan": INNER}], {"x", "c"}),
        ([{"step_id": "w", "workflow": "w", "plan": INNER}], {"c", "d"}),
        ([{"step_id": "w", "workflow": "w", "args": {"to": "{{s}}"}, "plan": INNER},
          {"step_id": "s", "tool": "say", "args": {"text": "a"}}], {"c"}),
    ],
)  # fmt: skip
def test_what_hangs_on_no_step_is_known_beforehand(writing: Writing, steps: list[Any], known: set[str]) -> None:
    draft = plan_from({"inputs": {"name": {"default": "x"}}, "steps": steps})
    assert not draft.faults
    effects = {one.name: effects_of(one) for one in writing.tools if one.writes}
    found = foreseen_writes(completed(draft.plan)[0], {"name": "x"}, Rules(effects=effects, folder="/place"))
    assert found == {f"file:/place/{name}" for name in known}


# --- no ring

NAMES = st.sampled_from("abc")
STEPS = st.lists(st.tuples(NAMES, st.booleans()), min_size=1, max_size=4)


def plan_of(steps: list[tuple[str, bool]], *, is_chain: bool) -> dict[str, Any]:
    """Steps that write, some of them to where another step says."""
    found: list[dict[str, Any]] = []
    for number, (name, is_known) in enumerate(steps):
        needs = [f"k{number - 1}"] if is_chain and number else []
        if is_known:
            found.append(keeps(name, f"k{number}", depends_on=needs))
        else:
            found.append({"step_id": f"n{number}", "tool": "say", "args": {"text": name}, "depends_on": needs})
            found.append(keeps(f"{{{{n{number}}}}}", f"k{number}", depends_on=[f"n{number}"]))
    return {"steps": found}


@pytest.fixture(scope="module")
def pools() -> Iterator[dict[int, ThreadPoolExecutor]]:
    pools = {size: ThreadPoolExecutor(size) for size in (1, 3)}
    yield pools
    for pool in pools.values():
        pool.shutdown()


@settings(max_examples=40, deadline=None)
@given(plans=st.lists(st.tuples(STEPS, st.booleans()), min_size=2, max_size=4), threads=st.sampled_from([1, 3]))
def test_all_runs_come_to_their_end_and_no_two_write_the_same_at_once(
    pools: dict[int, ThreadPoolExecutor], plans: list[tuple[list[tuple[str, bool]], bool]], threads: int
) -> None:
    """Even on a single thread that they all share."""
    writing = Writing()
    writing.dwell_s = 0.001
    engine = Engine(writing.tools, folder=FOLDER, executor=pools[threads])
    runs = [engine.start(plan_of(steps, is_chain=is_chain)) for steps, is_chain in plans]
    assert all(run.wait(PATIENCE_S).succeeded for run in runs)
    assert not writing.clashes


@settings(max_examples=25, deadline=None)
@given(plans=st.lists(st.tuples(STEPS, st.booleans()), min_size=2, max_size=5))
def test_all_runs_of_several_processes_come_to_their_end(
    pools: dict[int, ThreadPoolExecutor], plans: list[tuple[list[tuple[str, bool]], bool]]
) -> None:
    """Engines that know nothing of each other but the locks; what is known beforehand is written by one at a time."""
    writing = Writing()
    writing.dwell_s = 0.001
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("overseer.broker.writers.LOOK_AGAIN_S", 0.002)
        engines = [
            Engine(writing.tools, folder=FOLDER, executor=pools[3], broker=Broker(writers=Writers(WriteLocks(there))))
            for there in [Path(folder)] * 2
        ]
        runs = [
            engines[number % 2].start(plan_of(steps, is_chain=is_chain))
            for number, (steps, is_chain) in enumerate(plans)
        ]
        assert all(run.wait(PATIENCE_S).succeeded for run in runs)
        if all(is_known for steps, _ in plans for _, is_known in steps):
            assert not writing.clashes
        assert os.listdir(folder) == []
