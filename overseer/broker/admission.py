"""Who may start next: calls that need several gauges at once and get all of them, or wait and hold none.

Calls that need the same gauges stand in one line, the best rank first and whoever came first within
it; only the head of a line is looked at, so that thousands who wait cost nothing. When something
changes, the heads are gone through from the best to the worst:

- A head that lacks a gauge keeps everybody worse from it, so nobody is overtaken for what they wait
  for; but those who do not need that gauge go past.
- What a head once lacked and could now have is set aside for it while it lacks another. Otherwise
  one that needs two busy gauges would find, for ever, that whichever comes free, the other has just
  been taken by someone who needs only that.

Nobody is held up by worse ones, so the best of those who wait is held up by running calls alone.
No clock and no threads: whoever owns this passes the time.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from itertools import count

from overseer.broker.gauge import NOTHING_ASIDE, Aside, Gauge


class Admission:
    """The calls that wait, and the rules by which they are let in."""

    def __init__(self) -> None:
        self.due = math.inf  # when the passing of time alone may let somebody in
        self._lines: dict[frozenset[Gauge], _Line] = {}
        self._arrivals = count()

    @property
    def waiting(self) -> int:
        return sum(line.living for line in self._lines.values())

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits."""
        return not self._lines

    def try_start(self, call: Call, now: float) -> bool:
        """Start a call at once, if nobody waits and nothing stands in its way."""
        if self._lines:
            return False
        for gauge in call.gauges:
            if gauge.is_limited and not (gauge.has_room() and gauge.opens_at(call.tokens, now) <= now):
                return False
        _start(call, now)
        return True

    def park(self, call: Call, *, rank: tuple[int, ...], wake: Callable[[], None], now: float) -> Waiter:
        """Let a call wait its turn; `wake` is called when it was started, which may be at once."""
        waiter = Waiter(call, (rank, next(self._arrivals)), wake)
        self._join(waiter)
        if waiter.line.head() is waiter:
            self.admit(now)
        return waiter

    def admit(self, now: float) -> None:
        """Start everybody who may, best first. To be called whenever a gauge may admit more than before."""
        self.due = math.inf
        kept: dict[Gauge, Aside | None] = {}  # for those gone through so far; None is all there is
        passed: list[Waiter] = []  # those who have to wait on
        heads = [(line.head().order, line) for line in self._lines.values()]
        heapq.heapify(heads)
        while heads:
            _, line = heapq.heappop(heads)
            waiter = line.head()
            if lacking := _lacking(waiter, kept, now):
                # As soon as it lacks one gauge less, others may go past it there.
                self.due = min([self.due, *(opens_at for opens_at in lacking.values() if opens_at > now)])
                _keep_for(waiter, lacking, kept, now)
                passed.append(waiter)
                continue
            _start(waiter.call, now)
            for better in passed:
                _keep_what_is_gone(better, waiter.needs, kept, now)
            waiter.is_admitted = True
            self._leave(waiter)
            waiter.wake()
            if line.living:
                heapq.heappush(heads, (line.head().order, line))

    def withdraw(self, waiter: Waiter, now: float) -> None:
        """It wants nothing any more, and if it was let in, nothing went out."""
        if waiter.is_admitted:
            for gauge in waiter.call.gauges:
                gauge.withdraw(waiter.call.tokens)
            self.admit(now)
            return
        was_head = waiter.line.head() is waiter
        self._leave(waiter)
        if was_head:
            self.admit(now)

    def regroup(self) -> None:
        """Gauges that limited nothing do so from now on, so that lines are no longer what they were."""
        waiters = [waiter for line in self._lines.values() for _, waiter in line.entries if not waiter.is_gone]
        self._lines.clear()
        for waiter in waiters:
            self._join(waiter)

    def _join(self, waiter: Waiter) -> None:
        # What limits nobody is left out: tools without a limit must not give each call a line of its own.
        waiter.needs = tuple([gauge for gauge in waiter.call.gauges if gauge.is_limited])
        key = frozenset(waiter.needs)
        waiter.line = self._lines.get(key) or self._lines.setdefault(key, _Line(key))
        waiter.line.add(waiter)

    def _leave(self, waiter: Waiter) -> None:
        waiter.line.remove(waiter)
        if not waiter.line.living:
            del self._lines[waiter.line.key]


