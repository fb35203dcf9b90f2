"""A terminal that a test looks at: a process on a pty, and an emulator that shows what a person would see."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyte

from tests.program import begun_at, command_at

ROOT = Path(__file__).parent.parent
PATIENCE_S = 30.0

# Steps that begin and end when the test says so, by files in the folder of the process.
TOOLS = '''
import sys, time
from pathlib import Path
from overseer.tool import tool

@tool(effect="pure")
def waits(name: str, says: str = "", fails: str = "") -> str:
    """Wait until a file lets it go on."""
    Path(f"begun-{name}").touch()
    if says:
        print(says)
        print("half of a line, ", end="", flush=True)
        print("and the rest", file=sys.stderr)
    end = time.monotonic() + 60
    while not Path(f"go-{name}").exists() and not Path("go-all").exists():
        if time.monotonic() > end:
            raise TimeoutError(name)
        time.sleep(0.02)
    if fails:
        raise RuntimeError(fails)
    return name

@tool(effect="pure")
def quick(value: int = 0) -> int:
    """Be quick."""
    return value
'''


_END = b"\0\0\0\0\0\0\0\0"  # which no terminal shows, and no program of ours writes


class Terminal:
    """A process at a terminal of so many columns and rows; as a context it is killed at the end."""

    def __init__(
        self, *command: str, folder: Path, columns: int = 100, rows: int = 24, environ: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.raw = bytearray()
        self.came: list[tuple[float, bytes]] = []
        self._screen = pyte.HistoryScreen(columns, rows, history=10_000, ratio=0.001)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self._reads = threading.Event()
        self._reads.set()
        self._ended = threading.Event()
        self._is_all_seen = threading.Event()
        self.outer, inner = os.openpty()
        self._size(columns, rows)
        self.before = termios.tcgetattr(inner)
        own, environment = (sys.executable, str(ROOT / "chat_cli.py")), _environ(environ or {})
        self.process = (
            begun_at(inner, *command[2:], folder=folder, environment=environment)
            if command[:2] == own
            else command_at(inner, *command, folder=folder, environment=environment)
        )
        self.inner = inner  # kept open: what the process leaves behind can be looked at
        threading.Thread(target=self._read, daemon=True).start()

    def _size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.outer, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns: int, rows: int) -> None:
        with self._lock:
            self._screen.resize(rows, columns)
            self._size(columns, rows)

    def _read(self) -> None:
        while not self._ended.is_set():
            self._reads.wait()
            readable, _, _ = select.select([self.outer], [], [], 0.05)
            if not readable:
                continue
            try:
                data = os.read(self.outer, 65536)
            except OSError:
                return
            self._take(data)

    def _take(self, data: bytes) -> None:
        with self._lock:
            self.raw += data
            is_all = self.raw.endswith(_END)
            if is_all:
                del self.raw[-len(_END) :]
            self.came.append((time.monotonic(), data))
            self._stream.feed(data)
        if is_all:
            self._is_all_seen.set()

    def stop_reading(self) -> None:
        self._reads.clear()

    def go_on_reading(self) -> None:
        self._reads.set()

    # --- what is seen

    def lines(self) -> list[str]:
        """The lines on the screen."""
        with self._lock:
            return [line.rstrip() for line in self._screen.display]

    def all_lines(self) -> list[str]:
        """The lines on the screen, and above them those that have left it."""
        with self._lock:
            gone = [
                "".join(row[at].data for at in range(self._screen.columns)).rstrip() for row in self._screen.history.top
            ]
            return gone + [line.rstrip() for line in self._screen.display]

    @property
    def cursor_is_hidden(self) -> bool:
        return bool(self._screen.cursor.hidden)

    def wait_for(self, seen: Callable[[list[str]], Any]) -> list[str]:
        """The lines on the screen as soon as they are as wanted."""
        end = time.monotonic() + PATIENCE_S
        while not seen(lines := self.lines()):
            assert time.monotonic() < end, "not seen:\n" + "\n".join(self.all_lines())
            time.sleep(0.01)
        return lines

    def wait_for_text(self, text: str) -> list[str]:
        return self.wait_for(lambda lines: any(text in line for line in lines))

    def ended(self) -> int:
        """The exit code of the process, once it has ended and all that it wrote was seen."""
        code = self.process.wait(PATIENCE_S)
        os.write(self.inner, _END)  # comes after all that was written before
        assert self._is_all_seen.wait(PATIENCE_S), "what was written last has not come"
        return code

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGCONT)
            self.process.kill()
            self.process.wait()
        self._reads.set()
        self._ended.set()
        time.sleep(0.06)
        os.close(self.inner)
        os.close(self.outer)


def _environ(more: Mapping[str, str]) -> dict[str, str]:
    without = ("NO_COLOR", "FORCE_COLOR", "TMUX", "STY", "XTERM_VERSION", "PYTHONIOENCODING", "COLUMNS", "LINES")
    kept = {name: value for name, value in os.environ.items() if name not in without}
    return {**kept, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT), **more}


def running(plan: Path, tools: Path, *options: str) -> tuple[str, ...]:
    """The command line that carries out a plan."""
    return (sys.executable, str(ROOT / "chat_cli.py"), "run", str(plan), "--tools", str(tools), *options)
