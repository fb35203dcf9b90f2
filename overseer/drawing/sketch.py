"""What a drawing of a plan shows, whatever it is drawn with: each step's words, what it needs, what is inside it.

All text in it is one line each, can do a terminal no harm, and went through `redact`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from overseer.console import printable
from overseer.jsonvalue import as_text
from overseer.plan.durations import duration_text
from overseer.plan.references import Ref, Template, written
from overseer.plan.values import (
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
from overseer.text.brevity import shortened
from overseer.timing import RunTiming, StepTiming

# What a step may do to the world; that of code is decided by the tools it may call.
Risk: TypeAlias = Literal["", "pure", "read", "model", "network", "write", "exec", "code"]

_LONGEST = 400  # characters of a title; drawings cut it where it has to fit
_LONGEST_WORDS = 120  # of a guard, or of what a scope goes over


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a step, or of all its rounds."""

    status: str
    words: str


@dataclass(frozen=True, slots=True)
class Node:
    """A step as it is drawn."""

    number: str  # its place in the plan, such as 2.1 for the first step inside the second
    title: str
    what: str  # the tool, or how a scope's rounds come about
    risk: Risk
    guard: str
    group: str
    needs: tuple[int, ...]  # positions in the same sketch
    body: Sketch | None
    outcome: Outcome | None
    path: str  # its key without rounds


@dataclass(frozen=True, slots=True)
class Sketch:
    """The steps of a plan or of a scope's body, in their order."""

    name: str
    nodes: tuple[Node, ...]

    def count(self) -> int:
        """How many steps there are, also inside others."""
        return sum(1 + (node.body.count() if node.body else 0) for node in self.nodes)

    def depth(self) -> int:
        """How many scopes are inside each other at the most."""
        return max((1 + node.body.depth() for node in self.nodes if node.body is not None), default=0)

    def by_path(self) -> dict[str, Node]:
        """All of them, also those inside others."""
        found: dict[str, Node] = {}
        for node in self.nodes:
            found[node.path] = node
            found |= node.body.by_path() if node.body else {}
        return found


def sketch_of(
    plan: WorkflowPlan,
    *,
    classes: Mapping[str, str] | None = None,
    timing: RunTiming | None = None,
    redact: Callable[[str], str] = str,
) -> Sketch:
    """What a drawing of the plan shows; `classes` are those of tools by name, `timing` that of a run of it."""
    return _Sketcher(classes or {}, _outcomes(timing), redact).sketch(plan)


def harmless(text: str) -> str:
    """Text as one line in which nothing steers a terminal, and that every encoding and XML can hold."""
    return holdable(printable(" ".join(text.split())))


def holdable(text: str) -> str:
    """Text without what UTF-8 or XML cannot hold."""
    return _UNHOLDABLE.sub("\ufffd", text)


_UNHOLDABLE = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class _Sketcher:
    classes: Mapping[str, str]
    outcomes: Mapping[str, Outcome]
    redact: Callable[[str], str]

    def sketch(self, plan: WorkflowPlan, number: str = "", path: str = "") -> Sketch:
        position = {step.step_id: at for at, step in enumerate(plan.steps)}
        nodes = (
            self._node(step, f"{number}{at}", f"{path}{step.step_id}", position)
            for at, step in enumerate(plan.steps, 1)
        )
        return Sketch(self._line(plan.name, _LONGEST), tuple(nodes))

    def _node(self, step: WorkflowStep, number: str, path: str, position: Mapping[str, int]) -> Node:
        body = step.action.body if isinstance(step.action, Scope) else None
        return Node(
            number=number,
            title=self._line(step.title, _LONGEST) or step.step_id,
            what=self._line(_what(step)),
            risk=self._risk(step),
            guard=self._line(f"if {guard_text(step.when)}") if step.when is not None else "",
            group=self._line(str(step.parallel_group)) if step.parallel_group is not None else "",
            needs=tuple(dict.fromkeys(position[need] for need in step.depends_on if need in position)),
            body=self.sketch(body, f"{number}.", f"{path}/") if body is not None else None,
            outcome=self.outcomes.get(path),
            path=path,
        )

    def _line(self, text: str, longest: int = _LONGEST_WORDS) -> str:
        return shortened(harmless(self.redact(text)), longest)

    def _risk(self, step: WorkflowStep) -> Risk:
        match step.action:
            case Call(tool=tool):
                effect = self.classes.get(tool, "")
                return effect if effect in _RISKS else ""  # type: ignore[return-value]
            case Code():
                return "code"
            case Scope():
                return ""
            case _:
                assert_never(step.action)


