"""From pipes to the plan format: every stage becomes a step that reads the one before.

What comes from the stage before is the first argument of the next, unless `$$` says where it goes. Which
argument that is, the tool's own parameters say; so do they say which arguments a pipe must be given.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, assert_never

from overseer.frontends.marking import Marking, free_name
from overseer.frontends.pipes.values import Block, Data, Definition, Named, Parameter, Pipe, Stage, Value
from overseer.jsonvalue import Json
from overseer.plan.references import CONTEXT_NAMES, written
from overseer.plan.suggestions import did_you_mean

if TYPE_CHECKING:
    from overseer.tool import Tool

TYPES = {
    "": "any",
    "any": "any",
    "str": "string",
    "string": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "list": "array",
    "dict": "object",
}
INPUT = "input"  # what a pipe takes that says nothing of parameters
_NOTHING = object()  # nothing comes from before
_UNUSED = object()  # something does, and is read by its name


@dataclass(frozen=True, slots=True)
class _First:
    """The first parameter of a definition: its first stage gets it, unless that reads parameters by name."""

    value: Any


@dataclass(slots=True)
class _Room:
    """What has a name in a pipe: its parameters, and results that were captured. Blocks have rooms of their own."""

    names: dict[str, Json]
    chain: tuple[str, ...] = ()

    def within(self) -> _Room:
        return _Room(dict(self.names), self.chain)


@dataclass(slots=True)
class Lowering:
    """Lowers the pipe that a file is there for."""

    definitions: Mapping[str, Definition]
    tools: Mapping[str, Tool]
    marking: Marking
    steps: list[Json] = field(default_factory=list)
    inputs: dict[str, Json] = field(default_factory=dict)
    taken: set[str] = field(default_factory=lambda: set(CONTEXT_NAMES))

    def plan(self, main: Definition) -> dict[str, Json]:
        """The plan document of a definition."""
        for parameter in main.parameters:
            self.inputs[parameter.name] = self._declared(parameter, main.line)
        names: dict[str, Json] = {each.name: f"{{{{inputs.{each.name}}}}}" for each in main.parameters}
        room = _Room(names, (main.name,) if main.name else ())
        incoming = _First(next(iter(names.values()))) if names else _NOTHING
        output = self._pipe(main.pipe, room, incoming)
        if not self.steps and not self.marking.faults:
            self.marking.fault("there is nothing to be done in it", "put a tool after the value", line=main.line)
        document: dict[str, Json] = {"name": main.name, "description": main.comment}
        if self.inputs:
            document["inputs"] = dict(self.inputs)
        return document | {"steps": [*self.steps], "output": output}

    def _declared(self, parameter: Parameter, line: int) -> Json:
        if parameter.type.lower() not in TYPES:
            help = did_you_mean(parameter.type, [name for name in TYPES if name], "the types are")
            self.marking.fault(f"there is no type '{parameter.type}'", help, line=line)
            return {}
        declared: dict[str, Json] = {"type": TYPES[parameter.type.lower()]}
        return declared | ({"default": parameter.default} if parameter.has_default else {})

    # --- pipes

    def _pipe(self, pipe: Pipe, room: _Room, incoming: Any) -> Any:
        """What a pipe gives back."""
        for stage in pipe:
            match stage:
                case Data(value=value):
                    incoming = written(value)
                case Block(branches=branches):
                    if incoming is _NOTHING:
                        incoming = self._from_outside()
                    incoming = [self._pipe(branch, room.within(), incoming) for branch in branches]
                case Stage():
                    incoming = self._stage(stage, room, incoming)
                case _:
                    assert_never(stage)
            if stage.capture:
                if stage.capture in room.names:
                    self.marking.fault(
                        f"the name '{stage.capture}' is there already", "choose another", line=stage.line
                    )
                room.names[stage.capture] = incoming
        return incoming

    def _stage(self, stage: Stage, room: _Room, incoming: Any) -> Any:
        if (definition := self.definitions.get(stage.name)) is not None:
            if stage.name in self.tools:
                problem = f"'{stage.name}' is a tool, and is defined here too"
                self.marking.fault(problem, "give the definition another name", line=definition.line)
            return self._defined(stage, definition, room, incoming)
        args = self._arguments(stage, self._parameters(stage.name), room, incoming)
        step_id = free_name(stage.capture or stage.name, self.taken)
        self.taken.add(step_id)
        step: dict[str, Json] = {"step_id": step_id, "tool": stage.name, "args": args}
        self.steps.append(self.marking.at(stage.line, step))
        return f"{{{{{step_id}}}}}"

    def _defined(self, stage: Stage, definition: Definition, room: _Room, incoming: Any) -> Any:
        """What a definition gives back, its stages put in the place of its name."""
        if stage.name in room.chain:
            way = " -> ".join((*room.chain[room.chain.index(stage.name) :], stage.name))
            self.marking.fault(f"the pipe leads back to itself: {way}", line=stage.line)
            return None
        chain = (*room.chain, stage.name)
        if not definition.parameters:
            if len(stage.args) == 1 and not stage.named_args:  # what it is to begin with
                incoming = self._lowered(stage.args[0], stage, room, incoming)
            elif stage.args or stage.named_args:
                self.marking.fault(f"'{stage.name}' takes one value to begin with", line=stage.line)
            return self._pipe(definition.pipe, _Room({}, chain), incoming)
        names = tuple(parameter.name for parameter in definition.parameters)
        args = self._arguments(stage, names, room, incoming)
        for parameter in definition.parameters:
            if parameter.name not in args:
                if not parameter.has_default:
                    self.marking.fault(f"'{stage.name}' needs '{parameter.name}'", line=stage.line)
                args[parameter.name] = written(parameter.default)
        return self._pipe(definition.pipe, _Room(args, chain), _First(args[names[0]]))

    # --- arguments

    def _parameters(self, name: str) -> tuple[str, ...]:
        tool = self.tools.get(name)
        return tuple(tool.parameters.get("properties", {})) if tool is not None else ()

    def _arguments(self, stage: Stage, names: tuple[str, ...], room: _Room, incoming: Any) -> dict[str, Json]:
        """The arguments by name: what comes from before, then those that are written."""
        is_known = stage.name in self.tools or stage.name in self.definitions
        if not is_known:
            return {}  # that there is no such tool is said where plans are checked
        given = [*stage.args, *stage.named_args.values()]
        has_place = any(_reads(value, ("$$",)) for value in given)
        if isinstance(incoming, _First):
            by_name = any(_reads(value, room.names) for value in given)
            incoming = incoming.value if has_place or not by_name else _UNUSED
        if incoming is _NOTHING and (has_place or self._lacks(stage, names)):
            incoming = self._from_outside()
        positional = [self._lowered(value, stage, room, incoming) for value in stage.args]
        is_implicit = incoming is not _NOTHING and incoming is not _UNUSED and not has_place
        is_full = len(positional) + len(stage.named_args) >= len(names)
        if is_implicit and is_full and any(_reads(value, room.names) for value in given):
            is_implicit = False  # everything is given, and some of it by the names of earlier results
        if is_implicit:
            positional.insert(0, incoming)
        args = {name: self._lowered(value, stage, room, incoming) for name, value in stage.named_args.items()}
        free = [name for name in names if name not in args]
        if len(positional) > len(free):
            takes = ", ".join(names) if names else "nothing"
            problem = f"'{stage.name}' is given too much: it takes {takes}"
            help = "say with $$ where the result before goes" if is_implicit else ""
            self.marking.fault(problem, help, line=stage.line)
        return dict(zip(free, positional, strict=False)) | args

    def _lacks(self, stage: Stage, names: tuple[str, ...]) -> bool:
        """Whether the first stage of a pipe is given nothing, and needs something."""
        if stage.args:
            return False
        if stage.name in self.definitions:
            return bool(names) and names[0] not in stage.named_args
        required = self.tools[stage.name].parameters.get("required", ())
        return any(name not in stage.named_args for name in required)

    def _from_outside(self) -> Json:
        self.inputs.setdefault(INPUT, {"type": "any", "description": "what the pipe begins with"})
        return f"{{{{inputs.{INPUT}}}}}"

    def _lowered(self, value: Value, stage: Stage, room: _Room, incoming: Any) -> Any:
        """A value in the plan format."""
        if isinstance(incoming, _First):
            incoming = incoming.value
        if isinstance(value, Named):
            if value.name == "$$":
                found = incoming
            elif value.name in room.names:
                found = room.names[value.name]
            else:
                known = [f"${name}" for name in room.names]
                help = did_you_mean(value.name, known, "there are") if known else "put text in quotes"
                self.marking.fault(f"there is no result '{value.name}' yet", help, line=stage.line)
                return None
            return self._part(found, value, stage)
        if isinstance(value, list):
            return [self._lowered(item, stage, room, incoming) for item in value]
        if isinstance(value, dict):
            return {key: self._lowered(item, stage, room, incoming) for key, item in value.items()}
        return written(value)

    def _part(self, found: Any, value: Named, stage: Stage) -> Any:
        """A part of what a name stands for."""
        if not value.path:
            return found
        parts = value.path[1:].split(".")
        if isinstance(found, str) and found.startswith("{{"):
            way = "".join(f"[{part}]" if part.isdecimal() else f".{part}" for part in parts)
            return f"{found[:-2]}{way}}}}}"
        if isinstance(found, list) and len(parts) >= 1 and parts[0].isdecimal() and int(parts[0]) < len(found):
            rest = f".{'.'.join(parts[1:])}" if parts[1:] else ""
            return self._part(found[int(parts[0])], Named(value.name, rest), stage)
        self.marking.fault(f"'{value.name}' has no part '{value.path[1:]}'", line=stage.line)
        return None


def _reads(value: Value, names: Container[str]) -> bool:
    """Whether a value reads one of these names."""
    if isinstance(value, Named):
        return value.name in names
    if isinstance(value, list):
        return any(_reads(item, names) for item in value)
    return isinstance(value, dict) and any(_reads(item, names) for item in value.values())
