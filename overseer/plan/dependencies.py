"""The dependencies that references imply: a forgotten `depends_on` is added, so that it cannot race.

A scope starts only when everything has ended that its body reads from outside. So what the body
needs from around it becomes a dependency of the scope, and the body keeps only its own.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field, replace
from operator import is_

from overseer.plan.references import refs_in
from overseer.plan.suggestions import listed
from overseer.plan.values import Scope, WorkflowPlan, WorkflowStep, loop_guard, refs_of, refs_of_guard

_FEW = 8  # up to so many, looking through a tuple is faster than making a set of it
_FEW_TOLD = 4  # steps in a note, and dependencies of each


def completed(plan: WorkflowPlan) -> tuple[WorkflowPlan, tuple[str, ...]]:
    """The plan with all implied dependencies, and notes of what was missing; the same plan if nothing was."""
    completion = _Completion()
    whole = completion.of_plan(plan)
    return whole, tuple(completion.notes())


@dataclass(frozen=True, slots=True)
class _Around:
    """The names that a body can see outside of itself, from the nearest level outwards."""

    names: Set[str]
    scope_id: str  # names the current round inside the body, so it is nothing to wait for
    outer: _Around | None

    def sees(self, name: str) -> bool:
        around: _Around | None = self
        while around is not None:
            if name in around.names:
                return name != around.scope_id
            around = around.outer
        return False


@dataclass(slots=True)
class _Completion:
    """One pass over a plan; a workflow that is used several times is completed once."""

    moved: list[str] = field(default_factory=list)
    added: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)  # steps, with what they wait for
    isolated: dict[int, WorkflowPlan] = field(default_factory=dict)

    def of_plan(self, plan: WorkflowPlan) -> WorkflowPlan:
        steps, _ = self._level(plan.steps, None)
        return _with_steps(plan, steps)

    def notes(self) -> list[str]:
        """What is moved is told of each; what is added is what anybody would expect, and told of in a line."""
        if not self.added:
            return self.moved
        waits = [f"{step_id} on {listed(names, most=_FEW_TOLD)}" for step_id, names in self.added[:_FEW_TOLD]]
        rest = len(self.added) - len(waits)
        more = [f"and {rest:,} more {'step' if rest == 1 else 'steps'}"] if rest else []
        return [*self.moved, f"dependencies added from what steps read: {'; '.join([*waits, *more])}"]

    def _level(
        self, steps: tuple[WorkflowStep, ...], around: _Around | None
    ) -> tuple[tuple[WorkflowStep, ...], dict[str, None]]:
        """The steps of one level, completed, and the outside steps that they need."""
        ids = {step.step_id for step in steps}
        outside: dict[str, None] = {}
        result = [self._step(step, ids, around, outside) for step in steps]
        return (steps if all(map(is_, steps, result)) else tuple(result)), outside

    def _step(
        self, step: WorkflowStep, ids: Set[str], around: _Around | None, outside: dict[str, None]
    ) -> WorkflowStep:
        """One step, completed; what it needs from further out is added to `outside`."""
        reads = [ref.name for ref in refs_of(step)]
        inside: list[str] = []
        if type(step.action) is Scope:
            step, inside = self._scope(step, step.action, ids, around)
        if around is not None:
            step = self._without_outer(step, ids, around, outside)
            outside.update((name, None) for name in (*reads, *inside) if name not in ids and around.sees(name))
        return self._waiting_for(step, [*reads, *inside], ids) if reads or inside else step

    def _waiting_for(self, step: WorkflowStep, names: list[str], ids: Set[str]) -> WorkflowStep:
        """The step with dependencies on those of `names` that are steps beside it."""
        present = step.depends_on if len(step.depends_on) <= _FEW else frozenset(step.depends_on)
        missing = [name for name in names if name in ids and name not in present and name != step.step_id]
        if not missing:
            return step
        added = tuple(dict.fromkeys(missing)) if len(missing) > 1 else (missing[0],)
        self.added.append((step.step_id, added))
        return step.depending_on(step.depends_on + added)

    def _without_outer(
        self, step: WorkflowStep, ids: Set[str], around: _Around, outside: dict[str, None]
    ) -> WorkflowStep:
        """The step of a body without its dependencies on steps around it: those are the scope's."""
        lifted = {name: None for name in step.depends_on if name not in ids and around.sees(name)}
        if not lifted:
            return step
        outside |= lifted
        for name in lifted:
            self.moved.append(
                f"step '{step.step_id}' depends on '{name}' outside of its scope: "
                f"dependency moved to '{around.scope_id}'"
            )
        return step.depending_on(tuple(name for name in step.depends_on if name not in lifted))

    def _scope(
        self, step: WorkflowStep, scope: Scope, ids: Set[str], around: _Around | None
    ) -> tuple[WorkflowStep, list[str]]:
        """A scope step with its body completed, and the steps that the body needs from around it."""
        if scope.body is None:
            return step, []
        if scope.is_isolated:
            return _with_body(step, scope, self._isolated(scope.body)), []
        inside = _Around(ids, step.step_id, around)
        steps, needed = self._level(scope.body.steps, inside)
        own = {body_step.step_id for body_step in steps}
        for ref in refs_in(scope.body.output) + refs_of_guard(loop_guard(scope.mode)):
            if ref.name not in own and inside.sees(ref.name):
                needed[ref.name] = None
        return _with_body(step, scope, _with_steps(scope.body, steps)), list(needed)

    def _isolated(self, body: WorkflowPlan) -> WorkflowPlan:
        if id(body) not in self.isolated:
            self.isolated[id(body)] = self.of_plan(body)
        return self.isolated[id(body)]


def _with_steps(plan: WorkflowPlan, steps: tuple[WorkflowStep, ...]) -> WorkflowPlan:
    return plan if steps is plan.steps else plan.with_steps(steps)


def _with_body(step: WorkflowStep, scope: Scope, body: WorkflowPlan) -> WorkflowStep:
    return step if body is scope.body else replace(step, action=replace(scope, body=body))
