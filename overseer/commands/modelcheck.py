"""Which model would be used here, why, and what was looked at to find out. Nothing is asked of any model."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from overseer.config import Settings
from overseer.errors import ModelUnavailable
from overseer.jsonvalue import Json
from overseer.models import Probe, parse_models
from overseer.models.roles import WAYS_TO_CONNECT
from overseer.secrets import Secrets
from overseer.wiring import choose_model


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """What came of choosing a model: without one and with a refusal, the one that was named cannot be used."""

    model: str
    reason: str
    probes: tuple[Probe, ...]
    refusal: str
    roles: dict[str, str]

    @classmethod
    def made(cls, settings: Settings, secrets: Secrets, folder: Path) -> ModelCheck:
        """Choose anew, as if a question were to be asked."""
        known = parse_models(settings.models, os.environ)
        roles = {name: str(role.model) for name, role in known.roles.items() if role.model is not None}
        try:
            choice = choose_model(known, secrets, folder)
        except ModelUnavailable as error:
            return cls("", "", error.probes, str(error), roles)
        return cls(str(choice.model or ""), choice.reason, choice.probes, "", roles)

    def lines(self) -> Iterator[str]:
        if self.model:
            yield f"model: {self.model}, since {self.reason}"
        else:
            yield f"model: none; {self.refusal or self.reason}"
        for probe in self.probes:
            yield f"  {probe.outcome:8}  {probe.place}{f': {probe.detail}' if probe.detail else ''}"
        for role, model in self.roles.items():
            yield f"  role {role}: {model}"
        if not self.model and not self.refusal:
            yield "  three ways to connect one:"
            yield from (f"    - {way}" for way in WAYS_TO_CONNECT)

    def to_json(self) -> dict[str, Json]:
        return {
            "name": self.model or None,
            "reason": self.reason or None,
            "refusal": self.refusal or None,
            "planner": "model" if self.model else "rules",
            "probes": [
                {"place": probe.place, "outcome": probe.outcome, "detail": probe.detail} for probe in self.probes
            ],
            "roles": dict(self.roles),
        }
