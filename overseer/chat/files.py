"""Files of the workspace that a request names with `@`: offered while it is typed, and named plainly in the end."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from overseer.chat.slash import Candidate

_MOST = 200  # names that are offered
_NAMED = re.compile(r'(?<!\S)@(?:"([^"\n]+)"|(\S+))')
_ENDS = ".,;:!?)'\""  # what follows a name in a sentence

# What is being typed: a name that was begun, with or without a quotation mark.
TYPING = re.compile(r'(?:^|\s)@(?:"([^"\n]*)|([^\s"]*))$')


def with_paths(text: str, root: Path) -> str:
    """The text with the path in the place of each `@path` that there is; the rest stays as it was typed."""
    return _NAMED.sub(lambda named: _plain(named, root), text)


def _plain(named: re.Match[str], root: Path) -> str:
    quoted, bare = named.groups()
    if quoted is not None:
        return f'"{quoted}"' if _is_there(root, quoted) else named.group()
    for path in (bare, bare.rstrip(_ENDS)):
        if path and _is_there(root, path):
            return path + bare[len(path) :]
    return named.group()


def _is_there(root: Path, path: str) -> bool:
    try:
        return (root / path).exists()
    except (OSError, ValueError):  # a name that is too long, or none at all
        return False


def offered(begun: str, root: Path) -> Iterator[Candidate]:
    """The files and folders that a path which was begun may become; hidden ones only where it begins so."""
    folder, _, beginning = begun.rpartition("/")
    try:
        with os.scandir(root / folder if folder else root) as entries:
            found = sorted((entry.name, entry.is_dir()) for entry in entries)
    except (OSError, ValueError):
        return
    fitting = [
        (name, is_folder)
        for name, is_folder in found
        if name.startswith(beginning) and (beginning.startswith(".") or not name.startswith("."))
    ]
    for name, is_folder in fitting[:_MOST]:
        yield Candidate(f"{folder}/{name}" if folder else name, "folder" if is_folder else "")
