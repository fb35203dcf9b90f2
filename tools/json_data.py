"""A tool that takes values out of JSON by a path, and one that compares two JSON values.

A path names one step after the other:

    name or .name      the value under a name; ["any name"] where it is not made of letters, digits, _ and -
    [0], [-1]          one of a list, from the front or from the end
    [1:3], [*]         some of a list; all of a list or of an object
    ..name             everything under that name, however deep
    [?price > 10]      those of a list or object for which a comparison holds: == != < <= > >= contains

The value compared with is JSON (10, "red", true, null) or a bare word; [?name] asks that there is a value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Any, NamedTuple

from overseer.tool import ToolContext, ToolError, tool

_MOST_BYTES = 20_000_000
_MOST_RESULTS = 1_000_000
_ORDERS = '{"orders": [{"id": 7, "items": [{"name": "tea", "price": 3}, {"name": "cup", "price": 12}]}]}'


class Step(NamedTuple):
    text: str  # as it is written
    is_many: bool
    take: Callable[[Any], Iterator[Any]]


@tool(
    effect="read",
    tags=["json", "query", "extract", "path", "select"],
    examples=[
        {
            "request": "the prices of all items of the first order",
            "args": {"data": _ORDERS, "query": "orders[0].items[*].price"},
        },
        {
            "request": "names of the items that cost more than 10",
            "args": {"data": _ORDERS, "query": "orders[*].items[?price > 10].name"},
        },
        {"request": "the version in package.json", "args": {"path": "package.json", "query": "version"}},
    ],
)
def json_query(context: ToolContext, *, query: str, data: Any = None, path: str = "") -> Any:
    """Take values out of JSON by a path such as orders[0].items[*].price.

    Gives the one value, or a list where the path can lead to several: by [*], [1:3], ..name or a filter
    such as [?price > 10].

    Args:
        query: the path: .name, ["a name"], [0], [-1], [1:3], [*], ..name, [?name == "x"]
        data: the JSON, as text or as a value; give this or path
        path: a file of the workspace that holds the JSON
    """
    value = _read(context, data, path)
    steps = _steps(query)
    found = [value]
    is_many = False
    walked = ""
    for step in steps:
        reached: list[Any] = []
        for one in found:
            reached.extend(step.take(one))
            if len(reached) > _MOST_RESULTS:
                raise _wrong(f"query leads to more than {_MOST_RESULTS} values; give a narrower path")
        if not reached and not is_many and not step.is_many:
            raise _missing(found[0], step, walked)
        found, is_many, walked = reached, is_many or step.is_many, walked + step.text
    return found if is_many else found[0]


@tool(
    tags=["json", "compare", "diff", "difference", "changes"],
    examples=[
        {"request": "what changed between these two JSON values?", "args": {"old": {"a": 1}, "new": {"a": 2, "b": 3}}}
    ],
)
def json_diff(old: Any, new: Any) -> list[dict[str, Any]]:
    """List what was added, removed and changed between two JSON values, each with its path.

    Args:
        old: the value as it was, or JSON text
        new: the value as it is, or JSON text
    """
    return list(_differences(_parsed(old, "old"), _parsed(new, "new"), ""))


def _differences(old: Any, new: Any, path: str) -> Iterator[dict[str, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*old, *new]):
            place = path + _written(name) if path or not _PLAIN.fullmatch(name) else name
            if name not in new:
                yield {"change": "removed", "path": place, "old": old[name]}
            elif name not in old:
                yield {"change": "added", "path": place, "new": new[name]}
            else:
                yield from _differences(old[name], new[name], place)
    elif isinstance(old, list) and isinstance(new, list):
        for number in range(max(len(old), len(new))):
            place = f"{path}[{number}]"
            if number >= len(new):
                yield {"change": "removed", "path": place, "old": old[number]}
            elif number >= len(old):
                yield {"change": "added", "path": place, "new": new[number]}
            else:
                yield from _differences(old[number], new[number], place)
    elif not _same(old, new):
        yield {"change": "changed", "path": path or "$", "old": old, "new": new}


def _read(context: ToolContext, data: Any, path: str) -> Any:
    if (data is None) == (not path):
        raise _wrong("give either data or path, to say where the JSON is")
    if not path:
        return _parsed(data, "data")
    raw = context.workspace.read(path, limit=_MOST_BYTES)
    try:
        return _parsed(raw.decode("utf-8-sig"), f"path '{path}'")
    except UnicodeDecodeError:
        raise _wrong(f"path '{path}' is not UTF-8 text; give a JSON file") from None


def _parsed(value: Any, where: str) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value, parse_constant=_refuse)
    except RecursionError:
        raise _wrong(f"{where} is nested too deep to be read") from None
    except ValueError as error:
        raise _wrong(f"{where} is no JSON: {error}") from None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


_PLAIN = re.compile(r"[\w-]+")
_STEP = re.compile(
    r"(?P<deep>\.\.(?P<deep_name>[\w-]+))"
    r"|\.?(?P<name>[\w-]+)"
    r"|\[\s*(?P<number>-?\d{1,9})\s*\]"
    r"|\[\s*(?P<start>-?\d{1,9})?\s*:\s*(?P<stop>-?\d{1,9})?\s*\]"
    r"|(?P<all>\.?\[\s*\*\s*\]|\.\*)"
    r"|\[\s*(?P<quoted>\"(?:[^\"\\]|\\.)*\"|'[^']*')\s*\]"
    r"|\[\?\s*\(?\s*@?\.?(?P<field>[\w.-]+)\s*"
    r"(?:(?P<operator>==|!=|<=|>=|<|>|=|contains\b)\s*(?P<value>\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\]\"'()]+?))?\s*\)?\s*\]"
)


def _steps(query: str) -> list[Step]:
    if len(query) > 1000:
        raise _wrong(f"query has {len(query)} characters; give at most 1000")
    text = query.strip().removeprefix("$")
    place, steps = 0, []
    while place < len(text):
        found = _STEP.match(text, place)
        if found is None or (found["name"] and place and text[place] != "."):
            raise _wrong(
                f"query {query!r} cannot be read from {text[place:]!r} on; write it as orders[0].items[*].price"
            )
        steps.append(_step(found))
        place = found.end()
    return steps


def _step(found: re.Match[str]) -> Step:
    parts = found.groupdict()
    if parts["deep"]:
        return Step(found[0], True, lambda value: _everywhere(value, parts["deep_name"]))
    if parts["all"]:
        return Step(found[0], True, _children)
    if parts["number"]:
        number = int(parts["number"])
        return Step(found[0], False, lambda value: iter(_slice(value, number, number + 1 or None)))
    if parts["field"]:
        holds = _filter(parts["field"], parts["operator"], parts["value"])
        return Step(found[0], True, lambda value: filter(holds, _children(value)))
    if parts["name"] or parts["quoted"]:
        name = parts["name"] or _quoted(parts["quoted"])
        return Step(
            found[0], False, lambda value: iter([value[name]] if isinstance(value, dict) and name in value else [])
        )
    start, stop = (int(parts[end]) if parts[end] else None for end in ("start", "stop"))
    return Step(found[0], True, lambda value: iter(_slice(value, start, stop)))


def _slice(value: Any, start: int | None, stop: int | None) -> list[Any]:
    return value[start:stop] if isinstance(value, list) else []


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _everywhere(value: Any, name: str) -> Iterator[Any]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict) and name in one:
            yield one[name]
        waiting.extend(reversed(list(_children(one))))


def _filter(names: str, operator: str | None, written: str | None) -> Callable[[Any], bool]:
    value = _quoted(written) if written is not None else None

    def holds(one: Any) -> bool:
        for name in names.split("."):
            if not isinstance(one, dict) or name not in one:
                return operator == "!="
            one = one[name]
        match operator:
            case None:
                return one is not None
            case "==" | "=" | "!=":
                return _same(one, value) != (operator == "!=")
            case "contains":
                return (str(value) in one) if isinstance(one, str) else isinstance(one, list) and value in one
        return _in_order(one, operator, value)

    return holds


def _in_order(one: Any, operator: str, value: Any) -> bool:
    both_numbers = all(isinstance(x, int | float) and not isinstance(x, bool) for x in (one, value))
    if not both_numbers and not (isinstance(one, str) and isinstance(value, str)):
        return False
    return bool({"<": one < value, "<=": one <= value, ">": one > value, ">=": one >= value}[operator])


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: `true` is not 1."""
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    return bool(one == other)


def _quoted(text: str) -> Any:
    """The value that a query writes: JSON, text in single quotes, or a bare word."""
    if text[0] == "'":
        return text[1:-1]
    try:
        return json.loads(text, parse_constant=str)
    except ValueError:
        return text


def _written(name: str) -> str:
    return f".{name}" if _PLAIN.fullmatch(name) else f"[{json.dumps(name, ensure_ascii=False)}]"


def _missing(value: Any, step: Step, walked: str) -> ToolError:
    where = f"after {walked!r}" if walked else "at the start"
    if isinstance(value, dict):
        near = get_close_matches(step.text.lstrip("."), list(value), 1)
        has = f"did you mean {near[0]}?" if near else f"there are: {', '.join(list(value)[:30]) or 'no names'}"
    else:
        kinds = {list: f"a list of {len(value) if isinstance(value, list) else 0}", str: "text", type(None): "null"}
        has = f"there is {kinds.get(type(value), 'a number or truth value')}"
    return _wrong(f"query finds no {step.text!r} {where}; {has}")


def _wrong(message: str) -> ToolError:
    return ToolError(message, kind="bad_request")
