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
