"""How a run went, in a few lines after it: what became of its steps, how long it took, and what it spent."""

from __future__ import annotations

from overseer.reports.render import counts_text, few_lines
from overseer.reports.report import Report
from overseer.spending import spent_text
from overseer.terminal.style import Line
from overseer.timing import RunTiming

_STYLES = {"succeeded": "done", "failed": "failed", "partial": "failed", "cancelled": "cancelled"}

_WORTH_TELLING = 1.05  # times as fast


def summary_lines(report: Report, timing: RunTiming | None = None, *, was_followed: bool = False) -> list[Line]:
    """The run's end; with its times, also what it gained from doing things side by side.

    Who has followed it was told why its steps failed.
    """
    style = _STYLES.get(report.status, "title")
    lines: list[Line] = [
        (("title", f"run {report.run_id} "), (style, report.status), ("title", f": {counts_text(report.counts())}"))
    ]
    if report.error is not None and not (was_followed and report.error.kind == "body"):
        message = few_lines(report.error.message).replace("\n", "\n    ")
        lines.append(((style, f"  {message}"),))
    if report.cut_off:
        lines.append((("title", f"not the whole plan: {report.cut_off}"),))
    if timing is not None and timing.wall_s > 0:
        lines.append((("title", f"took {took_text(timing)}"),))
    if report.spent:
        lines.append((("title", f"spent: {spent_text(report.spent)}"),))
    return lines


def took_text(timing: RunTiming) -> str:
    """How long the run took, beside its steps one after the other and the longest chain of them."""
    took = f"{timing.wall_s:.2f} s"
    if timing.speed_up is None or timing.speed_up < _WORTH_TELLING:
        return took
    return (
        f"{took}: {timing.speed_up:.1f}x against one after the other ({timing.sum_s:.2f} s); "
        f"its longest chain of steps took {timing.critical_s:.2f} s"
    )
