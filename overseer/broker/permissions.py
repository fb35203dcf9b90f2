"""Who may call what: rules by tool, argument and class, and what was approved.

A call is allowed, denied, or has to be asked for. Asking happens once, before a plan runs; what was
approved then is a `Grants`, and holds for that plan. When a call comes for which nobody was asked,
nobody is asked in the middle of a run either: it is denied, and the refusal says what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final, Literal, TypeAlias

from overseer.broker.canonical import NoForm, canonical, canonical_pattern, is_path
from overseer.jsonvalue import Json
from overseer.plan.references import Template, refs_in
from overseer.tool import EFFECTS, Effect, Tool

Arguments: TypeAlias = Mapping[str, Template] | None  # None where only the run will tell

Verdict = Literal["allow", "ask", "deny"]
VERDICTS: Final[tuple[Verdict, ...]] = ("allow", "ask", "deny")
_STRICTNESS: Mapping[Verdict, int] = {"allow": 0, "ask": 1, "deny": 2}


@dataclass(frozen=True, slots=True)
class Rule:
    """A verdict for the tools whose name matches, when each named argument matches too.

    Patterns are those of a shell (`git *`, `https://example.org/*`); what paths, URLs and lists are
    compared as is said in `canonical`.
    """

    verdict: Verdict
    tool: str = "*"
    args: Mapping[str, str] = field(default_factory=dict)

    def matches(self, tool: Tool, args: Arguments, roots: Sequence[str] = ()) -> bool | None:
        """Whether it is about this call.

        None where that hangs on a value that is not known yet, or that cannot be compared: a path out
        of the workspace, say. `roots` are the absolute paths that the workspace goes by.
        """
        if not fnmatchcase(tool.name, self.tool):
            return False
        if args is None:
            return None if self.args else True
        found = [self._fits(tool, name, args, roots) for name in self.args]
        return False if False in found else None if None in found else True

    def _fits(self, tool: Tool, name: str, args: Mapping[str, Template], roots: Sequence[str]) -> bool | None:
        schema = tool.parameters.get("properties", {}).get(name, {})
        if name not in args and "default" not in schema:
            return False
        value = args[name] if name in args else schema["default"]
        if refs_in(value):
            return None
        as_path = is_path(tool, name)
        try:
            text = canonical(value, as_path=as_path, roots=roots)
        except NoForm:
            return None
        return fnmatchcase(text, canonical_pattern(self.args[name], as_path=as_path, roots=roots))

    def __str__(self) -> str:
        args = ", ".join(f"{name}: {pattern}" for name, pattern in self.args.items())
        return f"{self.verdict} {self.tool}" + (f" with {args}" if args else "")


@dataclass(frozen=True, slots=True)
class Policy:
    """What the user lets tools do: the first rule that matches decides, else the strictest of the tool's classes.

    A rule that denies decides wherever it stands, so that no earlier one can open what it closes.
    Where a rule may or may not match, what is decided is the strictest of what may be.
    """

    classes: Mapping[Effect, Verdict]
    rules: tuple[Rule, ...] = ()
    roots: tuple[str, ...] = ()  # the absolute paths that the workspace goes by

    @property
    def allows_everything(self) -> bool:
        return not self.rules and all(verdict == "allow" for verdict in self.classes.values())

    def verdicts(self, tool: Tool, args: Arguments) -> frozenset[Verdict]:
        """What may be decided about a call, as far as its arguments are known."""
        found: set[Verdict] = set()
        for rule in sorted(self.rules, key=lambda rule: rule.verdict != "deny"):
            if (matches := rule.matches(tool, args, self.roots)) is not False:
                found.add(rule.verdict)
                if matches:
                    return frozenset(found)
        return frozenset({*found, max((self.classes[effect] for effect in tool.effects), key=_STRICTNESS.__getitem__)})

    def verdict(self, tool: Tool, args: Mapping[str, Json]) -> Verdict:
        """What is decided about a call whose arguments are known."""
        return max(self.verdicts(tool, args), key=_STRICTNESS.__getitem__)


OPEN: Final = Policy(dict.fromkeys(EFFECTS, "allow"))
CAREFUL: Final = Policy(
    {"pure": "allow", "read": "allow", "model": "allow", "network": "ask", "write": "ask", "exec": "ask"}
)


@dataclass(frozen=True, slots=True)
class Grants:
    """What was approved: whole classes of tools, or tools by name."""

    classes: frozenset[Effect] = frozenset()
    tools: frozenset[str] = frozenset()

    def cover(self, tool: Tool) -> bool:
        return self.classes.issuperset(tool.effects) or tool.name in self.tools

    def __or__(self, other: Grants) -> Grants:
        return Grants(self.classes | other.classes, self.tools | other.tools)


NOTHING_GRANTED: Final = Grants()


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
