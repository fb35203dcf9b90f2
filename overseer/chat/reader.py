"""Reading what somebody types at a terminal: lines with history, completion, paste, and an editor for long ones.

It is loaded when the chat begins: no other command needs a line editor.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import Completer
from prompt_toolkit.history import History, InMemoryHistory
from prompt_toolkit.input.typeahead import get_typeahead
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.patch_stdout import patch_stdout

from overseer.chat.history import SharedHistory


class Reader:
    """Reads lines. EOFError where the input ends, KeyboardInterrupt where somebody gives up an empty line."""

    def __init__(
        self, *, completer: Completer | None = None, history: Path | None = None, keeps: Callable[[str], bool]
    ) -> None:
        """`history` is the file that lines are kept in, but for those that `keeps` is against."""
        kept: History = SharedHistory(history, keeps) if history is not None else InMemoryHistory()
        self._session: PromptSession[str] = PromptSession(
            history=kept,
            completer=completer,
            complete_while_typing=False,
            key_bindings=_keys(),
            multiline=True,  # a pasted or inserted line break is text; Enter is bound to send it all
            prompt_continuation="  ",
            enable_open_in_editor=True,
            erase_when_done=False,
        )
        self._questions: PromptSession[str] = PromptSession(history=InMemoryHistory())

    def request(self, prompt: str) -> str:
        """A request or command, of one line or several."""
        return self._session.prompt(prompt)

    def answer(self, prompt: str, *, default: str = "") -> str:
        """The answer to a question, of one line, which is not kept."""
        return self._questions.prompt(prompt, default=default)

    def discard_typed(self) -> bool:
        """Forget what was typed since the last prompt; whether that was a line or more."""
        device = self._questions.app.input
        keys = [press.key for press in get_typeahead(device) if press.key is not Keys.CPRResponse]
        has_line = any(key in (Keys.Enter, Keys.ControlJ) for key in keys)
        with suppress(ImportError, OSError, ValueError):
            import termios

            has_line = has_line or bool(select.select([device.fileno()], [], [], 0)[0])
            with suppress(termios.error):
                termios.tcflush(device.fileno(), termios.TCIFLUSH)
        return has_line

    @staticmethod
    def above_prompt() -> AbstractContextManager[None]:
        """While this is open, what is printed appears above the line that is being typed."""
        return patch_stdout(raw=True)


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def _send(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    @keys.add("escape", "enter")
    @keys.add("c-j")
    def _break_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add("c-c")
    def _clear_or_leave(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.text:
            buffer.reset()
        else:
            event.app.exit(exception=KeyboardInterrupt)

    return keys
