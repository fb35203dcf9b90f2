"""Which of the numbers that a tool gives were asked for, where somebody asks how many there are of something."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from overseer.frontends.rules.calls import Call
from overseer.frontends.rules.words import name_words, stem, text_words
from overseer.plan.references import Ref, Template, refs_in
from overseer.tool import Tool

_HOW_MANY = re.compile(r"\b(?:how many|count|number of)\b", re.IGNORECASE)
_PER, _AVERAGE = stem("per"), stem("average")
_NO_WORDS = re.compile(r"\S*[./\\]\S+|'[^']*'|\"[^\"]*\"")  # names and quotations


def numbers_asked(request: str, calls: Sequence[Call]) -> Template | None:
    """The number that answers a request, or several by their names; None where all of the result is wanted."""
    if not calls or calls[-1].each is not None:
        return None
    if (worked_out := _worked_out(calls[-1])) is not None and _leads_to_last(calls):
        return worked_out
    if not _HOW_MANY.search(request):
        return None
    names = _names_asked(request, calls[-1].tool)
    if _leads_to_last(calls):
        return _of(calls[-1], names)
    files = _by_file(calls) if names else {}
    return {path: _of(call, names) for path, call in files.items()} or None


def number_meant(said: str, call: Call) -> tuple[str | int, ...] | None:
    """Where in a result the one number stands that these words ask for, if they ask for one."""
    if _gives_rows(call.tool):
        worked_out = _names_worked_out(call)
        return ("rows", 0, worked_out[0]) if len(worked_out) == 1 else None
    asked = _names_asked(said, call.tool)
    return (asked[0],) if len(asked) == 1 else None


def _names_asked(said: str, tool: Tool) -> list[str]:
    """The numbers that a tool gives by the names under which these words ask how many there are."""
    return _named(_NO_WORDS.sub(" ", said), tool) if _HOW_MANY.search(said) else []


def _of(call: Call, names: Sequence[str]) -> Template | None:
    if len(names) == 1:
        return Ref(call.step_id, (names[0],))
    return {name: Ref(call.step_id, (name,)) for name in names} or None


def _worked_out(call: Call) -> Template | None:
    """What was worked out of a whole table, which has one row of that; None where rows were asked for."""
    names = _names_worked_out(call)
    numbers = {name: Ref(call.step_id, ("rows", 0, name)) for name in names}
    if names == ["count"]:
        return numbers["count"]
    return {**numbers, "problems": Ref(call.step_id, ("problems",))} if names else None


def _names_worked_out(call: Call) -> list[str]:
    aggregates = call.args.get("aggregates")
    if not isinstance(aggregates, list) or call.args.get("group_by") or not _gives_rows(call.tool):
        return []
    return ["_".join(filter(None, (each["function"], each.get("column")))) for each in aggregates]


def _gives_rows(tool: Tool) -> bool:
    return {"rows", "problems"} <= set((tool.output or {}).get("properties", ()))


def _by_file(calls: Sequence[Call]) -> dict[str, Call]:
    """The calls of one tool that each end with what is in another file, by these files; none if it is not so."""
    read = {ref.name for call in calls for ref in refs_in(call.args)}
    before = {call.step_id: call for call in calls}
    found: dict[str, Call] = {}
    for call in calls:
        if call.step_id in read:
            continue
        sources = [before[ref.name] for ref in refs_in(call.args) if ref.name in before]
        path = sources[0].args.get("path") if len(sources) == 1 else None
        if call.tool is not calls[-1].tool or call.each is not None or not isinstance(path, str) or path in found:
            return {}
        found[path] = call
    return found


def _leads_to_last(calls: Sequence[Call]) -> bool:
    """Whether what every other call gives is read by a later one."""
    read = {ref.name for call in calls for ref in refs_in(call.args)}
    return all(call.step_id in read for call in calls[:-1])


def _named(said: str, tool: Tool) -> list[str]:
    """The tool's numbers that are named, each word of the request taken once: unique words are not words as well."""
    left = Counter(stem(word) for word in text_words(said))
    if _PER in left:
        left[_AVERAGE] += 1  # words per sentence are so many on average
    found = []
    for name in sorted(_numbers(tool), key=lambda name: -len(name_words(name))):
        words = Counter(stem(word) for word in name_words(name))
        if words <= left:
            left -= words
            found.append(name)
    return [name for name in _numbers(tool) if name in found]


def _numbers(tool: Tool) -> list[str]:
    properties = (tool.output or {}).get("properties")
    if not isinstance(properties, Mapping):
        return []
    return [
        str(name)
        for name, schema in properties.items()
        if isinstance(schema, Mapping) and schema.get("type") in ("integer", "number")
    ]
