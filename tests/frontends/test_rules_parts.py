"""How a request is cut into parts, and what is never cut."""

from __future__ import annotations

import pytest

from overseer.frontends.rules.parts import Part, parts_of
from overseer.frontends.rules.tokens import tokens_of


def parts(text: str) -> list[Part]:
    return list(parts_of(text, tokens_of(text)))


def texts(text: str) -> list[str]:
    return [part.text for part in parts(text)]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("read a.txt and count its words", ["read a.txt", "count its words"]),
        ("read a.txt, count its words and save it", ["read a.txt", "count its words", "save it"]),
        ("read a.txt then count its words", ["read a.txt", "count its words"]),
        ("Read a.txt. After that, count its words.", ["Read a.txt", "count its words"]),
        ("First read a.txt, and finally, print it", ["read a.txt", "print it"]),
        ("read a.txt; list the files", ["read a.txt", "list the files"]),
        ("read a.txt, followed by counting its words", ["read a.txt", "counting its words"]),
        ("help me with reading a.txt, sorting it and printing it", None),
        ("count the words in a.txt, b.txt and c.txt", ["count the words in a.txt, b.txt and c.txt"]),
        ("translate it to French, Spanish and German", ["translate it to French, Spanish and German"]),
        ("get the weather forecast and time zone for Rome", ["get the weather forecast and time zone for Rome"]),
        ("what is 2 + 2, and how old is Ann?", ["what is 2 + 2", "how old is Ann"]),
        ("I have a file a.txt, can you please read it", ["I have a file a.txt", "can you please read it"]),
        ("the issue should be assessed and the status should be checked", 2),
        ("1. read a.txt\n2. count its words", 2),
        ("read a.txt\nthen count its words", ["read a.txt", "count its words"]),
        ("Sum of 3 and 4", ["Sum of 3 and 4"]),
        ("summarize and translate", ["summarize", "translate"]),
    ],
)
def test_a_part_ends_where_the_next_begins_anew(request_: str, expected: list[str] | int | None) -> None:
    found = texts(request_)
    if isinstance(expected, list):
        assert found == expected
    else:
        assert len(found) == (expected or 3)


@pytest.mark.parametrize(
    "whole",
    [
        "'read this, then count that and sort it'",
        '"one. two; three, then four"',
        "“first, then second”",
        "`a = 1; b = 2, then c`",
        "https://example.org/a,b;c?then=and",
        "reports/2026.01/a.and.b.csv",
        "1,234,567.89",
        "2026-12-24",
        "December 24, 2026",
        "(40.7128, -74.0060)",
        "[1, 2, 3]",
        '{"rent": 900, "food": 400}',
        "ann.lee@example.org",
        "10:30 am",
    ],
)
def test_what_belongs_together_is_one_token(whole: str) -> None:
    request = f"use {whole} and read a.txt"
    assert whole in [token.text for token in tokens_of(request)]
    assert texts(request) == [f"use {whole}", "read a.txt"]


def test_what_is_told_to_come_first_comes_first() -> None:
    assert texts("book a room, but I need to install the software first")[0] == "I need to install the software first"
    assert texts("Before sending the mail, check a.txt") == ["check a.txt", "Before sending the mail"]
    assert texts("After reading a.txt, count its words") == ["After reading a.txt", "count its words"]


def test_order_words_are_remembered_and_left_out() -> None:
    first, second, third = parts("read a.txt, then sort it, and print it")
    assert (first.follows, second.follows, third.follows) == (False, True, False)
    assert second.text == "sort it"


def test_statements_ask_for_nothing() -> None:
    given, asked = parts("I have an image 'a.jpg'. Please make it blue.")
    assert given.gives
    assert not given.asks
    assert asked.asks


def test_a_request_in_quotation_marks_is_read_without_them() -> None:
    assert texts('"Read a.txt. Count its words."') == ["Read a.txt", "Count its words"]


def test_a_quotation_that_is_a_file_a_date_or_a_link_is_one() -> None:
    kinds = [token.kind for token in tokens_of("'a.txt' '2026-12-24' 'https://example.org' 'some text'")]
    assert kinds == ["path", "date", "url", "quote"]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("$1,250.50", "money", 1250.5),
        ("7%", "percent", 7),
        ("12 * (3 + 4)", "expression", "12 * (3 + 4)"),
        ("15% of 80", "expression", "15% of 80"),
        ("sqrt(2)", "expression", "sqrt(2)"),
        ("-5", "number", -5),
        ("+1234567890", "phone", "+1234567890"),
        ("*.py", "path", "*.py"),
        ("/var/log/a.log", "path", "/var/log/a.log"),
    ],
)
def test_values_are_what_they_look_like(text: str, kind: str, value: object) -> None:
    (token,) = tokens_of(text)
    assert (token.kind, token.value) == (kind, value)
