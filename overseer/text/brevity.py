"""The beginning of a text where all of it would be too much, with a sign that something was left out.

What counts here is letters; how much room they take on a terminal, `cells` knows.
"""

from __future__ import annotations


def shortened(text: str, most: int) -> str:
    """The text in at the most so many letters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def brief(text: str, most: int) -> str:
    """The text in one line of at the most so many letters."""
    return shortened(" ".join(text.split()), most)
