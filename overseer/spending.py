"""What calls took, as the events of a run tell it: plain JSON that is added up.

    {"requests": 2, "tokens": 350, "answered": 120, "cost": 0.002, "unpriced": 1}

`answered` is the part of the tokens that models answered with. `cost` is in dollars and counts only what
has a known price; `unpriced` is the number of requests that have none. `guessed` is how many of the tokens
no server counted: they are known by length alone. What is zero is left out, and None stands for nothing at
all. Each amount is told by one event alone, so the sum over all events of a run is what the run took.
"""

from __future__ import annotations

from math import fsum

from overseer.jsonvalue import Json

_AMOUNTS = ("requests", "tokens", "answered", "cost", "unpriced", "guessed")


def total(*parts: Json) -> Json:
    """What all of these took together; None if that is nothing."""
    told = [part for part in parts if isinstance(part, dict)]
    sums = {amount: sum(_number(part.get(amount)) for part in told) for amount in _AMOUNTS if amount != "cost"}
    sums["cost"] = round(fsum(_number(part.get("cost")) for part in told), 9)  # sums of cents must stay cents
    return {amount: sums[amount] for amount in _AMOUNTS if sums[amount]} or None


def _number(value: Json) -> float:
    return value if isinstance(value, int | float) else 0


def spent_text(spent: Json) -> str:
    """The same for people: `12 requests, 34,500 tokens (30,000 in, 4,500 out), $0.021`; `~34,500` if partly guessed."""
    requests, tokens, answered, cost, unpriced, guessed = (_number(spent.get(amount)) for amount in _AMOUNTS)
    about = "~" if guessed and tokens else ""
    ways = f" ({tokens - answered:,} in, {answered:,} out)" if answered else ""
    parts = [_counted(requests, "request"), f"{about}{_counted(tokens, 'token')}{ways}"]
    if cost:
        parts.append(f"${_dollars(cost)}")
    if unpriced:
        of_some = f" of {_counted(unpriced, 'request')}" if cost or unpriced < requests else ""
        parts.append(f"price unknown{of_some}")
    return ", ".join(part for part in parts if part)


def _counted(number: float, noun: str) -> str:
    return f"{number:,} {noun}{'s' if number != 1 else ''}" if number else ""


def _dollars(cost: float) -> str:
    """Cents where they say it all or are enough, else three digits that do."""
    if cost >= 1 or round(cost, 2) == cost:
        return f"{cost:,.2f}"
    return f"{float(f'{cost:.3g}'):.12f}".rstrip("0")
