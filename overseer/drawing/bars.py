"""When each step of a run waited and worked, as an SVG picture inside a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from overseer.drawing.marks import MARKS
from overseer.drawing.rows import Row
from overseer.drawing.sketch import seconds_text
from overseer.text.cells import cut
from overseer.timing import Break

_ROW = 22
_LABELS = 270
_BARS = 620
_WORDS = 210
_TICKS = 5

# By their height as well as by their colour.
_HEIGHTS = {"running": 12, "held": 8, "retrying": 4, "waiting": 2}


def bars(rows: Sequence[Row], wall_s: float, breaks: Sequence[Break] = ()) -> str:
    """A bar for every row."""
    width, height = _LABELS + _BARS + _WORDS, _ROW * (len(rows) + 1) + 6
    lines = [f'<svg class="bars" role="img" aria-label="time of each step" width="{width}" height="{height}"']
    lines[0] += f' viewBox="0 0 {width} {height}">'
    lines += _grid(wall_s, _ROW * len(rows))
    lines += (_break(each, wall_s, _ROW * len(rows)) for each in breaks)
    for at, row in enumerate(rows):
        lines += _row(row, at * _ROW, wall_s)
    return "\n".join([*lines, "</svg>"])


def _grid(wall_s: float, height: int) -> Iterator[str]:
    for tick in range(_TICKS + 1):
        x = _LABELS + _BARS * tick / _TICKS
        yield f'<path class="b-grid" d="M{x:g} 0V{height}"/>'
        label = seconds_text(wall_s * tick / _TICKS)
        yield f'<text class="b-axis" x="{x:g}" y="{height + 16}">{label}</text>'


def _break(each: Break, wall_s: float, height: int) -> str:
    x = _x(each.at, wall_s)
    told = escape(f"resumed after {seconds_text(each.away_s)}")
    return f'<path class="b-break" d="M{x:.1f} 0V{height}"><title>{told}</title></path>'


def _row(row: Row, y: int, wall_s: float) -> Iterator[str]:
    middle, foot = y + _ROW / 2, y + _ROW - 6
    indent = 6 + 14 * min(row.depth, 6)
    yield f'<svg x="0" y="{y}" width="{_LABELS - 8}" height="{_ROW}">'
    yield f'<text x="{indent}" y="{_ROW - 6}">{escape(cut(row.label, 60))}</text></svg>'
    for interval in row.intervals:
        x, end = _x(interval.start, wall_s), _x(interval.end, wall_s)
        height = _HEIGHTS[interval.phase] if not (row.is_scope and interval.phase == "running") else 5
        kind = "scope" if row.is_scope and interval.phase == "running" else interval.phase
        yield (
            f'<rect class="b-{kind}" x="{x:.1f}" y="{middle - height / 2:g}" width="{max(1.0, end - x):.1f}"'
            f' height="{height}"><title>{interval.phase} {seconds_text(interval.length)}</title></rect>'
        )
    told = escape(cut(f"{MARKS.get(row.status, '')} {row.words}", 34))
    yield f'<text class="b-words s-{row.status}" x="{_LABELS + _BARS + 10}" y="{foot}">{told}</text>'


def _x(at: float, wall_s: float) -> float:
    return _LABELS + (_BARS * at / wall_s if wall_s else 0)
