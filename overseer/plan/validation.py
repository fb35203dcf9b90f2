"""Everything that is wrong with a plan, found at once. Nothing with a fault ever starts.

Whether a plan is well formed was settled when its text was read. Here is checked whether what it
says can be done: ids, dependencies, references, cycles, tools, arguments, sizes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from overseer.plan.arguments import argument_misfits
from overseer.plan.cycles import cycles
from overseer.plan.faults import Fault, Where
from overseer.plan.grammar import BUDGET_PLACES
from overseer.plan.inputs import given_misfits
from overseer.plan.references import Ref, is_name, refs_in, written
from overseer.plan.suggestions import did_you_mean
from overseer.plan.values import (
    NO_RETRY,
    Call,
    Each,
    FileChange,
    On,
    Scope,
    Until,
    WorkflowPlan,
    WorkflowStep,
    loop_guard,
    refs_of,
    refs_of_guard,
)
from overseer.plan.visibility import CONTEXT, Level, Problem, round_names

if TYPE_CHECKING:
    from overseer.tool import Tool

LONGEST_ID = 100

# Looking for the nearest name takes far longer than finding the fault, and nobody reads so many.
_MOST_GUESSES = 100

_FEW = 8  # up to so many, looking through a tuple is faster than making a set of it
_NOTHING: frozenset[str] = frozenset()
_LAST = frozenset({"last"})


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a plan may be, with all the bodies in it."""

    max_steps: int = 50_000
    max_depth: int = 8


DEFAULT_LIMITS = Limits()


