"""The filter of system calls (seccomp), as a program for the kernel's packet-filter machine.

A tree of comparisons finds the call's number in about seven steps; some calls are then judged by their
arguments. Numbers of other processors kill the process: they would mean other calls.
"""

from __future__ import annotations

import ctypes
import errno
import struct
from collections.abc import Sequence
from typing import TypeAlias

from overseer.sandbox.inside import system
from overseer.sandbox.inside.calls import ABSENT, ALLOWED, IN_SCRATCH, REFUSED, numbers

Code: TypeAlias = list[tuple[int, int, int, int]]  # operation, jump if true, jump if false, constant

_LOAD, _EQUAL, _AT_LEAST, _AND, _JUMP, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x05, 0x06
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16

_ALLOW = 0x7FFF_0000
_KILL = 0x8000_0000
_ERROR = 0x0005_0000

_AUDIT_MACHINES = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
_X32 = 0x4000_0000
_FILTER = 2

# A thread shares all of these with its process; whoever lacks one of them would be a process of its own.
_THREAD = 0x0001_0000 | 0x0000_0100 | 0x0000_0800 | 0x0000_0400 | 0x0000_0200  # THREAD VM SIGHAND FILES FS
_NEW_NAMESPACES = 0x7E02_0080 | 0x0000_2000  # all CLONE_NEW*, and CLONE_PTRACE

_TERMINAL_QUESTIONS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS WINSZ FIONREAD FIONBIO FIO(N)CLEX
_NAMES_OF_ITS_OWN = (15, 16, 0x5356_4D41)  # PR_SET_NAME, PR_GET_NAME, PR_SET_VMA
_MODE, _TRUNCATE = 3, 0x200
_OUT_OF_BAND = 1
_OF_THE_SOCKET = 1
_ABOUT_A_SOCKET = (3, 4, 7, 8, 30, 38, 39)  # SO_TYPE ERROR SNDBUF RCVBUF ACCEPTCONN PROTOCOL DOMAIN
_ABOUT_A_DESCRIPTOR = (0, 1, 2, 3, 4, 1030)  # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC


def filter_program(machine: str, *, has_scratch: bool) -> bytes:
    """The filter for a node on this kind of processor."""
    known = numbers(machine)
    verdicts: dict[int, Code] = {}
    for names, verdict in (
        ([*ALLOWED, *(IN_SCRATCH if has_scratch else ())], _returns(_ALLOW)),
        ([*REFUSED, *(() if has_scratch else IN_SCRATCH)], _fails(errno.EPERM)),
        (ABSENT, _fails(errno.ENOSYS)),
    ):
        verdicts.update((known[name], verdict) for name in names if name in known)
    verdicts.update((known[name], code) for name, code in _checks().items() if name in known)
    code = [
        (_LOAD, 0, 0, _MACHINE),
        (_EQUAL, 1, 0, _AUDIT_MACHINES[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _KILL),
        *_tree(_spans(verdicts)),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


class Filter:
    """A filter, ready to be put on: making it takes longer than that."""

    def __init__(self, program: bytes) -> None:
        self._code = ctypes.create_string_buffer(program, len(program))
        address = ctypes.addressof(self._code)
        self._program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program) // 8, address), 16)

    def put_on(self) -> None:
        """From here on, for this thread and all that it starts. Needs PR_SET_NO_NEW_PRIVS."""
        system.prctl(system.PR_SET_SECCOMP, _FILTER, self._program)


# --- calls that are judged by their arguments


def _checks() -> dict[str, Code]:
    """What has to hold of each of these; the number of an argument comes first."""
    itself = _allowed_if(_zero(0))
    return {
        "clone": _allowed_if(_flags(0, needed=_THREAD, unwanted=_NEW_NAMESPACES)),
        # Landlock looks at what a file is opened for. Mode 3 says: for nothing. Truncating it was not always looked at.
        "open": _allowed_if(_not(1, _MODE, _MODE), _not(1, _MODE | _TRUNCATE, _TRUNCATE)),
        "openat": _allowed_if(_not(2, _MODE, _MODE), _not(2, _MODE | _TRUNCATE, _TRUNCATE)),
        "ioctl": _allowed_if(_one_of(1, _TERMINAL_QUESTIONS)),
        "prctl": _allowed_if(_one_of(0, _NAMES_OF_ITS_OWN)),
        "fcntl": _allowed_if(_one_of(1, _ABOUT_A_DESCRIPTOR)),
        # No address: what is sent goes where the socket is connected to.
        "sendto": _allowed_if(_zero(4), _flags(3, needed=0, unwanted=_OUT_OF_BAND)),
        "recvfrom": _allowed_if(_flags(3, needed=0, unwanted=_OUT_OF_BAND)),
        "getsockopt": _allowed_if(_one_of(1, (_OF_THE_SOCKET,)), _one_of(2, _ABOUT_A_SOCKET)),
        "prlimit64": _allowed_if(_zero(0), _zero(2)),  # asking, not setting
        "getpriority": _allowed_if(_zero(1)),
        **dict.fromkeys(("sched_setaffinity", "sched_getaffinity", "sched_getscheduler", "sched_getparam"), itself),
        **dict.fromkeys(("getpgid", "getsid"), itself),
    }


def _allowed_if(*conditions: Code) -> Code:
    return [*(instruction for condition in conditions for instruction in condition), *_returns(_ALLOW)]


# A condition goes on where it holds, and else returns.


def _one_of(argument: int, values: Sequence[int]) -> Code:
    found = [(_EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)]
    return [_low_half(argument), *found, *_fails(errno.EPERM)]


def _flags(argument: int, *, needed: int, unwanted: int) -> Code:
    return [_low_half(argument), (_AND, 0, 0, needed | unwanted), (_EQUAL, 1, 0, needed), *_fails(errno.EPERM)]


def _not(argument: int, mask: int, value: int) -> Code:
    return [_low_half(argument), (_AND, 0, 0, mask), (_EQUAL, 0, 1, value), *_fails(errno.EPERM)]


def _zero(argument: int) -> Code:
    low, high = _low_half(argument), (_LOAD, 0, 0, _ARGUMENTS + 8 * argument + 4)
    refused = _fails(errno.EPERM)
    return [low, (_EQUAL, 1, 0, 0), *refused, high, (_EQUAL, 1, 0, 0), *refused]


def _low_half(argument: int) -> tuple[int, int, int, int]:
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * argument)  # both processors put the low half first


def _returns(verdict: int) -> Code:
    return [(_RETURN, 0, 0, verdict)]


def _fails(number: int) -> Code:
    return _returns(_ERROR | number)


# --- finding a number


def _spans(verdicts: dict[int, Code]) -> list[tuple[int, Code]]:
    """Where each stretch of numbers with one verdict begins; between known numbers, nothing exists."""
    unknown = _fails(errno.ENOSYS)
    spans: list[tuple[int, Code]] = []
    for number in range(max(verdicts) + 2):
        code = verdicts.get(number, unknown)
        if not spans or code != spans[-1][1]:
            spans.append((number, code))
    return spans


def _tree(spans: list[tuple[int, Code]]) -> Code:
    if len(spans) == 1:
        return spans[0][1]
    middle = len(spans) // 2
    low, high = _tree(spans[:middle]), _tree(spans[middle:])
    # A conditional jump reaches 255 instructions; an unconditional one, any number.
    if len(low) <= 255:
        return [(_AT_LEAST, len(low), 0, spans[middle][0]), *low, *high]
    return [(_AT_LEAST, 0, 1, spans[middle][0]), (_JUMP, 0, 0, len(low)), *low, *high]
