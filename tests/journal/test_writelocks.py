"""What runs write, kept apart between processes, whatever happens to one of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from overseer.errors import RunBusy
from overseer.journal import writelocks
from overseer.journal.writelocks import HeldFiles, Holder, WriteLocks
from tests.program import LoadedChild

HOLD = """
import sys
from pathlib import Path
from overseer.journal.writelocks import HeldFiles, WriteLocks
held = WriteLocks(Path(sys.argv[1])).take(sys.argv[2:], "run r1")
assert isinstance(held, HeldFiles)
print("held", flush=True)
sys.stdin.readline()
held.release()
print("released", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "locks"


@pytest.fixture
def locks(folder: Path) -> WriteLocks:
    return WriteLocks(folder)


def taken(locks: WriteLocks, *names: str) -> HeldFiles:
    found = locks.take(names, "run r2")
    assert isinstance(found, HeldFiles), str(found)
    return found


def test_what_another_process_holds_is_told_with_who_it_is_until_it_lets_go(locks: WriteLocks, folder: Path) -> None:
    with LoadedChild(HOLD, folder, "file:/there/b", "file:/there/c") as other:
        assert other.hear() == "held"
        found = locks.take(["file:/there/a", "file:/there/b"], "run r2")
        assert found == Holder("file:/there/b", other.pid, "run r1")
        assert str(found) == f"run r1 in process {other.pid}"
        taken(locks, "file:/there/a").release()  # of which nothing was kept
        other.tell()
        assert other.hear() == "released"
        taken(locks, "file:/there/a", "file:/there/b").release()


def test_a_process_that_is_killed_holds_nothing(locks: WriteLocks, folder: Path) -> None:
    with LoadedChild(HOLD, folder, "file:/there/a") as other:
        assert other.hear() == "held"
        other.kill()
        taken(locks, "file:/there/a").release()


def test_a_file_is_the_same_by_whatever_name(locks: WriteLocks, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    held = taken(locks, f"file:{tmp_path}/folder/a")
    found = locks.take([f"file:{tmp_path}/link/a"], "an undo")
    assert isinstance(found, Holder)
    assert (found.process, found.who) == (os.getpid(), "run r2")
    held.release()
    taken(locks, f"file:{tmp_path}/link/a").release()


def test_who_names_a_file_twice_is_not_in_its_own_way(locks: WriteLocks, tmp_path: Path) -> None:
    (tmp_path / "target").touch()
    (tmp_path / "link").symlink_to("target")
    taken(locks, f"file:{tmp_path}/target", f"file:{tmp_path}/link").release()


def test_a_name_that_no_file_can_have_is_left_to_whoever_writes_it(locks: WriteLocks) -> None:
    taken(locks, "file:/there/a", "file:/there/a\x00b").release()
    taken(locks, "file:/there/a").release()


def test_what_is_held_can_be_added_to_or_stays_as_it_is(locks: WriteLocks, folder: Path) -> None:
    held = taken(locks, "file:/there/a")
    with LoadedChild(HOLD, folder, "file:/there/b") as other:
        assert other.hear() == "held"
        assert isinstance(locks.take(["file:/there/a", "file:/there/b", "file:/there/c"], "run r2", held), Holder)
        taken(locks, "file:/there/c").release()
        assert isinstance(locks.take(["file:/there/a"], "run r3"), Holder)
    assert locks.take(["file:/there/a", "file:/there/c"], "run r2", held) is held
    assert isinstance(locks.take(["file:/there/c"], "run r3"), Holder)
    held.release()
    taken(locks, "file:/there/a", "file:/there/c").release()


def test_what_was_left_by_processes_that_were_killed_is_cleared_away(folder: Path) -> None:
    with LoadedChild(HOLD, folder, "file:/there/a", "file:/there/b") as killed:
        assert killed.hear() == "held"
        killed.kill()
    with LoadedChild(HOLD, folder, "file:/there/c") as other:
        assert other.hear() == "held"
        taken(WriteLocks(folder), "file:/there/d").release()
        assert len(list(folder.iterdir())) == 1  # that of the one which is alive


def test_what_is_no_file_is_no_matter_between_processes(locks: WriteLocks) -> None:
    held = taken(locks, "table:x")
    taken(locks, "table:x").release()
    held.release()


def test_a_plan_that_names_many_files_does_not_take_all_descriptors(
    locks: WriteLocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writelocks, "MOST_FILES", 3)
    before = len(os.listdir("/dev/fd"))
    held = taken(locks, *(f"file:/there/{number}" for number in range(10)))
    assert len(os.listdir("/dev/fd")) == before + 3
    assert held.has_all_of([f"file:/there/{number}" for number in range(10)])
    held.release()
    assert len(os.listdir("/dev/fd")) == before


def test_where_nothing_can_be_kept_nobody_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    taken(WriteLocks(tmp_path / "file"), "file:/there/a").release()


def test_whoever_must_be_alone_with_files_is_told_why_it_is_not(locks: WriteLocks) -> None:
    with locks.holding(["file:/there/a"], "an undo"):
        with (
            pytest.raises(RunBusy, match="an undo in this process is at work on /there/a; wait for it or stop it"),
            locks.holding(["file:/there/a"], "another"),
        ):
            pass
        taken(locks, "file:/there/b").release()
    taken(locks, "file:/there/a").release()
