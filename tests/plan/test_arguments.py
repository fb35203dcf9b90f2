"""Arguments against schemas: what clearly fits is accepted at once, the rest is explained."""

from __future__ import annotations

import sys
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from overseer.plan import argument_faults, value_faults
from overseer.plan.arguments import argument_misfits
from overseer.plan.references import parsed
from overseer.tool import tool


@tool
def translate(
    text: str, target_lang: Literal["fr", "es"], times: int = 1, notes: str | None = None, tags: list[str] | None = None
) -> str:
    return text


@pytest.mark.parametrize(
    "args",
    [
        {"text": "x", "target_lang": "fr"},
        {"text": "x", "target_lang": "es", "times": 3, "notes": None, "tags": ["a"]},
        {"text": "{{a}}", "target_lang": "{{b.lang}}", "times": "{{c}}", "notes": "{{d}}", "tags": "{{e}}"},
        {"text": "see {{a}}", "target_lang": "fr", "tags": ["{{a}}", "{{a}} and {{b}}"]},
        {"text": "x", "target_lang": "{{a}}{{b}}"},  # text of which nothing more is known
    ],
)
def test_what_fits_has_no_faults(args: dict[str, Any]) -> None:
    assert argument_faults(translate.parameters, parsed(args)) == []


def test_simple_schemas_do_not_need_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "overseer.plan.schemafaults", None)
    assert argument_faults(translate.parameters, {"text": "x", "target_lang": "fr", "notes": None, "times": 2}) == []
    with pytest.raises(ImportError):
        argument_faults(translate.parameters, {"text": 1})


@pytest.mark.parametrize(
    ("args", "faults"),
    [
        ({"target_lang": "fr"}, ["the argument 'text' is missing"]),
        (
            {"txt": "x", "target_lang": "fr"},
            ["the argument 'text' is missing", "there is no argument 'txt'; did you mean 'text'?"],
        ),
        (
            {"text": "x", "target_lang": "fr", "zzz": 1},
            ["there is no argument 'zzz'; there may be: text, target_lang, times, notes, tags"],
        ),
        ({"text": 5, "target_lang": "fr"}, ["the argument 'text' must be text, not 5"]),
        ({"text": "x", "target_lang": "de"}, ["the argument 'target_lang' must be one of fr, es, not \"de\""]),
        (
            {"text": "x", "target_lang": "fr", "times": "{{n}} times"},
            ["the argument 'times' must be a whole number, not \"{{n}} times\""],
        ),
        ({"text": "x", "target_lang": "fr", "times": True}, ["the argument 'times' must be a whole number, not true"]),
        ({"text": "x", "target_lang": "fr", "notes": 5}, ["the argument 'notes' must be text or null, not 5"]),
        ({"text": "x", "target_lang": "fr", "tags": ["a", 1]}, ["the argument 'tags[1]' must be text, not 1"]),
    ],
)
def test_each_fault_names_the_argument_and_the_remedy(args: dict[str, Any], faults: list[str]) -> None:
    assert argument_faults(translate.parameters, parsed(args)) == faults


@pytest.mark.parametrize(
    ("schema", "value", "fault"),
    [
        ({"minimum": 1}, 0, "must be at least 1, not 0"),
        ({"maximum": 5}, 6.5, "must be at most 5, not 6.5"),
        ({"minLength": 2}, "a", "must have at least 2 letters, not 1"),
        ({"maxLength": 1}, "ab", "must have at most 1 letter, not 2"),
        ({"minItems": 1}, [], "must have at least 1 item, not 0"),
        ({"pattern": "^a"}, "b", 'must match ^a, which "b" does not'),
        ({"const": "x"}, 1, 'must be "x", not 1'),
        ({"type": ["integer", "null"]}, "x", 'must be a whole number or null, not "x"'),
        ({"uniqueItems": True}, [1, 1], "does not fit: [1, 1] has non-unique elements"),
        ({"anyOf": [{"minimum": 3}, {"type": "string"}]}, 1, "does not fit any of its options: 1"),
        ({"oneOf": [{"type": "string"}, {"minLength": 1}]}, "x", "does not fit: 'x' is valid under each of"),
        ({"required": ["k"]}, {}, "has no 'k'"),
        ({"additionalProperties": False}, {"k": 1}, "has no field 'k'; there may be none"),
        ({"patternProperties": {"^x": {}}, "additionalProperties": False}, {"x1": 1, "k": 1}, "has no field 'k'"),
    ],
)
def test_the_words_for_further_keywords(schema: Any, value: Any, fault: str) -> None:
    (found,) = argument_faults({"properties": {"a": schema}}, {"a": value})
    assert found.startswith(f"the argument 'a' {fault}")


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": 3},
        {"enum": [1, 2]},
        {"const": 5},
        {"not": {"type": "string"}},
        {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        {"allOf": [{"type": "object", "required": ["k"]}]},
        {"if": {"type": "string"}, "then": {"const": 1}},
        {"type": "array", "contains": {"const": 1}, "minItems": 3, "uniqueItems": True},
        {"$ref": "#/$defs/x", "$defs": {"x": {"type": "string", "pattern": "^a"}}},
    ],
)
def test_a_reference_fits_whatever_is_asked_for(schema: Any) -> None:
    schema = {"type": "object", "properties": {"a": schema}, "$defs": {"x": {"type": "string", "pattern": "^a"}}}
    assert argument_faults(schema, parsed({"a": "{{x}}"})) == []


