"""Charts: well-formed pictures that show the numbers given."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from overseer.tool import ToolError
from tests.tools.fakes import call

SVG = "{http://www.w3.org/2000/svg}"
ROWS = [{"m": "Jan", "sales": 120, "costs": 90}, {"m": "Feb", "sales": None, "costs": -95.5}]
NUMBERS = st.one_of(st.integers(-(10**9), 10**9), st.floats(-1e200, 1e200), st.floats(-1e-9, 1e-9))


def drawn(tool: str, data: Any, **args: Any) -> ElementTree.Element:
    return ElementTree.fromstring(call(tool, data=data, **args))


def texts(picture: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in picture.iter(f"{SVG}text")]


def hints(picture: ElementTree.Element, shape: str) -> list[str | None]:
    return [element.findtext(f"{SVG}title") for element in picture.iter(f"{SVG}{shape}") if len(element)]


def test_bars_show_each_number() -> None:
    picture = drawn("bar_chart", ROWS, title="A <b> & c", x_title="Month", y_title="Money")
    assert hints(picture, "rect") == ["Jan, sales: 120", "Jan, costs: 90", "Feb, costs: −95.5"]
    assert {"A <b> & c", "sales", "costs", "Jan", "Feb", "Month", "Money", "−50", "100"} <= set(texts(picture))


def test_bars_stand_on_zero_and_have_their_heights() -> None:
    picture = drawn("bar_chart", {"a": 10, "b": -5, "c": 0})
    bars = [bar for bar in picture.iter(f"{SVG}rect") if len(bar)]
    top, bottom = ([float(bar.get(name, "")) for bar in bars] for name in ("y", "height"))
    assert bottom[0] == pytest.approx(2 * bottom[1], abs=0.2)
    assert top[0] + bottom[0] == pytest.approx(top[1], abs=0.2)
    assert bottom[2] == 0


def test_a_line_has_gaps_and_points() -> None:
    picture = drawn("line_chart", [1, None, 3, 4])
    assert [len((line.get("points") or "").split()) for line in picture.iter(f"{SVG}polyline")] == [1, 2]
    assert hints(picture, "circle") == ["1: 1", "3: 3", "4: 4"]


def test_labels_that_are_numbers_are_placed_to_scale() -> None:
    picture = drawn("line_chart", [{"t": 0, "v": 1}, {"t": 1, "v": 2}, {"t": 10, "v": 3}], labels="t")
    xs = [float(circle.get("cx", "")) for circle in picture.iter(f"{SVG}circle")]
    assert (xs[2] - xs[0]) == pytest.approx(10 * (xs[1] - xs[0]), rel=0.01)


def test_points_have_places_and_groups() -> None:
    rows = [{"a": 1, "b": 2, "g": "x"}, {"a": 2, "b": 4, "g": "y"}, {"a": None, "b": 1, "g": "x"}]
    picture = drawn("scatter_chart", rows, x="a", y="b", group="g")
    assert hints(picture, "circle") == ["x 1, 2", "y 2, 4"]
    assert {"a", "b", "x", "y"} <= set(texts(picture))
    assert hints(drawn("scatter_chart", {"rows": [[1, 2], [3, 4]]}), "circle") == ["1, 2", "3, 4"]


def test_a_pie_says_its_shares() -> None:
    picture = drawn("pie_chart", {"rent": 900, "food": 100, "none": 0}, title="Money")
    assert {"rent: 900 (90.0%)", "food: 100 (10.0%)", "Money"} <= set(texts(picture))
    assert hints(picture, "path") == ["rent: 900", "food: 100"]
    assert hints(drawn("pie_chart", {"all": 1}), "circle") == ["all: 1"]
    assert "6 others: 6 (40.0%)" in texts(drawn("pie_chart", [1] * 15))


def test_what_a_table_tool_gives_can_be_drawn() -> None:
    table = call("table_query", table="city,n\nBerlin,3\nParis,5\n")
    for tool in ("bar_chart", "line_chart", "pie_chart"):
        assert any(
            "Berlin" in (hint or "")
            for shape in ("rect", "circle", "path")
            for hint in hints(drawn(tool, table), shape)
        )


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 6, ["0", "1", "2", "3", "4", "5", "6"]),
        (0, 0.3, ["0.00", "0.05", "0.10", "0.15", "0.20", "0.25", "0.30"]),
        (-7, 7, ["−7.5", "−5.0", "−2.5", "0.0", "2.5", "5.0", "7.5"]),
        (1e6, 1.2e6, ["1,000,000", "1,050,000", "1,100,000", "1,150,000", "1,200,000"]),
        (5, 5, ["4.4", "4.6", "4.8", "5.0", "5.2", "5.4", "5.6"]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, labels: list[str]) -> None:
    found = texts(drawn("line_chart", {"a": low, "b": high}))
    assert [text for text in found if re.fullmatch(r"[−\d.,]+", text)] == labels


@example([5e-324], "", "bar_chart")
@given(st.lists(NUMBERS, min_size=1, max_size=8), st.text(max_size=12), st.sampled_from(["bar_chart", "line_chart"]))
def test_any_numbers_can_be_drawn_inside_the_picture(numbers: list[float], name: str, tool: str) -> None:
    picture = drawn(tool, [{"name": name, "n": number} for number in numbers], labels="name", values=["n"], title=name)
    for shape in picture.iter():
        for side, most in (("x", 800), ("cx", 800), ("y", 480), ("cy", 480), ("height", 480)):
            if (value := shape.get(side)) and value != "100%":
                assert -150 <= float(value) <= most + 1


@example([(0, 0), (0, 5e-324)])
@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=8))
def test_any_points_can_be_drawn_inside_the_picture(points: list[tuple[float, float]]) -> None:
    for circle in drawn("scatter_chart", [list(point) for point in points]).iter(f"{SVG}circle"):
        assert 0 <= float(circle.get("cx", "")) <= 800
        assert 0 <= float(circle.get("cy", "")) <= 480


@pytest.mark.parametrize(
    ("tool", "args", "complaint"),
    [
        ("bar_chart", {"data": {}}, "data is empty; give at least one number"),
        ("bar_chart", {"data": {"a": "much"}}, "data holds 'much' for value; give numbers"),
        ("bar_chart", {"data": {"a": ["much"] * 99}}, r"data holds \['much', .{40,60}… for value; give numbers"),
        ("bar_chart", {"data": [{"a": "x"}]}, "data holds no numbers"),
        (
            "bar_chart",
            {"data": ROWS, "values": ["sale"]},
            "values names the unknown column 'sale'; there are: m, sales",
        ),
        ("bar_chart", {"data": ROWS, "labels": "x"}, "labels names the unknown column 'x'"),
        ("bar_chart", {"data": [1] * 501}, "data has 501 entries; give at most 500"),
        ("bar_chart", {"data": [{"a": 1}, 2]}, "data mixes objects with other things"),
        ("bar_chart", {"data": [{f"c{i}": i for i in range(11)}]}, "values names 11 columns; give at most 10"),
        ("bar_chart", {"data": [1], "width": 10}, "width is 10; give a number of pixels from 200 to 5000"),
        ("line_chart", {"data": [1e308]}, r"data holds 1e\+308 for value; give numbers up to 1e300"),
        ("line_chart", {"data": {"a": None}}, "data holds no numbers"),
        ("scatter_chart", {"data": []}, "data holds no points"),
        ("scatter_chart", {"data": [[1, "x"]]}, "data holds the point"),
        ("scatter_chart", {"data": [[1, 2, 3]]}, "data holds no points"),
        ("scatter_chart", {"data": ROWS, "x": "sales"}, "y is ''; give one of the columns: m, sales, costs"),
        ("scatter_chart", {"data": {"a": 1}}, "data is no list"),
        ("pie_chart", {"data": {"a": -1}}, "data has a number below zero for 'a'"),
        ("pie_chart", {"data": {"a": 0}}, "data adds up to zero"),
    ],
)
def test_what_cannot_be_drawn_is_said(tool: str, args: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ToolError, match=complaint):
        call(tool, **args)
