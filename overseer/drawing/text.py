"""A plan as text for a terminal: boxes in rows from top to bottom, and the lines between them.

Where a row has more boxes than fit side by side, it goes on below, and instead of lines each box says
which others it needs, as it does anyway: `2 ← 1` is step 2, which needs step 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from overseer.drawing.layers import Layering, layered, levels, placed
from overseer.drawing.routes import Gap, route
from overseer.drawing.sketch import Node, Sketch
from overseer.drawing.strokes import BOXES, Strokes
from overseer.text.cells import cells, cut, padded, wrapped

NARROWEST = 20
_NARROW_BOX = 16
_WIDE_BOX = 34
_NARROW_FRAME = 16  # and so much more for each frame in it, or numbers such as 2.1.3 do not fit
_PER_FRAME = 6
_BETWEEN = 2
_MOST_NEEDS = 6  # that a box names
_ROOMY = 60  # steps; of larger plans, a box has fewer lines


def text_lines(sketch: Sketch, *, width: int = 80, strokes: Strokes = BOXES) -> list[str]:
    """The sketch in lines that are no wider."""
    width = max(NARROWEST, width)
    count = sketch.count()
    depth = len(levels([node.needs for node in sketch.nodes]))
    head = f"{strokes.written(sketch.name) or 'plan'}: {_many(count, 'step')}, {_many(depth, 'wave')}"
    drawn = _Drawer(strokes, is_roomy=count <= _ROOMY).sketch(sketch, width)
    text = [*wrapped(head, width, 2, strokes.more), "", *drawn]
    return [cut(line.rstrip(), width, strokes.more) for line in text]


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' if count != 1 else ''}"


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines of one width: a box, a frame, or several."""

    lines: list[str]
    width: int