@pytest.mark.parametrize(
    ("schema", "args"),
    [
        ({"type": "array", "contains": {"const": 1}}, {"a": ["{{x}}"]}),
        ({"type": "array", "uniqueItems": True}, {"a": ["{{x}}", "{{x}}"]}),
        ({"enum": [["y"]]}, {"a": ["{{x}}"]}),
        (
            {"oneOf": [{"properties": {"k": {"type": "string"}}}, {"properties": {"k": {"type": "integer"}}}]},
            {"a": {"k": "{{x}}"}},
        ),
        ({"pattern": "^b", "type": "string"}, {"a": "a{{x}}"}),
    ],
)
def test_what_holds_a_reference_gets_the_benefit_of_the_doubt(schema: Any, args: Any) -> None:
    assert argument_faults({"properties": {"a": schema}}, parsed(args)) == []


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        ({"type": "objekt"}, "the schema of the arguments is itself wrong: 'objekt' is not valid"),
        ({"$ref": "#/nope"}, "the schema of the arguments cannot be used: PointerToNowhere"),
        ({"$ref": "https://example.org/s.json"}, "the schema of the arguments cannot be used: Unresolvable"),
        ({"$ref": "#"}, "the schema of the arguments cannot be used: maximum recursion depth"),
    ],
)
def test_a_schema_that_is_wrong_is_a_fault_of_its_own(schema: Any, fault: str) -> None:
    (found,) = argument_faults(schema, {"a": 1})
    assert found.startswith(fault)


@pytest.mark.parametrize(
    ("schema", "value", "faults"),
    [
        ({"type": "string"}, "x", []),
        ({"type": "string"}, 5, ["the result must be text, not 5"]),
        ({"type": "object", "required": ["title"]}, {}, ["the result has no 'title'"]),
        (
            {"properties": {"n": {"items": {"type": "integer"}}}},
            {"n": [1, "x"]},
            ["the result's 'n[1]' must be a whole number, not \"x\""],
        ),
    ],
)
def test_results_against_their_schema(schema: Any, value: Any, faults: list[str]) -> None:
    assert value_faults(schema, value) == faults


def test_a_misfit_says_where_it_is() -> None:
    schema = {"properties": {"a": {"items": {"properties": {"b": {"type": "string"}}}}}}
    assert [misfit.where for misfit in argument_misfits(schema, {"a": [{}, {"b": 1}]})] == [("a", 1, "b")]


def test_of_several_options_the_closest_is_explained() -> None:
    schema = {"properties": {"a": {"anyOf": [{"type": "string"}, {"items": {"type": "string"}}]}}}
    assert argument_faults(schema, {"a": ["x", 1]}) == ["the argument 'a[1]' must be text, not 1"]


types: Any = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"])
simple_schemas = st.recursive(
    st.one_of(
        st.builds(lambda name: {"type": name}, types),
        st.builds(lambda names: {"type": names}, st.lists(types, min_size=1, max_size=3, unique=True)),
        st.builds(lambda options: {"enum": options}, st.lists(st.sampled_from(["a", "b", 1, True, None]), min_size=1)),
        st.just({}),
        st.just({"title": "t", "description": "d", "default": 1}),
    ),
    lambda inner: st.one_of(
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        st.builds(lambda options: {"anyOf": options}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(
            lambda properties, required, is_open: {
                "type": "object",
                "properties": properties,
                "required": required,
                "additionalProperties": is_open,
            },
            st.dictionaries(st.sampled_from("abc"), inner),
            st.lists(st.sampled_from("abc"), unique=True, max_size=2),
            st.booleans() | inner,
        ),
    ),
    max_leaves=6,
)
simple_values = st.recursive(
    st.sampled_from(["a", "b", "", 0, 1, True, False, None, 1.0, 1.5]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=6,
)


@given(simple_schemas, simple_values)
def test_the_verdict_is_always_that_of_the_library(schema: Any, value: Any) -> None:
    assert (value_faults(schema, value) == []) is Draft202012Validator(schema).is_valid(value)
