"""Signals that ask a run to stop, and others that cannot wait, heard at once.

Python calls its own handlers on the main thread, between two of its instructions: a signal that
comes just before that thread begins to wait is heard when the wait is over, which may be never. So
the numbers of the signals come through a pipe, to a thread that does nothing else.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from types import MappingProxyType
from typing import Any

NOTHING: Mapping[str, Callable[[], None]] = MappingProxyType({})
_WANTED = ("SIGINT", "SIGTERM", "SIGHUP")
_END = b"\0"  # the number of no signal; a process that was forked meanwhile may keep the pipe open
_PATIENCE_S = 1.0  # with what is done about a signal that came last


@contextmanager
def hearing_signals(
    heard: Callable[[signal.Signals], None],
    also: Mapping[str, Callable[[], None]] = NOTHING,
    *,
    terminal: int | None = None,
) -> Iterator[None]:
    """Call `heard`, from a thread of its own, with every signal that asks to stop.

    `also` says by name which further ones are heard there, and what each calls. What is ignored stays so: under
    `nohup` a run outlives its terminal, unless it is given here, by its descriptor; then its end is heard as SIGHUP
    even where that signal is ignored, or meant for other processes.
    """
    wanted: dict[int, Callable[[], None]] = {}
    for name in (*_WANTED, *also):
        if (number := getattr(signal, name, None)) is not None:
            wanted[number] = also[name] if name in also else partial(heard, number)
    reading, writing = os.pipe()
    if os.name == "posix":
        os.set_blocking(writing, False)
    else:
        terminal = None  # there only sockets can be waited for
    hearing = threading.Thread(target=_hear, args=(_numbers(reading, terminal), wanted), daemon=True)
    hearing.start()
    before: dict[int, Any] = {}
    fd_before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        for number in wanted:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, _leave_it_to_the_pipe)
        yield
    finally:
        try:
            for number, handler in reversed(before.items()):  # Ctrl-C last, which may raise from then on
                signal.signal(number, handler)
        finally:
            signal.set_wakeup_fd(fd_before)
            with suppress(BlockingIOError):
                os.write(writing, _END)
            os.close(writing)
            hearing.join(_PATIENCE_S)  # what came in time is heard before anybody asks what was heard


def _leave_it_to_the_pipe(_number: int, _frame: Any) -> None:
    pass


def _hear(numbers: Iterator[int], wanted: Mapping[int, Callable[[], None]]) -> None:
    for number in numbers:
        if (call := wanted.get(number)) is not None:
            call()


def _numbers(reading: int, terminal: int | None) -> Iterator[int]:
    """Of the signals that come through a pipe, and of the one that the end of a terminal means."""
    while True:
        if terminal is not None and _has_ended_first(terminal, reading):
            terminal = None
            yield signal.SIGHUP
        byte = os.read(reading, 1)
        if byte in (b"", _END):
            break
        yield byte[0]
    os.close(reading)


def _has_ended_first(terminal: int, reading: int) -> bool:
    """Whether a terminal is gone before anything more comes through the pipe."""
    poll = select.poll()
    poll.register(reading, select.POLLIN)
    poll.register(terminal, 0)  # its end is always told
    return bool(dict(poll.poll()).get(terminal, 0) & select.POLLHUP)
