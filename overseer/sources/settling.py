"""From what the kernel says about the entries of a folder to one change per save.

The kernel tells when a name appears, but what a program writes is complete only when it closes the
file. And many editors save by moving the old file away and writing a new one. So what appears or
disappears is held back for a moment, or for as long as it is being written.
"""

from __future__ import annotations

from dataclasses import dataclass

from overseer.sources.target import Change

# Opening a file that does not exist makes it and opens it in one go; a link or a folder is only made.
# An editor that moves the old file away writes the new one within this time, too.
SETTLE_S = 0.1


@dataclass(frozen=True, slots=True)
class Held:
    """A change that is held back until it is due, or until the file is closed."""

    change: Change
    due: float | None


class Settling:
    """What is about to be reported about the entries of one folder. Times are given, not taken."""

    def __init__(self) -> None:
        self._held: dict[str, Held] = {}

    def appeared(self, name: str, now: float) -> None:
        before = self._held.get(name)
        self._held[name] = Held("modified" if before and before.change != "created" else "created", now + SETTLE_S)

    def opened(self, name: str) -> None:
        """What has just appeared was opened: most likely by its writer, who will close it."""
        held = self._held.get(name)
        if held and held.change != "deleted":
            self._held[name] = Held(held.change, None)

    def written(self, name: str) -> Change:
        return self.closed(name) or "modified"

    def closed(self, name: str) -> Change | None:
        held = self._held.get(name)
        if held is None or held.change == "deleted":
            return None
        del self._held[name]
        return held.change

    def moved_in(self, name: str) -> Change:
        self._held.pop(name, None)
        return "moved"

    def gone(self, name: str, now: float) -> None:
        held = self._held.pop(name, None)
        # What was never reported to be there need not be reported as gone.
        if held is None or held.change != "created":
            self._held[name] = Held("deleted", now + SETTLE_S)

    def settled(self, now: float) -> list[tuple[str, Change]]:
        """What has been quiet for long enough to be reported."""
        ripe = [(name, held.change) for name, held in self._held.items() if held.due is not None and held.due <= now]
        for name, _ in ripe:
            del self._held[name]
        return ripe

    def next_due(self) -> float | None:
        return min((held.due for held in self._held.values() if held.due is not None), default=None)

    def forget(self) -> None:
        self._held.clear()
