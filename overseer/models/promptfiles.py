"""Prompts are files: how one is read, and how what belongs into it is put there."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

# Two braces are those of a reference in a plan.
_PLACEHOLDER = re.compile(r"(?<!\{)\{(\w+)\}(?!\})")


def prompt(path: Path, **texts: object) -> str:
    """The prompt in a file, each `{name}` replaced by the text of that name."""
    return _PLACEHOLDER.sub(lambda found: str(texts[found.group(1)]), _file(path))


@cache
def _file(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()
