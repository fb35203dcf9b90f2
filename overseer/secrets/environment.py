"""The environment that children get: ours, without anything secret in it."""

from __future__ import annotations

import os
from collections.abc import Mapping

from overseer.secrets.patterns import has_known_key, password_in_url
from overseer.secrets.store import Secrets

# Of the folder that we were started in; a command has its own.
_OF_OUR_FOLDER = ("PWD", "OLDPWD")


def environment(secrets: Secrets, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """What is left of an environment (ours, by default) when all that is or holds a secret is withheld.

    Everything else stays as the user has set it, LD_PRELOAD and PYTHON* too: a command is to do here what it
    does in the user's own shell, and some of these protect (torsocks). Only the search path loses its
    relative folders, because commands run where a model may have written a file of any name.
    """
    hidden = [value for _, value in secrets.hidden()]
    kept = {}
    for name, value in (os.environ if environ is None else environ).items():
        if name in _OF_OUR_FOLDER or _is_secret(value, hidden):
            continue
        kept[name] = _absolute(value) if name == "PATH" else value
    return kept


def _is_secret(value: str, hidden: list[str]) -> bool:
    # A short secret, such as `test`, is part of much that is none.
    if any(value == secret or (len(secret) >= 8 and secret in value) for secret in hidden):
        return True
    return has_known_key(value) or password_in_url(value) is not None


def _absolute(path: str) -> str:
    return os.pathsep.join(folder for folder in path.split(os.pathsep) if os.path.isabs(folder))
