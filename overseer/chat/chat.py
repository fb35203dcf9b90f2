"""The chat at a terminal: a prompt, requests and commands, until somebody leaves."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from overseer import __version__, exits
from overseer.chat.slash import SlashCommand, found
from overseer.console import say
from overseer.errors import OverseerError
from overseer.frontends.asking import ROLE

if TYPE_CHECKING:
    from overseer.chat.talk import Handled, Talk
    from overseer.journal import Journal
    from overseer.workbench import Workbench

PROMPT = "> "
_TWICE_S = 2.0  # who presses Ctrl-C again within that means to leave

# Carries out a command line of ours, such as ["runs"]; its exit code.
CommandLine = Callable[[Sequence[str]], int]


class LineReader(Protocol):
    """Reads what is typed. EOFError where the input ends, KeyboardInterrupt where somebody gives a line up."""

    def request(self, prompt: str) -> str:
        """A request or command, of one line or several."""
        ...

    def answer(self, prompt: str, *, default: str = "") -> str:
        """The answer to a question, of one line."""
        ...

    def discard_typed(self) -> bool:
        """Forget what was typed since the last prompt; whether that was a line or more."""
        ...


class Chat:
    """One session at a terminal."""

    def __init__(
        self,
        talk: Talk,
        bench: Workbench,
        reader: LineReader,
        commands: Mapping[str, SlashCommand],
        *,
        journal: Journal | None,
        command_line: CommandLine,
    ) -> None:
        self.talk = talk
        self.bench = bench
        self.reader = reader
        self.commands = commands
        self.journal = journal
        self.command_line = command_line
        self.last: Handled | None = None
        self._is_over = False
        self._interrupted_at = float("-inf")

    def run(self) -> int:
        """Read and answer until the end; the exit code."""
        self._greet()
        while not self._is_over:
            try:
                line = self.reader.request(PROMPT)
            except EOFError:
                return exits.OK
            except KeyboardInterrupt:
                now = time.monotonic()
                if now - self._interrupted_at <= _TWICE_S:
                    return exits.INTERRUPTED
                self._interrupted_at = now
                say("nothing is running; press Ctrl-C again or Ctrl-D to leave")
                continue
            self.handle(line)
        return exits.OK

    def handle(self, line: str) -> None:
        """Do what one line says; whatever goes wrong is told, and the chat goes on."""
        text = line.strip()
        if not text:
            return
        try:
            if text.startswith("/"):
                command, rest = found(self.commands, text)
                command.act(self, rest)
            else:
                self.last = self.talk.request(text)
        except OverseerError as error:
            say(f"error: {error}")

    def leave(self) -> None:
        self._is_over = True

    def _greet(self) -> None:
        tools = len(self.bench.tools)
        say(f"Overseer {__version__}, {tools} tools. Say what is to be done, or /help.")
        if not self.bench.is_connected(ROLE):
            say("No language model is connected: plans are made by rules, with the tools that need none (/doctor).")
