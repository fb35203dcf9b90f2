"""Amounts as people write them: `20` or `50k` of something, `0.50` dollars, `10m` of time, a part such as `0.5`.

One parser for plan files, settings and the command line, so that an amount means the same in all of
them. Where one may be stated, and what it is for, is left to those.
"""

from __future__ import annotations

import re

from overseer.plan.durations import seconds_of

MOST = 10**15  # beyond this, it is a mistake
COUNT = r"(\d+(?:\.\d*)?|\.\d+)\s*([kKmM]?)"

_COUNT = re.compile(COUNT)
_FACTORS = {"": 1, "k": 1_000, "m": 1_000_000}


class NotAnAmount(ValueError):
    """Something else than the amount that was `expected`."""

    def __init__(self, expected: str) -> None:
        super().__init__(f"must be {expected}")
        self.expected = expected


def count_of(value: object) -> int:
    """The whole number that `20`, `50k` or `1.5M` stands for."""
    number = _number(value)
    if number is None or number != int(number):
        raise NotAnAmount("a whole number, such as 10 or 20k")
    return int(number)


def dollars_of(value: object) -> float:
    """The dollars that `0.50` or `$2` stands for."""
    number = _number(value.strip().removeprefix("$") if isinstance(value, str) else value)
    if number is None:
        raise NotAnAmount("dollars, such as 0.50")
    return float(number)


def span_of(value: object) -> float:
    """The seconds of a duration, which may be a bare number of them; ValueError says what is wrong with it."""
    return seconds_of(float(value) if isinstance(value, str) and _is_bare(value) else value)


def part_of(value: object) -> float:
    """The part of a whole, above 0 and up to 1."""
    number = _number(value)
    if number is None or not 0 < number <= 1:
        raise NotAnAmount("a number above 0 and up to 1")
    return float(number)


def count_text(count: int) -> str:
    """A count as it is written; `count_of` reads the same back."""
    return f"{count // 1000}k" if count and count % 1000 == 0 else str(count)


def _is_bare(text: str) -> bool:
    found = _COUNT.fullmatch(text.strip())
    return found is not None and not found.group(2)


def _number(value: object) -> float | None:
    if isinstance(value, str) and (found := _COUNT.fullmatch(value.strip())):
        value = round(min(float(found.group(1)), MOST + 1) * _FACTORS[found.group(2).lower()], 9)  # 1.1k is 1100
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST:
        return None
    return value
