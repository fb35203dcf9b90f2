"""Reading what a node gave as its result. It is a stranger's text: nothing in it is taken on trust."""

from __future__ import annotations

import json
import math
from typing import Any

from overseer.jsonvalue import Json, is_nested_deeper

# Deeper than that, whoever shows or copies the value would be at risk.
DEEPEST = 64

# Each takes a hundred bytes in memory, and three in the text.
MOST_CONTAINERS = 400_000


class NoResult(ValueError):
    """The text is no result; the message says why."""


def result_from(data: bytes) -> Json:
    """The one JSON value that the bytes hold."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise NoResult(f"it is not UTF-8 at byte {error.start}") from None
    if text.count("[") + text.count("{") > MOST_CONTAINERS:
        raise NoResult(f"it has more than {MOST_CONTAINERS} lists and objects")
    try:
        value = json.loads(text, parse_constant=_refused, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise NoResult(_explained(error, text)) from None
    except RecursionError:
        raise NoResult(f"it is nested more than {DEEPEST} deep") from None
    except ValueError as error:
        raise NoResult(str(error)) from None
    if is_nested_deeper(value, DEEPEST):
        raise NoResult(f"it is nested more than {DEEPEST} deep")
    if _has_half_characters(value):
        raise NoResult("it holds half of a surrogate pair, which is no character")
    return value


def _explained(error: json.JSONDecodeError, text: str) -> str:
    if error.msg == "Extra data":
        return f"there is more after the first value, at line {error.lineno}: {_excerpt(text, error.pos)}"
    return f"{error.msg} at line {error.lineno}: {_excerpt(text, error.pos)}"


def _excerpt(text: str, place: int) -> str:
    return repr(text[place : place + 60])


def _refused(word: str) -> Any:
    raise NoResult(f"it holds {word}, which is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise NoResult(f"it holds the number {digits[:40]}, which is too large")
    return number


def _has_half_characters(value: Json) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False
