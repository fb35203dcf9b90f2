"""Descriptors 0 to 2: those that every child inherits, and that libraries write to past all our streams.

Our own two streams have descriptors of their own (`console.make_streams_safe`), so that these three can be turned
away: from a result while tools are at work, and from a terminal while somebody draws on it.
"""

from __future__ import annotations

import errno
import os
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress

IN, OUT, ERR = 0, 1, 2

_PIECE = 1 << 16
_LONGEST = 100_000  # bytes; a longer line is taken in parts
_ROOM = 1 << 20  # bytes of a pipe, of which a library may fill much before any thread of ours has its turn
_SET_ROOM = 1031  # F_SETPIPE_SZ, which not every Python names
_MARK = 33  # bytes of a mark
_PATIENCE_S = 1.0  # with lines that came last, where a child goes on writing

_gutters: set[tuple[int, int]] = set()  # that the three lead to now, by device and number
_open: list[_Gutter] = []  # the same, from the outermost on


def own(number: int) -> int:
    """Another descriptor for the same, which no child inherits and nobody finds by its number."""
    if os.name != "posix":
        return os.dup(number)
    import fcntl

    return fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, ERR + 1)


def readable(*numbers: int, wait_s: float | None = None) -> set[int]:
    """Those of these descriptors that can be read from, or have ended, once there are any or the time is up."""
    if not hasattr(select, "poll"):
        return set(select.select(numbers, [], [], wait_s)[0])
    poll = select.poll()  # which takes any number, however many files are open
    for number in numbers:
        poll.register(number, select.POLLIN)
    told = poll.poll(None if wait_s is None else wait_s * 1000)
    if any(event & select.POLLNVAL for _, event in told):
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return {number for number, _ in told}


@contextmanager
def kept_from_tools() -> Iterator[None]:
    """The result and the keys are not for tools, nor for the libraries and children that they use.

    What these print goes to standard error; reading from a terminal gives them its end.
    """
    with ExitStack() as opened:
        if _is_terminal(IN):
            opened.enter_context(without_keys())
        if _number(sys.stdout) != OUT:  # else the result goes that way itself
            opened.enter_context(_leading(OUT, ERR))
        opened.enter_context(redirect_stdout(sys.stderr))
        yield


