"""How much may go on at once and per minute, for each provider, model and tool: one gate for everything.

    limits = Limits({"provider:openai": Limit(concurrency=8, per_minute=500, tokens_per_minute=200_000)})

    with limits.slot(["provider:openai", "tool:translate"], tokens=900, rank=(-3,)) as slot:
        reply = ask(...)
        slot.settle(tokens=reply.tokens)

A slot waits until all of its names admit it, never fails for being early, and is shared by all runs
and threads of the process. Whether a call is worth its price, or tried again, is decided elsewhere.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType

from overseer.broker.admission import Call
from overseer.broker.gate import NO_WAIT, Gate, OnWait
from overseer.broker.gauge import DAY_S, UNLIMITED, Gauge, Limit
from overseer.errors import BrokenInvariant
from overseer.tool import Cancellation

__all__ = ["UNLIMITED", "Limit", "Limits", "Multipliers", "OnWait", "Share", "Slot"]

# How long a server is left alone that refused a call without saying for how long.
_PAUSE_S = 1.0


class Limits:
    """The limits of all names. A name without one is unlimited until its server complains."""

    def __init__(self, limits: Mapping[str, Limit] | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._gate = Gate(clock)
        self._gauges = {name: Gauge(name, limit) for name, limit in (limits or {}).items()}
        self._configured = dict(limits or {})

    def slot(
        self,
        names: Sequence[str],
        *,
        tokens: int = 0,
        rank: tuple[int, ...] = (),
        cancellation: Cancellation | None = None,
        on_wait: OnWait | None = None,
    ) -> Slot:
        """Leave for one call that uses these names; entering it waits until all of them admit it.

        Of those who wait, lower ranks go first, and within one rank who came first. `tokens` is an
        estimate. `on_wait` is called when the waiting begins, with the name waited for and in how
        many seconds it opens at the earliest, None if that depends on calls that are still running.
        """
        return Slot(self._gate, Call(self._gauges_of(names), _whole(tokens)), rank, cancellation, on_wait)

    def share(self, multipliers: Multipliers) -> Share:
        """A part of every limit, such as one run may have: what uses it is held by both."""
        return Share(self, (_Part(multipliers),))

    def knows(self, name: str) -> bool:
        """Whether the name has or had a limit; what nobody limits need not ask for leave."""
        return name in self._gauges

    def in_force(self, name: str) -> Limit:
        """The limit of a name as it is for the moment, after what its server had to say."""
        gauge = self._gauges.get(name)
        return gauge.in_force() if gauge is not None else UNLIMITED

    def pause_s(self, names: Sequence[str]) -> float:
        """For how long a server of these names wants to be left alone from now on."""
        return self._gate.pause_s([gauge for name in names if (gauge := self._gauges.get(name)) is not None])

    @property
    def waiting(self) -> int:
        """How many calls wait."""
        return self._gate.waiting

    def _gauges_of(self, names: Sequence[str]) -> tuple[Gauge, ...]:
        if isinstance(names, str):
            raise BrokenInvariant(f"the names of limits must be a list, not the text {names!r}")
        if len(names) > 1:
            names = tuple(dict.fromkeys(names))  # nobody is counted twice
        try:
            return tuple([self._gauges[name] for name in names])
        except KeyError:
            return tuple([self._gauge(name) for name in names])

    def _gauge(self, name: str) -> Gauge:
        return self._gauges.get(name) or self._gauges.setdefault(name, Gauge(name))


class Slot:
    """Leave for one call: holds a place from entering to leaving, and its tokens for a window after that."""

    __slots__ = ("_call", "_cancellation", "_gate", "_is_open", "_on_wait", "_rank", "_was_refused", "waited")

    def __init__(
        self,
        gate: Gate,
        call: Call,
        rank: tuple[int, ...],
        cancellation: Cancellation | None,
        on_wait: OnWait | None,
    ) -> None:
        self._gate = gate
        self._call = call
        self._rank = rank
        self._cancellation = cancellation
        self._on_wait = on_wait
        self._is_open = False
        self._was_refused = False
        self.waited = NO_WAIT

    def __enter__(self) -> Slot:
        if self._is_open:
            raise BrokenInvariant("a slot is for one call at a time")
        self.waited = self._gate.enter(
            self._call, rank=self._rank, cancellation=self._cancellation, on_wait=self._on_wait
        )
        self._is_open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_open = False
        self._gate.leave(self._call, went_well=kind is None and not self._was_refused)

    @property
    def waited_for(self) -> str | None:
        """The name that stood in the way; None if none did."""
        return self.waited.name

    def settle(self, *, tokens: int) -> None:
        """The call took so many tokens; without this, it took what was estimated."""
        self._check_open()
        self._gate.correct(self._call, _whole(tokens))

    def throttled(self, retry_after_s: float | None = None) -> None:
        """The server refused the call as one too many: nobody goes there until that time, and fewer after it."""
        self._check_open()
        self._was_refused = True
        is_usable = retry_after_s is not None and not math.isnan(retry_after_s)
        wait_s = retry_after_s if is_usable and retry_after_s is not None else _PAUSE_S
        self._gate.throttle(self._call, min(max(wait_s, 0.0), DAY_S))

    def _check_open(self) -> None:
        if not self._is_open:
            raise BrokenInvariant("a slot can be told only of the call that it is open for")


@dataclass(frozen=True, slots=True)
class Multipliers:
    """Which part of every limit may be used, above 0 and up to 1: requests, tokens, requests per day.

    None where nothing is said, which leaves the whole.
    """

    rpm: float | None = None
    tpm: float | None = None
    rpd: float | None = None

    def __post_init__(self) -> None:
        for name in ("rpm", "tpm", "rpd"):
            value = getattr(self, name)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if value is not None and not (is_number and 0 < value <= 1):
                raise ValueError(f"the {name} multiplier is {value!r}; give a number above 0 and up to 1")

    def of(self, limit: Limit) -> Limit:
        """That part of a limit, at least 1 of each; how many may be under way at once is not divided."""
        return Limit(
            per_minute=_part(limit.per_minute, self.rpm),
            tokens_per_minute=_part(limit.tokens_per_minute, self.tpm),
            per_day=_part(limit.per_day, self.rpd),
            window_s=limit.window_s,
        )


class Share:
    """Limits of which only a part may be used, such as those of one run. Made by `Limits.share`."""

    def __init__(self, limits: Limits, parts: tuple[_Part, ...]) -> None:
        self._limits = limits
        self._parts = parts

    def beside(self, other: Share) -> Share:
        """Both shares of the same limits: what uses this is held by the one and by the other."""
        return Share(self._limits, (*self._parts, *other._parts))

    def share(self, multipliers: Multipliers) -> Share:
        """As `Limits.share`, a part of this part."""
        return self.beside(self._limits.share(multipliers))

    def slot(
        self,
        names: Sequence[str],
        *,
        tokens: int = 0,
        rank: tuple[int, ...] = (),
        cancellation: Cancellation | None = None,
        on_wait: OnWait | None = None,
    ) -> Slot:
        """As `Limits.slot`, for one who may use only this part."""
        shared = self._limits._gauges_of(names)
        own = [part.gauges.get(gauge.name) or self._made(part, gauge.name) for part in self._parts for gauge in shared]
        return Slot(self._limits._gate, Call((*own, *shared), _whole(tokens)), rank, cancellation, on_wait)

    def knows(self, name: str) -> bool:
        """As `Limits.knows`: a part of no limit is none."""
        return self._limits.knows(name)

    def pause_s(self, names: Sequence[str]) -> float:
        """As `Limits.pause_s`."""
        return self._limits.pause_s(names)

    def _made(self, part: _Part, name: str) -> Gauge:
        with self._limits._gate.reconfigured():
            limit = part.multipliers.of(self._limits._configured.get(name, UNLIMITED))
            # What a server complains of concerns the whole; a part of it has less already.
            return part.gauges.setdefault(name, Gauge(name, limit, adapts=False))


class _Part:
    """The gauges of a part of all limits, made as they are needed."""

    def __init__(self, multipliers: Multipliers) -> None:
        self.multipliers = multipliers
        self.gauges: dict[str, Gauge] = {}


def _part(limit: int | None, multiplier: float | None) -> int | None:
    if limit is None or multiplier is None:
        return limit
    # Rounded first: 100 times 0.29 must be 29, not 28.999999999999996.
    return max(1, math.floor(round(limit * multiplier, 6)))


def _whole(tokens: int) -> int:
    if tokens < 0:
        raise BrokenInvariant(f"a call cannot take {tokens} tokens")
    return tokens
