"""Signals that ask a run to stop, heard at once.

Python calls its own handlers on the main thread, between two of its instructions: a signal that
comes just before that thread begins to wait is heard when the wait is over, which may be never. So
the numbers of the signals come through a pipe, to a thread that does nothing else.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

_WANTED = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def hearing_signals(heard: Callable[[signal.Signals], None]) -> Iterator[None]:
    """Call `heard`, from a thread of its own, with every signal that asks to stop.

    What is ignored stays so: under `nohup` a run outlives its terminal.
    """
    wanted = [number for name in _WANTED if (number := getattr(signal, name, None)) is not None]
    reading, writing = os.pipe()
    if os.name == "posix":
        os.set_blocking(writing, False)
    threading.Thread(target=_hear, args=(reading, wanted, heard), daemon=True).start()
    fd_before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    before = {
        number: signal.signal(number, _leave_it_to_the_pipe)
        for number in wanted
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(fd_before)
        os.close(writing)


def _leave_it_to_the_pipe(_number: int, _frame: Any) -> None:
    pass


def _hear(reading: int, wanted: Collection[int], heard: Callable[[signal.Signals], None]) -> None:
    while byte := os.read(reading, 1):
        if byte[0] in wanted:
            heard(signal.Signals(byte[0]))
    os.close(reading)
