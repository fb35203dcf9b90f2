"""Slips of the pen in the words that ask: convrt for convert, waht for what.

Only where a verb or a question begins is a word put right, and only where a single one is meant; a word that
is right, or that any tool knows, stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from overseer.frontends.rules.tokens import Token
from overseer.frontends.rules.verbs import ALL_VERBS, is_verb
from overseer.frontends.rules.words import SILENT, stem, wordset

_ASKING = wordset("what which when where list show read find count")
_BEFORE = wordset("and then please also now to you , ; .")
_SHORTEST, _LONGEST = 4, 16


@dataclass(frozen=True, slots=True)
class Slip:
    """A word as it was written, and as it is read."""

    written: str
    meant: str


def put_right(tokens: Sequence[Token], known: frozenset[str]) -> tuple[tuple[Token, ...], tuple[Slip, ...]]:
    """The tokens with the slips in them put right; the stems of `known` words are no slips."""
    found: list[Token] = []
    slips: list[Slip] = []
    for at, token in enumerate(tokens):
        meant = _meant(token, known) if at == 0 or tokens[at - 1].low in _BEFORE else None
        found.append(token if meant is None else replace(token, text=meant))
        slips += [] if meant is None else [Slip(token.text, meant)]
    return tuple(found), tuple(slips)


def _meant(token: Token, known: frozenset[str]) -> str | None:
    """The one word that a word was meant to be; None where it is right or could be several."""
    low = token.low
    is_odd = token.kind == "word" and low.isascii() and low.isalpha() and _SHORTEST <= len(low) <= _LONGEST
    if not is_odd or low in SILENT or is_verb(low) or stem(low) in known:
        return None
    near = {word for word in _one_slip_off(low) if word in ALL_VERBS or word in _ASKING}
    return near.pop() if len(near) == 1 else None


def _one_slip_off(word: str) -> Iterator[str]:
    """The words with two letters in each other's place, and of longer ones with a letter more, less or another."""
    yield from (word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1))
    if len(word) <= _SHORTEST:
        return
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]
        yield from (word[:at] + letter + word[at + 1 :] for letter in _LETTERS)
    for at in range(len(word) + 1):
        yield from (word[:at] + letter + word[at:] for letter in _LETTERS)


_LETTERS = "abcdefghijklmnopqrstuvwxyz"
