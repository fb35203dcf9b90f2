"""Commands about the chat itself: help, what was said, leaving."""

from __future__ import annotations

from typing import TYPE_CHECKING

from overseer.chat.slash import SlashCommand, help_lines
from overseer.console import put, say
from overseer.render import when

if TYPE_CHECKING:
    from overseer.chat.chat import Chat


def _help(chat: Chat, rest: str) -> None:
    if rest:
        from overseer.chat.slash import found

        command, _ = found(chat.commands, f"/{rest.removeprefix('/')}")
        say(f"{command.usage}  {command.summary}")
        return
    say("Say what is to be done in plain words, or one of these:")
    for line in help_lines(chat.commands):
        say(line)
    say("Alt-Enter or Ctrl-J: a new line. Ctrl-X Ctrl-E: your editor. Ctrl-C: stop. Ctrl-D: leave.")


def _history(chat: Chat, _: str) -> None:
    for turn in chat.talk.conversation.turns:
        put(f"{when(turn.at)}  {turn.kind}: {turn.text}")


def _quit(chat: Chat, _: str) -> None:
    chat.leave()


ABOUT = (
    SlashCommand("help", "what can be done here, or what one command does", _help, "[COMMAND]"),
    SlashCommand("history", "what was said in this conversation", _history),
    SlashCommand("quit", "leave the chat", _quit),
)
