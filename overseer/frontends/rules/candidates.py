"""The values that a part of a request names, each with the words around it that tell what it is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal, TypeAlias

from overseer.frontends.rules.tokens import Token
from overseer.frontends.rules.verbs import is_doing, is_verb
from overseer.frontends.rules.words import SILENT, name_words, stem, wordset

Kind: TypeAlias = Literal[
    "code", "quote", "url", "email", "path", "data", "date", "time", "phone", "expression", "money", "percent",
    "number", "count", "name", "id", "language", "unit", "option",
]  # fmt: skip

NUMERIC: frozenset[str] = frozenset({"number", "money", "percent", "count"})

LANGUAGES = wordset(
    """afrikaans albanian arabic armenian basque bengali bulgarian catalan chinese croatian czech danish dutch
    english estonian finnish french galician georgian german greek hebrew hindi hungarian icelandic indonesian
    irish italian japanese javanese korean latin latvian lithuanian malay mandarin norwegian persian polish
    portuguese punjabi romanian russian serbian slovak slovenian spanish swahili swedish tamil thai turkish
    ukrainian urdu vietnamese welsh yiddish zulu"""
)
DAYS = frozenset({"today", "tomorrow", "yesterday", "now"})
_WEEKDAYS = frozenset({"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"})
COUNTS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "fifteen": 15, "twenty": 20, "fifty": 50, "hundred": 100, "dozen": 12, "thousand": 1000,
}  # fmt: skip
_ENDS = frozenset({"first", "last"})
_JOINING = frozenset({",", "and", "or", "&"})
_JOINING_OR_LITTLE = _JOINING | {"in", "to", "into", "of", "from", "for", "with", "on"}
_PREPOSITIONS = wordset(
    """from to into in at on by with of for between and as about until since after before under over within near
    inside across named called titled is are was where saying containing"""
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value, where it stands, and what is said around it."""

    kind: Kind
    value: Any
    start: int
    end: int
    part: int
    before: tuple[str, ...] = ()  # stems of the words before it, the nearest first
    after: tuple[str, ...] = ()
    preposition: str = ""
    joined: bool = False  # only a comma or an `and` stands between it and the value before
    listed: bool = False  # the same holds for it or for the value behind
    end_of: str = ""  # `first` or `last` for so many of something from that end


def family_of(kind: str) -> str:
    """The kind of a value where it does not matter how a number is written."""
    return "number" if kind in NUMERIC else kind


def candidates_of(tokens: Sequence[Token], part: int) -> tuple[Candidate, ...]:
    """The values of a part, in order."""
    spans = _spans(tokens)
    found: list[Candidate] = []
    last_end = -1
    for start, end, kind, value in spans:
        before, preposition = _before(tokens, start, last_end)
        between = [token.low for token in tokens[last_end:start]] if found else ["-"]
        joined = not _JOINING.isdisjoint(between) and _JOINING_OR_LITTLE.issuperset(between)
        after = _after(tokens, end)
        end_of = tokens[start - 1].low if start and kind in NUMERIC and tokens[start - 1].low in _ENDS else ""
        if joined and not preposition:  # to French and Spanish
            preposition = found[-1].preposition
        found.append(
            Candidate(
                kind,
                value,
                tokens[start].start,
                tokens[end - 1].end,
                part,
                before,
                after,
                preposition,
                joined,
                end_of=end_of,
            )
        )
        last_end = end
    behind = [*(value.joined for value in found), False][1:]
    return tuple(replace(value, listed=value.joined or next_) for value, next_ in zip(found, behind, strict=True))


def _spans(tokens: Sequence[Token]) -> list[tuple[int, int, Kind, Any]]:
    found: list[tuple[int, int, Kind, Any]] = []
    at = 0
    while at < len(tokens):
        span = _span(tokens, at)
        if span is None:
            at += 1
        else:
            found.append((at, *span))
            at = span[0]
    return found


