"""The program without anybody at it, as a whole process in a place of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tests.processes import PATIENCE_S, ROOT
from tests.program import Begun, begun, carried_out, carried_out_by_shell
from tests.servers.model_server import Answer

NOWHERE = "http://127.0.0.1:9"  # where nothing listens
_OURS = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "FORCE_COLOR", "NO_COLOR")

# What a plan of one call looks like, as a model writes it.
CALL = {"step_id": "count", "description": "Count the words", "tool": "text_statistics", "args": {"text": "a b c"}}
WRITE = {
    "step_id": "save",
    "description": "Save it",
    "tool": "write_file",
    "args": {"path": "kept.txt", "text": "a b c"},
}


def plan(*steps: Mapping[str, Any], **more: Any) -> str:
    return json.dumps({"steps": list(steps), **more})


def tool_file(source: str) -> str:
    """A file of tools, with what they all need."""
    return f"import os, sys, time\nfrom overseer.tool import ToolContext, tool\n\n{source}"


def answer(text: str) -> Answer:
    """A direct answer, of a model that has read all of the question."""
    return Answer(json.dumps({"answer": text}), tokens=(9000, 7))


@dataclass(frozen=True)
class Ended:
    """What came of a process."""

    code: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        return self.out.decode()

    @property
    def said(self) -> str:
        return self.err.decode()

    @property
    def document(self) -> Any:
        """The only thing on standard output."""
        assert self.out.count(b"\n") == 1, self.text
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Place:
    """A folder to work in, with a home of its own and no model but the one that is named."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.folder.parent / "home"

    def connect(self, url: str) -> None:
        """Use the model `tiny` of an OpenAI-compatible server."""
        self.environment |= {"OVERSEER_MODEL": "openai/tiny", "OVERSEER_BASE_URL": url}

    def begin(
        self,
        *arguments: str,
        stdin: int | IO[bytes] = subprocess.DEVNULL,
        stdout: int | IO[bytes] = subprocess.PIPE,
        **environment: str,
    ) -> Begun | subprocess.Popen[bytes]:
        variables = self.surroundings(**environment)
        return begun(*arguments, stdin=stdin, stdout=stdout, folder=self.folder, environment=variables)

    def surroundings(self, **more: str) -> dict[str, str]:
        """The environment of a process in this place."""
        inherited = {
            name: value for name, value in os.environ.items() if name not in _OURS and not name.startswith("OVERSEER_")
        }
        own = {"OVERSEER_HOME": str(self.home), "OLLAMA_HOST": NOWHERE, "PYTHONPATH": str(ROOT)}
        return {**inherited, **own, **self.environment, **more}

    def run(self, *arguments: str, given: bytes | None = None, **environment: str) -> Ended:
        """The end of a process that got this on standard input, or nothing."""
        variables = self.surroundings(**environment)
        made = carried_out(*arguments, given=given, folder=self.folder, environment=variables)
        return Ended(made.returncode, made.stdout, made.stderr)

    def shell(self, script: str, given: bytes | None = None, *, is_loaded: bool = True) -> Ended:
        """What bash makes of a script in which `overseer` is the program."""
        made = carried_out_by_shell(
            script, given=given, folder=self.folder, environment=self.surroundings(), is_loaded=is_loaded
        )
        return Ended(made.returncode, made.stdout, made.stderr)

    def tools(self, source: str) -> tuple[str, str]:
        """Tools of this project's own, and the options that name them."""
        folder = self.folder.parent / "tools"
        folder.mkdir(exist_ok=True)
        (folder / "own.py").write_text(tool_file(source), encoding="utf-8")
        return ("--tools", str(folder))

    def settings(self, values: Mapping[str, Any]) -> None:
        self.home.mkdir(exist_ok=True)
        (self.home / "config.yaml").write_text(json.dumps(values), encoding="utf-8")


def ended(process: Begun | subprocess.Popen[bytes], given: bytes | None = None) -> Ended:
    try:
        out, err = process.communicate(given, timeout=PATIENCE_S)
    finally:
        process.kill()
    return Ended(process.wait(), out or b"", err)


def interrupted(process: Begun | subprocess.Popen[bytes], *signals: signal.Signals) -> Ended:
    for number in signals or (signal.SIGINT,):
        process.send_signal(number)
    return ended(process)
