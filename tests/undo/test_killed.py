"""Real processes, killed with SIGKILL at every step that leaves a trace: what files held is there again after undo."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from overseer.errors import RunNotFound
from overseer.undo.store import ChangeStore
from overseer.undo.undoing import Undoing
from overseer.workspace import FolderWorkspace
from tests.data.undo_child import BEFORE
from tests.program import Begun, source_begun

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


def start(folder: Path, what: str, point: int) -> Begun:
    return source_begun("from tests.data.undo_child import main; main()", str(folder), what, str(point))


def points_of(child: Begun) -> int:
    """At how many points it could have been killed; 0 if it was."""
    out, errors = child.communicate(timeout=60)
    assert child.returncode in (0, -signal.SIGKILL), errors.decode()
    return int(out) if child.returncode == 0 else 0


def at_every_point(points: int, check: Callable[[int], None]) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(check, range(1, points + 1)))


def prepared(folder: Path) -> Path:
    for name, content in BEFORE.items():
        path = folder / "here" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def copied(folder: Path, to: Path) -> Path:
    """Another folder of the same content, for which the same was kept."""
    shutil.copytree(folder, to)
    with closing(sqlite3.connect(to / "changes.db")) as connection, connection:
        connection.execute("UPDATE runs SET folder = ?", (str((to / "here").resolve()),))
    return to


def files(folder: Path) -> dict[str, bytes]:
    """What is there, apart from what was unfinished when its process died."""
    found = (path for path in (folder / "here").rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder / "here")): path.read_bytes()
        for path in found
        if not path.name.startswith(".overseer-")
    }


def carry_out(folder: Path, what: str) -> None:
    with ChangeStore(folder / "changes.db") as store, FolderWorkspace(folder / "here") as workspace:
        undoing = Undoing(store, workspace)
        try:
            preview = undoing.preview("run1", "undo" if what == "undo" else "redo")
        except RunNotFound:
            return  # it died before it had changed anything
        outcome = undoing.carry_out(preview)
        assert (outcome.left, outcome.failed) == ((), ())


@pytest.mark.long
def test_killed_at_any_point_of_writing_undo_brings_back_every_byte(tmp_path: Path) -> None:
    points = points_of(start(prepared(tmp_path / "whole"), "write", 0))
    assert points > 40

    def check(point: int) -> None:
        folder = prepared(tmp_path / str(point))
        assert points_of(start(folder, "write", point)) == 0
        carry_out(folder, "undo")
        assert files(folder) == BEFORE, f"killed at point {point}"

    at_every_point(points, check)


@pytest.mark.long
@pytest.mark.parametrize("what", ["undo", "redo"])
def test_killed_at_any_point_undoing_and_redoing_can_be_repeated_and_taken_back(tmp_path: Path, what: str) -> None:
    whole, opposite = prepared(tmp_path / "whole"), "redo" if what == "undo" else "undo"
    assert points_of(start(whole, "write", 0))
    written = files(whole)
    if what == "redo":
        carry_out(whole, "undo")
    expected, otherwise = (BEFORE, written) if what == "undo" else (written, BEFORE)
    at_start = copied(whole, tmp_path / "at-start")
    points = points_of(start(whole, what, 0))
    assert points > 10

    def check(point: int) -> None:
        folder = copied(at_start, tmp_path / str(point))
        assert points_of(start(folder, what, point)) == 0
        carry_out(folder, what)
        assert files(folder) == expected, f"killed at point {point}"
        carry_out(folder, opposite)
        assert files(folder) == otherwise

    at_every_point(points, check)


def test_killed_at_any_moment_undo_brings_back_every_byte(tmp_path: Path) -> None:
    chance = random.Random(11)
    for number in range(6):
        folder = prepared(tmp_path / str(number))
        child = start(folder, "write", 0)
        give_up_at = time.monotonic() + 30
        while not (folder / "changes.db").exists() and child.poll() is None and time.monotonic() < give_up_at:
            time.sleep(0.0005)
        time.sleep(chance.random() * 0.03)
        child.kill()
        points_of(child)
        carry_out(folder, "undo")
        assert files(folder) == BEFORE
