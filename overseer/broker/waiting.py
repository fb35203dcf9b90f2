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
from overseer.broker.writers import InTheWay, Writers
from overseer.tool import Cancellation, ToolContext, ToolError

# Told what is waited for and how to end that, or with None that the call goes on.
GiveUp = Callable[[], bool]
Hold = Callable[[ToolContext, str | InTheWay | None, GiveUp | None], None]
OnHold = Callable[[str | InTheWay | None, GiveUp | None], None]


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
        with self._until_given_up() as (wait, give_up):
            slot = limits.slot(
                names, tokens=tokens, cancellation=wait, on_wait=lambda name, _: self.hold(name, give_up)
            )
            with slot:
                if slot.waited_for is not None:
                    self.hold(None, None)
                yield slot

    @contextmanager
    def writing(self, writers: Writers, run_id: str, names: Sequence[str], *, may_wait: bool) -> Iterator[None]:
        """Alone with what is written, once no call of another run writes any of it."""

        def on_wait(other: InTheWay | None) -> None:
            self.hold(other, give_up if other is not None else None)

        with (
            self._until_given_up() as (wait, give_up),
            writers.writing(run_id, names, wait, on_wait, may_wait=may_wait),
        ):
            yield

    @contextmanager
    def _until_given_up(self) -> Iterator[tuple[Cancellation, GiveUp]]:
        """What ends a wait, and how somebody else ends it if nothing was done before."""
        wait = Cancellation()

        def give_up() -> bool:
            if self.meter.has_begun:
                return False
            wait.ask()
            return True

        take_back = self.cancellation.call_when_asked(wait.ask)
        try:
            yield wait, give_up
        finally:
            take_back()

    def _require_short_pause(self, limits: Limits | Share, names: Sequence[str]) -> None:
        pause_s = limits.pause_s(names)
        if pause_s > self.longest_pause_s:
            who = names[-1].partition(":")[2]
            raise ToolError(f"{who} has had too many requests before", kind="rate_limited", retry_after_s=pause_s)
