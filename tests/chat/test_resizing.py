"""A line that is being typed, in terminals that break long lines anew: it is on the screen once, whatever its width."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from overseer.chat.resizing import rows_around_cursor
from tests.terminal.test_reflow import Tmux, tmux  # noqa: F401
from tests.terminals import ROOT

LONG = "".join(letter * 18 for letter in "abcde")  # 90 letters

SOURCE = """
from overseer.chat.reader import Reader
print("above")
Reader(keeps=lambda line: False).request("> ")
"""


@given(some.lists(some.integers(0, 300), min_size=1, max_size=5), some.data(), some.integers(10, 120))
def test_the_cursor_is_as_many_rows_down_as_the_terminal_makes_of_the_rows_before_it(
    cells: list[int], data: some.DataObject, columns: int
) -> None:
    row = data.draw(some.integers(0, len(cells) - 1))
    column = data.draw(some.integers(0, max(0, cells[row] - 1)))
    screen: list[str] = []
    for at, length in enumerate(cells):
        text = "".join("@" if (at, place) == (row, column) else "." for place in range(max(1, length)))
        screen += [text[start : start + columns] for start in range(0, len(text), columns)]
    (found,) = [place for place, line in enumerate(screen) if "@" in line]
    assert rows_around_cursor(cells, (column, row), columns) == (found, len(screen) - 1 - found)


# How many lines are printed before, and which widths the terminal then gets; a line that has left the screen cannot be
# erased.
LOWER, TOP = (20, (60, 40, 100, 60, 40, 100, 30, 100)), (1, (60, 40, 100))


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed: no terminal that reflows")
def test_a_line_is_on_the_screen_once(tmux: Tmux, tmp_path: Path) -> None:  # noqa: F811
    source = tmp_path / "reads.py"
    source.write_text(SOURCE)
    command = shlex.join([sys.executable, str(source)])
    panes = [
        (tmux.another(f"{name}-{typed[:5]}"), typed, lines_before, widths)
        for name, (lines_before, widths) in {"lower": LOWER, "top": TOP}.items()
        for typed in ("short and plain text", LONG)
    ]
    for pane, _, lines_before, _ in panes:
        pane.begin(f"seq {lines_before}; PYTHONPATH={ROOT} {command}; sleep 60")
    for pane, typed, _, _ in panes:
        pane.wait_for(lambda lines: any(line.strip() == ">" for line in lines))
        pane.do("send-keys", "-l", typed)
        pane.wait_for(_ends_with(typed))
    for at in range(max(len(widths) for *_, widths in panes)):
        resized = [(pane, typed, widths[at]) for pane, typed, _, widths in panes if at < len(widths)]
        for pane, _, columns in resized:
            pane.do("resize-window", "-x", str(columns), "-y", "24")
        time.sleep(0.5)  # tmux tells of its size when it has settled
        for pane, typed, _ in resized:
            shown = pane.wait_for(_ends_with(typed))
            assert sum(line.startswith("> ") for line in shown) == 1, "\n".join(shown)
            assert sum(line.endswith(typed[-8:]) for line in shown) == 1, "\n".join(shown)
            assert "above" in shown


def _ends_with(typed: str) -> Callable[[list[str]], bool]:
    return lambda lines: any(line.endswith(typed[-8:]) for line in lines)
