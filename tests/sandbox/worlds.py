"""The circumstances under which the corpus runs: who one is, and what the machine allows.

    root or user                a user is 65534, with no capability, and may not even read what only root may
    with or without namespaces  without: a filter, as Docker has one, refuses all calls that make or enter them

Each world is a process of its own. A Python that lies in a folder for root alone is made reachable in it by a
mount that nobody else sees.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import platform
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.sandbox.world import remove

ROOT = Path(__file__).parents[2]
NOBODY = 65534
_PATIENCE_S = 100.0

_CLONE_NEWNS, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x20000, 4096, 16384, 1 << 18
_ANY_NAMESPACE = 0x7E020080
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 38, 22
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000


@dataclass(frozen=True)
class World:
    """Who runs the harness, and whether there are namespaces."""

    user: str  # root or user
    has_namespaces: bool = True

    @property
    def why_not(self) -> str | None:
        """Why this world cannot be had, if so."""
        if self.user == "root" and os.getuid() != 0:
            return "only root can be root"
        if self.user == "user" and os.getuid() == 0 and (hidden := _hidden()) and not _may_mount():
            return f"{hidden[0]} can be read by root alone, and nothing can be mounted to change that"
        return None


def run(world: World, level: str, *, only: Sequence[str] = ()) -> list[dict[str, Any]]:
    """What the harness tells of each program."""
    with _folder() as folder:
        command = [
            sys.executable,
            "-m",
            "tests.sandbox.worlds",
            world.user,
            str(int(world.has_namespaces)),
            level,
            *only,
        ]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={"PATH": os.environ.get("PATH", ""), "HOME": folder, "TMPDIR": folder, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
    if done.returncode != 0:
        raise AssertionError(f"the harness ended with {done.returncode}: {done.stderr[-4000:]}")
    told: list[dict[str, Any]] = json.loads(done.stdout)
    return told


@contextlib.contextmanager
def _folder() -> Iterator[str]:
    """A folder for the world's files, in which anybody may write."""
    folder = tempfile.mkdtemp(prefix="overseer-worlds-")
    try:
        os.chmod(folder, 0o777)
        yield folder
    finally:
        remove(folder)


def main() -> None:
    user, has_namespaces, level, *only = sys.argv[1:]
    is_changing = user == "user" and os.getuid() == 0
    if is_changing and _hidden():
        _uncover()
    if has_namespaces == "0":
        _refuse_namespaces()
    if is_changing:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    options = [
        level,
        *(["--without-namespaces"] if has_namespaces == "0" else []),
        *(["--only", *only] if only else []),
    ]
    os.execv(sys.executable, [sys.executable, "-m", "tests.sandbox.harness", *options])


# --- a Python for everybody


def _needed() -> list[str]:
    places = [sys.base_prefix, sys.prefix, str(ROOT), tempfile.gettempdir()]
    return [os.path.realpath(place) for place in places]


def _hidden() -> list[str]:
    """Folders above what is needed that only root may enter; the highest of each."""
    found = []
    for place in _needed():
        for parent in (*reversed(Path(place).parents), Path(place)):
            if not parent.stat().st_mode & 0o001:
                found.append(str(parent))
                break
    return sorted(set(found))


def _may_mount() -> bool:
    """Whether a child of ours may have mounts of its own."""
    code = f"import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare({_CLONE_NEWNS}) != 0)"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _uncover() -> None:
    """Lay an enterable folder over each hidden one, with what is needed in its old place."""
    _checked("unshare", _CLONE_NEWNS)
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    held = {place: os.open(place, os.O_PATH) for place in _needed()}
    for covered in _hidden():
        _mount("tmpfs", covered, "tmpfs", 0, "mode=755")
        for place, fd in held.items():
            if Path(place).is_relative_to(covered) and place != covered:
                os.makedirs(place, exist_ok=True)
                _mount(f"/proc/self/fd/{fd}", place, None, _MS_BIND | _MS_REC)


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    texts = [None if text is None else text.encode() for text in (source, target, kind, data)]
    _checked("mount", *texts[:3], ctypes.c_ulong(flags), texts[3])


def _checked(name: str, *arguments: Any) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


# --- a machine without namespaces


def _refuse_namespaces() -> None:
    """As in Docker's usual profile, for this process and all that come from it."""
    machines = {
        "x86_64": (0xC000003E, {"unshare": 272, "setns": 308, "mount": 165, "pivot_root": 155}, 56),
        "aarch64": (0xC00000B7, {"unshare": 97, "setns": 268, "mount": 40, "pivot_root": 41}, 220),
    }
    architecture, refused, clone = machines[platform.machine()]
    new_ways = {"open_tree": 428, "move_mount": 429, "fsopen": 430}
    load, equal, is_any_set, give = 0x20, 0x15, 0x45, 0x06
    program = [(load, 0, 0, 4), (equal, 1, 0, architecture), (give, 0, 0, _ALLOW), (load, 0, 0, 0)]
    for number in {**refused, **new_ways}.values():
        program += [(equal, 0, 1, number), (give, 0, 0, _ERRNO | errno.EPERM)]
    program += [(equal, 0, 1, 435), (give, 0, 0, _ERRNO | errno.ENOSYS)]  # clone3, whose flags cannot be seen
    program += [(equal, 0, 3, clone), (load, 0, 0, 16), (is_any_set, 0, 1, _ANY_NAMESPACE)]
    program += [(give, 0, 0, _ERRNO | errno.EPERM), (give, 0, 0, _ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    given = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code)))
    if os.getuid() != 0:
        _checked("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _checked("prctl", _PR_SET_SECCOMP, 2, given, 0, 0)


if __name__ == "__main__":
    main()
