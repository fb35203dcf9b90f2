"""Sums that are told in words: which expression they are, and what is no sum although it sounds like one."""

from __future__ import annotations

import pytest

from overseer import Engine
from overseer.frontends.draft import Planned, Refused
from overseer.frontends.earlier import Earlier, given_to
from overseer.frontends.rules import plan_by_rules
from overseer.frontends.rules.sums import with_sums
from overseer.frontends.rules.tokens import tokens_of
from tests.frontends.rules import our, planned

SUMS = [
    ("add 2 and 3", ["2 + 3"]),
    ("add 2, 3 and 4", ["2 + 3 + 4"]),
    ("add the numbers 4, 5 and 6", ["4 + 5 + 6"]),
    ("what is 12 times 7", ["12 * 7"]),
    ("what's 5 plus 3 minus 2", ["5 + 3 - 2"]),
    ("twenty five times two", ["25 * 2"]),
    ("two hundred minus one", ["200 - 1"]),
    ("subtract 4 from 10", ["10 - 4"]),
    ("the difference between 10 and 4", ["10 - 4"]),
    ("multiply 6 by -9", ["6 * -9"]),
    ("divide 100 by 7", ["100 / 7"]),
    ("10 divided by 4", ["10 / 4"]),
    ("2 to the power of 10", ["2 ** 10"]),
    ("3 squared", ["3 ** 2"]),
    ("half of 8 to the power of 2", ["(8 / 2) ** 2"]),
    ("the square root of 144 plus 2", ["sqrt(144) + 2"]),
    ("20 percent of 350", ["20% of 350"]),
    ("$5 plus $3", ["5 + 3"]),
    ("12 * (3 + 4) and 7 / 2", ["12 * (3 + 4)", "7 / 2"]),
    ("add 2 and 3 and multiply the result by 4", ["2 + 3", "result * 4"]),
    ("multiply 3 by 2, then add 1 and divide by 5", ["3 * 2", "result + 1", "result / 5"]),
    ("double it", ["result * 2"]),
]
NO_SUMS = [
    "add 10 days to 2026-01-05",
    "add 1 to 3 km",
    "half of 5 miles",
    "roll the dice 3 times",
    "100 plus 10%",  # of what?
    "multiply 6 plus 2 by 3",
    "it is 5",
    "add tea to list.txt",
]


def sums(text: str) -> list[str]:
    return [str(token.value) for token in with_sums(text, tokens_of(text)) if token.kind == "expression"]


@pytest.mark.parametrize(("text", "expected"), SUMS)
def test_a_sum_in_words_is_an_expression(text: str, expected: list[str]) -> None:
    assert sums(text) == expected


@pytest.mark.parametrize("text", NO_SUMS)
def test_what_is_not_understood_as_a_whole_is_no_sum(text: str) -> None:
    assert sums(text) == []


@pytest.mark.parametrize(
    ("request_", "result"),
    [
        ("add 2 and 3 and multiply the result by 4", 20),
        ("subtract 10 from 3, then multiply it by 2", -14),
        ("multiply 3.5 by 2 and add 1", 8),
        ("take 5 from 2 and square it", 9),
    ],
)
def test_a_sum_goes_on_with_the_result_before_it(request_: str, result: float) -> None:
    plan = planned(request_)
    assert [step.depends_on for step in plan.steps] == [(), ("calculate",)]
    assert Engine(our().values()).run(plan).output == result


def test_a_sum_goes_on_with_the_result_of_an_earlier_request() -> None:
    earlier = {"seven": Earlier(7)}
    draft = plan_by_rules("add 5 to it", our(), earlier=earlier)
    assert isinstance(draft, Planned), draft
    assert Engine(our().values()).run(draft.plan, given_to(draft.plan, earlier)).output == 12


@pytest.mark.parametrize("earlier", [{}, {"text": Earlier("seven")}])
def test_a_sum_without_a_number_to_go_on_with_is_refused(earlier: dict[str, Earlier]) -> None:
    draft = plan_by_rules("multiply the result by 4", our(), earlier=earlier)
    assert isinstance(draft, Refused)
    assert "'expression'" in draft.reasons[0]
