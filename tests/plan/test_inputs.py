"""Inputs: defaults, types, and what a command line gives."""

from __future__ import annotations

import re
from typing import Any

import pytest

from overseer.errors import PlanError
from overseer.plan import input_values, parse_input
from overseer.plan.inputs import in_words, type_fits
from overseer.plan.values import TYPE_NAMES, Input, WorkflowPlan

PLAN = WorkflowPlan(
    (),
    name="p",
    inputs={
        "topic": Input("string"),
        "count": Input("integer", 3, required=False),
        "note": Input("string", required=False),
        "free": Input("any", "x", required=False),
    },
)


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ({"topic": "a"}, {"topic": "a", "count": 3, "note": None, "free": "x"}),
        ({"topic": "a", "count": 5, "note": "n"}, {"topic": "a", "count": 5, "note": "n", "free": "x"}),
        # the null of a skipped step asks for the default
        (
            {"topic": "a", "count": None, "note": None, "free": None},
            {"topic": "a", "count": 3, "note": None, "free": "x"},
        ),
        ({"topic": "a", "count": 5.0}, {"topic": "a", "count": 5.0, "note": None, "free": "x"}),
    ],
)
def test_defaults_are_filled_in(given: dict[str, Any], values: dict[str, Any]) -> None:
    assert input_values(PLAN, given) == values


def test_every_fault_is_reported_at_once() -> None:
    with pytest.raises(PlanError) as refusal:
        input_values(PLAN, {"topc": "a", "zzz": 1, "count": "three", "note": True})
    assert str(refusal.value) == (
        "the input of 'p' has 5 faults:\n"
        "  there is no input 'topc'; did you mean 'topic'?\n"
        "  there is no input 'zzz'; it takes: topic, count, note, free\n"
        "  the input 'topic' is missing; it takes text\n"
        "  the input 'count' takes a whole number, not \"three\"\n"
        "  the input 'note' takes text, not true"
    )


def test_a_plan_that_takes_nothing_says_so() -> None:
    with pytest.raises(PlanError) as refusal:
        input_values(WorkflowPlan(()), {"x": 1})
    assert str(refusal.value) == "the input has 1 fault:\n  there is no input 'x'; it takes none"


def test_null_does_not_do_for_a_required_input() -> None:
    with pytest.raises(PlanError, match="the input 'topic' takes text, not null"):
        input_values(PLAN, {"topic": None})


def test_a_default_makes_up_for_a_missing_input_even_if_it_is_required() -> None:
    assert input_values(WorkflowPlan((), inputs={"x": Input(default=1)}), {}) == {"x": 1}


@pytest.mark.parametrize(
    ("type_name", "fitting"),
    [
        ("string", ["", "a"]),
        ("integer", [1, -1, 2.0]),
        ("number", [1, -1, 2.0, 1.5]),
        ("boolean", [True, False]),
        ("array", [[], [1]]),
        ("object", [{}, {"a": 1}]),
    ],
)
def test_types(type_name: Any, fitting: list[Any]) -> None:
    values: list[Any] = ["", "a", 1, -1, 2.0, 1.5, True, False, [], [1], {}, {"a": 1}, None]
    assert [value for value in values if type_fits(type_name, value)] == fitting
    assert all(type_fits("any", value) for value in values)


def test_every_type_has_words() -> None:
    assert [in_words(name) for name in TYPE_NAMES] == [  # type: ignore[arg-type]
        "text", "a whole number", "a number", "true or false", "a list", "an object", "any value",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("type_name", "text", "value"),
    [
        ("string", "5", "5"),
        ("string", '"quoted"', '"quoted"'),
        ("integer", "5", 5),
        ("number", "-0.5", -0.5),
        ("boolean", "true", True),
        ("array", '["a", 1]', ["a", 1]),
        ("object", '{"a": null}', {"a": None}),
        ("any", "5", 5),
        ("any", "cats and dogs", "cats and dogs"),
        ("any", "NaN", "NaN"),
        ("any", "", ""),
    ],
)
def test_text_from_a_command_line(type_name: Any, text: str, value: Any) -> None:
    parsed = parse_input(type_name, text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("type_name", "text", "complaint"),
    [
        ("integer", "five", "takes a whole number, written as JSON such as 3; not five"),
        ("integer", "true", "takes a whole number, written as JSON such as 3; not true"),
        ("number", "NaN", "takes a number, written as JSON such as 0.5; not NaN"),
        ("number", "1e999", "takes a number, written as JSON such as 0.5; not 1e999"),
        ("boolean", "yes", "takes true or false, written as JSON such as true; not yes"),
        ("array", "a,b", 'takes a list, written as JSON such as ["a", "b"]; not a,b'),
        ("object", "[" * 5000, f'takes an object, written as JSON such as {{"a": 1}}; not {"[" * 40}'),
    ],
)
def test_text_that_does_not_fit(type_name: Any, text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(complaint)}$"):
        parse_input(type_name, text)
