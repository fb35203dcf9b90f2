"""The text of acts: what it reads of acts before it, of the environment and of state, as references of the plan."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from overseer.frontends.marking import Marking
from overseer.jsonvalue import Json
from overseer.plan.references import CONTEXT_NAMES, BadReference, Ref, Text, parse, written
from overseer.plan.suggestions import did_you_mean

_OUTSIDE = re.compile(r"\$\{(\w+):([^}]*)\}")
_INPUT_NAME = re.compile(r"\w+")

Taken = Callable[[Ref], str]  # the step that takes a part out of the reply of an act


@dataclass(slots=True)
class Scene:
    """What the text of an act can read."""

    marking: Marking
    before: tuple[str, ...] = ()  # the acts that are over, in their order
    later: tuple[str, ...] = ()
    lists: frozenset[str] = frozenset()  # acts whose result is a list, one item a round
    inputs: dict[str, Json] = field(default_factory=dict)  # what must be given from outside, as it comes up


def lowered_text(text: str, scene: Scene, *, act: str, line: int | None, taken: Taken) -> str:
    """A text in the plan format: `{{previous}}`, `{{act.field}}` and `${env:NAME}` as what they mean."""

    def outside(found: re.Match[str]) -> str:
        home, name = found.groups()
        if home not in ("env", "state") or not _INPUT_NAME.fullmatch(name):
            scene.marking.fault(f"'{found.group()}' cannot be read", "write ${env:NAME}", line=line, step_id=act)
            return ""
        scene.inputs[name] = {"type": "string", "description": f"what the narrative reads as {found.group()}"}
        return f"{{{{inputs.{name}}}}}"

    try:
        parsed = parse(_OUTSIDE.sub(outside, text))
    except BadReference as error:
        scene.marking.fault(str(error), line=line, step_id=act)
        return ""
    parts = parsed.parts if isinstance(parsed, Text) else (parsed,)
    moved = tuple(_moved(part, scene, act, line, taken) if isinstance(part, Ref) else part for part in parts)
    return str(written(Text(moved) if len(moved) != 1 else moved[0]))


def _moved(ref: Ref, scene: Scene, act: str, line: int | None, taken: Taken) -> Ref:
    """A reference to an act as one to a step."""
    if ref.name == "previous":
        if not scene.before:
            scene.marking.fault("reads {{previous}}, but no act comes before it", line=line, step_id=act)
            return ref
        ref = Ref(scene.before[-1], ref.path)
    if ref.name in CONTEXT_NAMES:
        return ref
    if ref.name in scene.before:
        return Ref(taken(ref)) if ref.path and ref.name not in scene.lists else ref
    problem = f"reads {{{{{ref}}}}}, but the act '{ref.name}' comes after it"
    if ref.name == act:
        problem = f"reads {{{{{ref}}}}}, which is its own reply"
    if ref.name != act and ref.name not in scene.later:
        help = did_you_mean(ref.name, scene.before, "the acts before it are") if scene.before else ""
        scene.marking.fault(f"reads {{{{{ref}}}}}, but there is no act '{ref.name}'", help, line=line, step_id=act)
    else:
        scene.marking.fault(problem, line=line, step_id=act)
    return ref
