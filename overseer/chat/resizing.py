"""The line that is being typed, when the terminal becomes narrower: its rows are broken anew before anybody knows.

A line editor goes up as many rows as it has drawn. Where the terminal has broken these rows into more of
them, that leaves the upper ones standing, once for each change of its size.
"""

from __future__ import annotations

from collections.abc import Sequence

from prompt_toolkit.application import Application
from prompt_toolkit.layout.screen import Char
from prompt_toolkit.output import Output
from prompt_toolkit.utils import get_cwidth


def rows_around_cursor(cells: Sequence[int], cursor: tuple[int, int], columns: int) -> tuple[int, int]:
    """How many rows there are above the cursor's and below it, once rows of so many cells were broken anew.

    The cursor is given by its column and row at the time when they were drawn.
    """
    column, row = cursor
    broken = [max(1, -(-length // columns)) for length in cells]
    above = sum(broken[:row]) + min(column, max(0, cells[row] - 1) if row < len(cells) else 0) // columns
    return above, max(0, sum(broken) - 1 - above)


def survive_resizing(app: Application[str]) -> None:
    """Let an application erase what it has drawn, as it is after the terminal has broken it anew."""

    def resized() -> None:
        renderer, output = app.renderer, app.output
        screen, size = renderer._last_screen, output.get_size()
        if size == renderer._last_size:
            return  # there and back again: everything is where it was
        if screen is not None:
            columns, rows = size.columns, size.rows
            drawn = [_cells(screen.data_buffer[row]) for row in range(screen.height)]
            at = renderer._cursor_pos
            above, below = rows_around_cursor(drawn, (at.x, at.y), max(1, columns))
            _erase(output, min(above, rows - 1), min(below, rows - 1))
            output.reset_attributes()
            output.enable_autowrap()
            output.flush()
            renderer.reset(leave_alternate_screen=False)
        app._request_absolute_cursor_position()
        app._redraw()

    # Terminals tell; and whoever looks by themselves may look just when the terminal has changed and not yet told.
    app.terminal_size_polling_interval = None
    app._on_resize = resized  # type: ignore[method-assign]


def _erase(output: Output, above: int, below: int) -> None:
    """Erase rows around the cursor, and leave it in the first of them.

    One by one: tmux moves what is on a screen that is erased from its first row on to where it can be scrolled back.
    """
    output.write_raw("\r")
    output.cursor_down(below)
    for _ in range(below + above):
        output.erase_end_of_line()
        output.cursor_up(1)
    output.erase_end_of_line()


def _cells(row: dict[int, Char]) -> int:
    """How far a row was written: blanks at its end are not."""
    return max((at + get_cwidth(char.char) for at, char in row.items() if char.char != " "), default=0)
