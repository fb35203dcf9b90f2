"""Secrets that the system keeps: its keychain or wallet, reached through the package `keyring`, which is optional."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from overseer.errors import UsageError
from overseer.tool import how_to_add

_INSTEAD = "or keep it in the environment or in secrets.yaml"


def read_keyring(entries: Mapping[str, str]) -> dict[str, str]:
    """The secrets of these names, each kept as `service/user`; UsageError says what is missing, and the remedy."""
    if not entries:
        return {}
    keyring = _keyring()
    return {name: _kept(keyring, name, entry) for name, entry in entries.items()}


def _keyring() -> Any:
    try:
        return importlib.import_module("keyring")
    except ImportError:
        raise UsageError(
            "secrets.keyring names entries of the system's keyring, and the package for that is not installed; "
            f"run: {how_to_add('keyring')}, {_INSTEAD}"
        ) from None


def _kept(keyring: Any, name: str, entry: str) -> str:
    service, _, user = entry.rpartition("/")
    try:
        value: str | None = keyring.get_password(service, user)
    except keyring.errors.NoKeyringError:
        raise UsageError(
            f"the secret {name} is to come from the system's keyring, and there is none here that can be used; "
            f"set one up (`keyring diagnose` tells what is found), {_INSTEAD}"
        ) from None
    except Exception as error:  # of whatever the system has: locked, refused, gone
        raise UsageError(
            f"the secret {name} cannot be read from the system's keyring ({type(error).__name__}: {error}); "
            f"unlock it, {_INSTEAD}"
        ) from None
    if value is None or not value.strip():
        raise UsageError(
            f"the system's keyring has no '{entry}' for the secret {name}; "
            f"run: keyring set '{service}' '{user}', {_INSTEAD}"
        )
    return value.strip()
