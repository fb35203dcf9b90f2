"""Every test here must leave no descriptor and no thread behind."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    import overseer.web.answer  # noqa: F401 - what is loaded once is not theirs to give back

    before = set(threading.enumerate()), len(os.listdir("/dev/fd"))
    yield
    for thread in set(threading.enumerate()) - before[0]:
        thread.join(10)  # a look-up ends by itself
    # What somebody else had begun before may have ended meanwhile.
    assert not set(threading.enumerate()) - before[0]
    assert len(os.listdir("/dev/fd")) <= before[1]
