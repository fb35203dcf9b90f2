"""The program as a process of its own: carried out to its end, or begun at a terminal."""

from __future__ import annotations

import functools
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.processes import PATIENCE_S, ROOT

_OF_THE_INTERPRETER = ("PYTHON", "LC_", "LANG")


def carried_out(
    *arguments: str,
    given: bytes | None = None,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """What a process of the program prints and ends with. On standard input it is given this, or nothing."""
    variables = dict(os.environ if environment is None else environment)
    if _steering(variables) == _steering(os.environ):
        return _preloaded().carry_out(list(arguments), given, folder or Path.cwd(), variables)
    return subprocess.run(  # the interpreter itself is to be another one
        [sys.executable, str(ROOT / "chat_cli.py"), *arguments],
        input=given,
        stdin=subprocess.DEVNULL if given is None else None,
        capture_output=True,
        cwd=folder,
        env=variables,
        timeout=PATIENCE_S,
        check=False,
    )


def told_by(
    *arguments: str, given: str | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The same as text."""
    ended = carried_out(*arguments, given=None if given is None else given.encode(), environment=environment)
    return subprocess.CompletedProcess(ended.args, ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def begun_at(
    terminal: int, *arguments: str, folder: Path, environment: Mapping[str, str]
) -> Begun | subprocess.Popen[bytes]:
    """A process of the program that a terminal controls, as in a shell."""
    if _steering(environment) == _steering(os.environ):
        return _preloaded().begin(list(arguments), terminal, folder, environment)
    command = [sys.executable, str(ROOT / "chat_cli.py"), *arguments]  # the interpreter itself is to be another one
    return command_at(terminal, *command, folder=folder, environment=environment)


def command_at(terminal: int, *command: str, folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """The same with any command."""
    return subprocess.Popen(
        [sys.executable, "-c", _IN_FRONT, *command],
        cwd=folder,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        env=environment,
    )


# The terminal is the one that the session of the process is controlled from, as in a shell.
_IN_FRONT = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Begun:
    """A process of the program, as far as those that began it need it."""

    def __init__(self, pid: int, status: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._status = status  # the descriptor from which its end can be read

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float = PATIENCE_S) -> int:
        if (code := self._ended(timeout)) is None:
            raise subprocess.TimeoutExpired("chat_cli.py", timeout)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float) -> int | None:
        if self.returncode is None and select.select([self._status], [], [], timeout)[0]:
            (self.returncode,) = struct.unpack(">i", os.read(self._status, 4))
            os.close(self._status)
        return self.returncode


def _steering(variables: Mapping[str, str]) -> dict[str, str]:
    """What an interpreter looks at when it starts."""
    return {
        name: value
        for name, value in variables.items()
        if name.startswith(_OF_THE_INTERPRETER) and name != "PYTHONPATH"
    }


class _Preloaded:
    """The process that becomes the program."""

    def __init__(self) -> None:
        self._requests, other = socket.socketpair()
        command = [sys.executable, str(ROOT / "tests" / "preloaded.py"), str(other.fileno())]
        self._process = subprocess.Popen(command, pass_fds=[other.fileno()], stdin=subprocess.DEVNULL)
        other.close()
        self._lock = threading.Lock()

    def carry_out(
        self, arguments: list[str], given: bytes | None, folder: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[bytes]:
        wanted = {"arguments": arguments, "folder": str(folder), "environment": dict(environment)}
        with ExitStack() as opened:
            (printing, stdout), (saying, stderr), (hearing, telling) = (os.pipe() for _ in range(3))
            stdin, giving = (os.open(os.devnull, os.O_RDONLY), None) if given is None else os.pipe()
            outputs = [opened.enter_context(open(reading, "rb")) for reading in (printing, saying)]
            status = opened.enter_context(open(hearing, "rb"))
            self._ask(wanted, [stdin, stdout, stderr, telling])
            (pid,) = struct.unpack(">i", status.read(4))
            workers = opened.enter_context(ThreadPoolExecutor(3))
            if giving is not None and given is not None:
                workers.submit(_give, giving, given)
            reads = [workers.submit(output.read) for output in outputs]
            try:
                printed, said = [each.result(PATIENCE_S) for each in reads]
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(arguments, PATIENCE_S) from None
            (code,) = struct.unpack(">i", status.read(4))
        return subprocess.CompletedProcess(arguments, code, printed, said)

    def begin(self, arguments: list[str], terminal: int, folder: Path, environment: Mapping[str, str]) -> Begun:
        wanted = {"arguments": arguments, "folder": str(folder), "environment": dict(environment), "is_in_front": True}
        hearing, telling = os.pipe()
        self._ask(wanted, [*(os.dup(terminal) for _ in range(3)), telling])
        (pid,) = struct.unpack(">i", os.read(hearing, 4))
        return Begun(pid, hearing)

    def _ask(self, wanted: object, descriptors: list[int]) -> None:
        text = json.dumps(wanted).encode()
        with self._lock:
            socket.send_fds(self._requests, [struct.pack(">I", len(text))], descriptors)
            self._requests.sendall(text)
        for each in descriptors:
            os.close(each)


def _give(stdin: int, given: bytes) -> None:
    with suppress(BrokenPipeError), open(stdin, "wb") as giver:
        giver.write(given)


@functools.cache
def _preloaded() -> _Preloaded:
    """The only one of this process; it ends with it, since nobody asks it any more."""
    return _Preloaded()
