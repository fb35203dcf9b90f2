"""Whether the JSON Schemas that a tool file states are any: found when it is read, not when a call fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from overseer.jsonvalue import Json
from overseer.plan.faults import Where
from overseer.plan.suggestions import did_you_mean

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}

# What most schemas are made of: with that, they are looked through without the library, which takes long to load.
_PLAIN = frozenset({
    "type", "description", "properties", "required", "additionalProperties", "items", "default", "enum", "minimum",
    "maximum", "minItems", "maxItems",
})  # fmt: skip

# Where schemas stand inside of a schema: by name, in a list, or alone.
_BY_NAME = ("properties", "patternProperties", "$defs", "definitions")
_IN_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_ALONE = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")


def schema_faults(schema: Json) -> Iterator[tuple[Where, str]]:
    """What is wrong with a schema, and where in it."""
    if _is_plain(schema):
        return
    from jsonschema.validators import Draft202012Validator, validator_for

    kind = validator_for(schema, default=Draft202012Validator)
    faults = [_in_words(error) for error in kind(kind.META_SCHEMA).iter_errors(schema)]
    faults += _pattern_faults(schema)
    yield from faults
    if not faults:
        yield from _default_faults(schema, kind)


def _is_plain(schema: Json) -> bool:
    """Whether it clearly is a schema, with a default that clearly fits if there is one."""
    if not isinstance(schema, dict) or not set(schema) <= _PLAIN:
        return False
    properties, required = schema.get("properties", {}), schema.get("required", [])
    return (
        _are_types(schema.get("type", "object"))
        and isinstance(schema.get("description", ""), str)
        and isinstance(schema.get("additionalProperties", True), bool)
        and isinstance(schema.get("enum", []), list)
        and all(type(schema.get(bound, 0)) in (int, float) for bound in ("minimum", "maximum"))
        and all(type(schema.get(bound, 0)) is int and schema.get(bound, 0) >= 0 for bound in ("minItems", "maxItems"))
        and isinstance(properties, dict)
        and all(map(_is_plain, properties.values()))
        and ("items" not in schema or _is_plain(schema["items"]))
        and isinstance(required, list)
        and all(isinstance(name, str) for name in required)
        and len(set(required)) == len(required)
        and (schema.get("default") is None or _fits(schema, schema["default"]))
    )


def _are_types(types: Json) -> bool:
    names = [types] if isinstance(types, str) else types
    if not isinstance(names, list) or not all(isinstance(name, str) and name in _TYPES for name in names):
        return False
    return 0 < len(names) == len(set(names))


def _fits(schema: Json, value: Json) -> bool:
    """Whether a value clearly fits a plain schema."""
    if isinstance(schema.get("type"), list) or not {"minItems", "maxItems"}.isdisjoint(schema):
        return False
    if "type" in schema and type(value) not in _TYPES[schema["type"]]:
        return False
    if "enum" in schema and not (isinstance(value, str) and value in schema["enum"]):
        return False
    if "minimum" in schema or "maximum" in schema:
        return type(value) in (int, float) and schema.get("minimum", value) <= value <= schema.get("maximum", value)
    if isinstance(value, dict):
        return not value or set(schema) <= {"type", "description", "default"}
    return not isinstance(value, list) or all(_fits(schema.get("items", {}), item) for item in value)


def _in_words(error: Any) -> tuple[Where, str]:
    where, value = tuple(error.absolute_path), error.instance
    if where[-1:] == ("type",) and isinstance(value, str):
        return where, f"there is no type '{value[:60]}'; {did_you_mean(value, _TYPES, 'there are')}"
    return where, error.message[:300]


def _pattern_faults(schema: Json) -> Iterator[tuple[Where, str]]:
    for where, inner in _schemas(schema):
        named = [(("patternProperties", name), name) for name in _mapping(inner.get("patternProperties"))]
        for place, pattern in [(("pattern",), inner.get("pattern")), *named]:
            if isinstance(pattern, str):
                try:
                    re.compile(pattern)
                except (re.error, RecursionError, OverflowError) as error:
                    yield (*where, *place), f"the pattern {pattern[:100]!r} is no regular expression: {error}"


def _default_faults(schema: Json, kind: Any) -> Iterator[tuple[Where, str]]:
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    for where, inner in _schemas(schema):
        if inner.get("default") is None:  # which says that it may be left out
            continue
        try:
            # An empty registry: a schema must not make us fetch anything from anywhere.
            for error in kind(inner, registry=Registry()).iter_errors(inner["default"]):
                yield (*where, "default"), f"the default does not fit: {error.message[:300]}"
        except (Unresolvable, RecursionError):  # it refers to what is not in it; a call will tell
            continue


def _schemas(schema: Json, where: Where = ()) -> Iterator[tuple[Where, dict[str, Json]]]:
    """A schema and those inside of it, each with its place."""
    if not isinstance(schema, dict):
        return
    yield where, schema
    for keyword in _BY_NAME:
        for name, inner in _mapping(schema.get(keyword)).items():
            yield from _schemas(inner, (*where, keyword, name))
    for keyword in _IN_LISTS:
        for index, inner in enumerate(schema[keyword] if isinstance(schema.get(keyword), list) else ()):
            yield from _schemas(inner, (*where, keyword, index))
    for keyword in _ALONE:
        yield from _schemas(schema.get(keyword), (*where, keyword))


def _mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}
