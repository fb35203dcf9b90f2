"""What somebody may have meant: the nearest known name, or a short list of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from overseer.plan.references import BadReference, Ref, parse

Guess = Callable[[str, Iterable[str], str], str]  # a remedy for: a word, the names there are, what to call them

_COMPARED = 500  # comparing a word with thousands of names would take longer than all other checks


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The one among `names` that `word` most probably is a slip of."""
    from difflib import get_close_matches

    names = list(names)
    folded = {name.casefold(): name for name in names}
    if word.casefold() in folded:
        return folded[word.casefold()]
    if len(names) > _COMPARED:
        names = [name for name in names if name[:1] == word[:1] and abs(len(name) - len(word)) <= 2][:_COMPARED]
    return next(iter(get_close_matches(word, names, n=1, cutoff=0.6)), None)


def listed(names: Iterable[str], *, most: int = 12) -> str:
    """Names in a sentence, cut short when there are many."""
    names = list(names)
    rest = len(names) - most
    return ", ".join(names) if rest <= 0 else f"{', '.join(names[:most])} and {rest} more"


def did_you_mean(word: str, names: Iterable[str], otherwise: str = "known", *, most: int = 12) -> str:
    """A remedy for an unknown name: the nearest one, or what there is."""
    names = list(names)
    if guess := nearest(word, names):
        return f"did you mean '{guess}'?"
    return f"{otherwise}: {listed(names, most=most)}" if names else ""


def forgotten_braces(value: object) -> str:
    """A remedy for text that would be a reference if it had its braces."""
    if not isinstance(value, str):
        return ""
    suggestion = f"{{{{{value}}}}}"
    try:
        return f'write "{suggestion}"' if isinstance(parse(suggestion), Ref) else ""
    except BadReference:
        return ""
