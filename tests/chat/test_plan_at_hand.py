"""The plan at hand: what is said of it holds when it is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chat.conftest import PLANS
from tests.chat.typed import Typed, typed

__all__ = ["typed"]


@pytest.fixture(autouse=True)
def plans(tmp_path: Path) -> None:
    (tmp_path / "writes.yaml").write_text(PLANS["writes.yaml"])
    (tmp_path / "fails.yaml").write_text(
        "name: fails\nsteps: [{step_id: a, description: Read it, tool: read_file, args: {path: none.txt}}]"
    )


def test_a_plan_is_named_with_an_at_as_files_are_elsewhere(typed: Typed) -> None:
    assert "path: note.txt" in typed.say("/run @writes.yaml", "q")
    assert "Write a note" in typed.say("/graph @writes.yaml")


def test_before_it_runs_it_says_what_it_needs(typed: Typed) -> None:
    assert "nothing was run" in typed.say("/run writes.yaml", "q")
    said = typed.say("/plan")
    assert "write_file was never called before" in said
    assert "it needs your approval for:" in said
    assert said.endswith("/run runs it, /edit changes it, /save NAME keeps it\n")


def test_after_its_run_it_says_how_it_ended_and_nothing_that_does_not_hold(typed: Typed) -> None:
    typed.say("/run writes.yaml", "r")
    said = typed.say("/plan")
    assert "never called before" not in said
    assert "needs your approval" not in said
    assert f"  run {typed.chat.last_run} succeeded: 1 succeeded\n" in said
    assert "/run runs it again" in said
    again = typed.say("/run", "q")
    assert "it needs your approval for:" in again


def test_of_one_that_failed_it_says_why(typed: Typed) -> None:
    typed.say("/run fails.yaml")
    said = typed.say("/plan")
    assert f"  run {typed.chat.last_run} failed: 1 failed\n" in said
    assert "none.txt" in said.split("it has run already:")[1]


def test_after_an_edit_the_needs_are_those_of_the_new_plan(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    typed.say("/run writes.yaml", "q")
    monkeypatch.setattr("overseer.chat.editor.usual_editor", lambda: "sed -i s/note.txt/other.txt/")
    said = typed.say("/edit")
    assert "path: other.txt" in said.split("it needs your approval for:")[1]
    assert "note.txt" not in said
