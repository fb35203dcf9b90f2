"""Looks through all descriptors for one that it should not have, and for what the five it has lead to."""

import contextlib
import os
import socket
import stat

from kit import Nothing, Tries


def main(input):
    tries = Tries()
    tries.tries("limit", lambda: os.sysconf("SC_OPEN_MAX"))
    for fd in range(5, 4096):
        with contextlib.suppress(OSError):
            state = os.fstat(fd)
            tries.tried.append(f"fd {fd}")
            tries.got.append(f"fd {fd} of mode {state.st_mode:o}")
    for fd in range(5):
        tries.gets(f"folder {fd}", lambda fd=fd: os.open("..", os.O_RDONLY, dir_fd=fd))
        tries.tries(f"link {fd}", lambda fd=fd: os.readlink(f"/proc/self/fd/{fd}"))
        tries.gets(f"device {fd}", lambda fd=fd: device(fd))
        tries.gets(f"before its start {fd}", lambda fd=fd: before(fd))
        tries.gets(f"accept {fd}", lambda fd=fd: accepted(fd))
    # What is read there must not be another node's.
    tries.gets("others' input", lambda: foreign(input))
    return tries.result()


def device(fd):
    mode = os.fstat(fd).st_mode
    if stat.S_ISBLK(mode) or stat.S_ISDIR(mode):
        return oct(mode)
    raise Nothing(oct(mode))


def before(fd):
    """The text of others in a file whose offset is shared."""
    os.lseek(fd, 0, os.SEEK_SET)
    text = os.read(fd, 1 << 16) if stat.S_ISREG(os.fstat(fd).st_mode) else b""
    if b"CANARY-" in text or b"sk-canary" in text:
        return text.decode(errors="replace")
    raise Nothing("nothing")


def accepted(fd):
    with socket.socket(fileno=os.dup(fd)) as listener:
        listener.settimeout(0)
        return listener.accept()


def foreign(input):
    for fd in (0, 1, 2, 4):
        with contextlib.suppress(OSError):
            os.set_blocking(fd, False)
            text = os.read(fd, 1 << 16)
            if b"OVSJOB-" in text and input["job"].encode() not in text:
                return text.decode(errors="replace")
    raise Nothing("none")
