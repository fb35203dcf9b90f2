"""The layers as the import statements have them, for the page about the architecture.

    python -m tests.picture < docs/architecture.md

prints the page with the picture made anew.
"""

from __future__ import annotations

import re
import sys

from tests.test_architecture import LAYERS, imports, name_of, sources

_PART = re.compile(r"(<!-- made: layers -->\n).*?(<!-- end -->)", re.DOTALL)


def page_made_anew(page: str) -> str:
    return _PART.sub(lambda found: f"{found.group(1)}{picture()}{found.group(2)}", page)


def picture() -> str:
    """Every layer from the top to the bottom, its parts, and what they import."""
    used = _imported()
    order = [part for layer in LAYERS for part in layer]
    lines: list[str] = []
    for layer in LAYERS:
        for place, part in enumerate(layer):
            below = [_short(other) for other in order if other in used[part]]
            mark = (
                "┬ "
                if place == 0 and len(layer) > 1
                else "└ "
                if place == len(layer) - 1 > 0
                else "│ "
                if place
                else "─ "
            )
            lines += _wrapped(f"{mark}{_short(part)}", below)
    return "\n".join(["```text", *lines, "```", ""])


def _imported() -> dict[str, set[str]]:
    """By part, the other parts that its modules import."""
    parts = [part for layer in LAYERS for part in layer]
    found: dict[str, set[str]] = {part: set() for part in parts}
    for path in sources():
        if (home := _part(name_of(path), parts)) is None:
            continue
        for imported in imports(path):
            other = _part(imported, parts)
            if other is not None and other != home:
                found[home].add(other)
    return found


def _part(module: str, parts: list[str]) -> str | None:
    return next((part for part in parts if module == part or module.startswith(f"{part}.")), None)


def _short(part: str) -> str:
    return part.removeprefix("overseer.")


def _wrapped(name: str, below: list[str], *, width: int = 100) -> list[str]:
    indent = 17
    lines, line = [], f"{name:<{indent - 1}} "
    for other in below:
        if len(line) + len(other) > width:
            lines.append(line.rstrip())
            line = " " * indent
        line += f"{other} "
    return [*lines, line.rstrip()]


if __name__ == "__main__":
    sys.stdout.write(page_made_anew(sys.stdin.read()))
