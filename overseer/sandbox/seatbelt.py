"""macOS: a profile for the system's own sandbox around the template process.

Written after the published behaviour of sandbox-exec, and never tried: we have no such machine. What it is
worth is found out by the self-test, which refuses the level wherever an attack gets through.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

SANDBOX_EXEC = "/usr/bin/sandbox-exec"

_ALWAYS = """\
(version 1)
(deny default)
(allow process-fork)
(allow signal (target self))
(allow sysctl-read)
(allow file-read-metadata)
(allow file-read* (literal "/dev/null") (literal "/dev/urandom") (literal "/dev/random") (literal "/"))
(allow file-write-data (literal "/dev/null"))
(allow file-read* file-map-executable (subpath "/usr/lib") (subpath "/System/Library"))
"""


def profile(readable: Iterable[str]) -> str:
    """A profile that denies everything but reading these paths."""
    rules = (f"(allow file-read* file-map-executable (subpath {json.dumps(path)}))" for path in readable)
    return _ALWAYS + "\n".join(rules)


def wrapped(command: list[str], readable: Iterable[str]) -> list[str]:
    """The command inside the sandbox; it may start its own program and nothing else."""
    allowed = f"(allow process-exec (literal {json.dumps(command[0])}))\n"
    return [SANDBOX_EXEC, "-p", allowed + profile(readable), *command]
