"""What one name (a provider, a model, a tool) admits: its limit, what is in use, and what a 429 taught.

Values and arithmetic only: every method that needs the time is told it, and whoever owns the gauge
sees to it that one thread at a time uses it. Who waits for what is left to `admission`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from overseer.broker.window import Window

DAY_S = 86_400.0

# The part of a configured rate that comes back with every window of calls that went well.
_REGROWTH = 0.1


@dataclass(frozen=True, slots=True)
class Limit:
    """How much may go on at once and per window; None is unlimited."""

    concurrency: int | None = None
    per_minute: int | None = None
    tokens_per_minute: int | None = None
    per_day: int | None = None
    window_s: float = 60.0  # how long a "minute" is

    def __post_init__(self) -> None:
        for name in ("concurrency", "per_minute", "tokens_per_minute", "per_day"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise ValueError(f"{name} is {value!r}; give a whole number from 1, or nothing for no limit")
        if not (math.isfinite(self.window_s) and self.window_s > 0):
            raise ValueError(f"window_s is {self.window_s!r}; give a number of seconds above 0")


UNLIMITED = Limit()


class Allowance:
    """A number that is halved when a server complains, and grows back step by step while it does not."""

    __slots__ = ("_full", "_step", "configured", "now")

    def __init__(self) -> None:
        self.configured: int | None = None
        self.now: float | None = None  # in force; None is unlimited
        self._full: float | None = None  # while shrunk: where it counts as grown back
        self._step = 1.0

    def configure(self, configured: int | None) -> None:
        """From now on this is what it grows back to; it stays shrunk, unless there is to be no limit at all."""
        if self._full is None or (configured is None and self.configured is not None):
            self.now, self._full = configured, None
        elif configured is not None and self.now is not None:
            self.now, self._full = min(self.now, configured), float(configured)
        self.configured = configured

    def halve(self, in_use: float, *, step: float) -> None:
        """Half of what is in force, or of what is in use where nothing is; at least 1."""
        self._step = step
        if self.now is None:
            # Nobody said how much is too much; at twice of what was, the complaint is history.
            self._full = 2 * in_use
        elif self._full is None:
            self._full = self.now
        self.now = max(1.0, (in_use if self.now is None else self.now) / 2)

    def regrow(self, amount: float) -> None:
        """`amount` went well: after as much as is allowed now, one step more is."""
        if self._full is None or self.now is None:
            return
        self.now += self._step * amount / self.now
        if self.now >= self._full:
            self.now, self._full = self.configured, None


@dataclass(slots=True)
class Aside:
    """What is kept for those who come first, and so is not there for others."""

    room: int = 0
    requests: int = 0
    tokens: int = 0


NOTHING_ASIDE = Aside()


class Gauge:
    """One name's limit, and how much of it is in use."""

    __slots__ = (
        "_adapts",
        "_concurrency",
        "_day",
        "_rate",
        "_requests",
        "_shrunk_at",
        "_token_rate",
        "_tokens",
        "in_flight",
        "is_limited",
        "name",
        "paused_until",
        "tokens_in_flight",
        "window_s",
    )

    def __init__(self, name: str, limit: Limit = UNLIMITED, *, adapts: bool = True) -> None:
        self.name = name
        self.in_flight = 0
        self.tokens_in_flight = 0
        self.is_limited = False  # whether it ever refused or may refuse anybody
        self._adapts = adapts  # whether a complaint of the server concerns it
        self._concurrency, self._rate, self._token_rate = Allowance(), Allowance(), Allowance()
        self._requests: Window | None = None
        self._tokens: Window | None = None
        self._day: tuple[Window, int] | None = None
        self.paused_until = -math.inf
        self._shrunk_at = -math.inf
        self.configure(limit)

    def configure(self, limit: Limit) -> None:
        """From now on this limit holds; what is in use stays so."""
        self.window_s = limit.window_s
        self._concurrency.configure(limit.concurrency)
        self._rate.configure(limit.per_minute)
        self._token_rate.configure(limit.tokens_per_minute)
        self._requests = _resized(self._requests, limit.per_minute, limit.window_s, self.in_flight)
        self._tokens = _resized(self._tokens, limit.tokens_per_minute, limit.window_s, self.tokens_in_flight)
        day = _resized(self._day[0] if self._day else None, limit.per_day, DAY_S, self.in_flight)
        self._day = (day, limit.per_day) if day and limit.per_day else None
        self.is_limited = self.is_limited or limit != Limit(window_s=limit.window_s)

    def in_force(self) -> Limit:
        """The limit as it is after what the server had to say."""
        concurrency, rate, token_rate = (
            None if allowance.now is None else int(allowance.now)
            for allowance in (self._concurrency, self._rate, self._token_rate)
        )
        return Limit(concurrency, rate, token_rate, self._day[1] if self._day else None, self.window_s)

    def has_room(self, aside: Aside = NOTHING_ASIDE) -> bool:
        """Whether one more may be under way."""
        most = self._concurrency.now
        return most is None or self.in_flight + aside.room + 1 <= most

    def opens_at(self, tokens: int, now: float, aside: Aside = NOTHING_ASIDE) -> float:
        """When the windows admit so much: `now`, later, or infinity if a call has to end before that is known."""
        opens = max(now, self.paused_until)
        if self._requests is not None and self._rate.now is not None:
            self._requests.forget(now)
            excess = self._requests.used + aside.requests + 1 - self._rate.now
            if excess > 0:
                opens = max(opens, self._requests.opens_at(excess))
        if self._tokens is not None and self._token_rate.now is not None:
            self._tokens.forget(now)
            used = self._tokens.used
            excess = used + aside.tokens + tokens - self._token_rate.now
            if excess > 0 and (used or aside.tokens):  # what is too large for any window is let into an empty one
                opens = max(opens, self._tokens.opens_at(min(excess, used)))
        if self._day is not None:
            window, most = self._day
            window.forget(now)
            excess = window.used + aside.requests + 1 - most
            if excess > 0:
                opens = max(opens, window.opens_at(excess))
        return opens

    def start(self, tokens: int) -> None:
        self.in_flight += 1
        self.tokens_in_flight += tokens
        if self.is_limited:
            self._add(1, tokens)

    def correct(self, by_tokens: int) -> None:
        """A call that is under way takes more or fewer tokens than was said."""
        self.tokens_in_flight += by_tokens
        if self._tokens is not None:
            self._tokens.add(by_tokens)

    def withdraw(self, tokens: int) -> None:
        """A call that was started never went out: as if it had not been."""
        self.in_flight -= 1
        self.tokens_in_flight -= tokens
        self._add(-1, -tokens)

    def end(self, tokens: int, now: float, *, began_at: float, went_well: bool) -> None:
        self.in_flight -= 1
        self.tokens_in_flight -= tokens
        if not self.is_limited:
            return
        if self._requests is not None:
            self._requests.end(1, now)
        if self._tokens is not None:
            self._tokens.end(tokens, now)
        if self._day is not None:
            self._day[0].end(1, now)
        if went_well and began_at > self._shrunk_at:  # what began before says nothing of the new pace
            self._concurrency.regrow(1)
            self._rate.regrow(1)
            self._token_rate.regrow(tokens)

    def throttle(self, wait_s: float, now: float, *, began_at: float) -> None:
        """The server refused a call: admit nobody for so long, and fewer after that."""
        if not self._adapts:
            return
        self.is_limited = True
        self.paused_until = max(self.paused_until, now + wait_s)
        if began_at <= self._shrunk_at:
            return  # one of the same burst: to halve once for each would leave nothing
        self._shrunk_at = now
        for rate in (self._rate, self._token_rate):
            if rate.now is not None:
                rate.halve(0, step=max(1.0, (rate.configured or 0) * _REGROWTH))
        if self._concurrency.now is not None or (self._rate.now is None and self._token_rate.now is None):
            self._concurrency.halve(self.in_flight, step=1)

    def _add(self, requests: int, tokens: int) -> None:
        if self._requests is not None:
            self._requests.add(requests)
        if self._tokens is not None:
            self._tokens.add(tokens)
        if self._day is not None:
            self._day[0].add(requests)


def _resized(window: Window | None, limit: int | None, length_s: float, under_way: int) -> Window | None:
    """The window that a limit needs; a new one knows what is under way, but not what was before."""
    if limit is None:
        return None
    if window is None:
        return Window(length_s, under_way=under_way)
    window.length_s = length_s
    return window
