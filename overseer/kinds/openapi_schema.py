"""The schemas of an OpenAPI document as JSON Schema that stands by itself.

References are replaced by what they refer to. Where one leads back into itself, or a schema grows beyond
measure, it ends with a schema that allows anything: the server checks what it is sent in any case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal
from urllib.parse import unquote

from overseer.jsonvalue import Json

Direction = Literal["sent", "received"]

_MOST_SCHEMAS = 500  # in one tool: whoever plans has to read them
_DEEPEST = 12
_LONGEST_CHAIN = 20

_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
# Kept where they hold what they must. Everything else says nothing that JSON Schema knows.
_PLAIN: Final[Mapping[str, type | tuple[type, ...]]] = {
    **dict.fromkeys(("title", "description", "format"), str),
    **dict.fromkeys(("enum", "examples", "required"), list),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), int),
    **dict.fromkeys(("minimum", "maximum", "multipleOf"), (int, float)),
    "uniqueItems": bool,
    "default": object,
    "const": object,
}
_ONE = frozenset({"items", "additionalProperties", "not", "contains", "propertyNames"})
_SEVERAL: Final[Mapping[str, str]] = {
    "allOf": "allOf",
    "anyOf": "anyOf",
    "prefixItems": "prefixItems",
    # That exactly one fits is rarely meant: whole numbers, for one, are numbers as well.
    "oneOf": "anyOf",
}
_HIDDEN_WHEN: Final[Mapping[Direction, str]] = {"sent": "readOnly", "received": "writeOnly"}


class Unusable(Exception):
    """Something in a document of which no tool can be made; the message says what."""


class References:
    """Looks up what a document refers to."""

    def __init__(self, document: Mapping[str, Json]) -> None:
        self._document = document

    def resolved(self, value: Json) -> dict[str, Json]:
        """The object that a value is or refers to; an empty one for anything else."""
        for _ in range(_LONGEST_CHAIN):
            if not isinstance(value, dict):
                return {}
            if "$ref" not in value:
                return value
            value = self.target(value["$ref"])
        raise Unusable("its references go round in a ring")

    def target(self, reference: Json) -> Json:
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise Unusable(f"it refers to another document: {str(reference)[:80]}")
        found: Json = self._document
        for step in reference.split("/")[1:]:
            key = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and key.isdecimal() and int(key) < len(found):
                found = found[int(key)]
            elif isinstance(found, dict) and key in found:
                found = found[key]
            else:
                raise Unusable(f"it refers to '{reference[:80]}', which the document does not have")
        return found


class Translation:
    """Turns the schemas of one tool into JSON Schema."""

    def __init__(self, references: References) -> None:
        self._references = references
        self._left = _MOST_SCHEMAS

    def of(self, schema: Json, direction: Direction = "sent", within: tuple[str, ...] = ()) -> dict[str, Any]:
        """`within` holds the references that lead here."""
        self._left -= 1
        if schema is False:
            return {"not": {}}
        if not isinstance(schema, dict) or self._left < 0 or len(within) > _DEEPEST:
            return {}
        reference = schema.get("$ref")
        if reference is None:
            return self._translated(schema, direction, (*within, ""))
        if reference in within:
            return {"description": f"the same again ({str(reference).rpartition('/')[2][:60]})"}
        target = self.of(self._references.target(reference), direction, (*within, reference))
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return {**target, **self._translated(beside, direction, (*within, ""))} if beside else target

    def _translated(self, schema: Mapping[str, Json], direction: Direction, within: tuple[str, ...]) -> dict[str, Any]:
        translated = {key: value for key, value in schema.items() if key in _PLAIN and _fits(key, value)}
        if _has_known_type(schema):
            kind = schema["type"]
            translated["type"] = list(dict.fromkeys(kind)) if isinstance(kind, list) else kind
        if "example" in schema:
            translated["examples"] = [schema["example"]]
        if _is_pattern(schema.get("pattern")):
            translated["pattern"] = schema["pattern"]
        translated |= _exclusive_bounds(schema)
        translated |= self._inner(schema, direction, within)
        if isinstance(schema.get("properties"), dict):
            self._add_properties(translated, schema["properties"], direction, within)
        return _with_null(translated) if schema.get("nullable") is True else _without_broken(translated)

    def _inner(
        self, schema: Mapping[str, Json], direction: Direction, within: tuple[str, ...]
    ) -> Iterator[tuple[str, Any]]:
        for key, value in schema.items():
            if key in _ONE and value is not True:
                yield key, self.of(value, direction, within)
            elif key in _SEVERAL and isinstance(value, list) and value:
                yield _SEVERAL[key], [self.of(item, direction, within) for item in value]

    def _add_properties(
        self, translated: dict[str, Any], properties: Mapping[str, Json], direction: Direction, within: tuple[str, ...]
    ) -> None:
        hidden = _HIDDEN_WHEN[direction]
        gone = {name for name, value in properties.items() if isinstance(value, dict) and value.get(hidden) is True}
        translated["properties"] = {
            name: self.of(value, direction, within) for name, value in properties.items() if name not in gone
        }
        if "required" in translated:
            translated["required"] = [name for name in translated["required"] if name not in gone]


def outline_of(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a result surely is: its type and the names of its fields. Servers keep to no more of what they promise."""
    kind = schema.get("type")
    if kind == "object" and isinstance(schema.get("properties"), dict):
        described = {
            name: {"description": value["description"]} if "description" in value else {}
            for name, value in schema["properties"].items()
        }
        return {"type": "object", "properties": described}
    if kind == "array":
        items = outline_of(schema.get("items", {}))
        return {"type": "array", "items": items} if items else {"type": "array"}
    return {"type": kind} if isinstance(kind, str) and kind != "null" else None


def _fits(key: str, value: Any) -> bool:
    kinds: Any = _PLAIN[key]
    if not isinstance(value, kinds) or (isinstance(value, bool) and kinds not in (bool, object)):
        return False
    if key == "multipleOf":
        return bool(value > 0)
    return bool(value >= 0) if kinds is int else True


def _has_known_type(schema: Mapping[str, Json]) -> bool:
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) and kind else [kind]
    return all(isinstance(kind, str) and kind in _TYPES for kind in kinds)


def _is_pattern(pattern: Json) -> bool:
    """Whether Python can search for it: patterns are written for another language."""
    try:
        return isinstance(pattern, str) and bool(re.compile(pattern))
    except (re.error, RecursionError, OverflowError):
        return False


def _exclusive_bounds(schema: Mapping[str, Json]) -> Iterator[tuple[str, Any]]:
    """Until 3.0, a flag said whether a bound itself is excluded."""
    for key, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        value = schema.get(key)
        if value is True:
            value = schema.get(bound)
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield key, value


def _with_null(schema: dict[str, Any]) -> dict[str, Any]:
    schema = _without_broken(schema)
    if "enum" in schema and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    if "type" in schema:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        return {**schema, "type": [*kinds, "null"] if "null" not in kinds else kinds}
    if any(key in schema for key in ("allOf", "anyOf", "not")):
        return {"anyOf": [schema, {"type": "null"}]}
    return schema


def _without_broken(schema: dict[str, Any]) -> dict[str, Any]:
    """Without what would make a schema useless as a whole."""
    if not schema.get("enum", True):
        del schema["enum"]
    if "required" in schema:
        schema["required"] = list(dict.fromkeys(name for name in schema["required"] if isinstance(name, str)))
    return schema
