"""Has the kernel send signals to the parent: as the owner of a descriptor, on whom the events are pressed."""

import fcntl
import os
import signal
import socket
import struct

from kit import Tries, say, syscall

ENDS = ["good", "crash", "killed"]  # who reaches a group is in it
F_SETOWN_EX, FIOSETOWN, SIOCSPGRP = 15, 0x8901, 0x8902


def main(input):
    tries = Tries()
    say("signals by owner")
    ours, theirs = tries.tries("socketpair", socket.socketpair) or (None, None)
    read_end, write_end = os.pipe()
    pairs = [(read_end, write_end)] + ([(ours.fileno(), theirs.fileno())] if ours else [])
    group = [] if input["is_bare"] else [-os.getpgrp()]
    for victim in (input["parent"], os.getppid(), *group):
        for listening, writing in pairs:
            for name, own in {
                "F_SETOWN": lambda fd=listening, pid=victim: fcntl.fcntl(fd, fcntl.F_SETOWN, pid),
                "F_SETOWN_EX": lambda fd=listening, pid=victim: fcntl.fcntl(fd, F_SETOWN_EX, struct.pack("ii", 1, pid)),
                "FIOSETOWN": lambda fd=listening, pid=victim: fcntl.ioctl(fd, FIOSETOWN, struct.pack("i", pid)),
                "SIOCSPGRP": lambda fd=listening, pid=victim: fcntl.ioctl(fd, SIOCSPGRP, struct.pack("i", pid)),
            }.items():
                tries.tries(f"{name} {victim}", own)
                for number in (signal.SIGUSR2, 0, signal.SIGKILL if victim != input["parent"] else signal.SIGHUP):
                    if input["is_bare"] and number == signal.SIGKILL:
                        continue
                    tries.tries("F_SETSIG", lambda fd=listening, number=number: fcntl.fcntl(fd, fcntl.F_SETSIG, number))
                    tries.tries("O_ASYNC", lambda fd=listening: asynchronous(fd))
                    tries.tries("write", lambda fd=writing: os.write(fd, b"x"))
    event = struct.pack("qii", 0, signal.SIGUSR2, 4) + struct.pack("i", input["parent"]) + bytes(44)
    tries.gets("timer for another thread", lambda: syscall("timer_create", 0, event, bytes(8)))
    return tries.result()


def asynchronous(fd):
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    fcntl.fcntl(fd, fcntl.F_SETFL, flags & ~os.O_ASYNC)
    fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_ASYNC)
