"""The language model: which one is used and why, what there is at each place, and how to add one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from overseer.checkup.finding import Finding, Status, TooSlow, within
from overseer.errors import ModelUnavailable, UsageError
from overseer.jsonvalue import Json
from overseer.models import Choice, Look, LookFailed, Probe, parse_models
from overseer.models.detection import probe_all
from overseer.models.look import HttpLook
from overseer.models.roles import WAYS_TO_CONNECT
from overseer.secrets import Secrets
from overseer.settings.config import Settings
from overseer.wiring import choose_model

# Each look has a limit of its own, but finding out where a name is has none.
MOST_S = 12.0

_Seen: TypeAlias = dict[tuple[str, str], list[str] | LookFailed]


def model(settings: Settings, secrets: Secrets, folder: Path) -> Finding:
    """What answers questions, found out without asking one."""
    seen: _Seen = {}
    roles: dict[str, str] = {}
    choice, refusal = Choice(None, None, ""), ""
    others: tuple[Probe, ...] = ()
    try:
        known = parse_models(settings.models, os.environ)
        roles = {name: str(role.model) for name, role in known.roles.items() if role.model is not None}
        choice, refusal = within(MOST_S, lambda: _chosen(settings, secrets, folder, seen))
        environment, look = settings.model_environment(os.environ), _Remembering(HttpLook(), seen)
        others = within(MOST_S, lambda: probe_all(known, environment, secrets.get, look))
    except TooSlow:
        refusal = f"no place answered within {MOST_S:g} s; check OLLAMA_HOST and OPENAI_BASE_URL"
    except UsageError as error:
        refusal = str(error)
    places = {probe.place for probe in choice.probes}
    return _finding(choice, refusal, (*choice.probes, *(probe for probe in others if probe.place not in places)), roles)


def _chosen(settings: Settings, secrets: Secrets, folder: Path, seen: _Seen) -> tuple[Choice, str]:
    """The choice, and why it is none where the model that was named cannot be used."""

    def look_for(limit_s: float) -> Look:
        return _Remembering(HttpLook(limit_s), seen)

    try:
        return choose_model(settings, secrets, folder, look_for=look_for), ""
    except ModelUnavailable as error:
        return Choice(None, None, "", error.probes), str(error)


def _finding(choice: Choice, refusal: str, probes: tuple[Probe, ...], roles: dict[str, str]) -> Finding:
    name = None if choice.model is None else str(choice.model)
    status: Status = "broken" if refusal else "ok" if name else "note"
    ways = WAYS_TO_CONNECT if status == "note" else ()
    facts: dict[str, Json] = {
        "name": name,
        "reason": choice.reason or None,
        "refusal": refusal or None,
        "planner": "model" if name else "rules",
        "probes": [{"place": probe.place, "outcome": probe.outcome, "detail": probe.detail} for probe in probes],
        "roles": dict(roles),
        "ways": list(ways),
    }
    details = (
        *(f"{probe.outcome:<8}  {probe.place}{f': {probe.detail}' if probe.detail else ''}" for probe in probes),
        *(f"role {role}: {ref}" for role, ref in roles.items()),
        *(f"to connect one: {way}" for way in ways),
    )
    verdict = f"{name}, since {choice.reason}" if name and not refusal else f"none; {refusal or choice.reason}"
    return Finding("model", status, verdict, details, facts)


class _Remembering(Look):
    """Looks once at each place."""

    def __init__(self, look: Look, seen: _Seen) -> None:
        self._look = look
        self._seen = seen

    def ollama_models(self, url: str) -> list[str]:
        return self._once("ollama", url, lambda: self._look.ollama_models(url))

    def openai_models(self, url: str, key: str) -> list[str]:
        return self._once("openai", url, lambda: self._look.openai_models(url, key))

    def _once(self, kind: str, url: str, look: Callable[[], list[str]]) -> list[str]:
        if (kind, url) not in self._seen:
            try:
                self._seen[kind, url] = look()
            except LookFailed as error:
                self._seen[kind, url] = error
        seen = self._seen[kind, url]
        if isinstance(seen, LookFailed):
            raise seen
        return seen
