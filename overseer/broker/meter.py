"""What one call has taken so far, added up over everything it did."""

from __future__ import annotations

import threading

from overseer.broker.budget import Spend


class Meter:
    """Adds up what a call spends. A tool may ask models from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._total = Spend()

    @property
    def total(self) -> Spend:
        return self._total

    def add(self, spent: Spend) -> None:
        with self._lock:
            self._total = self._total + spent
