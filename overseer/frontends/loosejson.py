"""JSON as models write it, made strict: quotes of other kinds, comments, commas too many, words of Python.

Only what can mean one thing alone is changed, token by token; brackets, commas and values stay where they
are. So whoever reads the result strictly still finds everything else that is wrong. Line breaks stay too,
which keeps the numbers of lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

# What begins an object, or a list of objects, in the middle of other text.
OPENING = re.compile(r"\{\s*(?:[\"'“‘]|//|/\*|\#|[A-Za-z_]\w*\s*:)|\[\s*\{")

_BLANK = re.compile(r"\s+|//[^\n]*|\#[^\n]*|/\*.*?\*/", re.DOTALL)
_WORD = re.compile(r"[\w.+\-$]+")
_KEY = re.compile(r"[A-Za-z_$][\w$-]*(?=\s*:)")
_CONSTANTS = {"True": "true", "False": "false", "None": "null"}

# The texts that each quote can begin. Only one in double quotes may have line breaks in it.
_STRINGS = {
    '"': re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL),
    "'": re.compile(r"'([^'\\\n]*(?:\\.[^'\\\n]*)*)'"),
    "“": re.compile(r"“([^“”\\\n]*(?:\\.[^“”\\\n]*)*)”"),
    "”": re.compile(r"”([^“”\\\n]*(?:\\.[^“”\\\n]*)*)”"),
    "‘": re.compile(r"‘([^‘’\\\n]*(?:\\.[^‘’\\\n]*)*)’"),
}
_UNUSUAL = re.compile(r'\\(x[0-9a-fA-F]{2}|U[0-9a-fA-F]{8}|.)|["\n\r\t]', re.DOTALL)
_RAW = {'"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_CLOSING = {"{": "}", "[": "]"}


@dataclass(frozen=True, slots=True)
class Piece:
    """An object or list in a text: what it is as strict JSON, and where it ends."""

    json: str  # with line breaks before it, so that its lines have the numbers that they have in the text
    start: int
    end: int
    is_closed: bool  # or else the text ends, or makes no sense, before its last bracket


def pieces(text: str) -> Iterator[Piece]:
    """The objects in a text, and the lists of objects; the first that is not closed is the last one."""
    at = 0
    while (start := _next_start(text, at)) is not None:
        piece = _Scan(text, start).piece()
        yield piece
        if not piece.is_closed:
            return
        at = piece.end


def _next_start(text: str, at: int) -> int | None:
    """Where the next one begins. A text that begins with a bracket is one, whatever comes after that."""
    if at == 0 and (first := re.match(r"\s*[{\[]", text)):
        return first.end() - 1
    found = OPENING.search(text, at)
    return found.start() if found else None


@dataclass(slots=True)
class _Scan:
    """A position in a text, moving from token to token."""

    text: str
    start: int
    at: int = 0
    written: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)  # the brackets that are to come
    tokens: list[int] = field(default_factory=list)  # where in `written` the last two of them are

    def piece(self) -> Piece:
        self.at = self.start
        before = "\n" * self.text.count("\n", 0, self.start)
        while self._take() and self.ends:
            pass
        return Piece(before + "".join(self.written), self.start, self.at, is_closed=not self.ends)

    def _take(self) -> bool:
        """One token, or what is between two of them; whether it makes any sense to go on."""
        if blank := _BLANK.match(self.text, self.at):
            self._skip(blank)
            return True
        letter = self.text[self.at : self.at + 1]
        if letter in _STRINGS:
            return self._take_string(_STRINGS[letter])
        if word := _KEY.match(self.text, self.at):
            name = word.group()
            return self._write(json.dumps(name) if name not in _CONSTANTS else name, word.end())
        if word := _WORD.match(self.text, self.at):
            return self._write(_CONSTANTS.get(word.group(), word.group()), word.end())
        if letter in _CLOSING:
            self.ends.append(_CLOSING[letter])
        elif letter in ("}", "]"):
            if letter != self.ends[-1]:
                return False
            self.ends.pop()
            self._drop_last_comma()
        return bool(letter) and self._write(letter, self.at + 1)

    def _take_string(self, pattern: re.Pattern[str]) -> bool:
        found = pattern.match(self.text, self.at)
        if found is None:
            return False
        inside = found.group(1)
        # The line breaks in a text that may have none go behind it.
        return self._write(usual_string(inside) + "\n" * inside.count("\n"), found.end())

    def _skip(self, blank: re.Match[str]) -> None:
        text = blank.group()
        self.written.append(text if text.isspace() and text.isascii() else "\n" * text.count("\n") or " ")
        self.at = blank.end()

    def _write(self, token: str, end: int) -> bool:
        self.tokens = [*self.tokens[-1:], len(self.written)]
        self.written.append(token)
        self.at = end
        return True

    def _drop_last_comma(self) -> None:
        """Forget the comma that comes right before a closing bracket, where there is a value before it."""
        if len(self.tokens) == 2 and self.written[self.tokens[1]] == "," and self.written[self.tokens[0]] not in "[{,:":
            self.written[self.tokens[1]] = ""


def usual_string(inside: str) -> str:
    """What stands in quotes of any kind, as a string of JSON."""
    return f'"{_UNUSUAL.sub(_usual, inside)}"'


def _usual(found: re.Match[str]) -> str:
    """An escape as JSON has it, a line break or a quote as an escape; what nobody knows stays as it is."""
    escape = found.group(1)
    if escape is None:
        return _RAW[found.group()]
    if escape == "'":
        return "'"
    if escape[0] == "x" and len(escape) == 3:
        return f"\\u00{escape[1:]}"
    if escape[0] == "U" and len(escape) == 9 and (number := int(escape[1:], 16)) <= 0x10FFFF:
        return json.dumps(chr(number))[1:-1]
    return found.group()
