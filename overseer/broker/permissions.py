"""Who may call what: rules by tool, argument and class, and what was approved for one plan.

A call is allowed, denied, or has to be asked for. Asking happens once, before a plan runs; what was
approved then is a `Grants`, bound to that plan by its hash. When a call comes for which nobody was
asked, nobody is asked in the middle of a run either: it is denied, and the refusal says what to do.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final, Literal

from overseer.jsonvalue import Json, as_text
from overseer.plan.references import Ref, Template, Text, refs_in, written
from overseer.plan.values import Call, Code, Scope, WorkflowPlan, WorkflowStep
from overseer.tool import EFFECTS, Effect, Tool

Verdict = Literal["allow", "ask", "deny"]
VERDICTS: Final[tuple[Verdict, ...]] = ("allow", "ask", "deny")
_STRICTNESS: Mapping[Verdict, int] = {"allow": 0, "ask": 1, "deny": 2}


@dataclass(frozen=True, slots=True)
class Rule:
    """A verdict for the tools whose name matches, when each named argument matches too.

    Patterns are those of a shell (`git *`, `https://example.org/*`); the words of a list count as one line.
    """

    verdict: Verdict
    tool: str = "*"
    args: Mapping[str, str] = field(default_factory=dict)

    def matches(self, tool: str, args: Mapping[str, Template]) -> bool | None:
        """Whether it is about this call; None where that hangs on a value that is not known yet."""
        if not fnmatchcase(tool, self.tool):
            return False
        is_sure = True
        for name, pattern in self.args.items():
            value = args.get(name)
            if refs_in(value):
                is_sure = False
            elif not fnmatchcase(_line(value), pattern):
                return False
        return True if is_sure else None

    def __str__(self) -> str:
        args = ", ".join(f"{name}: {pattern}" for name, pattern in self.args.items())
        return f"{self.verdict} {self.tool}" + (f" with {args}" if args else "")


def _line(value: Template) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return shlex.join(value)
    return "" if isinstance(value, Ref | Text) else as_text(value)


@dataclass(frozen=True, slots=True)
class Policy:
    """What the user lets tools do: the first rule that matches decides, else the class of the tool.

    A rule that denies decides wherever it stands, so that no earlier one can open what it closes.
    """

    classes: Mapping[Effect, Verdict]
    rules: tuple[Rule, ...] = ()

    @property
    def allows_everything(self) -> bool:
        return not self.rules and all(verdict == "allow" for verdict in self.classes.values())

    def verdicts(self, tool: Tool, args: Mapping[str, Template]) -> frozenset[Verdict]:
        """What may be decided about a call, as far as its arguments are known."""
        found: set[Verdict] = set()
        for rule in self.rules:
            if rule.verdict == "deny" and (matches := rule.matches(tool.name, args)) is not False:
                found.add("deny")
                if matches:
                    return frozenset(found)
        for rule in self.rules:
            if (matches := rule.matches(tool.name, args)) is not False and rule.verdict != "deny":
                found.add(rule.verdict)
                if matches:
                    return frozenset(found)
        return frozenset({*found, self.classes[tool.effect]})

    def verdict(self, tool: Tool, args: Mapping[str, Json]) -> Verdict:
        """What is decided about a call whose arguments are known."""
        return max(self.verdicts(tool, args), key=_STRICTNESS.__getitem__)


OPEN: Final = Policy(dict.fromkeys(EFFECTS, "allow"))
CAREFUL: Final = Policy(
    {"pure": "allow", "read": "allow", "model": "allow", "network": "ask", "write": "ask", "exec": "ask"}
)


@dataclass(frozen=True, slots=True)
class Grants:
    """What was approved for one plan: whole classes of tools, or tools by name."""

    plan_hash: str = ""
    classes: frozenset[Effect] = frozenset()
    tools: frozenset[str] = frozenset()

    def cover(self, tool: Tool) -> bool:
        return tool.effect in self.classes or tool.name in self.tools

    def bound_to(self, plan_hash: str) -> Grants:
        return Grants(plan_hash, self.classes, self.tools)

    def for_plan(self, plan_hash: str, more: Grants | None) -> Grants:
        """What holds for a plan: these if they were given for it, and what is given now."""
        own = self if self.plan_hash == plan_hash else NOTHING_GRANTED
        given = more or NOTHING_GRANTED
        return Grants(plan_hash, own.classes | given.classes, own.tools | given.tools)

    def to_json(self) -> dict[str, Json]:
        return {"plan": self.plan_hash, "classes": sorted(self.classes), "tools": sorted(self.tools)}

    @classmethod
    def from_json(cls, record: Mapping[str, Json]) -> Grants:
        return cls(record["plan"], frozenset(record["classes"]), frozenset(record["tools"]))


NOTHING_GRANTED: Final = Grants()


@dataclass(frozen=True, slots=True)
class Need:
    """A tool that a plan wants to use and that somebody has to decide about."""

    tool: str
    effect: Effect
    verdict: Verdict
    steps: tuple[str, ...]
    examples: tuple[str, ...] = ()  # what it would be called with

    def __str__(self) -> str:
        steps = f"step{'s' if len(self.steps) > 1 else ''} {', '.join(self.steps[:5])}" + (
            "…" if self.steps[5:] else ""
        )
        shown = f": {self.examples[0]}" if self.examples else ""
        return f"{self.effect}: {self.tool} ({steps}){shown}"

    def to_json(self) -> dict[str, Json]:
        return {"tool": self.tool, "class": self.effect, "verdict": self.verdict, "steps": list(self.steps)}


def needs(plan: WorkflowPlan, tools: Mapping[str, Tool], policy: Policy) -> list[Need]:
    """The tools of a plan that somebody has to be asked for, or that are denied outright."""
    found: dict[tuple[str, Verdict], tuple[list[str], list[str]]] = {}
    for step, name, args in _uses(plan):
        tool = tools[name]
        verdict = max(policy.verdicts(tool, args), key=_STRICTNESS.__getitem__)
        if verdict == "allow":
            continue
        if verdict == "deny" and "allow" in policy.verdicts(tool, args):
            verdict = "ask"  # it hangs on arguments that only the run will bring
        steps, examples = found.setdefault((name, verdict), ([], []))
        steps.append(step.step_id)
        if tool.effect in ("exec", "network") and len(examples) < 3:
            examples.append(_shown(args))
    return [
        Need(name, tools[name].effect, verdict, tuple(steps), tuple(examples))
        for (name, verdict), (steps, examples) in found.items()
    ]


def _uses(plan: WorkflowPlan) -> Iterator[tuple[WorkflowStep, str, Mapping[str, Template]]]:
    for step in plan.steps:
        match step.action:
            case Call(tool=name):
                yield step, name, step.args
            case Code(tools=names):
                for name in names:
                    yield step, name, {}
            case Scope(body=WorkflowPlan() as body):
                yield from _uses(body)


def _shown(args: Mapping[str, Template]) -> str:
    text = " ".join(_line(written(value)) for value in args.values())
    return text if len(text) <= 100 else f"{text[:99]}…"


def classes_from(names: Iterable[str]) -> frozenset[Effect]:
    """The classes that were named, `all` standing for every one; ValueError names a wrong one."""
    chosen: set[Effect] = set()
    for name in names:
        if name == "all":
            chosen.update(EFFECTS)
        elif name in EFFECTS:
            chosen.add(name)
        else:
            raise ValueError(f"'{name}' is no class of tools; there are: {', '.join(EFFECTS)}, all")
    return frozenset(chosen)
