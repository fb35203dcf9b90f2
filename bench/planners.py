"""The planners that planning cases are given to: the rules, and any model that the settings can name."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeAlias

from overseer.broker.broker import Broker, Door
from overseer.broker.budget import Budget
from overseer.broker.retry import Retry
from overseer.errors import UsageError
from overseer.frontends.draft import Draft
from overseer.frontends.planner import Planner
from overseer.frontends.rules import plan_by_rules
from overseer.models import ModelRoles, Wanted, connector, detect, parse_models
from overseer.models.look import NAMED_TIMEOUT_S, HttpLook
from overseer.tool import Cancellation, Tool, ToolContext

Plans: TypeAlias = Callable[[str, dict[str, Tool]], Draft]


def by_rules(request: str, tools: dict[str, Tool]) -> Draft:
    return plan_by_rules(request, tools, with_models=True, leave_open=True)


@dataclass(frozen=True, slots=True)
class ByModel:
    """A model that is asked as `overseer plan` asks it. Its requests are retried and counted."""

    name: str
    broker: Broker
    cancellation: Cancellation = field(default_factory=Cancellation)

    @classmethod
    def named(cls, spec: str) -> ByModel:
        """`provider/model`, `provider:model`, the file of a model, or the address of a server.

        UsageError or ModelUnavailable if that is none, or cannot be used.
        """
        settings = parse_models({}, os.environ)
        choice = detect(
            settings, os.environ, os.environ.get, HttpLook(NAMED_TIMEOUT_S), wanted=_wanted(spec), folder=Path()
        )
        if choice.model is None or choice.provider is None:
            raise UsageError(f"--model {spec}: {choice.reason}")
        models = ModelRoles(settings.with_default(choice.model, choice.provider), connector(os.environ.get))
        broker = Broker(models=models, retry=Retry(attempts=4), budget=Budget("these cases"))
        return cls(str(choice.model), broker)

    def __call__(self, request: str, tools: dict[str, Tool]) -> Draft:
        door, context = Door(self.broker, {}), ToolContext("bench", "plan", 1, self.cancellation)
        return Planner(partial(door.ask, context=context), tools).draft(request)


def _wanted(spec: str) -> Wanted:
    if "://" in spec:
        return Wanted("--model", os.environ.get("OPENAI_MODEL", ""), spec)
    provider, colon, name = spec.partition(":")
    is_pair = colon and name and "/" not in provider  # as others write it
    return Wanted("--model", f"{provider}/{name}" if is_pair else spec)
