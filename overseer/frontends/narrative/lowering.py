"""From narratives to the plan format: acts become a chain of steps, each given what was said before it.

An act is a turn of a conversation. Its inputs that must be fetched first (tables, files, tools, other
narratives) are steps of their own before it. A carousel is a scope with rounds side by side: each round
knows what came before the carousel and its own acts, and nothing of the other rounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from overseer.frontends.marking import Marking, free_name
from overseer.frontends.narrative.prompts import Scene, lowered_text
from overseer.frontends.narrative.tables import NotACondition, query
from overseer.frontends.narrative.values import Act, Carousel, Narrative, Part, Voice
from overseer.jsonvalue import Json
from overseer.plan.references import Ref

TURN = "conversation_turn"
Step = dict[str, Json]


@dataclass(slots=True)
class Lowering:
    """Lowers the narratives of one file; `chain` is the way to the one that is being lowered."""

    narratives: Mapping[str, Narrative]
    marking: Marking
    chain: tuple[str, ...] = ()

    def plan(self, narrative: Narrative) -> dict[str, Json]:
        """The plan document of a narrative."""
        acts = _Acts(self, narrative)
        steps = acts.steps()
        last = narrative.acts[-1].name if narrative.acts else ""
        if narrative.carousel is not None:
            rounds = free_name("rounds", acts.taken)
            body: Step = {"step_id": rounds, "description": f"Carousel of {narrative.name}", "steps": [*steps]}
            body |= _rounds(narrative.carousel)
            body["output"] = f"{{{{{last}}}}}"
            steps, last = [self.marking.at(narrative.line, body)], rounds
        document: dict[str, Json] = {"name": narrative.name, "description": narrative.description}
        if acts.scene.inputs:
            document["inputs"] = dict(acts.scene.inputs)
        if narrative.budget:
            document["budget"] = dict(narrative.budget)
        return document | {"steps": [*steps], "output": f"{{{{{last}}}}}" if last else None}


def _rounds(carousel: Carousel) -> dict[str, Json]:
    rounds: dict[str, Json] = {"iterations": carousel.iterations}
    if carousel.continues:
        rounds["on_error"] = "partial"
    if carousel.budget:
        rounds["budget"] = dict(carousel.budget)
    return rounds


@dataclass(slots=True)
class _Acts:
    """The acts of one narrative, lowered one after the other."""

    lowering: Lowering
    narrative: Narrative
    scene: Scene = field(init=False)
    taken: set[str] = field(init=False)
    history: list[Json] = field(default_factory=list)

    def __post_init__(self) -> None:
        names = tuple(act.name for act in self.narrative.acts)
        self.scene = Scene(self.lowering.marking, later=names)
        self.taken = set(names)

    def steps(self) -> list[Step]:
        steps: list[Step] = []
        for act in self.narrative.acts:
            self.scene.later = self.scene.later[1:]
            steps += self._act(act)
            self.scene.before = (*self.scene.before, act.name)
        return steps

    def _act(self, act: Act) -> list[Step]:
        work = _Work(self, act, self.scene.before[-1:])
        if act.carousel is None:
            work.finish(act.name)
            self.history.append({"prompt": work.said, "reply": f"{{{{{act.name}}}}}"})
            return work.steps
        turn = self.name(f"{act.name}_round")
        work.finish(turn)
        self.scene.lists |= {act.name}
        said = f"({act.carousel.iterations} rounds of {act.name})"  # each round was told something else
        self.history.append({"prompt": said, "reply": f"{{{{{act.name}}}}}"})
        for step in work.steps:  # the scope waits for the act before; its steps see that it has
            step["depends_on"] = [need for need in _needs(step) if need not in self.scene.before]
        scope: Step = {"step_id": act.name, "description": f"Carousel of {act.name}", "depends_on": [*work.before]}
        scope |= _rounds(act.carousel) | {"steps": [*work.steps], "output": f"{{{{{turn}}}}}"}
        return [self.lowering.marking.at(act.line, scope)]

    def name(self, wanted: str) -> str:
        name = free_name(wanted, self.taken)
        self.taken.add(name)
        return name


def _needs(step: Step) -> list[Json]:
    needs = step.get("depends_on", [])
    return needs if isinstance(needs, list) else []


class _Work:
    """The steps of one act: what must be fetched first, then the turn itself."""

    def __init__(self, acts: _Acts, act: Act, before: tuple[str, ...]) -> None:
        self.steps: list[Step] = []
        self.before = before
        self.said = ""  # what later acts are told was said
        self._acts = acts
        self._act = act
        self._marking = acts.lowering.marking

    def finish(self, step_id: str) -> None:
        """Add the steps, the last under this id."""
        act = self._act
        if [part.kind for part in act.parts] == ["narrative"]:
            self._add(step_id, self._nested(act.parts[0]), f"Narrative {act.parts[0].name}")
            self.said = f"(the narrative {act.parts[0].name})"
            return
        texts = [(part, self._text(part)) for part in act.parts]
        prompt = "\n\n".join(text for _, text in texts)
        self.said = "\n\n".join(
            text if part.retention == "full" else f"({part.kind} {_label(part)})"
            for part, text in texts
            if part.retention != "drop"
        )
        args: dict[str, Json] = {"prompt": prompt}
        if self._acts.history:
            args["history"] = [*self._acts.history]
        self._add(step_id, {"tool": TURN, "args": args | self._voice()}, act.name)

    def _voice(self) -> dict[str, Json]:
        voice: Voice = self._act.voice.over(self._acts.narrative.voice)
        args: dict[str, Json] = {}
        if voice.model and "/" in voice.model:
            args["model"] = voice.model
        elif voice.model:
            self._marking.note(
                f"the model '{voice.model}' is named without its provider, so the usual one answers; "
                f"write provider/{voice.model} to choose it"
            )
        if voice.temperature is not None:
            args["temperature"] = voice.temperature
        if voice.max_tokens is not None:
            args["max_tokens"] = voice.max_tokens
        return args

    def _text(self, part: Part) -> str:
        """What a part adds to the prompt."""
        match part.kind:
            case "text":
                return self._lowered(part.name)
            case "file":
                return self._fetched(part, {"tool": "read_file", "args": {"path": part.name}})
            case "command":
                args = {key: self._in_value(item) for key, item in _mapping(part.options.get("args")).items()}
                return self._fetched(part, {"tool": part.name, "args": args})
            case "narrative":
                return self._fetched(part, self._nested(part))
            case "table":
                return self._table(part)

    def _table(self, part: Part) -> str:
        try:
            rows = self._fetched(part, {"tool": "table_query", "args": query(part.options)})
        except NotACondition as error:
            self._marking.fault(str(error), line=self._act.line, step_id=self._act.name)
            return ""
        rows = rows.replace("}}", ".rows}}")
        form = part.options.get("format", "json")
        if form == "json":
            return rows
        return self._fetched(part, {"tool": "convert_table", "args": {"table": rows, "to": form}})

    def _nested(self, part: Part) -> Step:
        """A step that runs another narrative: one of this file by its name, else that of another file."""
        lowering, name = self._acts.lowering, part.name
        if name not in lowering.narratives:
            return {"workflow": name if name.lower().endswith((".toml", ".yaml", ".yml", ".json")) else f"{name}.toml"}
        if name in lowering.chain:
            way = " -> ".join((*lowering.chain[lowering.chain.index(name) :], name))
            self._marking.fault(
                f"the narrative leads back to itself: {way}", line=self._act.line, step_id=self._act.name
            )
            return {"workflow": name, "plan": {"steps": []}}
        inner = Lowering(lowering.narratives, self._marking, (*lowering.chain, name))
        plan = inner.plan(lowering.narratives[name])
        inputs = _mapping(plan.get("inputs"))
        self._acts.scene.inputs |= inputs
        step: Step = {"workflow": name, "plan": plan}
        return step | {"args": {each: f"{{{{inputs.{each}}}}}" for each in inputs}} if inputs else step

    def _fetched(self, part: Part, step: Step) -> str:
        name = self._acts.name(f"{self._act.name}_{part.kind}")
        self._add(name, step, f"{part.kind.capitalize()} {_label(part)}")
        return f"{{{{{name}}}}}"

    def _taken(self, ref: Ref) -> str:
        """The step that takes a part out of a reply, which is text with JSON in it."""
        name = self._acts.name(f"{self._act.name}_{ref.name}")
        path = str(Ref("it", ref.path)).removeprefix("it").removeprefix(".")
        args: dict[str, Json] = {"query": path, "data": f"{{{{{ref.name}}}}}"}
        self._add(name, {"tool": "json_query", "args": args}, f"Take {path} out of {ref.name}")
        return name

    def _add(self, step_id: str, step: Step, description: str) -> None:
        """A step that comes after all there are; a nested narrative may write what the next one reads."""
        needs: list[Json] = [self.steps[-1]["step_id"]] if self.steps else [*self.before]
        ids: Step = {"step_id": step_id, "description": description}
        self.steps.append(self._marking.at(self._act.line, ids | step | ({"depends_on": needs} if needs else {})))

    def _lowered(self, text: str) -> str:
        act = self._act
        return lowered_text(text, self._acts.scene, act=act.name, line=act.line, taken=self._taken)

    def _in_value(self, value: Json) -> Json:
        """A value with the texts in it lowered."""
        if isinstance(value, str):
            return self._lowered(value)
        if isinstance(value, list):
            return [self._in_value(item) for item in value]
        if isinstance(value, dict):
            return {key: self._in_value(item) for key, item in value.items()}
        return value


def _mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _label(part: Part) -> str:
    return str(part.options.get("table_name", part.name)) if part.kind != "text" else "of the prompt"
