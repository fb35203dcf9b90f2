"""Pipes: what each form means, how it runs, and what is refused in which words."""

# ruff: noqa: E501 -- a case and what is said of it stand in one line
from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer import Engine
from overseer.plan import to_document
from overseer.tool import tool
from tests.fakes import Gate
from tests.frontends.forms import OURS, SIMPLE, complaints, document, read


def result(text: str, inputs: dict[str, Any] | None = None) -> Any:
    plan = read(text, "p.pipe")
    assert [str(fault) for fault in plan.faults] == []
    return Engine(SIMPLE.values()).run(plan.plan, inputs or {}).output


@pytest.mark.parametrize(
    ("text", "inputs", "output"),
    [
        ("5 | double", {}, 10),
        ("5 | {double, triple, add} | total", {}, 40),
        ("5 | [double, triple, add] | total", {}, 40),
        ("double | triple", {"input": 1}, 6),
        ("{double, triple} | total", {"input": 2}, 10),
        ("5 | add | add($$, 3)", {}, 18),
        ("5 | add(3, $$)", {}, 8),
        ("5 | add 1", {}, 6),
        ("5 | add more=1", {}, 6),
        ("5 | add(more=1)", {}, 6),
        ("5 | double as big | add($$, big) | add(big, big)", {}, 20),
        ("5 | double | add(1, 2)", {}, None),
        ("5 | double as big | add($$, big)", {}, 20),
        ("5 | [double | triple, triple] | total", {}, 45),
        ("5 | {double, {triple, add} | total} | total", {}, 40),
        ("[1, 2, 3] | total", {}, 6),
        ('"ab" | pair as both | join($$.0, both.1)', {}, "ab+ba"),
        ("5 | [double, triple] as two | total | add($$, two.1)", {}, 40),
        ("join a b", {}, "a+b"),
        ('join "a b" second=c', {}, "a b+c"),
    ],
)
def test_what_a_pipe_gives(text: str, inputs: dict[str, Any], output: Any) -> None:
    if output is None:
        assert complaints(text, "p.pipe") == [
            "line 1: 'add' is given too much: it takes number, more; say with $$ where the result before goes"
        ]
    else:
        assert result(text, inputs) == output


def test_a_pipe_over_lines_with_definitions_and_comments() -> None:
    text = """
# twice the sum
grow = double | triple

def main(start: float, more: int = 4) -> float =
    grow(start)   # six times
    | add($$, more)
"""
    assert result(text, {"start": 1}) == 10
    made = document(text, "p.pipe")
    assert made["inputs"] == {"start": {"type": "number"}, "more": {"type": "integer", "default": 4}}
    assert made["name"] == "main"


def test_a_definition_takes_arguments_and_is_used_twice() -> None:
    text = "def both(x: float, y: float = 1) = add(x, y) | double\n3 | both | both(2)"
    assert result(text) == (((3 + 1) * 2) + 2) * 2


def test_building_a_pipe_calls_nothing_and_it_can_be_run_again() -> None:
    calls: list[float] = []

    @tool
    def seen(number: float) -> float:
        """Note it."""
        calls.append(number)
        return number

    tools = {**SIMPLE, "seen": seen}
    plan = read("seen | double", "p.pipe", tools).plan
    assert calls == []
    engine = Engine(tools.values())
    assert [engine.run(plan, {"input": value}).output for value in (1, 2, 3)] == [2, 4, 6]


def test_the_branches_of_a_block_overlap_and_stay_in_order() -> None:
    gate = Gate(3)

    @tool
    def meet(number: float, more: float) -> float:
        """Wait for the others."""
        gate.pass_through()
        return number + more

    plan = read("5 | {meet 1, meet 2, meet 3}", "p.pipe", {"meet": meet}).plan
    assert Engine([meet]).run(plan).output == [6, 7, 8]


def test_a_captured_name_in_a_block_is_unknown_to_its_neighbour() -> None:
    assert complaints("5 | {double as x, add($$, x)}", "p.pipe") == [
        "line 1: there is no result 'x' yet; put text in quotes"
    ]


def test_a_step_has_the_line_of_its_stage() -> None:
    assert complaints("5\n| double\n| doubel", "p.pipe") == [
        "line 3, step 'doubel': there is no tool 'doubel'; did you mean 'double'?"
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "there is nothing in it; write tools joined by '|'"),
        ("# only a comment", "there is nothing in it; write tools joined by '|'"),
        ("5", "line 1: there is nothing to be done in it; put a tool after the value"),
        ("double | 42", "line 1: 42 is a value, not a tool; a value can only come first"),
        ("double |", "line 1: something is missing at the end"),
        ("| double", "line 1: a tool must come here, not '|'"),
        ("5 | {double}", "line 1: a block needs two branches or more; take the brackets away"),
        ("5 | {double, triple", "line 1: something is missing at the end"),
        ("5 | double)", "line 1: '|' or the end must come here, not ')'"),
        ("5 | lambda x: x", "line 1: there is no lambda; make it a tool, or a step with 'code' in a YAML plan"),
        ('5 | add "more', "line 1: '\"more' has no closing quote"),
        ("5 | add($$, later) | double as later", "line 1: there is no result 'later' yet; put text in quotes"),
        ("f = f | double", "line 1: the pipe leads back to itself: f -> f"),
        ("f = g\ng = f\nf | double", "line 2: the pipe leads back to itself: f -> g -> f"),
        ("f = double\nf = triple", "line 2: 'f' is defined twice; keep one of them"),
        ("double = triple\n5 | double", "line 1: 'double' is a tool, and is defined here too; give the definition another name"),
        ("def f(x: colour) = double", "line 1: there is no type 'colour'; the types are: any, str, string, int, float, bool, list, dict"),
        ("5 | add(more=1, 2)", "line 1: an argument without a name comes after one with a name"),
        ("5 | add(more=1, more=2)", "line 1: the argument 'more' is there twice"),
        ("5 | double as a | triple as a", "line 1: the name 'a' is there already; choose another"),
        ("5 | add(1.2.3)", "line 1: '1.2.3' is no value; put text in quotes"),
        ("def f(x: float, y: float) = add(x, y)\n1 | f", "line 2: 'f' needs 'y'"),
        ("(" * 5, "line 1: a tool must come here, not '('"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, complaint: str) -> None:
    assert complaints(text, "p.pipe") == [complaint]


def test_brackets_without_end_are_refused_without_a_crash() -> None:
    [complaint] = complaints("5 | " + "{double, " * 500, "p.pipe")
    assert "brackets are more than 50 deep" in complaint


@given(st.text(alphabet='ab |,(){}[]=$.#"\n5', max_size=40))
def test_any_text_is_a_plan_or_a_complaint(text: str) -> None:
    read(text, "p.pipe")


@given(st.lists(st.sampled_from(["double", "triple", "add"]), min_size=1, max_size=8))
def test_every_stage_is_a_step_that_reads_the_one_before(names: list[str]) -> None:
    made = to_document(read("5 | " + " | ".join(names), "p.pipe").plan)
    assert isinstance(made, dict)
    steps: Any = made["steps"]
    assert [step["tool"] for step in steps] == names
    for before, step in pairwise(steps):
        assert step["args"]["number"] == f"{{{{{before['step_id']}}}}}"


def test_text_with_braces_stays_text() -> None:
    plan = read('"a {{b}}" | text_case', "p.pipe", OURS).plan
    assert Engine(OURS.values()).run(plan).output == "A {{B}}"
