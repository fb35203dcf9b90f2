"""Sends signals to whatever it can name: parent, zygote, group, all, its neighbours."""

import os
import signal

from kit import Tries, say, syscall

ENDS = ["good", "crash", "killed"]  # who reaches a group is in it


def main(input):
    tries = Tries()
    say("signals")
    own = {os.getpid()}
    victims = {"parent": input["parent"], "own parent": os.getppid(), "first": 1, "neighbour": os.getpid() - 1}
    for name, pid in victims.items():
        if pid <= 0 or pid in own:
            continue
        number = 0 if name in ("first", "neighbour") else signal.SIGUSR1
        tries.gets(f"kill {name}", lambda pid=pid, number=number: os.kill(pid, number))
        tries.gets(f"tkill {name}", lambda pid=pid, number=number: syscall("tkill", pid, number))
        tries.gets(f"tgkill {name}", lambda pid=pid, number=number: syscall("tgkill", pid, pid, number))
        queued = bytes([number, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]) + bytes(116)
        tries.gets(f"queue {name}", lambda pid=pid, number=number: syscall("rt_sigqueueinfo", pid, number, queued))
        pidfd = tries.gets(f"pidfd of {name}", lambda pid=pid: syscall("pidfd_open", pid, 0))
        if pidfd is not None:
            tries.gets(f"pidfd {name}", lambda fd=pidfd, number=number: syscall("pidfd_send_signal", fd, number, 0, 0))
    # Nothing but a question for these: where a jail leaks, it must not cost the machine.
    tries.gets("everybody", lambda: os.kill(-1, 0))
    tries.gets("group of the parent", lambda: os.killpg(os.getpgid(input["parent"]), 0))
    if os.getpgrp() != os.getpid() and not input["is_bare"]:
        tries.gets("own group", lambda: syscall("kill", 0, signal.SIGUSR1))
        tries.gets("the group of the zygote", lambda: os.killpg(os.getpgid(os.getppid()), signal.SIGUSR1))
    return tries.result()
