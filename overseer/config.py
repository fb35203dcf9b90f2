"""Settings: the commented defaults of `config.yaml`, overridden key by key by the user's own file.

A key that is not known is an error with the nearest known one, because a setting that is silently
ignored is worse than none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overseer.engine import EngineSettings
from overseer.errors import UsageError
from overseer.home import home, workflows_folder
from overseer.plan import Limits
from overseer.plan.document import read_document
from overseer.plan.durations import seconds_of
from overseer.plan.suggestions import did_you_mean


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, read and checked."""

    max_parallel: int
    strict_groups: bool
    cancel_grace_s: float
    journal: bool
    hook_port: int
    limits: Limits
    workflows_folder: Path

    def for_engine(self, max_parallel: int | None = None) -> EngineSettings:
        return EngineSettings(
            max_parallel=max_parallel or self.max_parallel,
            strict_groups=self.strict_groups,
            cancel_grace_s=self.cancel_grace_s,
            limits=self.limits,
            hook_port=self.hook_port,
        )


def load_settings() -> Settings:
    """The settings in force; UsageError names the file and the key that is wrong."""
    values = _read(_our_defaults(), {})
    own = home() / "config.yaml"
    if own.exists():
        values = _read(own, values)
    return Settings(
        max_parallel=values["max_parallel"],
        strict_groups=values["strict_groups"],
        cancel_grace_s=values["cancel_grace"],
        journal=values["journal"],
        hook_port=values["hook_port"],
        limits=Limits(max_steps=values["max_steps"], max_depth=values["max_depth"]),
        workflows_folder=workflows_folder(),
    )


def _our_defaults() -> Path:
    installed = Path(__file__).parent / "config.yaml"
    return installed if installed.exists() else Path(__file__).parent.parent / "config.yaml"


def _read(path: Path, below: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a file laid over those below it."""
    try:
        document = read_document(path.read_text(encoding="utf-8"), syntax="yaml")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the settings in {path}: {error}") from error
    if document.faults:
        raise UsageError(f"{path}: {document.faults[0]}")
    sections = _mapping(path, "the file", document.value)
    _refuse_unknown(path, "", sections, ("execution",))
    given = _mapping(path, "execution", sections.get("execution"))
    _refuse_unknown(path, "execution.", given, tuple(_CHECKS))
    return {**below, **{key: _checked(path, key, value) for key, value in given.items()}}


def _mapping(path: Path, what: str, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UsageError(f"{path}: {what} must hold keys and values")
    return value


def _refuse_unknown(path: Path, prefix: str, given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in given:
        if key not in known:
            raise UsageError(f"{path}: unknown setting '{prefix}{key}'; {did_you_mean(key, known)}")


def _checked(path: Path, key: str, value: Any) -> Any:
    try:
        return _CHECKS[key](value)
    except ValueError as error:
        raise UsageError(f"{path}: execution.{key}: {error}") from error


def _flag(value: Any) -> bool:
    if isinstance(value, str) and value in _WORDS:  # which older YAML takes for true and false
        return _WORDS[value]
    if not isinstance(value, bool):
        raise ValueError(f"needs true or false, got {value!r}")
    return value


_WORDS = {"on": True, "off": False, "yes": True, "no": False}


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"needs a whole number from {least} to {most}, got {value!r}")
        return value

    return check


_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "max_parallel": _whole(1, 1000),
    "strict_groups": _flag,
    "cancel_grace": lambda value: seconds_of(value, zero_ok=True),
    "journal": _flag,
    "max_steps": _whole(1, 10_000_000),
    "max_depth": _whole(1, 100),
    "hook_port": _whole(0, 65535),
}
