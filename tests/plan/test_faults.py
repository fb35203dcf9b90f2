"""Faults in a sentence and as JSON, and the guesses at what was meant."""

from __future__ import annotations

import pytest

from overseer.plan import Fault
from overseer.plan.faults import line_at
from overseer.plan.suggestions import did_you_mean, listed, nearest
from overseer.plan.wording import shown


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault("there are no steps"), "there are no steps"),
        (Fault("there are no steps", "add one"), "there are no steps; add one"),
        (Fault("is odd", step_id="fr"), "step 'fr': is odd"),
        (Fault("is odd", line=7), "line 7: is odd"),
        (
            Fault("depends on 'jok', which does not exist", "did you mean 'joke'?", "fr", line=7),
            "line 7, step 'fr': depends on 'jok', which does not exist; did you mean 'joke'?",
        ),
        (Fault("is odd", source="b.yaml"), "b.yaml: is odd"),
        (Fault("is odd", step_id="fr", line=7, source="b.yaml"), "b.yaml line 7, step 'fr': is odd"),
        (Fault("has no 'step_id'", where=("steps", 2)), "step 3: has no 'step_id'"),
        (Fault("has no 'step_id'", where=("steps", 2, "steps", 0, "x")), "step 1: has no 'step_id'"),
        (Fault("must be a list", where=("steps",)), "must be a list"),
    ],
)
def test_a_fault_in_a_sentence(fault: Fault, text: str) -> None:
    assert str(fault) == text


def test_a_fault_as_json() -> None:
    assert Fault("p").to_json() == {"problem": "p"}
    assert Fault("p", "h", "s", ("steps", 0), 3, "f.yaml").to_json() == {
        "problem": "p",
        "help": "h",
        "step_id": "s",
        "where": ["steps", 0],
        "line": 3,
        "source": "f.yaml",
    }


def test_a_location_without_a_line_has_that_of_what_is_around_it() -> None:
    lines = {(): 1, ("steps", 0): 4}
    assert line_at(lines, ("steps", 0, "args", "x")) == 4
    assert line_at(lines, ("steps", 1)) == 1
    assert line_at({}, ("steps",)) is None


@pytest.mark.parametrize(
    ("word", "names", "guess"),
    [
        ("jok", ["joke", "fr"], "joke"),
        ("JOKE", ["jokes", "joke"], "joke"),
        ("depends", ["depends_on", "description"], "depends_on"),
        ("xyz", ["joke", "fr"], None),
        ("x", [], None),
        ("s4_", [f"s{n}" for n in range(10_000)], "s4"),
        ("step_77x", [f"step_{n}" for n in range(10_000)], "step_77"),
    ],
)
def test_the_nearest_name(word: str, names: list[str], guess: str | None) -> None:
    assert nearest(word, names) == guess


def test_a_guess_or_a_list_of_what_there_is() -> None:
    assert did_you_mean("jok", ["joke"]) == "did you mean 'joke'?"
    assert did_you_mean("zzz", iter(["joke", "fr"]), "there are") == "there are: joke, fr"
    assert did_you_mean("zzz", []) == ""
    assert listed(map(str, range(20))) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 8 more"


def test_values_are_shown_shortened() -> None:
    assert [shown(value) for value in ("a", None, True, [1, "é"])] == ['"a"', "null", "true", '[1, "é"]']
    assert shown("x" * 100) == '"' + "x" * 56 + "..."
