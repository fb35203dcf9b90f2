"""What was typed while nobody read it: lines that were ended are sent in their order; the next prompt has the rest."""

from __future__ import annotations

import os
import re
from contextlib import suppress

from prompt_toolkit.input import Input
from prompt_toolkit.input.typeahead import store_typeahead
from prompt_toolkit.input.vt100_parser import Vt100Parser
from prompt_toolkit.key_binding import KeyPress

from overseer.descriptors import readable

_PIECE = 4096
_PASTED = re.compile("(\x1b\\[200~.*?(?:\x1b\\[201~|$))", re.DOTALL)  # as a terminal marks it that was asked to
_PASTE_END = "\x1b[201~"


def take_typed_ahead(device: Input) -> None:
    """Give the next prompts what waits at a terminal.

    There Enter has become a line break, which is text to a prompt. In what was pasted, it stays one.
    """
    keys: list[KeyPress] = []
    parser = Vt100Parser(keys.append)
    parser.feed(_with_enters(_waiting(device)))
    parser.flush()
    store_typeahead(device, keys)


def _with_enters(text: str) -> str:
    """The text with Enter where a line ends that was typed; nothing comes of empty ones."""
    typed_and_pasted = _PASTED.split(text.lstrip("\n"))
    for place, piece in enumerate(typed_and_pasted):
        is_pasted = place % 2 == 1
        if not is_pasted:
            typed_and_pasted[place] = re.sub(r"\n+", "\r", piece)
        elif not piece.endswith(_PASTE_END):  # the rest is still on its way
            typed_and_pasted[place] = piece + _PASTE_END
    return "".join(typed_and_pasted)


def _waiting(device: Input) -> str:
    if os.name != "posix":
        return ""
    import termios

    taken = b""
    with suppress(OSError, ValueError, NotImplementedError, termios.error):  # no terminal, or one that is gone
        number = device.fileno()
        if not os.isatty(number):
            return ""
        with device.raw_mode():  # else only whole lines would be had, and one at a time
            while readable(number, wait_s=0) and (piece := os.read(number, _PIECE)):
                taken += piece
    return taken.decode(errors="surrogateescape")
