"""What the two commands of the README set up by themselves, and when they do so anew."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.processes import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with an environment that says it was made there, all of it up to date."""
    folder = tmp_path / "with a blank"
    (folder / ".venv").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder / name)
    (folder / ".venv" / "place").write_text(str(folder), encoding="utf-8")
    (folder / ".venv" / "ready").touch()
    return folder


def sets_up(folder: Path) -> bool:
    """Whether a command would make an environment first."""
    ended = subprocess.run(["make", "-n", "chat"], cwd=folder, capture_output=True, text=True, check=True)
    assert "chat_cli.py" in ended.stdout
    return "venv .venv" in ended.stdout or "uv venv" in ended.stdout


def test_what_is_up_to_date_is_used_as_it_is(clone: Path) -> None:
    assert not sets_up(clone)


def test_nothing_there_is_made(clone: Path) -> None:
    shutil.rmtree(clone / ".venv")
    assert sets_up(clone)


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_other_dependencies_are_installed(clone: Path, name: str) -> None:
    later = (clone / ".venv" / "ready").stat().st_mtime + 1
    os.utime(clone / name, (later, later))
    assert sets_up(clone)


def test_a_clone_that_moved_is_set_up_anew(clone: Path) -> None:
    assert sets_up(clone.rename(clone.parent / "elsewhere"))
