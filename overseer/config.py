"""Settings: the commented defaults of `config.yaml`, overridden key by key by the user's own file.

A key that is not known is an error with the nearest known one, because a setting that is silently
ignored is worse than none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from overseer.broker.caps import Cap, cap_from_mapping
from overseer.broker.limits import Limit
from overseer.broker.permissions import VERDICTS, Policy, Rule, Verdict
from overseer.engine import EngineSettings
from overseer.errors import OverseerError, UsageError
from overseer.home import home, workflows_folder
from overseer.plan import Limits
from overseer.plan.document import read_document
from overseer.plan.durations import seconds_of
from overseer.plan.suggestions import did_you_mean
from overseer.sandbox.values import LEAST_MEMORY, LONGEST_S, MOST_BYTES, Level
from overseer.sandbox.values import Limits as NodeLimits
from overseer.tool import EFFECTS

Values = Mapping[str, Mapping[str, Any]]  # by section and key


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
    permissions: Policy
    workspace: Path
    workspace_bytes: int
    workspace_files: int
    web_allow: tuple[str, ...]
    rates: Mapping[str, Limit]
    session_cap: Cap
    run_cap: Cap
    attempts: int
    first_wait_s: float
    longest_wait_s: float
    secret_names: tuple[str, ...]
    secret_entries: Mapping[str, str]  # of the system's keyring, by the names of the secrets
    sandbox_level: Level | None  # None: the best there is
    sandbox_is_fresh: bool
    sandbox_packages: tuple[str, ...]
    node_limits: NodeLimits
    cache: bool
    cache_bytes: int
    models: Mapping[str, Any]

    def for_engine(self, max_parallel: int | None = None) -> EngineSettings:
        return EngineSettings(
            max_parallel=max_parallel or self.max_parallel,
            strict_groups=self.strict_groups,
            cancel_grace_s=self.cancel_grace_s,
            limits=self.limits,
            hook_port=self.hook_port,
            run_cap=self.run_cap,
        )


def load_settings() -> Settings:
    """The settings in force; UsageError names the file and the key that is wrong."""
    path = default_settings()
    values = _read(path, {})
    own = home() / "config.yaml"
    if own.exists():
        path = own
        values = _read(own, values)
    if values["models"]:
        _check_models(path, values["models"])
    return _settings(values)


def _check_models(path: Path, section: Mapping[str, Any]) -> None:
    from overseer.models import parse_models  # takes long to load, and most commands ask no model

    try:
        parse_models(dict(section), {})
    except UsageError as error:
        raise UsageError(f"{path}: {_shortened(str(error))}") from error


def _settings(values: Values) -> Settings:
    execution, permissions, workspace = values["execution"], values["permissions"], values["workspace"]
    sandbox = values["sandbox"]
    return Settings(
        max_parallel=execution["max_parallel"],
        strict_groups=execution["strict_groups"],
        cancel_grace_s=execution["cancel_grace"],
        journal=execution["journal"],
        hook_port=execution["hook_port"],
        limits=Limits(max_steps=execution["max_steps"], max_depth=execution["max_depth"]),
        workflows_folder=workflows_folder(),
        permissions=Policy({effect: permissions[effect] for effect in EFFECTS}, permissions["rules"]),
        workspace=workspace["folder"],
        workspace_bytes=workspace["max_size"],
        workspace_files=workspace["max_files"],
        web_allow=values["web"]["allow"],
        rates=values["limits"],
        session_cap=values["budget"]["session"],
        run_cap=values["budget"]["run"],
        attempts=values["retry"]["attempts"],
        first_wait_s=values["retry"]["first_wait"],
        longest_wait_s=values["retry"]["longest_wait"],
        secret_names=values["secrets"]["names"],
        secret_entries=values["secrets"]["keyring"],
        sandbox_level=sandbox["level"],
        sandbox_is_fresh=sandbox["processes"],
        sandbox_packages=sandbox["packages"],
        node_limits=NodeLimits(sandbox["timeout"], memory=sandbox["memory"], scratch=sandbox["scratch"]),
        cache=values["cache"]["enabled"],
        cache_bytes=values["cache"]["max_size"],
        models=values["models"],
    )


def default_settings() -> Path:
    """The commented file of defaults, in a checkout or in an installed package."""
    installed = Path(__file__).parent / "config.yaml"
    return installed if installed.exists() else Path(__file__).parent.parent / "config.yaml"


def _read(path: Path, below: Values) -> Values:
    """The values of a file laid over those below it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the settings in {path}: {error}") from error
    if all(line.lstrip()[:1] in ("", "#") for line in text.splitlines()):
        return below  # every setting commented out is a file to be filled in later
    document = read_document(text, syntax="yaml")
    if document.faults:
        raise UsageError(f"{path}: {document.faults[0]}")
    sections = _mapping(path, "the file", document.value)
    for section in sections:
        if section not in _SECTIONS:
            raise UsageError(f"{path}: unknown setting '{section}'; {did_you_mean(section, _SECTIONS)}")
    return {section: {**below.get(section, {}), **_section(path, section, sections)} for section in _SECTIONS}


