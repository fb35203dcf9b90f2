"""What models are answering right now, as far as a few lines can show it: the end of each answer."""

from __future__ import annotations

from overseer.terminal.flow import broken
from overseer.terminal.style import text_of

_KEPT = 4000  # letters; more than the few lines hold that are shown


class Heard:
    """The ends of the answers that are under way, by the key of the step."""

    def __init__(self) -> None:
        self._ends: dict[str, str] = {}

    def add(self, key: str, piece: str | None) -> None:
        """Take the next piece of an answer; None where it begins anew."""
        if piece is None:
            self._ends.pop(key, None)
            return
        end = self._ends.get(key, "") + piece
        self._ends[key] = end if len(end) < 2 * _KEPT else end[-_KEPT:]

    def drop(self, key: str) -> None:
        """The step has ended."""
        self._ends.pop(key, None)

    def clear(self) -> None:
        self._ends.clear()

    def only(self) -> str:
        """The end of the answer that is under way, where there is one alone."""
        return next(iter(self._ends.values())) if len(self._ends) == 1 else ""


def last_lines(text: str, cells: int, most: int) -> list[str]:
    """The end of a text as so many lines at most, each no wider than that."""
    lines: list[str] = []
    for line in reversed(text[-_KEPT:].rstrip().split("\n")):
        if len(lines) >= most:
            break
        lines = [text_of(part) for part in broken([("", line.expandtabs(4))], cells, is_strict=True)] + lines
    return lines[-most:] if most > 0 else []