@contextmanager
def without_keys() -> Iterator[None]:
    """Whoever reads from descriptor 0 finds its end there."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    try:
        with _leading(IN, nothing):
            yield
    finally:
        os.close(nothing)


@contextmanager
def diverted(take: Callable[[str], None], late: Callable[[str], None]) -> Iterator[None]:
    """Give what comes to a terminal by descriptors 1 and 2 to `take` instead, line by line, on a thread of its own.

    What a child writes that outlives this goes to `late`. Descriptors that lead elsewhere are left alone, but for
    those that are diverted already: within, the inner one has them.
    """
    turned = [number for number in (OUT, ERR) if _is_terminal(number) or _place(number) in _gutters]
    if os.name != "posix" or not turned:
        yield
        return
    reading, writing = os.pipe()
    _make_roomy(writing)
    gutter = _Gutter(reading, writing, take, late)
    with ExitStack() as opened:
        opened.callback(gutter.close)
        _open.append(gutter)
        opened.callback(_open.remove, gutter)
        place = _place(writing)
        _gutters.add(place)
        opened.callback(_gutters.discard, place)
        for number in turned:
            opened.enter_context(_leading(number, writing))
        yield


def wait_until_taken() -> None:
    """Return once all has been given on that was written to a diverted descriptor by now."""
    for gutter in [*_open]:
        gutter.wait_until_taken()


class _Gutter:
    """A pipe, read to its end by a thread, whoever still has hold of its other side."""

    def __init__(self, reading: int, writing: int, take: Callable[[str], None], late: Callable[[str], None]) -> None:
        self._reading = reading
        self._writing = writing
        self._take = take
        self._late = late
        self._mark = b"\0" + os.urandom(16).hex().encode()  # after which what comes is late
        self._is_empty = threading.Event()
        self._sending = threading.Lock()  # as long as it is open
        self._is_closed = False
        self._awaited: dict[bytes, threading.Event] = {}  # the marks up to which somebody waits
        threading.Thread(target=self._read, name="stray-output", daemon=True).start()

    def wait_until_taken(self) -> None:
        mark, is_taken = b"\0" + os.urandom(16).hex().encode(), threading.Event()
        self._awaited[mark] = is_taken
        with self._sending:
            is_sent = not self._is_closed and self._has_sent(mark + b"\n")
        if is_sent:
            is_taken.wait(_PATIENCE_S)  # the mark stays known: it still comes, and is nothing to be shown
        else:
            del self._awaited[mark]

    def close(self) -> None:
        """Return once all has been taken that was written by now."""
        if self._has_sent(self._mark + b"\n"):
            self._is_empty.wait(_PATIENCE_S)
        self._take = self._late
        with self._sending:
            self._is_closed = True
            os.close(self._writing)

    def _has_sent(self, mark: bytes) -> bool:
        """A child may have made the pipe such as takes nothing while it is full; a mark goes whole or not at all."""
        until = time.monotonic() + _PATIENCE_S
        poll = select.poll()
        poll.register(self._writing, select.POLLOUT)
        while (left := until - time.monotonic()) > 0:
            if poll.poll(left * 1000):
                with suppress(BlockingIOError):
                    os.write(self._writing, mark)
                    return True
        return False

    def _read(self) -> None:
        rest = b""
        try:
            while piece := os.read(self._reading, _PIECE):
                *lines, rest = (rest + piece).split(b"\n")
                if len(rest) > _LONGEST:
                    lines, rest = [*lines, rest], b""
                for line in lines:
                    self._pass_on(line)
            self._give(rest)
        finally:  # nobody may wait for a reader that there is not
            os.close(self._reading)

    def _pass_on(self, line: bytes) -> None:
        if is_taken := self._awaited.pop(line[-_MARK:], None):
            self._give(line[:-_MARK])
            is_taken.set()
            return
        if not line.endswith(self._mark):
            self._take(line.decode(errors="replace"))
            return
        self._give(line.removesuffix(self._mark))
        self._take = self._late
        self._is_empty.set()

    def _give(self, rest: bytes) -> None:
        """Of a line without an end."""
        if rest:
            self._take(rest.decode(errors="replace"))


@contextmanager
def _leading(number: int, to: int) -> Iterator[None]:
    """Let one descriptor lead where another does; one that was closed stays so."""
    try:
        before = os.dup(number)
    except OSError:
        yield
        return
    try:
        with suppress(OSError):
            os.dup2(to, number)
        yield
    finally:
        os.dup2(before, number)
        os.close(before)


def _write_as_children_do() -> None:
    """In a process that was forked and is no other program, as those of `multiprocessing`.

    Our streams are only half of something there: whoever would draw what they take is not in this process.
    """
    if _gutters:
        sys.stdout = open(OUT, "w", encoding="utf-8", errors="replace", closefd=False, buffering=1)  # noqa: SIM115
        sys.stderr = open(ERR, "w", encoding="utf-8", errors="replace", closefd=False, buffering=1)  # noqa: SIM115


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_write_as_children_do)


def _make_roomy(pipe: int) -> None:
    import fcntl

    with suppress(OSError):  # not on this system, or the user has many of them
        fcntl.fcntl(pipe, _SET_ROOM, _ROOM)


def _is_terminal(number: int) -> bool:
    return os.isatty(number)


def _place(number: int) -> tuple[int, int]:
    try:
        status = os.fstat(number)
    except OSError:  # it was closed
        return -1, -1
    return status.st_dev, status.st_ino


def _number(stream: object) -> int:
    """Of the descriptor that a stream writes to, if it does."""
    try:
        number: int = stream.fileno()  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):
        return -1
    return number
