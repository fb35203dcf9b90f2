"""Schemas that are none, told of with their place; and that the quick look lets nothing through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from overseer.registry import ToolFolder, load_tools
from overseer.registry.schemachecks import _is_plain, schema_faults


@pytest.mark.parametrize(
    ("lines", "line", "said"),
    [
        ("output: {type: nonsense}", 4, "'output.type': there is no type 'nonsense'; there are: "),
        ("parameters:\n  prompt:\n    type: strng", 6, "'parameters.prompt.type': there is no type 'strng'"),
        ("parameters: {prompt: {type: [string, nul]}}", 4, "'parameters.prompt.type'"),
        ("parameters: {prompt: {type: string, pattern: '('}}", 4, "the pattern '(' is no regular expression"),
        ("parameters: {prompt: {patternProperties: {'(': {}}}}", 4, "the pattern '(' is no regular expression"),
        ("parameters: {prompt: {type: string, default: 5}}", 4, "the default does not fit: 5 is not of type 'string'"),
        ("parameters: {n: {type: integer, maximum: 3, default: 5}}", 4, "the default does not fit: 5 is greater than"),
        ("parameters: {n: {enum: [a, b], default: c}}", 4, "the default does not fit: 'c' is not one of"),
        ("parameters: {a: {type: array, items: {type: txt}}}", 4, "'parameters.a.items.type': there is no type 'txt'"),
        ("parameters: {a: {type: array, items: {type: string}, default: [1]}}", 4, "the default does not fit: 1 is"),
        ("parameters: {n: {minimum: low}}", 4, "'parameters.n.minimum': 'low' is not of type 'number'"),
        (
            "parameters:\n  type: object\n  properties:\n    a: {anyOf: [{type: string}, {type: numbr}]}",
            7,
            "'parameters.properties.a.anyOf",
        ),
        ("examples: [5]", 4, "'examples[0]' must be a mapping with request and args, not 5"),
    ],
)
def test_a_schema_that_is_none_is_told_of_with_its_line(tmp_path: Path, lines: str, line: int, said: str) -> None:
    (tmp_path / "t.yaml").write_text(f"name: t\ndescription: d\nllm: {{prompt: hello}}\n{lines}\n")
    registry = load_tools([ToolFolder(tmp_path, "given")])
    assert [problem.line for problem in registry.problems] == [line]
    assert said in registry.problems[0].text
    assert not registry.tools


def test_tools_that_are_no_list_are_told_of_as_that(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("tools: {name: x}")
    assert "must be a list of tools" in load_tools([ToolFolder(tmp_path, "given")]).problems[0].text


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "default": None},
        {"type": "array", "items": {"type": "string"}, "default": ["a"]},
        {"type": "number", "minimum": 0, "maximum": 1, "default": 0.5},
        {"enum": ["a", 1, None], "default": 1},
        {"$ref": "#/$defs/name", "default": "x"},
        {"anyOf": [{"type": "string"}, {"type": "null"}], "default": "x"},
        {"type": "object", "properties": {"a": {"type": "integer"}}, "default": {"a": 1}},
        {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "string"}]},
    ],
)
def test_what_is_a_schema_is_left_alone(schema: Any) -> None:
    assert list(schema_faults(schema)) == []


TYPES = st.sampled_from(
    ["string", "integer", "number", "boolean", "array", "object", "null", "text", 5, ["string", "null"], []]
)
VALUES = st.sampled_from([None, True, 0, 1.5, 9, "a", "b", [], ["a"], [1], {}, {"a": 1}])
SCHEMAS = st.recursive(
    st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES,
            "default": VALUES,
            "enum": st.sampled_from([["a", "b"], [], "a"]),
            "minimum": st.sampled_from([1, 2.5, True, "1"]),
            "maximum": st.sampled_from([1, 8]),
            "minItems": st.sampled_from([0, 1, -1]),
            "required": st.sampled_from([["a"], ["a", "a"], True]),
            "additionalProperties": st.sampled_from([True, False, 1]),
        },
    ),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={"type": TYPES, "default": VALUES, "items": inner, "properties": st.fixed_dictionaries({"a": inner})},
    ),
    max_leaves=4,
)


@given(SCHEMAS)
def test_what_looks_plain_is_a_schema_for_the_library_too(schema: Any) -> None:
    if _is_plain(schema):
        Draft202012Validator.check_schema(schema)
        if schema.get("default") is not None:
            Draft202012Validator(schema).validate(schema["default"])


def test_no_tool_that_comes_along_makes_the_library_load() -> None:
    import yaml

    from overseer.registry import our_tools

    for path in our_tools().glob("*.yaml"):
        parameters = yaml.safe_load(path.read_text()).get("parameters", {})
        assert all(_is_plain(schema) for schema in parameters.values() if isinstance(schema, dict)), path
