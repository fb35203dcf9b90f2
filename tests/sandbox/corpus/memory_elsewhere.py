"""Takes memory that is counted as nobody's: pipes, sockets, files without a name, queues of signals."""

import contextlib
import fcntl
import os
import socket

from kit import Tries, syscall

F_SETPIPE_SZ = 1031


def main(input):
    tries = Tries()
    most = 300
    total = 0
    with contextlib.suppress(OSError):
        while total < most:
            fd = syscall("memfd_create", b"x", 0)
            total += written(fd, 30)
    tries.tried.append(f"memfd: {total} MiB")
    files = total
    pipes = []
    with contextlib.suppress(OSError):
        while len(pipes) < 100:
            pipes.append(os.pipe())
            with contextlib.suppress(OSError):
                fcntl.fcntl(pipes[-1][1], F_SETPIPE_SZ, 1 << 20)
            os.set_blocking(pipes[-1][1], False)
            total += written(pipes[-1][1], 2)
    tries.tried.append(f"pipes: {total - files} MiB")
    for pair in pipes:
        os.close(pair[0]), os.close(pair[1])
    total = files
    with contextlib.suppress(OSError):
        for _ in range(100):
            ours, theirs = socket.socketpair()
            with contextlib.suppress(OSError):
                ours.setsockopt(socket.SOL_SOCKET, 32, 64 << 20)
            ours.setblocking(False)
            total += written(ours.fileno(), 8)
            pipes.append((ours, theirs))
    tries.tried.append(f"sockets: {total - files} MiB")
    if total >= 250:
        tries.got.append(f"{total} MiB beside its limit")
    return tries.result()


def written(fd, mib):
    done = 0
    with contextlib.suppress(OSError):
        while done < mib << 20:
            done += os.write(fd, b"x" * (1 << 20))
    return done / (1 << 20)
