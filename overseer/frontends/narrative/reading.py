"""Reading a narrative file: three dialects of TOML come in, and the narratives that they say come out.

[narrative], [toc], [acts]          one narrative, and its acts by name
[narrative.NAME] with a toc         several, which share [acts]; their own acts win
[[act]] with [[act.prompt]]         one narrative, the acts in the order of the file
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from overseer.frontends.narrative.acts import ActReader, budget_of, carousel_of, fields_of, voice_of
from overseer.frontends.narrative.grammar import NARRATIVE_KEYS, REFUSED
from overseer.frontends.narrative.values import Act, Narrative
from overseer.jsonvalue import Json
from overseer.plan.faults import line_at
from overseer.plan.fields import Findings, Place
from overseer.plan.suggestions import did_you_mean
from overseer.plan.wording import shown

_ROOT = ("narrative", "narratives", "narration", "toc", "acts", "act", "carousel", "tables", "bots", "media")
_OF_ONE = ("name", "description", "toc", "model", "temperature", "max_tokens")


@dataclass(frozen=True, slots=True)
class NarrativeFile:
    """The narratives of a file by name; one alone may have none."""

    narratives: Mapping[str, Narrative] = field(default_factory=dict)


def narratives_in(value: Mapping[str, Json], findings: Findings) -> NarrativeFile:
    """The narratives of a file; what is wrong with it is among the findings."""
    for key in value:
        if key in REFUSED:
            findings.fault(Place((key,)), f"'{key}' is not supported: {REFUSED[key]}")
        elif key not in _ROOT:
            findings.fault(Place((key,)), f"unknown key '{key}'", did_you_mean(key, _ROOT, "the keys here are"))
    return _Reading(value, findings).file()


class _Reading:
    def __init__(self, value: Mapping[str, Json], findings: Findings) -> None:
        self._value = value
        self._findings = findings
        resources = {home: self._table(home) for home in ("tables", "bots", "media")}
        self._acts = ActReader(findings, resources)

    def file(self) -> NarrativeFile:
        home = next((key for key in ("narrative", "narratives", "narration") if key in self._value), "")
        if "act" in self._value:
            return self._listed(home)
        if not home:
            self._findings.fault(Place(), "there is no narrative", "begin with [narrative] and a name, or with [[act]]")
            return NarrativeFile()
        table = self._table(home)
        if any(key in _OF_ONE and not (key == "toc" and isinstance(item, dict)) for key, item in table.items()):
            return NarrativeFile({str(table.get("name", "")): self._narrative("", table, Place((home,)), self._value)})
        found: dict[str, Narrative] = {}
        for name, item in table.items():
            at = Place((home, name))
            if isinstance(item, dict):
                found[name] = self._narrative(name, item, at, item)
            else:
                self._findings.fault(at, f"the narrative '{name}' must be a table, not {shown(item)}")
        return NarrativeFile(found)

    def _listed(self, home: str) -> NarrativeFile:
        """The dialect that lists its acts."""
        table = dict(self._table(home)) if home else {}
        for other in ("toc", "acts"):
            if other in self._value:
                self._findings.fault(Place((other,)), f"has both [[act]] and '{other}'", "write the acts in one way")
        if "carousel" in self._value:
            table["carousel"] = self._value["carousel"]
        acts = self._value["act"]
        if not isinstance(acts, list):
            self._findings.fault(Place(("act",)), "'act' must be a list of tables", "write [[act]] before each")
            acts = []
        read: list[Act] = []
        for index, item in enumerate(acts):
            at = Place(("act", index))
            name = item.get("name") if isinstance(item, dict) else None
            if isinstance(name, str) and name:
                read.append(self._acts.act(name, item, at))
            else:
                self._findings.fault(at, "the act has no 'name'")
        at = Place((home,)) if home else Place(("carousel",)) if "carousel" in table else Place()
        narrative = self._named(str(table.get("name", "narrative")), table, at, tuple(read))
        return NarrativeFile({narrative.name: narrative})

    def _narrative(self, name: str, table: Mapping[str, Json], at: Place, home: Mapping[str, Json]) -> Narrative:
        """A narrative whose acts stand in `home`, or among those that the file shares."""
        shared, own = self._table("acts"), table.get("acts", {})
        acts: list[Act] = []
        order_at = at / "toc" if "toc" in table else Place(("toc",))
        for act in self._order(table.get("toc", home.get("toc")), order_at):
            if isinstance(own, dict) and act in own:
                acts.append(self._acts.act(act, own[act], at / "acts" / act))
            elif act in shared:
                acts.append(self._acts.act(act, shared[act], Place(("acts", act))))
            else:
                known = [*shared, *(own if isinstance(own, dict) else ())]
                self._findings.fault(order_at, f"there is no act '{act}'", did_you_mean(act, known, "the acts are"))
        for act in own if isinstance(own, dict) and own else () if name else shared:
            if act not in (each.name for each in acts):
                self._findings.notes.append(f"the act '{act}' is not run: it is not in 'toc'")
        return self._named(name or str(table.get("name") or "narrative"), table, at, tuple(acts))

    def _order(self, toc: Json, where: Place) -> list[str]:
        if isinstance(toc, dict):
            for key in toc:
                if key != "order":
                    problem = f"unknown key 'toc.{key}'"
                    self._findings.fault(where / key, problem, "put a carousel on the narrative, or on an act")
            toc = toc.get("order")
        if not isinstance(toc, list) or not toc or not all(isinstance(act, str) and act for act in toc):
            self._findings.fault(where, "there is no order of acts", 'list their names: toc = ["first", "second"]')
            return []
        names = [act for act in toc if isinstance(act, str)]
        for act in {act for act in names if names.count(act) > 1}:
            self._findings.fault(
                where, f"the act '{act}' is in the order twice", "an act that is repeated is a carousel"
            )
        return list(dict.fromkeys(names))

    def _named(self, name: str, table: Mapping[str, Json], at: Place, acts: tuple[Act, ...]) -> Narrative:
        fields = fields_of(table, at, NARRATIVE_KEYS, self._findings)
        fields.flag("skip_content_generation", False)
        twice = {act.name for act in acts if [each.name for each in acts].count(act.name) > 1}
        for again in sorted(twice):
            self._findings.fault(at, f"there are two acts '{again}'", "give each a name of its own")
        line = line_at(self._findings.lines, at.where)
        description = fields.text("description")
        return Narrative(name, description, acts, voice_of(fields), carousel_of(fields), budget_of(fields), line)

    def _table(self, key: str) -> Mapping[str, Json]:
        value = self._value.get(key, {})
        if isinstance(value, dict):
            return value
        self._findings.fault(Place((key,)), f"'{key}' must be a table, not {shown(value)}")
        return {}
