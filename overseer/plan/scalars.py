"""What an unquoted YAML scalar stands for: the core schema of YAML 1.2.

Only `true` and `false` are booleans and only digits make numbers: `no`, `on`, `2026-01-01` and
`1_000` are text, as whoever wrote them meant.
"""

from __future__ import annotations

import math
import re

from overseer.jsonvalue import Json

_CONSTANTS: dict[str, Json] = {"": None, "~": None}
_CONSTANTS |= dict.fromkeys(("null", "Null", "NULL"))
_CONSTANTS |= dict.fromkeys(("true", "True", "TRUE"), True)
_CONSTANTS |= dict.fromkeys(("false", "False", "FALSE"), False)

_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_NUMBER_START = frozenset("0123456789+-.")


class NotAValue(ValueError):
    """A scalar that JSON cannot hold; the message says why."""


def plain_value(text: str) -> Json:
    """The value of an unquoted scalar; NotAValue if JSON cannot hold it."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    return number(text) if text[0] in _NUMBER_START else text


def number(text: str) -> Json:
    """The number that a text spells, or else the text."""
    if _INTEGER.fullmatch(text):
        return whole(text)
    if _FLOAT.fullmatch(text):
        return finite(text)
    if _OCTAL.fullmatch(text):
        return int(text, 8)
    if _HEXADECIMAL.fullmatch(text):
        return int(text, 16)
    if _NOT_FINITE.fullmatch(text):
        raise NotAValue(f"{text} is not a number that JSON can hold; put it in quotes if it is text")
    return text


def whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:  # Python refuses to convert thousands of digits
        raise NotAValue(f"{text[:20]}... has {len(text)} digits, too many for a number") from None


def finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise NotAValue(f"{text[:40]} is too large for a number")
    return value
