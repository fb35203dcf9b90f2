"""Locking the process in that is about to run strangers' code, in the order in which the locks allow each other."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass

from overseer.sandbox.inside import system

ON_LINUX = sys.platform == "linux"

_NEVER = 0

NOBODY = 65534

# Of all nodes of a template together.
MOST_TASKS = 512


@dataclass(frozen=True)
class Amounts:
    """What a node may use."""

    wall_s: float
    cpu_s: int
    memory: int
    file: int  # bytes of any one file that it writes


def limit(amounts: Amounts, tasks: int) -> None:
    """The system's own limits of a process; `tasks` are for all threads of its user together."""
    # The first process of a namespace does not hear the signal of the soft limit: the hard one kills it.
    _set("RLIMIT_CPU", amounts.cpu_s, amounts.cpu_s + 1)
    _set("RLIMIT_AS", amounts.memory)
    _set("RLIMIT_FSIZE", amounts.file)
    _set("RLIMIT_NOFILE", 64)
    _set("RLIMIT_NPROC", tasks)
    for name in ("RLIMIT_CORE", "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE"):
        _set(name, _NEVER)


def be_counted() -> None:
    """Root's threads are never counted. So where we are root, a node belongs to nobody, and still reads as root."""
    if os.getuid() == 0:
        with contextlib.suppress(OSError):  # in a namespace that has no nobody
            os.setresuid(NOBODY, -1, -1)


def tasks_allowed(*, is_apart: bool) -> int:
    """How many threads the user may have, so that nodes can start some and not flood the system.

    Apart, in a namespace of users, those of nodes alone are counted, else all that the user has running.
    """
    return MOST_TASKS if is_apart else _tasks_of(os.getuid() or NOBODY) + MOST_TASKS


def _tasks_of(user: int) -> int:
    count = 0
    for name in filter(str.isdigit, os.listdir("/proc") if ON_LINUX else ()):
        try:
            if os.stat(f"/proc/{name}").st_uid == user:
                count += len(os.listdir(f"/proc/{name}/task"))
        except OSError:  # it has ended meanwhile
            continue
    return count


def _set(name: str, soft: int, hard: int | None = None) -> None:
    number = getattr(resource, name, None)
    if number is None:
        return
    _, most = resource.getrlimit(number)
    wanted = soft if hard is None else hard
    if most != resource.RLIM_INFINITY:
        wanted = min(wanted, most)
    resource.setrlimit(number, (min(soft, wanted), wanted))


def end_with_parent(is_orphan: Callable[[], bool]) -> None:
    """Be killed when the parent ends, also if it has ended already."""
    if ON_LINUX:
        system.prctl(system.PR_SET_PDEATHSIG, signal.SIGKILL)
    if is_orphan():
        os._exit(127)


def lock(put_on: tuple[Callable[[], None], ...]) -> None:
    """Let go of all rights, and put on what restricts files and then system calls."""
    system.prctl(system.PR_SET_DUMPABLE, 0)  # nothing of it goes to whatever collects crashes
    system.drop_capabilities()
    system.prctl(system.PR_SET_NO_NEW_PRIVS, 1)
    for restrict in put_on:
        restrict()
