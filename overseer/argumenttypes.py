"""What the values of arguments are read as; what reads them is loaded when one is given."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from overseer.broker.caps import Cap
    from overseer.tool import Effect


def plan_file(text: str) -> Path:
    return Path("/dev/stdin" if text == "-" and os.name == "posix" else text)


def classes(text: str) -> frozenset[Effect]:
    from overseer.broker.permissions import classes_from

    try:
        return classes_from(text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def cap(text: str) -> Cap:
    from overseer.broker.caps import cap_from_text

    try:
        return cap_from_text(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def age(text: str) -> float:
    from overseer.plan import seconds_of  # loading it takes longer than most command lines need

    try:
        return seconds_of(text, zero_ok=True)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def seconds(text: str) -> float:
    from overseer.plan import seconds_of
    from overseer.sandbox.values import LONGEST_S

    try:
        seconds = seconds_of(float(text) if text.replace(".", "", 1).isdecimal() else text)
        if seconds > LONGEST_S:
            raise ValueError("at most 365d")
        return seconds
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def positive(text: str) -> int:
    number = int(text) if text.isdecimal() and len(text) < 10 else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number from 1 to 999999999")
    return number
