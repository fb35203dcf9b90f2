"""What a reference, a guard, a scope and a failure *mean*. Reads the state and changes nothing of it, but
that the graph of a body which is met for the first time is kept.

When a step runs is the scheduler's question; what its end changes is the reducer's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from overseer.errors import Failure, PlanError
from overseer.jsonvalue import MAX_DEPTH, Json, as_text, has, is_nested_deeper, is_same, kind_of
from overseer.kernel.claims import Want
from overseer.kernel.events import SkipReason
from overseer.kernel.rules import Rules
from overseer.kernel.state import Attempt, Frame, OpenScope, RunState, Status, planned_rounds
from overseer.plan.inputs import input_values
from overseer.plan.references import CONTEXT_NAMES, Ref, Unreadable, read_path, rendered
from overseer.plan.values import (
    Call,
    Code,
    Each,
    FileChange,
    Guard,
    On,
    Once,
    Operator,
    Scope,
    Trigger,
    Until,
    WorkflowStep,
    loop_guard,
)

LONGEST_RETRY_WAIT_S = 60.0


class Meaningless(Exception):
    """A guard, a list or an argument that does not make sense with the values it got."""


# --- references


def value_of(frame: Frame, ref: Ref) -> Json:
    """What a reference reads, seen from inside a frame."""
    values = frame.values
    if ref.name in values:
        value = values[ref.name]
        return read_path(value, ref) if ref.path else value
    return read_path(_outer_value(frame, ref.name), ref)


def _outer_value(frame: Frame, name: str) -> Json:
    level: Frame | None = frame
    while level is not None:
        if name in CONTEXT_NAMES:
            if name in level.names:
                return level.names[name]
        elif name in level.values:
            return level.values[name]
        scope = level.scope
        if scope is None or scope.scope.is_isolated:
            break
        if name == scope.step.step_id:
            return level.names
        level = scope.frame
    raise Unreadable(f"'{name}' has no value here")


def reader(frame: Frame) -> Callable[[Ref], Json]:
    return partial(value_of, frame)


def arguments(frame: Frame, step: WorkflowStep) -> dict[str, Json]:
    """The step's arguments with every reference read; Unreadable if one cannot be."""
    values: dict[str, Json] = rendered(step.args, reader(frame))
    return values


# --- guards


def holds(guard: Guard, read: Callable[[Ref], Json]) -> bool:
    """Whether a guard is true; Meaningless if its sides cannot be compared."""
    left = rendered(guard.left, read)
    if guard.op == "truthy":
        return bool(left)
    right = rendered(guard.right, read)
    try:
        return bool(_COMPARE[guard.op](left, right))
    except TypeError:
        raise Meaningless(
            f"cannot compare {_shown(left)} {guard.op} {_shown(right)}: {kind_of(left)} against {kind_of(right)}"
        ) from None


def _ordered(compare: Callable[[Json, Json], bool]) -> Callable[[Json, Json], bool]:
    def checked(left: Json, right: Json) -> bool:
        if isinstance(left, bool) or isinstance(right, bool):
            raise TypeError
        return compare(left, right)

    return checked


_COMPARE: Mapping[Operator, Callable[[Json, Json], bool]] = {
    "eq": is_same,
    "ne": lambda left, right: not is_same(left, right),
    "lt": _ordered(lambda left, right: left < right),
    "le": _ordered(lambda left, right: left <= right),
    "gt": _ordered(lambda left, right: left > right),
    "ge": _ordered(lambda left, right: left >= right),
    "in": lambda left, right: has(right, left),
    "contains": has,
}


def _shown(value: Json) -> str:
    text = as_text(value) if not isinstance(value, str) else repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


# --- scopes


def opened_scope(state: RunState, frame: Frame, step: WorkflowStep, scope: Scope) -> OpenScope:
    """A scope ready for its first round; Meaningless or Unreadable if it cannot have one."""
    if scope.body is None:
        raise Meaningless(f"the workflow '{scope.workflow}' was not loaded")
    items, iterations = _rounds_of(scope, frame)
    path = f"{frame.graph.path}/{step.step_id}" if frame.graph.path else step.step_id
    return OpenScope(
        key=frame.key_of(step.step_id),
        frame=frame,
        step=step,
        scope=scope,
        graph=state.graph_of(scope.body, path),
        rank=frame.rank_of(step.step_id),
        rounds=planned_rounds(scope, items, iterations),
        items=items,
    )


