"""Who may write what: claims on named resources, taken all at once or not at all.

Two holders of one resource never overlap, unless both belong to the same group. Whoever cannot
have everything it wants is parked on the first resource it lacks and holds nothing meanwhile, so
nobody can wait for each other in a ring.

When a resource is free, the best of those who wait for it is let in, and all who wait in its group
with it. Whoever comes later joins them only if nobody of another group has waited for it with a
better rank, so no group can keep the others out by being large.

Work that nobody waits for any more may still be at it. It *lingers*: it goes on holding what it
writes, under another name, until it really ends. Who waits behind one that seems never to end is
`hopeless`.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from dataclasses import dataclass, field
from itertools import count
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")
H = TypeVar("H", bound=Hashable)  # what names those who linger

Rank: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Want:
    """A resource, and the group whose members may hold it together; None is shared with nobody."""

    resource: str
    group: Hashable = None
    is_lasting: bool = True  # also held by work that lingers


@dataclass(slots=True, eq=False)
class _Parked(Generic[T]):
    """One who waits for a resource; it stays in the heaps when it does so no more."""

    key: str
    rank: Rank
    waiter: T
    wants: tuple[Want, ...]
    resource: str
    group: Hashable
    is_waiting: bool = True


_Heap: TypeAlias = list[tuple[Rank, int, _Parked[T]]]


@dataclass(slots=True)
class _Resource(Generic[T, H]):
    group: Hashable = None
    holders: set[str | H] = field(default_factory=set)
    stuck: dict[H, None] = field(default_factory=dict)  # those that seem never to end, in order
    waiting: _Heap[T] = field(default_factory=list)
    lines: dict[Hashable, _Heap[T]] = field(default_factory=dict)  # the same by group, but for those without one

    def admits(self, want: Want, rank: Rank) -> bool:
        if self.holders and (want.group is None or want.group != self.group):
            return False
        # As long as a group holds it, the best who waits is of another group.
        best = self.best()
        return best is None or rank < best.rank

    def best(self) -> _Parked[T] | None:
        """The best of those who wait."""
        return _head(self.waiting)


def _head(heap: _Heap[T]) -> _Parked[T] | None:
    while heap and not heap[0][2].is_waiting:
        heapq.heappop(heap)
    return heap[0][2] if heap else None


class Claims(Generic[T, H]):
    """The resources that running steps hold, and the parked steps that wait for them."""

    def __init__(self) -> None:
        self._resources: dict[str, _Resource[T, H]] = {}
        self._held: dict[str | H, tuple[Want, ...]] = {}
        self._parked: dict[str, _Parked[T]] = {}
        self._hopeless: dict[str, None] = {}  # the stuck resources that somebody may wait for
        self._entries = count()

    def take(self, key: str, wants: tuple[Want, ...], *, rank: Rank, waiter: T) -> bool:
        """Hold everything in `wants` for `key`, or park `waiter` until that is possible."""
        for want in wants:
            if not self._resource(want.resource).admits(want, rank):
                self._park(_Parked(key, rank, waiter, wants, want.resource, want.group))
                return False
        self._hold(key, wants)
        return True

    def release(self, holder: str | H) -> list[T]:
        """Give up what is held; the waiters that hold what they wanted from now on, best rank first."""
        return self._free(holder, self._held.pop(holder, ()))

    def linger(self, key: str, holder: H) -> list[T]:
        """Hold what `key` writes as `holder` from now on, and release the rest; the waiters as in `release`."""
        held = self._held.pop(key, ())
        if lasting := tuple(want for want in held if want.is_lasting):
            self._hold(holder, lasting)
        return self._free(key, held)

    def withdraw(self, key: str) -> list[T]:
        """`key` waits for nothing any more; the waiters that only its better rank had kept out."""
        parked = self._parked.pop(key, None)
        if parked is None:
            return []
        parked.is_waiting = False
        return self._admit_more(parked.resource)

    def holds(self, holder: str | H) -> bool:
        return holder in self._held

    # --- those who seem never to end

    def give_up_on(self, holder: H) -> None:
        """Nobody should count on this holder to end."""
        for want in self._held.get(holder, ()):
            self._resources[want.resource].stuck[holder] = None
            self._hopeless[want.resource] = None

    def hopeless(self) -> tuple[T, H, str] | None:
        """One who waits for a resource that is stuck, until it withdraws; with the holder and the resource's name."""
        while self._hopeless:
            name = next(iter(self._hopeless))
            resource = self._resources.get(name)
            if resource and resource.stuck and (best := resource.best()):
                return best.waiter, next(iter(resource.stuck)), name
            del self._hopeless[name]
        return None

    # --- inside

    def _resource(self, name: str) -> _Resource[T, H]:
        resource = self._resources.get(name)
        if resource is None:
            resource = self._resources[name] = _Resource()
        return resource

    def _park(self, parked: _Parked[T]) -> None:
        entry = (parked.rank, next(self._entries), parked)
        resource = self._resource(parked.resource)
        heapq.heappush(resource.waiting, entry)
        if parked.group is not None:
            heapq.heappush(resource.lines.setdefault(parked.group, []), entry)
        self._parked[parked.key] = parked
        if resource.stuck:
            self._hopeless[parked.resource] = None

    def _hold(self, holder: str | H, wants: tuple[Want, ...]) -> None:
        for want in wants:
            resource = self._resource(want.resource)
            resource.holders.add(holder)
            resource.group = want.group
        self._held[holder] = wants

    def _free(self, holder: str | H, wants: tuple[Want, ...]) -> list[T]:
        admitted: list[T] = []
        for want in wants:
            resource = self._resources[want.resource]
            resource.holders.discard(holder)
            resource.stuck.pop(holder, None)  # type: ignore[arg-type]  # a step that runs is never among them
        for want in wants:
            admitted += self._admit(want.resource)
        return admitted

    def _admit(self, name: str) -> list[T]:
        """Once a resource is free, let in the best of those who wait for it, and the rest of its group with it."""
        resource = self._resources.get(name)  # None if letting in others has used it up already
        admitted: list[T] = []
        while resource and not resource.holders and (best := resource.best()):
            if self._is_let_in(best):
                admitted.append(best.waiter)
                line = resource.lines.pop(best.group, [])
                while mate := _head(line):
                    if self._is_let_in(mate):
                        admitted.append(mate.waiter)
        if resource and not resource.holders and not resource.best():
            del self._resources[name]
        return admitted

    def _admit_more(self, name: str) -> list[T]:
        """One who waited has gone: let in those of the group inside who are now outranked by nobody."""
        resource = self._resources[name]
        admitted: list[T] = []
        while resource.group is not None and (best := resource.best()) and best.group == resource.group:
            if self._is_let_in(best):
                admitted.append(best.waiter)
        return admitted

    def _is_let_in(self, parked: _Parked[T]) -> bool:
        """Let in one who waited, unless it lacks something else: then it waits for that."""
        parked.is_waiting = False
        del self._parked[parked.key]
        for want in parked.wants:
            if want.resource != parked.resource and not self._resource(want.resource).admits(want, parked.rank):
                self._park(_Parked(parked.key, parked.rank, parked.waiter, parked.wants, want.resource, want.group))
                return False
        self._hold(parked.key, parked.wants)
        return True