class Call:
    """What a call takes from its gauges, and since when."""

    __slots__ = ("began_at", "gauges", "tokens")

    def __init__(self, gauges: tuple[Gauge, ...], tokens: int) -> None:
        self.gauges = gauges
        self.tokens = tokens
        self.began_at = 0.0


class Waiter:
    """A call that waits: its place, what it lacks, and when the gauges it lacks will open."""

    __slots__ = ("call", "is_admitted", "is_gone", "lacks", "line", "missed", "needs", "opens_at", "order", "wake")

    line: _Line
    needs: tuple[Gauge, ...]  # those of its gauges that limit anything

    def __init__(self, call: Call, order: tuple[tuple[int, ...], int], wake: Callable[[], None]) -> None:
        self.call = call
        self.order = order
        self.wake = wake
        self.is_admitted = False
        self.is_gone = False
        self.lacks = ""
        self.opens_at = math.inf  # infinity: nobody knows, a running call has to end first
        self.missed: set[Gauge] = set()  # what it ever lacked as the head of its line

    def outlook(self) -> tuple[str, float]:
        """Which name the head of its line lacks, and when that opens at the earliest."""
        head = self.line.head()
        return head.lacks, head.opens_at


class _Line:
    """Those who need the same gauges, the best first. Who leaves early stays as an entry until passed by."""

    __slots__ = ("entries", "key", "living")

    def __init__(self, key: frozenset[Gauge]) -> None:
        self.key = key
        self.entries: list[tuple[tuple[tuple[int, ...], int], Waiter]] = []
        self.living = 0

    def head(self) -> Waiter:
        while self.entries[0][1].is_gone:
            heapq.heappop(self.entries)
        return self.entries[0][1]

    def add(self, waiter: Waiter) -> None:
        heapq.heappush(self.entries, (waiter.order, waiter))
        self.living += 1

    def remove(self, waiter: Waiter) -> None:
        waiter.is_gone = True
        self.living -= 1
        if len(self.entries) > 2 * self.living + 16:
            self.entries = [entry for entry in self.entries if not entry[1].is_gone]
            heapq.heapify(self.entries)


def _start(call: Call, now: float) -> None:
    call.began_at = now
    for gauge in call.gauges:
        gauge.start(call.tokens)


def _lacking(waiter: Waiter, kept: dict[Gauge, Aside | None], now: float) -> dict[Gauge, float]:
    """The gauges that do not admit it, with the time when their windows will; notes which opens last."""
    lacking: dict[Gauge, float] = {}
    waiter.opens_at = now
    for gauge in waiter.needs:
        aside = kept.get(gauge, NOTHING_ASIDE)
        opens_at = math.inf if aside is None else gauge.opens_at(waiter.call.tokens, now, aside)
        has_room = aside is None or gauge.has_room(aside)
        if opens_at <= now and has_room:
            continue
        lacking[gauge] = opens_at
        known = opens_at if has_room else math.inf
        if known > waiter.opens_at or len(lacking) == 1:
            waiter.opens_at, waiter.lacks = known, gauge.name
    return lacking


def _keep_what_is_gone(waiter: Waiter, gauges: tuple[Gauge, ...], kept: dict[Gauge, Aside | None], now: float) -> None:
    """Of these gauges something was just taken: let nobody worse have what this one lacks for that."""
    for gauge in gauges:
        aside = kept.get(gauge, NOTHING_ASIDE)
        if aside is None or gauge not in waiter.needs:
            continue
        if gauge.opens_at(waiter.call.tokens, now, aside) > now or not gauge.has_room(aside):
            waiter.missed.add(gauge)
            kept[gauge] = None


def _keep_for(waiter: Waiter, lacking: dict[Gauge, float], kept: dict[Gauge, Aside | None], now: float) -> None:
    """Let nobody worse have what this one lacks, nor what it lacked before and needs as soon as it has the rest."""
    waits_for_room_only = all(opens_at <= now for opens_at in lacking.values())
    for gauge in waiter.needs:
        if gauge in lacking:
            waiter.missed.add(gauge)
            kept[gauge] = None
        elif gauge in waiter.missed:
            aside = kept.setdefault(gauge, Aside())
            assert aside is not None  # or it would be lacking
            # A place would stand empty while a window is waited for: that may be long, and it is not known.
            aside.room += waits_for_room_only
            # What is taken from a window now has come back by then, if that is far away.
            if waiter.opens_at == math.inf or waiter.opens_at < now + gauge.window_s:
                aside.requests += 1
                aside.tokens += waiter.call.tokens
