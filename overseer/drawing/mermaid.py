"""A plan as Mermaid text, for pages that draw it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from overseer.drawing.sketch import Node, Sketch
from overseer.text.cells import wrapped

# Colours of lines alone: what is filled, and with what, is left to the theme of the page.
_STYLES = {
    "risk_pure": "stroke:#6e7781",
    "risk_read": "stroke:#0969da",
    "risk_model": "stroke:#8250df",
    "risk_network": "stroke:#1b7c83",
    "risk_write": "stroke:#bc4c00,stroke-width:2px",
    "risk_exec": "stroke:#cf222e,stroke-width:2px",
    "risk_code": "stroke:#9a6700,stroke-width:2px",
    "was_succeeded": "stroke:#1a7f37,stroke-width:3px",
    "was_partial": "stroke:#9a6700,stroke-width:3px",
    "was_failed": "stroke:#cf222e,stroke-width:4px",
    "was_skipped": "stroke-dasharray:4 3",
    "was_cancelled": "stroke-dasharray:4 3",
    "was_interrupted": "stroke:#cf222e,stroke-dasharray:4 3",
}

_WIDTH = 36
_LINES = 4


def mermaid(sketch: Sketch) -> str:
    """The sketch as a flowchart."""
    classes: dict[str, list[str]] = {}
    lines = ["flowchart TD", *_statements(sketch, "    ", classes)]
    for name, ids in classes.items():
        lines.append(f"    classDef {name} {_STYLES[name]}")
        lines.append(f"    class {','.join(ids)} {name}")
    return "\n".join(lines) + "\n"


def _statements(sketch: Sketch, indent: str, classes: dict[str, list[str]]) -> Iterator[str]:
    for node in sketch.nodes:
        label = _label(node)
        if node.body is not None and node.body.nodes:
            yield f"{indent}subgraph {_id(node)}[{label}]"
            yield from _statements(node.body, f"{indent}    ", classes)
            yield f"{indent}end"
        else:
            yield f"{indent}{_id(node)}[{label}]"
        if (name := _class(node)) in _STYLES:
            classes.setdefault(name, []).append(_id(node))
    for node in sketch.nodes:
        for need in node.needs:
            yield f"{indent}{_id(sketch.nodes[need])} --> {_id(node)}"


def _id(node: Node) -> str:
    """By its number: a name that somebody chose may be a word of the language, or of two steps."""
    return f"n{node.number.replace('.', '_')}"


def _class(node: Node) -> str:
    if node.outcome is not None:
        return f"was_{node.outcome.status}"
    return f"risk_{node.risk}"


def _label(node: Node) -> str:
    what = " · ".join(part for part in (node.what, node.risk if node.risk != "code" else "") if part)
    lines = wrapped(f"{node.number} · {node.title}", _WIDTH, _LINES)
    for more in (what, node.guard, node.outcome.words if node.outcome else ""):
        lines += wrapped(more, _WIDTH, _LINES) if more else []
    return '"' + "<br/>".join(map(escaped, lines)) + '"'


def escaped(text: str) -> str:
    """Text that means nothing in Mermaid or in HTML."""
    return _MEANINGFUL.sub(lambda found: f"#{ord(found.group())};", text)


_MEANINGFUL = re.compile(
    r"[\x00-\x1f\x7f\u2028\u2029]"
    r"|[\"'#&<>\\`%;{}()\[\]|@$^~*]"
    r"|(?<![^\W_])_|_(?![^\W_])"  # inside a word it means nothing
    r"|(?<=[-/.=])[-/.=]"  # arrows, addresses
    r"|^[-+]|(?<=\d)\.(?= )"  # lists, which some versions refuse to draw
)
