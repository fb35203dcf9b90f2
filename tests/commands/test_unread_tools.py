"""Plans that call tools of a project which nobody trusts: it is said where they are, and none is carried out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import chat_cli
from tests.chat.typed import Typed, typed

__all__ = ["typed"]

HINT = "{} names it, but is not read; to trust the tools here: overseer tools --trust"
PLAN = "steps:\n  - {step_id: a, tool: greeting, args: {name: you}}\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    (tmp_path / "tools").mkdir()
    (tmp_path / "plan.yaml").write_text(PLAN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("own.py", "from overseer.tool import tool\nopen('carried-out', 'w')\n@tool\ndef greeting(name: str): ..."),
        ("greeting.yaml", "command: {run: [echo]}"),
        ("two.yml", "tools:\n  - {name: greeting, command: {run: [echo]}}"),
    ],
)
@pytest.mark.parametrize("command", ["check", "run"])
def test_the_file_of_a_missing_tool_is_told_with_how_it_would_be_read(
    project: Path, command: str, file: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "tools" / file).write_text(text)
    assert chat_cli.main([command, "plan.yaml"]) == 3
    said = "".join(capsys.readouterr())
    assert f"line 2, step 'a': there is no tool 'greeting'; {HINT.format(f'tools/{file}')}" in " ".join(said.split())
    assert not (project / "carried-out").exists()
    chat_cli.main([command, "plan.yaml", "--json"])
    (fault,) = json.loads(capsys.readouterr().out)["faults"]
    assert fault["help"] == HINT.format(f"tools/{file}")


def test_a_tool_that_no_file_names_is_no_reason_to_trust_any(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "tools" / "own.py").write_text("from overseer.tool import tool\n@tool\ndef greetings(): ...")
    assert chat_cli.main(["run", "plan.yaml"]) == 3
    assert "--trust" not in capsys.readouterr().err


def test_the_chat_says_so_too(typed: Typed) -> None:
    (typed.folder / "tools").mkdir()
    (typed.folder / "tools" / "greeting.yaml").write_text("command: {run: [echo]}")
    (typed.folder / "plan.yaml").write_text(PLAN)
    said: Any = typed.say("/run plan.yaml")
    assert HINT.format("tools/greeting.yaml") in " ".join(said.split())
