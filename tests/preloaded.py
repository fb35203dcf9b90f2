"""A process that has loaded the program, and becomes one run of it for each that is wanted.

Loading is most of what a short run takes, and a suite begins hundreds. What `tests.program` starts here is a process
like any other: with its own number, folder, environment, standard streams and end. Only its modules were
loaded by another.

A request is its length in four bytes, sent with four descriptors (the three standard streams and where to tell of it),
and then a JSON document of arguments, folder and environment. Told are the number of the process and then its status.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import io
import json
import os
import pkgutil
import signal
import socket
import struct
import sys
import termios
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
_NOT_LOADED = ("overseer.sandbox.inside", "overseer.__main__")  # they do something when they are


def main() -> None:
    sys.path[0] = str(ROOT)
    _load()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait for a run
    with socket.socket(fileno=int(sys.argv[1])) as requests:
        while (request := _request(requests)) is not None:
            wanted, descriptors = request
            if not os.fork():
                requests.close()
                _see_through(wanted, descriptors)
            for each in descriptors:
                os.close(each)


def _load() -> None:
    for name in ("chat_cli", "openai", "openai.resources.chat.completions", "ollama"):
        importlib.import_module(name)
    import overseer

    for module in pkgutil.walk_packages(overseer.__path__, "overseer."):
        if not module.name.startswith(_NOT_LOADED):
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()  # a look for garbage would copy every page


def _request(requests: socket.socket) -> tuple[Any, list[int]] | None:
    length, descriptors, _, _ = socket.recv_fds(requests, 4, 4)
    if not length:
        return None
    left, text = struct.unpack(">I", length)[0], b""
    while len(text) < left:
        text += requests.recv(left - len(text))
    return json.loads(text), descriptors


def _see_through(wanted: Any, descriptors: list[int]) -> None:
    """Begin the run, and tell of it: its number, then, once it has ended, its status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, telling = descriptors
    pid = os.fork()
    if not pid:
        os.close(telling)
        _become(wanted, streams)
    for stream in streams:
        os.close(stream)
    os.write(telling, struct.pack(">i", pid))
    _, status = os.waitpid(pid, 0)
    os.write(telling, struct.pack(">i", os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _become(wanted: Any, streams: list[int]) -> None:
    if wanted.get("is_in_front"):
        os.setsid()
        fcntl.ioctl(streams[0], termios.TIOCSCTTY, 0)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(wanted["folder"])
    os.environ.clear()
    os.environ.update(wanted["environment"])
    sys.argv[:] = [str(ROOT / "chat_cli.py"), *wanted["arguments"]]
    sys.stdin = _text(0, "r", sys.stdin)
    sys.stdout = _text(1, "w", sys.stdout)
    sys.stderr = _text(2, "w", sys.stderr)

    import chat_cli

    chat_cli.entry()


def _text(number: int, mode: str, as_before: Any) -> Any:
    """A standard stream as the interpreter makes it."""
    opened: Any = open(number, f"{mode}b", closefd=False)  # noqa: SIM115 - as long as the process
    is_lined = number == 2 or os.isatty(number)
    return io.TextIOWrapper(opened, as_before.encoding, as_before.errors, line_buffering=is_lined)


if __name__ == "__main__":
    main()
