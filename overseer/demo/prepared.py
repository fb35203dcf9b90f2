"""Requests with a scripted model that knows what to say to them, each in a file of this folder.

What the model replies is prepared, and nothing else is: the replies are read and checked, the plan runs,
and tools are called, as with any other model. Whoever shows a demo shows `LABEL` with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from overseer.broker.broker import Broker
from overseer.broker.cache import NO_CACHE
from overseer.errors import UsageError
from overseer.models import ModelRoles, ScriptedModel
from overseer.models.scripted import Script, script_from
from overseer.plan.document import read_document
from overseer.plan.suggestions import did_you_mean

LABEL = "scripted model: replies are prepared, all else is real"

_FOLDER = Path(__file__).parent
_NAMES = ("joke", "code")  # the first is shown where none is named


@dataclass(frozen=True, slots=True)
class Demo:
    """Something to ask for, and the script of the model that is asked."""

    name: str
    title: str
    request: str
    script: Script

    def models(self) -> ModelRoles:
        """One model for all roles, at the beginning of its script."""
        return ModelRoles.of(ScriptedModel(self.script))

    def broker(self, broker: Broker) -> Broker:
        """The same broker with the demo's model, which costs nothing and whose replies are not kept for others."""
        return replace(broker, models=self.models(), cost_of=lambda reply: 0.0, cache=NO_CACHE)


def demos() -> tuple[Demo, ...]:
    """All demos, the usual one first."""
    return tuple(map(_read, _NAMES))


def demo(name: str = "") -> Demo:
    """The demo of this name, or the usual one; UsageError if there is none."""
    name = name or _NAMES[0]
    if name not in _NAMES:
        raise UsageError(f"there is no demo '{name}'; {did_you_mean(name, _NAMES, 'there are')}")
    return _read(name)


def _read(name: str) -> Demo:
    document = read_document((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), syntax="yaml")
    assert not document.faults, document.faults  # it comes along with this module
    told = document.value
    return Demo(name, told["title"], told["request"], script_from(told["script"], name=name))
