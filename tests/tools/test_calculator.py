"""Arithmetic: exact where it can be, and never more than was asked for."""

from __future__ import annotations

import math
import re
import time
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.tool import ToolError
from tests.tools.fakes import call


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("12 * (3 + 4)", 84),
        ("0.1 + 0.2", 0.3),
        ("1/3 + 2/3", 1),
        ("1 / 3", 1 / 3),
        ("2 ** 3 ** 2", 512),
        ("-2 ** 2", -4),
        ("2 ** -1", 0.5),
        ("2^10", 1024),
        ("7 // 2 + 7 % 2", 4),
        ("-7 // 2", -4),
        ("15% of 80", 12),
        ("200 * 5%", 10),
        ("10% + 1", 1.1),
        ("10 % 4", 2),
        ("5!", 120),
        ("3!!", 720),
        ("6 × 7 ÷ 2 − 1", 20),
        ("1e3 + .5", 1000.5),
        ("sqrt(16) + sqrt(2.25)", 5.5),
        ("sqrt(2)", 1.4142135623731),
        ("cbrt(27)", 3),
        ("27 ** (1/3)", 3),
        ("4 ** 0.5", 2),
        ("sin(pi) + cos(0)", 1),
        ("sin(pi / 6)", 0.5),
        ("degrees(pi)", 180),
        ("log(e)", 1),
        ("log(1000, 10)", 3),
        ("log2(2 ** 1000)", 1000),
        ("log10(0.001)", -3),
        ("ln(10 ** 3000) / ln(10)", 3000),
        ("exp(0)", 1),
        ("hypot(3, 4)", 5),
        ("round(2.5) + round(-2.5) + round(2.675, 2)", 2.68),
        ("floor(-1.5) + ceil(1.2) + trunc(-1.5)", -1),
        ("min(3, 1, 2) + max(1, sqrt(9))", 4),
        ("sum(1, 2, 3) / mean(1, 2, 3)", 3),
        ("median(1, 9, 2, 4)", 3),
        ("abs(-3)", 3),
        ("comb(49, 6)", 13983816),
        ("perm(5, 2)", 20),
        ("gcd(12, 18) + lcm(4, 6)", 18),
        ("2 ** 1000 % 7", 2),
        ("-0.5 + PI - π", -0.5),
        ("1400! / 1399!", 1400),
    ],
)
def test_values(expression: str, result: float) -> None:
    value = call("calculate", expression=expression)
    assert value == (pytest.approx(result, rel=1e-13) if isinstance(result, float) else result)
    assert isinstance(value, int) == isinstance(result, int)


def test_variables_stand_for_numbers() -> None:
    assert call("calculate", expression="price * n", variables={"price": 0.1, "n": 3}) == 0.3
    assert call("calculate", expression="größe²".replace("²", "**2"), variables={"größe": 3}) == 9


NUMBERS = st.one_of(st.integers(0, 10**6), st.decimals(0, 1000, places=3)).map(str)
EXPRESSIONS = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda text: f"-({text})"),
    ),
    max_leaves=12,
)


def exactly(expression: str) -> Fraction:
    """Python's own reading of an expression, with fractions in place of floats."""
    return Fraction(eval(re.sub(r"[\d.]+", lambda number: f"Fraction('{number[0]}')", expression)))


@given(EXPRESSIONS)
def test_agrees_with_exact_fractions(expression: str) -> None:
    try:
        expected = exactly(expression)
    except ZeroDivisionError:
        with pytest.raises(ToolError, match="divides by zero"):
            call("calculate", expression=expression)
        return
    value = call("calculate", expression=expression)
    assert value == (int(expected) if expected.denominator == 1 else float(expected))


@given(st.text(alphabet="0123456789.+-*/%^!(), epsqrtminof", max_size=25))
def test_any_text_gives_a_number_or_a_reason(expression: str) -> None:
    value = attempted(expression)
    assert isinstance(value, int | ToolError) or math.isfinite(value)


