"""Whatever is typed, a draft comes out, soon, and a plan in it has no faults."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from overseer.frontends.draft import Answered, Draft, Planned, Refused
from overseer.frontends.rules import plan_by_rules
from overseer.plan import completed, to_json, validate
from tests.frontends.rules import our
from tests.frontends.test_rules_requests import PLANS, REFUSALS, WITH_MODELS
from tests.strategies import text, unhurried

_PIECES = (
    *(request for request, _ in (*PLANS, *REFUSALS[:20], *WITH_MODELS)),
    *("a.txt", "'b c'", "5 miles", "https://example.org/x", "2026-01-01", "French", "{{x}}", "[1, 2]", "7%", "it"),
    *("and", "then", ",", ";", ".", "before", "each of", "first", "\n- ", "(", '"', "'", "to", "not"),
)
_SOON_S = 2.0  # far more than it takes, for machines that are busy


def check(draft: Draft) -> None:
    match draft:
        case Planned(plan=plan):
            assert not validate(plan, tools=our())
            assert completed(plan) == (plan, ())
            assert to_json(plan)
        case Answered(text=said):
            assert said
        case Refused(reasons=reasons):
            assert reasons
            assert all(reasons)


@settings(deadline=None)  # whichever comes first loads the tools
@given(text | st.text(max_size=300))
@example("\x00")
@example("{{")
@example("read '{{' and count its words")
@example("\ud800 and then \udfff")
def test_any_text_gives_a_draft(request: str) -> None:
    check(plan_by_rules(request, our()))
    check(plan_by_rules(request, our(), with_models=True, leave_open=True))


@unhurried
@given(st.lists(st.sampled_from(_PIECES), min_size=1, max_size=7).map(" ".join), st.booleans(), st.booleans())
def test_any_mix_of_requests_gives_a_draft(request: str, with_models: bool, leave_open: bool) -> None:
    check(plan_by_rules(request, our(), with_models=with_models, leave_open=leave_open))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([request for request, _ in PLANS]), min_size=2, max_size=5))
def test_requests_that_are_planned_alone_give_a_draft_together(requests: list[str]) -> None:
    check(plan_by_rules("; then ".join(requests), our(), leave_open=True))


@pytest.mark.parametrize(
    "request_",
    [
        "(" * 19_000,
        "'" * 19_000,
        '"a" ' * 4_700,
        "[" * 10_000 + "]" * 9_000,
        "1" * 19_000,
        "1 + " * 4_700,
        "1," * 9_000,
        "a, " * 6_000,
        "sort a, B c, " * 1_500,
        "a." * 9_000,
        "a/" * 9_000,
        "a@a." * 4_700,
        "-" * 19_000,
        "Aa " * 6_000,
        "read a.txt " * 1_700,
        "5 miles to km and " * 1_000,
        "word" * 4_700,
        "2026-" * 3_800,
        "+1 " * 6_000,
        "{" * 19_000,
        "a_" * 9_000,
        "\n1." * 6_000,
        "é" * 19_000,
        "read " + "a" * 10_000_000,
    ],
    ids=lambda value: f"{value[:8]!r} and so on",
)
def test_what_is_large_or_odd_takes_no_long_time(request_: str) -> None:
    our()
    began = time.thread_time()  # however busy the machine is with others
    check(plan_by_rules(request_, our(), leave_open=True))
    assert time.thread_time() - began < _SOON_S


def test_a_plain_request_takes_little_time() -> None:
    plan_by_rules("read notes.txt and count its words", our())
    took = []
    for request_, _ in PLANS:
        began = time.perf_counter()
        plan_by_rules(request_, our())
        took.append(time.perf_counter() - began)
    assert sorted(took)[len(took) // 2] < 0.05


def test_no_tools_are_no_plan() -> None:
    assert isinstance(plan_by_rules("read a.txt", {}), Refused)
