"""What may be spent at most, and how people write it: `requests=10,tokens=20k,cost=0.50,time=10m`.

The same names serve the command line and, as keys of a mapping, the settings and plan files.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from overseer.plan.amounts import NotAnAmount, count_of, count_text, dollars_of, span_of
from overseer.plan.durations import duration_text
from overseer.plan.suggestions import did_you_mean
from overseer.plan.values import Allowance

_EXAMPLE = "requests=10,tokens=20k,cost=0.50,time=10m"


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that may be spent; None is no cap. `cost` is in dollars."""

    requests: int | None = None
    tokens: int | None = None
    cost: float | None = None
    time_s: float | None = None

    def __post_init__(self) -> None:
        for name in ("requests", "tokens"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
                raise ValueError(f"{name} is {value!r}; give a whole number from 0, or nothing for no cap")
        for name in ("cost", "time_s"):
            value = getattr(self, name)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if value is not None and not (is_number and math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} is {value!r}; give a number from 0, or nothing for no cap")


NO_CAP = Cap()


def cap_from_text(text: str) -> Cap:
    """The cap that a text such as `requests=10,time=10m` states; ValueError says what is wrong with it."""
    given: dict[str, object] = {}
    for part in text.split(","):
        name, is_said, value = (piece.strip() for piece in part.partition("="))
        if not (name and is_said and value):
            raise ValueError(f"{part.strip()!r} is not an amount; write a budget as {_EXAMPLE}")
        if name in given:
            raise ValueError(f"{name} is given twice")
        given[name] = value
    return cap_from_mapping(given)


def cap_from_mapping(given: Mapping[str, object]) -> Cap:
    """The cap that a mapping such as `{requests: 10, tokens: 20k}` states; null is no cap."""
    for name in given:
        if name not in _READERS:
            raise ValueError(f"there is no budget of {name!r}; {did_you_mean(str(name), _READERS, 'there are')}")
    amounts = {name: _read(name, value) for name, value in given.items() if value is not None}
    requests, tokens = amounts.get("requests"), amounts.get("tokens")
    return Cap(
        requests=None if requests is None else int(requests),
        tokens=None if tokens is None else int(tokens),
        cost=amounts.get("cost"),
        time_s=amounts.get("time"),
    )


def cap_of(allowance: Allowance | None) -> Cap:
    """The cap that a plan states."""
    if allowance is None:
        return NO_CAP
    return Cap(allowance.requests, allowance.tokens, allowance.cost, allowance.time_s)


def smallest(*caps: Cap) -> Cap:
    """What all of these caps allow."""
    return _by_amount(min, caps)


def overruled(cap: Cap, by: Cap) -> Cap:
    """The amounts of one cap in place of those of another, which keeps the rest of its own."""
    return _by_amount(lambda stated: stated[-1], (cap, by))


def _by_amount(choose: Callable[[list[Any]], Any], caps: tuple[Cap, ...]) -> Cap:
    chosen: dict[str, Any] = {}
    for amount in ("requests", "tokens", "cost", "time_s"):
        stated = [value for cap in caps if (value := getattr(cap, amount)) is not None]
        chosen[amount] = choose(stated) if stated else None
    return Cap(**chosen)


def cap_text(cap: Cap) -> str:
    """A cap as it is written; `cap_from_text` reads the same cap back. Empty where there is none."""
    parts = []
    if cap.requests is not None:
        parts.append(f"requests={cap.requests}")
    if cap.tokens is not None:
        parts.append(f"tokens={count_text(cap.tokens)}")
    if cap.cost is not None:
        parts.append(f"cost={money_text(cap.cost)}")
    if cap.time_s is not None:
        parts.append(f"time={duration_text(cap.time_s)}")
    return ",".join(parts)


def cap_mapping(cap: Cap) -> str:
    """A cap as plans and settings state it, such as `{requests: 10, time: 10m}`."""
    return f"{{{cap_text(cap).replace('=', ': ').replace(',', ', ')}}}"


def money_text(dollars: float) -> str:
    """Cents where they say it all, else as many digits as it takes."""
    cents = f"{dollars:.2f}"
    return cents if float(cents) == dollars else f"{dollars:.12f}".rstrip("0")


def _read(name: str, value: object) -> float:
    try:
        return _READERS[name](value)
    except NotAnAmount as error:
        raise ValueError(f"{name} is {value!r}; give {error.expected}") from None
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


_READERS: dict[str, Callable[[object], float]] = {
    "requests": count_of,
    "tokens": count_of,
    "cost": dollars_of,
    "time": span_of,
}
