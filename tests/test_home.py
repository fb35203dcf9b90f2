"""Where things are kept, and from whom."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from overseer import home
from overseer.broker.cache import FileCache
from overseer.chat.history import SharedHistory
from overseer.chat.saving import saver
from overseer.frontends.programs import Task
from overseer.frontends.shelf import Shelf
from overseer.journal.journal import Journal
from overseer.plan import plan_from
from overseer.plan.values import WorkflowPlan
from overseer.registry.documents import keep_document
from overseer.review import Proposal
from overseer.trust import trust
from overseer.undo.store import ChangeStore
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
def test_all_that_is_kept_is_for_this_user_alone_whatever_makes_the_folder_first(monkeypatch, tmp_path):
    plan = plan_from({"steps": [{"step_id": "a", "tool": "t"}]}).plan
    task = Task("count", {}, {})
    (tmp_path / "tool.py").write_text("")
    makers = {
        "trust": lambda: trust(tmp_path, [tmp_path / "tool.py"]),
        "document": lambda: keep_document("https://example.com/api", lambda url: "{}"),
        "workflow": lambda: saver(home.workflows_folder())(Proposal(plan, "rules"), "mine"),
        "named": lambda: saver(home.workflows_folder())(Proposal(plan, "rules"), f"{home.home()}/new/mine.yaml"),
        "program": lambda: Shelf(home.programs_folder()).keep(task, "print(1)"),
        "answer": lambda: FileCache(home.home() / "cache.db").keep(lambda: "key", 1),
        "history": lambda: SharedHistory(home.home() / "history", lambda line: True).store_string("hello"),
        "changes": lambda: ChangeStore().close(),
        "journal": lambda: Journal.open().close(),
    }
    before = os.umask(0o022)
    try:
        for name, make in makers.items():
            monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / name / "data"))
            make()
            kept = [home.home(), *home.home().rglob("*")]
            assert any(path.is_file() for path in kept), name
            assert {f"{path}": mode_of(path) & 0o077 for path in kept} == {f"{path}": 0 for path in kept}
    finally:
        os.umask(before)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_plan_that_is_saved_among_other_files_is_one_of_them(tmp_path, monkeypatch):
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    before = os.umask(0o022)
    try:
        saver(home.workflows_folder())(Proposal(WorkflowPlan(()), "rules"), f"{tmp_path}/new/mine.yaml")
    finally:
        os.umask(before)
    assert (mode_of(tmp_path / "new"), mode_of(tmp_path / "new" / "mine.yaml")) == (0o755, 0o644)


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