def attempted(expression: str) -> Any:
    """The value, or the reason why there is none."""
    try:
        return call("calculate", expression=expression)
    except ToolError as error:
        return error


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("", "expression is empty; give something such as"),
        ("2 +", "expression has the end at character 4 where a number is expected"),
        ("2 3", "expression has '3' at character 3 where an operator such as"),
        ("(2", r"has the end at character 3 where '\)' is expected"),
        ("2 & 3", "expression has '&' at character 3, which means nothing here"),
        ("__import__('os')", "means nothing here"),
        ("().__class__", "means nothing here"),
        ("sqr(2)", "unknown function 'sqr' at character 1; did you mean sqrt?"),
        ("price * 2", "unknown name 'price' at character 1; there are: pi"),
        ("sqrt * 2", r"the function 'sqrt' without parentheses; write sqrt\(…\)"),
        ("1 / 0", "divides by zero"),
        ("0 ** -1", "divides by zero"),
        ("5 % 0", "divides by zero"),
        ("sqrt(-1)", "a negative number has no real square root"),
        ("(-8) ** 0.5", "no real value"),
        ("log(0)", r"log\(0\) has no value"),
        ("log(8, 1)", r"log\(8, 1\) has no value"),
        ("asin(2)", r"asin\(2\) has no value"),
        ("factorial(1, 2)", "gives factorial 2 values"),
        ("2.5!", "has 2.5 where a whole number is needed"),
        ("(-1)!", "has no value"),
        ("99999!", "has 99999 where a number of at most 1400 is needed"),
        ("9 ** 9 ** 9", "too large; numbers may have at most 3900 digits"),
        ("2.5 ** 1e300", "too large"),
        ("1e999999", "too large"),
        ("exp(10000)", "too large"),
        ("(-9) ** (2 ** 12000 / 7)", "too large|no real value"),
        ("(10 ** 3000) ** 0.5 * sqrt(10 ** 3001)", "too large"),
        ("(" * 100 + "1" + ")" * 100, "nested more than 50 deep"),
        ("-" * 100 + "1", "nested more than 50 deep"),
        ("1+" * 1000 + "1", "expression has 2001 characters; give at most 2000"),
    ],
)
def test_what_cannot_be_worked_out_is_said(expression: str, complaint: str) -> None:
    with pytest.raises(ToolError, match=complaint):
        call("calculate", expression=expression)


@pytest.mark.parametrize(
    "part", ["2**9999*", "7!!+", "1/7/", "comb(5000,2500)*", "1/1e3900+", "gcd(2**12999,3**8000)+"]
)
def test_no_expression_takes_long(part: str) -> None:
    began = time.process_time()
    value = attempted((part * 1000)[: 1900 // len(part) * len(part)] + "1")
    assert isinstance(value, int | float) or "large" in str(value) or "at most 1400" in str(value)
    assert time.process_time() - began < 10


def test_variables_must_be_numbers() -> None:
    with pytest.raises(ToolError, match=r"variables.x is 'three'; give a finite number"):
        call("calculate", expression="x", variables={"x": "three"})


def test_a_list_of_numbers_is_described() -> None:
    assert call("number_statistics", numbers=[2, 4, 4, 4, 5, 5, 7, 9.5], percentiles=[0, 90, 100]) == {
        "count": 8,
        "sum": 40.5,
        "mean": 5.0625,
        "median": 4.5,
        "standard_deviation": pytest.approx(2.2747, abs=1e-4),
        "minimum": 2,
        "maximum": 9.5,
        "first_quartile": 4,
        "third_quartile": 5.5,
        "percentiles": {"0": 2, "90": 7.75, "100": 9.5},
    }
    assert call("number_statistics", numbers=[0.1, 0.2])["sum"] == 0.3
    assert call("number_statistics", numbers=[3])["standard_deviation"] is None


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=30))
def test_statistics_lie_within_the_numbers(numbers: list[int]) -> None:
    result = call("number_statistics", numbers=numbers)
    quartiles = [result[name] for name in ("minimum", "first_quartile", "median", "third_quartile", "maximum")]
    assert quartiles == sorted(quartiles)
    assert result["sum"] == sum(numbers)
    assert result["minimum"] <= result["mean"] <= result["maximum"]


@pytest.mark.parametrize(
    ("args", "result"),
    [
        ({"start": 1, "stop": 10, "step": 3}, [1, 4, 7, 10]),
        ({"start": 0, "stop": 0.3, "step": 0.1}, [0, 0.1, 0.2, 0.3]),
        ({"start": 3, "stop": 1, "step": -1}, [3, 2, 1]),
        ({"start": 3, "stop": 1}, []),
    ],
)
def test_sequences(args: dict[str, Any], result: list[float]) -> None:
    assert call("number_sequence", **args) == result


@pytest.mark.parametrize(
    ("tool", "args", "complaint"),
    [
        ("number_statistics", {"numbers": []}, "numbers is empty; give at least one number"),
        ("number_statistics", {"numbers": ["a"]}, "numbers"),
        ("number_statistics", {"numbers": [1], "percentiles": [101]}, "percentiles holds 101; give places between"),
        ("number_statistics", {"numbers": [-1.7e308, 1.7e308]}, "too large for a deviation"),
        ("number_sequence", {"start": 1, "stop": 2, "step": 0}, "step is 0"),
        ("number_sequence", {"start": 0, "stop": 1e300}, "give a larger step, for at most 100000"),
    ],
)
def test_what_cannot_be_done_with_lists_is_said(tool: str, args: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ToolError, match=complaint):
        call(tool, **args)