def _span(tokens: Sequence[Token], at: int) -> tuple[int, Kind, Any] | None:
    """The value that begins at a token: where it ends, what it is, and what it stands for."""
    token = tokens[at]
    if token.is_value:
        return at + 1, token.kind, token.value  # type: ignore[return-value]
    if token.kind == "mark":
        return None
    low = token.low
    if low in LANGUAGES and (token.text[0].isupper() or (at and tokens[at - 1].low in ("to", "into", "in", "from"))):
        return at + 1, "language", token.text
    if low in DAYS or low in _WEEKDAYS:
        return at + 1, "date", low if low in DAYS else token.text
    if (day := low.removesuffix("'s").removesuffix("’s")) in DAYS:
        return at + 1, "date", day
    if low in COUNTS:
        return at + 1, "count", COUNTS[low]
    if _is_code(token.text) or _is_column(tokens, at):
        return at + 1, "id", token.text
    end = _name_end(tokens, at)
    return (end, "name", _written(tokens[at:end])) if end > at else None


def _is_code(text: str) -> bool:
    return (any(c.isdigit() for c in text) and any(c.isalpha() for c in text) and not text[0].isdigit()) or (
        "_" in text and len(text) > 2
    )


def _is_column(tokens: Sequence[Token], at: int) -> bool:
    """Whether a word is what a column is called: the column price."""
    token = tokens[at]
    is_led_to = at > 0 and tokens[at - 1].low == "column"
    return is_led_to and token.kind == "word" and token.low not in SILENT | _PREPOSITIONS | _JOINING


def _name_end(tokens: Sequence[Token], at: int) -> int:
    """Where a name ends that begins here: words in capitals, with the small words that join them."""
    first = tokens[at]
    if not first.text[0].isupper() or first.low in SILENT or (at == 0 and _begins_sentence(tokens)):
        return at
    end = at + 1
    while end < len(tokens):
        token = tokens[end]
        if token.kind == "word" and token.text[0].isupper() and token.low != "i":
            end += 1
        elif (
            token.low in ("of", "the", "de", "and the") and end + 1 < len(tokens) and _is_capital(tokens[end + 1])
        ) or (token.low == "," and end + 1 < len(tokens) and _is_state(tokens[end + 1])):
            end += 2
        else:
            break
    return end


_STATES = wordset(
    """alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii idaho
    illinois indiana iowa kansas kentucky louisiana maine maryland massachusetts michigan minnesota mississippi
    missouri montana nebraska nevada ohio oklahoma oregon pennsylvania tennessee texas utah vermont virginia
    washington wisconsin wyoming france germany italy spain england japan china india canada usa uk australia
    brazil mexico"""
)


def _is_state(token: Token) -> bool:
    return token.low in _STATES or (token.kind == "word" and len(token.text) == 2 and token.text.isupper())


def _begins_sentence(tokens: Sequence[Token]) -> bool:
    """Whether a capital at the beginning says nothing, since it is a verb or nothing else is in capitals."""
    first = tokens[0].low
    return is_verb(first) or is_doing(first) or len(tokens) < 2 or not _is_capital(tokens[1])


def _is_capital(token: Token) -> bool:
    return token.kind == "word" and token.text[0].isupper()


def _written(tokens: Sequence[Token]) -> str:
    text = tokens[0].text
    for before, token in pairwise(tokens):
        text += (" " if token.start > before.end else "") + token.text
    return text.removesuffix("'s").removesuffix("’s")


def _before(tokens: Sequence[Token], start: int, last_end: int) -> tuple[tuple[str, ...], str]:
    """The stems of the words before a value, the nearest first, and the preposition that leads to it."""
    found: list[str] = []
    preposition = ""
    for at in range(start - 1, max(start - 8, last_end - 1, -1), -1):
        token = tokens[at]
        if token.low in (",", ";") and found:
            break
        if token.low in _PREPOSITIONS and not preposition and len(found) <= 1 and token.low not in ("and",):
            preposition = token.low
        if token.kind == "word" and token.low not in SILENT:
            found += [stem(word) for word in reversed(name_words(token.text)) if word not in SILENT]
        if len(found) >= 5:
            break
    return tuple(found), preposition


def _after(tokens: Sequence[Token], end: int) -> tuple[str, ...]:
    found: list[str] = []
    for token in tokens[end : end + 3]:
        if token.kind != "word" or (token.low in _PREPOSITIONS and found):
            break
        if token.low not in SILENT:
            found += [stem(word) for word in name_words(token.text)]
    return tuple(found)
