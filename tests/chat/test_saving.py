"""Saving a plan under review: as a workflow of one's own or as a file, and never half of it or over another."""

from __future__ import annotations

from pathlib import Path

import pytest

from overseer.chat.saving import saver
from overseer.errors import UsageError
from overseer.plan import load_plan
from overseer.plan.values import Once, Scope, WorkflowPlan, WorkflowStep
from tests.chat.people import TOOLS, plan, step

PLAN = plan(step("a"), step("b", "keep", "a"))


def test_a_bare_name_is_a_workflow_and_a_path_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save = saver(tmp_path / "home" / "workflows")
    for name, path in (("mine", "home/workflows/mine.yaml"), ("x.yaml", "x.yaml"), ("sub/日本", "sub/日本")):
        assert save(PLAN, name).startswith("saved as ")
        assert load_plan(tmp_path / path, tools=TOOLS).plan == PLAN


def test_a_workflow_from_a_file_is_saved_along(tmp_path: Path) -> None:
    scope = WorkflowStep("a", Scope(Once(), plan(step("x")), workflow="gone.yaml"))
    saver(tmp_path)(WorkflowPlan((scope,)), "mine")
    assert load_plan(tmp_path / "mine.yaml", tools=TOOLS).plan.steps == (scope,)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("kept")
    with pytest.raises(UsageError, match="is there already; save the plan under another name"):
        saver(tmp_path)(PLAN, "mine")
    assert (tmp_path / "mine.yaml").read_text() == "kept"


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "/proc/nope/x", "/", "blocked/x", "", "..", "sub/"])
def test_a_place_where_nothing_can_be_saved_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "blocked").write_text("a file")
    with pytest.raises(UsageError, match=r"cannot save the plan as|is there already"):
        saver(tmp_path)(PLAN, name)


def test_a_secret_is_not_written_to_a_file(tmp_path: Path) -> None:
    save = saver(tmp_path, lambda text: "THE_KEY" if "hidden" in text else None)
    with pytest.raises(UsageError, match="it holds THE_KEY"):
        save(plan({"step_id": "a", "tool": "think", "args": {"x": "hidden"}}), "mine")
    assert list(tmp_path.iterdir()) == []
