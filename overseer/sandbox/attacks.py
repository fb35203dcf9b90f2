"""A node that tries what no node may do, and says what it could. Run as a node: it is the sandbox's self-test.

Its input says where to look: files and folders outside, listeners, the process that started it all.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
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


def _open_for_nothing(world: dict[str, Any]) -> str:
    os.close(os.open(world["canary"], 3))
    return "opened it"


def _others(world: dict[str, Any]) -> str:
    for path in world["others"]:
        try:
            if os.path.isdir(path):
                os.listdir(path)
            else:
                os.close(os.open(path, os.O_RDONLY))
        except OSError:
            continue
        return f"read {path}"
    return ""


def _device(_world: dict[str, Any]) -> str:
    os.close(os.open("/dev/zero", os.O_WRONLY))
    return "opened one for writing"


def _descriptors(_world: dict[str, Any]) -> str:
    found = []
    for number in range(5, 1024):
        try:
            os.fstat(number)
        except OSError:
            continue
        found.append(number)
    return f"has {found}" if found else ""


def _no_limits(_world: dict[str, Any]) -> str:
    wanted = {"RLIMIT_AS": 1 << 61, "RLIMIT_NOFILE": 64, "RLIMIT_CORE": 0, "RLIMIT_CPU": 1 << 61}
    loose = [name for name, most in wanted.items() if not 0 <= resource.getrlimit(getattr(resource, name))[1] <= most]
    return f"has no {', '.join(loose)}" if loose else ""


def _rights(world: dict[str, Any]) -> str:
    if "capget" not in world["calls"]:
        return ""
    header = (ctypes.c_uint32 * 2)(0x2008_0522, 0)
    rights = (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None).syscall(world["calls"]["capget"], header, rights) != 0:
        return ""
    return f"has {rights[0]:#x} {rights[3]:#x}" if rights[0] or rights[3] else ""


def _calls(world: dict[str, Any]) -> str:
    """By their numbers, and with arguments that nobody can do anything with: the filter has to say no first."""
    library = ctypes.CDLL(None, use_errno=True)
    made = []
    for name, number in world["refused"].items():
        ctypes.set_errno(0)
        result = library.syscall(ctypes.c_long(number), *[ctypes.c_long(-1)] * 6)
        if result != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
            made.append(name)
    return f"could make {', '.join(made)}" if made else ""


def _raw_fork(world: dict[str, Any]) -> str:
    if "fork" not in world["calls"]:
        return ""
    child = ctypes.CDLL(None).syscall(world["calls"]["fork"])
    if child == 0:
        os._exit(0)
    return "started a process" if child > 0 else ""


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


def _signal_by_descriptor(_world: dict[str, Any]) -> str:
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
    "open a file for nothing": _open_for_nothing,
    "read what others installed": _others,
    "open a device": _device,
    "find open files": _descriptors,
    "have no limits": _no_limits,
    "have rights": _rights,
    "start a process by number": _raw_fork,
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
    "signal by descriptor": _signal_by_descriptor,
    "trace the engine": _trace,
    "make a namespace": _namespaces,
    "become another user": _become_root,
    "make other system calls": _calls,
}
