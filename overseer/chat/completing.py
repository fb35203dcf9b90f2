"""What Tab offers: commands and what they take, from the list of commands, and files after an `@`."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from overseer.chat.files import TYPING, offered
from overseer.chat.slash import Candidate, found, is_command
from overseer.console import printable
from overseer.errors import UsageError

if TYPE_CHECKING:
    from overseer.chat.chat import Chat


class ChatCompleter(Completer):
    """Completes the line of a chat."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        before = document.text_before_cursor
        if typing := TYPING.search(before):
            quoted, bare = typing.groups()
            yield from _files(self._chat, bare if quoted is None else quoted, is_quoted=quoted is not None)
        elif before.startswith("/") and " " not in before and is_command(before):
            named = [Candidate(f"/{each.name}", each.summary) for each in self._chat.commands.values()]
            yield from _fitting(named, before, before.lower())
        elif before.startswith("/") and "\n" not in before and is_command(before):
            yield from self._arguments(before)

    def _arguments(self, before: str) -> Iterator[Completion]:
        """What the command offers at the last word."""
        start = _start_of_last_word(before)
        typed = before[start:]
        begun = typed[1:] if typed[:1] in _QUOTES else typed
        try:
            command, rest = found(self._chat.commands, before[:start])
            words = shlex.split(rest)
        except (UsageError, ValueError):
            return
        if command.completes is not None:
            yield from _fitting(command.completes(self._chat, words), typed, begun, shown=shlex.quote)


_QUOTES = ("'", '"')


def _start_of_last_word(line: str) -> int:
    """Where the word begins that is being typed; blanks behind a quotation mark are part of it."""
    start, quote = 0, ""
    for at, letter in enumerate(line):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in _QUOTES and start == at:
            quote = letter
        elif letter == " ":
            start = at + 1
    return start


def _fitting(
    candidates: Iterable[Candidate], typed: str, begun: str, shown: Callable[[str], str] = lambda text: text
) -> Iterator[Completion]:
    """Those that begin so, in the place of what was typed for that."""
    for each in candidates:
        if each.text.startswith(begun) or (begun and each.also.startswith(begun)):
            about = " ".join(printable(each.about).split())[:60]
            yield Completion(_as_typed(each.text, shown), -len(typed), display=each.text, display_meta=about)


def _as_typed(text: str, shown: Callable[[str], str]) -> str:
    return text if text.endswith("=") else shown(text)


def _files(chat: Chat, begun: str, *, is_quoted: bool) -> Iterator[Completion]:
    """Files whose path begins so; one with blanks in it is put in quotation marks, from the `@` on."""
    for each in offered(begun, chat.bench.root):
        is_folder = bool(each.about)
        if is_quoted or " " in each.text:
            end = "/" if is_folder else '"'
            typed, start = f'"{each.text}{end}', -len(begun) - is_quoted
        else:
            typed, start = each.text + ("/" if is_folder else ""), -len(begun)
        yield Completion(typed, start, display=each.text + ("/" if is_folder else ""), display_meta=each.about)
