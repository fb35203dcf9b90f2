"""A request cut into tokens, with what must never be cut kept whole.

A quotation, a piece of code, a link, a file name, a date or a number is one token, whatever commas,
points and conjunctions stand in it. Positions are those of the text, so that any run of tokens can be
read back as it was written.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal[
    "code",
    "quote",
    "url",
    "email",
    "path",
    "data",
    "date",
    "time",
    "phone",
    "expression",
    "money",
    "percent",
    "number",
    "word",
    "mark",
]


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a mark or a value; `value` is what it stands for, and `text` how it was written."""

    kind: Kind
    text: str
    start: int
    end: int
    value: Any = None

    @property
    def low(self) -> str:
        return self.text.casefold() if self.kind in ("word", "mark") else ""

    @property
    def is_value(self) -> bool:
        return self.kind not in ("word", "mark")


_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_OPERAND = rf"(?:{_NUMBER}%?|(?:sqrt|sin|cos|tan|log|ln|exp|abs|min|max|round|floor|ceil)\([^()]{{0,60}}\)|pi\b)"

_PATTERNS: tuple[tuple[Kind, str], ...] = (
    ("code", r"```.{0,9000}?```|`[^`\n]{1,2000}`"),
    ("quote", r"\"[^\"]{1,9000}\"|“[^”]{1,9000}”|«[^»]{1,9000}»|„[^“”]{1,9000}[“”]|(?<!\w)'[^'\n]{1,9000}?'(?!\w)"),
    ("quote", r"(?<!\w)'(?=[^\s'])(?:[^'\n]|'(?=\w)){1,2000}?'(?!\w)|(?<!\w)‘[^’\n]{1,2000}’"),
    ("url", r"https?://[^\s<>\"'”]{1,2000}|www\.[^\s<>\"'”]{2,2000}"),
    ("email", r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,5}"),
    ("data", r"\[[^\[\]]{0,4000}(?:\[[^\[\]]{0,400}\][^\[\]]{0,400}){0,40}\]|\{[^{}]{1,4000}\}"),
    ("data", r"\(-?\d+(?:\.\d+)?(?:,\s*-?\d+(?:\.\d+)?)+\)"),
    (
        "date",
        r"\d{4}-\d{1,2}-\d{1,2}(?:[T ]\d{1,2}:\d{2}(?::\d{2})?)?(?!\d)|\d{1,2}\.\d{1,2}\.\d{4}|\d{1,2}/\d{1,2}/\d{2,4}"
        rf"|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?\b"
        rf"|\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?:,?\s+\d{{4}})?(?!\w)",
    ),
    ("time", r"\d{1,2}:\d{2}(?::\d{2})?(?:\s?[ap]m\b|\s?[ap]\.m\.)?|\d{1,2}\s?[ap]m\b"),
    (
        "path",
        r"(?:\.{0,2}/|~/)[\w.*/~+-]*[\w*/]"
        r"|[\w*-][\w.*/+-]{0,1000}\.(?!\d)[A-Za-z][A-Za-z0-9]{0,5}(?![\w.-]*@)(?![\w(])|(?!(?:and|or|he|she|his)/)[\w*.-]{2,200}/[\w.*/-]{0,1000}[\w*/]",
    ),
    ("phone", r"\+\d[\d -]{5,18}\d|\d{3}-\d{3}-\d{4}|\d{3}-\d{4}(?!\d)"),
    (
        "expression",
        rf"[(-]{{0,9}}{_OPERAND}(?:\s?[)]?\s*(?:\*\*|[+*/×÷^])\s*[(-]{{0,9}}{_OPERAND}[)]*|\s+-\s+[(-]{{0,9}}{_OPERAND}[)]*)+",
    ),
    ("expression", r"(?:sqrt|sin|cos|tan|log|ln|exp|abs)\([^()]{1,60}\)|\d+(?:\.\d+)?% of \$?\d[\d,]*(?:\.\d+)?"),
    ("money", rf"[$€£]\s?{_NUMBER}"),
    ("percent", rf"-?{_NUMBER}\s?(?:%|percent\b)"),
    ("number", rf"(?<![\w.])-?{_NUMBER}(?!\d)"),
    ("word", r"[^\W_][\w]*(?:['’-][^\W_][\w]*)*|_\w+"),
    ("mark", r"\S"),
)
_TOKEN = re.compile("|".join(f"(?P<k{at}>{p})" for at, (_, p) in enumerate(_PATTERNS)), re.IGNORECASE | re.DOTALL)

_WHOLE = ("url", "email", "date", "time", "path", "phone")  # what a quotation may hold that is told apart from text
_INSIDE = re.compile("|".join(f"(?P<k{at}>{p})" for at, (k, p) in enumerate(_PATTERNS) if k in _WHOLE), re.IGNORECASE)


def tokens_of(text: str) -> tuple[Token, ...]:
    """The tokens of a text, in order."""
    text, shift = _unwrapped(text)
    found = []
    position = 0
    while match := _TOKEN.search(text, position):
        kind = _PATTERNS[int((match.lastgroup or "k0")[1:])][0]
        token = _token(kind, match.group(), match.start() + shift)
        found.append(token)
        position = max(token.end - shift, position + 1)
    return tuple(found)


def _unwrapped(text: str) -> tuple[str, int]:
    """A request that stands in quotation marks as a whole says what it says without them."""
    bare = text.strip()
    shift = text.find(bare) if bare else 0
    if len(bare) > 2 and bare[0] == bare[-1] == '"' and '"' not in bare[1:-1] and " " in bare:
        return bare[1:-1], shift + 1
    return bare, shift


_CLOSING = ".,;:!?)"
_RATES = frozenset({"km/h", "m/s", "mi/h", "ft/s"})
_ABBREVIATIONS = frozenset({"e.g", "i.e", "a.m", "p.m", "u.s", "etc"})


def _token(kind: Kind, text: str, start: int) -> Token:
    if kind in ("url", "path"):
        text = text.rstrip(_CLOSING)
        if kind == "path" and (text.casefold() in _ABBREVIATIONS | _RATES or not any(c.isalnum() for c in text)):
            kind = "word"
    if kind == "quote" and (inner := _INSIDE.fullmatch(_quoted(text))):
        kind, value = _PATTERNS[int((inner.lastgroup or "k0")[1:])][0], _quoted(text)
        return Token(kind, text, start, start + len(text), _READERS.get(kind, str)(value))
    read = _READERS.get(kind)
    value = read(text) if read is not None else text
    return Token(kind, text, start, start + len(text), value)


def _quoted(text: str) -> str:
    return text[1:-1].strip() or text


def _code(text: str) -> str:
    return text.strip("`").strip() or text


def number_of(text: str) -> int | float:
    """The number that digits with commas stand for."""
    digits = re.sub(r"[^\d.-]", "", text)
    value = float(digits)
    return int(value) if value.is_integer() and abs(value) < 10**15 and "." not in digits else value


def _number(text: str) -> int | float:
    try:
        return number_of(text.casefold().replace("percent", ""))
    except ValueError:
        return 0


def _data(text: str) -> Any:
    """A list or object as JSON, or as what stands between the brackets."""
    body = f"[{text[1:-1]}]" if text[0] == "(" else text
    try:
        return json.loads(body, parse_constant=lambda name: name)
    except (ValueError, RecursionError):
        pass
    if body[0] == "[":
        return [piece.strip().strip("'\"") for piece in body[1:-1].split(",") if piece.strip()]
    return text


_READERS: dict[str, Any] = {
    "quote": _quoted,
    "code": _code,
    "number": _number,
    "money": _number,
    "percent": _number,
    "data": _data,
}
