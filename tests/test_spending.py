"""What calls took, added up and put into words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.spending import spent_text, total

AMOUNTS = st.fixed_dictionaries(
    {},
    optional={
        "requests": st.integers(0, 10**6),
        "tokens": st.integers(0, 10**9),
        "cost": st.integers(0, 10**6).map(lambda cents: cents / 100),
        "unpriced": st.integers(0, 10**6),
        "guessed": st.integers(0, 10**9),
    },
)


@given(st.lists(AMOUNTS))
def test_it_does_not_matter_in_which_order_amounts_are_added_up(parts: list[dict[str, Any]]) -> None:
    one_by_one = None
    for part in reversed(parts):
        one_by_one = total(one_by_one, part)
    assert one_by_one == total(*parts)


def test_what_is_zero_is_left_out_and_nothing_is_none() -> None:
    assert total(None, {"requests": 1, "cost": 0.0}) == {"requests": 1}
    assert total() is total(None, {}) is total({"requests": 0, "tokens": 0}) is None
    assert total({"cost": 0.1}, {"cost": 0.2}) == {"cost": 0.3}


def test_what_an_account_holds_that_is_no_amount_is_passed_over() -> None:
    assert total({"requests": "many", "colour": "red"}, [1], {"tokens": 5}) == {"tokens": 5}


@pytest.mark.parametrize(
    ("spent", "text"),
    [
        ({"requests": 12, "tokens": 34500, "cost": 0.021}, "12 requests, 34,500 tokens, $0.021"),
        ({"requests": 1, "tokens": 1}, "1 request, 1 token"),
        ({"requests": 2, "tokens": 3400, "guessed": 1000}, "2 requests, ~3,400 tokens"),
        ({"requests": 2, "unpriced": 2}, "2 requests, price unknown"),
        ({"requests": 3, "cost": 0.5, "unpriced": 1}, "3 requests, $0.50, price unknown of 1 request"),
        ({"cost": 0.0001234567}, "$0.000123"),
        ({"cost": 1234.5678}, "$1,234.57"),
    ],
)
def test_amounts_in_words(spent: dict[str, Any], text: str) -> None:
    assert spent_text(spent) == text
