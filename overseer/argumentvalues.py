"""Values on the command line, read from text: each gives the value or says what it should look like."""

from __future__ import annotations

import os
from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from overseer.broker.caps import Cap
    from overseer.tool import Effect


def plan_file(text: str) -> Path:
    """A plan as it is named; '-' is standard input."""
    return Path("/dev/stdin" if text == "-" and os.name == "posix" else text)


def classes(text: str) -> frozenset[Effect]:
    """Classes of tools."""
    from overseer.broker.permissions import classes_from

    try:
        return classes_from(text.split(","))
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error


def cap(text: str) -> Cap:
    """What may be spent."""
    from overseer.broker.caps import cap_from_text

    try:
        return cap_from_text(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error


def age(text: str) -> float:
    """Seconds since something was, such as 30d."""
    from overseer.plan import seconds_of  # loading it takes longer than most command lines need

    try:
        return seconds_of(text, zero_ok=True)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error


def seconds(text: str) -> float:
    """How long something may take; a number alone is seconds."""
    from overseer.plan import seconds_of
    from overseer.sandbox.values import LONGEST_S

    try:
        found = seconds_of(float(text) if text.replace(".", "", 1).isdecimal() else text)
        if found > LONGEST_S:
            raise ValueError("at most 365d")
        return found
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error


def positive(text: str) -> int:
    """A whole number that is not nothing."""
    number = int(text) if text.isdecimal() and len(text) < 10 else 0
    if number < 1:
        raise ArgumentTypeError(f"{text[:40]!r} is not a whole number from 1 to 999999999")
    return number
