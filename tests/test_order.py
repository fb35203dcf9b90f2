"""The order of tests in several processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from tests.order import long_ones_soon


@dataclass(frozen=True)
class Item:
    number: int
    is_long: bool

    def get_closest_marker(self, name: str) -> bool:
        return name == "long" and self.is_long


def ordered(are_long: list[bool], processes: int) -> list[Item]:
    items = [Item(number, is_long) for number, is_long in enumerate(are_long)]
    return cast(list[Item], long_ones_soon(cast(Any, items), processes))


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 8))
def test_each_test_is_there_once_however_few_they_are(are_long: list[bool], processes: int) -> None:
    assert sorted(item.number for item in ordered(are_long, processes)) == list(range(len(are_long)))


def test_every_process_has_its_part_of_the_long_ones_in_its_first_half() -> None:
    items = ordered([number % 10 == 9 for number in range(300)], 3)
    for stretch in (items[:100], items[100:200], items[200:]):
        assert [place for place, item in enumerate(stretch) if item.is_long] == list(range(0, 50, 5))
