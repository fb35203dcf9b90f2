"""A whole review at a terminal, with a model on a real socket and an editor that is a process."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from overseer.journal.journal import Journal
from overseer.plan import plan_from, plan_hash
from overseer.text.cells import cells
from tests.servers.model_server import ModelServer
from tests.terminals import ROOT, Terminal

TOOLS = '''
from pathlib import Path
from overseer.tool import tool


@tool(effect="exec")
def launch(command: str) -> str:
    """Start a program."""
    with Path("called").open("a") as file:
        file.write(command + "\\n")
    return command


@tool
def note(text: str = "") -> str:
    """Take a note."""
    with Path("called").open("a") as file:
        file.write("note\\n")
    return text
'''

EDITOR = """
import sys
from pathlib import Path
path, times = Path(sys.argv[-1]), Path("times")
text = path.read_text()
Path(f"opened-{len(times.read_text()) if times.exists() else 0}").write_text(text)
with times.open("a") as file:
    file.write("x")
if len(times.read_text()) == 1:
    path.write_text(text.replace("tool: launch", "tool: lunch"))
else:
    path.write_text(text.replace("tool: lunch", "tool: launch").replace("make all", "make test"))
"""

FIRST = [
    {"step_id": "build", "description": "Build it", "tool": "launch", "args": {"command": "make all"}},
    {"step_id": "told", "description": "Tell of it", "tool": "note", "args": {"text": "{{build}}"}},
]
SECOND = [
    {"step_id": "build", "description": "Build it", "tool": "launch", "args": {"command": "make fast"}},
    {"step_id": "told", "description": "Tell of it", "tool": "note", "args": {"text": "{{build}}"}},
    {"step_id": "more", "description": "Tell more", "tool": "note", "args": {"text": "{{build}} again"}},
]


def reply(body: Any) -> str:
    said = json.dumps(body)
    if "make it fast" in said:
        return json.dumps({"steps": SECOND})
    if "You are the planner" in said:
        return json.dumps({"steps": FIRST})
    return "It is built."


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(reply=reply) as server:
        yield server


def chat(server: ModelServer, folder: Path, *, columns: int = 80, **environ: str) -> Terminal:
    (folder / "extra").mkdir(exist_ok=True)
    (folder / "extra" / "tools.py").write_text(TOOLS)
    (folder / "editor.py").write_text(EDITOR)
    return Terminal(
        sys.executable,
        str(ROOT / "chat_cli.py"),
        "--tools",
        str(folder / "extra"),
        folder=folder,
        columns=columns,
        rows=70,
        environ={
            "OVERSEER_HOME": str(folder / "home"),
            "OPENAI_BASE_URL": server.openai_url,
            "OPENAI_API_KEY": "",
            "EDITOR": shlex.join([sys.executable, str(folder / "editor.py")]),
            "VISUAL": "",
            **environ,
        },
    )


class Chat:
    """Types into a chat, and waits for what comes of it."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        terminal.wait_for(lambda lines: any(line.startswith(">") for line in lines))

    def asks(self, keys: str, *words: str) -> str:
        """Type, and wait until something is asked again after these words; what was shown since."""
        before = len(self._terminal.raw)
        os.write(self._terminal.outer, f"{keys}\r".encode())
        self._terminal.wait_for(lambda _: self._is_asked_again(self._since(before), words))
        return self._since(before)

    @staticmethod
    def _is_asked_again(text: str, words: tuple[str, ...]) -> bool:
        at = 0
        for word in (*words, "[q]uit >"):
            at = text.find(word, at)
            if at < 0:
                return False
        return True

    def _since(self, before: int) -> str:
        text = bytes(self._terminal.raw[before:]).decode(errors="replace")
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).replace("\r", "")


def leave(terminal: Terminal) -> None:
    """Leave the chat, once it asks for the next request."""
    terminal.wait_for(lambda lines: next((line for line in reversed(lines) if line), "").startswith(">"))
    os.write(terminal.outer, b"\x04")
    assert terminal.ended() == 0


def called(folder: Path) -> list[str]:
    return (folder / "called").read_text().splitlines() if (folder / "called").exists() else []


