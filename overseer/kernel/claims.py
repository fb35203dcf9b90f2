"""Who may write what: claims on named resources, taken all at once or not at all.

Two holders of one resource never overlap, unless both belong to the same group. Whoever cannot
have everything it wants is parked on the first resource it lacks and holds nothing meanwhile, so
nobody can wait for each other in a ring.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Want:
    """A resource, and the group whose members may hold it together; None is shared with nobody."""

    resource: str
    group: Hashable = None


@dataclass(slots=True)
class _Resource(Generic[T]):
    group: Hashable = None
    holders: set[str] = field(default_factory=set)
    waiting: list[tuple[tuple[int, ...], str, T, tuple[Want, ...]]] = field(default_factory=list)

    def admits(self, want: Want) -> bool:
        return not self.holders or (want.group is not None and want.group == self.group)


class Claims(Generic[T]):
    """The resources that running steps hold, and the parked steps that wait for them."""

    def __init__(self) -> None:
        self._resources: dict[str, _Resource[T]] = {}
        self._held: dict[str, tuple[Want, ...]] = {}

    def take(self, key: str, wants: tuple[Want, ...], *, rank: tuple[int, ...], waiter: T) -> bool:
        """Hold everything in `wants` for `key`, or park `waiter` until that is possible."""
        lacking = next((w for w in wants if not self._resource(w).admits(w)), None)
        if lacking is not None:
            heapq.heappush(self._resource(lacking).waiting, (rank, key, waiter, wants))
            return False
        for want in wants:
            resource = self._resource(want)
            resource.holders.add(key)
            resource.group = want.group
        self._held[key] = wants
        return True

    def release(self, key: str) -> list[T]:
        """Give up what `key` holds; the waiters that hold what they wanted from now on, best rank first."""
        freed = self._held.pop(key, ())
        admitted: list[T] = []
        for want in freed:
            self._resource(want).holders.discard(key)
        for want in freed:
            admitted += self._admit(want.resource)
        return admitted

    def withdraw(self, key: str) -> None:
        """`key` waits for nothing any more."""
        for resource in self._resources.values():
            if any(entry[1] == key for entry in resource.waiting):
                resource.waiting = [entry for entry in resource.waiting if entry[1] != key]
                heapq.heapify(resource.waiting)

    def holds(self, key: str) -> bool:
        return key in self._held

    def _resource(self, want: Want) -> _Resource[T]:
        return self._resources.setdefault(want.resource, _Resource())

    def _admit(self, name: str) -> list[T]:
        """Let in the best of those who wait for a resource, and the rest of its group with it."""
        resource = self._resources[name]
        admitted: list[T] = []
        refused: list[tuple[tuple[int, ...], str, T, tuple[Want, ...]]] = []
        while resource.waiting:
            rank, key, waiter, wants = resource.waiting[0]
            if resource.holders and resource.group is None:
                break  # nobody can share it: looking further would cost a scan at every release
            heapq.heappop(resource.waiting)
            wanted = next(w for w in wants if w.resource == name)
            if not resource.admits(wanted):
                refused.append((rank, key, waiter, wants))
            elif self.take(key, wants, rank=rank, waiter=waiter):
                admitted.append(waiter)
        for entry in refused:
            heapq.heappush(resource.waiting, entry)
        if not resource.holders and not resource.waiting:
            del self._resources[name]
        return admitted
