"""A pane of tmux that a test types into and looks at: what a person sees, on a terminal that answers.

tmux is asked again and again for what is on the screen, until it is as wanted; nothing waits for a time to pass.
Everything that the process writes is kept as well, byte by byte.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.processes import PATIENCE_S

needs_tmux = pytest.mark.skipif(
    shutil.which("tmux") is None, reason="there is no tmux here to look at a screen with (apt-get install tmux)"
)

_SETTINGS = """
set -g status off
set -g escape-time 0
set -g history-limit 20000
set -g remain-on-exit on
"""
_LOOK_S = 0.02


class Pane:
    """A process in a pane of so many columns and rows; as a context it is ended with its terminal."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        environ: Mapping[str, str],
        columns: int = 100,
        rows: int = 30,
    ) -> None:
        self.folder = folder
        self._name = f"overseer-{uuid4().hex[:12]}"
        self._raw = folder / f"{self._name}.raw"
        self._raw.touch()
        settings = folder / f"{self._name}.conf"
        settings.write_text(_SETTINGS)
        size = ("-x", str(columns), "-y", str(rows))
        # In one request, so that not a byte comes before somebody listens.
        begin = ["new-session", "-d", *size, "--", *command, ";", "pipe-pane", "-O", f"exec cat > '{self._raw}'"]
        subprocess.run(
            ["tmux", "-u", "-L", self._name, "-f", str(settings), *begin],
            cwd=folder,
            env=dict(environ),
            check=True,
            timeout=PATIENCE_S,
        )
        self.process_id = int(self._asked("display-message", "-p", "#{pane_pid}"))

    # --- what is typed

    def type(self, text: str) -> None:
        """Letters, as they are."""
        self._asked("send-keys", "-l", "--", text)

    def press(self, *keys: str) -> None:
        """Keys by tmux's names for them, such as Enter, C-c and M-Enter."""
        self._asked("send-keys", *keys)

    def enter(self, line: str) -> None:
        self.type(line)
        self.press("Enter")

    def resize(self, columns: int, rows: int = 30) -> None:
        self._asked("resize-window", "-x", str(columns), "-y", str(rows))

    # --- what is seen

    def lines(self) -> list[str]:
        """The lines on the screen."""
        return self._captured()

    def all_lines(self) -> list[str]:
        """The lines on the screen, and above them those that have left it."""
        return self._captured("-S", "-")

    def coloured(self) -> str:
        """All lines with the codes that colour them."""
        return self._asked("capture-pane", "-p", "-e", "-S", "-")

    def raw(self) -> bytes:
        """What was written so far."""
        return self._raw.read_bytes()

    def wait_for(self, seen: Callable[[list[str]], Any], *, above: bool = False) -> list[str]:
        """The lines as soon as they are as wanted: those on the screen, or with those that have left it."""
        end = time.monotonic() + PATIENCE_S
        while not seen(lines := self.all_lines() if above else self.lines()):
            assert time.monotonic() < end, "not seen:\n" + "\n".join(self.all_lines())
            time.sleep(_LOOK_S)
        return lines

    def wait_for_text(self, text: str) -> list[str]:
        return self.wait_for(lambda lines: any(text in line for line in lines), above=True)

    # --- how it ends

    def ended(self) -> int:
        """The exit code of the process, once it has ended; of one that was killed, 128 and the signal."""
        end = time.monotonic() + PATIENCE_S
        while True:
            code, killed_by = self._asked("display-message", "-p", "#{pane_dead_status}/#{pane_dead_signal}").split("/")
            if code or killed_by:
                return int(code) if code else 128 + int(killed_by)
            assert time.monotonic() < end, "it has not ended:\n" + "\n".join(self.all_lines())
            if is_alive(self.process_id):
                time.sleep(_LOOK_S)
            else:  # tmux may miss the end of one process, and learns of it with that of the next
                self._asked("run-shell", "true")

    def kill_process(self) -> None:
        """End it without giving it a chance to clean up."""
        os.kill(self.process_id, signal.SIGKILL)
        self.ended()

    def close(self) -> None:
        """Take the terminal away, as when its window is closed, until the process is gone."""
        self._quit()
        end = time.monotonic() + PATIENCE_S
        while is_alive(self.process_id):
            assert time.monotonic() < end, "the process outlives its terminal"
            time.sleep(_LOOK_S)

    def __enter__(self) -> Pane:
        return self

    def __exit__(self, *error: object) -> None:
        self._quit()

    def _quit(self) -> None:
        subprocess.run(["tmux", "-L", self._name, "kill-server"], capture_output=True, check=False, timeout=PATIENCE_S)

    def _captured(self, *options: str) -> list[str]:
        return [line.rstrip() for line in self._asked("capture-pane", "-p", *options).split("\n")]

    def _asked(self, *words: str) -> str:
        ended = subprocess.run(
            ["tmux", "-u", "-L", self._name, *words], capture_output=True, check=True, timeout=PATIENCE_S
        )
        return ended.stdout.decode("utf-8", "replace").rstrip("\n")


def is_alive(process_id: int) -> bool:
    """Whether there is a process of that number; one that nobody has waited for yet is not counted."""
    with suppress(OSError, IndexError):
        if Path("/proc").is_dir():
            return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        os.kill(process_id, 0)
        return True
    return False
