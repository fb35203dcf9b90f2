"""What children and libraries write to the terminal by themselves while a run is drawn on it."""

from __future__ import annotations

import json
import os
import signal
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("fcntl", reason="terminals of POSIX")

from tests.processes import signals_as_usual  # noqa: F401
from tests.terminals import TOOLS, Terminal, running

STRAY = (
    TOOLS
    + '''
import ctypes, os, subprocess

@tool(effect="pure")
def strays(name: str) -> str:
    """Let everything write that can, then wait."""
    subprocess.run(["sh", "-c", "echo child to 1; echo child to 2 >&2; test -t 0 || echo has no keys"])
    subprocess.run(["sh", "-c", "echo given as it is"], stderr=subprocess.DEVNULL, stdout=sys.stdout)
    subprocess.run(["sh", "-c", "printf '\\\\033[2J\\\\033[31mred\\\\n' >&2"])
    os.write(2, b"by number\\n")
    library = ctypes.CDLL(None)
    library.dprintf(1, b"by a library\\n")
    sys.__stdout__.write("by Python's own\\n")
    sys.__stdout__.flush()
    Path("keys").write_text(repr(sys.stdin.readline()))
    return waits(name)
'''
)


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., Terminal]:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "stray.py").write_text(STRAY)
    environ = {"OVERSEER_HOME": str(tmp_path / "home")}

    def started(tool: str, *options: str, into: str = "/dev/tty") -> Terminal:
        file = tmp_path / "plan.json"
        steps = [{"step_id": "a", "description": "Step a", "tool": tool, "args": {"name": "a"}}]
        file.write_text(json.dumps({"steps": steps}))
        command = running(file, tmp_path / "tools", *options)
        return Terminal("/bin/sh", "-c", f'exec "$@" > {into}', "sh", *command, folder=tmp_path, environ=environ)

    return started


def test_it_stands_above_in_whole_lines(start: Callable[..., Terminal]) -> None:
    with start("strays") as terminal:
        os.write(terminal.outer, b"typed\n")
        lines = terminal.wait_for(
            lambda lines: "by Python's own" in lines and any("• Step a" in line for line in lines)
        )
        said = ("child to 1", "child to 2", "has no keys", "given as it is", "by number", "by a library")
        assert [lines.count(line) for line in said] == [1] * len(said)
        assert "\\x1b[2Jred" in lines
        assert len([line for line in lines if "• Step a" in line]) == 1
        assert (terminal.folder / "keys").read_text() == "''"
        (terminal.folder / "go-all").touch()
        assert terminal.ended() == 0
        assert not any("•" in line for line in terminal.all_lines())
        assert termios.tcgetattr(terminal.inner) == terminal.before


def test_after_a_signal_the_terminal_gets_what_is_said_again(start: Callable[..., Terminal]) -> None:
    with start("strays") as terminal:
        terminal.wait_for(lambda lines: any("• Step a" in line for line in lines))
        os.kill(terminal.process.pid, signal.SIGTERM)
        assert terminal.ended() == 130
        assert any(line.startswith("to go on where it stopped") for line in terminal.all_lines())


def test_a_result_has_nothing_else_in_it(start: Callable[..., Terminal], tmp_path: Path) -> None:
    (tmp_path / "go-all").touch()
    with start("strays", "--jsonl", into="out") as terminal:
        assert terminal.ended() == 0
        assert {json.loads(line)["kind"] for line in (tmp_path / "out").read_text().splitlines()} == {"event"}
        assert {"by a library", "by number", "by Python's own"} <= set(terminal.all_lines())
        assert (tmp_path / "keys").read_text() == "''"
