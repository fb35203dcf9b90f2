"""Tools that work on text and lists alone: no files, no network, no model."""

from __future__ import annotations

import difflib
import re
import unicodedata
from typing import Any, Literal

from overseer.tool import ToolError, tool

# Comparing two texts takes time that grows with the product of their lines.
_MOST_LINES = 20_000


@tool(
    tags=["text", "join", "combine"],
    examples=[{"request": "put these lines together with commas", "args": {"texts": ["a", "b"], "separator": ", "}}],
)
def text_join(texts: list[str | None], separator: str = "\n") -> str:
    """Put texts together.

    Args:
        texts: what to join; null counts as empty and is left out
        separator: what to put in between
    """
    return separator.join(text for text in texts if text is not None)


@tool(
    tags=["text", "split", "lines"],
    examples=[{"request": "split 'red, green, blue' at the commas", "args": {"text": "red, green", "separator": ","}}],
)
def text_split(text: str, separator: str = "\n") -> list[str]:
    """Take a text apart; empty parts are left out.

    Args:
        text: what to split
        separator: where to split it
    """
    if not separator:
        raise ToolError("separator is empty; give at least one character", kind="bad_request")
    return [part.strip() for part in text.split(separator) if part.strip()]


@tool(
    tags=["text", "replace", "substitute"],
    examples=[
        {
            "request": "replace 'colour' by 'color' in this text",
            "args": {"text": "My colour", "find": "colour", "replacement": "color"},
        }
    ],
)
def text_replace(text: str, find: str, replacement: str) -> str:
    """Replace every occurrence of one text by another.

    Args:
        text: where to replace
        find: what to replace, taken literally
        replacement: what to put in its place
    """
    if not find:
        raise ToolError("find is empty; say what is to be replaced", kind="bad_request")
    return text.replace(find, replacement)


@tool(
    tags=["text", "case", "uppercase", "lowercase", "capitals"],
    examples=[{"request": "write 'hello' in capital letters", "args": {"text": "hello", "case": "upper"}}],
)
def text_case(text: str, case: Literal["upper", "lower", "title"] = "upper") -> str:
    """Change the case of a text.

    Args:
        text: what to change
        case: the case it is to have
    """
    match case:
        case "upper":
            return text.upper()
        case "lower":
            return text.lower()
        case "title":
            # Not str.title, which makes "Don'T" of "don't".
            return re.sub(r"[^\W\d_]+(?:['’][^\W\d_]+)*", lambda word: word[0][:1].upper() + word[0][1:].lower(), text)


@tool(
    tags=["text", "lines", "sort", "order", "alphabetically"],
    examples=[
        {"request": "sort these lines alphabetically", "args": {"text": "pear\nApple\nfig"}},
        {"request": "sort the numbers from high to low", "args": {"text": "9\n10\n8", "by": "number", "reverse": True}},
    ],
)
def sort_lines(text: str, by: Literal["text", "number", "length"] = "text", reverse: bool = False) -> str:
    """Put the lines of a text in order.

    Args:
        text: the lines
        by: text ignores case and accents, number takes the first number in a line (lines without one come
            last), length counts characters
        reverse: from last to first
    """
    lines = text.splitlines()
    if by == "length":
        return "\n".join(sorted(lines, key=len, reverse=reverse))
    if by == "text":
        return "\n".join(sorted(lines, key=lambda line: (_plain(line), line), reverse=reverse))
    numbered = [(float(found[0]), line) for line in lines if (found := re.search(r"-?\d+(?:\.\d+)?", line))]
    others = [line for line in lines if not re.search(r"\d", line)]
    return "\n".join([line for _, line in sorted(numbered, key=lambda pair: pair[0], reverse=reverse)] + others)


def _plain(text: str) -> str:
    """A text as one looks it up in a dictionary: without accents and case."""
    letters = unicodedata.normalize("NFD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


@tool(
    tags=["text", "lines", "unique", "duplicates", "deduplicate"],
    examples=[{"request": "remove the duplicate lines", "args": {"text": "a\nb\na"}}],
)
def unique_lines(text: str, ignore_case: bool = False, keep_empty: bool = False) -> str:
    """Remove repeated lines from a text; the first of each stays where it is.

    Args:
        text: the lines
        ignore_case: take lines that differ only in case for the same
        keep_empty: leave empty lines alone instead of removing repeated ones
    """
    seen: set[str] = set()
    kept = []
    for line in text.splitlines():
        known_as = line.casefold() if ignore_case else line
        if known_as in seen and not (keep_empty and not line.strip()):
            continue
        seen.add(known_as)
        kept.append(line)
    return "\n".join(kept)


@tool(
    tags=["text", "lines", "filter", "search", "grep"],
    examples=[{"request": "only the lines that contain error", "args": {"text": "ok\nError 5", "containing": "error"}}],
)
def filter_lines(text: str, containing: str, invert: bool = False, ignore_case: bool = True) -> str:
    """Keep the lines of a text that contain some words.

    Args:
        text: the lines
        containing: what a line must contain to stay, taken literally
        invert: keep the lines that do not contain it instead
        ignore_case: whether small and capital letters are the same
    """
    if not containing:
        raise ToolError("containing is empty; say what the lines are to contain", kind="bad_request")
    fold = str.casefold if ignore_case else str
    wanted = fold(containing)
    return "\n".join(line for line in text.splitlines() if (wanted in fold(line)) != invert)


@tool(
    tags=["text", "diff", "compare", "difference", "changes"],
    examples=[{"request": "compare these two texts", "args": {"old": "one\ntwo", "new": "one\nthree"}}],
)
def diff_texts(
    old: str, new: str, context_lines: int = 3, old_name: str = "old", new_name: str = "new"
) -> dict[str, Any]:
    """Compare two texts line by line: a unified diff, how alike they are, and the lines added and removed.

    Args:
        old: the text as it was
        new: the text as it is
        context_lines: how many unchanged lines to show around a change
        old_name: what the diff calls the old text
        new_name: what the diff calls the new text
    """
    if context_lines < 0:
        raise ToolError(f"context_lines is {context_lines}; give 0 or more", kind="bad_request")
    before, after = old.splitlines(), new.splitlines()
    for name, lines in (("old", before), ("new", after)):
        if len(lines) > _MOST_LINES:
            raise ToolError(f"{name} has {len(lines)} lines; compare at most {_MOST_LINES} at a time")
    diff = list(difflib.unified_diff(before, after, old_name, new_name, lineterm="", n=context_lines))
    matcher = difflib.SequenceMatcher(None, before, after)
    return {
        "same": old == new,
        "ratio": round(matcher.ratio(), 4),
        "added": sum(line.startswith("+") for line in diff[2:]),
        "removed": sum(line.startswith("-") for line in diff[2:]),
        "diff": "\n".join(diff),
    }
