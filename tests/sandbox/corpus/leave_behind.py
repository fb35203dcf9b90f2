"""Leaves traces for the node after it: files, modules, variables, handlers, limits, in every place there is."""

import builtins
import gc
import json
import os
import resource
import signal
import sys
import types

from kit import Tries, say

ENDS = ["good", "non-JSON"]  # its own patch may spoil its result
THEN = "find_left"
NAME = "overseer-left-behind"


def main(input):
    tries = Tries()
    say("leaving things")
    for place in (".", "/tmp", "/var/tmp", "/dev/shm", "/", os.path.dirname(json.__file__)):
        tries.tries(f"file in {place}", lambda place=place: open(f"{place}/{NAME}", "w").close())
    sys.modules["left_behind"] = types.ModuleType("left_behind")
    builtins.left_behind = True
    json.dumps = json.loads = lambda *args, **kwargs: "left behind"
    os.environ["LEFT_BEHIND"] = "yes"
    sys.path.insert(0, "/left/behind")
    tries.tries("handler", lambda: signal.signal(signal.SIGUSR1, signal.SIG_IGN))
    tries.tries("umask", lambda: os.umask(0o123))
    tries.tries("limit", lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20)))
    tries.tries("niceness", lambda: os.nice(5))
    tries.tries("host name", lambda: __import__("socket").sethostname("left"))
    sys.setrecursionlimit(77777)
    gc.freeze()
    tries.tries("inheritable", lambda: os.set_inheritable(0, True))
    tries.tries("blocking", lambda: os.set_blocking(0, False))
    return {"tried": tries.tried, "got": [], "seen": []}
