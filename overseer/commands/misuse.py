"""A command line that cannot be understood: what is told of it, with what may have been meant."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Collection, Mapping, Sequence
from itertools import takewhile
from typing import Any, NoReturn

from overseer.exits import USAGE
from overseer.text.brevity import shortened

_LONGEST = 60  # letters of a request that is quoted whole


class Misused(SystemExit):
    """A command line that cannot be understood; why has been said, except where it was typed in the chat."""

    def __init__(self, reason: str) -> None:
        super().__init__(USAGE)
        self.reason = reason


class Parser(argparse.ArgumentParser):
    """Of the whole command line, or of one command; complains in one way, and names what comes near."""

    commands: Mapping[str, argparse.ArgumentParser] = {}

    def error(self, message: str) -> NoReturn:
        if not self.prog.startswith("/"):
            from overseer.console import say

            self.print_usage(sys.stderr)
            say(f"{self.prog}: error: {message}")
        raise Misused(message)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        from overseer.plan.suggestions import did_you_mean

        help = did_you_mean(str(value), map(str, action.choices), "there are")
        named = action if action.option_strings else None  # what a word is called that stands by itself, nobody typed
        raise argparse.ArgumentError(named, f"there is no '{shortened(str(value), _LONGEST)}' here; {help}")

    def refuse_command(self, given: Sequence[str]) -> NoReturn:
        """Complain of a line that begins with what is no command."""
        self.error(_no_command(given, self.commands))

    def refuse_rest(self, rest: Sequence[str], help: str = "") -> NoReturn:
        """Complain of arguments that are left over; `help` is for those that are no slip of an option."""
        from overseer.plan.suggestions import listed, nearest  # takes longer to load than most command lines need

        options = [text.partition("=")[0] for text in rest if text.startswith("--")]
        near = dict.fromkeys(name for text in options if (name := nearest(text, self._option_string_actions)))
        help = f"did you mean {listed(near)}?" if near else help
        self.error(f"unrecognized arguments: {' '.join(rest)}{f'; {help}' if help else ''}")


def _no_command(given: Sequence[str], commands: Collection[str]) -> str:
    from overseer.plan.suggestions import did_you_mean, nearest

    word, request = given[0], _words(given)
    told = f"there is no command '{shortened(word, _LONGEST)}'"
    if os.path.isfile(word):
        return f"{told}; {_with_file(word)}"
    if len(request) < 2:
        return f"{told}; {did_you_mean(word, commands, 'there are', most=50)}"
    by_request = f"request in plain words goes with -p: {_as_request(request)}"
    near = nearest(word, commands)
    return f"{told}; did you mean '{near}'? A {by_request}" if near else f"{told}; a {by_request}"


def _with_file(name: str) -> str:
    from overseer.plan.files import FOREIGN_SUFFIXES, SUFFIXES

    shown = shlex.quote(name)
    if name.endswith((*SUFFIXES, *FOREIGN_SUFFIXES)):
        return f"a plan in a file is carried out with: overseer run {shown}"
    return f"what is to be done with a file is said behind -p: overseer -p {shlex.quote(f'read {shown}')}"


def stray_words(prompt: str, rest: Sequence[str], commands: Collection[str]) -> str:
    """What may help where words are left over that belong to no option of the chat, which has no others."""
    words = _words(rest)
    if not words:
        return ""
    if words[0] in commands:
        return f"the name of a command comes first: overseer {words[0]} …"
    return f"a request stands in quotes, behind -p: {_as_request([*_words([prompt]), *words])}"


def _words(given: Sequence[str]) -> list[str]:
    """What stands before the first option."""
    return " ".join(takewhile(lambda text: not text.startswith("-"), given)).split()


def _as_request(words: Sequence[str]) -> str:
    request = " ".join(words)
    return f"overseer -p {shlex.quote(request) if len(request) <= _LONGEST else 'TASK'}"
