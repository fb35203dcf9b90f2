"""Whoever asks how many there are of something is answered with that number, and not with all that was counted."""

from __future__ import annotations

import pytest

from overseer.frontends.draft import Planned
from overseer.frontends.rules.planner import plan_by_rules
from overseer.plan.references import Ref
from tests.frontends.rules import our


def output_of(request: str) -> object:
    draft = plan_by_rules(request, our())
    assert isinstance(draft, Planned), draft
    return draft.plan.output


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        ("how many words does notes.md have?", "words"),
        ("read notes.md, how many words does it have?", "words"),
        ("count the lines in words.txt", "lines"),
        ("how many unique words are in notes.md?", "unique_words"),
        ("count the characters in 'lines and words'", "characters"),
    ],
)
def test_one_number_is_the_answer(request_: str, name: str) -> None:
    assert output_of(request_) == Ref("text_statistics", (name,))


@pytest.mark.parametrize(("unit", "name"), [("days", "days"), ("weeks", "weeks"), ("business days", "business_days")])
def test_of_the_units_of_time_that_one_is_told_which_was_asked_for(unit: str, name: str) -> None:
    assert output_of(f"how many {unit} until 2030-12-24?") == Ref("date_difference", (name,))


def test_several_numbers_have_their_names() -> None:
    assert output_of("how many lines and words are in notes.md?") == {
        "lines": Ref("text_statistics", ("lines",)),
        "words": Ref("text_statistics", ("words",)),
    }


@pytest.mark.parametrize(
    "request_",
    [
        "show me statistics of the text in notes.md",
        "count the words in notes.md and in other.md",
        "count the words in notes.md and write the result to counted.txt",
    ],
)
def test_else_all_of_the_result_is_the_answer(request_: str) -> None:
    assert output_of(request_) is None
