"""The plan format as a JSON Schema, for editors and for models that can be held to one.

    python -m overseer.plan.schema > docs/plan.schema.json

It is built from the table of keys that the reader goes by. It is a little stricter than the reader,
which lets null stand for a key that is left out.
"""

from __future__ import annotations

import json
import sys
from itertools import combinations
from typing import Any

from overseer.errors import FAILURE_KINDS
from overseer.plan.amounts import MOST
from overseer.plan.grammar import (
    ACTIONS,
    BUDGET_KEYS,
    GUARD_KEYS,
    INPUT_KEYS,
    MODES,
    ON_KEYS,
    PLAN_KEYS,
    REPEAT_KEYS,
    RETRY_KEYS,
    STEP_KEYS,
    TRIGGERS,
    TYPE_ALIASES,
    Keys,
    Shape,
)
from overseer.plan.references import NAME
from overseer.plan.validation import LONGEST_ID
from overseer.plan.values import AT_LIMIT, ON_ERROR, OPERATORS, PLAN_ON_ERROR, TYPE_NAMES, UNLIMITED

Schema = dict[str, Any]


def plan_schema() -> Schema:
    """The JSON Schema (2020-12) of a plan."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Overseer plan",
        **_object(PLAN_KEYS, required=("steps",)),
        "$defs": {
            "step": _object(STEP_KEYS, required=("step_id",)) | _step_rules(),
            "input": _object(INPUT_KEYS),
            "guard": _object(GUARD_KEYS, required=("ref",)) | _guard_rules(),
            "retry": _object(RETRY_KEYS),
            "budget": _object(BUDGET_KEYS),
            "repeat": _object(REPEAT_KEYS) | _repeat_rules(),
            "on": _object(ON_KEYS) | {"oneOf": [_has(key) for key in TRIGGERS]},
        },
    }


def _object(keys: Keys, *, required: tuple[str, ...] = ()) -> Schema:
    properties = {name: {"description": key.meaning} | _SHAPES[key.shape] for name, key in keys.items()}
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return schema | {"required": list(required)} if required else schema


# --- rules that join several keys


def _step_rules() -> Schema:
    actions: list[Schema] = [_has(action) for action in ACTIONS]
    bare = _has("description") | {"not": {"anyOf": actions}}
    has_body: Schema = {"anyOf": [_has("steps"), _has("workflow")]}
    return {
        "oneOf": [*actions, bare],
        "not": {"anyOf": [_has(*pair) for pair in combinations(MODES, 2)]},
        "dependentRequired": {"tools": ["code"], "output": ["steps"], "plan": ["workflow"]},
        "dependentSchemas": {
            **dict.fromkeys((*MODES, "budget"), has_body),
            "width": {"anyOf": [_has(mode) for mode in MODES if mode != "repeat"]},
            "steps": {"not": _has("args")},
        },
    }


def _guard_rules() -> Schema:
    compares = _has("op") | {"properties": {"op": {"enum": [op for op in OPERATORS if op != "truthy"]}}}
    return {"if": compares, "then": _has("value"), "else": {"not": _has("value")}}


def _repeat_rules() -> Schema:
    is_endless = _has("forever") | {"properties": {"forever": {"const": True}}}
    return {
        "anyOf": [_has("until"), _has("while"), _has("limit"), is_endless],
        "not": {"anyOf": [_has("until", "while"), {"allOf": [is_endless, _has("limit")]}]},
    }


def _has(*keys: str) -> Schema:
    return {"required": list(keys)}


# --- what a single key may hold

_TEXT: Schema = {"type": "string"}
_FILLED: Schema = {"type": "string", "pattern": r"\S"}
_COUNT: Schema = {"type": "integer", "minimum": 1}
_REFERENCE: Schema = {"type": "string", "pattern": r"\{\{"}
_WHOLE_REFERENCE: Schema = {"type": "string", "pattern": r"^\{\{[\s\S]*\}\}$"}
_TYPE: Schema = {"enum": [*TYPE_NAMES, *TYPE_ALIASES]}
_NAMES: Schema = {"anyOf": [_FILLED, {"type": "array", "items": _FILLED}]}
_DURATION: Schema = {"type": "string", "pattern": r"^\s*([0-9.]+([eE][+-]?[0-9]+)?\s*(ms|[dhms])\s*)+$"}

_NUMBER: Schema = {"type": "number", "minimum": 0, "maximum": MOST}
_AMOUNT = r"([0-9]+(\.[0-9]*)?|\.[0-9]+)"


def _one_of(*options: str) -> Schema:
    return {"enum": list(options)}


def _either(*schemas: Schema) -> Schema:
    return {"anyOf": list(schemas)}


def _named(schema: Schema, *, names: str = "") -> Schema:
    """A mapping whose keys are free."""
    mapping: Schema = {"type": "object", "additionalProperties": schema}
    return mapping | {"propertyNames": {"pattern": names}} if names else mapping


_SHAPES: dict[Shape, Schema] = {
    "amount": _either(_NUMBER | {"type": "integer"}, {"type": "string", "pattern": rf"^\s*{_AMOUNT}\s*[kKmM]?\s*$"}),
    "args": {"type": "object"},
    "at_limit": _one_of(*AT_LIMIT),
    "budget": {"$ref": "#/$defs/budget"},
    "count": _COUNT,
    "duration": _either({"type": "number", "exclusiveMinimum": 0}, _DURATION),
    "filled": _FILLED,
    "flag": {"type": "boolean"},
    "group": {"type": ["integer", "string", "null"]},
    "guard": _either(_REFERENCE, {"$ref": "#/$defs/guard"}),
    "id": {"type": "string", "pattern": f"^{NAME}$", "maxLength": LONGEST_ID},
    "ids": _NAMES,
    "inputs": _named(_either(_TYPE, {"type": "null"}, {"$ref": "#/$defs/input"}), names=f"^{NAME}$"),
    "items": _either({"type": "array"}, _WHOLE_REFERENCE),
    "iterations": _either(_COUNT, _WHOLE_REFERENCE),
    "kinds": _either(_one_of(*FAILURE_KINDS), {"type": "array", "items": _one_of(*FAILURE_KINDS)}),
    "limit": _either(_COUNT, {"const": UNLIMITED}),
    "money": _either(_NUMBER, {"type": "string", "pattern": rf"^\s*\$?{_AMOUNT}\s*[kKmM]?\s*$"}),
    "on": {"$ref": "#/$defs/on"},
    "on_error": _one_of(*ON_ERROR),
    "operator": _one_of(*OPERATORS),
    "outputs": _either(_NAMES, _named(_TYPE)),
    "part": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    "pause": _either({"type": "number", "minimum": 0}, _DURATION),
    "plan": {"$ref": "#"},
    "plan_on_error": _one_of(*PLAN_ON_ERROR),
    "reference": _REFERENCE,
    "repeat": {"$ref": "#/$defs/repeat"},
    "retry": _either(_COUNT, {"$ref": "#/$defs/retry"}),
    "route": {"type": "string", "pattern": r"^/\S*$"},
    "steps": {"type": "array", "items": {"$ref": "#/$defs/step"}, "minItems": 1},
    "template": {},
    "text": _TEXT,
    "texts": _NAMES,
    "type": _TYPE,
    "value": {},
}


if __name__ == "__main__":
    json.dump(plan_schema(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
