"""Looks for what the node before it has left."""

import builtins
import json
import os
import signal
import sys

from kit import Tries

ONLY_FOLLOWED = True
NAME = "overseer-left-behind"


def main(input):
    tries = Tries()
    for place in (".", "/tmp", "/var/tmp", "/dev/shm", "/", os.path.dirname(json.__file__)):
        path = f"{place}/{NAME}"
        tries.gets(f"file in {place}", lambda path=path: os.close(os.open(path, os.O_RDONLY)))
        tries.tries("remove it", lambda path=path: os.unlink(path))
    tries.tried.append(f"files here: {tries.tries('listing', lambda: os.listdir('.'))}")
    left = {
        "module": "left_behind" in sys.modules,
        "builtin": hasattr(builtins, "left_behind"),
        "patch": json.loads("1") != 1,
        "variable": "LEFT_BEHIND" in os.environ,
        "path": "/left/behind" in sys.path,
        "handler": signal.getsignal(signal.SIGUSR1) is signal.SIG_IGN,
        "umask": os.umask(0o22) == 0o123,
        "recursion": sys.getrecursionlimit() == 77777,
        "host name": os.uname().nodename == "left",
        "main": hasattr(sys.modules.get("__main__"), "leave_behind"),
    }
    tries.got += [name for name, is_there in left.items() if is_there]
    return tries.result()