def _rounds_of(scope: Scope, frame: Frame) -> tuple[list[Json] | None, int | None]:
    """The items of a map, or the number of rounds of a carousel."""
    if not isinstance(scope.mode, Each):
        return None, None
    if scope.mode.iterations is not None:
        count = rendered(scope.mode.iterations, reader(frame))
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise Meaningless(f"iterations needs a whole number, got {kind_of(count)} {_shown(count)}")
        return None, count
    items = rendered(scope.mode.items, reader(frame))
    if items is None:
        return [], None  # what it would go over was skipped
    if not isinstance(items, list):
        raise Meaningless(f"for_each needs a list, got {kind_of(items)} {_shown(items)}")
    return items, None


def certain_rounds(scope: OpenScope) -> int | None:
    """How many rounds a scope will have, if nothing fails; None where its guard or its events decide."""
    match scope.scope.mode:
        case On() | Until(guard=Guard()):
            return None
        case _:
            return scope.rounds


def round_names(scope: OpenScope, index: int, signal: Json) -> dict[str, Json]:
    """The names that a round defines; those of an isolated body are its inputs alone."""
    names: dict[str, Json] = {}
    match scope.scope.mode:
        case Each():
            names = {"item": scope.items[index] if scope.items is not None else index, "index": index}
        case Until():
            names = {"last": scope.last, "index": index}
        case On():
            names = {"event": signal, "index": index}
        case Once():
            pass
    return names


def round_inputs(scope: OpenScope, names: dict[str, Json]) -> dict[str, Json]:
    """The inputs of an isolated body for one round; PlanError or Unreadable if they do not fit."""

    def read(ref: Ref) -> Json:
        if ref.name in names:
            return read_path(names[ref.name], ref)
        return value_of(scope.frame, ref)

    given = {name: rendered(template, read) for name, template in scope.step.args.items()}
    assert scope.scope.body is not None
    return input_values(scope.scope.body, given)


def ends_loop(
    frame: Frame, scope: OpenScope, value: Json, *, read_step: Callable[[Frame, Ref], Json] = value_of
) -> bool:
    """Whether the loop's guard says that the round which just ended with `value` was the last."""
    guard = loop_guard(scope.scope.mode)
    if guard is None:
        return False

    def read(ref: Ref) -> Json:
        if ref.name == "last":
            return read_path(value, ref)
        return read_step(frame, ref)

    stop_when = scope.scope.mode.stop_when if isinstance(scope.scope.mode, Until) else True
    return holds(guard, read) is stop_when


def ends_failed_loop(frame: Frame, scope: OpenScope, failure: Failure) -> bool:
    """The same for a round that failed, if the plan goes on: what it did not come to is null in the guard.

    A guard that does not make sense with that does not end the loop.
    """
    if scope.step.on_error == "fail":
        return False

    def read_step(frame: Frame, ref: Ref) -> Json:
        try:
            return value_of(frame, ref)
        except Unreadable:
            return None

    try:
        return ends_loop(frame, scope, slot_for(scope.step, failure), read_step=read_step)
    except (Unreadable, Meaningless):
        return False


def scope_result(scope: OpenScope) -> Json | Failure:
    """What a scope gives back whose rounds are over, or why it failed; Meaningless if that cannot be passed on."""
    if scope.failure is not None:
        return scope.failure
    match scope.scope.mode:
        case Each():
            return _passable([scope.results[index] for index in range(scope.next_index)])
        case Until(guard=guard, limit=limit, at_limit="fail") if guard is not None and not scope.is_done:
            return Failure("limit", f"reached its limit of {limit} round{'s'[: limit != 1]} before its guard ended it")
        case _:
            return scope.last


def resolved_trigger(frame: Frame, trigger: Trigger) -> Trigger:
    """A trigger with its references read; Meaningless or Unreadable if that gives no path."""
    if not isinstance(trigger, FileChange):
        return trigger
    path = rendered(trigger.path, reader(frame))
    if not isinstance(path, str) or not path:
        raise Meaningless(f"on file needs a path, got {kind_of(path)} {_shown(path)}")
    return FileChange(path)


# --- results


def output_of(frame: Frame) -> Json:
    """What a body gives back once all its steps have ended.

    Unreadable if a part is missing, Meaningless if it cannot be passed on.
    """
    if frame.graph.plan.output is not None:
        return _passable(rendered(frame.graph.plan.output, reader(frame)))
    sinks = frame.graph.sinks
    if len(sinks) == 1:
        return frame.values.get(sinks[0])  # a step's result, which is
    return _passable({step_id: frame.values.get(step_id) for step_id in sinks})


