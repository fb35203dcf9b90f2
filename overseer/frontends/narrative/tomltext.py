"""TOML text to plain JSON, with the line of every key and table, which the parser of Python does not tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import date, time
from typing import Any

from overseer.jsonvalue import NotJson, as_json, is_nested_deeper
from overseer.plan.assembly import MAX_DEPTH
from overseer.plan.document import Document
from overseer.plan.faults import Fault, Where

_PLACE = re.compile(r"(?s)(.*?) \(at (?:line (\d+), column \d+|end of document)\)")
_KEY = re.compile(r"""[ \t]*([A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')[ \t]*""")
_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}|\'\'\'(?:[^\']|\'(?!\'\'))*\'{3,5}'
    r'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*|[\[{]|[\]}]|\n|[^"\'#\[\]{}\n]+',
    re.DOTALL,
)


def read_toml(text: str) -> Document:
    """The value of a TOML text, or the fault that makes it none."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        loaded = tomllib.loads(text)
        if is_nested_deeper(loaded, MAX_DEPTH):
            raise RecursionError
        value = as_json(_without_dates(loaded))
    except tomllib.TOMLDecodeError as error:
        return _broken(text, str(error))
    except RecursionError:
        return Document(faults=(Fault(f"the nesting is deeper than {MAX_DEPTH} levels"),), is_broken=True)
    except NotJson:  # of what TOML has, these are all that is left
        fault = Fault("there is a number in it that is infinite, or none at all", "write another, or text in quotes")
        return Document(faults=(fault,), is_broken=True)
    return Document(value, dict(_lines(text)))


def _without_dates(value: Any) -> Any:
    """The value with dates and times as text, which they are in YAML too."""
    if isinstance(value, dict):
        return {key: _without_dates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_dates(item) for item in value]
    return value.isoformat() if isinstance(value, date | time) else value


def _broken(text: str, message: str) -> Document:
    found = _PLACE.fullmatch(message)
    problem, number = (found.group(1), found.group(2)) if found else (message, None)
    line = int(number) if number else text.count("\n") + 1
    return Document(faults=(Fault(f"this is not TOML: {problem[:1].lower()}{problem[1:]}", line=line),), is_broken=True)


def _lines(text: str) -> Iterator[tuple[Where, int]]:
    """The line of every table and key of a text that is TOML. What stands inside of a value has the line of its key."""
    table: Where = ()
    counts: dict[Where, int] = {}  # how many tables of each list of tables there have been
    position, line = 0, 1
    yield (), 1
    while position < len(text):
        blank = re.compile(r"(?:[ \t\n]+|#[^\n]*)*").match(text, position)
        assert blank is not None  # it matches even nothing
        line += text.count("\n", position, blank.end())
        position = blank.end()
        if position == len(text):
            return
        brackets = 2 if text.startswith("[[", position) else 1 if text[position] == "[" else 0
        names, position = _names(text, position + brackets)
        if not brackets:
            yield (*table, *names), line
            position, passed = _after_value(text, position + 1)
            line += passed
            continue
        table = _place(names, counts, is_new=brackets == 2)
        yield table, line
        position += brackets


def _names(text: str, position: int) -> tuple[Where, int]:
    """A dotted key, and the position after it."""
    names: list[str] = []
    while found := _KEY.match(text, position):
        name = found.group(1)
        names.append(name if name[0] not in "\"'" else str(tomllib.loads(f"k={name}")["k"]))
        position = found.end()
        if text[position : position + 1] != ".":
            break
        position += 1
    return tuple(names), position


def _place(names: Where, counts: dict[Where, int], *, is_new: bool) -> Where:
    """Where a table stands: inside of the latest one of every list of tables on the way."""
    where: Where = ()
    for depth, name in enumerate(names):
        where = (*where, name)
        if is_new and depth == len(names) - 1:
            counts[where] = counts.get(where, 0) + 1
        if where in counts:
            where = (*where, counts[where] - 1)
    return where


def _after_value(text: str, position: int) -> tuple[int, int]:
    """The position after a value that begins here, and how many lines it took."""
    start, depth = position, 0
    while found := _TOKEN.match(text, position):
        token = found.group()
        if token == "\n" and depth == 0:
            break
        depth += (token in "[{") - (token in "]}")
        position = found.end()
    position = max(position, start)
    return position, text.count("\n", start, position)
