"""Every key of the settings with what its value may be. The defaults and the comments are in config.yaml."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from overseer.plan.durations import seconds_of
from overseer.plan.suggestions import did_you_mean
from overseer.sandbox.values import LEAST_MEMORY
from overseer.settings import checks
from overseer.settings.chat import REVIEWS
from overseer.settings.checks import Check
from overseer.tool import EFFECTS


def _waiting(value: Any) -> float:
    return seconds_of(value, zero_ok=True)


KEYS: Final[Mapping[str, Check]] = {
    "execution.max_parallel": checks.whole(1, 1000),
    "execution.strict_groups": checks.flag,
    "execution.cancel_grace": _waiting,
    "execution.journal": checks.flag,
    "execution.max_steps": checks.whole(1, 10_000_000),
    "execution.max_depth": checks.whole(1, 100),
    "execution.hook_port": checks.whole(0, 65535),
    "chat.workflow_mode.enabled": checks.flag,
    "chat.workflow_mode.detect_keywords": checks.texts,
    "chat.workflow_mode.min_steps": checks.whole(1, 10_000_000),
    "chat.workflow_mode.max_steps": checks.whole(1, 10_000_000),
    "chat.review": checks.choice({name: name for name in REVIEWS}),
    "chat.theme": checks.theme,
    "chat.history": checks.flag,
    "chat.editor": checks.text,
    "chat.stdin_wait": _waiting,
    **{f"permissions.{effect}": checks.verdict for effect in EFFECTS},
    "permissions.rules": checks.rules,
    "workspace.folder": checks.folder,
    "workspace.max_size": checks.size,
    "workspace.max_files": checks.whole(1, 10_000_000),
    "web.allow": checks.hosts,
    "budget.session": checks.cap,
    "budget.run": checks.cap,
    "retry.attempts": checks.whole(1, 20),
    "retry.first_wait": seconds_of,
    "retry.longest_wait": seconds_of,
    "secrets.names": checks.texts,
    "secrets.keyring": checks.keyring_entries,
    "sandbox.level": checks.choice({"best": None, "full": "full", "hardened": "hardened"}),
    "sandbox.processes": checks.choice({"forked": False, "fresh": True}),
    "sandbox.packages": checks.texts,
    "sandbox.timeout": checks.time_limit,
    "sandbox.memory": checks.node_size(LEAST_MEMORY),
    "sandbox.scratch": checks.node_size(0),
    "cache.enabled": checks.flag,
    "cache.max_size": checks.size,
    "models.default": checks.anything,
    "models.roles": checks.anything,
    "models.providers": checks.anything,
    "models.prices": checks.anything,
    "models.detect": checks.anything,
}

# Sections whose keys are names that the user gives; each is checked together with its value.
NAMED: Final[Mapping[str, Callable[[str, Any], Any]]] = {"limits": checks.limit}


def _groups() -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {"": []}
    for key in (*KEYS, *NAMED):
        parts = key.split(".")
        for end in range(len(parts)):
            names = groups.setdefault(".".join(parts[:end]), [])
            if parts[end] not in names:
                names.append(parts[end])
    return {group: names for group, names in groups.items() if group not in NAMED}


# What stands directly beneath each section, and in the file itself beneath "".
GROUPS: Final[Mapping[str, list[str]]] = _groups()


def check_of(key: str) -> Check | None:
    """What the value of a key may be; None if there is no such key."""
    section, _, name = key.partition(".")
    if name and section in NAMED:
        check = NAMED[section]
        return lambda value: check(name, value)
    return KEYS.get(key)


def remedy_for(key: str) -> str:
    """What may have been meant by a key that there is not."""
    group, _, name = key.rpartition(".")
    while group not in GROUPS:
        group, _, name = group.rpartition(".")
    beneath = GROUPS[group]
    return _moved(name, beneath) or did_you_mean(name, beneath)


def _moved(name: str, beneath: Iterable[str]) -> str:
    """The key of this very name, where it stands in one other section alone."""
    others = [key for key in KEYS if key.rpartition(".")[2] == name]
    return f"did you mean '{others[0]}'?" if len(others) == 1 and name not in beneath else ""
