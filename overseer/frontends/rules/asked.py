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
_NO_WORDS = re.compile(r"\S*[./\\]\S+|'[^']*'|\"[^\"]*\"")  # names and quotations


def numbers_asked(request: str, calls: Sequence[Call]) -> Template | None:
    """The number that answers a request, or several by their names; None where all of the result is wanted."""
    if not calls or calls[-1].each is not None or not _HOW_MANY.search(request) or not _leads_to_last(calls):
        return None
    last = calls[-1]
    names = _named(_NO_WORDS.sub(" ", request), last.tool)
    if len(names) == 1:
        return Ref(last.step_id, (names[0],))
    return {name: Ref(last.step_id, (name,)) for name in names} or None


def _leads_to_last(calls: Sequence[Call]) -> bool:
    """Whether what every other call gives is read by a later one."""
    read = {ref.name for call in calls for ref in refs_in(call.args)}
    return all(call.step_id in read for call in calls[:-1])


def _named(said: str, tool: Tool) -> list[str]:
    """The tool's numbers that are named, each word of the request taken once: unique words are not words as well."""
    left = Counter(stem(word) for word in text_words(said))
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
