"""`Commands` for tools: a program is started, fed, heard and ended, with everything it started itself.

    a list of arguments, never a shell       a working folder inside the workspace
    an environment without our secrets       output kept up to a limit
    a deadline and a cancellation, each of which leaves no process behind

Between us and a command stands a small process, its supervisor, that adopts and kills whatever the command
leaves behind and sees to it when we die. That costs about 15 ms a command, and it is what makes the ends
reliable: see `supervisor`. Nothing outlives its command: once that has ended, what it left in the
background has 0.2 s to end by itself, is asked to end, and is killed 0.2 s later.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import marshal
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from overseer.processes import strays, supervisor
from overseer.processes.exchange import Exchange
from overseer.processes.refusals import refusal
from overseer.tool import Cancellation, CommandResult, ToolError

_log = logging.getLogger(__name__)

LIMIT_BYTES = 1_000_000

# How much of what it had printed is told with the error when a command took too long.
_TOLD_CHARACTERS = 2_000

# Without these some interpreters do not find the library that they consist of.
_LOADER_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class CommandTimeout(ToolError):
    """A command was ended at its deadline. `printed` is what it had said until then."""

    def __init__(self, message: str, printed: CommandResult) -> None:
        super().__init__(message, kind="timeout")
        self.printed = printed


class ProcessCommands:
    """Runs commands inside `folder`, with `environment` and nothing else of ours."""

    def __init__(self, folder: Path, environment: Mapping[str, str], *, limit_bytes: int = LIMIT_BYTES) -> None:
        self._folder = folder
        self._environment = dict(environment)
        self._limit_bytes = limit_bytes

    def run(
        self,
        arguments: Sequence[str],
        *,
        stdin: str = "",
        folder: str = ".",
        variables: Mapping[str, str] | None = None,
        timeout_s: float = 60.0,
        cancellation: Cancellation | None = None,
    ) -> CommandResult:
        """How the command ended and what it printed.

        The exit code is as in `subprocess`: -9 for a command that was killed by signal 9. ToolError says why it could
        not be started, or that it was given up.
        """
        if os.name != "posix":
            raise ToolError("commands need Linux or macOS; on Windows, run Overseer in WSL", kind="denied")
        if not timeout_s > 0:
            raise ToolError(f"timeout_s is {timeout_s}; give a number of seconds above 0", kind="bad_request")
        where = self._resolved(folder)
        token = os.urandom(8).hex()
        environment = self._environment | dict(variables or {}) | {"PWD": str(where), strays.MARK: token}
        job = _job(arguments, environment)
        cancellation = cancellation or Cancellation()
        if cancellation.is_asked:
            raise ToolError(f"'{arguments[0]}' was cancelled before it began", kind="cancelled")

        end_strays = partial(strays.end_marked, token)
        with self._begun(where, _input(stdin), end_strays) as exchange:
            exchange.carry_out(job, time.monotonic() + timeout_s, cancellation)
        code = exchange.told("ended")
        if not exchange.is_over or (exchange.told("left") is None and exchange.told("refused") is None):
            end_strays()  # the supervisor was killed, or cannot do its work
        if left := exchange.told("left"):
            _log.warning("%d processes that '%s' started could not be ended", left, arguments[0])
        if (refused := exchange.told("refused")) is not None:
            raise refusal(refused, arguments, where, environment.get("PATH"))
        return _result(exchange, code, arguments[0], timeout_s)

    def _resolved(self, folder: str) -> Path:
        try:
            root = self._folder.resolve()
            where = (root / folder).resolve()
            is_folder = where.is_dir()
        except (OSError, ValueError, RuntimeError) as error:  # too long, a NUL, a loop of links
            raise ToolError(f"folder {folder!r} cannot be used: {error}", kind="bad_request") from None
        if not where.is_relative_to(root):
            raise ToolError(f"folder '{folder}' lies outside the workspace; name one inside", kind="denied")
        if not is_folder:
            what = "is not a folder" if where.exists() else "does not exist"
            raise ToolError(f"folder '{folder}' {what}; make it first, or name another", kind="bad_request")
        return where

    @contextlib.contextmanager
    def _begun(self, folder: Path, stdin: bytes, end_strays: Callable[[], None]) -> Iterator[Exchange]:
        """A conversation with a supervisor; at the end both are closed, whatever has happened."""
        control, theirs = socket.socketpair()
        with control:
            with theirs:
                process = self._supervisor(theirs.fileno(), folder)
            exchange = Exchange(process, control, stdin, self._limit_bytes, help_out=end_strays)
            try:
                yield exchange
            finally:
                exchange.close()

    def _supervisor(self, control: int, folder: Path) -> subprocess.Popen[bytes]:
        environment = {name: os.environ[name] for name in _LOADER_VARIABLES if name in os.environ}
        try:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", supervisor.__file__, str(control)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd=folder,
                env=environment,
                pass_fds=(control,),
                start_new_session=True,  # Ctrl-C at the terminal is for us; we pass on what is meant for commands
            )
        except OSError as error:
            raise ToolError(
                f"commands cannot be run in {folder}: {error.strerror or error}",
                kind="transient" if error.errno in _PASSING else "bad_request",
            ) from error


_PASSING = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)


def _job(arguments: Sequence[str], environment: Mapping[str, str]) -> bytes:
    """What the supervisor is to do, as it reads it."""
    if isinstance(arguments, str):
        raise ToolError("the arguments must be a list such as ['ls', '-l'], not text", kind="bad_request")
    if not arguments or not arguments[0]:
        raise ToolError("there is no command: the list of arguments must start with a program", kind="bad_request")
    encoded = [_encoded(argument, f"argument {n} of '{arguments[0]!s:.80}'") for n, argument in enumerate(arguments)]
    for argument, data in zip(arguments, encoded, strict=True):
        if b"\0" in data:
            raise ToolError(f"the argument {argument[:80]!r} holds a NUL character; take it away", kind="bad_request")
    variables = {}
    for name, value in environment.items():
        encoded_name, encoded_value = _encoded(name, "the name of a variable"), _encoded(value, f"variable '{name}'")
        if not name or "=" in name or b"\0" in encoded_name + encoded_value:
            problem = f"the variable {name!r} has an empty name, a '=' in its name, or a NUL character"
            raise ToolError(problem, kind="bad_request")
        variables[encoded_name] = encoded_value
    job = marshal.dumps((encoded, variables))
    return len(job).to_bytes(4, "big") + job


def _input(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ToolError(
            "stdin holds half of a surrogate pair, which UTF-8 cannot; take it away", kind="bad_request"
        ) from None


def _encoded(text: str, what: str) -> bytes:
    if not isinstance(text, str):
        raise ToolError(f"{what} is a {type(text).__name__}, not text", kind="bad_request")
    try:
        return os.fsencode(text)
    except UnicodeEncodeError:
        raise ToolError(f"{what} holds a character that cannot be encoded; take it away", kind="bad_request") from None


def _result(exchange: Exchange, code: int | None, program: str, timeout_s: float) -> CommandResult:
    is_cut = exchange.stdout.is_cut or exchange.stderr.is_cut
    result = CommandResult(-1 if code is None else code, exchange.stdout.text(), exchange.stderr.text(), is_cut)
    match exchange.given_up_for:
        case "cancelled":
            raise ToolError(f"'{program}' was cancelled and ended", kind="cancelled")
        case "timeout":
            raise CommandTimeout(f"'{program}' was ended after {timeout_s:g} s{_told(result)}", result)
    if code is None:
        raise ToolError(f"'{program}' lost its supervisor and was ended{_told(result)}")
    return result


def _told(result: CommandResult) -> str:
    """The end of what was printed, for an error."""
    for name, text in (("stderr", result.stderr), ("stdout", result.stdout)):
        if text := text.strip():
            return f"; the end of its {name}:\n{text[-_TOLD_CHARACTERS:]}"
    return "; it had printed nothing"
