"""What of other people's projects the user trusts: folders of tools and files of settings, as they were then.

Trust is in what somebody could look at: as soon as a file is changed, added or taken away, the place
is not read until its trust is renewed.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from overseer.errors import UsageError
from overseer.home import home, make_private, make_private_file

Trust = Literal["given", "outdated", "none"]


def trust_in(place: Path, files: Sequence[Path]) -> Trust:
    """How far a place with these files is trusted, be it a folder of them or the only one itself."""
    then = _trusted().get(str(place.resolve()))
    if then is None:
        return "none"
    return "given" if then == _digest(files) else "outdated"


def trust(place: Path, files: Sequence[Path]) -> None:
    """From here on, read these files of a place as they are."""
    _keep({**_trusted(), str(place.resolve()): _digest(files)})


def distrust(place: Path) -> bool:
    """Read a place no longer, whether it is still there or not; False if it was not trusted anyway."""
    trusted = _trusted()
    was_trusted = trusted.pop(str(place.resolve()), None) is not None
    if was_trusted:
        _keep(trusted)
    return was_trusted


def _digest(files: Sequence[Path]) -> str:
    """What tells one state of the files from another: their names, and every byte in them."""
    digest = hashlib.sha256()
    for path in sorted(files):
        try:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError:
            content = "unreadable"
        digest.update(json.dumps([path.name, content]).encode())
    return digest.hexdigest()


def _trusted() -> dict[str, str]:
    try:
        trusted = json.loads(_trust_file().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(
            f"cannot read {_trust_file()}, the list of what is trusted: {error}; delete it to begin anew"
        ) from error
    if isinstance(trusted, list):  # from when trust was in a folder, whatever it held
        return {str(path): "" for path in trusted}
    if not isinstance(trusted, dict):
        raise UsageError(f"{_trust_file()} must hold folders, each with its digest; delete it to begin anew")
    return {str(path): str(digest) for path, digest in trusted.items()}


def _keep(trusted: Mapping[str, str]) -> None:
    """Replace the list as a whole: a process that reads it meanwhile, or a cut-off write, sees no half of it."""
    make_private(home())
    temporary = home() / f".trusted-tools-{secrets.token_hex(8)}"
    try:
        make_private_file(temporary)
        temporary.write_text(json.dumps(dict(sorted(trusted.items())), indent=1), encoding="utf-8")
        os.replace(temporary, _trust_file())
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise UsageError(f"cannot write {_trust_file()}, the list of what is trusted: {error.strerror}") from error


def _trust_file() -> Path:
    return home() / "trusted-tools.json"
