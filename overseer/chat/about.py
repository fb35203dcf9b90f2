"""Commands about the chat itself: help, what was said, leaving."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from overseer.chat.slash import Candidate, SlashCommand, found, help_lines
from overseer.commands.output import put_lines
from overseer.console import printable, say
from overseer.errors import UsageError
from overseer.journal.sessions import Turn
from overseer.ownterminal import terminal_size
from overseer.reports.render import when

if TYPE_CHECKING:
    from overseer.chat.chat import Chat

_KEYS = (
    "Tab completes. @ names a file. Alt-Enter or Ctrl-J: a new line. Ctrl-R: what you typed before.",
    "Ctrl-X Ctrl-E: your editor. Ctrl-C: stop what is being done, or clear the line. Ctrl-D: leave.",
    "Ctrl-Z: back to the shell for a while, where fg goes on.",
)


def _help(chat: Chat, rest: str) -> None:
    name, *more = rest.split()[:2] or [""]
    if more:
        raise UsageError("/help takes the name of one COMMAND, or nothing")
    if name:
        command, _ = found(chat.commands, f"/{name.removeprefix('/')}")
        say(f"{command.usage}  {command.summary}")
        if command.more:
            say(f"  {command.more}")
        return
    say("Say what is to be done in plain words, or one of these:")
    for line in (*help_lines(chat.commands, terminal_size().columns), *_KEYS):
        say(line)


def _names(chat: Chat, words: Sequence[str]) -> Iterable[Candidate]:
    return () if words else [Candidate(name, command.summary) for name, command in chat.commands.items()]


def turn_line(turn: Turn) -> str:
    """A turn as a reader sees it again."""
    partly = " (broken off)" if turn.body.get("partial") else ""
    return printable(f"{when(turn.at)}  {turn.kind}{partly}: {turn.text}")


def _history(chat: Chat, rest: str) -> None:
    turns = chat.talk.conversation.turns
    if rest and not (rest.isdecimal() and 0 < int(rest) < 1_000_000):
        raise UsageError(f"/history takes how many turns to show, not {rest!r}")
    if not turns:
        say("nothing was said in this conversation yet; /sessions lists earlier ones")
    for turn in turns[-int(rest) :] if rest else turns:
        put_lines([turn_line(turn)])


def _quit(chat: Chat, _: str) -> None:
    chat.leave()


ABOUT = (
    SlashCommand("help", "what can be done here, or what one command does", _help, "[COMMAND]", _names),
    SlashCommand("history", "what was said in this conversation", _history, "[N]"),
    SlashCommand(
        "quit",
        "leave the chat",
        _quit,
        more="Ctrl-D on an empty line does the same, and so do the words exit and quit.",
    ),
)
