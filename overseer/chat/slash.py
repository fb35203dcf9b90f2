"""The slash commands of the chat: one registry that drives what is typed, help, completion and the docs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from overseer.errors import UsageError
from overseer.plan.suggestions import did_you_mean

if TYPE_CHECKING:
    from overseer.chat.chat import Chat

# What a command does, with the rest of the line.
Act = Callable[["Chat", str], None]

# What may be typed after a command, for completion.
Completes = Callable[["Chat"], Iterable[str]]


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """One command, as it is typed and as help shows it."""

    name: str
    summary: str
    act: Act
    takes: str = ""  # what follows it, as help shows it
    completes: Completes | None = None

    @property
    def usage(self) -> str:
        return f"/{self.name} {self.takes}".rstrip()


def registry(*groups: Iterable[SlashCommand]) -> dict[str, SlashCommand]:
    """The commands by name, in the order in which help shows them."""
    return {command.name: command for group in groups for command in group}


def found(commands: Mapping[str, SlashCommand], line: str) -> tuple[SlashCommand, str]:
    """The command of a line that begins with a slash, and the rest of the line; UsageError if there is none."""
    word, _, rest = line[1:].strip().partition(" ")
    name = word.lower()
    if name in commands:
        return commands[name], rest.strip()
    beginnings = [known for known in commands if name and known.startswith(name)]
    if len(beginnings) == 1:
        return commands[beginnings[0]], rest.strip()
    slashed = [f"/{known}" for known in beginnings or commands]
    help = f"it could be {', '.join(slashed)}" if beginnings else did_you_mean(f"/{name}", slashed, "there are")
    raise UsageError(f"there is no command /{word}; {help}")


def help_lines(commands: Mapping[str, SlashCommand]) -> list[str]:
    width = max(len(command.usage) for command in commands.values())
    return [f"  {command.usage:<{width}}  {command.summary}" for command in commands.values()]
