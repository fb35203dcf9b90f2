"""What went into each step of a run, what came out of it and what went wrong, as bounded text for a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from overseer.console import printable
from overseer.drawing.sketch import holdable, path_of
from overseer.errors import BrokenInvariant, Failure, JournalError
from overseer.jsonvalue import Json
from overseer.kernel.events import Event, StepFailed, StepStarted, ToolCalled, ToolReturned
from overseer.plan.references import written
from overseer.plan.values import Scope, WorkflowPlan, WorkflowStep
from overseer.reports.render import value_text
from overseer.reports.report import Report, StepReport
from overseer.spending import spent_text

LONGEST = 4000  # characters of one value
MOST_STEPS = 400
MOST_CALLS = 50  # of one step's code

_GONE_WELL = ("succeeded", "skipped", "partial")


@dataclass(frozen=True, slots=True)
class CallDetail:
    """A call that the code of a step made."""

    tool: str
    given: str
    gave: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class StepDetail:
    """A step of one round. All of it is text to be shown."""

    key: str
    status: str
    attempts: int
    given: str = ""
    is_as_planned: bool = False  # what it would have been given: it never began
    gave: str = ""
    error: str = ""
    reason: str = ""
    failures: tuple[str, ...] = ()  # of attempts after which it was tried again
    calls: tuple[CallDetail, ...] = ()
    more_calls: int = 0
    spent: str = ""


@dataclass(frozen=True, slots=True)
class Details:
    """A run in detail."""

    run_id: str
    name: str
    status: str
    began: float | None
    output: str
    error: str
    spent: str
    steps: tuple[StepDetail, ...]
    more_steps: int = 0  # for which there is no room; those that went wrong come first


def details_of(
    plan: WorkflowPlan,
    events: Iterable[Event],
    *,
    run_id: str = "",
    redact: Callable[[Json], Json] = lambda value: value,
    goes_on: bool = False,
) -> Details:
    """The details of a run that began with this plan; `goes_on` if somebody has it in hand right now."""
    watch = _Watch(Report(plan, run_id=run_id), _Texts(redact))
    try:
        for event in events:
            watch.observe(event)
    except (BrokenInvariant, LookupError, AssertionError) as error:
        raise JournalError(f"what is known of run {run_id} contradicts itself ({error})") from error
    if not goes_on:
        watch.report.interrupt()
    return watch.details(plan)


@dataclass(frozen=True, slots=True)
class _Texts:
    """Values as text: without secrets, harmless, and cut."""

    redact: Callable[[Json], Json]

    def value(self, value: Json) -> str:
        return self.line(value_text(self.redact(value)))

    def failure(self, failure: Failure | None) -> str:
        if failure is None:
            return ""
        told = f"{failure.message}\n{failure.detail}" if failure.detail else failure.message
        return f"{failure.kind}: {self.line(self.redact(told))}"

    def line(self, text: str) -> str:
        more = len(text) - LONGEST
        shown = holdable(printable(text if more <= 0 else text[:LONGEST]))
        return shown if more <= 0 else f"{shown}…\n({len(text):,} characters, of which {more:,} are left out)"


@dataclass(slots=True)
class _Watch:
    """Keeps what the report of a run does not."""

    report: Report
    texts: _Texts
    given: dict[str, str] = field(default_factory=dict)
    calls: dict[str, dict[str, CallDetail]] = field(default_factory=dict)
    more_calls: dict[str, int] = field(default_factory=dict)
    failures: dict[str, list[str]] = field(default_factory=dict)

    def observe(self, event: Event) -> None:
        self.report.observe(event)
        match event:
            case StepStarted(key=key):
                arguments = self.report.arguments(key)
                if arguments:
                    self.given[key] = self.texts.value(arguments)
            case StepFailed(key=key, failure=failure, retry_at=float() | int()):
                self.failures.setdefault(key, []).append(self.texts.failure(failure))
            case ToolCalled(key=key, call=call, tool=tool, args=args):
                calls = self.calls.setdefault(key, {})
                if len(calls) < MOST_CALLS:
                    calls[call] = CallDetail(self.texts.line(tool), self.texts.value(args))
                else:
                    self.more_calls[key] = self.more_calls.get(key, 0) + 1
            case ToolReturned(key=key, call=call, value=value, failure=failure):
                if made := self.calls.get(key, {}).get(call):
                    gave = "" if failure else self.texts.value(value)
                    self.calls[key][call] = CallDetail(made.tool, made.given, gave, self.texts.failure(failure))
            case _:
                pass

    def details(self, plan: WorkflowPlan) -> Details:
        report = self.report
        steps = report.steps()
        chosen = {step.step_id for step in sorted(steps, key=_importance)[:MOST_STEPS]}
        by_path = _steps_by_path(plan)
        return Details(
            run_id=report.run_id,
            name=self.texts.line(report.name),
            status=report.status,
            began=report.started,
            output=self.texts.value(report.output) if report.output is not None else "",
            error=self.texts.failure(report.error),
            spent=spent_text(report.spent) if report.spent else "",
            steps=tuple(self._detail(step, by_path) for step in steps if step.step_id in chosen),
            more_steps=len(steps) - len(chosen),
        )

    def _detail(self, step: StepReport, by_path: Mapping[str, WorkflowStep]) -> StepDetail:
        key = step.step_id
        planned = by_path.get(path_of(key))
        given = self.given.get(key, "")
        is_as_planned = not given and not step.attempts and planned is not None and bool(planned.args)
        if is_as_planned and planned is not None:
            given = self.texts.value(written(planned.args))
        return StepDetail(
            key=self.texts.line(key),
            status=step.status,
            attempts=step.attempts,
            given=given,
            is_as_planned=is_as_planned,
            gave=self.texts.value(step.value) if step.status in ("succeeded", "partial") else "",
            error=self.texts.failure(step.error),
            reason=self.texts.line(str(self.texts.redact(step.reason))),
            failures=tuple(self.failures.get(key, ())),
            calls=tuple(self.calls.get(key, {}).values()),
            more_calls=self.more_calls.get(key, 0),
            spent=spent_text(step.spent) if step.spent else "",
        )


def _importance(step: StepReport) -> tuple[bool, bool]:
    """What went wrong first, then the steps of the plan itself, then those in rounds."""
    return step.status in _GONE_WELL, "/" in step.step_id


def _steps_by_path(plan: WorkflowPlan, prefix: str = "") -> dict[str, WorkflowStep]:
    found: dict[str, WorkflowStep] = {}
    for step in plan.steps:
        found[f"{prefix}{step.step_id}"] = step
        if isinstance(step.action, Scope) and step.action.body is not None:
            found |= _steps_by_path(step.action.body, f"{prefix}{step.step_id}/")
    return found
