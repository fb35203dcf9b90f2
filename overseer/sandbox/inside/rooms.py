"""A world of its own (namespaces): no network, no other processes, and a root with nothing in it but libraries.

The template process moves in once. Each node then gets a process namespace, and with it nobody to see,
and on demand an empty folder of limited size.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Callable, Iterable

from overseer.sandbox.inside import locks, system
from overseer.sandbox.inside.refusal import Refused

SCRATCH = "/scratch"
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")

_NEW_MOUNTS, _NEW_NAMES, _NEW_IPC, _NEW_USERS, _NEW_PROCESSES, _NEW_NETWORK = (
    0x0002_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000,
)  # fmt: skip

_HERE = -100  # AT_FDCWD
_EMPTY_PATH, _RECURSIVE = 0x1000, 0x8000
_CLONE_TREE, _CLOSE_ON_EXEC = 1, 0o2000000
_FROM_DESCRIPTOR = 4  # MOVE_MOUNT_F_EMPTY_PATH

_READ_ONLY, _NO_SETUID, _NO_DEVICES, _NO_EXEC = 1, 2, 4, 8  # MS_* and MOUNT_ATTR_* agree on these
_PRIVATE, _RECURSE = 1 << 18, 1 << 14
_DETACH = 2


def enter() -> None:
    """Into namespaces of users, files, network, names and shared memory; the next child has one of processes."""
    everything = _NEW_USERS | _NEW_MOUNTS | _NEW_NETWORK | _NEW_IPC | _NEW_NAMES | _NEW_PROCESSES
    try:
        name_users = _naming_users()
        system.call("unshare", everything)
        name_users()
        system.call("sethostname", b"node", 4)
    except OSError as error:
        raise Refused(f"no namespaces can be made ({error})") from None


def _naming_users() -> Callable[[], None]:
    """What says, from inside, who the users of a new namespace are outside: ourselves and, if we are root, nobody.

    More than oneself can be named by a process outside alone, so root leaves one there until then.
    """
    uid, gid, ourselves = os.getuid(), os.getgid(), os.getpid()
    groups = f"{gid} {gid} 1"
    if uid != 0:
        return lambda: _name(ourselves, f"{uid} {uid} 1", groups)
    told, tell = os.pipe()
    outside = os.fork()
    if outside == 0:
        os.close(tell)
        os.read(told, 1)
        try:
            _name(ourselves, f"0 0 1\n{locks.NOBODY} {locks.NOBODY} 1", groups)
        finally:
            os._exit(0)
    os.close(told)

    def name() -> None:
        os.close(tell)
        os.waitpid(outside, 0)
        with open("/proc/self/uid_map") as file:
            is_named = bool(file.read())
        if not is_named:  # where nobody is nobody's number: then ourselves alone
            _name(ourselves, "0 0 1", groups)

    return name


def _name(process: int, users: str, groups: str) -> None:
    for name, lines in (("uid_map", users), ("setgroups", "deny"), ("gid_map", groups)):
        with open(f"/proc/{process}/{name}", "w") as file:
            file.write(lines)


def furnish(paths: Iterable[str], hidden: Iterable[str], packages: Iterable[str]) -> None:
    """Exchange the root for one that holds these paths and nothing else, all read-only.

    Of the paths, those that are hidden are empty, but for packages that lie in them.
    """
    try:
        system.function("mount", b"none", b"/", None, _RECURSE | _PRIVATE, None)
        # Taken hold of before anything is covered: what is mounted next may lie over some of them.
        taken = [(path, *_taken(path)) for path in outermost(paths)]
        taken_packages = [(path, *_taken(path)) for path in outermost(packages)]
        links = [
            (path, os.readlink(path)) for path in ("/lib", "/lib32", "/lib64", "/usr/lib64") if os.path.islink(path)
        ]
        root = "/tmp" if os.path.isdir("/tmp") else "/mnt"
        _mount_memory(root, "size=1m,nr_inodes=4096,mode=755", _NO_SETUID)
        for path, tree, is_folder in taken:
            _hang(tree, root + path, is_folder)
        for path in hidden:
            if os.path.isdir(root + path):
                _mount_memory(root + path, "size=64k,nr_inodes=1024,mode=755", _NO_SETUID)
        for path, tree, is_folder in taken_packages:
            _hang(tree, root + path, is_folder)
        for path, target in links:
            if not os.path.lexists(root + path):
                os.makedirs(os.path.dirname(root + path), exist_ok=True)
                os.symlink(target, root + path)
        os.mkdir(root + SCRATCH)
        os.chdir(root)
        system.call("pivot_root", b".", b".")
        system.function("umount2", b".", _DETACH)
        os.chdir("/")
        _restrict_mount(_HERE, b"/", _READ_ONLY | _NO_SETUID, flags=_RECURSIVE)
    except OSError as error:
        raise Refused(f"no root of its own can be made ({error})") from None


class ProcessRoom:
    """Where children are born: each in a process namespace of its own."""

    def __init__(self) -> None:
        self._own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)

    def fork(self, fork: Callable[[], int] = os.fork) -> int:
        """As os.fork, but the child is the first process of a new namespace."""
        system.call("unshare", _NEW_PROCESSES)
        child = -1
        try:
            child = fork()
        finally:
            if child != 0:  # also where there is none: the next one is to be born elsewhere
                system.call("setns", self._own, _NEW_PROCESSES)
        return child


def make_scratch(size: int, files: int) -> None:
    """An empty folder in memory, seen by this process alone; it works there from now on."""
    system.call("unshare", _NEW_MOUNTS)
    options = f"size={size},nr_inodes={files},mode=700"
    _mount_memory(SCRATCH, options, _NO_SETUID | _NO_DEVICES | _NO_EXEC)
    os.chdir(SCRATCH)


def outermost(paths: Iterable[str]) -> list[str]:
    """The paths without those that lie inside another of them."""
    found: list[str] = []
    for path in sorted(set(paths)):
        if os.path.exists(path) and not any(path.startswith(f"{outer}/") for outer in found):
            found.append(path)
    return found


def _taken(path: str) -> tuple[int, bool]:
    is_folder = stat.S_ISDIR(os.stat(path).st_mode)
    flags = _CLONE_TREE | _CLOSE_ON_EXEC | (_RECURSIVE if is_folder else 0)
    tree = system.call("open_tree", _HERE, os.fsencode(path), flags)
    is_device = path in DEVICES
    attributes = _NO_SETUID if is_device else _READ_ONLY | _NO_SETUID | _NO_DEVICES
    _restrict_mount(tree, b"", attributes, flags=_EMPTY_PATH | _RECURSIVE)
    return tree, is_folder


def _hang(tree: int, place: str, is_folder: bool) -> None:
    os.makedirs(place if is_folder else os.path.dirname(place), exist_ok=True)
    if not is_folder:
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o444))
    system.call("move_mount", tree, b"", _HERE, os.fsencode(place), _FROM_DESCRIPTOR)
    os.close(tree)


def _restrict_mount(place: int, path: bytes, attributes: int, *, flags: int) -> None:
    wanted = ctypes.create_string_buffer(struct.pack("QQQQ", attributes, 0, 0, 0), 32)
    system.call("mount_setattr", place, path, flags, wanted, 32)


def _mount_memory(place: str, options: str, flags: int) -> None:
    system.function("mount", b"tmpfs", os.fsencode(place), b"tmpfs", flags, options.encode())
