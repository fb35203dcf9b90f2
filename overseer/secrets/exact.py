"""Finding many known texts in a large one at once, fast where there is none of them.

Of each text the rarest character is chosen, with the three that follow. One expression looks for these: its first
character is one of very few, all seldom seen, so most of a text is skipped at the speed of the
expression engine. Where all four stand, the texts that have them are compared.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

# Seldom to frequent in prose, code and JSON. What is not listed (other scripts, control characters) is rarer still.
_BY_FREQUENCY = "^~@!&%$ZQX|?JKY+VWUGH#\\<>;BMNDFLOCPRTI*[]{}ASE98764532jqzxk10'(),\"vw-bg=:/y.pf_muhdclrosnaite \n"
_FREQUENCY = {character: place for place, character in enumerate(_BY_FREQUENCY)}
_WIDTH = 4


class ExactFinder:
    """Where any of several texts stands. Each has a label and at least four characters."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = dict(labels)
        self._by_anchor: dict[str, list[tuple[int, str]]] = defaultdict(list)
        pivots = _pivots(list(self._labels))
        for text in self._labels:
            place = min(range(len(text) - _WIDTH + 1), key=lambda place: (pivots.get(text[place], 1 << 30), place))
            self._by_anchor[text[place : place + _WIDTH]].append((place, text))
        self._anchors = _alternation(self._by_anchor)

    def spans(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Every occurrence of every text, with its label; they may overlap."""
        if self._anchors is None:
            return
        for found in self._anchors.finditer(text):
            start = found.start()
            for place, searched in self._by_anchor[text[start : start + _WIDTH]]:
                if start >= place and text.startswith(searched, start - place):
                    yield start - place, start - place + len(searched), self._labels[searched]


def _pivots(texts: list[str]) -> dict[str, int]:
    """Few and rare characters, in order, such that each text has one with three more behind it."""
    pivots: dict[str, int] = {}
    left = [set(text[: 1 - _WIDTH]) for text in texts]
    for character in sorted(set().union(*left), key=lambda character: _FREQUENCY.get(character, -1)):
        if len(remaining := [letters for letters in left if character not in letters]) < len(left):
            pivots[character] = len(pivots)
            left = remaining
    return pivots


def _alternation(anchors: Mapping[str, object]) -> re.Pattern[str] | None:
    if not anchors:
        return None
    rests: dict[str, list[str]] = defaultdict(list)
    for anchor in sorted(anchors):
        rests[anchor[0]].append(anchor[1:])
    # Only the first character is read, so that anchors which overlap are all found.
    branches = [f"{re.escape(first)}(?={'|'.join(map(re.escape, rest))})" for first, rest in rests.items()]
    return re.compile("|".join(branches))
