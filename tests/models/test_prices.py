"""What answers cost."""

from __future__ import annotations

import re

import pytest

from overseer.models.prices import usual_prices
from overseer.models.settings import Price
from overseer.tool import Reply


def reply(model: str, provider: str = "openai") -> Reply:
    return Reply("", model, input_tokens=1_000_000, output_tokens=500_000, provider=provider)


def test_the_table_knows_its_day_and_charges_for_everything() -> None:
    prices = usual_prices()
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", prices.date)
    assert prices.currency == "USD"
    assert all(0 < price.input < price.output for price in prices.table.values())


def test_tokens_are_paid_by_the_million() -> None:
    prices = usual_prices().with_own({"openai/gpt-x": Price(3.0, 10.0)})
    assert prices.cost_of(reply("gpt-x")) == pytest.approx(8.0)
    assert prices.cost_of(reply("gpt-x-2030-01-31")) == pytest.approx(8.0)


def test_ones_own_price_goes_first() -> None:
    prices = usual_prices().with_own({"openai/gpt-5": Price(1.0, 1.0)})
    assert prices.cost_of(reply("gpt-5")) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("model", "provider"), [("unheard-of", "openai"), ("gpt-5", "openai@localhost"), ("a", "ollama")]
)
def test_a_price_that_is_not_known_is_not_nothing(model: str, provider: str) -> None:
    assert usual_prices().cost_of(reply(model, provider)) is None


def test_a_price_of_ones_own_holds_for_a_server_that_speaks_like_the_provider() -> None:
    said = reply("gpt-5-mini", "openai@127.0.0.1:8080")
    assert usual_prices().cost_of(said) is None
    assert usual_prices().with_own({"openai/gpt-5-mini": Price(3.0, 10.0)}).cost_of(said) == pytest.approx(8.0)
