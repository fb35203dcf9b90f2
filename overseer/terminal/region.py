"""The lines at the end of the screen that are drawn anew: what to send so that the terminal shows the next ones.

It counts in rows of the terminal, which breaks lines anew when it becomes narrower. Between two frames
the cursor stands at the beginning of the last line.
"""

from __future__ import annotations

from collections.abc import Sequence

_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"  # of a frame, shown at once by terminals that know these
_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"  # the cursor
_CLEAR_LINE, _CLEAR_BELOW = "\x1b[K", "\x1b[J"

Fitted = tuple[str, int]  # a painted line, and its cells


class Region:
    """What is shown there now."""

    def __init__(self, *, reflows: bool = True) -> None:
        self._reflows = reflows
        self._shown: list[Fitted] = []
        self._columns = 0

    @property
    def is_empty(self) -> bool:
        return not self._shown

    def forget(self) -> None:
        """Something else has moved the cursor: what was shown stays where it is."""
        self._shown = []

    def frame(self, above: Sequence[str], lines: Sequence[Fitted], *, columns: int, rows: int) -> str:
        """What shows these lines in place of the earlier ones, and others above them for good."""
        lines = list(lines)[-rows:]  # what has left the screen could not be drawn anew
        is_anew = bool(above) or columns != self._columns
        if not above and lines == self._shown and not (is_anew and lines):
            return ""
        parts = [_BEGIN]
        if lines and not self._shown:
            parts.append(_HIDE)
        parts.append(self._to_the_top(columns, rows))
        if is_anew or not lines:
            parts.append(_CLEAR_BELOW if self._shown else "")
            parts += [f"{line}\r\n" for line in above]
            parts.append("\r\n".join(line for line, _ in lines))
        else:
            parts.append(self._changes(lines))
        parts.append("\r" if lines else _SHOW if self._shown else "")
        parts.append(_END)
        self._shown, self._columns = lines, columns
        return "".join(parts)

    def _to_the_top(self, columns: int, rows: int) -> str:
        if not self._shown:
            return ""
        up = sum(self._rows(cells, columns) for _, cells in self._shown[:-1])
        up = min(up, rows - 1)
        return f"\r\x1b[{up}A" if up else "\r"  # up by 0 is up by 1

    def _rows(self, cells: int, columns: int) -> int:
        return max(1, -(-cells // max(1, columns))) if self._reflows else 1

    def _changes(self, lines: list[Fitted]) -> str:
        """Write over the lines that are others; what is below the last one goes."""
        shown = self._shown
        is_shorter = len(lines) < len(shown)
        written = [
            "" if at < len(shown) and shown[at] == line and not (is_shorter and at == len(lines) - 1)
            else f"{line[0]}{_CLEAR_LINE}"
            for at, line in enumerate(lines)
        ]  # fmt: skip
        return "\r\n".join(written) + (_CLEAR_BELOW if is_shorter else "")
