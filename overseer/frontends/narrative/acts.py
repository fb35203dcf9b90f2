"""Reading an act: its forms (a text, a reference, a list of both, a table with inputs) become parts of one prompt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from overseer.frontends.narrative.grammar import (
    ACT_KEYS,
    BUDGET_KEYS,
    CAROUSEL_KEYS,
    COMMAND_KEYS,
    FORMATS,
    INPUT_KEYS,
    MEDIA_KEYS,
    REFUSED,
    RETENTIONS,
    TABLE_KEYS,
    UNSHOWN,
)
from overseer.frontends.narrative.values import Act, Carousel, Kind, Part, Retention, Voice
from overseer.jsonvalue import Json
from overseer.plan.amounts import NotAnAmount, part_of
from overseer.plan.faults import line_at
from overseer.plan.fields import Fields, Findings, Place
from overseer.plan.grammar import Keys
from overseer.plan.suggestions import did_you_mean
from overseer.plan.wording import shown

Resources = Mapping[str, Mapping[str, Json]]  # tables, bots and media, each by name

_KINDS: dict[str, Kind] = {"tables": "table", "bots": "command", "media": "file"}


def fields_of(value: Mapping[str, Json], at: Place, known: Keys, findings: Findings) -> Fields:
    """The fields of a table, those that exist elsewhere but not here refused in their own words."""
    kept = {}
    for key, item in value.items():
        if key in REFUSED and key not in known:
            findings.fault(at / key, f"'{key}' is not supported: {REFUSED[key]}")
        else:
            kept[key] = item
    return Fields(kept, at, known, findings)


class ActReader:
    """Reads the acts of one file, which share its resources."""

    def __init__(self, findings: Findings, resources: Resources) -> None:
        self._findings = findings
        self._resources = resources

    def act(self, name: str, value: Json, at: Place) -> Act:
        at = Place(at.where, name)
        line = line_at(self._findings.lines, at.where)
        if not isinstance(value, dict):
            return Act(name, self._parts(value, at), line=line)
        fields = fields_of(value, at, ACT_KEYS, self._findings)
        if fields.flag("extract_output", False):
            fields.fault("extract_output", f"'extract_output' is not supported: {REFUSED['target']}")
        parts: list[Part] = []
        if "narrative" in fields:
            parts.append(Part("narrative", fields.filled_text("narrative")))
        for key in ("input", "prompt"):
            if key in fields:
                parts += self._parts(fields.get(key), at / key)
        if not fields.given(("narrative", "input", "prompt")):
            fields.fault(None, "the act says nothing", "give it a text, an input or a narrative")
        return Act(name, tuple(parts), voice_of(fields), carousel_of(fields), line)

    def _parts(self, value: Json, at: Place) -> tuple[Part, ...]:
        items = value if isinstance(value, list) else [value]
        if not items:
            self._findings.fault(at, "the act says nothing", "give it a text, an input or a narrative")
        read = [self._part(item, at / index if isinstance(value, list) else at) for index, item in enumerate(items)]
        return tuple(part for part in read if part is not None)

    def _part(self, value: Json, at: Place) -> Part | None:
        if isinstance(value, str) and not value.strip():
            self._findings.fault(at, "the act says nothing", "give it a text, an input or a narrative")
            return None
        if isinstance(value, str):
            return self._resource(value, at) if _is_reference(value) else Part("text", value)
        if isinstance(value, dict):
            return self._input(fields_of(value, at, INPUT_KEYS, self._findings))
        self._findings.fault(at, f"an input must be a text, a reference or a table, not {shown(value)}")
        return None

    def _input(self, fields: Fields) -> Part | None:
        kind = fields.text("type")
        if kind in UNSHOWN:
            help = "describe it in words, or add an act whose command makes text of it"
            fields.fault("type", f"an input of the type '{kind}' is not supported: models are given text only", help)
            return None
        if kind not in ("", "text", "document", "table", "narrative", "bot_command"):
            fields.fault(
                "type", f"there is no input of the type '{kind}'", "text, document, table, narrative, bot_command"
            )
            return None
        given = fields.given(("ref", "text", "content", "file", "narrative", "table"))
        if len(given) != 1:
            what = f"has {' and '.join(map(repr, given))}" if given else "has no source"
            fields.fault(None, f"the input {what}", "give it one of: text, content, file, ref, narrative, table")
            return None
        (key,) = given
        name, retention = fields.filled_text(key), self._retention(fields)
        match key:
            case "text" | "content":
                return Part("text", name, retention=retention)
            case "file":
                return Part("file", name, retention=retention)
            case "narrative":
                return Part("narrative", name, retention=retention)
            case "table":
                return self._resource(f"tables.{name}", fields.at / key, retention, may_be_bare=True)
            case _:
                return self._resource(name, fields.at / key, retention)

    def _resource(
        self, reference: str, at: Place, retention: Retention | None = None, *, may_be_bare: bool = False
    ) -> Part | None:
        home, _, name = reference.replace(":", ".", 1).partition(".")
        home = {"table": "tables", "bot": "bots", "narratives": "narrative"}.get(home, home)
        if home == "narrative":
            return Part("narrative", name, retention=retention or "full")
        known = self._resources.get(home, {})
        if name not in known and may_be_bare:
            return Part("table", name, {"table_name": name}, retention or "full")
        value = known.get(name)
        if not isinstance(value, dict):
            self._findings.fault(at, f"there is no '{reference}'", did_you_mean(name, known, f"in [{home}] there are"))
            return None
        place = Place((home, name), at.step_id)
        keys = {"tables": TABLE_KEYS, "bots": COMMAND_KEYS, "media": MEDIA_KEYS}[home]
        fields = fields_of(value, place, keys, self._findings)
        needed = {"tables": "table_name", "bots": "command", "media": "file"}[home]
        if needed not in fields:
            fields.fault(None, f"'{reference}' has no '{needed}'")
            return None
        if home == "tables":
            fields.choice("format", FORMATS, "json")
        source = fields.filled_text(needed) if home != "tables" else name
        return Part(_KINDS[home], source, value, retention or self._retention(fields))

    def _retention(self, fields: Fields) -> Retention:
        default: Retention = "full"
        return fields.choice("history_retention", RETENTIONS, default)


def _is_reference(text: str) -> bool:
    head, dot, name = text.partition(".")
    if dot and head in _KINDS and name and " " not in name:
        return True
    return text.startswith(("narrative:", "narrative.", "narratives.")) and " " not in text.strip()


def voice_of(fields: Fields) -> Voice:
    def temperature(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 2:
            raise NotAnAmount("a number from 0 to 2")
        return value

    return Voice(fields.text("model"), fields.amount("temperature", temperature), fields.count("max_tokens"))


def carousel_of(fields: Fields) -> Carousel | None:
    inner = fields.inner("carousel", CAROUSEL_KEYS) if "carousel" in fields else None
    if inner is None:
        return None
    if "iterations" not in inner:
        inner.fault(None, "the carousel has no 'iterations'", "say how many rounds there are to be")
    if "estimated_tokens_per_iteration" in inner:
        inner.count("estimated_tokens_per_iteration")
        inner.findings.notes.append(
            "'estimated_tokens_per_iteration' is not needed: every call reserves what it may take"
        )
    return Carousel(inner.count("iterations") or 1, inner.flag("continue_on_error", False), budget_of(inner))


def budget_of(fields: Fields) -> dict[str, Any]:
    inner = fields.inner("budget", BUDGET_KEYS) if "budget" in fields else None
    if inner is None:
        return {}
    read = {key: inner.amount(key, part_of) for key in BUDGET_KEYS}
    return {key: value for key, value in read.items() if value is not None}
