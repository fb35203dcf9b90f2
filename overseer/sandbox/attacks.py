"""A node that tries what no node may do, and says what it could. Run as a node: it is the sandbox's self-test.

Its input says where to look: files and folders outside, listeners, the process that started it all.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
from collections.abc import Callable
from typing import Any


def main(world: dict[str, Any]) -> dict[str, str]:
    """For every attack: what came of it. Empty where it was refused."""
    return {name: _tried(attack, world) for name, attack in ATTACKS.items()}


def _tried(attack: Callable[[dict[str, Any]], str], world: dict[str, Any]) -> str:
    try:
        return attack(world)
    except (OSError, AttributeError):
        return ""


def _read(world: dict[str, Any]) -> str:
    with open(world["canary"]) as file:
        return f"read {file.read(8)!r}…"


def _write(world: dict[str, Any]) -> str:
    with open(world["canary"], "a") as file:
        file.write("changed")
    return "wrote"


def _create(world: dict[str, Any]) -> str:
    with open(os.path.join(world["folder"], "made-by-a-node"), "w"):
        return "made a file"


def _list(world: dict[str, Any]) -> str:
    return f"listed {len(os.listdir(world['folder']))} files"


def _chmod(world: dict[str, Any]) -> str:
    os.chmod(world["canary"], 0o777)
    return "changed the mode"


def _date(world: dict[str, Any]) -> str:
    os.utime(world["canary"], (1, 1))
    return "changed the date"


def _see(world: dict[str, Any]) -> str:
    os.stat(world["canary"])
    return "saw that it exists"


def _environment(_world: dict[str, Any]) -> str:
    own = set(os.environ) - {"OVERSEER_NODE_FD", "TMPDIR", "LC_CTYPE", "__CF_USER_TEXT_ENCODING"}
    return f"has the variables {sorted(own)}" if own else ""


def _parents_environment(world: dict[str, Any]) -> str:
    with open(f"/proc/{world['pid']}/environ", "rb") as file:
        return f"read {len(file.read())} bytes"


def _tcp(world: dict[str, Any]) -> str:
    with socket.create_connection(("127.0.0.1", world["port"]), timeout=1):
        return "connected"


def _udp(world: dict[str, Any]) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", ("127.0.0.1", world["port"]))
        return "sent"


def _unix(world: dict[str, Any]) -> str:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(world["socket"])
        return "connected"


def _abstract(world: dict[str, Any]) -> str:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(world["abstract"])
        return "connected"


def _fork(_world: dict[str, Any]) -> str:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return "started a process"


def _execute(world: dict[str, Any]) -> str:
    """In a child where there can be one: it would be the end of the self-test."""
    arguments = [world["program"], "-I", "-S", "-c", "raise SystemExit(9)"]
    try:
        child = os.fork()
    except OSError:
        os.execv(arguments[0], arguments)
    if child == 0:
        try:
            os.execv(arguments[0], arguments)
        finally:
            os._exit(0)
    return "started one" if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9 else ""


def _signal(world: dict[str, Any]) -> str:
    os.kill(world["pid"], 0)
    return "could signal the engine"


def _trace(world: dict[str, Any]) -> str:
    seize = 0x4206  # unlike attaching, it does not stop the engine, and it ends with this process
    library = ctypes.CDLL(None, use_errno=True)
    return "could trace the engine" if library.ptrace(seize, world["pid"], None, None) == 0 else ""


def _memory_of_the_engine(world: dict[str, Any]) -> str:
    with open(f"/proc/{world['pid']}/mem", "rb"):
        return "opened it"


def _namespaces(_world: dict[str, Any]) -> str:
    new_users = 0x1000_0000
    return "made one" if ctypes.CDLL(None).unshare(new_users) == 0 else ""


def _become_root(_world: dict[str, Any]) -> str:
    if os.getuid() == 0:
        os.setuid(1)
        return "changed the user"
    os.setuid(0)
    return "became root"


def _foreign_signal_handlers(_world: dict[str, Any]) -> str:
    if not hasattr(signal, "pidfd_send_signal"):
        return ""
    descriptor = os.pidfd_open(1)
    signal.pidfd_send_signal(descriptor, 0)
    return "could signal the first process"


ATTACKS: dict[str, Callable[[dict[str, Any]], str]] = {
    "read a file outside": _read,
    "change a file outside": _write,
    "make a file outside": _create,
    "list a folder outside": _list,
    "change a file's mode": _chmod,
    "change a file's date": _date,
    "see that a file exists": _see,
    "find keys in the environment": _environment,
    "read the engine's environment": _parents_environment,
    "read the engine's memory": _memory_of_the_engine,
    "connect by TCP": _tcp,
    "send by UDP": _udp,
    "connect to a socket file": _unix,
    "connect to an abstract socket": _abstract,
    "start a process": _fork,
    "start another program": _execute,
    "signal the engine": _signal,
    "signal by descriptor": _foreign_signal_handlers,
    "trace the engine": _trace,
    "make a namespace": _namespaces,
    "become another user": _become_root,
}
