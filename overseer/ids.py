"""Names of runs: short, sorted by time, and hard to mistype.

Crockford's alphabet leaves out i, l, o and u, so that no letter looks like a digit; whoever types
one of them means the digit that it looks like.
"""

from __future__ import annotations

import os
import re

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME_DIGITS = 9  # 45 bits of milliseconds: until the year 3084
_CHANCE_DIGITS = 5  # 25 bits for runs that begin in the same millisecond
_LOOKALIKES = str.maketrans("ilo", "110")
_RUN_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def new_run_id(now: float) -> str:
    """A new id of 14 characters for a run that begins `now`, in seconds since 1970."""
    chance = int.from_bytes(os.urandom(4), "big")
    return _in_base32(int(now * 1000), _TIME_DIGITS) + _in_base32(chance, _CHANCE_DIGITS)


def as_typed(text: str) -> str:
    """What was meant by an id, or the beginning of one, that a person typed."""
    return text.strip().lower().translate(_LOOKALIKES)


def is_run_id(text: str) -> bool:
    """Whether `text` can name a run, and so a file, on every system."""
    return _RUN_ID.fullmatch(text) is not None


def _in_base32(number: int, digits: int) -> str:
    """The lowest `digits` digits of a number."""
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(digits)))
