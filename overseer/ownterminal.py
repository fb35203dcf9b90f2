"""The terminal of a chat, which nobody else has: not the tools, nor the libraries and children that they use.

Whatever is at work, at any time, finds no keys on descriptor 0, and what it writes to 1 and 2 is said in whole lines.
Only the chat's own streams, and programs that somebody asked for, such as an editor, get at the terminal.
"""

from __future__ import annotations

import faulthandler
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TextIO

from overseer.descriptors import IN, diverted, own, readable, without_keys

_MANY = 4096  # signals


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the three standard descriptors lead to for us."""

    keys: TextIO
    results: int
    remarks: int


_kept: list[_Kept] = []  # the one that is in force; none where the terminal is everybody's


def keyboard() -> TextIO:
    """What a person types at: standard input, unless that is kept from everybody else."""
    return _kept[-1].keys if _kept else sys.stdin


def line_typed(given: TextIO | None = None) -> str:
    """The next line; empty where the input ends. A signal that comes just before reading begins is heard, too.

    Python calls its handlers between two of its instructions: reading would hold them up until something is typed.
    """
    given = given or keyboard()
    if os.name == "posix" and given.isatty() and threading.current_thread() is threading.main_thread():
        _wait_for_line(given.fileno())
    return given.readline()


def _wait_for_line(given: int) -> None:
    told, telling = os.pipe()
    os.set_blocking(telling, False)
    before = signal.set_wakeup_fd(telling, warn_on_full_buffer=False)
    try:
        while given not in readable(given, told):
            os.read(told, _MANY)  # a signal whose handler has not raised anything
    finally:
        signal.set_wakeup_fd(before)
        os.close(telling)
        os.close(told)


def for_programs() -> tuple[int | None, int | None, int | None]:
    """The standard descriptors for a program that somebody asked for; None for those that it has by itself."""
    return (_kept[-1].keys.fileno(), _kept[-1].results, _kept[-1].remarks) if _kept else (None, None, None)


def terminal_size(usual: tuple[int, int] = (80, 24)) -> os.terminal_size:
    """Columns and lines of the terminal that results are shown at, or what the environment says they are."""
    try:
        size: tuple[int, int] = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        size = usual
    return shutil.get_terminal_size(size)


@contextmanager
def own_terminal(take: Callable[[str], None]) -> Iterator[None]:
    """Have it for as long as this lasts; `take` is given each line that others write, on a thread of its own."""
    if os.name != "posix":
        yield
        return
    given: TextIO = sys.stdin
    with ExitStack() as opened:
        keys = opened.enter_context(open(own(IN), encoding=given.encoding, errors=given.errors))
        ours = _Kept(keys, *(_own(opened, stream) for stream in (sys.stdout, sys.stderr)))
        _kept.append(ours)
        opened.callback(_kept.remove, ours)
        opened.enter_context(_crashes_shown(ours.remarks))
        opened.enter_context(without_keys())
        opened.enter_context(diverted(take, take))
        yield


def _own(opened: ExitStack, stream: TextIO) -> int:
    descriptor = own(stream.fileno())
    opened.callback(os.close, descriptor)
    return descriptor


@contextmanager
def _crashes_shown(descriptor: int) -> Iterator[None]:
    """A library that crashes takes those with it who would have passed on what it said: say where it was."""
    was_enabled = faulthandler.is_enabled()
    faulthandler.enable(descriptor)
    try:
        yield
    finally:
        faulthandler.enable() if was_enabled else faulthandler.disable()
