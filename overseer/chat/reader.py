"""Reading what somebody types at a terminal: lines with history, completion, paste, and an editor for long ones.

It is loaded when the chat begins: no other command needs a line editor.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TextIO, cast

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import Completer
from prompt_toolkit.history import History, InMemoryHistory
from prompt_toolkit.input import create_input
from prompt_toolkit.input.typeahead import get_typeahead
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import ColorDepth, Output, create_output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.patch_stdout import StdoutProxy
from prompt_toolkit.shortcuts import CompleteStyle

from overseer.chat.history import SharedHistory
from overseer.chat.resizing import survive_resizing
from overseer.chat.typedahead import take_typed_ahead
from overseer.console import redirected, say
from overseer.descriptors import ERR, own, readable
from overseer.ownterminal import keyboard


class Reader:
    """Reads lines. EOFError where the input ends, KeyboardInterrupt where somebody gives up an empty line."""

    def __init__(
        self,
        *,
        history: Path | None = None,
        keeps: Callable[[str], bool],
        editor: str = "",
        reflows: bool = True,
    ) -> None:
        """`history` is the file that lines are kept in, but for those that `keeps` is against.

        `reflows`: the terminal breaks long lines anew when it becomes narrower.
        """
        kept: History = SharedHistory(history, keeps) if history is not None else InMemoryHistory()
        given, output = create_input(keyboard()), _output()
        # The colours that everybody has set up for eyes and background: a fixed grey may not be seen there.
        colours = ColorDepth.from_env() or ColorDepth.DEPTH_4_BIT
        self._session: PromptSession[str] = PromptSession(
            input=given,
            output=output,
            color_depth=colours,
            history=kept,
            complete_while_typing=False,
            complete_style=CompleteStyle.READLINE_LIKE,  # no menu that has to be drawn over
            key_bindings=_keys(editor),
            multiline=True,  # a pasted or inserted line break is text; Enter is bound to send it all
            prompt_continuation="  ",
            tempfile_suffix=".md",
            enable_suspend=True,
        )
        self._questions: PromptSession[str] = PromptSession(
            input=given, output=output, color_depth=colours, history=InMemoryHistory(), enable_suspend=True
        )
        if reflows:
            survive_resizing(self._session.app)
            survive_resizing(self._questions.app)

    def complete_with(self, completer: Completer) -> None:
        self._session.completer = completer

    def request(self, prompt: str) -> str:
        """A request or command, of one line or several. What is printed meanwhile stands above it.

        A line that was typed before, and ended, is the answer at once.
        """
        take_typed_ahead(self._session.app.input)
        try:
            return _read(self._session, prompt)
        finally:
            self._mark_pastes()

    def _mark_pastes(self) -> None:
        """Have the terminal mark what is pasted while nobody reads: that is text, and no lines to be sent."""
        with suppress(OSError):
            self._session.output.enable_bracketed_paste()
            self._session.output.flush()

    def close(self) -> None:
        """Leave the terminal as it was."""
        with suppress(OSError):
            self._session.output.disable_bracketed_paste()
            self._session.output.flush()

    def answer(self, prompt: str, *, default: str = "") -> str:
        """The answer to a question, of one line, which is not kept."""
        try:
            return _read(self._questions, prompt, default=default)
        finally:
            self._mark_pastes()

    def discard_typed(self) -> bool:
        """Forget what was typed since the last prompt; whether that was a line or more."""
        device = self._questions.app.input
        keys = [press.key for press in get_typeahead(device) if press.key is not Keys.CPRResponse]
        has_line = any(key in (Keys.Enter, Keys.ControlJ, Keys.BracketedPaste) for key in keys)
        with suppress(ImportError, OSError, ValueError):
            import termios

            has_line = has_line or bool(readable(device.fileno(), wait_s=0))
            with suppress(termios.error):
                termios.tcflush(device.fileno(), termios.TCIFLUSH)
        return has_line

    def give_up(self, error: BaseException) -> bool:
        """Let whoever reads get this error instead of a line; whether anybody was reading."""
        for session in (self._session, self._questions):
            if session.app.is_running:
                with suppress(Exception):  # it has just been answered
                    session.app.exit(exception=error)
                return True
        return False


def _output() -> Output:
    """The terminal. It is not asked where its cursor is: the answer might come when nobody reads it any more."""
    # By a descriptor of its own: nobody redirects what is written there.
    encoding = getattr(sys.__stdout__, "encoding", None) or "utf-8"
    stream = open(own(sys.stdout.fileno()), "w", encoding=encoding, errors="replace", closefd=False)  # noqa: SIM115
    output = create_output(stream)
    if isinstance(output, Vt100_Output):
        output.enable_cpr = False
    return output


class _Above(StdoutProxy):
    """Prints above the line that is being typed."""

    def __init__(self, output: Output) -> None:
        super().__init__(raw=True)
        self._output = output

    @property
    def columns(self) -> int:
        return self._output.get_size().columns

    def fileno(self) -> int:
        return ERR  # whoever gives the stream to a child means the one that children have


def _read(session: PromptSession[str], prompt: str, *, default: str = "") -> str:
    """A line; what is printed while it is typed stands above it."""
    with ExitStack() as opened:

        def begin() -> None:  # once the prompt is at work: before that, nobody moves what is printed out of its way
            above = opened.enter_context(_Above(session.app.output))
            opened.enter_context(redirected(cast(TextIO, above)))

        try:
            return session.prompt(prompt, default=default, pre_run=begin)
        except OSError as error:  # the terminal is gone, and its signal is ignored
            raise EOFError from error


def _keys(editor: str) -> KeyBindings:
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

    @keys.add("c-x", "c-e")
    def _edit(event: KeyPressEvent) -> None:
        from prompt_toolkit.application import run_in_terminal

        from overseer.chat.editor import in_editor
        from overseer.errors import UsageError

        buffer = event.current_buffer

        def edit() -> None:
            try:
                text = in_editor(buffer.text, editor, suffix=".md").rstrip("\n")
            except UsageError as error:
                say(f"error: {error}")
            else:
                buffer.text = text
                buffer.cursor_position = len(text)

        run_in_terminal(edit)

    return keys
