"""Loose JSON cut into tokens while it arrives, wherever its pieces were cut.

The tokens end where those of `loosejson` end, which reads the same text once it is whole. What a token
means is left to whoever takes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

# `text` is a part of what stands in quotes, which never ends in the middle of a backslash and its letter.
# `broken` is where the text makes no sense any more.
Kind: TypeAlias = Literal[
    "blank", "comment", "word", "quote", "text", "unquote", "open", "close", "comma", "colon", "other", "broken"
]

_RUN = re.compile(r"(\s+)|[\w.+\-$]+")
_MARKS: dict[str, Kind] = {"{": "open", "[": "open", "}": "close", "]": "close", ",": "comma", ":": "colon"}
_ENDS = {'"': '"', "'": "'", "“": "”", "”": "”", "‘": "’"}

# What may stand in each kind of quotes.
_INSIDE = {
    '"': re.compile(r'(?:[^"\\]+|\\.)+', re.DOTALL),
    "'": re.compile(r"(?:[^'\\\n]+|\\.)+"),
    "“": re.compile(r"(?:[^“”\\\n]+|\\.)+"),
    "”": re.compile(r"(?:[^“”\\\n]+|\\.)+"),
    "‘": re.compile(r"(?:[^‘’\\\n]+|\\.)+"),
}


class Slicer:
    """A place in a text that is still arriving."""

    def __init__(self) -> None:
        self._held = ""  # a letter or two that mean nothing until the next one is there
        self._quote = ""  # the one that the text at this place stands in
        self._comment = ""  # what ends the comment that this place is in

    def tokens(self, piece: str) -> Iterator[tuple[Kind, str]]:
        """The tokens, and parts of tokens, that are certain with this piece."""
        text, at = self._held + piece, 0
        self._held = ""
        while at < len(text):
            if self._comment:
                kind, end = self._in_comment(text, at)
            elif self._quote:
                kind, end = self._in_quotes(text, at)
            else:
                kind, end = self._between(text, at)
            if end == at:
                self._held = text[at:]
                return
            yield kind, text[at:end]
            if kind == "broken":
                return
            at = end

    def _between(self, text: str, at: int) -> tuple[Kind, int]:
        letter = text[at]
        if run := _RUN.match(text, at):
            return "blank" if run.group(1) else "word", run.end()
        if letter in _MARKS:
            return _MARKS[letter], at + 1
        if letter in _ENDS:
            self._quote = letter
            return "quote", at + 1
        if letter == "#":
            self._comment = "\n"
            return "comment", at + 1
        if letter != "/":
            return "other", at + 1
        match text[at + 1 : at + 2]:
            case "":
                return "other", at
            case "/":
                self._comment = "\n"
            case "*":
                self._comment = "*/"
            case _:
                return "other", at + 1
        return "comment", at + 2

    def _in_quotes(self, text: str, at: int) -> tuple[Kind, int]:
        if inside := _INSIDE[self._quote].match(text, at):
            return "text", inside.end()
        letter = text[at]
        if letter == _ENDS[self._quote]:
            self._quote = ""
            return "unquote", at + 1
        if letter == "\\" and at + 1 == len(text):
            return "text", at
        return "broken", at + 1

    def _in_comment(self, text: str, at: int) -> tuple[Kind, int]:
        end = text.find(self._comment, at)
        if end >= 0:
            end += len(self._comment)
            self._comment = ""
            return "comment", end
        return "comment", len(text) - (self._comment == "*/" and text.endswith("*"))