def _passable(value: Json) -> Json:
    """A value put together from others, unless it is nested deeper than any single one may be."""
    if is_nested_deeper(value, MAX_DEPTH):
        raise Meaningless(f"what it gives back is nested more than {MAX_DEPTH} deep")
    return value


def failure_of(frame: Frame) -> Failure | None:
    """Why a body failed: its first step, as written, that failed and was not tolerated."""
    if frame.refusal is not None or not frame.failures:
        return frame.refusal
    for step in frame.graph.plan.steps:
        if step.on_error == "fail" and (failure := frame.failures.get(step.step_id)):
            return Failure("body", f"step '{step.step_id}' failed: {failure.message}")
    return None


def is_cut_short(frame: Frame) -> bool:
    """Whether a round is over because of what happened outside it, so that what it comes to is not known yet.

    That something has failed in it does not tell: what its plan lets finish has not.
    """
    if not frame.unended or frame.refusal is not None:
        return False
    return frame.graph.plan.on_error != "fail_fast" or failure_of(frame) is None


def slot_for(step: WorkflowStep, failure: Failure) -> Json:
    """What those who read a failed step get to see, where its failure is tolerated."""
    if step.on_error == "partial":
        return {"error": {"kind": failure.kind, "message": failure.message}}
    return None


def retry_at(rules: Rules, frame: Frame, step: WorkflowStep, failure: Failure, now: float) -> float | None:
    """When to try a failed step again; None if that was its last attempt, could not help or could do harm."""
    is_in_doubt = failure.kind == "timeout" or isinstance(step.action, Code)
    if is_in_doubt and not rules.is_repeatable(step, frame.under_way(step.step_id)):
        return None  # it may have had its effects, and even be at it still
    made = frame.attempts.get(step.step_id, 0) - frame.forgiven.get(step.step_id, 0)
    if made >= step.retry.attempts or failure.kind not in step.retry.on:
        return None
    wait = min(step.retry.delay_s * 2.0 ** min(made - 1, 30), LONGEST_RETRY_WAIT_S)
    return now + max(wait, failure.retry_after_s or 0.0)


def skipped_because(frame: Frame, step: WorkflowStep) -> tuple[SkipReason, str] | None:
    """Why the ends of its dependencies keep a step from running: (reason, detail), or None."""
    skipped = 0
    for need in step.depends_on:
        status = frame.status_of(need)
        if status == Status.SKIPPED:
            skipped += 1
        elif status == Status.BLOCKED:
            return "failure", f"'{need}' did not run"
        elif status == Status.FAILED and frame.graph.steps[need].on_error == "fail":
            return "failure", f"'{need}' failed"
    if skipped and skipped == len(step.depends_on):
        return "dependencies", "everything it depends on was skipped"
    return None


# --- resources

_UNDECLARED = "effects:undeclared"


def wants_of(state: RunState, frame: Frame, step: WorkflowStep) -> tuple[Want, ...]:
    """What a step must hold while it runs."""
    effects = state.rules.effects_of(step)
    if effects is None and not state.rules.strict_groups:
        return ()
    wants: dict[str, Want] = {}
    group = None if step.parallel_group is None else (frame.graph.path, step.parallel_group)
    if state.rules.strict_groups:
        # An order of the plan's, which says nothing about work that the plan goes on without.
        wants["group"] = Want(f"group:{frame.key}", group, is_lasting=False)
    if effects is not None and effects.is_undeclared:
        wants["effects"] = Want(_UNDECLARED, group)
    elif effects is not None and isinstance(step.action, Call):
        for name in state.rules.written_by(step.action.tool, arguments(frame, step)):
            wants[name] = Want(name)
    return tuple(wants.values())


def hopeless_failure(state: RunState, holder: Attempt, resource: str) -> Failure:
    """Why a step does not run that would have to wait for work which was given up and does not come back."""
    doing = "changing things that it does not declare" if resource == _UNDECLARED else f"writing {resource}"
    return Failure("transient", f"step '{holder.key}' {state.lingering[holder]} and may still be {doing}")


def explained(error: Exception, step: WorkflowStep) -> Failure:
    """A failure from trouble with a step's own definition."""
    if isinstance(error, PlanError):
        return Failure("bad_request", "; ".join(str(fault) for fault in error.faults))
    return Failure("bad_request", f"step '{step.step_id}': {error}")
