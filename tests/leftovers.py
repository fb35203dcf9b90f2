"""What a test leaves behind: threads that still run, and descriptors that are still open."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager


@contextmanager
def nothing_left_behind(*, patience_s: float = 0.0) -> Iterator[None]:
    """What is begun or opened in here is ended and closed in here, be it within a time.

    What was there before may be gone by then.
    """
    threads, descriptors = threading.enumerate(), set(os.listdir("/dev/fd"))
    yield
    assert not threads_since(threads, patience_s=patience_s)
    assert not set(os.listdir("/dev/fd")) - descriptors


def threads_since(before: Collection[threading.Thread], *, patience_s: float = 0.0) -> list[threading.Thread]:
    """The threads that were begun since then and still run; one that has stopped may be listed for a moment."""
    begun = [thread for thread in threading.enumerate() if thread not in before]
    for thread in begun:
        thread.join(patience_s)
    return [thread for thread in begun if thread.is_alive()]