def _section(path: Path, section: str, sections: Mapping[str, Any]) -> dict[str, Any]:
    given = _mapping(path, section, sections.get(section))
    checks = _SECTIONS[section]
    if isinstance(checks, Mapping):
        for key in given:
            if key not in checks:
                raise UsageError(f"{path}: unknown setting '{section}.{key}'; {did_you_mean(key, checks)}")
        return {key: _checked(path, f"{section}.{key}", checks[key], value) for key, value in given.items()}
    return {key: _checked(path, f"{section}.{key}", partial(checks, key), value) for key, value in given.items()}


def _mapping(path: Path, what: str, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise UsageError(f"{path}: {what} must hold keys and values")
    return value


def _checked(path: Path, key: str, check: Callable[[Any], Any], value: Any) -> Any:
    try:
        return check(value)
    except (ValueError, OverseerError) as error:
        raise UsageError(f"{path}: {key}: {_shortened(str(error))}") from error


def _shortened(text: str) -> str:
    """A complaint that does not repeat a value of any length."""
    return text if len(text) <= 500 else f"{text[:499]}…"


# --- what a value may be


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


_UNITS = {"kb": 1000, "mb": 1000**2, "gb": 1000**3, "kib": 1024, "mib": 1024**2, "gib": 1024**3, "b": 1}


def _bytes(value: Any) -> int:
    """A size such as 256 MB."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    if not isinstance(value, str):
        raise ValueError(f"needs a size such as 256MB, got {value!r}")
    text = value.strip().lower().replace(" ", "")
    unit = next((unit for unit in sorted(_UNITS, key=len, reverse=True) if text.endswith(unit)), "")
    number = text.removesuffix(unit)
    if not number.isdecimal() or len(number) > 15 or int(number) < 1:
        raise ValueError(f"needs a size such as 256MB, got {value!r}")
    return int(number) * _UNITS.get(unit, 1)


def _time_limit(value: Any) -> float:
    seconds = seconds_of(value)
    if seconds > LONGEST_S:
        raise ValueError(f"needs at most 365d, got {value!r}")
    return seconds


def _node_size(least: int) -> Callable[[Any], int]:
    """A size that a node may be limited to; where it may be none, 0 says so."""

    def check(value: Any) -> int:
        size = 0 if least == 0 and value == 0 and value is not False else _bytes(value)
        if not least <= size <= MOST_BYTES:
            raise ValueError(f"needs from {least} to {MOST_BYTES} bytes, got {str(value)[:40]}")
        return size

    return check


def _choice(meanings: Mapping[str, Any]) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if not isinstance(value, str) or value not in meanings:
            raise ValueError(f"needs one of {', '.join(meanings)}, got {value!r}")
        return meanings[value]

    return check


def _texts(value: Any) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) and item for item in items):
        raise ValueError(f"needs a list of texts, got {value!r}")
    return tuple(items)


def _entries(value: Any) -> Mapping[str, str]:
    """Where the system's keyring has secrets, by their names."""
    if not isinstance(value, dict):
        raise ValueError(f"needs names with their places, such as {{NOTES_KEY: notes/me}}, got {value!r}")
    for name, entry in value.items():
        service, _, user = entry.rpartition("/") if isinstance(entry, str) else ("", "", "")
        if not isinstance(name, str) or not service or not user:
            raise ValueError(f"{name} needs its service and user in the keyring, such as notes/me, got {entry!r}")
    return value


def _hosts(value: Any) -> tuple[str, ...]:
    if hosts := _texts(value):
        from overseer.web import read_exception

        for host in hosts:
            read_exception(host)
    return hosts


def _folder(value: Any) -> Path:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError(f"needs the path of a folder, got {value!r}")
    try:
        return Path(value).expanduser()
    except RuntimeError as error:  # the home of a user that there is not
        raise ValueError(f"needs the path of a folder, got {value!r}: {error}") from error


def _verdict(value: Any) -> Verdict:
    for verdict in VERDICTS:
        if value == verdict:
            return verdict
    raise ValueError(f"needs one of {', '.join(VERDICTS)}, got {value!r}")


def _rules(value: Any) -> tuple[Rule, ...]:
    if not isinstance(value, list):
        raise ValueError("needs a list of rules such as {allow: run_command, args: {command: 'git *'}}")
    return tuple(_rule(item) for item in value)


def _rule(value: Any) -> Rule:
    verdicts = [verdict for verdict in VERDICTS if isinstance(value, dict) and verdict in value]
    if len(verdicts) != 1 or set(value) - {*VERDICTS, "args"}:
        raise ValueError(f"a rule is such as {{allow: run_command, args: {{command: 'git *'}}}}, not {value!r}")
    tool, args = value[verdicts[0]], value.get("args") or {}
    if not isinstance(tool, str) or not isinstance(args, dict) or not all(isinstance(p, str) for p in args.values()):
        raise ValueError(f"the tool and the arguments of a rule are patterns of text, not {value!r}")
    return Rule(verdicts[0], tool, args)


def _limit(name: str, value: Any) -> Limit:
    if name.partition(":")[0] not in ("provider", "model", "tool") or not name.partition(":")[2]:
        raise ValueError("a limit is that of a provider, a model or a tool, such as provider:openai")
    keys = ("concurrency", "per_minute", "tokens_per_minute", "per_day")
    if not isinstance(value, dict):
        raise ValueError(f"needs keys such as {', '.join(keys)}")
    for key in value:
        if key not in keys:
            raise ValueError(f"unknown key '{key}'; {did_you_mean(key, keys)}")
    for key, number in value.items():
        if number is not None and (isinstance(number, bool) or not isinstance(number, int | float)):
            raise ValueError(f"{key} needs a number, got {number!r}")
    return Limit(**value)


def _cap(value: Any) -> Cap:
    if value is not None and not isinstance(value, dict):
        raise ValueError(f"needs amounts such as {{requests: 100, tokens: 20k}}, got {value!r}")
    return Cap() if value is None else cap_from_mapping(value)


Checks = Mapping[str, Callable[[Any], Any]]

# A section is a table of keys or, where the user gives the names, a check for each name and its value.
_SECTIONS: Mapping[str, Checks | Callable[[str, Any], Any]] = {
    "execution": {
        "max_parallel": _whole(1, 1000),
        "strict_groups": _flag,
        "cancel_grace": lambda value: seconds_of(value, zero_ok=True),
        "journal": _flag,
        "max_steps": _whole(1, 10_000_000),
        "max_depth": _whole(1, 100),
        "hook_port": _whole(0, 65535),
    },
    "permissions": {**dict.fromkeys(EFFECTS, _verdict), "rules": _rules},
    "workspace": {"folder": _folder, "max_size": _bytes, "max_files": _whole(1, 10_000_000)},
    "web": {"allow": _hosts},
    "limits": _limit,
    "budget": {"session": _cap, "run": _cap},
    "retry": {"attempts": _whole(1, 20), "first_wait": seconds_of, "longest_wait": seconds_of},
    "secrets": {"names": _texts, "keyring": _entries},
    "sandbox": {
        "level": _choice({"best": None, "full": "full", "hardened": "hardened"}),
        "processes": _choice({"forked": False, "fresh": True}),
        "packages": _texts,
        "timeout": _time_limit,
        "memory": _node_size(LEAST_MEMORY),
        "scratch": _node_size(0),
    },
    "cache": {"enabled": _flag, "max_size": _bytes},
    "models": lambda _name, value: value,  # read as a whole
}
