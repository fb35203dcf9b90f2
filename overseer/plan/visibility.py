"""What a name can mean inside a body: its own steps first, then those of the levels around it.

A body that stands in the plan itself sees everything around it, and by the id of a scope around it
that scope's current round. A workflow from a file sees only its own inputs and steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, assert_never

from overseer.plan.faults import Where
from overseer.plan.offers import path_problem
from overseer.plan.references import CONTEXT_NAMES, Ref
from overseer.plan.suggestions import Guess, did_you_mean
from overseer.plan.values import Each, Input, Mode, On, Once, Scope, Until, WorkflowPlan, WorkflowStep

if TYPE_CHECKING:
    from overseer.tool import Tool

Problem = tuple[str, str]  # what is wrong, and what would help

CONTEXT = frozenset(CONTEXT_NAMES)
_HOMES = {
    "item": "a 'for_each' or 'iterations' scope",
    "index": "a scope with rounds",
    "last": "a 'repeat' scope",
    "event": "an 'on' scope",
}


class Level:
    """One body, and what is around it. It notes who waits for whom without a dependency that says so."""

    def __init__(self, plan: WorkflowPlan, where: Where = (), *, guess: Guess = did_you_mean) -> None:
        self.plan = plan
        self.where = where
        self.guess = guess
        self.outer: Level | None = None
        self.owner: WorkflowStep | None = None  # the scope whose body this is, if it sees what is around it
        self.steps: dict[str, WorkflowStep] = {step.step_id: step for step in plan.steps}
        self.waits: list[tuple[str, str]] = []
        self._needs: dict[str, frozenset[str]] = {}

    def inside(self, body: WorkflowPlan, owner: WorkflowStep, where: Where) -> Level:
        """The level of a body that stands in a step of this one."""
        level = Level(body, where, guess=self.guess)
        level.outer, level.owner = self, owner
        return level

    def need_problem(self, step_id: str, need: str) -> Problem | None:
        """What is wrong with a dependency of a step, if anything is."""
        if need == step_id:
            return "depends on itself", ""
        if self._round_of(need) is not None:
            return f"depends on '{need}', the scope that it is inside of", "take that dependency away"
        for level in self._outwards():
            if need in level.steps:
                self._note_wait(step_id, level, need)
                return None
        if (scope_id := self._hiding(need)) is not None:
            return f"depends on '{need}', which is inside of the scope '{scope_id}'", f"depend on '{scope_id}' instead"
        names = (name for name in self._names if name != step_id)
        return f"depends on '{need}', which does not exist", self.guess(need, names, "the other steps are")

    def read_problem(
        self,
        ref: Ref,
        tools: Mapping[str, Tool] | None,
        *,
        reader: str | None = None,
        also: frozenset[str] = frozenset(),
    ) -> Problem | None:
        """What is wrong with a reference, if anything is.

        `reader` is the step that reads, unless it is the body as a whole; `also` are further names
        that have a value in just this place.
        """
        if ref.name in CONTEXT:
            return self._context_problem(ref, also)
        for level in self._outwards():
            if ref.name in level.steps:
                if level is self and ref.name == reader:
                    return "a step cannot read its own result", "a 'repeat' scope can read {{last}}"
                self._note_wait(reader, level, ref.name)
                return path_problem(ref, level.steps[ref.name], tools)
            if level.owner is not None and ref.name == level.owner.step_id:
                return _round_problem(ref, level.owner)
        if (scope_id := self._hiding(ref.name)) is not None:
            return f"'{ref.name}' is inside of the scope '{scope_id}'", f"read {{{{{scope_id}}}}} instead"
        names = (name for name in self._names if name != reader)
        return f"there is no step '{ref.name}'", self.guess(ref.name, names, "the steps to read are")

    def has_around(self, step_id: str) -> bool:
        """Whether a level around this one has a step of this name."""
        return self.outer is not None and any(step_id in level.steps for level in self.outer._outwards())

    def _context_problem(self, ref: Ref, also: frozenset[str]) -> Problem | None:
        if ref.name in also or ref.name in self._round_names:
            return None
        if ref.name != "inputs":
            return f"'{ref.name}' has a value only inside of {_HOMES[ref.name]}", ""
        if not ref.path or str(ref.path[0]) in self._inputs:
            return None
        name = str(ref.path[0])
        help = self.guess(name, self._inputs, "the inputs are") if self._inputs else "declare it under 'inputs:'"
        return f"there is no input '{name}'", help

    def _note_wait(self, reader: str | None, home: Level, need: str) -> None:
        """Record that a step here, or the scope around it, waits for a step of `home`."""
        level = self
        while level is not home:
            assert level.owner is not None
            assert level.outer is not None
            reader, level = level.owner.step_id, level.outer
        if reader is not None and need not in home._needs_of(reader):
            home.waits.append((reader, need))

    def _needs_of(self, step_id: str) -> frozenset[str]:
        if step_id not in self._needs:
            self._needs[step_id] = frozenset(self.steps[step_id].depends_on)
        return self._needs[step_id]

    # --- what can be seen

    def _outwards(self) -> Iterator[Level]:
        """This level and all that it can see around itself."""
        level: Level | None = self
        while level is not None:
            yield level
            level = level.outer

    def _round_of(self, name: str) -> WorkflowStep | None:
        """The scope around this level whose current round the name stands for."""
        return next((level.owner for level in self._outwards() if level.owner and level.owner.step_id == name), None)

    def _hiding(self, name: str) -> str | None:
        """The visible scope that has a step of this name somewhere inside of it."""
        return next((level._hidden[name] for level in self._outwards() if name in level._hidden), None)

    @cached_property
    def _names(self) -> list[str]:
        """All names of steps that can be read here."""
        return [name for level in self._outwards() for name in level.steps if self._round_of(name) is None]

    @cached_property
    def _hidden(self) -> dict[str, str]:
        """The steps inside of scopes here, each with the scope that it is inside of."""
        found: dict[str, str] = {}
        for step in self.plan.steps:
            if isinstance(step.action, Scope) and step.action.body is not None and not step.action.is_isolated:
                inside = Level(step.action.body)
                found |= dict.fromkeys((*inside.steps, *inside._hidden), step.step_id)
        return found

    @cached_property
    def _round_names(self) -> frozenset[str]:
        """Which of item, index, last and event have a value here."""
        if self.outer is None or self.owner is None:
            return frozenset()
        return self.outer._round_names | round_names(self.owner)

    @property
    def _inputs(self) -> Mapping[str, Input]:
        return self.plan.inputs if self.outer is None else self.outer._inputs


def _round_problem(ref: Ref, scope: WorkflowStep) -> Problem | None:
    """What is wrong with reading a scope from inside of it, where its id stands for the current round."""
    names = sorted(round_names(scope))
    if ref.path and ref.path[0] in names:
        return None
    if not names:
        return f"'{ref.name}' is the scope that this is inside of", "its result is there only once it has ended"
    offer = " or ".join(f"{{{{{ref.name}.{name}}}}}" for name in names)
    return f"'{ref.name}' stands for the current round in here", f"write {offer}"


def round_names(scope: WorkflowStep) -> frozenset[str]:
    """The names that every round of a scope defines."""
    mode: Mode = scope.action.mode if isinstance(scope.action, Scope) else Once()
    match mode:
        case Each():
            return frozenset({"item", "index"})
        case Until():
            return frozenset({"index", "last"})
        case On():
            return frozenset({"event", "index"})
        case Once():
            return frozenset()
        case _:
            assert_never(mode)
