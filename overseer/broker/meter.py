"""What one call has taken so far, added up over everything it did."""

from __future__ import annotations

from overseer.broker.budget import NOTHING, Spend


class Meter:
    """Adds up what a call spends. A tool may ask models from several threads."""

    def __init__(self, around: Meter | None = None) -> None:
        """`around` is that of a call which this one is part of."""
        self._around = around
        self._parts: list[Spend] = []  # appending is safe from any thread
        self.has_begun = False  # whether something may have been done that cannot be undone

    @property
    def total(self) -> Spend:
        return sum(self._parts, NOTHING) if self._parts else NOTHING

    def begin(self) -> None:
        """Something is done from here on, also for the call around it."""
        self.has_begun = True
        if self._around is not None:
            self._around.begin()

    def add(self, spent: Spend) -> None:
        if spent is NOTHING:
            return
        self._parts.append(spent)
        if self._around is not None:
            self._around.add(spent)
