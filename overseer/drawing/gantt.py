"""When each step of a run waited and worked, as bars in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from overseer.drawing.rows import PHASES, Row, rows_of
from overseer.drawing.sketch import Sketch, harmless, seconds_text
from overseer.drawing.strokes import BOXES, Strokes
from overseer.drawing.summary import summary_lines
from overseer.text.cells import cells, cut, padded, wrapped
from overseer.timing import Interval, RunTiming

NARROWEST = 40
_WIDEST_LABEL = 36
_NARROWEST_BAR = 10

_MEANINGS = {
    "running": "at work",
    "waiting": "waiting for a slot",
    "held": "held back",
    "retrying": "to be retried",
}


def gantt_lines(
    timing: RunTiming,
    sketch: Sketch,
    *,
    run_id: str = "",
    width: int = 80,
    strokes: Strokes = BOXES,
    all_rounds: bool = False,
) -> list[str]:
    """The figures of a run and a bar for each of its steps, in lines that are no wider."""
    width = max(NARROWEST, width)
    head = [f"run {harmless(run_id)} {timing.status}: {sketch.name or 'unnamed plan'}", *summary_lines(timing)]
    lines = [line for text in head for line in _paragraph(strokes.written(text), width, strokes)]
    rows = rows_of(timing, sketch, all_rounds=all_rounds)
    if not rows or not timing.wall_s:
        rows_left = [f"  {row.label}: {row.status}" for row in rows]
        return [cut(strokes.written(line), width, strokes.more) for line in (*lines, "", *rows_left)]
    chart, shown = _chart(rows, timing, width, strokes)
    legend = "   ".join(f"{strokes.bars[phase]} {_MEANINGS[phase]}" for phase in PHASES if strokes.bars[phase] in shown)
    return [*lines, "", *chart, "", *_paragraph(legend, width, strokes)]


def _paragraph(text: str, width: int, strokes: Strokes) -> list[str]:
    first, *rest = wrapped(text, width, 1000, strokes.more)
    if not rest:
        return [first]
    return [first, *(f"  {line}" for line in wrapped(text[len(first) :].lstrip(), width - 2, 1000, strokes.more))]


def _chart(rows: Sequence[Row], timing: RunTiming, width: int, strokes: Strokes) -> tuple[list[str], set[str]]:
    """The lines of the chart, and the signs that are in its bars."""
    labels = [f"{'  ' * row.depth}{strokes.written(row.label)}" for row in rows]
    words = [strokes.written(f"{strokes.mark(row.status)}{row.words}") for row in rows]
    label_size = min(max(map(cells, labels)), _WIDEST_LABEL, width // 3)
    words_size = min(max(map(cells, words)), (width - label_size) // 2 - 2)
    size = max(_NARROWEST_BAR, width - label_size - words_size - 4)
    lines = []
    shown: set[str] = set()
    for label, row, word in zip(labels, rows, words, strict=True):
        bar = _bar(row, timing.wall_s, size, strokes)
        shown |= set(bar)
        told = cut(word, words_size, strokes.more)
        lines.append(f"{padded(label, label_size, strokes.more)} {strokes.down}{bar}{strokes.down} {told}".rstrip())
    lines.append(" " * (label_size + 2) + _axis(timing.wall_s, size))
    return lines, shown


def _bar(row: Row, wall_s: float, size: int, strokes: Strokes) -> str:
    """What it did most of the time, column by column; that it was at work at all is always to be seen."""
    most = [0.0] * size
    bar = [" "] * size
    at_work = ""
    for phase in PHASES:
        sign = strokes.scope_bar if row.is_scope and phase == "running" else strokes.bars[phase]
        for interval in row.intervals:
            if interval.phase != phase:
                continue
            first, last = _columns(interval, wall_s, size)
            for column in range(first, last + 1):
                start, end = column * wall_s / size, (column + 1) * wall_s / size
                part = min(end, interval.end) - max(start, interval.start)
                if part > most[column]:
                    most[column], bar[column] = part, sign
        if phase == "running":
            at_work = sign
    if at_work not in bar and (first_work := next((i for i in row.intervals if i.phase == "running"), None)):
        bar[_columns(first_work, wall_s, size)[0]] = at_work
    return "".join(bar)


def _columns(interval: Interval, wall_s: float, size: int) -> tuple[int, int]:
    first = min(size - 1, int(interval.start / wall_s * size))
    return first, max(first, min(size - 1, int(interval.end / wall_s * size)))


def _axis(wall_s: float, size: int) -> str:
    middle, end = seconds_text(wall_s / 2), seconds_text(wall_s)
    line = "0"
    if size >= 30:
        line = f"{line:<{size // 2 - len(middle) // 2}}{middle}"
    return f"{line}{end:>{max(1, size - len(line))}}"
