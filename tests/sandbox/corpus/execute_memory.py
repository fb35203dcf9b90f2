"""Executes a program that is in no folder: from a memfd, the scratch, or by the loader of the library."""

import os
import stat

from kit import AT_EMPTY_PATH, AT_FDCWD, Tries, syscall

SCRIPT = b"""#!/bin/sh
echo '{"got": ["executed"], "tried": ["execute"]}'
"""


def main(input):
    tries = Tries()
    for name, flags in (("memfd", 0), ("executable memfd", 0x10), ("sealed memfd", 2)):
        fd = tries.gets(name, lambda flags=flags: syscall("memfd_create", b"x", flags))
        if fd is not None:
            execute(tries, name, fd)
    tries.tries("file", lambda: open("program", "wb").write(SCRIPT))
    tries.tries("mode", lambda: os.chmod("program", stat.S_IRWXU))
    tries.tries("execute it", lambda: os.execv("./program", ["program"]))
    pointers = bytes(8)
    for path in (b"./program", b"/bin/true", b"/proc/self/exe", input["program"].encode()):
        tries.tries(f"execve {path}", lambda path=path: syscall("execve", path, pointers, pointers))
        tries.tries(f"execveat {path}", lambda path=path: syscall("execveat", AT_FDCWD, path, pointers, pointers, 0))
    tries.tries("execveat of stdin", lambda: syscall("execveat", 0, b"", pointers, pointers, AT_EMPTY_PATH))
    return tries.result()


def execute(tries, name, fd):
    os.write(fd, SCRIPT)
    tries.tries(f"execveat {name}", lambda: syscall("execveat", fd, b"", bytes(8), bytes(8), AT_EMPTY_PATH))
    tries.tries(f"fexecve {name}", lambda: os.execve(fd, ["program"], {}))
    tries.tries(f"by its link {name}", lambda: os.execv(f"/proc/self/fd/{fd}", ["program"]))
