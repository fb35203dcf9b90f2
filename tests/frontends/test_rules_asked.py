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
        "count the words in notes.md and write the result to counted.txt",
    ],
)
def test_else_all_of_the_result_is_the_answer(request_: str) -> None:
    assert output_of(request_) is None


def test_of_several_files_each_has_its_number() -> None:
    counted = {"notes.md": Ref("text_statistics", ("words",)), "other.md": Ref("text_statistics_2", ("words",))}
    assert output_of("count the words in notes.md and in other.md") == counted


def test_of_several_files_each_has_its_numbers_by_their_names() -> None:
    found = output_of("how many lines and words are in notes.md and other.md?")
    assert found == {
        "notes.md": {name: Ref("text_statistics", (name,)) for name in ("lines", "words")},
        "other.md": {name: Ref("text_statistics_2", (name,)) for name in ("lines", "words")},
    }


@pytest.mark.parametrize("request_", ["count words in notes.md per sentence", "how many words per sentence has a.txt?"])
def test_how_many_there_are_for_each_of_something_is_their_average(request_: str) -> None:
    assert output_of(request_) == Ref("text_statistics", ("average_words_per_sentence",))


@pytest.mark.parametrize("request_", ["how many rows does data.csv have?", "how many files are in this folder?"])
def test_a_count_of_rows_is_one_number(request_: str) -> None:
    found = output_of(request_)
    assert isinstance(found, Ref)
    assert found.path == ("rows", 0, "count")


def test_what_is_worked_out_of_a_table_comes_with_what_is_wrong_in_it() -> None:
    assert output_of("average price in data.csv") == {
        "mean_price": Ref("table_query", ("rows", 0, "mean_price")),
        "problems": Ref("table_query", ("problems",)),
    }


@pytest.mark.parametrize("request_", ["total price per city in data.csv", "sort data.csv by price"])
def test_rows_that_were_asked_for_are_given_whole(request_: str) -> None:
    assert output_of(request_) is None
