"""A plan as an SVG picture: text and shapes alone, nothing that runs or is fetched, for light and dark pages."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from overseer.drawing.arrangement import LINE, PAD, Box, Line, Picture, arranged
from overseer.drawing.marks import RISK_COLOURS, STATUS_COLOURS, Colour
from overseer.drawing.sketch import Sketch

_NAMESPACE = ' xmlns="http://www.w3.org/2000/svg"'
_HEAD = 7.0  # of an arrow


def svg(sketch: Sketch, *, is_alone: bool = True) -> str:
    """The sketch as a document of its own, or as part of an HTML page."""
    picture = arranged(sketch)
    width, height = _number(picture.width), _number(picture.height)
    name = attribute(sketch.name or "plan")
    lines = [
        f'<svg{_NAMESPACE if is_alone else ""} class="plan" role="img" aria-label="{name}"'
        f' width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
        f"<style>{_STYLE}</style>",
        f'<rect class="p-page" width="{width}" height="{height}"/>',
        *_picture(picture),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def attribute(text: str) -> str:
    """Text inside quotation marks."""
    return escape(text, {'"': "&quot;", "'": "&#39;"})


def _picture(picture: Picture) -> Iterator[str]:
    for line in dict.fromkeys(picture.lines):
        yield f'<path class="p-line" d="{_curve(line)}"/>'
    heads = dict.fromkeys((line.to_x, line.to_y) for line in picture.lines if line.has_head)
    for x, y in heads:
        yield f'<path class="p-head" d="M{_number(x - 5)} {_number(y - _HEAD)}h10l-5 {_number(_HEAD)}z"/>'
    for box in picture.boxes:
        yield from _box(box)


def _curve(line: Line) -> str:
    end = line.to_y - (_HEAD if line.has_head else 0)
    middle = (line.bend + end) / 2
    start = f"M{_number(line.x)} {_number(line.y)}V{_number(line.bend)}"
    if abs(line.x - line.to_x) < 0.5:
        return f"{start}V{_number(end)}"
    x, to_x = _number(line.x), _number(line.to_x)
    return f"{start}C{x} {_number(middle)} {to_x} {_number(middle)} {to_x} {_number(end)}"


def _box(box: Box) -> Iterator[str]:
    node = box.node
    status = f" p-{node.outcome.status}" if node.outcome is not None else ""
    yield f'<g class="p-step p-risk-{node.risk or "none"}{status}">'
    yield f"<title>{escape(f'{node.number}. {node.title}')}</title>"
    x, y, width, height = map(_number, (box.x, box.y, box.width, box.height))
    kind = "p-frame" if box.inside is not None else "p-box"
    yield f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="7"/>'
    if box.inside is None:
        inner = _number(box.height - 12)
        yield f'<rect class="p-stripe" x="{_number(box.x + 5)}" y="{_number(box.y + 6)}" width="4" height="{inner}"/>'
    # A picture of its own, whose edge nothing crosses, however wide its letters are.
    yield f'<svg x="{x}" y="{y}" width="{_number(box.width - 6)}" height="{height}">'
    for at, words in enumerate(box.words):
        foot = _number(PAD + LINE * (at + 0.75))
        yield f'<text class="p-{words.kind}" x="{_number(PAD + 6)}" y="{foot}">{escape(words.text)}</text>'
    if node.risk and node.risk != "code":
        at = next(at for at, words in enumerate(box.words) if words.kind == "what")
        foot = _number(PAD + LINE * (at + 0.75))
        yield f'<text class="p-risk" x="{_number(box.width - PAD - 4)}" y="{foot}">{escape(node.risk)}</text>'
    yield "</svg>"
    if box.inside is not None:
        yield f'<g transform="translate({_number(box.inside.x)} {_number(box.inside.y)})">'
        yield from _picture(box.inside)
        yield "</g>"
    yield "</g>"


def _number(value: float) -> str:
    return f"{round(value, 1):g}"


def _coloured(selector: str, property: str, colours: dict[str, Colour], *, dark: bool) -> str:
    return "".join(
        f".{selector.format(name or 'none')}{{{property}:{colour.dark if dark else colour.light}}}"
        for name, colour in colours.items()
    )


def _colours(*, dark: bool) -> str:
    page, paper, frame, ink, soft, line = (
        ("#0d1117", "#161b22", "#10151c", "#e6edf3", "#9198a1", "#6e7681")
        if dark
        else ("#ffffff", "#ffffff", "#f6f8fa", "#1f2328", "#59636e", "#8c959f")
    )
    return (
        f".p-page{{fill:{page}}}.p-box{{fill:{paper};stroke:{line}}}.p-frame{{fill:{frame};stroke:{line}}}"
        f".p-line{{stroke:{line}}}.p-head{{fill:{line}}}.plan text{{fill:{ink}}}"
        f".plan .p-what,.plan .p-guard{{fill:{soft}}}"
        + _coloured("p-risk-{}>.p-stripe", "fill", dict(RISK_COLOURS), dark=dark)
        + _coloured("plan .p-risk-{} .p-risk", "fill", dict(RISK_COLOURS), dark=dark)
        + _coloured("p-{0}>rect.p-box,.p-{0}>rect.p-frame", "stroke", dict(STATUS_COLOURS), dark=dark)
        + _coloured("plan .p-{}>svg>.p-outcome", "fill", dict(STATUS_COLOURS), dark=dark)
    )


_STYLE = (
    ".plan{font:13px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}"
    ".p-box,.p-frame{stroke-width:1.2}.p-frame{stroke-dasharray:6 4}.p-line{fill:none;stroke-width:1.4}"
    ".p-title{font-weight:600}.p-what,.p-guard,.p-risk,.p-outcome{font-size:12px}.p-guard{font-style:italic}"
    ".p-risk{text-anchor:end;font-weight:600}.p-outcome{font-weight:600}"
    ".p-failed>rect.p-box,.p-failed>rect.p-frame{stroke-width:2.4}"
    ".p-succeeded>rect.p-box{stroke-width:1.8}"
    ".p-skipped>rect.p-box,.p-cancelled>rect.p-box,.p-waiting>rect.p-box{stroke-dasharray:3 3}"
    + _colours(dark=False)
    + "@media (prefers-color-scheme:dark){"
    + _colours(dark=True)
    + "}"
)
