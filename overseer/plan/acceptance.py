"""Saying quickly that a value fits a JSON Schema, where that is beyond doubt.

A schema is turned once into a function that accepts what clearly fits and doubts everything else.
It never refuses: whoever gets a doubt asks the jsonschema library, which takes a hundred times as
long and knows the reasons. A reference fits anything, since its value is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, TypeAlias

from overseer.plan.references import Ref, Template, Text

Accept: TypeAlias = Callable[[Template], bool]

_TYPES: dict[str, frozenset[type]] = {
    "string": frozenset({str, Text, Ref}),
    "integer": frozenset({int, Ref}),
    "number": frozenset({int, float, Ref}),
    "boolean": frozenset({bool, Ref}),
    "array": frozenset({list, Ref}),
    "object": frozenset({dict, Ref}),
    "null": frozenset({type(None), Ref}),
}
_SAYS_NOTHING = frozenset({"description", "default", "title", "examples"})
_OF_OBJECTS = frozenset({"properties", "required", "additionalProperties"})

# Schemas that were turned into functions, by identity. Holding on to a schema keeps its id from
# being given to another.
_known: dict[int, tuple[Any, Accept]] = {}
_MOST_KNOWN = 1000


def acceptor(schema: Any) -> Accept:
    """The function that accepts what clearly fits a schema."""
    known = _known.get(id(schema))
    if known is not None:
        return known[1]
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    accept = _acceptor(schema)
    _known[id(schema)] = (schema, accept)
    return accept


def _acceptor(schema: Any) -> Accept:
    if not isinstance(schema, Mapping):
        return _doubt
    checks: list[Accept] = []
    for keyword, expected in schema.items():
        if keyword in _SAYS_NOTHING or keyword in _OF_OBJECTS:
            continue
        check = _CHECKS.get(keyword)
        if check is None:
            return _doubt
        checks.append(check(expected))
    if not _OF_OBJECTS.isdisjoint(schema):
        checks.append(_object(schema))
    return reduce(_both, checks) if checks else _anything


def _anything(value: Template) -> bool:
    return True


def _both(first: Accept, second: Accept) -> Accept:
    return lambda value: first(value) and second(value)


def _doubt(value: Template) -> bool:
    return type(value) is Ref


def _type(expected: Any) -> Accept:
    names = [expected] if isinstance(expected, str) else expected
    if not isinstance(names, list):
        return _doubt
    kinds = frozenset().union(*(_TYPES.get(name, ()) for name in names if isinstance(name, str)))
    return lambda value: type(value) in kinds


def _enum(expected: Any) -> Accept:
    if not isinstance(expected, list):
        return _doubt
    # Only text: elsewhere Python's idea of what is equal is not that of JSON.
    texts = frozenset(option for option in expected if isinstance(option, str))
    return lambda value: value in texts if type(value) is str else type(value) is Ref


def _items(expected: Any) -> Accept:
    accept = _acceptor(expected)
    return lambda value: type(value) is not list or all(accept(item) for item in value)


def _any_of(expected: Any) -> Accept:
    if not isinstance(expected, list):
        return _doubt
    options = [_acceptor(option) for option in expected]
    return lambda value: any(accept(value) for accept in options)


_CHECKS: dict[str, Callable[[Any], Accept]] = {"type": _type, "enum": _enum, "items": _items, "anyOf": _any_of}


def _object(schema: Mapping[str, Any]) -> Accept:
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(properties, Mapping) or not isinstance(required, list):
        return _doubt
    accepts = {name: _acceptor(described) for name, described in properties.items()}
    names = tuple(required)
    is_open = schema.get("additionalProperties", True) is True

    def accept(value: Template) -> bool:
        if type(value) is not dict:
            return True
        for name in names:
            if name not in value:
                return False
        for name, item in value.items():
            check = accepts.get(name)
            if check is None:
                if not is_open:
                    return False
            elif not check(item):
                return False
        return True

    return accept
