"""Where things are kept, and from whom."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from overseer import home
from tests.processes import Child


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_overseer_home_moves_everything(monkeypatch, tmp_path):
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path))
    assert home.home() == tmp_path
    assert home.journal_path() == tmp_path / "journal.db"
    assert home.workflows_folder() == tmp_path / "workflows"


def test_overseer_home_may_begin_with_the_users_own_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("OVERSEER_HOME", "~/notes")
    assert home.home() == tmp_path / "notes"


def test_a_relative_home_does_not_move_with_the_working_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("OVERSEER_HOME", "here")
    monkeypatch.chdir(tmp_path)
    assert home.home() == tmp_path / "here"


@pytest.mark.parametrize("value", [None, ""])
def test_without_it_the_platform_decides(monkeypatch, tmp_path, value):
    monkeypatch.delenv("OVERSEER_HOME", raising=False)
    if value is not None:
        monkeypatch.setenv("OVERSEER_HOME", value)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert home.home().name == "overseer"
    assert home.home().is_absolute()
    if sys.platform == "linux":
        assert home.home() == tmp_path / "overseer"


def test_asking_makes_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "new"))
    home.home(), home.journal_path(), home.workflows_folder()
    assert not (tmp_path / "new").exists()


def test_the_module_itself_imports_nothing_slow():
    with Child("import sys, overseer.home; print('platformdirs' in sys.modules)") as child:
        assert child.hear() == "False"


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_what_is_made_is_for_this_user_alone(tmp_path):
    home.make_private(tmp_path / "a" / "b")
    home.make_private_file(tmp_path / "a" / "b" / "file")
    assert mode_of(tmp_path / "a" / "b") == 0o700
    assert mode_of(tmp_path / "a" / "b" / "file") == 0o600


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_what_is_there_stays_as_it_is(tmp_path):
    tmp_path.chmod(0o750)
    (tmp_path / "file").write_text("kept")
    (tmp_path / "file").chmod(0o640)
    home.make_private(tmp_path)
    home.make_private_file(tmp_path / "file")
    assert mode_of(tmp_path) == 0o750
    assert mode_of(tmp_path / "file") == 0o640
    assert (tmp_path / "file").read_text() == "kept"
