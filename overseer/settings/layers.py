"""The layers of settings laid over each other: defaults, the user's file, the project's, the environment, flags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from overseer.errors import SettingsError, UsageError
from overseer.home import home
from overseer.settings.entries import Entry, Findings, LayerName
from overseer.settings.files import read_file
from overseer.settings.given import Flags, read_environment, read_flags, read_model
from overseer.settings.keys import KEYS
from overseer.settings.project import project_files, trust_of_settings, why_not_read
from overseer.trust import Trust

FileState = Literal["read", "absent", "untrusted", "outdated", "hidden"]


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A file that settings may be in, and what became of it."""

    layer: LayerName
    path: Path
    state: FileState


@dataclass(frozen=True, slots=True)
class Layers:
    """What holds in the end, by key, and what else is to be said about where it comes from."""

    entries: Mapping[str, Entry]
    files: tuple[SettingsFile, ...] = ()  # from the weakest to the strongest
    warnings: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    def values(self) -> dict[str, Any]:
        return {key: entry.value for key, entry in self.entries.items()}

    def section(self, name: str) -> dict[str, Any]:
        """The values of one section, by what stands behind its name."""
        return {
            key.removeprefix(f"{name}."): entry.value
            for key, entry in self.entries.items()
            if key.startswith(f"{name}.") and entry.value is not None
        }

    def require_sound(self) -> None:
        """SettingsError with everything that is wrong, if anything is."""
        if self.faults:
            raise SettingsError(self.faults)


def read_layers(flags: Flags, environment: Mapping[str, str], folder: Path) -> Layers:
    """What all layers say together, with everything that is wrong with them."""
    findings = Findings()
    defaults = default_settings()
    files = [SettingsFile("default", defaults, "read")]
    layers = [read_file(defaults, "default", findings) or ()]

    own = flags.config or user_settings()
    said = read_file(own, "user", findings)
    if said is None and flags.config is not None:
        findings.fault("--config", f"there is no file {own}")
    files.append(SettingsFile("user", own, "absent" if said is None else "read"))
    layers.append(said or ())

    for place, path in enumerate(project_files(folder, own, user_settings(), defaults)):
        state = _state(path) if place == 0 else "hidden"
        files.append(SettingsFile("project", path, state))
        if state == "read":
            layers.append(read_file(path, "project", findings) or ())
        else:
            findings.warnings.append(_why_not_read(files[-1], files[-2].path))

    layers.append(tuple(read_environment(environment, findings)))
    layers.append((*read_flags(flags.assignments, findings), *read_model(flags)))
    entries = _laid_over(layers)
    check_together(entries, findings)
    return Layers(entries, tuple(files), tuple(findings.warnings), tuple(findings.faults))


def only_defaults() -> Layers:
    """The weakest layer alone, for when the others cannot be used."""
    findings = Findings()
    return Layers(_laid_over([read_file(default_settings(), "default", findings) or ()]))


def _state(path: Path) -> FileState:
    states: Mapping[Trust, FileState] = {"given": "read", "outdated": "outdated", "none": "untrusted"}
    return states[trust_of_settings(path)]


def _why_not_read(file: SettingsFile, before: Path) -> str:
    if file.state == "hidden":
        return f"the settings of this project in {file.path} are not read: those in {before} take their place"
    return why_not_read(file.path, "outdated" if file.state == "outdated" else "none")


def user_settings() -> Path:
    return home() / "config.yaml"


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
