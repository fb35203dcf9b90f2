"""Units: the same quantity before and after."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.tool import ToolError
from tests.tools.fakes import call

UNITS: dict[str, list[str]] = call("list_units")
PAIRS = [(first, second) for symbols in UNITS.values() for first in symbols for second in symbols]


@pytest.mark.parametrize(
    ("value", "from_unit", "to_unit", "text"),
    [
        (5, "miles", "kilometres", "5 mi = 8.04672 km"),
        (1, "Liter", "cups", "1 L = 4.226752838 cup"),
        (98.6, "degrees Fahrenheit", "°C", "98.6 °F = 37 °C"),
        (0, "K", "C", "0 K = -273.15 °C"),
        (-40, "C", "F", "-40 °C = -40 °F"),
        (3, "days", "seconds", "3 d = 259200 s"),
        (60, "miles per hour", "km/h", "60 mph = 96.56064 km/h"),
        (1, "GB", "MiB", "1 GB = 953.6743164 MiB"),
        (100, "Mb", "MB", "100 Mb = 12.5 MB"),
        (2, "sq ft", "m2", "2 ft² = 0.18580608 m²"),
        (1, "cubic foot", "ml", "1 ft³ = 28316.84659 mL"),
        (180, "degrees", "rad", "180 deg = 3.141592654 rad"),
        (1, "kilowatt-hour", "MJ", "1 kWh = 3.6 MJ"),
        (32, "psi", "bar", "32 psi = 2.206322334 bar"),
        (6, "feet", "m", "6 ft = 1.8288 m"),
        (5, "centuries", "years", "5 century = 500 yr"),
        (1, "stone", "lbs", "1 st = 14 lb"),
        (2, "fluid ounces", "tbsp", "2 fl oz = 4 tbsp"),
        (5, "mhz", "rpm", "5 MHz = 300000000 rpm"),
    ],
)
def test_known_conversions(value: float, from_unit: str, to_unit: str, text: str) -> None:
    assert call("convert_units", value=value, from_unit=from_unit, to_unit=to_unit)["text"] == text


def test_whole_results_are_whole() -> None:
    result = call("convert_units", value=0.3, from_unit="km", to_unit="m")
    assert result == {"value": 300, "unit": "m", "quantity": "length", "text": "0.3 km = 300 m"}


@given(st.sampled_from(PAIRS), st.floats(1e-6, 1e9) | st.integers(1, 10**6))
def test_there_and_back_is_where_we_were(pair: tuple[str, str], value: float) -> None:
    first, second = pair
    there = call("convert_units", value=value, from_unit=first, to_unit=second)
    back = call("convert_units", value=there["value"], from_unit=second, to_unit=first)
    assert back["value"] == pytest.approx(value, rel=1e-9, abs=1e-9)
    assert back["unit"] == first


@pytest.mark.parametrize(
    ("from_unit", "to_unit", "complaint"),
    [
        ("mile", "kg", "from_unit mile measures length and to_unit kg measures mass; give two units of length"),
        ("kilometr", "m", "from_unit 'kilometr' is no unit known here; did you mean kilometer"),
        ("m", "zorkmid", "to_unit 'zorkmid' is no unit known here; the tool list_units names"),
        ("ton", "kg", "from_unit 'ton' could mean several units; write tonne, short ton or long ton"),
    ],
)
def test_units_that_do_not_fit_are_named(from_unit: str, to_unit: str, complaint: str) -> None:
    with pytest.raises(ToolError, match=complaint):
        call("convert_units", value=1, from_unit=from_unit, to_unit=to_unit)


def test_nothing_is_colder_than_absolute_zero() -> None:
    with pytest.raises(ToolError, match="value -300 °C is below absolute zero"):
        call("convert_units", value=-300, from_unit="C", to_unit="F")


def test_units_are_listed_by_what_they_measure() -> None:
    assert "km" in call("list_units", quantity="Length")["length"]
    with pytest.raises(ToolError, match="quantity 'mood' is not known; there are: length, area"):
        call("list_units", quantity="mood")
