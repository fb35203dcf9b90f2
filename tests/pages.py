"""The pages of the documentation, taken apart: what they show as examples, and the tables they have."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"

_BLOCK = re.compile(r"^```(\w+)(?: ([\w./-]+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# After a prompt, a pipe or a variable; up to a pipe, a redirection, or what stands beside it.
_COMMAND = re.compile(
    r"""[ ]*(?:[$][ ])?(?:[^'"]*[|][ ])?(?:[A-Z_]+=\S+[ ])?
    overseer(?=[ ]|$)((?:[ ]?(?:'[^']*'|"[^"]*"|[^\s'"|<>#]+))*)""",
    re.VERBOSE,
)
_ROW = re.compile(r"^\| ((?:`[^`]+`(?:, )?)+) \|", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """An example: its language, and the file that it is meant to be, if it says so."""

    language: str
    file: str
    text: str


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(text: str, language: str | None = None) -> list[Block]:
    found = [Block(*match.groups(default="")) for match in _BLOCK.finditer(text)]
    return [block for block in found if language is None or block.language == language]


def command_lines(text: str) -> list[list[str]]:
    """The arguments of every command of ours that a page shows, in blocks and in indented lines."""
    lines = re.findall(r"^    (\S.*)$", text, re.MULTILINE)
    for block in blocks(text):
        lines += block.text.splitlines() if block.language in ("sh", "console", "text") else []
    return [shlex.split(found[1]) for line in lines if (found := _COMMAND.match(line))]


def commands_in_passing(text: str) -> list[list[str]]:
    """The words of every command of ours that a page names in a sentence."""
    return [shown.split() for shown in re.findall(r"(?<!`)`overseer ([^`]+)`(?!`)", text)]


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one that is no deeper."""
    (level,) = re.findall(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    after = f"\n{text}".split(f"\n{level} {heading}\n")[1]
    return re.split(rf"^#{{1,{len(level)}}} ", after, maxsplit=1, flags=re.MULTILINE)[0]


def first_column(text: str) -> set[str]:
    """What the rows of the tables of a text are about: every name in backquotes in their first column."""
    return {name for cell in _ROW.findall(text) for name in re.findall(r"`([^`]+)`", cell)}
