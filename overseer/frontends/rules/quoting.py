"""Words that are meant as they stand although no quotation marks are around them: replace foo by bar.

Only where what is said around them leaves no other reading; words that name a sort of thing, or point at
something, stay words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from overseer.frontends.rules.tokens import Token
from overseer.frontends.rules.verbs import is_asking
from overseer.frontends.rules.words import wordset

_MOST = 6  # tokens that stand for one text
_POINTING = wordset(
    """a an the this that these those it its them their my our your his her each every all some any both what"""
)
_CALLED = wordset("word words text string phrase term")
# A sort of text, of which nobody means the name.
SORTS = wordset(
    """number numbers digit digits letter letters date dates email emails link links url urls name names text duplicates
    nothing something anything more less fewer at exactly only space spaces tab tabs comma commas newline newlines line
    lines blank blanks semicolon semicolons dot dots dash dashes quotes word words character characters everything
    column columns row rows occurrence occurrences file files folder folders contents content result results output"""
)


def with_quotes(tokens: Sequence[Token], text: str) -> tuple[Token, ...]:
    """The tokens with those quoted that can only be meant as they stand."""
    found: list[Token] = []
    at = 0
    while at < len(tokens):
        taken = _replaced(tokens, at, text) or _held(tokens, at, text)
        found += taken or tokens[at : at + 1]
        at += 1 if not taken else _width(tokens, at, taken[-1])
    return tuple(found)


def with_pasted(tokens: Sequence[Token], text: str) -> tuple[Token, ...]:
    """The tokens with one for all lines below the first, where that ends by saying that they are what is meant."""
    said = _PASTED.match(text)
    if said is None:
        return tuple(tokens)
    pasted = text[said.end() :]
    if _GOES_ON.search(pasted) or _SEEKS.search(text[: said.end()]):
        return tuple(tokens)
    until = said.start("colon") if said["within"] is None else said.start("within")
    kept = [token for token in tokens if token.end <= until]
    return (*kept, Token("quote", pasted, said.end(), len(text), pasted))


_PASTED = re.compile(
    r"[^\n]*?\b(?:(?:in|of|from) (?P<within>(?:this|the following)(?: \w+)? (?:text|data|message|letter|log))"
    r"|(?:this|these|following)(?: \w+)? (?:text|lines|sentences?|paragraphs?|data|table|csv|json|yaml|html|markdown"
    r"|message|letter|log)(?: \w+){0,4})(?P<colon>:)[ \t]*\n\s*(?=\S)",
    re.IGNORECASE,
)


# A line at the end that says what else is to be done; and what is looked for in a text, beside which no more is taken.
_GOES_ON = re.compile(r"\n\s*(?:then|and|now|finally|next|to|write|save|store|put)\b[^\n]*\Z", re.IGNORECASE)
_SEEKS = re.compile(r"\b(?:search|look)(?:ing)? for\b", re.IGNORECASE)


def with_files(tokens: Sequence[Token], root: Path | None) -> tuple[Token, ...]:
    """The tokens with those read as files whose quotation is the name of one that is there: "my notes.txt"."""
    if root is None:
        return tuple(tokens)
    around = zip(
        ("", *(token.low for token in tokens)), tokens, (*(token.low for token in tokens[1:]), ""), strict=False
    )
    return tuple(
        replace(each, kind="path") if _is_named(before, after) and _is_file(each, root) else each
        for before, each, after in around
    )


def _is_named(before: str, after: str) -> bool:
    """Whether a name is that of a file by where it stands, and not a text to be found, put in or written."""
    return before in _BEFORE_A_FILE or (before in _DONE_TO_FILES and after not in ("from", "in", "with", "by"))


_BEFORE_A_FILE = wordset("in of from read open file summarize summarise")
_DONE_TO_FILES = wordset("delete remove rename move copy")


def _is_file(token: Token, root: Path) -> bool:
    if token.kind != "quote" or not _FILE_NAME.fullmatch(str(token.value)):
        return False
    try:
        return (root / str(token.value)).is_file()
    except (OSError, ValueError):
        return False


_FILE_NAME = re.compile(r"[^\n\0/\\][^\n\0\\]{0,200}\.[A-Za-z]\w{0,4}")


def _width(tokens: Sequence[Token], at: int, last: Token) -> int:
    return sum(token.end <= last.end for token in tokens[at:])


def _replaced(tokens: Sequence[Token], at: int, text: str) -> list[Token]:
    """Replace foo with bar, up to where it is to be done."""
    if tokens[at].low not in ("replace", "substitute"):
        return []
    middle = next((n for n in range(at + 2, min(at + 3 + _MOST, len(tokens))) if tokens[n].low in ("with", "by")), 0)
    end = next((n for n in range(middle + 1, len(tokens)) if _closes(tokens, n)), len(tokens)) if middle else 0
    old = _quoted(tokens[at + 1 : middle], text) if middle else None
    new = _quoted(tokens[middle + 1 : end], text) if middle else None
    return [tokens[at], old, tokens[middle], new] if old is not None and new is not None else []


def _closes(tokens: Sequence[Token], at: int) -> bool:
    return tokens[at].low in ("in", "inside", "within", "and", "then", "everywhere") or (
        tokens[at].kind == "mark" and tokens[at].low in ",.;!?"
    )


def _held(tokens: Sequence[Token], at: int, text: str) -> list[Token]:
    """With the text hello world: what follows is that text, up to what is asked for behind it."""
    lows = [token.low for token in tokens[at : at + 3]]
    if lows[:2] != ["with", "the"] or lows[2:] not in (["text"], ["words"], ["word"], ["line"], ["content"]):
        return []
    begin = at + 3 + (tokens[at + 3].low == ":" if at + 3 < len(tokens) else 0)
    end = len(tokens)
    while end > begin and tokens[end - 1].kind == "mark":
        end -= 1
    joins = (at for at in range(begin + 1, end - 1) if tokens[at].low in ("and", "then", ",", ";", "."))
    end = next((at for at in joins if is_asking(tokens[at + 1].low, is_first=True)), end)
    held = _quoted(tokens[begin:end], text, most=60)
    return [*tokens[at:begin], held] if held is not None else []


def _quoted(run: Sequence[Token], text: str, most: int = _MOST) -> Token | None:
    """The words of a run as one quotation; None where they are none, or one already."""
    if len(run) > 2 and run[0].low in ("the", "every", "each", "all") and run[1].low in _CALLED:
        run = run[2:]
    if len(run) == 1 and run[0].kind in ("quote", "code"):
        return run[0]
    if not run or len(run) > most or any(token.kind in ("quote", "code", "path", "url") for token in run):
        return None
    if run[0].low in _POINTING or any(token.low in SORTS for token in run[:1]):
        return None
    said = text[run[0].start : run[-1].end]
    return replace(run[0], kind="quote", text=said, end=run[-1].end, value=said)
