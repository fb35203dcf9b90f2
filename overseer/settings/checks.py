"""What the value of a setting may be: each check gives what the program works with; ValueError says what it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from overseer.broker.caps import Cap, cap_from_mapping
from overseer.broker.gauge import Limit
from overseer.broker.permissions import VERDICTS, Rule, Verdict
from overseer.plan.durations import seconds_of
from overseer.plan.suggestions import did_you_mean
from overseer.sandbox.values import LONGEST_S, MOST_BYTES

Check = Callable[[Any], Any]


def flag(value: Any) -> bool:
    if isinstance(value, str) and value in _WORDS:  # which older YAML takes for true and false
        return _WORDS[value]
    if not isinstance(value, bool):
        raise ValueError(f"needs true or false, got {value!r}")
    return value


_WORDS = {"on": True, "off": False, "yes": True, "no": False}


def whole(least: int, most: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"needs a whole number from {least} to {most}, got {value!r}")
        return value

    return check


_UNITS = {"kb": 1000, "mb": 1000**2, "gb": 1000**3, "kib": 1024, "mib": 1024**2, "gib": 1024**3, "b": 1}


def size(value: Any) -> int:
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


def time_limit(value: Any) -> float:
    seconds = seconds_of(value)
    if seconds > LONGEST_S:
        raise ValueError(f"needs at most 365d, got {value!r}")
    return seconds


def node_size(least: int) -> Callable[[Any], int]:
    """A size that a node may be limited to; where it may be none, 0 says so."""

    def check(value: Any) -> int:
        amount = 0 if least == 0 and value == 0 and value is not False else size(value)
        if not least <= amount <= MOST_BYTES:
            raise ValueError(f"needs from {least} to {MOST_BYTES} bytes, got {str(value)[:40]}")
        return amount

    return check


def anything(value: Any) -> Any:
    """What is read as a whole, with the other keys of its section."""
    return value


def text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(f"needs a text, got {value!r}")
    return value


def choice(meanings: Mapping[str, Any]) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if not isinstance(value, str) or value not in meanings:
            raise ValueError(f"needs one of {', '.join(meanings)}, got {value!r}")
        return meanings[value]

    return check


def texts(value: Any) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) and item for item in items):
        raise ValueError(f"needs a list of texts, got {value!r}")
    return tuple(items)


def theme(value: Any) -> str | Mapping[str, str]:
    """A theme that comes along, by its name, or styles by what they are for."""
    from overseer.terminal.themes import theme_of

    theme_of(value)
    return value  # type: ignore[no-any-return]


def keyring_entries(value: Any) -> Mapping[str, str]:
    """Where the system's keyring has secrets, by their names."""
    if not isinstance(value, dict):
        raise ValueError(f"needs names with their places, such as {{NOTES_KEY: notes/me}}, got {value!r}")
    for name, entry in value.items():
        service, _, user = entry.rpartition("/") if isinstance(entry, str) else ("", "", "")
        if not isinstance(name, str) or not service or not user:
            raise ValueError(f"{name} needs its service and user in the keyring, such as notes/me, got {entry!r}")
    return value


def hosts(value: Any) -> tuple[str, ...]:
    if hosts := texts(value):
        from overseer.web import read_exception

        for host in hosts:
            read_exception(host)
    return hosts


def folder(value: Any) -> Path:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError(f"needs the path of a folder, got {value!r}")
    try:
        return Path(value).expanduser()
    except RuntimeError as error:  # the home of a user that there is not
        raise ValueError(f"needs the path of a folder, got {value!r}: {error}") from error


def verdict(value: Any) -> Verdict:
    for verdict in VERDICTS:
        if value == verdict:
            return verdict
    raise ValueError(f"needs one of {', '.join(VERDICTS)}, got {value!r}")


def rules(value: Any) -> tuple[Rule, ...]:
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


def limit(name: str, value: Any) -> Limit:
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


def cap(value: Any) -> Cap:
    if value is not None and not isinstance(value, dict):
        raise ValueError(f"needs amounts such as {{requests: 100, tokens: 20k}}, got {value!r}")
    return Cap() if value is None else cap_from_mapping(value)
