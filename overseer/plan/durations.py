"""Durations as people write them: "5s", "250ms", "1h30m", or a plain number of seconds."""

from __future__ import annotations

import math
import re
from itertools import pairwise

_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1, "ms": 0.001}
_ORDER = tuple(_SECONDS)
_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_PART = re.compile(rf"\s*({_NUMBER})\s*(ms|[dhms])")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+\s*")

# Beyond this, timers of common platforms overflow.
LONGEST_S = 10 * 365 * 86_400


def seconds_of(value: object, *, zero_ok: bool = False) -> float:
    """The seconds of a duration; ValueError says what is wrong with it."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("must be a duration such as 5s, 250ms or 1h30m, or a number of seconds")
    seconds = _parsed(value) if isinstance(value, str) else float(min(value, LONGEST_S + 1))
    if math.isnan(seconds) or seconds < 0 or (seconds == 0 and not zero_ok):
        raise ValueError(f"must be longer than nothing, not {value}")
    if seconds > LONGEST_S:
        raise ValueError(f"is longer than ten years: {value}")
    return seconds


def _parsed(text: str) -> float:
    if not _WHOLE.fullmatch(text):
        raise ValueError(f'"{text[:40]}" is not a duration; write a number with ms, s, m, h or d, such as 5s or 1h30m')
    parts = _PART.findall(text)
    units = [_ORDER.index(unit) for _, unit in parts]
    if any(first >= second for first, second in pairwise(units)):
        raise ValueError(f'"{text[:40]}" must name each unit once, the largest first, as in 1h30m')
    # Dividing is exact where multiplying by 0.001 is not: 3ms must be what 0.003 is.
    return sum(float(number) / 1000 if unit == "ms" else float(number) * _SECONDS[unit] for number, unit in parts)


def duration_text(seconds: float) -> str:
    """The shortest usual way to write it; `seconds_of` reads exactly the same number back."""
    if 0 < seconds < 1:
        text = f"{seconds * 1000:g}ms"
    elif seconds >= 60 and seconds == int(seconds):
        text = _in_units(int(seconds))
    else:
        text = f"{seconds:g}s"
    return text if _parsed(text) == seconds else f"{float(seconds)!r}s"


def _in_units(seconds: int) -> str:
    text = ""
    for unit in ("d", "h", "m", "s"):
        count, seconds = divmod(seconds, int(_SECONDS[unit]))
        text += f"{count}{unit}" if count else ""
    return text
