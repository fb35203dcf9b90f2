"""Tools that calculate, with a parser of their own: nothing of an expression is ever run as Python.

Whole numbers, decimals and fractions are exact (`0.1 + 0.2` is 0.3), until a root, a logarithm or an angle
has no exact value; those, like the result, have 15 digits. Numbers beyond 3900 digits are refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from fractions import Fraction
from typing import Any, NamedTuple

from overseer.tool import ToolError, tool

_LONGEST = 2_000
_MOST_BITS = 13_000
_DEEPEST = 50
_HUGE = 1 << _MOST_BITS

Number = Fraction | float


@tool(
    tags=["math", "calculate", "arithmetic", "numbers", "percent"],
    examples=[
        {"request": "what is 12 * (3 + 4)?", "args": {"expression": "12 * (3 + 4)"}},
        {"request": "15% of 80", "args": {"expression": "15% of 80"}},
        {"request": "calculate the square root of 2", "args": {"expression": "sqrt(2)"}},
        {
            "request": "price times quantity plus 19 percent tax",
            "args": {"expression": "price * quantity * (1 + 19%)", "variables": {"price": 9.99, "quantity": 3}},
        },
    ],
)
def calculate(expression: str, variables: dict[str, float] | None = None) -> int | float:
    """Work out an arithmetic expression, exactly wherever that is possible.

    Knows + - * / // % ** ! and parentheses, `20%` for 0.2, `20% of 60`, pi, e and tau, and the functions sqrt,
    cbrt, exp, ln, log, log2, log10, sin, cos, tan, asin, acos, atan, degrees, radians, hypot, abs, round, floor,
    ceil, trunc, min, max, sum, mean, median, factorial, comb, perm, gcd and lcm. Angles are in radians; log(x) is
    the natural logarithm and log(x, 10) has the base 10; round takes halves away from zero.

    Args:
        expression: what to work out, such as (3 + 4) * 2.5
        variables: numbers that the expression calls by name
    """
    if len(expression) > _LONGEST:
        raise _wrong(f"expression has {len(expression)} characters; give at most {_LONGEST}")
    given = {name: _exact(value, f"variables.{name}") for name, value in (variables or {}).items()}
    return _as_json(_Parser(_tokens(expression), given).result())


def _exact(value: float, where: str) -> Fraction:
    """A number as it reads: 0.1 is a tenth, not its nearest binary fraction."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _wrong(f"{where} is {value!r}; give a finite number")
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)


def _as_json(value: Number) -> int | float:
    if isinstance(value, Fraction):
        if value.denominator == 1:
            return value.numerator
        try:
            return float(value)
        except OverflowError:
            return round(value)
    rounded = float(f"{value:.15g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


class Token(NamedTuple):
    kind: str  # number, name, operator, end
    text: str
    place: int


_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[^\W\d]\w*)|(?P<operator>\*\*|//|[-+*/%^!(),]))"
)
_SPELLINGS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-"})


def _tokens(expression: str) -> list[Token]:
    text, place, tokens = expression.translate(_SPELLINGS).rstrip(), 0, []
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            rest = text[place:].lstrip()
            where = len(text) - len(rest) + 1
            raise _wrong(f"expression has {rest[0]!r} at character {where}, which means nothing here")
        tokens.append(Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup) + 1))
        place = found.end()
    if not tokens:
        raise _wrong("expression is empty; give something such as 3 * (4 + 5)")
    return [*tokens, Token("end", "the end", len(text) + 1)]


