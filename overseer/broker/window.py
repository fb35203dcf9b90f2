"""How much went to a server within the last minute (or day), counted so that the server cannot count more.

A request arrives at some moment between its start and its end, and only the server knows which. So
it counts from its start, for as long as it is under way, and for the length of the window after its
end: whatever the server's own window covers, everything in it is counted here.
"""

from __future__ import annotations

import math
from collections import deque


class Window:
    """What is under way, and what ended less than `length_s` ago. Times must never go back."""

    __slots__ = ("_ended", "length_s", "used")

    def __init__(self, length_s: float, *, under_way: int = 0) -> None:
        self.length_s = length_s
        self.used = under_way
        self._ended: deque[tuple[float, int]] = deque()

    def add(self, amount: int) -> None:
        """So much more is under way; or less, where it turned out smaller or never went out."""
        self.used += amount

    def end(self, amount: int, now: float) -> None:
        """What was under way is so no more, and leaves the window `length_s` from `now`."""
        self._ended.append((now, amount))

    def forget(self, now: float) -> None:
        """Drop what has left the window."""
        ended = self._ended
        while ended and ended[0][0] + self.length_s <= now:
            self.used -= ended.popleft()[1]

    def opens_at(self, excess: float) -> float:
        """When so much will have left; infinity if something that is under way has to end first."""
        for ended_at, amount in self._ended:
            excess -= amount
            if excess <= 0:
                return ended_at + self.length_s
        return math.inf
