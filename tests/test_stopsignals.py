"""Signals that ask to stop: heard whatever the main thread is waiting in, and not heard where they are ignored."""

from __future__ import annotations

import os

import pytest

from tests.processes import Child

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

# The main thread takes no signals, as if each came just before it began to wait.
DEAF = """
import os, signal, threading, time
from queue import SimpleQueue
from overseer.stopsignals import hearing_signals
inbox = SimpleQueue()
threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
signal.signal(signal.SIGHUP, signal.SIG_IGN)
before = signal.getsignal(signal.SIGTERM)
with hearing_signals(inbox.put):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGINT):
        os.kill(os.getpid(), number)
        if number != signal.SIGHUP:
            print(inbox.get().name, flush=True)
print(signal.getsignal(signal.SIGTERM) == before, inbox.empty(), flush=True)
os._exit(0)
"""


def test_a_signal_is_heard_while_the_main_thread_hears_nothing() -> None:
    with Child(DEAF) as child:
        assert child.hear_all() == ["SIGTERM", "SIGINT", "SIGINT", "True True"]


# A terminal is gone, of which no signal tells: it is heard once, and signals are heard after it.
GONE = """
import os, signal
from queue import SimpleQueue
from overseer.stopsignals import hearing_signals
inbox = SimpleQueue()
signal.signal(signal.SIGHUP, signal.SIG_IGN)
outer, inner = os.openpty()
with hearing_signals(inbox.put, terminal=inner):
    os.kill(os.getpid(), signal.SIGINT)
    print(inbox.get().name, flush=True)
    os.close(outer)
    print(inbox.get().name, flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    print(inbox.get().name, flush=True)
print(inbox.empty(), flush=True)
os._exit(0)
"""


def test_the_end_of_a_terminal_is_heard_where_no_signal_tells_of_it() -> None:
    with Child(GONE) as child:
        assert child.hear_all() == ["SIGINT", "SIGHUP", "SIGTERM", "True"]


# What came last is heard before the block is over; a fork that keeps the pipe open holds nobody up.
LAST = """
import os, signal, threading, time
from overseer.stopsignals import hearing_signals
heard = []
def hear(number):
    time.sleep(0.05)
    heard.append(number.name)
child = 0
with hearing_signals(hear):
    child = os.fork()
    if not child:
        time.sleep(600)
    os.kill(os.getpid(), signal.SIGINT)
print(heard, threading.active_count(), flush=True)
os.kill(child, signal.SIGKILL)
os._exit(0)
"""

# Ctrl-C raises where it comes, and comes as the handlers are given back.
RAISING = """
import os, signal
from overseer.stopsignals import hearing_signals
signal.signal(signal.SIGINT, signal.default_int_handler)
before = signal.getsignal(signal.SIGTERM)
set_handler = signal.signal
def interrupted(number, handler):
    given = set_handler(number, handler)
    if number == signal.SIGINT and handler is signal.default_int_handler:
        os.kill(os.getpid(), signal.SIGINT)
    return given
try:
    with hearing_signals(lambda number: None):
        signal.signal = interrupted
except KeyboardInterrupt:
    pass
signal.signal = set_handler
print(signal.getsignal(signal.SIGTERM) == before, signal.set_wakeup_fd(-1), flush=True)
os._exit(0)
"""


def test_a_signal_that_comes_last_is_heard_before_the_block_is_over() -> None:
    with Child(LAST) as child:
        assert child.hear_all() == ["['SIGINT'] 1"]


def test_an_interrupt_at_the_end_of_a_block_leaves_no_handler_behind() -> None:
    with Child(RAISING) as child:
        assert child.hear_all() == ["True -1"]
