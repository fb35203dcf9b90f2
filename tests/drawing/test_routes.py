"""Lines between rows of boxes: who follows one with a finger arrives where it should, and nowhere else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from overseer.drawing.routes import Gap, route
from overseer.drawing.strokes import BOXES

DOWNWARDS = {"│": "D", "┴": "LR", "╰": "R", "╯": "L", "┼": "LRD", "├": "DR", "┤": "DL"}
# Where a line comes along from the left or the right; one that another passes over goes on behind it.
ALONG = {"─": "A", "│": "A", "╭": "D", "╮": "D", "┬": "AD", "┴": "A", "┼": "AD", "├": "D", "┤": "D", "╰": "", "╯": ""}


@st.composite
def rows(draw: st.DrawFn) -> tuple[list[tuple[int, int]], list[int], list[int], int]:
    """Two rows of boxes, and links from the upper to the lower one."""
    uppers, lowers = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    lefts, widths = [], []
    for count in (uppers, lowers):
        at = draw(st.integers(0, 9))
        for _ in range(count):
            lefts.append(at)
            widths.append(draw(st.integers(12, 20)))
            at += widths[-1] + draw(st.integers(2, 9))
    pairs = [(a, uppers + b) for a in range(uppers) for b in range(lowers)]
    links = draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=12, unique=True))
    return links, lefts, widths, uppers + lowers


@given(rows())
def test_every_line_leads_where_it_should(case: tuple[list[tuple[int, int]], list[int], list[int], int]) -> None:
    links, lefts, widths, count = case
    gap = route(links, lefts, widths, count, BOXES)
    if gap is None:
        return  # the drawing has waves instead
    for upper in {a for a, _ in links}:
        columns = followed(gap, gap.leaves[upper])
        assert {b for (_, b), column in gap.enters.items() if column in columns} == {b for a, b in links if a == upper}
        assert columns <= set(gap.enters.values())


def followed(gap: Gap, column: int) -> set[int]:
    """The columns in which a line that leaves in a column arrives."""
    arrived, seen = set(), set()
    stack = [(0, column, "D")]
    while stack:
        place = stack.pop()
        if place in seen:
            continue
        seen.add(place)
        row, at, heading = place
        sign = gap.lines[row][at]
        if sign == "▼":
            arrived.add(at)
            continue
        for turn in DOWNWARDS[sign] if heading == "D" else ALONG[sign]:
            if turn == "D":
                stack.append((row + 1, at, "D"))
            else:
                way = heading if turn == "A" else turn
                stack.append((row, at + (1 if way == "R" else -1), way))
    return arrived


def test_steps_that_lead_to_the_same_share_a_line() -> None:
    # Three boxes above, two below, each of which needs all three.
    links = [(a, b) for a in range(3) for b in (3, 4)]
    gap = route(links, [0, 12, 24, 6, 18], [10] * 5, 5, BOXES)
    assert gap is not None
    assert gap.lines == [
        "    ╰─────┬─────┴─────┬─────╯",
        "          ▼           ▼",
    ]


def test_a_line_that_passes_over_another_is_drawn_through() -> None:
    gap = route([(0, 3), (1, 2)], [0, 20, 4, 24], [11] * 4, 4, BOXES)
    assert gap is not None
    assert gap.lines == [
        "     ╰───────────────────│───╮",
        "         ╭───────────────╯   │",
        "         ▼                   ▼",
    ]
