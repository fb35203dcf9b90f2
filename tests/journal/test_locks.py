"""One owner per run, whatever happens to it."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack, suppress
from threading import Barrier, Thread

import pytest

from overseer.errors import BrokenInvariant, JournalError, RunBusy
from overseer.journal.locks import RunLocks
from tests.program import LoadedChild

HOLD = """
import sys
from pathlib import Path
from overseer.journal.locks import RunLocks
lock = RunLocks(Path(sys.argv[1])).take("r1")
print("held", flush=True)
sys.stdin.readline()
lock.release()
print("released", flush=True)
"""

RACE = """
import sys
from pathlib import Path
from overseer.errors import RunBusy
from overseer.journal.locks import RunLocks
locks = RunLocks(Path(sys.argv[1]))
for run_id in sys.stdin:
    try:
        locks.take(run_id.strip())
        print("won", flush=True)
    except RunBusy:
        print("busy", flush=True)
"""

HOLD_AND_FORK = """
import os, sys
from pathlib import Path
from overseer.journal.locks import RunLocks
lock = RunLocks(Path(sys.argv[1])).take("r1")
orders, _ = os.pipe()
if os.fork() == 0:
    lock.release()  # not its own to give up
    print(os.getpid(), flush=True)
    os.read(orders, 1)
    os._exit(0)
sys.stdin.readline()
"""

TAKE_AND_GIVE_UP = """
import sys
from pathlib import Path
from overseer.errors import RunBusy
from overseer.journal.locks import RunLocks
locks, inside = RunLocks(Path(sys.argv[1])), Path(sys.argv[2])
taken = 0
while taken < 200:
    try:
        lock = locks.take("r1")
    except RunBusy:
        continue
    inside.touch(exist_ok=False)  # raises if two are inside
    inside.unlink()
    lock.release()
    taken += 1
print("alone each time", flush=True)
"""


@pytest.fixture
def locks(tmp_path):
    return RunLocks(tmp_path / "locks")


def test_a_run_has_one_owner_in_a_process(locks):
    lock = locks.take("r1")
    with pytest.raises(RunBusy, match="run r1 is being carried out in this process"):
        locks.take("r1")
    lock.release()
    locks.take("r1").release()


def test_other_runs_are_free(locks):
    with ExitStack() as release:
        for run_id in ("r1", "r2", "r3"):
            release.callback(locks.take(run_id).release)
        assert not locks.is_held("r4")


def test_one_of_many_threads_wins(locks):
    together, winners = Barrier(8), []

    def run():
        together.wait()
        with suppress(RunBusy):
            winners.append(locks.take("r1"))

    threads = [Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(winners) == 1
    winners[0].release()


def test_the_message_names_the_process_that_owns_the_run(locks):
    with LoadedChild(HOLD, locks.folder) as owner:
        assert owner.hear() == "held"
        with pytest.raises(RunBusy, match=f"run r1 is being carried out by process {owner.pid}; wait for it"):
            locks.take("r1")


def test_two_processes_race_and_exactly_one_wins(locks):
    with LoadedChild(RACE, locks.folder) as first, LoadedChild(RACE, locks.folder) as second:
        for number in range(50):
            first.tell(f"r{number}")
            second.tell(f"r{number}")
            assert sorted([first.hear(), second.hear()]) == ["busy", "won"]


def test_taking_and_giving_up_in_turns_never_lets_two_in(locks, tmp_path):
    with ExitStack() as stack:
        children = [
            stack.enter_context(LoadedChild(TAKE_AND_GIVE_UP, locks.folder, tmp_path / "inside")) for _ in range(3)
        ]
        assert [child.hear() for child in children] == ["alone each time"] * 3


def test_a_killed_owner_owns_nothing(locks):
    with LoadedChild(HOLD, locks.folder) as owner:
        assert owner.hear() == "held"
        assert locks.is_held("r1")
        owner.kill()
        assert not locks.is_held("r1")
        locks.take("r1").release()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_neither_keeps_nor_gives_up_its_parents_runs(locks):
    with LoadedChild(HOLD_AND_FORK, locks.folder) as owner:
        worker = int(owner.hear())
        try:
            assert locks.is_held("r1")
            owner.kill()
            assert not locks.is_held("r1")
        finally:
            os.kill(worker, 9)


@pytest.mark.skipif(os.name != "posix", reason="descriptors are inherited on POSIX only")
def test_a_started_program_inherits_no_lock(locks):
    lock = locks.take("r1")
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, close_fds=False
    ) as program:
        lock.release()
        assert program.poll() is None
        assert not locks.is_held("r1")
        locks.take("r1").release()


def test_looking_does_not_hinder_taking(locks):
    with ExitStack() as stack:
        looking = stack.enter_context(
            LoadedChild(
                "import sys\nfrom pathlib import Path\nfrom overseer.journal.locks import RunLocks\n"
                "locks = RunLocks(Path(sys.argv[1]))\nprint('looking', flush=True)\nwhile True: locks.is_held('r1')",
                locks.folder,
            )
        )
        assert looking.hear() == "looking"
        for _ in range(500):
            locks.take("r1").release()


def test_a_released_lock_leaves_no_file(locks):
    locks.take("r1").release()
    assert list(locks.folder.iterdir()) == []


def test_releasing_again_does_not_release_for_the_next_owner(locks):
    first = locks.take("r1")
    first.release()
    second = locks.take("r1")
    first.release()
    assert locks.is_held("r1")
    second.release()


def test_a_file_left_by_a_dead_owner_is_no_lock(locks):
    locks.folder.mkdir()
    (locks.folder / "r1.lock").write_text("12345")
    assert not locks.is_held("r1")
    locks.take("r1").release()


@pytest.mark.parametrize("run_id", ["", "../r1", "r/1", "R1"])
def test_what_cannot_name_a_file_is_refused(locks, run_id):
    with pytest.raises(BrokenInvariant, match="cannot name a run"):
        locks.take(run_id)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match=r"cannot lock .*r1\.lock: a file is where its folder should be; .*OVERSEER"):
        RunLocks(tmp_path / "file" / "locks").take("r1")


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_locks_are_for_this_user_alone(locks):
    lock = locks.take("r1")
    assert locks.folder.stat().st_mode & 0o777 == 0o700
    assert (locks.folder / "r1.lock").stat().st_mode & 0o777 == 0o600
    lock.release()
