"""A run as a page to be kept and sent: its plan, its times and each of its steps, in one file that fetches nothing.

Whatever a step was given or gave back is text in it: nothing of it is markup, and the page forbids
everything that could run.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from html import escape
from pathlib import Path

from overseer.drawing.bars import bars
from overseer.drawing.details import CallDetail, Details, StepDetail
from overseer.drawing.marks import MARKS
from overseer.drawing.rows import rows_of
from overseer.drawing.sketch import Node, Sketch, path_of, seconds_text
from overseer.drawing.summary import chain_text, waits_text
from overseer.drawing.svg import svg
from overseer.timing import RunTiming, StepTiming

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"

_LEGEND = (
    ("running", 12, "at work"),
    ("held", 8, "held back"),
    ("retrying", 4, "to be tried again"),
)
_LEGEND_LAST = ("waiting", 2, "ready, waiting for a slot")


def page(sketch: Sketch, timing: RunTiming, details: Details) -> str:
    """The whole page."""
    name = escape(details.name or "unnamed plan")
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{name}: run {escape(details.run_id)}</title>",
            f"<style>{_style()}</style></head><body>",
            f"<h1>{name}</h1>",
            *_head(timing, details),
            "<h2>Plan</h2>",
            f'<div class="wide">{svg(sketch, is_alone=False)}</div>',
            "<h2>Time</h2>",
            *_legend(),
            f'<div class="wide">{bars(rows_of(timing, sketch), timing.wall_s, timing.breaks)}</div>',
            "<h2>Steps</h2>",
            *_steps(sketch, timing, details),
            *_result(details),
            "<footer>Times are in seconds since the run began, without those in which nobody was at it.</footer>",
            "</body></html>",
            "",
        ]
    )


def _style() -> str:
    return (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def _head(timing: RunTiming, details: Details) -> Iterator[str]:
    began = f", begun {_when(details.began)}" if details.began is not None else ""
    yield f'<p class="sub">run {escape(details.run_id)} {_status(details.status)}{escape(began)}</p>'
    yield '<ul class="figures">'
    yield _figure(seconds_text(timing.wall_s), "from beginning to end")
    yield _figure(seconds_text(timing.sum_s), "its steps one after the other")
    if timing.speed_up is not None:
        yield _figure(f"{timing.speed_up:.1f} ×", "as fast as that")
    yield _figure(seconds_text(timing.critical_s), "its longest chain of steps")
    yield _figure(details.spent or "nothing", "spent")
    yield _figure(", ".join(f"{count:,} {status}" for status, count in timing.counts().most_common()), "steps")
    yield "</ul>"
    if timing.critical:
        yield f'<p class="chain">Longest chain: {escape(chain_text(timing.critical))}</p>'
    if waits := waits_text(timing):
        yield f"<p>Waits of all steps together: {escape(waits)}</p>"
    for each in timing.breaks:
        told = f"Resumed at {seconds_text(each.at)}, after {seconds_text(each.away_s)} in which nobody was at it."
        yield f"<p>{escape(told)}</p>"
    if details.error:
        yield f'<pre class="bad">{escape(details.error)}</pre>'


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(at))


def _figure(number: str, meaning: str) -> str:
    return f"<li><b>{escape(number)}</b><span>{escape(meaning)}</span></li>"


def _status(status: str) -> str:
    return f'<b class="s-{escape(status)}">{MARKS.get(status, "")} {escape(status)}</b>'


def _legend() -> Iterator[str]:
    yield '<p class="legend">'
    for phase, height, meaning in (*_LEGEND, _LEGEND_LAST):
        bar = f'<rect class="b-{phase}" y="{7 - height / 2:g}" width="26" height="{height}"/>'
        yield f'<span><svg width="26" height="14">{bar}</svg>{meaning}</span>'
    yield "</p>"


# --- steps


def _steps(sketch: Sketch, timing: RunTiming, details: Details) -> Iterator[str]:
    nodes = sketch.by_path()
    times = {step.key: step for step in timing.steps}
    order = {key: at for at, key in enumerate(times)}
    for step in sorted(details.steps, key=lambda step: order.get(step.key, len(order))):
        yield from _step(step, nodes.get(path_of(step.key)), times.get(step.key))
    if details.more_steps:
        yield f"<p>… and {details.more_steps:,} steps more.</p>"


def _step(step: StepDetail, node: Node | None, times: StepTiming | None) -> Iterator[str]:
    title = f"{node.number}. {node.title}" if node is not None else step.key
    took = f" {seconds_text(times.took_s)}" if times is not None and times.took_s else ""
    tries = f", {step.attempts} attempts" if step.attempts > 1 else ""
    yield "<details><summary>"
    yield f"{_status(step.status)}{took}{tries} · {escape(title)} <code>{escape(step.key)}</code></summary><div>"
    if node is not None:
        risk = f" ({node.risk})" if node.risk and node.risk != "code" else ""
        yield from _block("what it is", f"{node.what}{risk}" + (f", {node.guard}" if node.guard else ""))
    if times is not None and times.intervals:
        yield from _block("when", "\n".join(_when_lines(times)))
    yield from _block("what it would have been given" if step.is_as_planned else "what it was given", step.given)
    yield from _block("why", step.reason)
    for number, failure in enumerate(step.failures, 1):
        yield from _block(f"attempt {number} failed", failure, is_bad=True)
    yield from _block("what went wrong", step.error, is_bad=True)
    yield from _calls(step)
    yield from _block("what it gave back", step.gave)
    yield from _block("what it spent", step.spent)
    yield "</div></details>"


def _when_lines(times: StepTiming) -> Iterator[str]:
    intervals = [each for each in times.intervals if each.length >= 0.005 or each.phase == "running"]
    told = intervals[:20]
    for each in told:
        yield f"{each.phase} from {seconds_text(each.start)} to {seconds_text(each.end)}"
    if more := len(intervals) - len(told):
        yield f"… {more:,} more"
    if times.limits:
        yield f"held by: {', '.join(times.limits)}"


def _block(heading: str, text: str, *, is_bad: bool = False) -> Iterator[str]:
    if text:
        kind = ' class="bad"' if is_bad else ""
        yield f"<h3>{escape(heading)}</h3><pre{kind}>{escape(text)}</pre>"


def _calls(step: StepDetail) -> Iterator[str]:
    if not step.calls:
        return
    yield f"<h3>calls of its code ({len(step.calls) + step.more_calls:,})</h3>"
    for call in step.calls:
        yield from _call(call)
    if step.more_calls:
        yield f"<p>… and {step.more_calls:,} more</p>"


def _call(call: CallDetail) -> Iterator[str]:
    mark = MARKS["failed"] if call.error else MARKS["succeeded"] if call.gave else MARKS["running"]
    yield f"<details><summary>{mark} {escape(call.tool)}</summary><div>"
    yield from _block("given", call.given)
    yield from _block("gave back", call.gave)
    yield from _block("went wrong", call.error, is_bad=True)
    yield "</div></details>"


def _result(details: Details) -> Iterator[str]:
    if details.output:
        yield f"<h2>Result</h2><pre>{escape(details.output)}</pre>"
