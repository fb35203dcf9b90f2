"""Programs that do not want to end, each by other means: `python hostile.py NAME`.

Each says `ready` and makes a file of that name once its trap is set. None lives longer than a minute.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

LIFE_S = 60.0


def main() -> None:
    signal.alarm(int(LIFE_S))  # not inherited by children; those are given a time of their own
    PROGRAMS[sys.argv[1]]()


def ready() -> None:
    print("ready", flush=True)
    Path("ready").touch()


def linger() -> None:
    signal.alarm(int(LIFE_S))
    while True:
        time.sleep(1)


def sleep() -> None:
    ready()
    linger()


def ignore_everything() -> None:
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP, signal.SIGALRM}:
        signal.signal(number, signal.SIG_IGN)
    sleep()


def spin() -> None:
    ready()
    while True:
        pass


def flood() -> None:
    ready()
    while True:
        os.write(1, b"x" * 65536)


def close_output_and_live_on() -> None:
    ready()
    os.close(1)
    os.close(2)
    linger()


def fork_continuously() -> None:
    ready()
    for _ in range(2000):
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            linger()
        time.sleep(0.01)


def fork_in_a_chain() -> None:
    """Each process starts the next and ends, so that none is there for long."""
    if os.fork():
        linger()
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ready()
    end = time.monotonic() + LIFE_S
    while time.monotonic() < end:
        if os.fork() != 0:
            os._exit(0)
        time.sleep(0.001)


def become_a_daemon() -> None:
    """The classic double fork, with a session of its own, deaf to what can be ignored."""
    _daemon()
    ready()
    linger()


def become_a_daemon_and_end() -> None:
    _daemon()


def _daemon() -> None:
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    linger()


def keep_the_pipes_open_and_end() -> None:
    if os.fork() == 0:
        os.setsid()
        linger()
    print("over", flush=True)


def finish_writing_in_the_background() -> None:
    if os.fork() == 0:
        time.sleep(0.02)
        print("written late", flush=True)


def nest_deeply() -> None:
    for _ in range(30):
        if os.fork():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            linger()
        os.setsid()
    ready()
    linger()


def stop_the_supervisor() -> None:
    os.kill(os.getppid(), signal.SIGSTOP)
    _daemon()
    ready()
    linger()


def kill_the_supervisor() -> None:
    supervisor = os.getppid()
    _daemon()
    ready()
    os.kill(supervisor, signal.SIGKILL)
    linger()


PROGRAMS = {
    program.__name__: program
    for program in (
        sleep,
        ignore_everything,
        spin,
        flood,
        close_output_and_live_on,
        fork_continuously,
        fork_in_a_chain,
        become_a_daemon,
        become_a_daemon_and_end,
        keep_the_pipes_open_and_end,
        finish_writing_in_the_background,
        nest_deeply,
        stop_the_supervisor,
        kill_the_supervisor,
    )
}

if __name__ == "__main__":
    main()
