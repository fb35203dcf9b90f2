"""Runs and their events: nothing lost, nothing twice, one owner, plain words when it fails."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from itertools import islice
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer import jsonvalue
from overseer.commands.sessions import interrupted_by_session
from overseer.errors import Failure, JournalError, RunBusy, RunNotFound
from overseer.ids import new_run_id
from overseer.journal import database, runlog
from overseer.journal.database import Database
from overseer.journal.journal import Journal
from overseer.journal.runlog import NoLog, RunLog
from overseer.journal.schema import MIGRATIONS
from overseer.jsonvalue import json_text
from overseer.kernel.events import (
    CancelAsked,
    Event,
    PlanChanged,
    RoundClosed,
    RunFinished,
    RunResumed,
    RunStarted,
    StepFailed,
    StepStarted,
    StepSucceeded,
    ToolCalled,
    ToolReturned,
    to_record,
)
from overseer.stopreasons import CHAT_LEFT, PROGRAM_ENDS, by_signal
from tests.program import LoadedChild
from tests.strategies import all_events, objects, unhurried

PLAN = {"name": "joke", "steps": [{"step_id": "joke", "tool": "t"}, {"step_id": "fr", "tool": "t"}], "output": "{{fr}}"}
LARGE = "ü" * 5000

OWNER = """
import sys
from pathlib import Path
from overseer.journal.journal import Journal
from overseer.kernel.events import RunStarted, StepStarted, StepSucceeded
journal = Journal.open(Path(sys.argv[1]))
run_id, batches, size = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
log = journal.begin(run_id, name=run_id, plan="{}", steps=0, inputs={}, options={}, at=1.0)
print("begun", flush=True)
sys.stdin.readline()
for batch in range(batches):
    log.append([StepSucceeded(float(batch), f"s{place}", [run_id, batch, place]) for place in range(size)])
    if batch == 20:
        print("well under way", flush=True)
