"""Searches by pattern: what they find, and that they end."""

from __future__ import annotations

import re
import time
from threading import Timer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.tool import Cancellation, ToolError
from tests.tools.fakes import call, tools

ENDLESS = {"text": "a" * 40 + "b", "pattern": "(a+)+$"}


def module() -> Any:
    """The file that the tools were loaded from."""
    return tools()["regex_extract"].function.__globals__


@pytest.mark.parametrize(
    ("text", "pattern", "result"),
    [
        ("7 geese, 12 ducks", r"\d+", ["7", "12"]),
        ("7 geese, 12 ducks", r"(\d+) (?:\w+)", ["7", "12"]),
        ("7 geese, 12 ducks", r"(\d+) (\w+)", [["7", "geese"], ["12", "ducks"]]),
        ("7 geese", r"(?P<n>\d+)(?P<x>x)?", [{"n": "7", "x": None}]),
        ("a\nb", r"(?m)^.$", ["a", "b"]),
        ("nothing", r"\d", []),
        ("ab" * 3000, r"(?:ab)+", ["ab" * 3000]),
    ],
)
def test_matches_and_groups(text: str, pattern: str, result: list[Any]) -> None:
    assert call("regex_extract", text=text, pattern=pattern) == result


def test_case_and_limit() -> None:
    assert call("regex_extract", text="Aab", pattern="a", ignore_case=True) == ["A", "a"]
    assert call("regex_extract", text="aaa", pattern="a", limit=2) == ["a", "a"]
    assert call("regex_replace", text="aAa", pattern="a", replacement="-", ignore_case=True, limit=2) == "--a"


def test_replacements_may_use_groups() -> None:
    swapped = {"text": "Ada Lovelace", "pattern": r"(\w+) (?P<last>\w+)", "replacement": r"\g<last>, \1"}
    assert call("regex_replace", **swapped) == "Lovelace, Ada"
    long = {"text": "ab " * 4000, "pattern": "((a)b)* ", "replacement": r"\2"}
    assert call("regex_replace", **long) == "a" * 4000


def test_a_search_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module(), "_PATIENCE_S", 0.5)
    began = time.monotonic()
    with pytest.raises(ToolError, match=r"pattern '\(a\+\)\+\$' was given up after 0.5 seconds on 41 characters"):
        call("regex_extract", **ENDLESS)
    with pytest.raises(ToolError, match="given up after"):
        call("regex_replace", **ENDLESS, replacement="")
    assert time.monotonic() - began < 20


def test_a_cancelled_search_ends_at_once() -> None:
    cancellation = Cancellation()
    canceller = Timer(0.1, cancellation.ask)
    canceller.start()
    with pytest.raises(ToolError, match="given up") as caught:
        call("regex_extract", cancellation=cancellation, **ENDLESS)
    canceller.join()
    assert caught.value.kind == "cancelled"


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a|aa)+$",
        r"(?:a*) *b",
        "(?x)(a+) +$",
        r"(a*)\1\1b",
        "a*a*a*a*a*a*b",
        "(a|a)" * 20 + "b",
        "(?x: (a+) # c\n+)b",
    ],
)
def test_what_may_take_long_does_not_run_here(pattern: str) -> None:
    re.compile(pattern)
    assert not module()["_is_cheap"](pattern, "a" * 40)


@pytest.mark.parametrize("pattern", [r"\d+", "a|b", r"[(*+?]+\)+x", r"(\w+)@(\w+)", "^a.*$"])
def test_plain_patterns_need_no_process(pattern: str) -> None:
    assert module()["_is_cheap"](pattern, "a" * 100)


@given(
    st.text(alphabet="ab1 ", max_size=30),
    st.sampled_from(["a+", "(a|b)+", "(a)(b)?", "(?P<x>a)|(?P<y>b)", r"\s", "", "b*"]).filter(bool),
)
def test_a_process_finds_what_is_found_here(text: str, pattern: str) -> None:
    options = {"text": text, "pattern": pattern, "flags": 0, "most": 1000, "limit": 0}
    found = module()["found"](**options)
    counted = [match.group() for match in re.finditer(pattern, text)]
    assert len(found) == len(counted)


def test_a_result_that_grows_out_of_bounds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module(), "_LONGEST_RESULT", 1000)
    for pattern in ("(?=(.*))", "(?=((.)*))"):  # here, and in a process of its own
        with pytest.raises(ToolError, match="the result has more than 1000 characters"):
            call("regex_extract", text="a" * 100, pattern=pattern)


@pytest.mark.parametrize(
    ("what", "text", "result"),
    [
        (
            "emails",
            "ann@example.org, <bo.b+x@mail.example.co.uk>. no@where",
            ["ann@example.org", "bo.b+x@mail.example.co.uk"],
        ),
        ("urls", "(see https://a.org/x_(y)?q=1#f). http://b.org/,", ["https://a.org/x_(y)?q=1#f", "http://b.org/"]),
        ("numbers", "7 geese, 12.50 or 1,234,567 or −3; v2 not", [7, 12.5, 1234567, -3]),
        ("dates", "2026-12-24, 24.12.2026 and 1/2/2026 but 12.5.26 not", ["2026-12-24", "24.12.2026", "1/2/2026"]),
        ("hashtags", "#one #2 #drei3 a#b", ["#one", "#drei3"]),
        ("mentions", "@ann, mail a@b.org", ["@ann"]),
        ("ip_addresses", "127.0.0.1, 300.1.1.1 and 10.0.0.255.", ["127.0.0.1", "10.0.0.255"]),
        ("quotes", 'He said "yes" and „nein“.', ["yes", "nein"]),
    ],
)
def test_things_people_look_for(what: str, text: str, result: list[Any]) -> None:
    assert call("extract_from_text", text=text, what=what) == result


def test_what_was_found_before_can_be_left_out() -> None:
    assert call("extract_from_text", text="1 2 1", what="numbers", unique=True) == [1, 2]


@pytest.mark.parametrize("what", module()["_KNOWN"])
@pytest.mark.parametrize(
    "part", ["a", "1", "a.", "a@", "1,", "1.", "#", "@", '"', "http://", "#1", "1/", "1-", "„", "“", "«", "1,111"]
)
def test_no_text_makes_the_known_patterns_slow(what: str, part: str) -> None:
    began = time.process_time()
    call("extract_from_text", text=part * (100_000 // len(part)), what=what)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("tool", "args", "complaint"),
    [
        ("regex_extract", {"text": "a", "pattern": "("}, r"pattern '\(' is no regular expression: missing \), unter"),
        ("regex_extract", {"text": "a", "pattern": ""}, "pattern is empty; give a regular expression"),
        ("regex_extract", {"text": "a", "pattern": "a" * 1001}, "pattern has 1001 characters; give at most 1000"),
        ("regex_extract", {"text": "a", "pattern": "a", "limit": -1}, "limit is -1"),
        ("regex_extract", {"text": "a" * 5_000_001, "pattern": "a"}, "text has 5000001 characters; give at most"),
        ("regex_replace", {"text": "a", "pattern": "a", "replacement": r"\1"}, r"replacement '\\\\1' cannot be used"),
        ("regex_replace", {"text": "a", "pattern": "a", "replacement": r"\g<n>"}, "unknown group name 'n'"),
        ("regex_replace", {"text": "a", "pattern": "a", "replacement": "", "limit": -2}, "limit is -2"),
        ("extract_from_text", {"text": "a", "what": "feelings"}, "what"),
    ],
)
def test_what_cannot_be_done_is_said(tool: str, args: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ToolError, match=complaint):
        call(tool, **args)
