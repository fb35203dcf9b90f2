"""What was typed while nobody read it: the next prompt begins with it, or with what it says where it is one line."""

from __future__ import annotations

import os
import select
from contextlib import suppress

from prompt_toolkit.input import Input
from prompt_toolkit.input.typeahead import store_typeahead
from prompt_toolkit.input.vt100_parser import Vt100Parser
from prompt_toolkit.key_binding import KeyPress

_PIECE = 4096


def take_typed_ahead(device: Input) -> None:
    """Give the next prompt what waits at a terminal.

    There Enter has become a line break, which is text to the prompt. One line that ends with it is sent; several may
    have been pasted, and wait for Enter.
    """
    text = _waiting(device)
    line = text.strip("\n")
    is_sent = text.endswith("\n") and "\n" not in line
    keys: list[KeyPress] = []
    parser = Vt100Parser(keys.append)
    parser.feed(f"{line}\r" if is_sent and line else line if is_sent else text)
    parser.flush()
    store_typeahead(device, keys)


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
            while select.select([number], [], [], 0)[0] and (piece := os.read(number, _PIECE)):
                taken += piece
    return taken.decode(errors="surrogateescape")
