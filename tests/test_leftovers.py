"""The check for what tests leave behind."""

from __future__ import annotations

import os
import threading

import pytest

from tests.fakes import Latch
from tests.leftovers import nothing_left_behind, threads_since


class Stopped(threading.Thread):
    """One that has stopped and is listed all the same, as threads are for a moment."""

    def is_alive(self) -> bool:
        return False


def test_a_thread_that_still_runs_is_left_and_one_that_has_stopped_is_not() -> None:
    before, latch = threading.enumerate(), Latch()
    runs, stopped = threading.Thread(target=latch.wait), Stopped(target=latch.wait)
    for thread in (runs, stopped):
        thread.start()
    latch.wait_until_reached(2)
    assert threads_since(before) == [runs]
    latch.open()
    assert threads_since(before, patience_s=10) == []
    stopped.join(10)


def test_what_was_there_before_may_be_gone_afterwards() -> None:
    latch, descriptor = Latch(), os.open(os.devnull, os.O_RDONLY)
    earlier = threading.Thread(target=latch.wait)
    earlier.start()
    with nothing_left_behind():
        latch.open()
        earlier.join(10)
        os.close(descriptor)


def test_a_descriptor_that_is_left_is_found() -> None:
    descriptor = -1
    with pytest.raises(AssertionError), nothing_left_behind():
        descriptor = os.open(os.devnull, os.O_RDONLY)
    os.close(descriptor)