_RISKS = ("pure", "read", "model", "network", "write", "exec")


def _what(step: WorkflowStep) -> str:
    match step.action:
        case Call(tool=tool):
            return tool
        case Code(tools=tools):
            return f"code with {', '.join(tools)}" if tools else "code"
        case Scope(mode=mode, workflow=workflow):
            told = mode_text(mode)
            return f"{told}: {workflow}" if workflow and told else workflow or told or "steps of its own"
        case _:
            assert_never(step.action)


def mode_text(mode: Mode) -> str:
    """How often the body of a scope runs; nothing if once."""
    match mode:
        case Once():
            return ""
        case Each(items=items, iterations=iterations, width=width):
            told = f"{_said(iterations)} times" if iterations is not None else f"for each of {_said(items)}"
            return told + (f", {width} at a time" if width is not None else "")
        case Until(guard=guard, stop_when=stop_when, limit=limit):
            told = "repeat" if guard is None else f"{'until' if stop_when else 'while'} {guard_text(guard)}"
            return told + _at_most(limit)
        case On(trigger=trigger, until=until, limit=limit):
            match trigger:
                case Timer(seconds=seconds):
                    told = f"every {duration_text(seconds)}"
                case FileChange(path=path):
                    told = f"when {_said(path)} changes"
                case Hook(path=path):
                    told = f"on requests to {path}"
                case _:
                    assert_never(trigger)
            return told + (f", until {guard_text(until)}" if until is not None else "") + _at_most(limit)
        case _:
            assert_never(mode)


def _at_most(limit: int) -> str:
    return f", at most {limit:,}" if limit >= 0 else ""


_SYMBOLS = {"eq": "=", "ne": "≠", "lt": "<", "le": "≤", "gt": ">", "ge": "≥", "in": "in", "contains": "contains"}


def guard_text(guard: Guard) -> str:
    """A guard as people read it."""
    if guard.op == "truthy":
        return _said(guard.left)
    return f"{_said(guard.left)} {_SYMBOLS[guard.op]} {_said(guard.right)}"


def _said(template: Template) -> str:
    if isinstance(template, Ref):
        return str(template)
    value = written(template)
    return f'"{value}"' if isinstance(value, str) else "null" if value is None else as_text(value)


# --- what became of it

_ROUND = re.compile(r"\[\d+\]")

# Of several rounds, the drawing has the colour of the worst.
_WORST_FIRST = (
    "failed", "interrupted", "cancelled", "retrying", "held", "running", "waiting", "partial", "skipped", "succeeded",
)  # fmt: skip


def path_of(key: str) -> str:
    """The step that a key is about, whatever the round."""
    return _ROUND.sub("", key)


def _outcomes(timing: RunTiming | None) -> dict[str, Outcome]:
    by_path: dict[str, list[StepTiming]] = defaultdict(list)
    for step in timing.steps if timing is not None else ():
        by_path[path_of(step.key)].append(step)
    return {path: outcome_of(steps) for path, steps in by_path.items()}


def outcome_of(steps: list[StepTiming]) -> Outcome:
    """What became of all rounds of a step together."""
    counts = Counter(step.status for step in steps)
    status = min(counts, key=_WORST_FIRST.index)
    if len(steps) > 1:
        return Outcome(status, ", ".join(f"{count:,} {each}" for each, count in counts.most_common()))
    took = f" {seconds_text(steps[0].took_s)}" if steps[0].took_s else ""
    return Outcome(status, f"{status}{took}")


def seconds_text(seconds: float) -> str:
    """A length of time in a few letters."""
    if seconds < 60:
        return f"{max(0.0, seconds):.2f} s" if seconds < 9.995 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} m" if hours else f"{minutes} m {rest:02} s"
