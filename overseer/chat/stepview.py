"""A step of a plan as it is reviewed: what it calls with what, what it waits for, what it changes, in styled lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from overseer.broker.needs import visible
from overseer.jsonvalue import Json, json_text
from overseer.plan import duration_text, to_document
from overseer.plan.references import written
from overseer.plan.resources import resource
from overseer.plan.suggestions import listed
from overseer.plan.values import (
    NO_RETRY,
    UNLIMITED,
    Call,
    Code,
    Each,
    FileChange,
    Guard,
    Hook,
    Mode,
    On,
    Once,
    Scope,
    Timer,
    Until,
    WorkflowPlan,
    WorkflowStep,
)
from overseer.review import RISKY, Proposal
from overseer.running.given import effects_of
from overseer.terminal.flow import broken
from overseer.terminal.style import Line, Span
from overseer.text.brevity import shortened
from overseer.text.cells import pieces
from overseer.tool import Effect, Tool

# Titles alone; what fits in a few lines for each step; or everything.
Detail: TypeAlias = Literal["titles", "usual", "all"]

# The classes are told in words as well: not everybody sees the colours.
STYLES: Mapping[Effect, str] = {
    "pure": "quiet",
    "read": "quiet",
    "model": "running",
    "network": "waiting",
    "write": "waiting",
    "exec": "failed",
}

_NARROWEST = 12  # cells for text, however far in it is and however narrow the terminal
_LONG = 2_000  # letters; what is longer is broken wherever a line is full
_USUAL_LETTERS = 160


def paragraph(spans: list[Span], columns: int, *, indent: str = "", hanging: str = "") -> Iterator[Line]:
    """Text in as many lines as it takes, the first with one indent and the others with another."""
    room = max(_NARROWEST, columns - max(len(indent), len(indent + hanging)))
    for place, line in enumerate(broken(spans, room, is_strict=True) or [()]):
        yield (("", indent + (hanging if place else "")), *line)


def class_span(effects: tuple[Effect, ...]) -> Span:
    worst = max(effects, key=lambda effect: list(STYLES).index(effect))
    return STYLES[worst], f"[{', '.join(effects)}]"


def text_of_value(value: Json) -> str:
    """A value on one line that steers no terminal."""
    return visible(value if isinstance(value, str) else json_text(value))


def letters(count: int) -> str:
    return f"{count:,} letter{'s' if count != 1 else ''}"


@dataclass(frozen=True, slots=True)
class StepView:
    """Shows the steps of one proposal."""

    proposal: Proposal
    tools: Mapping[str, Tool]
    columns: int
    detail: Detail = "usual"

    def lines(self, step: WorkflowStep, head: str) -> Iterator[Line]:
        """A step and what is inside of it; `head` is what stands before its title."""
        indent = " " * len(head)
        yield from self._title(step, head)
        if self.detail != "titles":
            yield from self._details(step, indent)
        if isinstance(step.action, Scope) and step.action.body is not None:
            for inner in step.action.body.steps:
                yield from self.lines(inner, f"{indent}- ")

    def _title(self, step: WorkflowStep, head: str) -> Iterator[Line]:
        spans: list[Span] = [("title", visible(" ".join(step.title.split())))]
        effects = self._effects(step)
        if self.detail == "titles" and RISKY.intersection(effects):
            spans += [("", " "), class_span(effects)]
        room = max(_NARROWEST, self.columns - len(head))
        for place, line in enumerate(broken(spans, room, is_strict=True) or [()]):
            yield (("", " " * len(head) if place else head), *line)

    def _details(self, step: WorkflowStep, indent: str) -> Iterator[Line]:
        if isinstance(step.action, Code):
            yield from paragraph(
                [("title", f"Node task: {text_of_value(step.action.task)}")], self.columns, indent=indent
            )
        yield from paragraph(list(self._summary(step)), self.columns, indent=indent, hanging="  ")
        for name, value in step.args.items():
            yield from self._argument(step, name, text_of_value(written(value)), indent)

    def _argument(self, step: WorkflowStep, name: str, text: str, indent: str) -> Iterator[Line]:
        said = f"{visible(name)}: "
        is_cut = len(text) > _USUAL_LETTERS and self._may_be_cut(step)
        shown = f"{text[:_USUAL_LETTERS]}… ({letters(len(text))})" if is_cut else text
        room = max(_NARROWEST, self.columns - len(indent) - 2)
        if len(shown) > _LONG:
            for place, piece in enumerate(pieces(said + shown, room)):
                yield ("", f"{indent}{'  ' if place else ''}"), ("quiet", piece)
        else:
            yield from paragraph([("quiet", said + shown)], self.columns, indent=indent, hanging="  ")

    def _may_be_cut(self, step: WorkflowStep) -> bool:
        """Nothing of what a risky call gets is left out, unless all of it is told where it is asked for."""
        if self.detail == "all":
            return False
        is_asked_for = any(step.step_id in need.steps for need in self.proposal.needs)
        return is_asked_for or not RISKY.intersection(self._effects(step))

    def _effects(self, step: WorkflowStep) -> tuple[Effect, ...]:
        match step.action:
            case Call(tool=name):
                return self.tools[name].effects if name in self.tools else ()
            case Code(tools=names):
                found = dict.fromkeys(each for name in names if name in self.tools for each in self.tools[name].effects)
                return tuple(found)
            case _:
                return ()

    # --- in a line

    def _summary(self, step: WorkflowStep) -> Iterator[Span]:
        yield "quiet", f"{step.step_id}: "
        yield from self._action(step)
        parts = []
        if step.depends_on:
            parts.append(f"after {listed(step.depends_on, most=200 if self.detail == 'all' else 12)}")
        if step.parallel_group is not None:
            parts.append(f"group {visible(str(step.parallel_group))}")
        if step.when is not None:
            parts.append(f"only if {_guard(step.when)}")
        if step.on_error != "fail":
            parts.append("if it fails, the rest goes on")
        if step.timeout_s is not None:
            parts.append(f"at most {duration_text(step.timeout_s)}")
        if step.retry != NO_RETRY:
            parts.append(f"up to {step.retry.attempts} attempts")
        if step.budget is not None:
            document = to_document(WorkflowPlan((), budget=step.budget))
            parts.append(f"may spend {text_of_value(document['budget'])}")
        yield "quiet", "".join(f"; {part}" for part in parts)
        if writes := self._writes(step):
            yield "quiet", "; "
            yield "waiting", f"writes {', '.join(writes)}"

    def _action(self, step: WorkflowStep) -> Iterator[Span]:
        match step.action:
            case Call(tool=name):
                yield "quiet", name
                if effects := self._effects(step):
                    yield "", " "
                    yield class_span(effects)
            case Code(task=task, tools=names):
                yield "quiet", f"code: {self._origin(task)}, runs in the sandbox{self._level()}"
                if names:
                    yield "quiet", ", may call "
                for place, name in enumerate(names):
                    yield "quiet", f"{', ' if place else ''}{name}"
                    if name in self.tools:
                        yield "", " "
                        yield class_span(self.tools[name].effects)
            case Scope(mode=mode, workflow=workflow):
                name = f"workflow {visible(workflow)}" if workflow else "steps"
                yield "quiet", f"{name}, {_mode(mode)}"
            case _:
                assert_never(step.action)

    def _origin(self, task: str) -> str:
        return "kept from an earlier run" if task in self.proposal.outlook.kept else "written now"

    def _level(self) -> str:
        level = self.proposal.outlook.sandbox
        return f" ({level})" if level else ""

    def _writes(self, step: WorkflowStep) -> list[str]:
        """What a step changes, as far as its tool says so."""
        if not isinstance(step.action, Call) or (tool := self.tools.get(step.action.tool)) is None:
            return []
        if tool.has_undeclared_effects:
            return ["what it likes"]
        given = {**effects_of(tool).defaults, **{name: written(value) for name, value in step.args.items()}}
        return [visible(resource(template, given).removeprefix("file:")) for template in tool.writes]


def _mode(mode: Mode) -> str:
    match mode:
        case Once():
            return "once"
        case Each(items=None, iterations=count, width=width):
            return f"{text_of_value(written(count))} times{_wide(width)}"
        case Each(items=items, width=width):
            return f"for each of {_short(written(items))}{_wide(width)}"
        case Until():
            return _until(mode)
        case On(trigger=trigger, until=until, limit=limit):
            ends = f", until {_guard(until)}" if until is not None else ""
            return f"whenever {_trigger(trigger)}{ends}, {_limit(limit)}"
        case _:
            assert_never(mode)


def _until(mode: Until) -> str:
    if mode.guard is not None:
        return f"{'until' if mode.stop_when else 'while'} {_guard(mode.guard)}, {_limit(mode.limit)}"
    return "without end" if mode.limit == UNLIMITED else f"{mode.limit:,} times, one after the other"


def _wide(width: int | None) -> str:
    return f", {width} at a time" if width is not None else ""


def _limit(limit: int) -> str:
    return "without end" if limit == UNLIMITED else f"at most {limit:,} times"


def _trigger(trigger: Timer | FileChange | Hook) -> str:
    match trigger:
        case Timer(seconds=seconds):
            return f"{duration_text(seconds)} have gone by"
        case FileChange(path=path):
            return f"{text_of_value(written(path))} changes"
        case Hook(path=path):
            return f"a request comes to {visible(path)} on this machine"
        case _:
            assert_never(trigger)


def _guard(guard: Guard) -> str:
    left = _short(written(guard.left))
    return left if guard.op == "truthy" else f"{left} {guard.op} {_short(written(guard.right))}"


def _short(value: Json) -> str:
    return shortened(text_of_value(value), 60)
