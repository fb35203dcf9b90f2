"""The answer in a reply as far as it can be told while the reply still arrives."""

from __future__ import annotations

import json
import re

from overseer.frontends.loosejson import usual_string

# A letter, or an escape that stands for one; the two halves of a pair only together.
_UNITS = re.compile(
    r"(?:[^\\]+|\\[^uxU]|\\x[\da-fA-F]{2}|\\U[\da-fA-F]{8}"
    r"|\\u(?![dD][89abAB])[\da-fA-F]{4}|\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2})+",
    re.DOTALL | re.ASCII,
)
_LONGEST_UNIT = 12
_SURROGATE = re.compile("[\ud800-\udfff]")


class Doubtful(Exception):
    """Nothing more can be told before the whole reply is there."""


class Stripped:
    """A text in pieces without the blanks around it."""

    def __init__(self) -> None:
        self._blanks = ""
        self._has_begun = False

    def add(self, piece: str) -> str:
        """What of the text is certain to be part of it with this piece."""
        text = self._blanks + piece if self._has_begun else piece.lstrip()
        shown = text.rstrip()
        self._blanks = text[len(shown) :]
        self._has_begun = self._has_begun or bool(shown)
        return shown if self._has_begun else ""


class Spoken:
    """An answer that stands in quotes. Where the final reader would refuse it, or may, it raises Doubtful."""

    def __init__(self) -> None:
        self._held = ""  # the beginning of an escape
        self._stripped = Stripped()

    def add(self, part: str) -> str:
        """What can be told of the answer with this part of it, as it is written."""
        text = self._held + part
        found = _UNITS.match(text)
        end = found.end() if found else 0
        self._held = text[end:]
        try:
            said = json.loads(usual_string(text[:end]))
        except ValueError:
            raise Doubtful from None
        if len(self._held) >= _LONGEST_UNIT or _SURROGATE.search(said):
            raise Doubtful
        return self._stripped.add(said)
