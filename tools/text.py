"""Tools that work on text and lists alone: no files, no network, no model."""

from __future__ import annotations

import re
from typing import Literal

from overseer.tool import ToolError, tool


@tool(tags=["text"])
def text_join(texts: list[str | None], separator: str = "\n") -> str:
    """Put texts together.

    Args:
        texts: what to join; null counts as empty and is left out
        separator: what to put in between
    """
    return separator.join(text for text in texts if text is not None)


@tool(tags=["text"])
def text_split(text: str, separator: str = "\n") -> list[str]:
    """Take a text apart; empty parts are left out.

    Args:
        text: what to split
        separator: where to split it
    """
    if not separator:
        raise ToolError("separator is empty; give at least one character", kind="bad_request")
    return [part.strip() for part in text.split(separator) if part.strip()]


@tool(tags=["text"])
def text_statistics(text: str) -> dict[str, int]:
    """Count the lines, words and characters of a text."""
    return {"lines": len(text.splitlines()), "words": len(re.findall(r"\w+", text)), "characters": len(text)}


@tool(tags=["text"])
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


@tool(tags=["text"])
def text_case(text: str, case: Literal["upper", "lower", "title"] = "upper") -> str:
    """Change the case of a text.

    Args:
        text: what to change
        case: the case it is to have
    """
    change = {"upper": text.upper, "lower": text.lower, "title": text.title}
    return change[case]()
