"""Tools that describe and make lists of numbers, exactly as the numbers read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from overseer.tool import ToolError, tool

_MOST_NUMBERS = 200_000
_LONGEST_SEQUENCE = 100_000
_MOST_BITS = 13_000


@tool(
    tags=["math", "statistics", "average", "mean", "median", "sum", "numbers"],
    examples=[
        {"request": "what is the average of 3, 5 and 10?", "args": {"numbers": [3, 5, 10]}},
        {"request": "mean, median and standard deviation of these numbers", "args": {"numbers": [1, 2, 2, 9]}},
    ],
)
def number_statistics(numbers: list[float], percentiles: list[float] | None = None) -> dict[str, Any]:
    """Describe a list of numbers: count, sum, mean, median, standard deviation, minimum, maximum and quartiles.

    Args:
        numbers: what to describe; the deviation is that of a sample, null for a single number
        percentiles: further places between 0 and 100 to give the values at
    """
    if not numbers:
        raise _wrong("numbers is empty; give at least one number")
    if len(numbers) > _MOST_NUMBERS:
        raise _wrong(f"numbers has {len(numbers)} entries; give at most {_MOST_NUMBERS}")
    exact = [_exact(number, f"numbers[{place}]") for place, number in enumerate(numbers)]
    exact.sort()
    result: dict[str, Any] = {
        "count": len(exact),
        "sum": _as_json(_total(exact)),
        "mean": _as_json(_total(exact) / len(exact)),
        "median": _as_json(_quantile(exact, Fraction(1, 2))),
        "standard_deviation": _deviation(exact),
        "minimum": _as_json(exact[0]),
        "maximum": _as_json(exact[-1]),
        "first_quartile": _as_json(_quantile(exact, Fraction(1, 4))),
        "third_quartile": _as_json(_quantile(exact, Fraction(3, 4))),
    }
    if percentiles:
        outside = [place for place in percentiles if not 0 <= place <= 100]
        if outside:
            raise _wrong(f"percentiles holds {outside[0]}; give places between 0 and 100")
        result["percentiles"] = {
            f"{place:g}": _as_json(_quantile(exact, Fraction(place) / 100)) for place in percentiles
        }
    return result


@tool(
    tags=["math", "numbers", "sequence", "range", "list"],
    examples=[{"request": "the numbers from 1 to 10 in steps of 3", "args": {"start": 1, "stop": 10, "step": 3}}],
)
def number_sequence(start: float, stop: float, step: float = 1) -> list[int | float]:
    """List the numbers from one to another in equal steps; both ends belong to it where the steps meet them.

    Args:
        start: the first number
        stop: the number not to go beyond
        step: how far apart they are; below zero counts down
    """
    first, last, width = _exact(start, "start"), _exact(stop, "stop"), _exact(step, "step")
    if width == 0:
        raise _wrong("step is 0; give a number above zero to count up or below zero to count down")
    count = max(0, (last - first) // width + 1)
    if count > _LONGEST_SEQUENCE:
        raise _wrong(f"start, stop and step make {count} numbers; give a larger step, for at most {_LONGEST_SEQUENCE}")
    return [_as_json(first + place * width) for place in range(count)]


def _exact(value: float, where: str) -> Fraction:
    """A number as it reads: 0.1 is a tenth, not its nearest binary fraction."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _wrong(f"{where} is {value!r}; give a finite number")
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)


def _as_json(value: Fraction) -> int | float:
    if value.denominator == 1:
        return value.numerator
    try:
        return float(value)
    except OverflowError:
        return round(value)


def _total(values: Sequence[Fraction]) -> Fraction:
    """All denominators at once: adding fractions one by one takes their greatest common divisor every time."""
    common = math.lcm(*{value.denominator for value in values})
    if common.bit_length() > _MOST_BITS:
        return Fraction(math.fsum(values))
    return Fraction(sum(value.numerator * (common // value.denominator) for value in values), common)


def _deviation(values: Sequence[Fraction]) -> float | None:
    if len(values) < 2:
        return None
    from statistics import stdev

    try:
        return stdev(map(float, values))
    except OverflowError:
        raise _wrong("numbers holds values that are too large for a deviation; give numbers below 1e150") from None


def _quantile(ordered: Sequence[Fraction], place: Fraction) -> Fraction:
    """The value at a place between 0 and 1, with straight lines between the values."""
    position = place * (len(ordered) - 1)
    below = math.floor(position)
    if position == below:
        return ordered[below]
    return ordered[below] + (ordered[below + 1] - ordered[below]) * (position - below)


def _wrong(message: str) -> ToolError:
    return ToolError(message, kind="bad_request")
