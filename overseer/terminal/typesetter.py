"""An answer as it comes from a model: Markdown made readable where there are styles, else the text as it is."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TextIO

from overseer.jsonvalue import is_document
from overseer.terminal.heard import last_lines
from overseer.terminal.markdown import Markdown
from overseer.terminal.region import Region
from overseer.terminal.screen import Screen
from overseer.terminal.style import Line, Palette
from overseer.text.folding import Folding

_FRAME_S = 0.1  # from one look at what is not complete to the next at least
_MOST_OPEN = 8  # lines of it


class Typesetter:
    """Writes the pieces of one answer to a stream, block by block or, without styles, as they come.

    On a terminal that can draw lines anew, the end of the block that still comes is seen below, as it was written.
    Secrets are the concern of whoever gives the pieces, and of the stream.
    """

    def __init__(
        self,
        screen: Screen,
        palette: Palette,
        to: TextIO | None = None,
        *,
        columns: Callable[[], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._screen = screen
        self._palette = palette
        self._to = to or sys.stdout
        self._columns = columns or (lambda: self._size()[0])
        self._markdown = Markdown(columns=self._columns, marks=palette.marks, shown=screen.shown)
        self._open = Region(reflows=screen.reflows) if screen.is_live and self._to.isatty() else None
        self._clock = clock
        self._drawn_at = float("-inf")
        self._folding: Folding | None = None  # of what gets no styles
        self._ends_line = True

    def add(self, piece: str) -> None:
        """Take the next piece."""
        if not self._screen.has_colour:
            self._add_plain(piece, has_code=True)
            return
        self._show(self._markdown.feed(piece), is_open=True)

    def add_values(self, text: str) -> None:
        """Take a text in which no mark means anything; one that is a document of JSON stays as it is."""
        self._add_plain(text, has_code=False, is_whole=is_document(text))

    def add_whole(self, text: str) -> None:
        """Take an answer that nobody heard before it was complete; one that is a document of JSON stays as it is."""
        if is_document(text):
            self._add_plain(text, has_code=False, is_whole=True)
        else:
            self._show(self._markdown.feed(text))

    def _add_plain(self, text: str, *, has_code: bool, is_whole: bool = False) -> None:
        """Take a text that gets no styles, folded as the terminal needs it."""
        shown = self._screen.shown(text)
        if not is_whole and self._to.isatty():
            self._folding = self._folding or Folding(self._columns(), has_code=has_code)
            shown = self._folding.feed(shown)
        self._put(shown)

    def _put(self, shown: str) -> None:
        if shown:
            self._write(shown)
            self._ends_line = shown.endswith("\n")

    def close(self) -> None:
        """No more comes, be it complete or not."""
        self._show(self._markdown.close())
        if self._folding is not None:
            self._put(self._folding.close())
        if not self._ends_line:
            self._write("\n")
            self._ends_line = True

    def _show(self, complete: Sequence[Line], *, is_open: bool = False) -> None:
        """Write these lines for good, and below them, if wanted and as often as can be read, what is not complete."""
        painted = [self._palette.painted(line) for line in complete]
        if self._open is None:
            for line in painted:
                self._write(f"{line}\n")
            return
        now = self._clock()
        if is_open and not painted and now - self._drawn_at < _FRAME_S:
            return
        self._drawn_at = now
        columns, rows = self._size()
        most = min(_MOST_OPEN, rows - 2) if is_open else 0
        end = last_lines(self._screen.shown(self._markdown.open_text), columns - 1, most)
        fitted = [self._palette.fitted((("", line),), columns - 1) for line in end]
        if frame := self._open.frame(painted, fitted, columns=columns, rows=rows):
            self._write(frame)

    def _write(self, text: str) -> None:
        self._to.write(text)
        self._to.flush()

    def _size(self) -> tuple[int, int]:
        try:
            columns, rows = os.get_terminal_size(self._to.fileno())
        except (OSError, ValueError):
            columns, rows = 0, 0
        return columns or 80, rows or 24
