"""Sums that are told in words, as the expressions that they mean: add 2 and 3, 12 times 7, half of 90.

A sum is read only where all of it is understood: `add 10 days` and `3 times` are none. What is to be
done with the result of an earlier step has RESULT in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from overseer.frontends.rules.candidates import Candidate
from overseer.frontends.rules.slots import slots_of
from overseer.frontends.rules.tokens import Token
from overseer.frontends.rules.words import wordset
from overseer.plan.references import Ref, Text
from overseer.tool import Tool

RESULT = "result"

_SMALL = {
    word: number
    for number, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
         "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
    )
}  # fmt: skip
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_LARGE = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_BETWEEN: tuple[tuple[tuple[str, ...], str], ...] = (
    (("plus",), "+"), (("minus",), "-"), (("times",), "*"), (("x",), "*"), (("multiplied", "by"), "*"),
    (("divided", "by"), "/"), (("over",), "/"), (("to", "the", "power", "of"), "**"), (("mod",), "%"),
    (("+",), "+"), (("-",), "-"), (("*",), "*"), (("/",), "/"), (("^",), "**"),
)  # fmt: skip
_BEFORE: tuple[tuple[tuple[str, ...], str], ...] = (
    (("square", "root", "of"), "sqrt({})"), (("cube", "root", "of"), "cbrt({})"), (("root", "of"), "sqrt({})"),
    (("half", "of"), "{} / 2"), (("a", "third", "of"), "{} / 3"), (("a", "quarter", "of"), "{} / 4"),
    (("twice",), "{} * 2"), (("double",), "{} * 2"), (("triple",), "{} * 3"), (("halve",), "{} / 2"),
    (("square", "of"), "{} ** 2"), (("factorial", "of"), "factorial({})"), (("square",), "{} ** 2"),
)  # fmt: skip
_FUNCTIONS = frozenset(words[0] for words, _ in _BEFORE)
_BEHIND = {"squared": "{} ** 2", "cubed": "{} ** 3"}
# The first number, the word between and the second, as they stand in the expression.
_BY_VERB: tuple[tuple[tuple[str, ...], frozenset[str], str], ...] = (
    (("subtract",), frozenset({"from"}), "{1} - {0}"),
    (("take",), frozenset({"from"}), "{1} - {0}"),
    (("multiply",), frozenset({"by", "with", "and"}), "{0} * {1}"),
    (("divide",), frozenset({"by"}), "{0} / {1}"),
    (("raise",), frozenset({"to the power of"}), "{0} ** {1}"),
    (("difference", "between"), frozenset({"and"}), "{0} - {1}"),
    (("product", "of"), frozenset({"and"}), "{0} * {1}"),
)
_NUMERIC = frozenset({"number", "money", "percent", "expression"})
_IT = frozenset({"it", "that", "this", "result"})
_NOUNS = frozenset({"result", "sum", "total", "outcome", "answer"})
_ENDING = wordset("and then please equals together is in altogether first")
_ARTICLES = frozenset({"the", "a", "an"})


@dataclass(frozen=True, slots=True)
class _Sum:
    """An expression, and where what was said for it ends."""

    text: str
    end: int
    is_bare: bool = False  # no more than a number
    is_composed: bool = False  # in a way that must be kept together beside a sign


def takes_sums(tools: Iterable[Tool]) -> bool:
    """Whether there is a tool that an expression could be given to."""
    return any(slot.sort == "expression" for tool in tools for slot in slots_of(tool))


def needs_a_sum(tool: Tool) -> bool:
    return any(slot.sort == "expression" and slot.is_required for slot in slots_of(tool))


def with_sums(text: str, tokens: Sequence[Token]) -> tuple[Token, ...]:
    """The tokens of a text, each sum in words as one token that stands for its expression."""
    found: list[Token] = []
    at = 0
    while at < len(tokens):
        told = _sum(tokens, at) if _may_begin(tokens[at]) else None
        if told is None or told.is_bare or not _is_whole(tokens, at, told.end):
            end = at + 1 if told is None else told.end
            found += tokens[at:end]
            at = end
            continue
        start, end = tokens[at].start, tokens[told.end - 1].end
        found.append(Token("expression", text[start:end], start, end, told.text))
        at = told.end
    return tuple(found)


def goes_on(value: Candidate) -> bool:
    """Whether a value is a sum that goes on with what came out before it."""
    return value.kind == "expression" and RESULT in re.findall(r"[a-z]+", str(value.value))


def with_result(expression: str, ref: Ref) -> Text:
    """The expression with what came out before in its place."""
    before, *behind = re.split(rf"\b{RESULT}\b", expression)
    parts: list[str | Ref] = [f"{before}("]
    for piece in behind:
        parts += [ref, f"){piece}" if piece is behind[-1] else f"){piece}("]
    return Text(tuple(parts))


def _may_begin(token: Token) -> bool:
    return token.kind in _NUMERIC or token.low in _BEGINNINGS or token.low in _SMALL or token.low in _TENS


_BEGINNINGS = frozenset(
    {"add", "it", "the", "a", "that", *(words[0] for words, *_ in _BY_VERB), *(words[0] for words, _ in _BEFORE)}
)


def _is_whole(tokens: Sequence[Token], start: int, end: int, *, is_inside: bool = False) -> bool:
    """Whether nothing stands beside a sum that belongs to it: a unit of measurement, a name."""
    behind = tokens[end] if end < len(tokens) else None
    before = tokens[start - 1] if start and not is_inside else None
    if before is not None and (before.is_value or (before.kind == "mark" and before.low not in _STOPS)):
        return False
    return behind is None or behind.low in _ENDING or (behind.kind == "mark" and behind.low in _STOPS)


_STOPS = frozenset(",.;:!?=–—&")


def _sum(tokens: Sequence[Token], at: int) -> _Sum | None:
    """The sum that begins at a token: by a verb, or else numbers with signs or words between them."""
    return _added(tokens, at) or _by_verb(tokens, at) or _chain(tokens, at)


def _added(tokens: Sequence[Token], at: int) -> _Sum | None:
    """Add 2, 3 and 4; add 5 to the result; add 1 to what came before."""
    if tokens[at].low != "add":
        return None
    at = _past(tokens, at + 1, (("up",),))
    at = _past(tokens, at, (("the", "numbers"), ("numbers",), ("together",)))
    numbers: list[str] = []
    end = at
    while (told := _operand(tokens, at)) is not None:
        numbers.append(told.text)
        at = _past(tokens, told.end, ((",", "and"), (",",), ("and",), ("to",), ("&",)))
        end = told.end
    if not numbers:
        return None
    return _Sum(" + ".join(numbers if len(numbers) > 1 else [RESULT, *numbers]), end)


def _by_verb(tokens: Sequence[Token], at: int) -> _Sum | None:
    for words, betweens, form in _BY_VERB:
        begin = _past(tokens, _past(tokens, at, (("the",),)), (words,))
        if not _says(tokens, begin - len(words), words):
            continue
        if words in _GOING_ON and (rest := _with_the_result(tokens, begin, words)) is not None:
            return rest
        if (first := _operand(tokens, begin)) is None:
            continue
        for between in betweens:
            middle = tuple(between.split())
            second = _operand(tokens, first.end + len(middle)) if _says(tokens, first.end, middle) else None
            if second is not None:
                return _Sum(form.format(_held(first.text), _held(second.text)), second.end)
    return None


def _with_the_result(tokens: Sequence[Token], at: int, words: tuple[str, ...]) -> _Sum | None:
    """Divide by 5: what was done before goes on."""
    between, form = _GOING_ON[words]
    begin = at + len(between)
    told = _operand(tokens, begin) if _says(tokens, at, between) else None
    if told is None or not _is_whole(tokens, begin, told.end, is_inside=True):
        return None
    return _Sum(form.format(_held(told.text)), told.end)


_GOING_ON: dict[tuple[str, ...], tuple[tuple[str, ...], str]] = {
    ("subtract",): ((), f"{RESULT} - {{}}"),
    ("multiply",): (("by",), f"{RESULT} * {{}}"),
    ("divide",): (("by",), f"{RESULT} / {{}}"),
}


def _chain(tokens: Sequence[Token], at: int) -> _Sum | None:
    """5 plus 3 minus 2; what is told alone is no sum unless something is done with it."""
    told = _operand(tokens, at)
    while told is not None:
        sign = next((sign for sign in _BETWEEN if _says(tokens, told.end, sign[0])), None)
        following = _operand(tokens, told.end + len(sign[0])) if sign is not None else None
        if sign is None or following is None:
            return told
        if following.is_bare and following.text.endswith("%"):
            return None  # 10% more than what it is added to, or a tenth?
        first, second = (_held(part.text) if part.is_composed else part.text for part in (told, following))
        told = _Sum(f"{first} {sign[1]} {second}", following.end)
    return None


def _operand(tokens: Sequence[Token], at: int, depth: int = 0) -> _Sum | None:
    """A number, in digits or words, or a function of one, or the result of what was done before."""
    if depth > _DEEPEST:
        return None
    bare = _past(tokens, at, (("the",),))
    for words, form in _BEFORE if bare < len(tokens) and tokens[bare].low in _FUNCTIONS else ():
        begin = at if words[0] == "a" else bare
        if _says(tokens, begin, words) and (inner := _operand(tokens, begin + len(words), depth + 1)) is not None:
            return _Sum(form.format(_held(inner.text)), inner.end, is_composed=True)
    told = _number(tokens, at) or _result(tokens, at)
    if told is None:
        return None
    if told.end < len(tokens) and tokens[told.end].low in _BEHIND:
        return _Sum(_BEHIND[tokens[told.end].low].format(_held(told.text)), told.end + 1, is_composed=True)
    if _is_percent(tokens, told.end) and (whole := _operand(tokens, told.end + 1, depth + 1)) is not None:
        return _Sum(f"{told.text} of {_held(whole.text)}", whole.end, is_composed=True)
    return told


_DEEPEST = 9  # half of half of half of …


def _is_percent(tokens: Sequence[Token], end: int) -> bool:
    return end < len(tokens) and tokens[end].low == "of" and tokens[end - 1].kind == "percent"


def _number(tokens: Sequence[Token], at: int) -> _Sum | None:
    if at >= len(tokens):
        return None
    token = tokens[at]
    if token.kind in ("number", "money"):
        return _Sum(str(token.value), at + 1, is_bare=True)
    if token.kind == "percent":
        return _Sum(f"{token.value}%", at + 1, is_bare=True)
    if token.kind == "expression":
        return _Sum(str(token.value), at + 1, is_bare=True)
    return _in_words(tokens, at)


def _in_words(tokens: Sequence[Token], at: int) -> _Sum | None:
    """Twenty five, two hundred."""
    total, begin = 0, at
    while at < len(tokens):
        words = tokens[at].low.split("-")
        if all(word in _SMALL or word in _TENS for word in words):
            total += sum(_SMALL.get(word, 0) + _TENS.get(word, 0) for word in words)
        elif at > begin and tokens[at].low in _LARGE:
            total *= _LARGE[tokens[at].low]
        else:
            break
        at += 1
    return _Sum(str(total), at, is_bare=True) if at > begin else None


def _result(tokens: Sequence[Token], at: int) -> _Sum | None:
    """What `it` or `the result` stands for."""
    if at >= len(tokens):
        return None
    if tokens[at].low in _ARTICLES and at + 1 < len(tokens) and tokens[at + 1].low in _NOUNS:
        return _Sum(RESULT, at + 2, is_bare=True)
    return _Sum(RESULT, at + 1, is_bare=True) if tokens[at].low in _IT else None


def _held(text: str) -> str:
    """A part of an expression so that nothing beside it tears it apart."""
    return text if re.fullmatch(r"-?[\w.%]+|\w+\([^()]*\)", text) else f"({text})"


def _says(tokens: Sequence[Token], at: int, words: tuple[str, ...]) -> bool:
    return at >= 0 and tuple(token.low for token in tokens[at : at + len(words)]) == words


def _past(tokens: Sequence[Token], at: int, options: Iterable[tuple[str, ...]]) -> int:
    """Where it goes on behind the first of some words that stand here."""
    return next((at + len(words) for words in options if _says(tokens, at, words)), at)
