"""Arguments and results of tools by what they are: a path, a date, a language, a number, a picture.

Schemas say little more than `string`; what a string is meant to hold stands in its name and description.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from overseer.frontends.rules.words import SILENT, name_words, stem, stems, text_words
from overseer.tool import Tool

Sort: TypeAlias = Literal[
    "url", "path", "email", "phone", "date", "time", "language", "expression", "unit", "place", "id", "content", "any"
]  # fmt: skip

_HINTS: tuple[tuple[Sort, frozenset[str]], ...] = (
    ("url", frozenset({"url", "uri", "link", "website"})),
    ("email", frozenset({"email", "recipient", "cc", "bcc"})),
    ("phone", frozenset({"phone", "telephone", "mobile"})),
    ("path", frozenset({"path", "file", "filename", "filepath", "folder", "directory", "document"})),
    ("date", frozenset({"date", "birthdate", "birthday", "deadline", "day", "checkin", "checkout", "dob"})),
    ("time", frozenset({"time", "hour", "clock"})),
    ("language", frozenset({"lang", "language"})),
    ("expression", frozenset({"expression", "formula", "equation"})),
    ("unit", frozenset({"unit", "units"})),
    ("place", frozenset({"city", "location", "place", "country", "state", "county", "destination", "origin", "region",
                         "address", "zone", "airport", "town", "venue"})),
    ("id", frozenset({"id", "identifier", "code", "sku"})),
    ("content", frozenset({"text", "content", "message", "body", "prompt", "query", "question", "markdown", "html",
                           "description", "instruction", "instructions", "topic", "task", "old", "new", "json", "data",
                           "table", "script", "sentence", "keyword", "note", "subject"})),
)  # fmt: skip
_MEDIA = frozenset({"image", "audio", "video", "text", "url", "music", "speech", "picture", "table"})
_KIND_OF_MEDIA = {"picture": "image", "speech": "audio", "music": "audio"}
_TYPES = frozenset({"string", "integer", "number", "boolean", "array", "object", "null"})


@dataclass(frozen=True, slots=True)
class Slot:
    """An argument that a tool takes."""

    name: str
    types: frozenset[str]  # empty where anything goes
    is_required: bool
    sort: Sort
    words: frozenset[str]  # stems of its name
    says: frozenset[str]  # stems of its description
    options: tuple[Any, ...] = ()
    media: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict)

    def takes(self, *types: str) -> bool:
        return not self.types or bool(self.types & set(types))

    @property
    def items(self) -> frozenset[str]:
        """Of what types the items of a list are."""
        return types_of(self.schema.get("items"))

    @property
    def items_of_any(self) -> frozenset[str]:
        """The same, where a list is one of several things that it takes."""
        options = self.schema.get("anyOf")
        schemas = [self.schema, *(options if isinstance(options, list) else ())]
        return frozenset().union(*(types_of(schema.get("items")) for schema in schemas if isinstance(schema, Mapping)))

    @property
    def is_many(self) -> bool:
        return "array" in self.types and "string" not in self.types


@dataclass(frozen=True, slots=True)
class Port:
    """A result that a tool gives: all of it, or one of its fields."""

    path: tuple[str | int, ...]
    types: frozenset[str]
    words: frozenset[str]
    says: frozenset[str]
    media: str = ""
    items: frozenset[str] = frozenset()  # of what types its items are, where it is a list


def slots_of(tool: Tool) -> tuple[Slot, ...]:
    """The arguments of a tool, those that it must have first."""
    return _shape(tool)[0]


def ports_of(tool: Tool) -> tuple[Port, ...]:
    """What can be read of a tool's result."""
    return _shape(tool)[1]


_known: dict[int, tuple[Tool, tuple[tuple[Slot, ...], tuple[Port, ...]]]] = {}
_MOST_KNOWN = 2_000


