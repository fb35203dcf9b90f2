"""JSON values: what counts as one, how it is copied and shown."""

from __future__ import annotations

import enum
import json
from collections import OrderedDict
from typing import Any

import pytest
from hypothesis import given

from overseer import jsonvalue
from overseer.jsonvalue import (
    MAX_DEPTH,
    Json,
    NotJson,
    as_json,
    as_text,
    detached,
    has,
    is_nested_deeper,
    is_same,
    json_text,
    kind_of,
)
from tests.plan.strategies import json_values


class Colour(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Name(str):
    """A subclass, as libraries return them."""


@given(json_values)
def test_json_stays_what_it_is_and_survives_a_round_trip(value: Any) -> None:
    assert repr(as_json(value)) == repr(value)
    assert repr(json.loads(json.dumps(as_json(value)))) == repr(value)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ((1, (2,)), [1, [2]]),
        (OrderedDict(a=1), {"a": 1}),
        ({Name("a"): Name("b")}, {"a": "b"}),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        ([Colour.RED, None, True], ["red", None, True]),
    ],
)
def test_relatives_of_json_become_plain(value: Any, plain: Any) -> None:
    found = as_json(value)
    assert found == plain
    assert json.dumps(found) == json.dumps(plain)
    assert type(found) is type(plain)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ({1, 2}, "value is a set; return text, numbers, lists or dicts with text keys"),
        ({"a": [b"x"]}, "value.a[0] is a bytes; return text, numbers, lists or dicts with text keys"),
        ({"a": {1: 2}}, "value.a has the key 1; keys must be text"),
        (float("nan"), "value is nan, which JSON cannot hold; return null instead"),
        ([float("inf")], "value[0] is inf, which JSON cannot hold; return null instead"),
        (object, "value is a type; return text, numbers, lists or dicts with text keys"),
    ],
)
def test_what_is_not_json_is_refused_with_its_place(value: Any, complaint: str) -> None:
    with pytest.raises(NotJson) as refusal:
        as_json(value)
    assert str(refusal.value) == complaint


def test_the_place_can_be_named() -> None:
    with pytest.raises(NotJson, match=r"^the result\.x is a set"):
        as_json({"x": set()}, where="the result")


def test_a_value_that_contains_itself_is_refused() -> None:
    ring: list[Any] = []
    ring.append(ring)
    with pytest.raises(NotJson, match=f"is nested more than {MAX_DEPTH} deep$"):
        as_json(ring)


@given(json_values)
def test_a_detached_copy_is_equal_and_shares_nothing(value: Any) -> None:
    def containers(part: Any) -> list[int]:
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        own = [id(part)] if isinstance(part, dict | list) else []
        return own + [found for item in inner for found in containers(item)]

    copy = detached(value)
    assert repr(copy) == repr(value)
    assert not set(containers(copy)) & set(containers(value))


@pytest.mark.parametrize(
    ("value", "text", "kind"),
    [
        ("a", "a", "string"),
        (None, "", "null"),
        (True, "true", "boolean"),
        (3, "3", "integer"),
        (1.5, "1.5", "number"),
        (["é"], '["é"]', "list"),
        ({"a": None}, '{"a": null}', "object"),
    ],
)
def test_text_and_kind(value: Any, text: str, kind: str) -> None:
    assert as_text(value) == text
    assert kind_of(value) == kind


# --- comparing


@given(json_values, json_values)
def test_values_are_the_same_if_their_json_is(one: Any, other: Any) -> None:
    def normal(value: Any) -> Any:
        """The value so that its text tells what is the same: numbers without their type."""
        if isinstance(value, list):
            return [normal(item) for item in value]
        if isinstance(value, dict):
            return {key: normal(item) for key, item in value.items()}
        is_whole = isinstance(value, float) and value == int(value)
        return int(value) if is_whole else value

    def text(value: Any) -> str:
        return json.dumps(normal(value), sort_keys=True)

    assert is_same(one, one)
    assert is_same(one, other) is (text(one) == text(other))
    assert has([other, one], one)


# --- size


@pytest.mark.parametrize(
    "value",
    ["x" * 98, "\x1f" * 16, ["x" * 45, "y" * 48], [1] * 49, [0.25] * 19, {"k" * 40: "v" * 52}, [9**99], "ü" * 49],
)
def test_a_value_may_be_as_large_as_the_limit_and_no_larger(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonvalue, "_NEVER_TOO_LONG", 0)
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    for limit in (size, 10 * size, 1000 * size):
        monkeypatch.setattr(jsonvalue, "LARGEST_VALUE", limit)
        assert as_json(value) == value
    for limit in (size - 1, size // 10):
        monkeypatch.setattr(jsonvalue, "LARGEST_VALUE", limit)
        with pytest.raises(NotJson, match="the result is larger than 256 MB as JSON; return less, or write a file"):
            as_json(value, where="the result")


@given(json_values)
def test_the_least_size_bounds_the_size_from_both_sides(value: Any) -> None:
    size = len(json_text(value).encode())
    least = jsonvalue._least_size(value)
    assert least - 1 <= size <= least * jsonvalue._MOST_PER_LEAST


@pytest.mark.parametrize(("value", "depth"), [(1, 0), ([], 1), ({"a": [1]}, 2), ([[], {"a": {"b": []}}], 4)])
def test_nesting_is_counted_in_containers(value: Json, depth: int) -> None:
    assert not is_nested_deeper(value, depth)
    assert depth == 0 or is_nested_deeper(value, depth - 1)


def test_nesting_is_found_in_a_value_that_holds_the_same_thing_twice_at_every_level() -> None:
    value: Json = 0
    for _ in range(100):
        value = [value, value]
    assert is_nested_deeper(value, 99)
