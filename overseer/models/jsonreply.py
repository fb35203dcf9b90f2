"""Finding JSON in what a model said: bare, in a fenced block, or within a sentence or two.

What is found is a list of candidates. Which of them is meant is certain only together with what was
asked for, so the choice is left to whoever knows that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from overseer.jsonvalue import Json

_FENCED = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*\w*[ \t]*\n(.*?)^[ \t]*\1[ \t]*$", re.DOTALL | re.MULTILINE)
_OPENING = re.compile(r"[{\[]")
_LIKE_JSON = re.compile(r"\{\s*[\"}]|\[\s*[\"{\[\]\d-]")

# Text full of brackets is not JSON with something around it.
_MOST_TRIED = 200


def values_in(text: str) -> list[Json]:
    """The JSON values in a text: itself, or else its fenced blocks, or else the objects and lists in it."""
    for reading in (_bare, _fenced, _embedded):
        if found := list(reading(text)):
            return found
    return []


def _bare(text: str) -> Iterator[Json]:
    try:
        yield _DECODER.decode(text)
    except (ValueError, RecursionError):
        return


def _fenced(text: str) -> Iterator[Json]:
    for block in _FENCED.finditer(text):
        yield from _bare(block.group(2))


def _embedded(text: str) -> Iterator[Json]:
    end = 0
    for tried, opening in enumerate(_OPENING.finditer(text)):
        if tried == _MOST_TRIED:
            return
        if opening.start() < end:
            continue
        try:
            value, end = _DECODER.raw_decode(text, opening.start())
        except (ValueError, RecursionError):
            if _LIKE_JSON.match(text, opening.start()):
                return  # broken or cut off: what is inside of it is not what was meant
            continue
        yield value


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_number)
