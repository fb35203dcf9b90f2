"""A chat at a terminal that the test types at."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.processes import signals_as_usual  # noqa: F401
from tests.terminals import PATIENCE_S, ROOT, TOOLS, Terminal

CTRL = {name: bytes([ord(name) - 96]) for name in "cdejrux"}
ALT_ENTER = b"\x1b\r"


class AtChat(Terminal):
    """Somebody at a chat."""

    def press(self, keys: bytes) -> None:
        os.write(self.outer, keys)

    def type(self, text: str) -> None:
        self.press(text.encode())

    def enter(self, text: str = "") -> None:
        self.type(f"{text}\r")

    def wait_for_prompt(self) -> None:
        """Until the line of the cursor is a prompt with nothing behind it."""
        self.wait_for(lambda lines: any(line == ">" for line in [*lines[-1:], self.line_of_cursor()]))

    def line_of_cursor(self) -> str:
        with self._lock:
            return self._screen.display[self._screen.cursor.y].rstrip()

    def say(self, text: str, expected: str) -> list[str]:
        """Type a line; the lines on the screen once what is expected was shown after it, and a prompt after that."""
        self.wait_for_prompt()
        before = len(self.text())
        self.enter(text)
        self.wait_until(lambda: expected in self.text()[before + len(text) :])
        self.wait_for_prompt()
        return self.all_lines()

    def text(self) -> str:
        """All that was written, without what steers the terminal."""
        with self._lock:
            raw = self.raw.decode(errors="replace")
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]", "", raw)

    def wait_until(self, holds: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < end, "not so:\n" + "\n".join(self.all_lines())
            time.sleep(0.01)

    def hear(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)


class Chats:
    """Begins chats in one folder, which is also where their user's data is."""

    def __init__(self, folder: Path, opened: ExitStack) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.opened = opened

    def begin(
        self,
        *options: str,
        environ: Mapping[str, str] | None = None,
        columns: int = 100,
        rows: int = 40,
        shell: str = "",
    ) -> AtChat:
        chat = AtChat(
            *(("/bin/sh", "-c", shell, "sh") if shell else ()),
            sys.executable, str(ROOT / "chat_cli.py"), "--tools", str(self.folder / "own"), *options,
            folder=self.folder, columns=columns, rows=rows,
            environ={**NO_MODEL, "OVERSEER_HOME": str(self.home), **(environ or {})},
        )  # fmt: skip
        return self.opened.enter_context(chat)


# Nothing is looked for, so that nothing is found.
NO_MODEL = {
    "OPENAI_API_KEY": "", "OPENAI_BASE_URL": "", "OVERSEER_MODEL": "", "OVERSEER_BASE_URL": "",
    "OLLAMA_HOST": "127.0.0.1:9", "VISUAL": "", "EDITOR": "false",
}  # fmt: skip

PLANS = {
    "waiting.yaml": """
name: waiting
steps:
  - {step_id: first, description: Be quick, tool: quick, args: {value: 7}}
  - {step_id: second, description: Wait, tool: waits, args: {name: w}, depends_on: [first]}
""",
    "quick.yaml": """
name: quick
inputs: {number: {type: integer, default: 3}}
steps:
  - {step_id: only, description: Be quick, tool: quick, args: {value: "{{inputs.number}}"}}
""",
    "writes.yaml": """
name: writes
steps:
  - {step_id: note, description: Write a note, tool: write_file, args: {path: note.txt, text: "milk"}}
""",
}


@pytest.fixture
def chats(tmp_path: Path) -> Iterator[Chats]:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "waiting.py").write_text(TOOLS)
    for name, text in PLANS.items():
        (tmp_path / name).write_text(text)
    with ExitStack() as opened:
        yield Chats(tmp_path, opened)
