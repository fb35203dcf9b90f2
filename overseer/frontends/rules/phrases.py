"""The words of a part as an argument, where an argument is meant to hold words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from overseer.frontends.rules.parts import Part
from overseer.frontends.rules.quoting import SORTS
from overseer.frontends.rules.slots import Slot
from overseer.frontends.rules.tokens import Token
from overseer.frontends.rules.verbs import is_doing, is_verb
from overseer.frontends.rules.words import SILENT, stem, stems, wordset

_WHOLE = frozenset({"prompt", "task", "instruct", "instruction", "question", "request", "command_line"})
# These hold the thing itself that is worked on, and a request that only names it does not tell it.
_NEEDS_THE_THING = wordset("text content markdown html data json table body old new script")
_LEADING = frozenset({"about", "for", "on", "regarding", "saying", "titled", "called", "named", "that", "says", "of"})
_LONGEST = 300


def phrase_for(part: Part, slot: Slot) -> str | None:
    """What a part says for an argument that takes words; None where that would be a guess."""
    if not slot.takes("string") or slot.sort not in ("content", "any") or slot.options:
        return None
    if slot.words & _NEEDS_THE_THING:
        return None
    if slot.words & _WHOLE or slot.name in _WHOLE:
        return part.text[:_LONGEST]
    tokens = _without_place(_object(part.said))
    if not tokens or all(token.kind in _PLACES for token in tokens) or is_described(tokens):
        return None
    if "command" in slot.name:
        if tokens[0] is part.said[0] or _points(part.said, tokens):
            return None  # `exit please`, `run that again`: there is no verb before it, or nothing that is a command
        tokens = _without_folder(tokens)
    if any(token.kind in _PLACES for token in tokens) and "command" not in slot.name:
        return None
    if "command" in slot.name and _has_article(part.said, tokens[0]):
        return None  # the tests are run by a command, and are none
    begin = tokens[0].start - part.tokens[0].start
    said = part.text[begin : tokens[-1].end - part.tokens[0].start][:_LONGEST].strip()
    if "\n" in said:
        return None  # what stands in lines of its own is a text
    is_empty = slot.words.issuperset(stems(said)) and not any(token.is_value for token in tokens)
    return None if is_empty else said  # `find an actor` does not say which


def _points(said: tuple[Token, ...], tokens: tuple[Token, ...]) -> bool:
    """Whether what is said points at something else, or says that once more."""
    before = {token.low for token in said if token.end <= tokens[0].start}
    return not _POINTING.isdisjoint({*before, tokens[0].low}) or tokens[0].low == "again"


_POINTING = wordset("it that this these those them what whatever which as everything anything something")


def _without_place(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """What is said without the file or link at its end that only tells where: cats in notes.txt."""
    if len(tokens) > 2 and tokens[-1].kind in _PLACES and tokens[-2].low in _INSIDE | {"from", "of"}:
        return tokens[:-2]
    return tokens


_PLACES = frozenset({"path", "url"})


def _without_folder(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """A command without where it is to be run: ls in the folder src."""
    lows = [token.low for token in tokens]
    for words in (["in", "the", "folder"], ["in", "folder"], ["in", "the", "directory"], ["in", "directory"]):
        begin = len(lows) - len(words) - 1
        if begin > 0 and lows[begin:-1] == words:
            return tokens[:begin]
    return tokens


_NAMED_SORTS = wordset("name names text content contents result results output")
_ALL = frozenset({"all", "the", "any", "of"})
_SOUGHT = frozenset({"line", "lines", "file", "files"})
_HOLDING = wordset(
    "in under inside beneath named called that which containing with without mentioning having including matching"
)


def _has_article(tokens: tuple[Token, ...], first: Token) -> bool:
    before = [token.low for token in tokens if token.end <= first.start]
    return before[-1:] in (["the"], ["my"], ["this"], ["these"], ["our"], ["a"], ["an"], ["all"])


def is_described(tokens: Sequence[Token]) -> bool:
    """Whether no more is said than which sort of thing is meant: the Python files here, all numbers.

    Which files or lines are sought is told by what they hold, and that is no text by itself.
    """
    bare = [token.low for token in tokens if token.low not in _ALL]
    if len(bare) > 1 and bare[0] in _SOUGHT and bare[1] in _HOLDING:
        return True
    said = [token.low for token in tokens if token.kind != "mark" and token.low not in SILENT]
    if len(said) == 1 and said[0] in SORTS - _NAMED_SORTS:
        return True
    return len(said) == 2 and said[0] in FILE_ENDINGS and said[1] == "files"


def reaches_below(part: Part, slot: Slot) -> bool:
    """Whether files of a kind are looked for wherever they are: find the Python files, all CSV files."""
    if slot.name != "recursive" or ending_named(part) is None:
        return False
    return not _ANYWHERE.isdisjoint(token.low for token in part.tokens)


_ANYWHERE = frozenset({"find", "search", "locate", "all", "every", "any"})


def is_spelt_out(part: Part, slot: Slot) -> bool:
    """Whether the words of a part are an argument of their own: what to run, what to search for, what to write."""
    return part.asks and is_said_in_words(slot) and phrase_for(part, slot) is not None


def is_said_in_words(slot: Slot) -> bool:
    """Whether an argument is what somebody says: nobody runs, or searches for, what a file or a result holds."""
    return bool(slot.words & _SPELT_OUT)


_SPELT_OUT = frozenset(stem(word) for word in ("command", "prompt", "query", "question", "task", "instruction"))


def folder_in(part: Part, slot: Slot) -> str | None:
    """A folder that a part names by a plain word at its end: search for it in src."""
    if _FOLDER not in slot.says | slot.words:
        return None
    for before, token in pairwise(part.said):
        is_plain = token.kind == "word" and not token.text[0].isupper() and token.low not in SILENT
        if before.low in _INSIDE and is_plain and _is_last(part.said, token):
            return token.text
    return None


_FOLDER = stem("folder")
_INSIDE = wordset("in under beneath inside folder directory")


def named_by(part: Part, slot: Slot) -> list[str] | None:
    """What a part does something by, where an argument is called as that is done: sort a.csv by amount."""
    tokens = part.said
    verb = tokens[0].low if tokens else ""
    if slot.name.partition("_")[0] != verb or "string" not in slot.items_of_any:
        return None
    by = next((at for at, token in enumerate(tokens) if token.low == "by"), len(tokens))
    is_plain = by + 2 == len(tokens) and tokens[by + 1].kind == "word"
    return [tokens[by + 1].text] if is_plain else None


def glob_in(part: Part, slot: Slot) -> str | None:
    """Which files a part means by what their names end in: all CSV files."""
    ending = ending_named(part) if "*" in str(slot.schema.get("description", "")) else None
    return f"*.{ending}" if ending is not None else None


def ending_named(part: Part) -> str | None:
    words = [token.low for token in part.tokens]
    return next((FILE_ENDINGS[one] for one, two in pairwise(words) if one in FILE_ENDINGS and two == "files"), None)


FILE_ENDINGS = {
    **{
        ending: ending
        for ending in wordset(
            """txt md csv tsv json yaml toml html css xml svg png jpg gif pdf docx py js ts java rs sql sh log zip"""
        )
    },
    **{"text": "txt", "markdown": "md", "python": "py", "javascript": "js", "typescript": "ts", "rust": "rs"},
    **{"shell": "sh"},
}


def _is_last(tokens: tuple[Token, ...], token: Token) -> bool:
    """Whether nothing stands behind a word but how something is to be done."""
    behind = tokens[tokens.index(token) + 1 :]
    return all(other.kind == "mark" or other.low.endswith("ly") for other in behind)


def _object(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """What a part is about: behind `about` or `for`, or else behind its verb."""
    for at, token in enumerate(tokens):
        if token.low in _LEADING and at and at + 1 < len(tokens):
            return _bare(tokens[at + 1 :])
    for at, token in enumerate(tokens):
        if token.kind == "word" and (is_verb(token.low) or is_doing(token.low)) and at + 1 < len(tokens):
            return _bare(tokens[at + 1 :])
    return _bare(tokens)


def _bare(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    while tokens and (tokens[0].low in SILENT or (len(tokens) > 1 and tokens[0].low in _WHAT_IT_IS)):
        tokens = tokens[1:]
    return tokens


_WHAT_IT_IS = frozenset({"word", "words", "text", "string", "phrase"})
