"""The clock that runs go by."""

from __future__ import annotations

import time
from collections.abc import Callable


def steady_clock() -> Callable[[], float]:
    """Wall-clock time that a change of the system's clock cannot make jump."""
    offset = time.time() - time.monotonic()
    return lambda: offset + time.monotonic()
