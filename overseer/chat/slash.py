"""The commands that begin with a slash: one list that drives what is typed, help, completion and the docs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from overseer.errors import UsageError
from overseer.plan.suggestions import did_you_mean

if TYPE_CHECKING:
    from overseer.chat.chat import Chat

# What a command does, with the rest of the line.
Act = Callable[["Chat", str], None]

_ENDS = ".,;:!?"  # what follows a path in a sentence


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may be typed at some place, and what it is."""

    text: str
    about: str = ""


# What may be typed next after a command, given the words that follow it already.
Completes = Callable[["Chat", Sequence[str]], Iterable[Candidate]]


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """One command, as it is typed and as help shows it."""

    name: str
    summary: str
    act: Act
    takes: str = ""  # what follows it, as help shows it
    completes: Completes | None = None
    more: str = ""  # what else there is to know, for who asks about this one

    @property
    def usage(self) -> str:
        return f"/{self.name} {self.takes}".rstrip()


def registry(*groups: Iterable[SlashCommand]) -> dict[str, SlashCommand]:
    """The commands by name, in the order in which help shows them."""
    return {command.name: command for group in groups for command in group}


def is_command(line: str) -> bool:
    """Whether a line is a command, and not a request that begins with the path of a file."""
    word = line.split(maxsplit=1)[0] if line.strip() else ""
    return word.startswith("/") and "/" not in word[1:]


def is_request(
    commands: Mapping[str, SlashCommand], line: str, is_there: Callable[[str], bool] = os.path.exists
) -> bool:
    """Whether a line is none of these commands, nor a slip in one, but something that is asked for.

    It may begin with the path of what lies at the root, such as /srv, unless a command's name begins so.
    """
    if not is_command(line):
        return True
    path = line.split(maxsplit=1)[0].rstrip(_ENDS)
    name = path[1:].lower()
    return bool(name) and not any(known.startswith(name) for known in commands) and is_there(path)


def found(commands: Mapping[str, SlashCommand], line: str) -> tuple[SlashCommand, str]:
    """The command of a line that begins with a slash, and the rest of the line; UsageError if there is none."""
    word, *rest = line[1:].strip().split(maxsplit=1)[:2] or [""]
    name, said = word.lower(), rest[0].strip() if rest else ""
    if name in commands:
        return commands[name], said
    beginnings = [known for known in commands if name and known.startswith(name)]
    if len(beginnings) == 1:
        return commands[beginnings[0]], said
    slashed = [f"/{known}" for known in beginnings or commands]
    could_be = f"it could be {', '.join(slashed)}" if beginnings else ""
    help = could_be or did_you_mean(f"/{name}", slashed, "there are", most=40)
    raise UsageError(f"there is no command /{word}; {help}")


_USAGE = 32  # columns


def help_lines(commands: Mapping[str, SlashCommand], columns: int = 100) -> list[str]:
    """A line for each command, and further ones where the terminal is too narrow."""
    from textwrap import wrap

    lines = []
    for command in commands.values():
        head = f"  {command.usage:<{_USAGE}}  "
        lines += wrap(head + command.summary, max(40, columns), subsequent_indent=" " * (_USAGE + 4))
    return lines


def one_of(candidates: Iterable[Candidate]) -> Completes:
    """Completes the first word after a command, and no other."""
    kept = tuple(candidates)
    return lambda chat, words: () if words else kept


def words_of(rest: str) -> list[str]:
    """The rest of a line as a shell would split it; UsageError if it cannot be."""
    import shlex

    try:
        return shlex.split(rest)
    except ValueError as error:
        raise UsageError(f"{rest!r} cannot be split into words: {str(error).lower()}") from error
