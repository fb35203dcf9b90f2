"""What the values of arguments are read as; what reads them is loaded when one is given."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from overseer.broker.caps import Cap
    from overseer.tool import Effect


T = TypeVar("T")


def _explained(read: Callable[[str], T]) -> Callable[[str], T]:
    """Tells what is wrong with a text; of a ValueError argparse would say no more than that it is one."""

    @wraps(read)
    def value(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return value


def plan_file(text: str) -> Path:
    return Path("/dev/stdin" if text == "-" and os.name == "posix" else text)


@_explained
def classes(text: str) -> frozenset[Effect]:
    from overseer.broker.permissions import classes_from

    return classes_from(text.split(","))


@_explained
def cap(text: str) -> Cap:
    from overseer.broker.caps import cap_from_text

    return cap_from_text(text)


@_explained
def age(text: str) -> float:
    from overseer.plan import seconds_of  # loading it takes longer than most command lines need

    return seconds_of(text, zero_ok=True)


@_explained
def seconds(text: str) -> float:
    from overseer.plan import seconds_of
    from overseer.sandbox.values import LONGEST_S

    seconds = seconds_of(float(text) if text.replace(".", "", 1).isdecimal() else text)
    if seconds > LONGEST_S:
        raise ValueError("at most 365d")
    return seconds


@_explained
def positive(text: str) -> int:
    number = int(text) if text.isdecimal() and len(text) < 10 else 0
    if number < 1:
        raise ValueError(f"{text[:40]!r} is not a whole number from 1 to 999999999")
    return number
