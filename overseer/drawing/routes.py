"""The lines between two rows of boxes in a terminal.

Steps that lead to the same ones share a line across. Where one line passes over another, the one
that goes down is drawn through and the other is not, so that nothing seems to meet that does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from overseer.drawing.strokes import DOWN, LEFT, RIGHT, UP, Strokes

_MOST_TRACKS = 8


@dataclass(frozen=True, slots=True)
class Gap:
    """The lines of text between two rows, and the columns in which lines leave the upper and enter the lower one."""

    lines: list[str]
    leaves: Mapping[int, int]
    enters: Mapping[tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class _Bundle:
    """Vertices that lead to the same ones, and the columns where their lines begin and end."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @property
    def span(self) -> tuple[int, int]:
        columns = (*self.starts, *self.ends)
        return min(columns), max(columns)

    @property
    def is_straight(self) -> bool:
        return len(self.starts) == len(self.ends) == 1 and self.starts == self.ends


def route(
    links: Sequence[tuple[int, int]], lefts: Sequence[int], widths: Sequence[int], count: int, strokes: Strokes
) -> Gap | None:
    """The lines for these links between vertices; None if they would be too many to follow."""
    leaves = {a: lefts[a] + (widths[a] - 1) // 2 for a, _ in links}
    targets: dict[int, tuple[int, ...]] = {}
    for a, b in links:
        targets[a] = (*targets.get(a, ()), b)
    bundles: dict[tuple[int, ...], list[int]] = {}
    for a, ends in targets.items():
        bundles.setdefault(tuple(sorted(ends)), []).append(a)
    enters = _entrances(bundles, leaves, lefts, widths)
    if enters is None:
        return None
    drawn = [
        _Bundle(tuple(leaves[a] for a in starts), tuple(enters[at, b] for b in ends))
        for at, (ends, starts) in enumerate(bundles.items())
    ]
    tracks = _tracks(drawn)
    if tracks is None:
        return None
    heads = {enters[at, b] for at, ends in enumerate(bundles) for b in ends if b < count}
    return Gap(_lines(drawn, tracks, heads, strokes), leaves, enters)


def _entrances(
    bundles: Mapping[tuple[int, ...], Sequence[int]],
    leaves: Mapping[int, int],
    lefts: Sequence[int],
    widths: Sequence[int],
) -> dict[tuple[int, int], int] | None:
    """A column of its own for each bundle at each of its ends, where no other line comes down; else None."""
    enters: dict[tuple[int, int], int] = {}
    taken: set[int] = set()
    arriving: dict[int, list[int]] = {}
    for at, ends in enumerate(bundles):
        for b in ends:
            arriving.setdefault(b, []).append(at)
    starts = list(bundles.values())
    for b, arrivals in arriving.items():
        middle = lefts[b] + (widths[b] - 1) // 2
        arrivals.sort(key=lambda at: sum(leaves[a] for a in starts[at]) / len(starts[at]))
        for place, at in enumerate(arrivals):
            own = {leaves[a] for a in starts[at]}
            others = set(leaves.values()) - own | taken
            wish = middle + 2 * place - (len(arrivals) - 1)
            inside = range(lefts[b] + 1, lefts[b] + widths[b] - 1) if widths[b] > 2 else range(lefts[b], lefts[b] + 1)
            # A line that can go straight down had better do so.
            free = [column for column in inside if column not in others]
            if not free:
                return None
            straight = [column for column in free if column in own and abs(column - middle) <= widths[b] // 3]
            chosen = straight[0] if straight else min(free, key=lambda column: abs(column - wish))
            enters[at, b] = chosen
            taken.add(chosen)
    return enters


def _tracks(bundles: Sequence[_Bundle]) -> list[int] | None:
    """The line of text in which each bundle goes across; bundles that do not overlap share one."""
    rows: list[list[tuple[int, int]]] = []
    found = []
    for bundle in bundles:
        if bundle.is_straight:
            found.append(-1)
            continue
        low, high = bundle.span
        row = next((at for at, spans in enumerate(rows) if all(high < a or b < low for a, b in spans)), len(rows))
        if row == len(rows):
            rows.append([])
        rows[row].append((low, high))
        found.append(row)
    return None if len(rows) > _MOST_TRACKS else found


def _lines(bundles: Sequence[_Bundle], tracks: Sequence[int], heads: set[int], strokes: Strokes) -> list[str]:
    count = max(tracks, default=-1) + 1
    grids: list[dict[int, int]] = [{} for _ in range(count)]  # for each line, the sides that meet in a column
    through: list[set[int]] = [set() for _ in range(count)]
    for bundle, track in zip(bundles, tracks, strict=True):
        for row in range(count):
            if row < track or track < 0:
                through[row].update(bundle.starts)
            if row > track >= 0:
                through[row].update(bundle.ends)
        if track < 0:
            continue
        low, high = bundle.span
        for column in range(low, high + 1):
            sides = (LEFT if column > low else 0) | (RIGHT if column < high else 0)
            sides |= (UP if column in bundle.starts else 0) | (DOWN if column in bundle.ends else 0)
            grids[track][column] = sides
    lines = []
    for grid, passing in zip(grids, through, strict=True):
        row_cells = {column: strokes.joints[sides] for column, sides in grid.items()}
        row_cells |= dict.fromkeys(passing, strokes.down)
        lines.append(_line(row_cells))
    ends = {column for bundle in bundles for column in bundle.ends}
    lines.append(_line({column: strokes.head if column in heads else strokes.down for column in ends}))
    return lines


def _line(row: Mapping[int, str]) -> str:
    return "".join(row.get(column, " ") for column in range(max(row, default=-1) + 1))