class _Parser:
    """Reads tokens from left to right and calculates as it reads."""

    def __init__(self, tokens: Sequence[Token], variables: dict[str, Fraction]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0
        self._variables = variables

    def result(self) -> Number:
        value = self._sum()
        if self._token.kind != "end":
            raise self._unexpected("an operator such as +")
        return value

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self, *texts: str) -> str | None:
        """The next token, if it is one of these."""
        token = self._token
        if token.kind == "end" or token.text not in texts:
            return None
        self._next += 1
        return token.text

    def _unexpected(self, wanted: str) -> ToolError:
        what = self._token.text if self._token.kind == "end" else repr(self._token.text)
        return _wrong(f"expression has {what} at character {self._token.place} where {wanted} is expected")

    def _sum(self) -> Number:
        value = self._product()
        while operator := self._take("+", "-"):
            value = _bounded(_apply(operator, value, self._product()))
        return value

    def _product(self) -> Number:
        value = self._signed()
        while operator := self._take("*", "/", "//", "%", "of"):
            value = _bounded(_apply("*" if operator == "of" else operator, value, self._signed()))
        return value

    def _signed(self) -> Number:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _wrong(f"expression is nested more than {_DEEPEST} deep; take it apart into several")
        sign = self._take("-", "+")
        value = self._signed() if sign else self._power()
        self._depth -= 1
        return -value if sign == "-" else value

    def _power(self) -> Number:
        value = self._postfixed()
        if self._take("**", "^"):
            return _bounded(_raised(value, self._signed()))  # the exponent first: 2 ** 3 ** 2 is 2 ** 9
        return value

    def _postfixed(self) -> Number:
        value = self._operand()
        while True:
            if self._take("!"):
                value = _bounded(_call("factorial", [value]))
            elif self._token.text == "%" and not self._operand_follows():
                self._next += 1
                value = value / 100
            else:
                return value

    def _operand_follows(self) -> bool:
        """Whether a `%` stands between two numbers, and so asks for the remainder."""
        token = self._tokens[self._next + 1]
        return (token.kind in ("number", "name") and token.text != "of") or token.text == "("

    def _operand(self) -> Number:
        token = self._token
        if self._take("("):
            value = self._sum()
            self._close()
            return value
        if token.kind == "number":
            self._next += 1
            return _read(token.text)
        if token.kind == "name" and token.text != "of":
            self._next += 1
            if self._take("("):
                return self._called(token)
            return self._named(token)
        raise self._unexpected("a number")

    def _called(self, name: Token) -> Number:
        if name.text not in _FUNCTIONS:
            raise _unknown("function", name, list(_FUNCTIONS))
        arguments = [self._sum()]
        while self._take(","):
            arguments.append(self._sum())
        self._close()
        return _bounded(_call(name.text, arguments))

    def _named(self, name: Token) -> Number:
        if name.text in self._variables:
            return self._variables[name.text]
        if name.text.lower() in _CONSTANTS:
            return _CONSTANTS[name.text.lower()]
        if name.text in _FUNCTIONS:
            raise _wrong(f"expression uses the function '{name.text}' without parentheses; write {name.text}(…)")
        raise _unknown("name", name, [*self._variables, *_CONSTANTS])

    def _close(self) -> None:
        if not self._take(")"):
            raise self._unexpected("')'")


def _read(text: str) -> Fraction:
    exponent = re.search(r"[eE]([+-]?\d+)", text)
    if exponent and (len(exponent[1]) > 5 or abs(int(exponent[1])) > 3900):
        raise _too_large()
    return Fraction(text)


