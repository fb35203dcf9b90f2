"""The layers of settings laid over each other: defaults, the user's file, the project's, the environment, flags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overseer.errors import UsageError
from overseer.home import home
from overseer.settings.entries import Entry, Findings
from overseer.settings.files import read_file
from overseer.settings.keys import KEYS


@dataclass(frozen=True, slots=True)
class Layers:
    """What holds in the end, by key, and what else is to be said about where it comes from."""

    entries: Mapping[str, Entry]
    warnings: tuple[str, ...] = ()

    def values(self) -> dict[str, Any]:
        return {key: entry.value for key, entry in self.entries.items()}

    def section(self, name: str) -> dict[str, Any]:
        """The values of one section, by what stands behind its name."""
        return {
            key.removeprefix(f"{name}."): entry.value
            for key, entry in self.entries.items()
            if key.startswith(f"{name}.") and entry.value is not None
        }


def read_layers() -> Layers:
    """What all layers say together; UsageError with everything that is wrong with them."""
    findings = Findings()
    layers = [read_file(default_settings(), "default", findings)]
    own = home() / "config.yaml"
    if own.exists():
        layers.append(read_file(own, "user", findings))
    entries = _laid_over(layers)
    check_together(entries, findings)
    if findings.faults:
        raise UsageError(_told(findings.faults))
    return Layers(entries, tuple(findings.warnings))


def default_settings() -> Path:
    """The commented file of defaults, in a checkout or in an installed package."""
    package = Path(__file__).parent.parent
    installed = package / "config.yaml"
    return installed if installed.exists() else package.parent / "config.yaml"


def _laid_over(layers: Iterable[Iterable[Entry]]) -> dict[str, Entry]:
    """The strongest entry for each key, in the order of the keys."""
    found = {entry.key: entry for layer in layers for entry in layer}
    return {key: found.pop(key) for key in KEYS if key in found} | found


def check_together(entries: Mapping[str, Entry], findings: Findings) -> None:
    """Find what is wrong with values that fit each for itself, and not together."""
    least, most = (entries.get(f"chat.workflow_mode.{name}_steps") for name in ("min", "max"))
    if least is not None and most is not None and least.value > most.value:
        problem = f"chat.workflow_mode.min_steps is {least.value}, more than max_steps, {most.value} ({most.origin})"
        findings.fault(least.origin, problem)
    models = {key.removeprefix("models."): entry for key, entry in entries.items() if key.startswith("models.")}
    if models:
        _check_models(models, findings)


def _check_models(models: Mapping[str, Entry], findings: Findings) -> None:
    from overseer.models import parse_models  # takes long to load, and most commands ask no model

    try:
        parse_models({key: entry.value for key, entry in models.items() if entry.value is not None}, {})
    except UsageError as error:
        keys = "|".join(models)
        for problem in re.split(rf"; (?=(?:{keys})\b)", str(error).removeprefix("models: ")):
            named = re.match(rf"(?:{keys})\b", problem)
            entry = models[named[0]] if named else next(iter(models.values()))
            findings.fault(entry.origin, f"models.{problem}" if named else f"models: {problem}")


def _told(faults: list[str]) -> str:
    if len(faults) == 1:
        return faults[0]
    return "\n".join([f"the settings have {len(faults)} faults:", *(f"  {fault}" for fault in faults)])
