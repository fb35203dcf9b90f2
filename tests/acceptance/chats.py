"""Chats for tests: a real one in a pane, the server of the model that it talks with, and tools that wait to be told."""

from __future__ import annotations

import json
import os
import re
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.acceptance.pane import Pane
from tests.processes import ROOT
from tests.servers.model_server import Answer, ModelServer
from tests.terminals import TOOLS

COMMAND = (sys.executable, str(ROOT / "chat_cli.py"))

_OURS = ("OVERSEER_", "OPENAI_", "OLLAMA_")
_OF_TERMINALS = ("NO_COLOR", "FORCE_COLOR", "TMUX", "TMUX_PANE", "STY", "XTERM_VERSION", "PYTHONIOENCODING")

# Programs that tell who they are, and go on for longer than any test.
_SLEEPS = """\
name: sleeps
description: Sleep for a long time
parameters:
  name: {type: string}
command:
  arguments: [sh, -c, 'echo $$ > "pid-$0.part"; mv "pid-$0.part" "pid-$0"; exec sleep 600', "{name}"]
"""


def chat(
    folder: Path,
    *options: str,
    server: ModelServer | None = None,
    columns: int = 100,
    rows: int = 30,
    python: Sequence[str] = (),
    **environ: str,
) -> Pane:
    """A chat in a folder, which has its home there; without a server, no model is to be found.

    `python` are options of the interpreter.
    """
    command = [COMMAND[0], *python, COMMAND[1], *options]
    return Pane(command, folder=folder, environ=environ_of(folder, server, environ), columns=columns, rows=rows)


def environ_of(folder: Path, server: ModelServer | None, more: Mapping[str, str]) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(_OURS) and name not in _OF_TERMINALS
    }
    ours = {"OVERSEER_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT), "OLLAMA_HOST": closed_port()}
    if server is not None:
        ours |= {"OPENAI_BASE_URL": server.openai_url, "OPENAI_API_KEY": "none-is-needed"}
    return {**kept, **ours, **more}


def closed_port() -> str:
    """An address where nobody listens."""
    with closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{held.getsockname()[1]}"


def tools_in(folder: Path) -> tuple[str, str]:
    """Options for a chat with `waits`, which waits for a file, `quick`, and `sleeps`, a program that needs approval."""
    tools = folder / "given-tools"
    tools.mkdir()
    (tools / "waits.py").write_text(TOOLS)
    (tools / "sleeps.yaml").write_text(_SLEEPS)
    return ("--tools", str(tools))


# --- what a model replies


def answers(text: str) -> str:
    """A reply that answers."""
    return json.dumps({"answer": text})


def plans(*steps: Mapping[str, Any], **rest: Any) -> str:
    """A reply that plans."""
    return json.dumps({"steps": list(steps), **rest})


def waiting(*names: str, **args: str) -> list[dict[str, Any]]:
    """Steps that wait until the test lets them go on."""
    return [
        {"step_id": name, "description": f"Step {name}", "tool": "waits", "args": {"name": name, **args}}
        for name in names
    ]


def sleeping(*names: str) -> list[dict[str, Any]]:
    """Steps that nobody waits for, all at once."""
    return [
        {"step_id": name, "description": f"Step {name}", "tool": "sleeps", "args": {"name": name}, "parallel_group": 1}
        for name in names
    ]


def is_asked_to_plan(body: Any) -> bool:
    """Whether a request to a model is one for a plan, rather than for the answer to what a run gave."""
    return "planner" in str(body["messages"][0]["content"])[:80]


def planning(plan: str, answer: str | Answer = "All is done.") -> Callable[[Any], str | Answer]:
    """A model that has one plan for everything, and one thing to say of what came of it."""
    return lambda body: plan if is_asked_to_plan(body) else answer


# --- what is seen


def is_prompt(lines: Sequence[str]) -> bool:
    """Whether the last line waits for somebody to type."""
    return re.fullmatch(r"> *", lines[-1]) is not None


def at_prompt(pane: Pane) -> list[str]:
    """The lines, once the chat waits."""
    return pane.wait_for(is_prompt)


def asked(pane: Pane, line: str) -> list[str]:
    """All lines, once what was typed has been dealt with."""
    at_prompt(pane)
    before = sum(each.startswith(">") for each in pane.all_lines())
    pane.enter(line)
    return pane.wait_for(
        lambda lines: is_prompt(lines) and sum(each.startswith(">") for each in lines) > before, above=True
    )
