"""The chat at a terminal: a prompt, requests and commands, until somebody leaves."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from overseer import exits
from overseer.chat.ending import Ending, ToldToEnd
from overseer.chat.files import with_paths
from overseer.chat.handled import Handled
from overseer.chat.jobs import Jobs
from overseer.chat.slash import SlashCommand, found, is_request, quoted_in_part
from overseer.console import say
from overseer.errors import OverseerError
from overseer.stopreasons import CHAT_LEFT, by_signal

if TYPE_CHECKING:
    from overseer.chat.completing import ChatCompleter
    from overseer.chat.talk import Talk
    from overseer.journal.journal import Journal
    from overseer.review import Proposal
    from overseer.workbench import Workbench

PROMPT = "> "
_LEAVING = ("exit", "quit", "/exit")  # what ends other programs, and is no request
_TWICE_S = 2.0  # who presses Ctrl-C again within that means to leave
_LOOKS_S = 0.5  # for whether somebody is still there who waits
_GRACE_S = 5.0  # for runs in the background, when the process was told to end

# Carries out a command line of ours, such as ["runs"], about this run if it names none; its exit code.
CommandLine = Callable[[Sequence[str], str], int]

_log = logging.getLogger(__name__)


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

    def give_up(self, error: BaseException) -> bool:
        """Let whoever reads get this error instead of a line; whether anybody was reading."""
        ...

    def complete_with(self, completer: ChatCompleter) -> None:
        """Complete what is typed with this, where there is completion."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
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
        ending: Ending,
    ) -> None:
        self.talk = talk
        talk.standing = replace(talk.standing, commands=frozenset(commands))
        self.bench = bench
        self.reader = reader
        self.commands = commands
        self.journal = journal
        self.command_line = command_line
        self.done: list[Handled] = []  # what was asked for in this session of the process, for its cost
        self.jobs = Jobs(say, self.done.append)
        self.at_hand: tuple[Proposal, str] | None = None  # the plan seen last, and what was asked for
        self._ending = ending
        self._is_over = False
        self._interrupted_at = float("-inf")
        talk.take_over = self.jobs.take_over

    # --- from the first line to the last

    def run(self, first: Sequence[str] = ()) -> int:
        """Do what is to be done first, then read and answer until the end; the exit code."""
        self._ending.at_prompt = self.reader.give_up
        try:
            with self._ending.listening():
                for line in first:
                    self.handle(line)
                    self._ending.require_none()
                return self._answer_until_left()
        except ToldToEnd:
            assert self._ending.asked is not None
            self.jobs.stop(hard=True, reason=by_signal(self._ending.asked))
            self.jobs.wait(_GRACE_S)
            return self._ending.exit_code
        finally:
            self.reader.close()

    def _answer_until_left(self) -> int:
        while not self._is_over:
            try:
                if (code := self._line()) is not None:
                    return code
                self._ending.require_none()
            except KeyboardInterrupt:  # where nobody else listened for it
                say("interrupted")
        return exits.OK

    def _line(self) -> int | None:
        """Read a line and do what it says; the exit code if that was the last."""
        try:
            line = self.reader.request(PROMPT)
        except EOFError:
            self._ending.require_terminal()
            return exits.OK if self.may_leave() else None
        except KeyboardInterrupt:
            now = time.monotonic()
            if now - self._interrupted_at <= _TWICE_S and self.may_leave():
                return exits.INTERRUPTED
            self._interrupted_at = now
            say("nothing is running; press Ctrl-C again or Ctrl-D to leave")
            return None
        self.handle(line)
        return None

    def handle(self, line: str) -> None:
        """Do what one line says; whatever goes wrong is told, and the chat goes on."""
        text = line.strip()
        if not text:
            return
        try:
            if text.lower() in _LEAVING:
                self.leave()
            elif is_request(self.commands, text):
                self.request(text)
            else:
                self._carry_out(*found(self.commands, text))
        except OverseerError as error:
            say(f"error: {quoted_in_part(str(error), text)}")
        except KeyboardInterrupt:
            say("interrupted")
        except Exception as error:  # an edge: a bug in one command is no reason to lose a conversation
            say(f"unexpected error: {type(error).__name__}: {error}; what you asked for may be done in part")
            _log.debug("the line %r was broken off", text, exc_info=error)

    def _carry_out(self, command: SlashCommand, rest: str) -> None:
        if rest in ("-h", "--help") and not command.has_help:
            command, rest = self.commands["help"], command.name
        command.carry_out(self, rest)

    def request(self, text: str) -> None:
        """Do what is asked for in plain words."""
        self.take(self.talk.request(with_paths(text, self.bench.root)))

    def propose(self, proposal: Proposal, request: str, *, in_background: bool = False) -> None:
        """Do a plan that is there already."""
        self.take(self.talk.propose(proposal, request, in_background=in_background))

    def take(self, handled: Handled) -> None:
        """Take note of what was done, and have its plan at hand."""
        self.keep(handled)
        if handled.proposal is not None:
            self.at_hand = handled.proposal, handled.request

    def keep(self, handled: Handled) -> None:
        """Take note of what was done. Lines that were to follow what was broken off are not carried out."""
        self.done.append(handled)
        if handled.was_stopped and self.reader.discard_typed():
            say("what was typed meanwhile was left out")

    @property
    def last_run(self) -> str:
        """The id of the run that ended last here; nothing without one."""
        runs = (handled.performed.run.run_id for handled in reversed(self.done) if handled.performed is not None)
        return next(runs, "")

    # --- leaving

    def leave(self) -> None:
        self._is_over = self.may_leave()

    def may_leave(self) -> bool:
        """Whether to leave: what runs in the background is waited for or stopped, as somebody wants it."""
        while running := self.jobs.running():
            count = f"{len(running)} run{' is' if len(running) == 1 else 's are'} under way in the background"
            match self._asked(f"{count}: [w]ait, [s]top (to be resumed), or stay [Enter] > "):
                case "w" | "wait":
                    say("waiting; Ctrl-C goes back to the chat")
                    try:
                        while not self.jobs.wait(_LOOKS_S):
                            self._ending.require_terminal()
                    except KeyboardInterrupt:
                        say("")  # behind the ^C
                        return False
                case "s" | "stop" | None:
                    self.jobs.stop(hard=True, reason=CHAT_LEFT)
                    self.jobs.wait()
                case "":
                    return False
        return True

    def _asked(self, question: str) -> str | None:
        """What is answered; None where nobody is there any more."""
        try:
            return self.reader.answer(question).strip().lower()
        except KeyboardInterrupt:
            return ""
        except EOFError:
            return None

    def forget_typed(self) -> None:
        """Nobody agrees to what they have not seen."""
        if self.reader.discard_typed():
            say("what was typed before the question was there is no answer to it, and was left out")

    def is_agreed(self, question: str) -> bool:
        """Whether somebody says yes."""
        self.forget_typed()
        return self._asked(f"{question} [y/N] ") in ("y", "yes")
