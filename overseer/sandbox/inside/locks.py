"""Locking the process in that is about to run strangers' code, in the order in which the locks allow each other."""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass

from overseer.sandbox.inside import system

ON_LINUX = sys.platform == "linux"

_NEVER = 0

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


def tasks_allowed(*, is_counted_apart: bool) -> int:
    """How many threads the user may have, so that nodes can start some and not flood the system.

    In a namespace of users our own alone are counted, else all that the user has running; root's never.
    """
    return MOST_TASKS if is_counted_apart else _tasks_of(os.getuid()) + MOST_TASKS


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
    system.drop_capabilities()
    system.prctl(system.PR_SET_NO_NEW_PRIVS, 1)
    for restrict in put_on:
        restrict()
