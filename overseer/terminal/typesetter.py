"""An answer as it comes from a model: Markdown made readable where there are styles, else the text as it is."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from overseer.terminal.markdown import Markdown
from overseer.terminal.screen import Screen
from overseer.terminal.style import Palette


class Typesetter:
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
            self.add_as_it_is(piece)
            return
        for line in self._markdown.feed(piece):
            self._write(f"{self._palette.painted(line)}\n")

    def add_as_it_is(self, text: str) -> None:
        """Take a text in which no mark means anything."""
        if text:
            self._write(self._screen.shown(text))
            self._ends_line = text.endswith("\n")

    def add_whole(self, text: str) -> None:
        """Take an answer that nobody heard before it was complete; one that is a document of JSON stays as it is."""
        is_json = False
        if text.lstrip()[:1] in ("{", "["):
            with suppress(ValueError, RecursionError):
                json.loads(text)
                is_json = True
        if is_json:
            self.add_as_it_is(text)
        else:
            self.add(text)

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
