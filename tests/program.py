"""The program as a process of its own: carried out to its end, or begun at a terminal."""

from __future__ import annotations

import functools
import os
import select
import selectors
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any

from tests.processes import PATIENCE_S, ROOT, Child
from tests.standin import asked, number_from

_OF_THE_INTERPRETER = ("PYTHON", "LC_", "LANG")
_HEEDED = ("PYTHONPATH", "PYTHONIOENCODING", "PYTHONUNBUFFERED")


def carried_out(
    *arguments: str,
    given: bytes | None = None,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """What a process of the program prints and ends with. On standard input it is given this, or nothing."""
    stdin = subprocess.DEVNULL if given is None else subprocess.PIPE
    return _seen_through(begun(*arguments, stdin=stdin, folder=folder, environment=environment), given)


def source_carried_out(
    source: str, *arguments: str, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """What becomes of a program of Python, which has the modules of the program loaded."""
    return _seen_through(source_begun(source, *arguments, folder=folder, environment=environment), None)


def carried_out_by_shell(
    script: str,
    *,
    given: bytes | None = None,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    is_loaded: bool = True,
) -> subprocess.CompletedProcess[bytes]:
    """What bash makes of a script in which `overseer` is the program, which has been loaded or has to be."""
    variables = dict(os.environ if environment is None else environment)
    if is_loaded and _steering(variables) == _steering(os.environ):
        requests = _preloaded().requests
        command = [sys.executable, "-IS", str(ROOT / "tests" / "standin.py"), str(requests)]
    else:
        requests, command = None, [sys.executable, str(ROOT / "chat_cli.py")]
    return subprocess.run(
        ["bash", "-c", f'overseer() {{ {shlex.join(command)} "$@"; }}; {script}'],
        pass_fds=[] if requests is None else [requests],
        input=given,
        stdin=subprocess.DEVNULL if given is None else None,
        capture_output=True,
        cwd=folder,
        env=variables,
        timeout=PATIENCE_S,
        check=False,
    )


def told_by(
    *arguments: str,
    given: str | None = None,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """The same as text."""
    data = None if given is None else given.encode()
    ended = carried_out(*arguments, given=data, folder=folder, environment=environment)
    return subprocess.CompletedProcess(ended.args, ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def begun(
    *arguments: str,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int | IO[bytes] = subprocess.PIPE,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Begun | subprocess.Popen[bytes]:
    """A process of the program, with these standard streams, as `subprocess.Popen` understands them."""
    variables = dict(os.environ if environment is None else environment)
    if _steering(variables) == _steering(os.environ):
        return _preloaded().begin(arguments, (stdin, stdout, stderr), folder, variables)
    command = [sys.executable, str(ROOT / "chat_cli.py"), *arguments]  # the interpreter itself is to be another one
    return subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr, cwd=folder, env=variables)


def source_begun(
    source: str,
    *arguments: str,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int | IO[bytes] = subprocess.PIPE,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Begun:
    """The same with a program of Python, which has the modules of the program loaded; its warnings are errors."""
    variables = dict(os.environ if environment is None else environment)
    return _preloaded().begin(arguments, (stdin, stdout, stderr), folder, variables, source=source)


def begun_at(
    terminal: int, *arguments: str, folder: Path, environment: Mapping[str, str]
) -> Begun | subprocess.Popen[bytes]:
    """A process of the program that a terminal controls, as in a shell."""
    if _steering(environment) == _steering(os.environ):
        return _preloaded().begin(arguments, (terminal,) * 3, folder, environment, is_in_front=True)
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
    """A process of the program, as far as those that began it need it; as a context it is waited for at the end."""

    def __init__(self, conversation: int, streams: Sequence[IO[bytes] | None]) -> None:
        self._conversation = conversation
        self.pid = number_from(conversation)
        self.returncode: int | None = None
        self.stdin, self.stdout, self.stderr = streams

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float = PATIENCE_S) -> int:
        if (code := self._ended(timeout)) is None:
            raise subprocess.TimeoutExpired("overseer", timeout)
        return code

    def communicate(self, given: bytes | None = None, timeout: float = PATIENCE_S) -> tuple[bytes, bytes]:
        """All that it still prints, after it was given this. Others may hold its pipes open for longer than that."""
        give_up_at = time.monotonic() + timeout
        try:
            heard = self._exchange(given or b"", timeout)
            self.wait(max(0.0, give_up_at - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self._close()
        return heard.get(self.stdout, b""), heard.get(self.stderr, b"")

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it has ended, and that is about to be told
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Begun:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        self.wait()

    def _exchange(self, given: bytes, timeout: float) -> dict[Any, bytes]:
        """What each stream said to its end. Without threads: one that reads would keep its stream from being closed."""
        give_up_at = time.monotonic() + timeout
        left = memoryview(given)
        heard: dict[Any, bytearray] = {each: bytearray() for each in (self.stdout, self.stderr) if each}
        with selectors.DefaultSelector() as unended:
            for each in heard:
                unended.register(each, selectors.EVENT_READ)
            if self.stdin is not None and not self.stdin.closed:
                self.stdin.flush()
                os.set_blocking(self.stdin.fileno(), False)
                unended.register(self.stdin, selectors.EVENT_WRITE)
            while unended.get_map():
                ready: list[Any] = [key.fileobj for key, _ in unended.select(give_up_at - time.monotonic())]
                if not ready or time.monotonic() > give_up_at:
                    raise subprocess.TimeoutExpired("overseer", timeout)
                for stream in ready:
                    if stream is self.stdin:
                        left = _rest_after(stream, left)
                        is_ended = not left
                    else:
                        heard[stream] += (piece := stream.read1())
                        is_ended = not piece
                    if is_ended:
                        unended.unregister(stream)
                        _close(stream)
        return {stream: bytes(said) for stream, said in heard.items()}

    def _close(self) -> None:
        for each in (self.stdin, self.stdout, self.stderr):
            if each is not None:
                _close(each)

    def _ended(self, timeout: float) -> int | None:
        if self.returncode is None and select.select([self._conversation], [], [], timeout)[0]:
            self.returncode = number_from(self._conversation)
            os.close(self._conversation)
        return self.returncode


class LoadedChild(Child):
    """A child that has the modules of the program loaded."""

    def __init__(self, source: str, *args: object) -> None:
        self._process = source_begun(source, *map(str, args), stdin=subprocess.PIPE, stderr=2)
        for name in ("stdin", "stdout"):  # what is read ahead could not be waited for
            setattr(self._process, name, getattr(self._process, name).detach())


def _rest_after(stdin: IO[bytes], given: memoryview) -> memoryview:
    """What is left to be given after as much as goes into a pipe at once; nothing if nobody wants it."""
    try:
        return given[os.write(stdin.fileno(), given) :]
    except BrokenPipeError:
        return given[:0]


def _close(stream: IO[bytes]) -> None:
    with suppress(BrokenPipeError):
        stream.close()


def _seen_through(process: Begun | subprocess.Popen[bytes], given: bytes | None) -> subprocess.CompletedProcess[bytes]:
    try:
        printed, said = process.communicate(given, timeout=PATIENCE_S)
    finally:
        process.kill()
    return subprocess.CompletedProcess("overseer", process.wait(), printed, said)


def _steering(variables: Mapping[str, str]) -> dict[str, str]:
    """What an interpreter looks at when it starts, as far as the process that was loaded cannot heed it."""
    return {
        name: value for name, value in variables.items() if name.startswith(_OF_THE_INTERPRETER) and name not in _HEEDED
    }


class _Preloaded:
    """The process that becomes the program."""

    def __init__(self) -> None:
        ours, other = socket.socketpair()
        self.requests = ours.detach()
        command = [sys.executable, str(ROOT / "tests" / "preloaded.py"), str(other.fileno())]
        self._process = subprocess.Popen(command, pass_fds=[other.fileno()], stdin=subprocess.DEVNULL)
        other.close()

    def begin(
        self,
        arguments: Sequence[str],
        streams: Sequence[int | IO[bytes]],
        folder: Path | None,
        environment: Mapping[str, str],
        *,
        source: str | None = None,
        is_in_front: bool = False,
    ) -> Begun:
        with ExitStack() as given_away:
            ends = [_ends(stream, number, given_away) for number, stream in enumerate(streams)]
            conversation = asked(
                self.requests,
                arguments,
                folder=str(folder or Path.cwd()),
                environment=environment,
                descriptors={number: its for number, (its, _) in enumerate(ends)},
                source=source,
                is_in_front=is_in_front,
            )
        return Begun(conversation, [ours for _, ours in ends])


def _ends(stream: int | IO[bytes], number: int, given_away: ExitStack) -> tuple[int, IO[bytes] | None]:
    """The end of a standard stream that a process is to have, and the other one where that is here."""
    if stream == subprocess.DEVNULL:
        its, ours = os.open(os.devnull, os.O_RDWR), None
    elif stream == subprocess.PIPE:
        reading, writing = os.pipe()
        its, other, mode = (writing, reading, "rb") if number else (reading, writing, "wb")
        ours = open(other, mode)  # noqa: SIM115 - as long as the process
    else:
        return stream if isinstance(stream, int) else stream.fileno(), None
    given_away.callback(os.close, its)
    return its, ours


@functools.cache
def _preloaded() -> _Preloaded:
    """The only one of this process; it ends with it, since nobody asks it any more."""
    return _Preloaded()
