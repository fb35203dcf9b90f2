"""The lines at the end of the screen: whatever was shown before, the terminal shows what it should."""

from __future__ import annotations

import pyte
from hypothesis import given
from hypothesis import strategies as st

from overseer.terminal.region import Region
from overseer.text.cells import cells as cells_of

COLUMNS, ROWS = 30, 12

words = st.text(st.sampled_from("abc 中é"), max_size=14).map(str.rstrip)
frames = st.lists(st.tuples(st.lists(words, max_size=4), st.lists(words, max_size=ROWS - 2)), max_size=12)


class Emulated:
    """A terminal that is written to by a region alone."""

    def __init__(self, rows: int = ROWS) -> None:
        self.screen = pyte.HistoryScreen(COLUMNS, rows, history=10_000, ratio=0.001)
        self._stream = pyte.Stream(self.screen)
        self.sent = ""

    def feed(self, text: str) -> None:
        self.sent += text
        self._stream.feed(text)

    def lines(self) -> list[str]:
        gone = ["".join(row[at].data for at in range(COLUMNS)).rstrip() for row in self.screen.history.top]
        lines = [*gone, *(line.rstrip() for line in self.screen.display)]
        while lines and not lines[-1]:
            lines.pop()
        return lines


def stripped(lines: list[str]) -> list[str]:
    while lines and not lines[-1]:
        lines = lines[:-1]
    return lines


def fitted(lines: list[str]) -> list[tuple[str, int]]:
    return [(line, cells_of(line)) for line in lines]


@given(frames, st.integers(1, ROWS))
def test_the_terminal_shows_what_was_told_for_good_and_below_it_the_lines_of_the_last_frame(
    given_frames: list[tuple[list[str], list[str]]], rows: int
) -> None:
    region, terminal, told, last = Region(), Emulated(rows), list[str](), list[str]()
    for above, last in given_frames:
        told += above
        terminal.feed(region.frame(above, fitted(last), columns=COLUMNS, rows=rows))
        assert terminal.lines() == stripped(told + last[-rows:])
        assert terminal.screen.cursor.hidden is bool(last)
    terminal.feed(region.frame([], [], columns=COLUMNS, rows=rows))
    assert terminal.lines() == stripped(told)
    assert not terminal.screen.cursor.hidden


def test_nothing_is_sent_where_nothing_has_changed() -> None:
    region = Region()
    assert region.frame([], [], columns=COLUMNS, rows=ROWS) == ""
    assert region.frame([], fitted(["a"]), columns=COLUMNS, rows=ROWS)
    assert region.frame([], fitted(["a"]), columns=COLUMNS, rows=ROWS) == ""


def test_a_line_that_stays_is_not_sent_again() -> None:
    region = Region()
    region.frame([], fitted(["stays", "goes"]), columns=COLUMNS, rows=ROWS)
    sent = region.frame([], fitted(["stays", "comes"]), columns=COLUMNS, rows=ROWS)
    assert "comes" in sent
    assert "stays" not in sent


def test_a_terminal_that_has_become_narrower_is_taken_to_have_broken_the_lines_anew() -> None:
    region = Region(reflows=True)
    region.frame([], fitted(["x" * 25, "y" * 12, "z"]), columns=COLUMNS, rows=ROWS)
    assert "\x1b[5A" in region.frame([], fitted(["x"]), columns=10, rows=ROWS)


def test_one_that_cuts_lines_is_not() -> None:
    region = Region(reflows=False)
    region.frame([], fitted(["x" * 25, "y" * 12, "z"]), columns=COLUMNS, rows=ROWS)
    assert "\x1b[2A" in region.frame([], fitted(["x"]), columns=10, rows=ROWS)
