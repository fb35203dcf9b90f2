"""Prompts are files: how one is read, and how what belongs into it is put there.

Whatever others wrote stands between fences that are longer than any in it, so none of it can end where it does
not end: requests, results, what a tool or a server says of itself, what went wrong.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

# Two braces are those of a reference in a plan.
_PLACEHOLDER = re.compile(r"(?<!\{)\{(\w+)\}(?!\})")
_FENCES = re.compile(r"`{3,}")


def prompt(path: Path, **texts: object) -> str:
    """The prompt in a file, each `{name}` replaced by the text of that name."""
    return _PLACEHOLDER.sub(lambda found: str(texts[found.group(1)]), _file(path))


def fenced(text: str, form: str = "") -> str:
    """Text between fences that it cannot close, as UTF-8 can hold it; `form` says what it is, such as python."""
    fence = "`" * (1 + max((len(run) for run in _FENCES.findall(text)), default=2))
    return f"{fence}{form}\n{text.encode(errors='replace').decode()}\n{fence}"


@cache
def _file(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()
