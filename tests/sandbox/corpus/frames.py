"""Walks frames and all objects for what the runner holds: secrets, sockets, the code of the lock-in."""

import gc
import inspect
import os
import re
import socket
import sys

from kit import Nothing, Tries


def main(input):
    tries = Tries()
    tries.gets("strings", lambda: searched(input))
    tries.gets("sockets", lambda: sockets())
    tries.gets("frames", lambda: framed())
    tries.tries("sources", lambda: [inspect.getsource(frame.frame) for frame in inspect.stack()])
    return tries.result()


def searched(input):
    pattern = re.compile(r"(?:sk-canary|HEAPKEY|CANARY|OVSJOB)-[0-9a-f]{16}")
    seen = set()
    for item in [*gc.get_objects(), *sys.modules.values()]:
        for inner in [item, *gc.get_referents(item)]:
            if isinstance(inner, str):
                seen.update(pattern.findall(inner))
            elif isinstance(inner, bytes | bytearray):
                seen.update(pattern.findall(inner.decode(errors="replace")))
    if not seen - {input["job"]}:
        raise Nothing("nothing")
    return sorted(seen)


def sockets():
    found = [item for item in gc.get_objects() if isinstance(item, socket.socket) and is_open(item)]
    if not found:
        raise Nothing("none")
    return str(found)


def is_open(item):
    """Objects of the zygote's are still there, but what they name must be closed."""
    try:
        return item.fileno() > 4 and bool(os.fstat(item.fileno()))
    except OSError:
        return False


def framed():
    frame, texts = sys._getframe(), []
    while frame is not None:
        texts += [repr(value)[:5000] for space in (frame.f_locals, frame.f_globals) for value in list(space.values())]
        frame = frame.f_back
    return re.search(r"(?:sk-canary|HEAPKEY|CANARY)-[0-9a-f]{16}", " ".join(texts)) or nothing()


def nothing():
    raise Nothing("nothing")
