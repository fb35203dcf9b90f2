"""Other processes that a test talks with, a line at a time."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PATIENCE_S = 30.0
NOBODY = 65534


@pytest.fixture(autouse=True, scope="module")
def signals_as_usual() -> Iterator[None]:
    """Imported by tests that interrupt processes: those that tests in the background start would ignore Ctrl-C."""
    usual = {"SIGINT": signal.default_int_handler, "SIGHUP": signal.SIG_DFL}
    before = {}
    for name, handler in usual.items():
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            before[number] = signal.signal(number, handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Child:
    """A Python process that carries out `source`; as a context it is killed at the end."""

    def __init__(self, source: str, *args: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", source, *map(str, args)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def hear(self) -> str:
        """The next line that the process prints; empty once it has ended."""
        assert self._process.stdout
        line = b""
        give_up_at = time.monotonic() + PATIENCE_S
        while not line.endswith(b"\n"):
            readable, _, _ = select.select([self._process.stdout], [], [], max(0.0, give_up_at - time.monotonic()))
            assert readable, f"nothing but {line!r} was heard from the process"
            if not (byte := self._process.stdout.read(1)):
                break
            line += byte
        return line.decode().rstrip("\n")

    def hear_all(self) -> list[str]:
        """Everything that the process still prints until it ends."""
        return list(iter(self.hear, ""))

    def tell(self, line: str = "") -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n".encode())

    def kill(self) -> None:
        """End the process without giving it a chance to clean up."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(PATIENCE_S)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            self._process.kill()
