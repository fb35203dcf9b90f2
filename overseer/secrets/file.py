"""`secrets.yaml`: names and values, in a file that only its owner can read. No error ever quotes it."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path

from overseer.errors import UsageError

NAME = "secrets.yaml"

_MAX_BYTES = 1_000_000
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def read_secrets(path: Path) -> dict[str, str]:
    """What the file holds; nothing if there is none. UsageError says what is wrong with it, and the remedy."""
    try:
        # Not blocking, in case it is a pipe that nobody writes to.
        descriptor = os.open(path, os.O_RDONLY | _flag("O_NOFOLLOW") | _flag("O_NONBLOCK") | _flag("O_CLOEXEC"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _refusal(path, "it is a link", "put the file itself there") from None
        raise _refusal(path, f"it cannot be opened ({error.strerror})", "make it a file of yours") from None
    try:
        _check(path, os.fstat(descriptor))
        content = b"".join(iter(lambda: os.read(descriptor, _MAX_BYTES), b""))
    except OSError as error:
        raise _refusal(path, f"it cannot be read ({error.strerror})", "check the disk") from None
    finally:
        os.close(descriptor)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refusal(path, "it is not UTF-8 text", "save it as UTF-8") from None
    return _parsed(path, text)


def _flag(name: str) -> int:
    """A flag that not every platform has."""
    return int(getattr(os, name, 0))


def _check(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _refusal(path, "it is not a regular file", "put a plain text file there")
    if status.st_size > _MAX_BYTES:
        raise _refusal(path, "it is larger than 1 MB", "keep only names and values in it")
    if os.name != "posix":
        return
    if status.st_uid not in (os.geteuid(), 0):
        raise _refusal(path, "it belongs to another user", f"make it yours: chown $USER '{path}'")
    if status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        remedy = f"run: chmod 600 '{path}', and renew the keys if others have had access to this machine"
        raise _refusal(path, f"others can read or change it (its mode is {mode:04o})", remedy)


def _parsed(path: Path, text: str) -> dict[str, str]:
    import yaml

    try:
        # Nodes, not values: what is written is taken as it stands, so 0123 keeps its zero and `yes` is a word.
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" near line {mark.line + 1}" if mark else ""
        raise _refusal(path, f"it is not valid YAML{where}", "put each value in quotes, as in NAME: 'value'") from None
    except (RecursionError, ValueError):
        raise _refusal(path, "it is not valid YAML", "write one line for each, as in NAME: 'value'") from None
    if root is None or _is_null(root):
        return {}
    if not isinstance(root, yaml.MappingNode):
        raise _refusal(path, "it is not a mapping", "write one line for each, as in NAME: 'value'")
    found: dict[str, str] = {}
    for name, value in root.value:
        line = name.start_mark.line + 1
        if not isinstance(name, yaml.ScalarNode) or not _VARIABLE.fullmatch(name.value):
            raise _refusal(path, f"line {line} does not start with a name", "use letters, digits and '_'")
        if not isinstance(value, yaml.ScalarNode) or not value.value.strip() or _is_null(value):
            raise _refusal(path, f"the value on line {line} is not text", "write it in quotes behind its name")
        if name.value in found:
            raise _refusal(path, f"line {line} gives a name for the second time", "keep one of them")
        found[name.value] = value.value.strip()
    return found


def _is_null(node: object) -> bool:
    return getattr(node, "tag", "") == "tag:yaml.org,2002:null"


def _refusal(path: Path, problem: str, remedy: str) -> UsageError:
    return UsageError(f"the secrets in {path} are not used: {problem}; {remedy}")