@dataclass(frozen=True, slots=True)
class _Drawer:
    strokes: Strokes
    is_roomy: bool
    frames: dict[tuple[str, int], _Block] = field(default_factory=dict)  # or those in others would be drawn ever again

    def sketch(self, sketch: Sketch, width: int) -> list[str]:
        """All steps of a sketch, with lines where there is room for them."""
        if not sketch.nodes:
            return []
        layering = layered([node.needs for node in sketch.nodes])
        most = max(sum(map(layering.is_step, layer)) for layer in layering.layers)
        share = (width + _BETWEEN) // most - _BETWEEN
        sizes = [size for size in (_WIDE_BOX, 28, 24, 20, share, _NARROW_BOX) if size >= _NARROW_BOX]
        depth = sketch.depth()
        if share >= _NARROW_BOX:
            for room in (width, share) if depth and share >= _NARROW_FRAME + depth * _PER_FRAME else (width,):
                for widest in dict.fromkeys(sizes):
                    if (drawn := self._with_lines(sketch, layering, width, min(widest, width), room)) is not None:
                        return drawn
        return self._in_waves(sketch, width)

    # --- with lines

    def _with_lines(self, sketch: Sketch, layering: Layering, width: int, widest: int, room: int) -> list[str] | None:
        """None if there is not the room for it."""
        blocks = [self._block(node, sketch, widest, room) for node in sketch.nodes]
        count = sum(map(len, layering.layers))
        widths = [block.width for block in blocks] + [1] * (count - len(blocks))
        if any(sum(widths[v] + _BETWEEN for v in layer) - _BETWEEN > width for layer in layering.layers):
            return None
        lefts = _columns(layering, widths, width)
        layer_of = {vertex: at for at, layer in enumerate(layering.layers) for vertex in layer}
        lines: list[str] = []
        for at, layer in enumerate(layering.layers):
            links = [(a, b) for a, b in layering.links if layer_of[a] == at]
            gap = route(links, lefts, widths, layering.count, self.strokes) if links else Gap([], {}, {})
            if gap is None:
                return None
            if at and not any(layer_of[b] == at for _, b in layering.links):
                lines.append("")
            lines += self._row(layer, layering, blocks, lefts)
            lines += gap.lines
        return lines

    def _row(self, layer: Sequence[int], layering: Layering, blocks: list[_Block], lefts: Sequence[int]) -> list[str]:
        height = max((len(blocks[v].lines) for v in layer if layering.is_step(v)), default=1)
        # What stands beside something higher is continued by a line, if one goes on from it.
        goes_on = {a for a, _ in layering.links}
        rows = []
        for at in range(height):
            line, column = "", 0
            for vertex in sorted(layer, key=lefts.__getitem__):
                is_box = layering.is_step(vertex) and at < len(blocks[vertex].lines)
                if is_box:
                    piece, left = blocks[vertex].lines[at], lefts[vertex]
                elif vertex in goes_on:
                    width = blocks[vertex].width if layering.is_step(vertex) else 1
                    piece, left = self.strokes.down, lefts[vertex] + (width - 1) // 2
                else:
                    continue
                line += " " * (left - column) + piece
                column = left + (blocks[vertex].width if is_box else 1)
            rows.append(line)
        return rows

    # --- in waves

    def _in_waves(self, sketch: Sketch, width: int) -> list[str]:
        lines: list[str] = []
        for number, wave in enumerate(levels([node.needs for node in sketch.nodes]), 1):
            beside = f": {len(wave)} side by side" if len(wave) > 1 else ""
            lines += ([""] if lines else []) + [cut(f"wave {number}{beside}", width, self.strokes.more)]
            columns = max(1, min(len(wave), (width + _BETWEEN) // (_NARROW_BOX + _BETWEEN + 1)))
            widest = (width - _BETWEEN * (columns - 1)) // columns
            row: list[_Block] = []
            for node in (sketch.nodes[at] for at in wave):
                block = self._block(node, sketch, min(widest, _WIDE_BOX), width)
                if row and sum(b.width + _BETWEEN for b in row) + block.width > width:
                    lines += _beside(row)
                    row = []
                row.append(block)
            lines += _beside(row)
        return lines

    # --- boxes

    def _block(self, node: Node, sketch: Sketch, widest: int, width: int) -> _Block:
        needs = ", ".join(sketch.nodes[need].number for need in node.needs[:_MOST_NEEDS])
        if more := len(node.needs) - _MOST_NEEDS:
            needs += f" +{more}" if more > 0 else ""
        head = f"{node.number} {self.strokes.needs}{needs}" if needs else node.number
        if node.body is not None and node.body.nodes:
            known = (node.number, width)
            if known not in self.frames:
                self.frames[known] = self._frame(node, head, width)
            return self.frames[known]
        words = self._words(node)
        wanted = max(cells(word) for word in (*words, f"{head}   "))
        inner = max(min(widest, wanted + 4), min(_NARROW_BOX, width)) - 4
        most = 2 if self.is_roomy else 1
        lines = [line for word in words for line in wrapped(word, inner, most, self.strokes.more)]
        return _boxed(head, lines, inner, self.strokes)

    def _words(self, node: Node) -> list[str]:
        what = self.strokes.between.join(part for part in (node.what, node.risk if node.risk != "code" else "") if part)
        group = f"group {node.group}" if node.group else ""
        words = [node.title, what, group, node.guard] if self.is_roomy else [node.title, node.guard]
        if node.outcome is not None:
            words.append(f"{self.strokes.mark(node.outcome.status)}{node.outcome.words}")
        return [self.strokes.written(word) for word in words if word]

    def _frame(self, node: Node, head: str, width: int) -> _Block:
        """A scope around what is inside it: a frame, or where that takes too much room, a line at the side."""
        assert node.body is not None
        is_narrow = width < 2 * NARROWEST
        room = width - 2 if is_narrow else width - 4
        words = [line for word in self._words(node) for line in wrapped(word, max(room, 8), 2, self.strokes.more)]
        inside = [*words, *self.sketch(node.body, max(room, 8))]
        strokes = self.strokes
        if is_narrow:
            lines = [
                f"{strokes.frame_corners[0]}{strokes.frame_across} {head} ",
                *(f"{strokes.frame_down} {x}" for x in inside),
            ]
            size = min(width, max(map(cells, lines)))
            top, *body = [padded(line, size, strokes.more) for line in lines]
            top = top.rstrip() + " " + strokes.frame_across * max(0, size - cells(top.rstrip()) - 1)
            bottom = strokes.frame_corners[2] + strokes.frame_across * (size - 1)
            return _Block([cut(top, size), *body, bottom], size)
        size = min(room, max(cells(line) for line in (*inside, f"{head}   ")))
        return _boxed(head, inside, size, strokes, is_frame=True)


def _boxed(head: str, lines: list[str], inner: int, strokes: Strokes, *, is_frame: bool = False) -> _Block:
    across = strokes.frame_across if is_frame else strokes.across
    down = strokes.frame_down if is_frame else strokes.down
    top_left, top_right, bottom_left, bottom_right = strokes.frame_corners if is_frame else strokes.corners
    head = cut(head, inner - 1, strokes.more)
    top = f"{top_left}{across} {head} {across * (inner - 1 - cells(head))}{top_right}"
    body = [f"{down} {padded(line, inner, strokes.more)} {down}" for line in lines]
    return _Block([top, *body, f"{bottom_left}{across * (inner + 2)}{bottom_right}"], inner + 4)


def _beside(row: Sequence[_Block]) -> list[str]:
    """Blocks in one row, their tops at one height."""
    height = max((len(block.lines) for block in row), default=0)
    return [
        (" " * _BETWEEN).join(block.lines[at] if at < len(block.lines) else " " * block.width for block in row)
        for at in range(height)
    ]


def _columns(layering: Layering, widths: Sequence[int], width: int) -> list[int]:
    """The first column of each vertex; a layer that would stand out of the width is moved into it."""
    middles = placed(layering, widths, _BETWEEN)
    lefts = [round(middle - (size - 1) / 2) for middle, size in zip(middles, widths, strict=True)]
    for layer in layering.layers:
        ends = 0
        for vertex in layer:
            lefts[vertex] = ends = max(lefts[vertex], ends)
            ends += widths[vertex] + _BETWEEN
        ends = width
        for vertex in reversed(layer):
            lefts[vertex] = min(lefts[vertex], ends - widths[vertex])
            ends = lefts[vertex] - _BETWEEN
    first = min(lefts, default=0)
    return [left - first for left in lefts]
