"""A line that is being typed, in terminals that break long lines anew: it is on the screen once, whatever its width."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
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


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed: no terminal that reflows")
@pytest.mark.parametrize(
    ("lines_before", "widths"),
    [(20, (60, 40, 100, 60, 40, 100, 30, 100)), (1, (60, 40, 100))],  # one that has left the screen cannot be erased
    ids=["lower", "top"],
)
@pytest.mark.parametrize("typed", ["short and plain text", LONG], ids=["short", "long"])
def test_a_line_is_on_the_screen_once(
    tmux: Tmux,  # noqa: F811
    tmp_path: Path,
    typed: str,
    lines_before: int,
    widths: tuple[int, ...],
) -> None:
    source = tmp_path / "reads.py"
    source.write_text(SOURCE)
    command = shlex.join([sys.executable, str(source)])
    tmux.do("new-session", "-d", "-x", "100", "-y", "24", f"seq {lines_before}; PYTHONPATH={ROOT} {command}; sleep 60")
    tmux.wait_for(lambda lines: any(line.strip() == ">" for line in lines))
    tmux.do("send-keys", "-l", typed)
    tmux.wait_for(lambda lines: any(line.endswith(typed[-8:]) for line in lines))
    for columns in widths:
        tmux.do("resize-window", "-x", str(columns), "-y", "24")
        time.sleep(0.5)  # tmux tells of its size when it has settled
        shown = tmux.wait_for(lambda lines: any(line.endswith(typed[-8:]) for line in lines))
        assert sum(line.startswith("> ") for line in shown) == 1, "\n".join(shown)
        assert sum(line.endswith(typed[-8:]) for line in shown) == 1, "\n".join(shown)
        assert "above" in shown
