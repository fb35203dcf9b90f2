"""The commands that begin with a slash: one list that drives what is typed, help, completion and the docs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from overseer.errors import UsageError
from overseer.plan.suggestions import nearest
from overseer.text.brevity import brief

if TYPE_CHECKING:
    from overseer.chat.chat import Chat

# What a command does, with the rest of the line.
Act = Callable[["Chat", str], None]

_QUOTED = 40  # letters of what cannot be understood
_ENDS = ".,;:!?"  # what follows a path in a sentence


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may be typed at some place, and what it is."""

    text: str
    about: str = ""
    also: str = ""  # begins to be typed so, too


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
    has_help: bool = False  # what it takes is told by itself, where --help follows it

    @property
    def usage(self) -> str:
        return f"/{self.name} {self.takes}".rstrip()

    def carry_out(self, chat: Chat, rest: str) -> None:
        """Do it with the rest of the line; UsageError for words that nobody would read."""
        if rest and not self.takes:
            raise UsageError(
                f"{self.usage} takes nothing, but {brief(rest, 40)!r} follows it; write {self.usage} alone"
            )
        self.act(chat, rest)


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
    slashed = ", ".join(f"/{known}" for known in beginnings or commands)
    guess = None if beginnings else nearest(name, commands)
    help = f"did you mean '/{guess}'?" if guess else f"{'it could be' if beginnings else 'there are:'} {slashed}"
    raise UsageError(f"there is no command /{brief(word, _QUOTED)}; {help}")


def quoted_in_part(message: str, line: str) -> str:
    """A message about a line, with no more of its long words than it takes to know them again."""
    for word in line.split():
        if len(word) > _LONGEST_WORD:
            message = message.replace(word, brief(word, _QUOTED))
    return message


_LONGEST_WORD = 400  # letters; a path is told in full
_USAGE = 32  # columns


def help_lines(commands: Mapping[str, SlashCommand], columns: int = 100) -> list[str]:
    """A line for each command, and further ones where the terminal is too narrow."""
    from textwrap import wrap

    lines = []
    for command in commands.values():
        head = f"  {command.usage:<{_USAGE}}  "
        lines += wrap(head + command.summary, max(40, columns), subsequent_indent=" " * (_USAGE + 4))
    return lines


def meant_by(word: str, known: Iterable[str]) -> str:
    """What may have been meant by a word that is none of those a command takes, as the end of a message."""
    guess = nearest(word, known)
    return f"; did you mean '{guess}'?" if guess else ""


def words_of(rest: str) -> list[str]:
    """The rest of a line as a shell would split it; UsageError if it cannot be."""
    import shlex

    try:
        return shlex.split(rest)
    except ValueError as error:
        raise UsageError(f"{rest!r} cannot be split into words: {str(error).lower()}") from error