def _shape(tool: Tool) -> tuple[tuple[Slot, ...], tuple[Port, ...]]:
    known = _known.get(id(tool))
    if known is not None and known[0] is tool:
        return known[1]
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    found = (tuple(sorted(_slots(tool), key=lambda slot: not slot.is_required)), tuple(_ports(tool)))
    _known[id(tool)] = (tool, found)
    return found


def _slots(tool: Tool) -> list[Slot]:
    properties = tool.parameters.get("properties", {})
    required = tool.parameters.get("required", ())
    if not isinstance(properties, Mapping):
        return []
    return [
        _slot(str(name), schema, name in required) for name, schema in properties.items() if isinstance(schema, Mapping)
    ]


def _slot(name: str, schema: Mapping[str, Any], is_required: bool) -> Slot:
    says = str(schema.get("description", ""))[:300]
    options = schema.get("enum")
    words = tuple(name_words(name))
    return Slot(
        name,
        types_of(schema),
        is_required,
        _sort(words, says, schema),
        frozenset(stem(word) for word in words if word not in SILENT or word in _ENDS),
        frozenset(stems(says)),
        tuple(options) if isinstance(options, list) else (),
        _media(says or name),
        schema,
    )


_ENDS = frozenset({"from", "to"})


def _sort(words: tuple[str, ...], says: str, schema: Mapping[str, Any]) -> Sort:
    given = str(schema.get("format", ""))
    if given in ("uri", "url"):
        return "url"
    if given in ("email", "date", "time"):
        return given  # type: ignore[return-value]
    is_mute = len(words) == 1 and (len(words[0]) <= 2 or words[0].rstrip("0123456789") in ("arg", "param", "input"))
    for said in (words[-1:], words, tuple(text_words(says)[:5]) if is_mute else ()):
        for sort, hints in _HINTS:
            if not hints.isdisjoint(said):
                return sort
    for sort, hints in _HINTS:
        if sort in ("date", "time", "url", "email", "phone") and not hints.isdisjoint(text_words(says)[:3]):
            return sort
    return "any"


def types_of(schema: Any) -> frozenset[str]:
    """The types that a schema allows, as far as it names them."""
    if not isinstance(schema, Mapping):
        return frozenset()
    for key in ("anyOf", "oneOf"):
        options = schema.get(key)
        if isinstance(options, list):
            found = [types_of(option) for option in options]
            return frozenset().union(*found) if all(found) else frozenset()
    named = schema.get("type")
    names = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    return frozenset(name for name in names if name in _TYPES)


@lru_cache(maxsize=5_000)
def _media(says: str) -> str:
    """What a value is made of, where the first words say so."""
    for word in text_words(says)[:1]:
        if word in _MEDIA:
            return _KIND_OF_MEDIA.get(word, word)
    return ""


def _ports(tool: Tool) -> list[Port]:
    output = tool.output
    if output is None:
        return [
            Port(
                (),
                frozenset(),
                frozenset(stem(w) for w in name_words(tool.name)),
                frozenset(stems(tool.description[:200])),
            )
        ]
    properties = output.get("properties")
    if not isinstance(properties, Mapping) or not properties:
        says = str(output.get("description", ""))
        words = frozenset(stem(word) for word in name_words(tool.name))
        return [Port((), types_of(output), words, frozenset(stems(says)) | words, _media(says))]
    found = []
    for name, schema in properties.items():
        says = str(schema.get("description", ""))[:300] if isinstance(schema, Mapping) else ""
        words = frozenset(stem(word) for word in name_words(str(name)) if word not in SILENT)
        items = types_of(schema.get("items")) if isinstance(schema, Mapping) else frozenset()
        found.append(Port((str(name),), types_of(schema), words, frozenset(stems(says)), _media(says), items))
    return found


def targets_of(tool: Tool) -> frozenset[str]:
    """The arguments of a tool that name what it writes."""
    return frozenset(slot.name for slot in slots_of(tool) if any(f"{{{slot.name}}}" in place for place in tool.writes))
