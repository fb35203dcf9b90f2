"""JSON values as they pass between steps: what counts as one, how to copy one.

Steps hand each other plain JSON, so that a value means the same before and after a restart.
"""

from __future__ import annotations

import json
import math
from typing import Any, TypeAlias

Json: TypeAlias = Any  # None | bool | int | float | str | list[Json] | dict[str, Json]

_SCALARS = frozenset({str, bool, type(None)})
MAX_DEPTH = 200

# Python refuses to write longer integers as text.
_MOST_BITS = 14_000


class NotJson(ValueError):
    """A value that JSON cannot hold; the message says where it is and what it is."""


def as_json(value: object, *, where: str = "value", depth: int = 0) -> Json:
    """`value` as plain JSON: tuples become lists, scalar subclasses their base, the rest is refused."""
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is int:
        return _writable(value, where)  # type: ignore[arg-type]
    if depth > MAX_DEPTH:
        raise NotJson(f"{where[:80]}… is nested more than {MAX_DEPTH} deep")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise NotJson(f"{where} is {value}, which JSON cannot hold; return null instead")
        return float(value)
    if isinstance(value, list | tuple):
        return [as_json(item, where=f"{where}[{i}]", depth=depth + 1) for i, item in enumerate(value)]
    if isinstance(value, dict):
        return {_key(key, where): as_json(item, where=f"{where}.{key}", depth=depth + 1) for key, item in value.items()}
    for base in (str, bool, int):  # enum members and the like
        if isinstance(value, base):
            return as_json(base(value), where=where)
    raise NotJson(f"{where} is a {kind.__name__}; return text, numbers, lists or dicts with text keys")


def _writable(value: int, where: str) -> int:
    if value.bit_length() > _MOST_BITS:
        raise NotJson(f"{where} is an integer of more than 4000 digits; return it as text")
    return value


def _key(key: object, where: str) -> str:
    if not isinstance(key, str):
        raise NotJson(f"{where} has the key {key!r}; keys must be text")
    return str(key)


def detached(value: Json) -> Json:
    """A copy of a JSON value that shares nothing which could be changed."""
    kind = type(value)
    # Only containers are worth a call: most leaves are text and numbers.
    if kind is dict:
        return {key: detached(item) if type(item) in _CONTAINERS else item for key, item in value.items()}
    if kind is list:
        return [detached(item) if type(item) in _CONTAINERS else item for item in value]
    return value


_CONTAINERS = frozenset({dict, list})


def json_text(value: Json) -> str:
    """A value as compact JSON that can be written as UTF-8."""
    text = _readable(value)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair: JSON can hold it, UTF-8 cannot
        return _escaped(value)
    return text


# Made once: making an encoder costs more than most values do.
_OPTIONS: Any = {"check_circular": False, "allow_nan": False, "separators": (",", ":")}
_readable = json.JSONEncoder(ensure_ascii=False, **_OPTIONS).encode
_escaped = json.JSONEncoder(ensure_ascii=True, **_OPTIONS).encode


def as_text(value: Json) -> str:
    """How a value reads inside a sentence: text as it is, nothing for null, JSON for the rest."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False)


def kind_of(value: Json) -> str:
    """The JSON name of a value's type, for messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    for base, name in ((int, "integer"), (float, "number"), (str, "string"), (list, "list"), (dict, "object")):
        if isinstance(value, base):
            return name
    return type(value).__name__
