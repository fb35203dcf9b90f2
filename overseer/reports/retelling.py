"""A run in retrospect, as plain lines of text: what became of every step, and what came of it all."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from overseer.reports.render import counts_text, spent_lines, value_text, when
from overseer.reports.report import Report, StepReport
from overseer.text.cells import cells

# A longer value or message is cut short, and of more steps in rounds only the number is told.
LONGEST_TEXT = 2000
MOST_INNER = 20

_WIDEST_ID = 40
_GONE_WELL = ("succeeded", "partial", "skipped")


def run_lines(report: Report) -> list[str]:
    """What became of a run and its steps; of the steps in rounds, those that did not go well."""
    outer: list[StepReport] = []
    inner: dict[str, list[StepReport]] = defaultdict(list)
    for step in report.steps():
        scope, is_inner, _ = step.step_id.partition("[")
        (inner[scope] if is_inner else outer).append(step)
    width = min(_WIDEST_ID, max((cells(step.step_id) for step in outer), default=0))
    lines = [f"run {report.run_id} {report.status}: {report.name or 'unnamed plan'}", _times(report)]
    if report.sandbox:
        lines.append(
            f"code ran in the sandbox, level {report.sandbox}" if report.sandbox != "none" else "code ran in NO sandbox"
        )
    lines += spent_lines(report)
    if report.cut_off:
        lines.append(f"not the whole plan: {report.cut_off}")
    for step in outer:
        lines.append(_step_line(step, width))
        lines += _inner_lines(inner[step.step_id])
    if report.error is not None and report.error.kind != "body":  # that one is told beside its step
        lines += ["", shortened(report.error.message)]
    if report.output is not None:
        lines += ["", shortened(value_text(report.output))]
    return lines


def shortened(text: str) -> str:
    """The beginning of a long text, and how much more there is."""
    more = len(text) - LONGEST_TEXT
    return text if more <= 0 else f"{text[:LONGEST_TEXT]}…\n… and {more:,} characters more (all of it: --json)"


def _times(report: Report) -> str:
    if report.started is None:
        return "not begun"
    if report.ended is None:
        return f"begun {when(report.started)}"
    return f"begun {when(report.started)}, took {_duration(report.ended - report.started)}"


def _step_line(step: StepReport, width: int, indent: str = "  ") -> str:
    took = _duration(step.ended - step.started) if step.started is not None and step.ended is not None else ""
    name = step.step_id + " " * (width - cells(step.step_id))
    return f"{indent}{step.status:<11}  {name}  {took:>8}  {_why(step, indent)}".rstrip()


def _why(step: StepReport, indent: str) -> str:
    """Why a step is as it is; more than one line stands below, farther to the right."""
    tries = f"({step.attempts} attempts) " if step.attempts > 1 else ""
    why = shortened(step.error.message if step.error is not None else step.reason).strip()
    return tries + why.replace("\n", f"\n{indent}{' ' * 13}")


def _inner_lines(steps: list[StepReport]) -> Iterator[str]:
    """How many steps the rounds of a scope had, and those that are worth a line."""
    if not steps:
        return
    yield f"{' ' * 15}in rounds: {counts_text(Counter(step.status for step in steps))}"
    worth = [step for step in steps if step.status not in _GONE_WELL]
    told = worth[:MOST_INNER]
    width = min(_WIDEST_ID, max((cells(step.step_id) for step in told), default=0))
    for step in told:
        yield _step_line(step, width, " " * 4)
    if more := len(worth) - len(told):
        yield f"    … and {more:,} more (all of them: --json)"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{max(0.0, seconds):.2f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} m" if hours else f"{minutes} m {seconds:02} s"
