"""Waiting for a slot: who is to know of it, and how it is ended early where nothing has been done yet.

Where a server wants to be left alone for longer than anybody waits, the call fails at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from overseer.broker.limits import Limits, Share, Slot
from overseer.broker.meter import Meter
from overseer.tool import Cancellation, ToolError

# Told what is waited for and how to end that, or with None that the call goes on.
GiveUp = Callable[[], bool]
OnHold = Callable[[str | None, GiveUp | None], None]


@dataclass(frozen=True, slots=True)
class Waiting:
    """How one call waits. `meter` knows whether it has done anything yet."""

    cancellation: Cancellation
    meter: Meter
    hold: OnHold
    longest_pause_s: float = math.inf  # that a server may want

    @contextmanager
    def slot(self, limits: Limits | Share, names: Sequence[str], *, tokens: int = 0) -> Iterator[Slot]:
        """A slot of these names, once it is there."""
        self._require_short_pause(limits, names)
        wait = Cancellation()

        def give_up() -> bool:
            if self.meter.has_begun:
                return False
            wait.ask()
            return True

        take_back = self.cancellation.call_when_asked(wait.ask)
        slot = limits.slot(names, tokens=tokens, cancellation=wait, on_wait=lambda name, _: self.hold(name, give_up))
        try:
            with slot:
                if slot.waited_for is not None:
                    self.hold(None, None)
                yield slot
        finally:
            take_back()

    def _require_short_pause(self, limits: Limits | Share, names: Sequence[str]) -> None:
        pause_s = limits.pause_s(names)
        if pause_s > self.longest_pause_s:
            who = names[-1].partition(":")[2]
            raise ToolError(f"{who} has had too many requests before", kind="rate_limited", retry_after_s=pause_s)
