"""Replaces what the runner needs after the node: its functions, modules, exits, encoders, builtins."""

import atexit
import builtins
import json
import os
import sys
import time

from kit import Tries, say

ENDS = ["good", "silent", "non-JSON", "crash", "killed"]
WALL_S = 1.0
SLOW = True
BREAKS = True
VARIANTS = ["frames", "library", "builtins", "exit"]


class Lying(dict):
    def __getattr__(self, name):
        return lambda *args, **kwargs: "987654321"


def main(input):
    tries = Tries()
    variant = input["variant"]
    say(f"patch {variant}")
    if variant == "frames":
        frame = sys._getframe().f_back
        while frame is not None:
            for name, value in list(frame.f_globals.items()):
                if callable(value) and not name.startswith("__"):
                    frame.f_globals[name] = lambda *args, **kwargs: 987654321
            frame = frame.f_back
    elif variant == "library":
        for module in list(sys.modules.values()):
            if getattr(module, "__name__", "") not in ("os", "sys", "kit", "builtins", "time"):
                for name in ("dumps", "loads", "dump", "load", "write", "encode", "pack", "getrusage", "compile"):
                    if hasattr(module, name):
                        tries.tries(
                            name, lambda module=module, name=name: setattr(module, name, lambda *a, **k: "987654321")
                        )
        json.JSONEncoder.default = lambda *_: "987654321"
    elif variant == "builtins":
        builtins.isinstance = lambda *_: True
        builtins.len = lambda _: 1
        builtins.type = lambda *_: dict
        sys.modules["json"] = Lying()
    else:
        os._exit = lambda code: None
        sys.exit = os.kill = os.close = os._exit
        atexit.register(time.sleep, 20)
    return {"tried": [variant], "got": []}
