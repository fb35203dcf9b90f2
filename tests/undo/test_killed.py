"""Real processes, killed with SIGKILL at every step that leaves a trace: what files held is there again after undo."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from overseer.errors import RunNotFound
from overseer.undo.store import ChangeStore
from overseer.undo.undoing import Undoing
from overseer.workspace import FolderWorkspace
from tests.data.undo_child import BEFORE

ROOT = Path(__file__).parent.parent.parent
CHILD = ROOT / "tests" / "data" / "undo_child.py"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


def start(folder: Path, what: str, point: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(CHILD), str(folder), what, str(point)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
    )


def ended(child: subprocess.Popen[bytes]) -> bool:
    """Whether it came to its end by itself; it was killed otherwise."""
    _, errors = child.communicate(timeout=60)
    assert child.returncode in (0, -signal.SIGKILL), errors.decode()
    return child.returncode == 0


def prepared(folder: Path) -> Path:
    for name, content in BEFORE.items():
        path = folder / "here" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


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


def test_killed_at_any_point_of_writing_undo_brings_back_every_byte(tmp_path: Path) -> None:
    point = 0
    while True:
        point += 1
        folder = prepared(tmp_path / str(point))
        if ended(start(folder, "write", point)):
            break
        carry_out(folder, "undo")
        assert files(folder) == BEFORE, f"killed at point {point}"
    assert point > 40


def test_killed_at_any_point_of_undoing_and_redoing_both_can_be_repeated(tmp_path: Path) -> None:
    folder = prepared(tmp_path / "whole")
    assert ended(start(folder, "write", 0))
    written = files(folder)
    for what, expected in (("undo", BEFORE), ("redo", written)):
        point = 0
        while True:
            point += 1
            if ended(start(folder, what, point)):
                break
            carry_out(folder, what)
            assert files(folder) == expected, f"{what} killed at point {point}"
            carry_out(folder, "redo" if what == "undo" else "undo")
            assert files(folder) == (written if what == "undo" else BEFORE)
        assert files(folder) == expected
        assert point > 10


def test_killed_at_any_moment_undo_brings_back_every_byte(tmp_path: Path) -> None:
    chance = random.Random(11)
    for number in range(8):
        folder = prepared(tmp_path / str(number))
        child = start(folder, "write", 0)
        give_up_at = time.monotonic() + 30
        while not (folder / "changes.db").exists() and child.poll() is None and time.monotonic() < give_up_at:
            time.sleep(0.0005)
        time.sleep(chance.random() * 0.03)
        child.kill()
        ended(child)
        carry_out(folder, "undo")
        assert files(folder) == BEFORE
