"""An answer as it comes from a model: Markdown made readable where there are styles, else the text as it is."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TextIO

from overseer.terminal.markdown import Markdown
from overseer.terminal.screen import Screen
from overseer.terminal.style import Palette


class Answer:
    """Writes the pieces of one answer to a stream, block by block or, without styles, as they come.

    Secrets are the concern of whoever gives the pieces, and of the stream.
    """

    def __init__(
        self, screen: Screen, palette: Palette, to: TextIO | None = None, *, columns: Callable[[], int] | None = None
    ) -> None:
        self._screen = screen
        self._palette = palette
        self._to = to or sys.stdout
        self._markdown = Markdown(columns=columns or self._columns, marks=palette.marks, shown=screen.shown)
        self._ends_line = True

    @property
    def open_text(self) -> str:
        """What has come and is not written yet."""
        return self._markdown.open_text

    def add(self, piece: str) -> None:
        """Take the next piece."""
        if not self._screen.has_colour:
            if piece:
                self._write(self._screen.shown(piece))
                self._ends_line = piece.endswith("\n")
            return
        for line in self._markdown.feed(piece):
            self._write(f"{self._palette.painted(line)}\n")

    def close(self) -> None:
        """No more comes, be it complete or not."""
        for line in self._markdown.close():
            self._write(f"{self._palette.painted(line)}\n")
        if not self._ends_line:
            self._write("\n")
            self._ends_line = True

    def _write(self, text: str) -> None:
        self._to.write(text)
        self._to.flush()

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._to.fileno()).columns or 80
        except (OSError, ValueError):
            return 80
