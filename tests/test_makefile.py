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


# --- which Python


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """All programs that there are: what `make` itself needs, and pythons that are too old."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("make", "sh", "cat", "echo", "rm", "touch", "getconf"):
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    for name in ("python3", "python3.12", "python3.11"):
        script(folder / name, "exit 1")
    return folder


def set_up(clone: Path, programs: Path, *options: str) -> subprocess.CompletedProcess[str]:
    shutil.rmtree(clone / ".venv")
    command = ["make", ".venv/ready", *options]
    return subprocess.run(command, cwd=clone, env={"PATH": str(programs)}, capture_output=True, text=True, check=False)


def test_without_a_python_that_is_new_enough_it_is_said_what_is_needed(clone: Path, programs: Path) -> None:
    ended = set_up(clone, programs)
    assert ended.returncode != 0
    assert "Overseer needs Python 3.11 or later" in ended.stderr
    assert not (clone / ".venv" / "ready").exists()


def test_a_newer_python_is_taken_where_the_usual_one_is_too_old(clone: Path, programs: Path) -> None:
    script(programs / "python3.12", 'test "$1" = -c && exit 0; echo "$0 $*"; exit 7')
    assert "python3.12 -m venv .venv" in set_up(clone, programs).stdout


def test_the_python_that_is_named_is_taken(clone: Path, programs: Path) -> None:
    script(programs / "other", 'echo "$0 $*"; exit 7')
    assert "other -m venv .venv" in set_up(clone, programs, "PYTHON=other").stdout


def test_uv_may_get_a_python_by_itself(clone: Path, programs: Path) -> None:
    script(programs / "uv", 'echo "uv $*"; exit 7')
    assert "--python >=3.11 .venv" in set_up(clone, programs).stdout