def shown_hash(text: str) -> str:
    return str(re.findall(r"^  plan ([0-9a-f]{12})$", text, re.M)[-1])


def test_a_whole_review(tmp_path: Path, server: ModelServer) -> None:
    with chat(server, tmp_path) as terminal:
        person = Chat(terminal)
        first = person.asks("build it", "Workflow Plan (2 steps):", "it needs your approval for:")
        assert "exec: launch" in first
        assert "Forecast: 2 calls, time unknown; launch, note were never called before" in " ".join(first.split())
        assert "made by tiny" in first
        broken = person.asks("e", "this is no plan that can run")
        assert "there is no tool 'lunch'; did you mean 'launch'?" in broken
        assert "| " in broken
        assert "tool: lunch" in broken
        assert "did you mean 'run'? Nothing was done" in person.asks("runn", "Nothing was done")
        edited = person.asks("e", "Changed:")
        assert "~ build: args.command: make all -> make test" in edited
        assert "#! " in (tmp_path / "opened-1").read_text()
        assert shown_hash(edited) != shown_hash(first)
        changed = person.asks("c make it fast", "Workflow Plan (3 steps):")
        assert "+ more: Tell more" in changed
        assert "~ build: args.command: make test -> make fast" in changed
        assert "told, more would be without what it gives" in person.asks("d 1", "to drop all of these")
        dropped = person.asks("d 3", "Workflow Plan (2 steps):")
        assert "- more: Tell more" in dropped
        assert "saved as" in person.asks("s built", "saved as")
        assert called(tmp_path) == []
        assert len(server.questions()) == 2, "only for the two plans"
        os.write(terminal.outer, b"r\r")
        terminal.wait_for_text("It is built.")
        assert called(tmp_path) == ["make fast", "note"]
        leave(terminal)
    with Journal.open(tmp_path / "home" / "journal.db", read_only=True) as journal:
        (run,) = journal.runs()
        assert plan_hash(plan_from(journal.run(run.run_id).plan).plan).startswith(shown_hash(dropped))
    assert "make fast" in (tmp_path / "home" / "workflows" / "built.yaml").read_text()


@pytest.mark.parametrize("key", ["q\r", "\x04", "\x03"])
def test_leaving_the_review_runs_nothing_and_says_so(tmp_path: Path, server: ModelServer, key: str) -> None:
    with chat(server, tmp_path) as terminal:
        person = Chat(terminal)
        person.asks("build it", "it needs your approval for:")
        os.write(terminal.outer, key.encode())
        terminal.wait_for_text("nothing was run")
        leave(terminal)
    assert called(tmp_path) == []
    assert len(server.questions()) == 1


def test_what_was_typed_before_the_plan_was_there_does_not_approve_it(tmp_path: Path, server: ModelServer) -> None:
    with chat(server, tmp_path) as terminal:
        person = Chat(terminal)
        person.asks("build it\rr\ry", "it needs your approval for:", "is no answer to it, and was left out")
        assert called(tmp_path) == []
        assert "did you mean 'view'?" in person.asks("vieww", "Nothing was done")
        assert called(tmp_path) == []


@pytest.mark.parametrize("columns", [40, 100])
def test_the_screen_fits_the_terminal(tmp_path: Path, server: ModelServer, columns: int) -> None:
    with chat(server, tmp_path, columns=columns) as terminal:
        text = Chat(terminal).asks("build it", "it needs your approval for:")
        plan = text[text.index("Workflow Plan") : text.index("[r]un")]
        assert max(map(cells, plan.splitlines())) <= columns
        assert b"\x1b[31m[exec]\x1b[0m" in bytes(terminal.raw)


def test_without_colours_no_escape_sequence_is_in_the_plan(tmp_path: Path, server: ModelServer) -> None:
    with chat(server, tmp_path, NO_COLOR="1") as terminal:
        Chat(terminal).asks("build it", "it needs your approval for:")
        raw = bytes(terminal.raw)
        assert b"\x1b" not in raw[raw.index(b"Workflow Plan") : raw.index(b"needs your approval")]
