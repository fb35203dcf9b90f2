"""The words of a part as one line that patterns are held against, with a mark in the place of each value.

What a pattern understands is taken out of the line; what is left at the end was not understood. A question
that is read so is either understood to its last word or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from overseer.frontends.rules.quoting import SORTS
from overseer.frontends.rules.tokens import Token
from overseer.frontends.rules.words import SILENT, wordset

# A mark is a letter for what the value is, and its number: <p0> is a path.
_MARKS = {"path": "p", "url": "u", "number": "n", "money": "n", "quote": "q", "code": "q", "date": "d", "time": "t"}
NAME = r"(?:[^\W\d]\w*|<q\d+>)"  # of a column
VALUE = r"(?:<[nqd]\d+>|(?-i:[A-Z][\w-]*(?: [A-Z][\w-]*)+)|[^\W\d][\w-]*)"
_NO_NAME = (SILENT - {"id", "name", "time", "number"}) | wordset(
    """row rows column columns file files line lines entries entry record records value values table first last top
    sort order show list count average mean total sum highest lowest largest smallest number"""
)
_NO_VALUE = wordset("set given known available valid empty missing between among maximum minimum null none blank like")
# What may be left of a question that was understood.
_LITTLE = wordset(
    """a an the of in from and is are was does do has have there any me my please can you could tell show give get list
    find what which display print all see i want to know only just by with it its them that those these this , ? : 's"""
)

_GREETING = wordset("hello hi hey dear thanks thank okay")  # said to somebody, and sought in a text


class Wording:
    """What of a part is still to be understood."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._values: dict[str, Token] = {}
        self.rest = " ".join(self._written(token) for token in tokens)

    def take(self, pattern: str) -> re.Match[str] | None:
        """Where a pattern is found first, which is taken out; None where it is nowhere."""
        found = re.search(rf"(?<![\w<])(?:{pattern})(?![\w>])", self.rest, re.IGNORECASE)
        if found is not None:
            self.rest = " ".join(f"{self.rest[: found.start()]} {self.rest[found.end() :]}".split())
        return found

    def is_done(self, besides: str = "") -> bool:
        """Whether nothing is left but little words and those that are named."""
        words = re.sub(r"(\w)(?:'|’)s\b", r"\1 's", self.rest.casefold()).split()
        return _LITTLE.union(besides.split()).issuperset(words)

    def value(self, said: str) -> Any:
        """What a mark stands for; a word stands for itself."""
        return self._values[said].value if said in self._values else said

    def name(self, said: str) -> str | None:
        """What a column is called; None where a word that says something else stands in its place."""
        if said in self._values:
            return str(self._values[said].value)
        return None if said.casefold() in _NO_NAME else said

    def text(self, mark: str | None, word: str | None) -> str | None:
        """What is sought in a text; None where a word says only which sort of text it is."""
        if mark:
            return str(self.value(mark))
        return None if word is None or word.casefold() in SORTS or word.casefold() in SILENT - _GREETING else word

    def constant(self, said: str) -> Any:
        """What something is compared with; None where the words say no more than which sort of value it is."""
        if said in self._values:
            token = self._values[said]
            is_read = token.kind != "date" or re.match(r"\d{4}-\d\d-\d\d", token.text)
            return token.value if is_read else None
        low = said.casefold()
        if low in ("true", "false"):
            return low == "true"
        return None if low in _NO_NAME or low in _NO_VALUE else said

    def _written(self, token: Token) -> str:
        if not token.is_value:
            return token.text
        mark = f"<{_MARKS.get(token.kind, 'v')}{len(self._values)}>"
        self._values[mark] = token
        return mark
