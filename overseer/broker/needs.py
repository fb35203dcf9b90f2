"""What a plan needs somebody's word for: each tool, and every single thing it would be called with.

Whoever is asked sees all of it, as it will be called: nothing is left out for being long or late in
the plan, and no character of an argument can change how the rest of it looks.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from overseer.broker.permissions import Arguments, Policy, Verdict
from overseer.jsonvalue import Json, as_text
from overseer.plan.references import refs_in, written
from overseer.plan.suggestions import listed
from overseer.plan.values import Call, Code, Scope, WorkflowPlan, WorkflowStep
from overseer.text.cells import pieces
from overseer.tool import Effect, Tool

_WIDTH = 100
_UNKNOWN = "(arguments that only its code will give)"

Lines: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Use:
    """A step, and what it calls a tool with; None where only the run will tell."""

    step: str
    args: Mapping[str, Json] | None

    def to_json(self) -> dict[str, Json]:
        return {"step": self.step, "args": None if self.args is None else dict(self.args)}


@dataclass(frozen=True, slots=True)
class Need:
    """A tool that a plan wants to use and that somebody has to decide about, with one use for each step."""

    tool: str
    effect: Effect
    verdict: Verdict
    uses: tuple[Use, ...]
    also: tuple[Effect, ...] = ()

    @property
    def steps(self) -> tuple[str, ...]:
        return tuple(use.step for use in self.uses)

    @property
    def effects(self) -> tuple[Effect, ...]:
        return (self.effect, *self.also)

    def lines(self, *, width: int = _WIDTH) -> Iterator[str]:
        """All of it for a person; steps that do the very same are named together.

        Arguments are broken into lines that are so many cells wide.
        """
        denied = ", which the settings deny" if self.verdict == "deny" else ""
        yield f"{', '.join(self.effects)}: {self.tool}{denied}"
        alike: dict[Lines, list[str]] = {}
        for use in self.uses:
            alike.setdefault(tuple(_argument_lines(use.args, width)), []).append(use.step)
        for arguments, steps in alike.items():
            count = f" ({len(steps)} times the same)" if len(steps) > 1 else ""
            yield f"  step{'s' if len(steps) > 1 else ''} {listed(steps)}{count}"
            yield from (f"    {line}" for line in arguments)

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def to_json(self) -> dict[str, Json]:
        return {
            "tool": self.tool,
            "class": self.effect,
            **({"also": list(self.also)} if self.also else {}),
            "verdict": self.verdict,
            "uses": [use.to_json() for use in self.uses],
        }


def needs(plan: WorkflowPlan, tools: Mapping[str, Tool], policy: Policy) -> list[Need]:
    """The tools of a plan that somebody has to be asked for, or that are denied outright.

    What hangs on arguments that only the run will bring is asked for, and decided when it is called.
    """
    found: dict[tuple[str, Verdict], list[Use]] = {}
    for step, name, args in _uses(plan, tools):
        verdict = _verdict(policy, tools[name], args)
        if verdict != "allow":
            use = Use(step.step_id, None if args is None else {key: written(value) for key, value in args.items()})
            found.setdefault((name, verdict), []).append(use)
    return [
        Need(name, tools[name].effect, verdict, tuple(uses), tools[name].also)
        for (name, verdict), uses in found.items()
    ]


def _verdict(policy: Policy, tool: Tool, args: Arguments) -> Verdict:
    if args is not None and not refs_in(dict(args)):
        return policy.verdict(tool, args)
    verdicts = policy.verdicts(tool, args)
    return next(iter(verdicts)) if len(verdicts) == 1 else "ask"


_Called: TypeAlias = tuple[WorkflowStep, str, Arguments]


def _uses(plan: WorkflowPlan, tools: Mapping[str, Tool]) -> Iterator[_Called]:
    for step, name, args in _calls(plan):
        yield step, name, args
        # Whoever calls a workflow tool is asked for all that its plan would call, here and now: nobody is in a run.
        yield from ((step, inner, given) for inner, given in _uses_inside(name, tools, {name}))


def _uses_inside(name: str, tools: Mapping[str, Tool], seen: set[str]) -> Iterator[tuple[str, Arguments]]:
    body = tools[name].plan
    for _, inner, args in _calls(body) if isinstance(body, WorkflowPlan) else ():
        if inner not in tools:  # which fails where it is called
            continue
        yield inner, args
        if inner not in seen:
            seen.add(inner)
            yield from _uses_inside(inner, tools, seen)


def _calls(plan: WorkflowPlan) -> Iterator[_Called]:
    for step in plan.steps:
        match step.action:
            case Call(tool=name):
                yield step, name, step.args
            case Code(tools=names):
                for name in names:
                    yield step, name, None
            case Scope(body=WorkflowPlan() as body):
                yield from _calls(body)


# --- as text


def _argument_lines(args: Mapping[str, Json] | None, width: int) -> Iterator[str]:
    if args is None:
        yield _UNKNOWN
        return
    for name, value in args.items():
        for place, line in enumerate(pieces(f"{visible(name)}: {visible(_text(value))}", width)):
            # Further in than any argument begins, so that no value can look like the next one.
            yield f"    {line}" if place else line


def _text(value: Json) -> str:
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return shlex.join(value)
    return as_text(value)


def visible(text: str) -> str:
    """Text on one line, in which whatever a terminal would act upon or not show is written out."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
