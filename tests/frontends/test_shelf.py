"""Programs that are kept for steps: found again, listed, deleted, and unharmed by whatever is wrong with a file."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.errors import OverseerError, UsageError
from overseer.frontends.programs import Task
from overseer.frontends.shelf import Shelf
from overseer.tool import tool

GOOD = "def main(input):\n    return 'größer 😀'\n"


@tool
def shout(text: str) -> str:
    """Say it louder."""
    return text.upper()


class Clock:
    """Stands still until it is set."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def task(text: str = "add one", *names: str, tools: bool = False) -> Task:
    return Task(text, dict.fromkeys(names, 1), {"shout": shout} if tools else {})


def file_of(shelf: Shelf, folder: Path) -> Path:
    (kept,) = shelf.kept()
    return folder / f"{kept.id}.json"


def test_what_is_kept_is_listed_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    clock = Clock()
    shelf = Shelf(tmp_path / "programs", clock)
    assert shelf.kept() == []
    shelf.keep(task("zähle 😀", "b", "a", tools=True), GOOD)
    (kept,) = shelf.kept()
    assert (kept.task, kept.names, kept.tools, kept.source) == ("zähle 😀", ("a", "b"), ("shout",), GOOD)
    assert (kept.written, kept.used, kept.damage) == (clock.now, clock.now, "")
    assert kept.size == file_of(shelf, tmp_path / "programs").stat().st_size


def test_what_was_used_last_comes_first_and_keeps_the_time_it_was_written(tmp_path: Path) -> None:
    clock = Clock()
    shelf = Shelf(tmp_path, clock)
    for name in ("first", "second"):
        clock.now += 10
        shelf.keep(task(name), GOOD)
    assert [kept.task for kept in shelf.kept()] == ["second", "first"]
    clock.now += 10
    shelf.keep(task("first"), GOOD)  # it has done its task again
    assert [(kept.task, kept.used - kept.written) for kept in shelf.kept()] == [("first", 20.0), ("second", 0.0)]
    shelf.keep(task("second"), GOOD + "# better\n")
    second = shelf.named(next(kept.id for kept in shelf.kept() if kept.task == "second"))
    assert (second.source, second.written) == (GOOD + "# better\n", clock.now)


def test_what_is_kept_is_for_its_user_alone(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "programs")
    shelf.keep(task(), GOOD)
    assert (tmp_path / "programs").stat().st_mode & 0o077 == 0
    assert file_of(shelf, tmp_path / "programs").stat().st_mode & 0o077 == 0


