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
    for name in ("make", "sh", "cat", "echo", "rm", "touch", "getconf", "mkdir", "cp"):
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    for name in ("python3", "python3.12", "python3.11"):
        script(folder / name, "exit 1")
    return folder


def set_up(clone: Path, programs: Path, *options: str) -> subprocess.CompletedProcess[str]:
    shutil.rmtree(clone / ".venv")
    command = ["make", ".venv/ready", *options]
    env = {"PATH": str(programs), "HOME": str(clone.parent / "home")}
    return subprocess.run(command, cwd=clone, env=env, capture_output=True, text=True, check=False)


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


def test_the_python_that_is_named_may_stand_in_any_folder(clone: Path, programs: Path) -> None:
    script(programs / "my python", 'echo "$0 $*"; exit 7')
    assert "my python -m venv .venv" in set_up(clone, programs, f"PYTHON={programs}/my python").stdout


def test_uv_may_get_a_python_by_itself(clone: Path, programs: Path) -> None:
    script(programs / "uv", 'echo "uv $*"; exit 7')
    assert "--python >=3.11 .venv" in set_up(clone, programs).stdout


# --- with a network, and without


# Says what it was asked for; without a network, for which a file stands, it installs only what is kept.
PIP = """
echo "pip $*"
case "$*" in
    *" download "*) test -e ../network && touch "$HOME/.cache/overseer/wheels/all" ;;
    *" --no-index "*) test -e "$HOME/.cache/overseer/wheels/all" ;;
    *) test -e ../network ;;
esac"""


@pytest.fixture
def pip(clone: Path, programs: Path) -> Path:
    """Where a Python, whose `pip` is that, keeps what it downloads."""
    script(programs / "pip", PIP)
    script(
        programs / "python3.12", f'test "$1" = -c && exit 0; mkdir -p .venv/bin; cp "{programs}/pip" .venv/bin/python'
    )
    return clone.parent / "home" / ".cache" / "overseer" / "wheels"


def asked_of_pip(ended: subprocess.CompletedProcess[str]) -> list[str]:
    return [line.partition(" --disable-pip-version-check ")[2] for line in ended.stdout.splitlines() if "pip" in line]


def test_what_is_needed_is_downloaded_to_a_place_of_its_own_and_installed_from_there(
    clone: Path, programs: Path, pip: Path
) -> None:
    (clone.parent / "network").touch()
    ended = set_up(clone, programs)
    assert ended.returncode == 0, ended.stderr
    download, install = asked_of_pip(ended)
    assert download == f"download --dest {pip} -c constraints.txt .[test] hatchling editables"
    assert install == f"install --no-index --find-links {pip} -c constraints.txt -e .[test]"


def test_what_was_downloaded_once_is_not_asked_for_again(clone: Path, programs: Path, pip: Path) -> None:
    pip.mkdir(parents=True)
    (pip / "all").touch()
    ended = set_up(clone, programs)
    assert ended.returncode == 0, ended.stderr
    assert [line.split()[:2] for line in asked_of_pip(ended)] == [["install", "--no-index"]]


def test_what_is_not_kept_is_looked_for_and_missed(clone: Path, programs: Path, pip: Path) -> None:
    pip.mkdir(parents=True)
    ended = set_up(clone, programs)
    assert ended.returncode != 0
    assert [line.split()[0] for line in asked_of_pip(ended)] == ["install", "download"]
    assert "needs a network" in ended.stderr
    assert not (clone / ".venv" / "ready").exists()


def test_where_nothing_can_be_kept_it_is_installed_all_the_same(clone: Path, programs: Path, pip: Path) -> None:
    (clone.parent / "network").touch()
    (clone.parent / "home").touch()  # where a folder should be
    ended = set_up(clone, programs)
    assert ended.returncode == 0, ended.stderr
    assert asked_of_pip(ended) == ["install -c constraints.txt -e .[test]"]


def test_uv_is_asked_for_what_it_has_before_it_asks_the_network(clone: Path, programs: Path) -> None:
    script(programs / "uv", 'echo "uv $*"; mkdir -p .venv; case "$*" in *--offline*) exit 2 ;; esac')
    ended = set_up(clone, programs)
    assert ended.returncode == 0, ended.stderr
    offline, online = [line for line in ended.stdout.splitlines() if line.startswith("uv pip install")]
    assert offline.replace(" --offline", "") == online
