"""From calls to the steps of a plan: dependencies, groups, rounds over lists, and what is still to be given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from overseer.frontends.rules.asked import numbers_asked
from overseer.frontends.rules.calls import Call
from overseer.frontends.rules.slots import Slot
from overseer.plan.references import Ref, refs_in
from overseer.plan.values import Call as CallTool
from overseer.plan.values import Each, Input, Scope, TypeName, WorkflowPlan, WorkflowStep
from overseer.text.brevity import brief

_LONGEST_NAME = 60
_LONGEST_VALUE = 40


def plan_of(request: str, calls: Sequence[Call]) -> WorkflowPlan:
    """The calls as a plan; dependencies that references imply are left to `completed`."""
    inputs: dict[str, Input] = {}
    steps = []
    _tell_apart(calls)
    for at, call in enumerate(calls):
        for slot in call.missing:
            call.args[slot.name] = Ref("inputs", (_input_for(slot, call, inputs),))
        steps.append(_step(call, _waits_for(call, calls[:at])))
    output = numbers_asked(request, calls)
    return WorkflowPlan(tuple(steps), name=brief(request, _LONGEST_NAME), inputs=inputs, output=output)


def _tell_apart(calls: Sequence[Call]) -> None:
    """Calls that one part of a request asks for, each with the file or value of its own behind what was said."""
    alike: dict[tuple[str, str], list[Call]] = {}
    for call in calls:
        alike.setdefault((call.tool.name, call.description), []).append(call)
    known = {call.step_id: call for call in calls}
    for same in alike.values():
        own = [_own(call, known) for call in same]
        if len(same) > 1 and all(own) and len(set(own)) == len(own):
            for call, value in zip(same, own, strict=True):
                call.description = f"{call.description} ({brief(value, _LONGEST_VALUE)})"


def _own(call: Call, known: Mapping[str, Call]) -> str:
    """What a call works on: the file or text that it names, or that the call names whose result it takes."""
    for value in call.args.values():
        if isinstance(value, str):
            return value
        if isinstance(value, Ref) and value.name in known:
            return _own(known[value.name], known)
    return ""


def _input_for(slot: Slot, call: Call, inputs: dict[str, Input]) -> str:
    """The name of a new input for an argument that nothing tells."""
    name = base = "".join(letter if letter.isalnum() else "_" for letter in slot.name).strip("_") or "value"
    number = 2
    while name in inputs:
        name, number = f"{base}_{number}", number + 1
    types: tuple[TypeName, ...] = ("string", "integer", "number", "boolean", "array", "object")
    fitting = [known for known in types if slot.types == {known}]
    inputs[name] = Input(fitting[0] if fitting else "any", description=str(slot.schema.get("description", ""))[:200])
    return name


def _step(call: Call, waits_for: tuple[str, ...]) -> WorkflowStep:
    reads = tuple(dict.fromkeys(ref.name for ref in refs_in(call.args) if ref.name not in ("inputs", "item")))
    if call.each is None:
        needs = tuple(dict.fromkeys((*reads, *waits_for)))
        return WorkflowStep(call.step_id, CallTool(call.tool.name), call.description, call.args, needs, call.group)
    inside = WorkflowStep(f"{call.step_id}_item", CallTool(call.tool.name), args=call.args)
    needs = tuple(dict.fromkeys((call.each.name, *reads, *waits_for)))
    return WorkflowStep(
        call.step_id, Scope(Each(items=call.each), WorkflowPlan((inside,))), call.description, {}, needs, call.group
    )


def _waits_for(call: Call, before: Sequence[Call]) -> tuple[str, ...]:
    """Earlier steps that it must wait for without reading them, since both touch the same thing."""
    own, found = _touched(call), []
    for other in before:
        if other.group is not None and other.group == call.group:
            continue
        shared = own & _touched(other)
        is_change = bool((_written_by(call) | _written_by(other)) & shared)
        are_blind = (
            call.follows
            and other is before[-1]
            and call.tool.has_undeclared_effects
            and other.tool.effect in ("write", "exec")
        )
        if is_change or are_blind:
            found.append(other.step_id)
    return tuple(found)


def _touched(call: Call) -> set[str]:
    """The files and links that a call names."""
    names = call.tool.parameters.get("properties", {})
    return {
        str(value) for name, value in call.args.items() if isinstance(value, str) and name in names and _is_place(name)
    }


def _written_by(call: Call) -> set[str]:
    """Those that it changes."""
    if call.tool.effect not in ("write", "exec"):
        return set()
    return {
        str(value) for name, value in call.args.items() if any(f"{{{name}}}" in place for place in call.tool.writes)
    }


def _is_place(name: str) -> bool:
    return any(word in name for word in ("path", "file", "folder", "url"))
