"""Where everything in a picture of a plan is: boxes with their words, frames around scopes, lines between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

from overseer.drawing.layers import Layering, layered, placed
from overseer.drawing.marks import MARKS
from overseer.drawing.sketch import Node, Sketch
from overseer.text.cells import wrapped

LINE = 17.0  # from one line of text to the next
PAD = 10.0
BOX_WIDTH = 224.0
_GAP = 26.0  # between neighbours
_STEP = 44.0  # between layers
_PASSAGE = -10.0  # what a line that passes by takes: it may be closer to others than boxes are
_MARGIN = 16.0

_TITLE_CELLS = 24
_WORD_CELLS = 28
_CELL = 8.2  # the usual width of one


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text, and what kind of line: `title`, `what`, `guard` or `outcome`."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Box:
    """A step, or a frame around the steps inside it."""

    node: Node
    x: float
    y: float
    width: float
    height: float
    words: tuple[Words, ...]
    inside: Picture | None


@dataclass(frozen=True, slots=True)
class Line:
    """From the foot of something, straight down to the end of its layer, then over to the head of something below."""

    x: float
    y: float
    bend: float
    to_x: float
    to_y: float
    has_head: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes and lines. What is inside a box is measured from the corner of its own picture."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    x: float = 0.0
    y: float = 0.0


def arranged(sketch: Sketch) -> Picture:
    """Where everything is in a picture of the sketch."""
    layering = layered([node.needs for node in sketch.nodes], widest=max(6, ceil(sqrt(len(sketch.nodes)))))
    boxes = [_measured(node) for node in sketch.nodes]
    count = sum(map(len, layering.layers))
    widths = [box.width for box in boxes] + [_PASSAGE] * (count - len(boxes))
    middles = placed(layering, widths, _GAP)
    tops, bottoms = _rows(layering, boxes)
    for layer, top in zip(layering.layers, tops, strict=True):
        for vertex in filter(layering.is_step, layer):
            boxes[vertex] = _moved(boxes[vertex], _MARGIN + middles[vertex] - widths[vertex] / 2, top)
    lines = _lines(layering, boxes, [_MARGIN + middle for middle in middles], tops, bottoms)
    right = max((middles[v] + widths[v] / 2 for layer in layering.layers for v in layer), default=0.0)
    return Picture(right + 2 * _MARGIN, max(bottoms, default=0.0) + _MARGIN, tuple(boxes), lines)


def _measured(node: Node) -> Box:
    """How large a box has to be, still in no place."""
    inside = arranged(node.body) if node.body is not None and node.body.nodes else None
    width = BOX_WIDTH if inside is None else max(BOX_WIDTH, inside.width)
    more = int((width - BOX_WIDTH) / _CELL)
    words = _words(node, more)
    head = PAD + LINE * len(words)
    return Box(node, 0, 0, width, head + (PAD if inside is None else inside.height), words, inside)


def _words(node: Node, more: int) -> tuple[Words, ...]:
    title = wrapped(f"{node.number}. {node.title}", _TITLE_CELLS + more, 2)
    what = wrapped(node.what, _WORD_CELLS + more - len(node.risk) - 2, 1)
    lines = [*(Words(line, "title") for line in title), *(Words(line, "what") for line in what)]
    if node.guard:
        lines += [Words(line, "guard") for line in wrapped(node.guard, _WORD_CELLS + more, 2)]
    if node.outcome is not None:
        told = f"{MARKS.get(node.outcome.status, '')} {node.outcome.words}"
        lines += [Words(line, "outcome") for line in wrapped(told, _WORD_CELLS + more, 2)]
    return tuple(lines)


def _moved(box: Box, x: float, y: float) -> Box:
    inside = box.inside
    if inside is not None:
        at = x + (box.width - inside.width) / 2
        inside = Picture(inside.width, inside.height, inside.boxes, inside.lines, at, y + box.height - inside.height)
    return Box(box.node, x, y, box.width, box.height, box.words, inside)


def _rows(layering: Layering, boxes: Sequence[Box]) -> tuple[list[float], list[float]]:
    """Where each layer begins, and where it ends."""
    tops: list[float] = []
    bottoms: list[float] = []
    top = _MARGIN
    for layer in layering.layers:
        height = max((boxes[vertex].height for vertex in layer if layering.is_step(vertex)), default=0.0)
        tops.append(top)
        bottoms.append(top + height)
        top += height + _STEP
    return tops, bottoms


def _lines(
    layering: Layering, boxes: Sequence[Box], middles: Sequence[float], tops: list[float], bottoms: list[float]
) -> tuple[Line, ...]:
    layer_of = {vertex: at for at, layer in enumerate(layering.layers) for vertex in layer}
    found = []
    for a, b in layering.links:
        at = layer_of[a]
        foot = boxes[a].y + boxes[a].height if layering.is_step(a) else tops[at]
        found.append(Line(middles[a], foot, bottoms[at], middles[b], tops[layer_of[b]], layering.is_step(b)))
    return tuple(found)
