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

# Bytes of JSON that one value may have, a quarter of what SQLite holds in a field.
LARGEST_VALUE = 256 * 1024 * 1024
TOO_LARGE = f"is larger than {LARGEST_VALUE >> 20} MB as JSON; return less, or write a file and return its path"
_NEVER_TOO_LONG = 1024 * 1024  # characters of a text


class NotJson(ValueError):
    """A value that JSON cannot hold; the message says where it is and what it is."""


def as_json(value: object, *, where: str = "value") -> Json:
    """`value` as plain JSON: tuples become lists, scalar subclasses their base, the rest is refused."""
    plain = _plain(value, where)
    kind = type(plain)
    if (kind in _CONTAINERS or (kind is str and len(plain) > _NEVER_TOO_LONG)) and is_too_large(plain):
        raise NotJson(f"{where} {TOO_LARGE}")
    return plain


def _plain(value: object, where: str, depth: int = 0) -> Json:
    kind = type(value)
    if kind in _SCALARS or (kind is int and value.bit_length() <= _MOST_BITS):  # type: ignore[attr-defined]
        return value
    if kind is int:
        raise NotJson(f"{where} is an integer of more than 4000 digits; return it as text")
    if depth > MAX_DEPTH:
        raise NotJson(f"{where[:80]}… is nested more than {MAX_DEPTH} deep")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise NotJson(f"{where} is {value}, which JSON cannot hold; return null instead")
        return float(value)
    if isinstance(value, list | tuple):
        return [_plain(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value)]
    if isinstance(value, dict):
        return {_key(key, where): _plain(item, f"{where}.{key}", depth + 1) for key, item in value.items()}
    for base in (str, bool, int):  # enum members and the like
        if isinstance(value, base):
            return _plain(base(value), where)
    raise NotJson(f"{where} is a {kind.__name__}; return text, numbers, lists or dicts with text keys")


def _key(key: object, where: str) -> str:
    if not isinstance(key, str):
        raise NotJson(f"{where} has the key {key!r}; keys must be text")
    return str(key)


def is_too_large(value: Json) -> bool:
    """Whether a value has more than LARGEST_VALUE bytes of JSON. It is written out only where that is in doubt."""
    least = _least_size(value)
    if least > LARGEST_VALUE or least * _MOST_PER_LEAST <= LARGEST_VALUE:
        return least > LARGEST_VALUE
    return is_too_long(json_text(value))


def is_too_long(text: str) -> bool:
    """Whether the JSON of a value has more than LARGEST_VALUE bytes."""
    return len(text) > LARGEST_VALUE or (not text.isascii() and len(text.encode()) > LARGEST_VALUE)


# A number of 24 digits counts two, a character that is written as \\u001f one.
_MOST_PER_LEAST = 13


def _least_size(value: Json) -> int:
    """A size that the value has at the least as JSON; counting ends where that is too large."""
    size, stack = 0, [value]
    while stack and size <= LARGEST_VALUE:
        value = stack.pop()
        kind = type(value)
        if kind is str:
            size += len(value) + 2
        elif kind is int:
            size += 1 + (value.bit_length() >> 2)  # no more than it has digits
        elif kind is list:
            size += 2
            stack.extend(value)
        elif kind is dict:
            size += 2
            stack.extend(value)
            stack.extend(value.values())
        else:
            size += 2
    return size


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


def is_nested_deeper(value: Json, most: int) -> bool:
    """Whether a JSON value has more than so many lists and dicts inside each other."""
    # Level by level, and each container once, however often it is part of the value.
    level = {id(value): value} if type(value) in _CONTAINERS else {}
    for _ in range(most):
        if not level:
            return False
        level = {
            id(item): item
            for whole in level.values()
            for item in (whole.values() if type(whole) is dict else whole)
            if type(item) in _CONTAINERS
        }
    return bool(level)


def json_text(value: Json) -> str:
    """A value as compact JSON that can be written as UTF-8."""
    if type(value) is int:  # a small one takes the encoder longer to get ready for than to write
        return str(value)
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


def is_document(text: str) -> bool:
    """Whether a text is JSON of more than one value, for a program rather than for a reader."""
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def is_same(left: Json, right: Json) -> bool:
    """Whether two values are equal as JSON: in Python True equals 1, at whatever depth."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(is_same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(is_same(item, right[key]) for key, item in left.items())
    return bool(left == right)


def has(whole: Json, part: Json) -> bool:
    """Whether text has a text in it, a list an item, or an object a key; TypeError where that makes no sense."""
    if isinstance(whole, list):
        return any(is_same(item, part) for item in whole)
    if isinstance(whole, str | dict) and isinstance(part, str):
        return part in whole
    if isinstance(whole, dict):
        return False
    raise TypeError(f"nothing can be looked for in {kind_of(whole)}")


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
