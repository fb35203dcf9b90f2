"""A plain JSON value as YAML that every YAML reader takes for the same value.

Text stays unquoted only where no version of YAML could take it for something else. Text of several
lines becomes a block where that keeps it exactly. There are no anchors, tags or folded lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from overseer.jsonvalue import Json

_FLOW_WIDTH = 80
_LONGEST_KEY = 1000  # YAML allows 1024 letters before the colon

# What begins with a letter is text, unless it is one of the words of YAML 1.1. So are a duration and 50k.
_PLAIN = re.compile(
    r"(?!\d)[\w/](?:[\w ./()+*=!?'&;~^$%<>|@-]*[\w./()+*=!?'&;~^$%<>|@-])?|(?:[0-9]+(?:ms|[dhms]))+|[0-9]+k",
)
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_NEEDS_QUOTES = re.compile("[ \t](?:\n|\\Z)|[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_NEEDS_ESCAPE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def yaml_text(value: Json) -> str:
    """The value as a YAML document."""
    leaf = _text(value) if isinstance(value, str) else _leaf(value)
    return "\n".join(_lines(value, "") if leaf is None else [leaf]) + "\n"


def _lines(value: Json, indent: str) -> Iterator[str]:
    """The lines of a mapping or a list that is not empty."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _entry(indent + _head(key, indent), item, indent)
        return
    for item in value:
        if isinstance(item, dict) and item:
            inside = indent + "  "
            lines = _lines(item, inside)
            yield f"{indent}- {next(lines).removeprefix(inside)}"
            yield from lines
        else:
            yield from _entry(f"{indent}-", item, indent)


def _head(key: str, indent: str) -> str:
    written = _text(key)
    return f"{written}:" if len(written) <= _LONGEST_KEY else f"? {written}\n{indent}:"


def _entry(head: str, value: Json, indent: str) -> Iterator[str]:
    leaf = _leaf(value)
    inside = indent + "  "
    if leaf is not None:
        yield f"{head} {leaf}"
    elif isinstance(value, str):
        body = value.removesuffix("\n")
        chomping = "-" if body == value else "+" if body.endswith("\n") else ""
        yield f"{head} |{chomping}"
        yield from (inside + line if line else "" for line in body.split("\n"))
    else:
        yield head
        yield from _lines(value, inside)


def _leaf(value: Json) -> str | None:
    """The value on one line; None if it takes lines of its own."""
    if isinstance(value, str):
        return None if _is_block(value) else _text(value)
    if isinstance(value, dict):
        return None if value else "{}"
    if isinstance(value, list):
        return _flow(value)
    return _number(value) if isinstance(value, float) else json.dumps(value)


def _flow(items: list[Json]) -> str | None:
    """A list of a few plain things, in brackets."""
    if any(isinstance(item, list | dict) and item for item in items):
        return None
    leaves = [_leaf(item) for item in items]
    text = f"[{', '.join(leaf or '' for leaf in leaves)}]"
    return text if None not in leaves and len(text) <= _FLOW_WIDTH else None


def _is_block(text: str) -> bool:
    return "\n" in text and not text[0].isspace() and not _NEEDS_QUOTES.search(text)


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return _NEEDS_ESCAPE.sub(lambda found: f"\\u{ord(found.group()):04x}", json.dumps(text, ensure_ascii=False))


def _number(value: float) -> str:
    # YAML 1.1 knows an exponent only behind a point.
    text = json.dumps(value, allow_nan=False)
    return text if "." in text or "e" not in text else text.replace("e", ".0e")
