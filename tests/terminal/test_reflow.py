"""A terminal that breaks long lines anew when it is resized, as tmux does: nothing is left twice."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.terminals import PATIENCE_S, ROOT, TOOLS, running

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed: no terminal that reflows")

LONG = "A step whose description is so long that a narrow terminal breaks its line in two or three"


class Tmux:
    """A session of one window, at a server of tmux of which nobody else knows."""

    def __init__(self, socket: str, session: str = "first") -> None:
        self._socket = socket
        self._session = session

    def another(self, session: str) -> Tmux:
        """One more at the same server."""
        return Tmux(self._socket, session)

    def begin(self, shell: str) -> None:
        self._asked("new-session", "-d", "-s", self._session, "-x", "100", "-y", "24", shell)

    def do(self, command: str, *options: str) -> str:
        return self._asked(command, "-t", self._session, *options)

    def end(self) -> None:
        self._asked("kill-server")

    def _asked(self, *command: str) -> str:
        ended = subprocess.run(
            ["tmux", "-S", self._socket, "-f", "/dev/null", *command], capture_output=True, text=True, check=False
        )
        return ended.stdout

    def lines(self) -> list[str]:
        """What is on the screen and what has left it, each as the line that was printed."""
        return [line.rstrip() for line in self.do("capture-pane", "-p", "-J", "-S", "-").splitlines()]

    def wait_for(self, seen: Callable[[list[str]], bool]) -> list[str]:
        end = time.monotonic() + PATIENCE_S
        while not seen(lines := self.lines()):
            assert time.monotonic() < end, "not seen:\n" + "\n".join(lines)
            time.sleep(0.05)
        return lines


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    server = Tmux(str(tmp_path / "tmux"))
    yield server
    server.end()


def test_a_resize_leaves_nothing_twice(tmux: Tmux, tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "waits.py").write_text(TOOLS)
    names = ["a", "b", "c"]
    steps = [
        {"step_id": name, "description": f"{LONG} ({name})", "tool": "waits", "args": {"name": name}} for name in names
    ]
    (tmp_path / "plan.json").write_text(json.dumps({"steps": steps}))
    command = shlex.join(running(tmp_path / "plan.json", tmp_path / "tools"))
    environ = f"env -u NO_COLOR -u FORCE_COLOR OVERSEER_HOME={tmp_path}/home PYTHONPATH={ROOT}"
    shell = f"cd {tmp_path}; {environ} {command}; echo ended; sleep 60"
    tmux.begin(shell)

    def rows(lines: list[str]) -> list[str]:
        return [line for line in lines if line.startswith("  •")]

    def summary(lines: list[str]) -> list[str]:
        return [line for line in lines if " running, 0 of 3" in line]

    tmux.wait_for(lambda lines: len(rows(lines)) == 3)
    for columns in (60, 40, 100, 40, 100):
        tmux.do("resize-window", "-x", str(columns), "-y", "24")
        lines = tmux.wait_for(lambda lines: all(len(row) < columns for row in rows(lines)) and bool(rows(lines)))  # noqa: B023
        time.sleep(0.2)  # tmux tells of its size when it has settled
        before = summary(tmux.lines())
        lines = tmux.wait_for(lambda lines: summary(lines) != before)  # noqa: B023 # another frame, with another time
        assert len(rows(lines)) == 3, "\n".join(lines)
        assert len(summary(lines)) == 1, "\n".join(lines)
    (tmp_path / "go-all").touch()
    lines = tmux.wait_for(lambda lines: "ended" in lines)
    assert rows(lines) == []
    assert len([line for line in lines if line.startswith("  ✓")]) == 3
    assert os.path.exists(tmp_path / "begun-a")