def test_a_program_is_meant_by_the_beginning_of_its_id(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for number in range(20):  # more than there are first letters
        shelf.keep(task(f"task {number}"), GOOD)
    kept = shelf.kept()[7]
    assert shelf.named(kept.id) == kept
    assert shelf.named(f" {kept.id[:20].upper()} ") == kept
    first = next(each.id[0] for each in shelf.kept() if sum(o.id[0] == each.id[0] for o in shelf.kept()) > 1)
    with pytest.raises(UsageError, match=r"could be several programs; type more of the id: .* \(task"):
        shelf.named(first)
    for nothing in ("", "  ", "x", "../../etc"):
        with pytest.raises(UsageError, match="no kept program's id begins with"):
            shelf.named(nothing)


def test_deleting_takes_what_was_named_and_nothing_else(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for name in ("one", "two", "three"):
        shelf.keep(task(name), GOOD)
    (tmp_path / "notes.txt").write_text("mine")
    gone = shelf.kept()[1]
    shelf.delete(gone)
    shelf.delete(gone)  # somebody was faster
    assert gone.id not in {kept.id for kept in shelf.kept()}
    assert len(shelf.clear()) == 2
    assert shelf.kept() == shelf.clear() == []
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


RECORD: dict[str, Any] = {"form": 1, "task": "t", "input": [], "tools": [], "source": "x", "written": 1.0}


@pytest.mark.parametrize(
    ("content", "damage"),
    [
        (b"", "it is no JSON"),
        (b"\xff\xfe{", "it is no JSON"),
        (b"[" * 100_000, "it is no JSON"),
        (b"[]", "it is not of the form 1"),
        (json.dumps({**RECORD, "form": 2}).encode(), "it is not of the form 1"),
        (json.dumps({**RECORD, "tools": "shout"}).encode(), "its 'tools' is missing or wrong"),
        (json.dumps({**RECORD, "source": None}).encode(), "its 'source' is missing or wrong"),
        (json.dumps({**RECORD, "written": float("nan")}).encode(), "its 'written' is missing or wrong"),
        (b" " * ((1 << 20) + 1), "it is larger than 1 MiB"),
    ],
)
def test_a_damaged_file_is_listed_used_by_nobody_and_can_be_deleted(
    tmp_path: Path, content: bytes, damage: str
) -> None:
    shelf = Shelf(tmp_path)
    shelf.keep(task(), GOOD)
    file_of(shelf, tmp_path).write_bytes(content)
    assert shelf.find(task()) is None
    (kept,) = shelf.kept()
    assert (kept.damage, kept.source) == (damage, "")
    shelf.delete(shelf.named(kept.id[:8]))
    assert shelf.kept() == []


def test_a_file_that_was_changed_to_be_for_another_task_is_not_used(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.keep(task("harmless"), GOOD)
    shelf.keep(task("other"), "def main(input): return 'other'\n")
    harmless, other = (next(k for k in shelf.kept() if k.task == name) for name in ("harmless", "other"))
    os.replace(tmp_path / f"{other.id}.json", tmp_path / f"{harmless.id}.json")
    assert shelf.find(task("harmless")) is None


def test_what_was_kept_before_times_were_is_still_found(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.keep(task(), GOOD)
    file = file_of(shelf, tmp_path)
    file.write_text(json.dumps({k: v for k, v in json.loads(file.read_text()).items() if k != "written"}))
    os.utime(file, (5000, 5000))
    assert shelf.find(task()) == GOOD
    assert shelf.kept()[0].written == shelf.kept()[0].used == 5000


@pytest.mark.parametrize("fails", ["write", "replace"])
def test_a_full_disk_leaves_what_was_there_and_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    shelf = Shelf(tmp_path)
    shelf.keep(task(), GOOD)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "utime" if fails == "write" else "replace", full)
    shelf.keep(task(), GOOD + "# longer\n")
    shelf.keep(task("another"), GOOD)
    monkeypatch.undo()
    assert shelf.find(task()) == GOOD
    assert len(list(tmp_path.iterdir())) == 1


def test_what_a_killed_process_left_is_cleared_with_the_rest(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    (tmp_path / "tmpabc.part").write_text("half")
    (tmp_path / "tmpnew.part").write_text("half of what is being written")
    os.utime(tmp_path / "tmpabc.part", (1, 1))
    shelf.clear()
    assert [file.name for file in tmp_path.iterdir()] == ["tmpnew.part"]


def test_what_cannot_be_deleted_is_said_with_its_place(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    (tmp_path / f"{'a' * 32}.json").mkdir()
    (kept,) = shelf.kept()
    assert kept.damage.startswith("it cannot be read")
    with pytest.raises(OverseerError, match=r"cannot delete .*aaaa\.json"):
        shelf.delete(kept)


def test_half_of_a_surrogate_pair_can_be_kept(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    odd = task("half \ud83d")
    shelf.keep(odd, GOOD + "# \ud83d\n")
    assert shelf.find(odd) == GOOD + "# \ud83d\n"


ANY_TEXT = st.text(st.characters(), max_size=30)  # also halves of surrogate pairs


@given(text=ANY_TEXT, names=st.lists(ANY_TEXT, unique=True, max_size=4), source=ANY_TEXT)
def test_whatever_is_kept_is_found_under_its_own_task_alone(text: str, names: list[str], source: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder))
        shelf.keep(task(text, *names), source)
        assert shelf.find(task(text, *reversed(names))) == source
        assert shelf.find(task(text + "!", *names)) is None
        assert shelf.find(task(text, *names, "one more than those")) is None
        assert shelf.find(task(text, *names, tools=True)) is None
        (kept,) = shelf.kept()
        assert shelf.named(kept.id).source == source