def validate(
    plan: WorkflowPlan,
    *,
    tools: Mapping[str, Tool] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[Fault, ...]:
    """All faults of a plan. Without `tools`, any tool is taken to exist."""
    validation = _Validation(tools)
    validation.check_size(plan, limits)
    if not validation.faults:  # what is far too large is not worth walking through
        validation.check(Level(plan, guess=validation.guess))
    return tuple(validation.faults)


@dataclass(slots=True)
class _Validation:
    """One pass over a plan, collecting faults; a workflow that is used several times is checked once."""

    tools: Mapping[str, Tool] | None
    faults: list[Fault] = field(default_factory=list)
    checked: set[int] = field(default_factory=set)

    def fault(self, where: Where, step: WorkflowStep | None, problem: str, help: str = "") -> None:
        step_id = step.step_id if step is not None else None
        self.faults.append(Fault(problem, help, step_id, where))

    def guess(self, word: str, names: Iterable[str], otherwise: str) -> str:
        return did_you_mean(word, names, otherwise) if len(self.faults) < _MOST_GUESSES else ""

    def check_size(self, plan: WorkflowPlan, limits: Limits) -> None:
        sizes: dict[int, _Size] = {}
        size = _size_of(plan, sizes)
        if size.steps > limits.max_steps:
            self.fault((), None, f"the plan has {size.steps:,} steps", f"the limit is {limits.max_steps:,}")
        if size.depth > limits.max_depth:
            for index, step in enumerate(plan.steps):
                if isinstance(step.action, Scope) and step.action.body is not None:
                    depth = 1 + _size_of(step.action.body, sizes).depth
                    if depth > limits.max_depth:
                        problem = f"scopes are nested {depth} deep in here"
                        self.fault(("steps", index), step, problem, f"the limit is {limits.max_depth}")

    def check(self, level: Level) -> None:
        """All faults of one body, and of the bodies in it."""
        if not level.plan.steps:
            self.fault((*level.where, "steps"), level.owner, "there are no steps", "add at least one")
        seen: set[str] = set()
        is_in_order = True
        for index, step in enumerate(level.plan.steps):
            self._check_id(level, index, step, seen)
            if not seen.issuperset(step.depends_on):
                is_in_order = False
                self._check_needs(level, index, step)
            self._check_reads(level, index, step)
            self._check_action(level, index, step)
            seen.add(step.step_id)
        for ref in refs_in(level.plan.output):
            if (problem := level.read_problem(ref, self.tools)) is not None:
                self._report_read((*level.where, "output"), level.owner, "the output reads", ref, problem)
        if level.waits or not is_in_order:
            self._check_cycles(level)

    def _check_id(self, level: Level, index: int, step: WorkflowStep, seen: set[str]) -> None:
        step_id = step.step_id
        if step_id in seen:
            problem = "another step has the same id", "ids must be unique"
        elif level.outer is not None and level.has_around(step_id):
            problem = "a step around this one has the same id", "ids must be unique, inside of scopes too"
        elif not (step_id.isascii() and step_id.isidentifier()) and not is_name(step_id):
            problem = "the step_id is not a name", "use letters, digits, '_' and '-', such as fetch_news"
        elif step_id in CONTEXT:
            problem = f"'{step_id}' has a meaning of its own in references", "choose another step_id"
        elif len(step_id) > LONGEST_ID:
            problem = f"the step_id has {len(step_id)} letters", f"{LONGEST_ID} are enough"
        else:
            return
        self.fault((*level.where, "steps", index, "step_id"), step, *problem)

    def _check_needs(self, level: Level, index: int, step: WorkflowStep) -> None:
        for need in step.depends_on:
            if (problem := level.need_problem(step.step_id, need)) is not None:
                self.fault((*level.where, "steps", index, "depends_on"), step, *problem)

    def _check_reads(self, level: Level, index: int, step: WorkflowStep) -> None:
        refs = refs_of(step)
        needs = step.depends_on if len(refs) <= _FEW else frozenset(step.depends_on)
        doubtful = [ref for ref in refs if ref.path or ref.name not in needs or ref.name not in level.steps]
        if not doubtful:
            return
        # The arguments of a workflow are given to every round anew, so they may read the round.
        is_given = type(step.action) is Scope and step.action.is_isolated
        given = frozenset(refs_in(step.args)) if is_given else frozenset()
        places: dict[Ref, Where] = {}
        for ref in doubtful:
            also = round_names(step) if ref in given else _NOTHING
            if (problem := level.read_problem(ref, self.tools, reader=step.step_id, also=also)) is not None:
                places = places or _places(step)
                self._report_read((*level.where, "steps", index, *places.get(ref, ())), step, "reads", ref, problem)

    def _report_read(self, where: Where, step: WorkflowStep | None, subject: str, ref: Ref, problem: Problem) -> None:
        self.fault(where, step, f"{subject} {written(ref)}, but {problem[0]}", problem[1])

    def _check_cycles(self, level: Level) -> None:
        graph = {step_id: list(step.depends_on) for step_id, step in level.steps.items()}
        for step_id, need in level.waits:
            graph[step_id].append(need)
        position = {step.step_id: index for index, step in enumerate(level.plan.steps)}
        for cycle in cycles(graph):
            if len(cycle) > 2:  # a step that waits for itself alone was found with its references
                where = (*level.where, "steps", position[cycle[0]])
                problem = f"waits for itself: {' -> '.join(cycle)}"
                self.fault(where, level.steps[cycle[0]], problem, "take one of these dependencies away")

    def _check_action(self, level: Level, index: int, step: WorkflowStep) -> None:
        action = step.action
        if isinstance(action, Scope):
            self._check_scope(level, (*level.where, "steps", index), step, action)
            return
        if step.budget is not None:
            self.fault((*level.where, "steps", index, "budget"), step, "'budget' needs a body", BUDGET_PLACES)
        if self.tools is None:
            return
        if isinstance(action, Call):
            self._check_call(self.tools, level, index, step, action.tool)
        else:
            for name in action.tools:
                if name not in self.tools:
                    self._report_tool((*level.where, "steps", index, "tools"), step, name)

    def _check_call(self, tools: Mapping[str, Tool], level: Level, index: int, step: WorkflowStep, name: str) -> None:
        if name not in tools:
            self._report_tool((*level.where, "steps", index, "tool"), step, name)
            return
        for misfit in argument_misfits(tools[name].parameters, step.args):
            self.fault((*level.where, "steps", index, "args", *misfit.where), step, misfit.text)

    def _report_tool(self, where: Where, step: WorkflowStep, name: str) -> None:
        help = self.guess(name, self.tools or (), "the tools are") if self.tools else "no tools are loaded"
        self.faults.append(Fault(f"there is no tool '{name}'", help, step.step_id, where, tool=name))

    def _check_scope(self, level: Level, where: Where, step: WorkflowStep, scope: Scope) -> None:
        if scope.body is None:
            self.fault((*where, "workflow"), step, f"the workflow '{scope.workflow}' was not loaded")
            return
        if scope.is_isolated:
            inside = Level(scope.body, (*where, "plan"), guess=self.guess)
            for misfit in given_misfits(scope.body, step.args):
                self.fault((*where, "args", *misfit.where), step, misfit.text)
        else:
            inside = level.inside(scope.body, step, where)
            if step.args or scope.body.inputs or scope.body.on_error != "fail" or scope.body.budget is not None:
                help = "its steps see everything around them; name it a workflow to give it inputs of its own"
                self.fault(where, step, "a body takes no arguments, inputs, on_error or budget of its own", help)
        for key, is_given in (("retry", step.retry != NO_RETRY), ("outputs", step.outputs is not None)):
            if is_given:
                self.fault((*where, key), step, f"'{key}' goes with a tool or code only", "put it on steps of the body")
        if isinstance(scope.mode, Each) and (scope.mode.items is None) is (scope.mode.iterations is None):
            self.fault(where, step, "must go over either items or a number of iterations")
        # The guard is tested inside of the round that just ended, and {{last}} is what that gave.
        for ref in refs_of_guard(loop_guard(scope.mode)):
            key = "repeat" if isinstance(scope.mode, Until) else "on"
            if (problem := inside.read_problem(ref, self.tools, also=_LAST)) is not None:
                self._report_read((*where, key), step, "the guard reads", ref, problem)
        if not scope.is_isolated or id(scope.body) not in self.checked:
            self.checked.add(id(scope.body))
            self.check(inside)


@dataclass(frozen=True, slots=True)
class _Size:
    """How large a plan is with all its bodies; a workflow that is used twice counts twice."""

    steps: int
    depth: int


def _size_of(plan: WorkflowPlan, known: dict[int, _Size]) -> _Size:
    if id(plan) not in known:
        bodies = [step.action.body for step in plan.steps if type(step.action) is Scope]
        sizes = [_size_of(body, known) for body in bodies if body is not None]
        steps = len(plan.steps) + sum(size.steps for size in sizes)
        known[id(plan)] = _Size(steps, max((1 + size.depth for size in sizes), default=0))
    return known[id(plan)]


def _places(step: WorkflowStep) -> dict[Ref, Where]:
    """Where in a step each of its references stands."""
    places: dict[Ref, Where] = {}
    match step.action:
        case Scope(mode=Each(items=items, iterations=iterations)):
            places |= dict.fromkeys(refs_in(items), ("for_each",)) | dict.fromkeys(refs_in(iterations), ("iterations",))
        case Scope(mode=On(trigger=FileChange(path=path))):
            places |= dict.fromkeys(refs_in(path), ("on", "file"))
    places |= dict.fromkeys(refs_of_guard(step.when), ("when",))
    for name, template in step.args.items():
        places |= dict.fromkeys(refs_in(template), ("args", name))
    return places