def _apply(operator: str, left: Number, right: Number) -> Number:
    try:
        match operator:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case "/":
                return left / right
            case "//":
                return Fraction(left // right)
            case _:
                return left % right
    except ZeroDivisionError:
        raise _wrong("expression divides by zero") from None
    except OverflowError:
        raise _too_large() from None


def _raised(base: Number, exponent: Number) -> Number:
    if base == 0 and exponent < 0:
        raise _wrong("expression divides by zero: it raises 0 to a negative power")
    if isinstance(base, Fraction) and isinstance(exponent, Fraction) and exponent.denominator == 1:
        if abs(base) not in (0, 1) and _bits(base) * abs(exponent) > _MOST_BITS:
            raise _too_large()
        return Fraction(base**exponent.numerator)
    if base < 0 and exponent != int(exponent):
        raise _wrong("expression raises a negative number to a broken power, which has no real value")
    try:
        return _root(base) if exponent == Fraction(1, 2) else math.pow(base, exponent)
    except (OverflowError, ValueError):
        raise _too_large() from None


def _bounded(value: Number) -> Number:
    if isinstance(value, Fraction):
        if _bits(value) > _MOST_BITS:
            raise _too_large()
    elif not math.isfinite(value):
        raise _too_large()
    return value


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _root(value: Number) -> Number:
    if value < 0:
        raise _wrong(f"sqrt was given {_as_json(value)}; a negative number has no real square root")
    if isinstance(value, Fraction):
        above, below = math.isqrt(value.numerator), math.isqrt(value.denominator)
        if above * above == value.numerator and below * below == value.denominator:
            return Fraction(above, below)
    return math.sqrt(value)


def _cube_root(value: Number) -> Number:
    root = math.cbrt(value)
    return Fraction(round(root)) if isinstance(value, Fraction) and round(root) ** 3 == value else root


def _logarithm(value: Number, base: Number = math.e) -> Number:
    if base == math.e:
        return _natural(value)
    power = _natural(value) / _natural(base)
    if not isinstance(base, Fraction) or _bits(base) * abs(power) > _MOST_BITS:
        return power
    return Fraction(round(power)) if base ** round(power) == value else power


def _natural(value: Number) -> float:
    # The logarithm of an integer has no upper bound, that of a float has.
    if isinstance(value, Fraction) and value > 0:
        return math.log(value.numerator) - math.log(value.denominator)
    return math.log(float(value))


def _angle(function: Callable[[Any], float]) -> Callable[[Number], Number]:
    """sin(pi) is to be 0, although pi has only 16 digits."""

    def rounded(value: Number) -> Number:
        result = function(value)
        return Fraction(0) if abs(result) < 1e-15 and not -1e-3 < value < 1e-3 else result

    return rounded


def _rounded(value: Number, digits: Number = Fraction(0)) -> Fraction:
    exact = value if isinstance(value, Fraction) else Fraction(repr(value))
    scale = Fraction(10) ** _whole(digits, 300)
    return math.floor(abs(exact) * scale + Fraction(1, 2)) * (1 if exact >= 0 else -1) / scale


def _whole(value: Number, most: int = 5_000) -> int:
    if value != int(value):
        raise _wrong(f"expression has {_as_json(value)} where a whole number is needed")
    if not -most <= value <= most:
        raise _wrong(f"expression has {_as_json(value)} where a number of at most {most} is needed")
    return int(value)


def _mean(*values: Number) -> Number:
    return sum(values[1:], values[0]) / len(values)


def _median(*values: Number) -> Number:
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


_CONSTANTS: dict[str, Number] = {"pi": math.pi, "π": math.pi, "e": math.e, "tau": math.tau}

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sqrt": _root,
    "cbrt": _cube_root,
    "exp": lambda x: Fraction(1) if x == 0 else math.exp(x),
    "ln": _logarithm,
    "log": _logarithm,
    "log2": lambda x: _logarithm(x, Fraction(2)),
    "log10": lambda x: _logarithm(x, Fraction(10)),
    "sin": _angle(math.sin),
    "cos": _angle(math.cos),
    "tan": _angle(math.tan),
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "degrees": math.degrees,
    "radians": math.radians,
    "hypot": lambda *sides: _root(sum((side * side for side in sides), Fraction(0))),
    "abs": abs,
    "round": _rounded,
    "floor": lambda x: Fraction(math.floor(x)),
    "ceil": lambda x: Fraction(math.ceil(x)),
    "trunc": lambda x: Fraction(math.trunc(x)),
    "min": lambda *values: min(values),
    "max": lambda *values: max(values),
    "sum": lambda *values: sum(values[1:], values[0]),
    "mean": _mean,
    "median": _median,
    "factorial": lambda n: Fraction(math.factorial(_whole(n, 1_400))),
    "comb": lambda n, k: Fraction(math.comb(_whole(n), _whole(k))),
    "perm": lambda n, k: Fraction(math.perm(_whole(n), _whole(k, 1_000))),
    "gcd": lambda *values: Fraction(math.gcd(*(_whole(value, _HUGE) for value in values))),
    "lcm": lambda *values: Fraction(math.lcm(*(_whole(value, _HUGE) for value in values))),
}


def _call(name: str, arguments: list[Number]) -> Number:
    try:
        value = _FUNCTIONS[name](*arguments)
    except TypeError:
        raise _wrong(f"expression gives {name} {len(arguments)} values, which is not how many it takes") from None
    except (ValueError, ZeroDivisionError):
        shown = ", ".join(str(_as_json(argument)) for argument in arguments)
        raise _wrong(f"{name}({shown}) has no value; look at what {name} is given") from None
    except OverflowError:
        raise _too_large() from None
    return value if isinstance(value, Fraction) else float(value)


def _unknown(what: str, token: Token, known: list[str]) -> ToolError:
    near = get_close_matches(token.text.lower(), known, 1)
    remedy = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
    return _wrong(f"expression uses the unknown {what} '{token.text}' at character {token.place}; {remedy}")


def _too_large() -> ToolError:
    return _wrong("expression leads to a number that is too large; numbers may have at most 3900 digits")


def _wrong(message: str) -> ToolError:
    return ToolError(message, kind="bad_request")