print("done", flush=True)
sys.stdin.readline()
log.close()
journal.close()
"""

RACER = """
import sys
from pathlib import Path
from overseer.errors import RunBusy
from overseer.journal.journal import Journal
with Journal.open(Path(sys.argv[1])) as journal:
    for run_id in sys.stdin:
        try:
            journal.reopen(run_id.strip())
            print("won", flush=True)
        except RunBusy as busy:
            print("busy", flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with Journal.open(path, busy_timeout_s=0.05) as journal:
        yield journal


def begin(journal: Journal, run_id: str = "r1", at: float = 1.0, name: str = "joke") -> RunLog:
    return journal.begin(
        run_id, name=name, plan=json_text(PLAN), steps=2, inputs={"topic": "cats"}, options={"journal": "on"}, at=at
    )


def events_of(count: int, value: object = "x") -> list[Event]:
    return [StepSucceeded(float(place), f"s{place}", value) for place in range(count)]


def test_large_values_of_calls_are_kept_once(path, journal):
    events = [ToolCalled(1.0, "a", "1", "t", {"text": LARGE}), ToolReturned(2.0, "a", "1", LARGE)]
    with begin(journal) as log:
        log.append([*events, StepSucceeded(3.0, "a", LARGE)])
    assert list(journal.events("r1"))[:2] == events
    assert blobs_in(path) == 2


def status_of(journal: Journal, run_id: str) -> str:
    return journal.run(run_id).summary.status


def blobs_in(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT count(*) FROM blobs").fetchone()[0]


# --- what is kept


def test_a_run_keeps_what_it_began_with(journal):
    begin(journal).close()
    run = journal.run("r1")
    assert (run.run_id, run.plan, run.inputs, run.options) == ("r1", PLAN, {"topic": "cats"}, {"journal": "on"})


@unhurried
@given(events=st.lists(all_events, max_size=30), data=st.data())
def test_events_appended_in_any_batches_read_back_equal_and_in_order(tmp_path_factory, events, data):
    with Journal.open(tmp_path_factory.mktemp("home") / "journal.db") as journal, begin(journal) as log:
        rest = events
        while rest:
            size = data.draw(st.integers(1, len(rest)))
            log.append(rest[:size])
            rest = rest[size:]
        back = list(journal.events("r1"))
        assert back == events
        assert [repr(to_record(event)) for event in back] == [repr(to_record(event)) for event in events]
        assert list(journal.events("r1", after=len(events) // 2)) == events[len(events) // 2 :]
        assert journal.check() == []


@unhurried
@given(plan=objects, inputs=objects, options=objects, name=st.text(st.characters()))
def test_any_json_and_any_name_can_be_kept(tmp_path_factory, plan, inputs, options, name):
    plan = plan | {"steps": []}
    with Journal.open(tmp_path_factory.mktemp("home") / "journal.db") as journal:
        journal.begin("r1", name=name, plan=json_text(plan), steps=0, inputs=inputs, options=options, at=1.0).close()
        run = journal.run("r1")
        assert (run.plan, run.inputs, run.options) == (plan, inputs, options)
        assert run.summary.name == name.encode("utf-8", "replace").decode()


def test_events_are_read_page_by_page_and_while_others_are_appended(journal, path):
    count = 450
    with begin(journal) as log:
        log.append(events_of(count))
        reading = journal.events("r1")
        first = list(islice(reading, 10))
        log.append([RunFinished(9.0, "succeeded")])
        assert [*first, *reading] == [*events_of(count), RunFinished(9.0, "succeeded")]


def test_two_runs_do_not_see_each_others_events(journal):
    with begin(journal, "r1") as first, begin(journal, "r2") as second:
        for place in range(3):
            first.append([StepStarted(1.0, f"a{place}")])
            second.append([StepStarted(1.0, f"b{place}")])
    assert [event.key for event in journal.events("r1")] == ["a0", "a1", "a2"]
    assert [event.key for event in journal.events("r2")] == ["b0", "b1", "b2"]


def test_a_large_value_is_kept_once_and_put_back_everywhere(journal, path):
    events = [
        RunStarted(1.0, "r1", {"text": LARGE}),
        StepSucceeded(2.0, "joke", LARGE),
        StepSucceeded(2.5, "fr", "small"),
        RoundClosed(3.0, "map", 0, "succeeded", LARGE),
        RunFinished(4.0, "succeeded", LARGE),
    ]
    with begin(journal) as log:
        log.append(events[:2])
        log.append(events[2:])
    assert list(journal.events("r1")) == events
    assert blobs_in(path) == 2  # the inputs, and the value of three events


def test_what_is_no_json_is_refused_and_the_log_goes_on(journal):
    with begin(journal) as log:
        for value in (object(), float("nan"), {1, 2}):
            with pytest.raises((TypeError, ValueError)):
                log.append([StepStarted(1.0, "fr"), StepSucceeded(2.0, "fr", value)])
        log.append([StepStarted(1.0, "fr")])
    assert list(journal.events("r1")) == [StepStarted(1.0, "fr")]


def test_what_is_too_large_is_named_and_the_log_goes_on(journal, monkeypatch):
    monkeypatch.setattr(runlog, "LARGEST_VALUE", 20_000)
    with begin(journal) as log:
        with pytest.raises(JournalError, match="the value of map is larger than 256 MB as JSON; return less, or write"):
            log.append([StepStarted(1.0, "fr"), StepSucceeded(2.0, "map", ["x" * 10_000, "y" * 10_000])])
        log.append([StepStarted(1.0, "fr"), StepSucceeded(2.0, "fr", "x" * 19_998)])
    assert len(list(journal.events("r1"))) == 2
    monkeypatch.setattr(jsonvalue, "LARGEST_VALUE", 20_000)
    with pytest.raises(JournalError, match="the input of the run is larger than 256 MB"):
        journal.begin("r2", name="", plan=json_text(PLAN), steps=2, inputs={"text": "x" * 20_000}, options={}, at=1.0)


def test_an_empty_batch_is_nothing(journal):
    with begin(journal) as log:
        log.append([])
    assert list(journal.events("r1")) == []


# --- what lists show


def test_lists_begin_with_the_newest_run(journal):
    for place in range(5):
        begin(journal, f"r{place}", at=float(place)).close()
    assert [run.run_id for run in journal.runs(limit=3)] == ["r4", "r3", "r2"]
    assert len(journal.runs()) == 5


def test_a_run_is_shown_as_it_stands(journal):
    log = begin(journal)
    assert (status_of(journal, "r1"), journal.runs()[0].is_owned) == ("running", True)
    log.close()
    assert (status_of(journal, "r1"), journal.runs()[0].is_owned) == ("interrupted", False)

    log = journal.reopen("r1")
    log.append([StepFailed(2.0, "fr", Failure("tool", "no")), RunFinished(3.0, "failed")])
    assert status_of(journal, "r1") == "failed"
    assert journal.runs()[0].ended == 3.0
    log.append([RunResumed(4.0)])
    assert (status_of(journal, "r1"), journal.runs()[0].ended) == ("running", None)
    log.append([RunFinished(5.0, "succeeded")])
    log.close()
    assert (status_of(journal, "r1"), journal.runs()[0].ended) == ("succeeded", 5.0)


def test_a_run_that_ends_while_it_is_looked_at_is_not_called_interrupted(journal, monkeypatch):
    log = begin(journal)
    is_held = journal._locks.is_held

    def ends_first(run_id: str) -> bool:
        log.append([RunFinished(3.0, "succeeded")])
        log.close()
        return is_held(run_id)

    monkeypatch.setattr(journal._locks, "is_held", ends_first)
    assert journal.runs()[0].status == "succeeded"


def test_steps_of_the_plan_are_counted_without_those_inside_scopes(journal):
    with begin(journal) as log:
        log.append([StepSucceeded(1.0, "joke", 1), StepSucceeded(1.0, "map[0]/fr", 1), StepStarted(1.0, "fr")])
        assert (journal.runs()[0].succeeded, journal.runs()[0].steps) == (1, 2)
        log.append([PlanChanged(2.0, {"steps": [*PLAN["steps"], {"step_id": "es", "tool": "t"}]})])
        assert journal.runs()[0].steps == 3


# --- finding a run


def test_a_run_is_found_by_its_id_or_a_beginning_that_fits_no_other(journal):
    for run_id in ("1jd3k2", "1jd3k2x", "1jdq00"):
        begin(journal, run_id).close()
    assert journal.run("1jd3k2").run_id == "1jd3k2"
    assert journal.run("1jdq").run_id == "1jdq00"
    assert journal.run(" LJDQO").run_id == "1jdq00"


def test_an_ambiguous_beginning_names_the_candidates(journal):
    for place in range(7):
        begin(journal, f"1jd{place}", name=f"joke {place}").close()
    with pytest.raises(RunNotFound, match=r"'1jd' could be several runs; .*: 1jd6 \(joke 6\), .*1jd2 \(joke 2\), …"):
        journal.run("1jd")


@pytest.mark.parametrize("text", ["zzz", "", "r1%", "r'1", "\U0010ffff", "r\udce9"])
def test_an_unknown_run_names_the_newest(journal, text):
    with pytest.raises(RunNotFound, match="holds no run yet"):
        journal.run(text)
    begin(journal).close()
    with pytest.raises(RunNotFound, match=r"the newest are: r1 \(joke\)"):
        journal.run(text)


def test_an_unknown_run_can_neither_be_read_nor_reopened(journal):
    with pytest.raises(RunNotFound, match="no run is called 'r9'"):
        journal.events("r9")
    with pytest.raises(RunNotFound, match="no run is called 'r9'"):
        journal.reopen("r9")


def test_an_id_is_used_once(journal):
    begin(journal).close()
    with pytest.raises(JournalError, match="has a run r1 already"):
        begin(journal)
    journal.reopen("r1").close()


# --- one owner


def test_a_run_has_one_owner(journal, path):
    log = begin(journal)
    with pytest.raises(RunBusy, match="in this process"):
        journal.reopen("r1")
    with Journal.open(path) as other, pytest.raises(RunBusy):
        other.reopen("r1")
    log.close()
    log.close()
    with journal.reopen("r1") as again, pytest.raises(RunBusy):
        journal.reopen(again.run_id)


def test_closing_the_journal_gives_up_its_runs_from_any_thread(path):
    journal = Journal.open(path)
    begin(journal).append(events_of(1))
    closing_thread = Thread(target=journal.close)
    closing_thread.start()
    closing_thread.join()
    with Journal.open(path) as later:
        later.reopen("r1").close()
        assert list(later.events("r1")) == events_of(1)
    assert {file.name for file in path.parent.iterdir()} == {"journal.db", "journal.db-locks"}


def test_threads_with_a_run_each_do_not_disturb_each_other(journal):
    faults = []

    def carry_out(run_id: str) -> None:
        try:
            with begin(journal, run_id) as log:
                for place in range(50):
                    log.append([StepSucceeded(1.0, run_id, place)])
        except Exception as error:
            faults.append(error)

    threads = [Thread(target=carry_out, args=(f"r{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    for number in range(4):
        assert [event.value for event in journal.events(f"r{number}")] == list(range(50))


def test_two_processes_race_for_a_run_and_exactly_one_wins(journal, path):
    for number in range(20):
        begin(journal, f"r{number}").close()
    with LoadedChild(RACER, path) as first, LoadedChild(RACER, path) as second:
        for number in range(20):
            first.tell(f"r{number}")
            second.tell(f"r{number}")
            assert sorted([first.hear(), second.hear()]) == ["busy", "won"]


# --- processes that die, processes that share


def test_four_processes_at_once_lose_nothing(path):
    with ExitStack() as stack:
        owners = [stack.enter_context(LoadedChild(OWNER, path, f"r{number}", 100, 3)) for number in range(4)]
        for owner in owners:
            assert owner.hear() == "begun"
        for owner in owners:
            owner.tell()
        for owner in owners:
            assert [owner.hear(), owner.hear()] == ["well under way", "done"]
            owner.tell()
        assert [owner.hear() for owner in owners] == [""] * 4
    with Journal.open(path) as journal:
        for number in range(4):
            values = [event.value for event in journal.events(f"r{number}")]
            assert values == [[f"r{number}", batch, place] for batch in range(100) for place in range(3)]
        assert journal.check() == []


def test_a_killed_owner_leaves_an_interrupted_run_that_is_free_at_once(journal, path):
    with LoadedChild(OWNER, path, "r1", 0, 0) as owner:
        assert owner.hear() == "begun"
        assert status_of(journal, "r1") == "running"
        owner.kill()
        assert status_of(journal, "r1") == "interrupted"
        with journal.reopen("r1"):
            assert status_of(journal, "r1") == "running"


def test_killed_while_appending_it_leaves_whole_batches(path):
    with LoadedChild(OWNER, path, "r1", 1_000_000, 7) as owner:
        assert owner.hear() == "begun"
        owner.tell()
        assert owner.hear() == "well under way"
        owner.kill()
    with Journal.open(path) as journal:
        values = [event.value for event in journal.events("r1")]
        assert len(values) >= 21 * 7
        assert len(values) % 7 == 0
        assert values == [["r1", place // 7, place % 7] for place in range(len(values))]
        with journal.reopen("r1") as log:
            log.append([RunResumed(9.0)])
        assert list(journal.events("r1", after=len(values))) == [RunResumed(9.0)]
        assert journal.check() == []


# --- an append that fails


def assert_goes_on(journal: Journal, log: RunLog, kept: list[Event], refused: list[Event]) -> None:
    """The refused events can be appended again, and are there once."""
    log.append(refused)
    log.append([RunFinished(9.0, "succeeded")])
    log.close()
    assert list(journal.events("r1")) == [*kept, *refused, RunFinished(9.0, "succeeded")]
    assert journal.check() == []


def test_a_lock_held_too_long_is_named_and_nothing_is_lost(journal, path):
    log = begin(journal)
    log.append(events_of(2))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match=r"write to the journal .*journal\.db: another program keeps it locked"):
            log.append(events_of(3))
    assert_goes_on(journal, log, events_of(2), events_of(3))


LOCKER = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
time.sleep(float(sys.argv[2]))
connection.execute("COMMIT")
"""


def test_a_lock_that_is_let_go_in_time_costs_nothing_but_the_wait(path, monkeypatch, caplog):
    monkeypatch.setattr(database, "_PIECE_S", 0.1)
    with Journal.open(path) as journal, LoadedChild(LOCKER, path, 1.0) as locker:
        assert locker.hear() == "locked"
        with begin(journal) as log:
            log.append(events_of(3))
        with LoadedChild(LOCKER, path, 0.5) as another:
            assert another.hear() == "locked"
            begin(journal, "r2").close()
        assert list(journal.events("r1")) == events_of(3)
    assert caplog.messages == [f"another program keeps {path} locked; waiting for it"] * 2


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be moved elsewhere")
def test_a_file_that_was_replaced_is_named_and_nothing_is_lost(journal, path):
    log = begin(journal)
    log.append(events_of(2))
    path.rename(path.with_name("moved"))
    with pytest.raises(JournalError, match="was removed or replaced while in use"):
        log.append(events_of(3))
    path.write_bytes(b"")
    with pytest.raises(JournalError, match="was removed or replaced while in use"):
        log.append(events_of(3))
    path.with_name("moved").rename(path)
    assert_goes_on(journal, log, events_of(2), events_of(3))


def test_a_full_file_is_named_and_nothing_is_lost(journal):
    log = begin(journal)
    log.append(events_of(2))
    log._connection.execute("PRAGMA max_page_count = 20")
    refused = events_of(300, "x" * 1000)
    with pytest.raises(JournalError, match=r"the disk is full .*free some space and try again"):
        log.append(refused)
    assert list(journal.events("r1")) == events_of(2)
    log._connection.execute("PRAGMA max_page_count = 100000")
    assert_goes_on(journal, log, events_of(2), refused)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)]
    if (
        sys.platform != "linux"
        or os.getuid() != 0
        or subprocess.run(mount, check=False, capture_output=True).returncode
    ):
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_named_and_nothing_is_lost(tiny_disk):
    ballast = tiny_disk / "ballast"
    with Journal.open(tiny_disk / "journal.db") as journal:
        log = begin(journal)
        log.append(events_of(2))
        ballast.write_bytes(b"x" * 150_000)
        refused = events_of(60, "x" * 1000)
        for _ in range(2):
            with pytest.raises(JournalError, match=r"the disk is full|the disk reports an error"):
                log.append(refused)
        assert list(journal.events("r1")) == events_of(2)
        ballast.unlink()
        assert_goes_on(journal, log, events_of(2), refused)


def test_a_disk_that_was_full_from_the_start_is_named(tiny_disk):
    ballast = tiny_disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    with pytest.raises(JournalError, match=r"cannot open the journal .*the disk"):
        Journal.open(tiny_disk / "journal.db")
    ballast.unlink()
    with Journal.open(tiny_disk / "journal.db") as journal:
        begin(journal).close()


LIMITED = """
import resource, sys
from pathlib import Path
from overseer.errors import JournalError
from overseer.journal.journal import Journal
from overseer.kernel.events import StepSucceeded
with Journal.open(Path(sys.argv[1])) as journal:
    with journal.begin("r1", name="n", plan="{}", steps=0, inputs={}, options={}, at=1.0) as log:
        log.append([StepSucceeded(1.0, "joke", 1)])
        events = [StepSucceeded(2.0, f"s{place}", "x" * 1000) for place in range(100)]
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
        try:
            log.append(events)
        except JournalError as error:
            print(error, flush=True)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        log.append(events)
    print(len(list(journal.events("r1"))), journal.check(), flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
def test_a_file_that_may_not_grow_is_named_and_nothing_is_lost(path):
    with LoadedChild(LIMITED, path) as child:
        message, count = child.hear_all()
    assert message.startswith(f"cannot write to the journal {path}: the disk")
    assert message.endswith("then try again") or message.endswith("and try again")
    assert count == "101 []"


def test_an_interrupt_between_commit_and_return_repeats_nothing(journal, monkeypatch):
    log = begin(journal)
    log.append(events_of(2))

    class Interrupted:
        """A connection whose commit is the last thing that happens before Ctrl-C."""

        def __init__(self, connection):
            self._connection = connection

        def __enter__(self):
            return self._connection.__enter__()

        def __exit__(self, *error):
            self._connection.__exit__(*error)
            raise KeyboardInterrupt

        def __getattr__(self, name):
            return getattr(self._connection, name)

    with monkeypatch.context() as patched:
        patched.setattr(log, "_connection", Interrupted(log._connection))
        with pytest.raises(KeyboardInterrupt):
            log.append([StepStarted(3.0, "fr")])
    log.append([RunFinished(9.0, "cancelled")])
    log.close()
    assert list(journal.events("r1")) == [*events_of(2), StepStarted(3.0, "fr"), RunFinished(9.0, "cancelled")]


# --- clearing out


def test_runs_that_ended_before_a_time_are_removed_with_all_that_only_they_had(journal, path):
    shared, own = "s" * 9000, "o" * 9000
    for run_id, ended, values in (("r1", 10.0, (shared, own)), ("r2", 20.0, (shared,)), ("r3", None, (shared,))):
        with begin(journal, run_id) as log:
            log.append([StepSucceeded(5.0, "a", value) for value in values])
            if ended:
                log.append([RunFinished(ended, "succeeded")])
    assert blobs_in(path) == 2
    assert [run.run_id for run in journal.prune(15.0).runs] == ["r1"]
    assert blobs_in(path) == 1
    assert next(journal.events("r2")) == StepSucceeded(5.0, "a", shared)
    assert [run.run_id for run in journal.prune(100.0).runs] == ["r2"]
    assert blobs_in(path) == 1
    pruned = journal.prune(5.1, also_interrupted=True)
    assert [(run.run_id, run.status) for run in pruned.runs] == [("r3", "interrupted")]
    assert blobs_in(path) == 0
    assert journal.check() == []
    with begin(journal, "r4") as log:  # takes up the number of one that is gone
        assert list(journal.events("r4")) == []
        log.append(events_of(2))
    assert list(journal.events("r4")) == events_of(2)


def test_a_run_that_is_gone_on_with_is_not_removed(journal):
    with begin(journal) as log:
        log.append([RunFinished(2.0, "failed")])
    with journal.reopen("r1") as log:
        assert journal.prune(100.0, also_interrupted=True).runs == ()
        log.append([RunResumed(3.0)])
        assert journal.prune(100.0, also_interrupted=True).runs == ()
        log.append([RunFinished(4.0, "succeeded")])
    assert journal.prune(4.0).runs == ()
    assert [run.run_id for run in journal.prune(4.1).runs] == ["r1"]


def test_what_others_write_meanwhile_is_kept(path):
    with LoadedChild(OWNER, path, "r1", 400, 3) as owner:
        assert owner.hear() == "begun"
        with Journal.open(path) as journal:
            for number in range(200):
                with begin(journal, f"old{number}") as log:
                    log.append([StepSucceeded(1.0, "a", LARGE + str(number)), RunFinished(2.0, "succeeded")])
            owner.tell()
            assert len(journal.prune(100.0, also_interrupted=True).runs) == 200
            assert [owner.hear(), owner.hear()] == ["well under way", "done"]
            assert len(list(journal.events("r1"))) == 1200
            assert blobs_in(path) == 0
            assert journal.check() == []


def test_the_file_becomes_smaller_where_nothing_runs(journal, path):
    with begin(journal) as log:
        log.append([StepSucceeded(1.0, f"s{number}", f"{number}" * 100_000) for number in range(20)])
        log.append([RunFinished(2.0, "succeeded")])
    pruned = journal.prune(3.0)
    assert pruned.freed_bytes > 1_000_000
    assert path.stat().st_size < 100_000


# --- damage


def test_damage_in_the_middle_is_named_when_it_is_met(path):
    with Journal.open(path) as journal, begin(journal) as log:
        log.append(events_of(2000, "x" * 200))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = bytes(byte ^ 0xFF for byte in content[middle : middle + 4096])
    path.write_bytes(content)
    with Journal.open(path) as journal:
        assert journal.run("r1").plan == PLAN
        assert journal.runs()[0].succeeded is None
        with pytest.raises(JournalError, match=r"read the journal .*journal\.db: the file is damaged"):
            list(journal.events("r1"))
        assert journal.check() != []
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("UPDATE events SET value = '[\"x' WHERE key = 's1'", r"run r1 in .* is damaged \(event 2: "),
        ("UPDATE events SET kind = 'Odd' WHERE key = 's1'", r"run r1 in .* is damaged \(event 2: "),
        ("UPDATE events SET value = CAST(x'ff22' AS TEXT) WHERE key = 's1'", "cannot read the journal"),
        ("DELETE FROM blobs", r"run r1 in .* is damaged \(event 3: its value [0-9a-f]{12} is missing"),
        ("UPDATE runs SET plan = '{'", r"run r1 in .* is damaged"),
    ],
)
def test_every_damaged_run_is_found_and_others_still_read(journal, path, damage, found):
    with begin(journal) as log:
        log.append([*events_of(2), StepSucceeded(3.0, "s3", LARGE)])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(damage)
    with begin(journal, "r2") as log:
        log.append(events_of(2))
    [fault] = journal.check()
    assert re.search(found, fault)
    assert list(journal.events("r2")) == events_of(2)


def test_what_was_cut_off_is_listed_without_a_run_that_is_damaged(journal, path):
    for run_id in ("r1", "r2"):
        begin(journal, run_id).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE runs SET options = '{' WHERE run_id = 'r2'")
    assert [run.run_id for run in journal.left_behind()] == ["r1"]


@pytest.mark.parametrize(
    ("reasons", "is_left_behind"),
    [
        ((by_signal(signal.SIGHUP),), True),
        ((CHAT_LEFT,), True),
        ((PROGRAM_ENDS,), True),
        (("interrupted", by_signal(signal.SIGTERM)), True),
        (("interrupted",), False),
        ((by_signal(signal.SIGTERM), "cancelled with /jobs"), False),
        ((), False),
    ],
)
def test_a_run_that_stopped_with_its_program_is_left_behind(journal, reasons, is_left_behind):
    with begin(journal) as log:
        log.append([*(CancelAsked(2.0, True, reason) for reason in reasons), RunFinished(3.0, "cancelled")])
    assert [run.run_id for run in journal.left_behind()] == ["r1"] * is_left_behind
    assert list(interrupted_by_session(journal).values()) == [("r1",)] * is_left_behind
    assert journal.dismiss("r1", at=4.0) is is_left_behind
    assert journal.left_behind() == []
    assert interrupted_by_session(journal) == {}


def test_a_run_that_was_dismissed_is_told_of_again_once_it_was_gone_on_with(journal, path):
    begin(journal).close()
    assert journal.dismiss("r1", at=2.0)
    assert journal.dismiss("r1", at=3.0)  # which changes nothing
    with Journal.open(path) as another:
        assert another.left_behind() == []
        assert another.run("r1").summary.is_dismissed
        assert another.run("r1").summary.status == "interrupted"
        with another.reopen("r1") as log:
            with pytest.raises(RunBusy):
                journal.dismiss("r1", at=4.0)
            log.append([RunResumed(5.0)])
        assert [run.run_id for run in another.left_behind()] == ["r1"]


def test_what_a_dismissal_needs_is_added_to_an_older_journal(path):
    Database(path, MIGRATIONS[:2]).close()
    with Journal.open(path) as journal:
        begin(journal).close()
        assert journal.dismiss("r1", at=2.0)
        assert journal.left_behind() == []


def test_a_large_value_that_was_altered_is_found(journal, path):
    with begin(journal) as log:
        log.append([StepSucceeded(3.0, "s3", LARGE)])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE blobs SET value = replace(value, 'ü', 'u')")
    [fault] = journal.check()
    assert fault.endswith("is not what was stored")


# --- without a journal


def test_a_run_without_a_journal_is_recorded_nowhere(monkeypatch, tmp_path):
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    with NoLog("r1") as log:
        log.append(events_of(3))
        assert log.run_id == "r1"
    assert list(tmp_path.iterdir()) == []


def test_the_usual_place_is_in_the_users_home(monkeypatch, tmp_path):
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    with Journal.open() as journal:
        assert journal.path == tmp_path / "home" / "journal.db"
        begin(journal, new_run_id(1.0)).close()
