"""How many cells of a terminal a text takes, and texts cut to so many."""

from __future__ import annotations

from functools import lru_cache

ELLIPSIS = "…"
_WIDENS = "\ufe0f"  # asks for the picture of a letter, which may be wider than the letter


def cells_of(text: str) -> int:
    """The cells that a text takes at most: terminals differ about pictures that are made up of several."""
    if text.isascii():
        return len(text)
    return sum(map(_cells, text))


def clipped(text: str, cells: int, ellipsis: str = ELLIPSIS) -> str:
    """The text, or the beginning of it and an ellipsis, in no more than so many cells."""
    if cells_of(text) <= cells:
        return text
    left = cells - cells_of(ellipsis)
    if left < 0:
        return ""
    kept = 0
    for letter in text:
        left -= _cells(letter)
        if left < 0:
            break
        kept += 1
    return text[:kept] + ellipsis


def padded(text: str, cells: int) -> str:
    """The text with as many spaces behind it as it takes to fill so many cells."""
    return text + " " * (cells - cells_of(text))


@lru_cache(4096)
def _cells(letter: str) -> int:
    from rich.cells import get_character_cell_size  # which most texts do not need

    return 1 if letter == _WIDENS else get_character_cell_size(letter)
