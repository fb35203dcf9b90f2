"""What a run is held to: how much at once, and what its tools are known to change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from overseer.jsonvalue import Json
from overseer.plan.resources import resource
from overseer.plan.values import Call, Code, WorkflowStep


@dataclass(frozen=True, slots=True)
class Effects:
    """What a tool changes: resources named after its arguments, or things it does not declare."""

    writes: tuple[str, ...] = ()
    is_undeclared: bool = False
    defaults: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a run is held to."""

    max_parallel: int = 8
    strict_groups: bool = False
    grace_s: float = 10.0
    effects: Mapping[str, Effects] = field(default_factory=dict)  # of the tools that change something
    timeouts_s: Mapping[str, float] = field(default_factory=dict)  # of the tools that have their own
    folder: str = ""  # what relative paths are relative to
    unrepeatable: frozenset[str] = frozenset()  # the tools that must not simply be called again

    def resource(self, tool: str, template: str, args: Mapping[str, Json]) -> str:
        """The name of what a tool changes by a template of its own, called with these arguments."""
        return resource(template, {**self.effects[tool].defaults, **args}, folder=self.folder)

    def written_by(self, tool: str, args: Mapping[str, Json]) -> tuple[str, ...]:
        """The resources that a call changes, as far as its tool names them."""
        effects = self.effects.get(tool)
        if effects is None:
            return ()
        return tuple(dict.fromkeys(self.resource(tool, template, args) for template in effects.writes))

    def effects_of(self, step: WorkflowStep) -> Effects | None:
        """What the step changes; None where it changes nothing."""
        if isinstance(step.action, Call):
            return self.effects.get(step.action.tool)
        if isinstance(step.action, Code):
            # Which of its tools the code will call, and with what, is not known beforehand.
            changing = any(name in self.effects for name in step.action.tools)
            return Effects(is_undeclared=True) if changing else None
        return None

    def is_repeatable(self, step: WorkflowStep, under_way: Iterable[str] | None = None) -> bool:
        """Whether doing the step a second time changes nothing that the first time did not.

        `under_way` are the tools that its code had called and not heard of again, since what it has heard of
        answers by itself; where that is not known, it may be any that the code can call.
        """
        if isinstance(step.action, Call):
            return step.action.tool not in self.unrepeatable
        if isinstance(step.action, Code):
            return self.unrepeatable.isdisjoint(step.action.tools if under_way is None else under_way)
        return True

    def timeout_of(self, step: WorkflowStep) -> float | None:
        if step.timeout_s is None and isinstance(step.action, Call):
            return self.timeouts_s.get(step.action.tool)
        return step.timeout_s
