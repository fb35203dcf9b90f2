"""Which files a process may get at (Landlock): what is not named here cannot be opened at all.

The rules are collected once, in the template process; each node only puts them on.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable

from overseer.sandbox.inside import system
from overseer.sandbox.inside.refusal import Refused

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_MAKE_AND_REMOVE = 0x1FF0  # REMOVE_DIR REMOVE_FILE and all MAKE_*
_REFER, _TRUNCATE, _IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
_TCP = 3  # BIND CONNECT
_SCOPES = 3  # ABSTRACT_UNIX_SOCKET SIGNAL

_MAKE_NODES = (1 << 6) | (1 << 9) | (1 << 10) | (1 << 11)  # MAKE_CHAR MAKE_SOCK MAKE_FIFO MAKE_BLOCK

_PATH_BENEATH = 1
_ASK_FOR_VERSION = 1


def version() -> int:
    """The version of Landlock that the kernel has; Refused if it has none."""
    try:
        return system.call("landlock_create_ruleset", None, 0, _ASK_FOR_VERSION)
    except OSError as error:
        raise Refused(f"the kernel has no Landlock, or it is switched off ({error.strerror})") from None


class FileRules:
    """The rules, as a descriptor that a process puts on by itself."""

    def __init__(self, *, readable: Iterable[str], writable: Iterable[str] = (), scratch: str | None = None) -> None:
        known = version()
        self._rights = _rights_of(known)
        attributes = struct.pack("QQQ", self._rights, _TCP if known >= 4 else 0, _SCOPES if known >= 6 else 0)
        size = 24 if known >= 6 else 16 if known >= 4 else 8
        self.descriptor = system.call("landlock_create_ruleset", attributes, size, 0)
        for path in readable:
            self._allow(path, _READ_FILE | _READ_DIR)
        for path in writable:
            self._allow(path, _READ_FILE | _WRITE_FILE)
        if scratch is not None:
            self._allow(scratch, self._rights & ~(_EXECUTE | _MAKE_NODES | _IOCTL_DEVICE))

    def put_on(self) -> None:
        """From here on, for this thread and all that it starts. Needs PR_SET_NO_NEW_PRIVS."""
        system.call("landlock_restrict_self", self.descriptor, 0)

    def _allow(self, path: str, rights: int) -> None:
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:  # what is not there, or not for us, need not be allowed
            return
        try:
            if not os.path.isdir(path):
                rights &= _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE
            rule = struct.pack("=Qi", rights & self._rights, place)
            system.call("landlock_add_rule", self.descriptor, _PATH_BENEATH, ctypes.create_string_buffer(rule), 0)
        finally:
            os.close(place)


def _rights_of(version: int) -> int:
    rights = _EXECUTE | _WRITE_FILE | _READ_FILE | _READ_DIR | _MAKE_AND_REMOVE
    if version >= 2:
        rights |= _REFER
    if version >= 3:
        rights |= _TRUNCATE
    if version >= 5:
        rights |= _IOCTL_DEVICE
    return rights
