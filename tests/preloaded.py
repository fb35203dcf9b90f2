"""A process that has loaded the program, and becomes one run of it for each that is wanted.

Loading is most of what a short run takes, and a suite begins hundreds. What `tests.program` starts here is a process
like any other: with its own number, folder, environment, descriptors and end. Only its modules were loaded by another.

A request is a byte, sent with the descriptors of a conversation and of all that the process is to have. In the
conversation it is told what it is to be, as a Python value; answered are its number and then its status.
`tests.standin` asks.
"""

from __future__ import annotations

import ast
import atexit
import fcntl
import gc
import importlib
import io
import os
import pkgutil
import resource
import signal
import socket
import struct
import sys
import termios
import threading
import time
import traceback
import types
import warnings
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parent.parent
_MOST_DESCRIPTORS = 64
_OUT_OF_THE_WAY = 500  # above any number that a process is to have a descriptor under
# What a run loads when it comes to it.
_LOADED_LATE = (
    *("openai", "openai.resources.chat.chat", "httpcore2", "ollama", "platformdirs"),
    *("encodings.idna", "encodings.utf_8_sig"),
)
_NOT_LOADED = ("overseer.sandbox.inside", "overseer.__main__")  # they do something when they are


def main() -> None:
    sys.path[0] = str(ROOT)
    _load()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait for a run
    with socket.socket(fileno=int(sys.argv[1])) as requests:
        while True:
            request, descriptors, _, _ = socket.recv_fds(requests, 1, _MOST_DESCRIPTORS)
            if not request:
                return
            if not os.fork():
                break
            for each in descriptors:
                os.close(each)
    _see_through(socket.socket(fileno=descriptors[0]), descriptors[1:])


def _load() -> None:
    for name in ("chat_cli", *_LOADED_LATE):
        importlib.import_module(name)
    import overseer

    for module in pkgutil.walk_packages(overseer.__path__, "overseer."):
        if not module.name.startswith(_NOT_LOADED):
            importlib.import_module(module.name)
    from overseer.registry import ToolFolder, load_tools, our_tools

    load_tools([ToolFolder(our_tools(), "built-in")])  # each run does that again, but what they import is there
    gc.collect()
    gc.freeze()  # a look for garbage would copy every page


def _see_through(conversation: socket.socket, descriptors: list[int]) -> NoReturn:
    """Begin the run, and tell of it: its number once a signal does to it what it should, then its status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    wanted = ast.literal_eval(b"".join(iter(lambda: conversation.recv(1 << 16), b"")).decode())
    ready, unready = os.pipe()
    pid = os.fork()
    if not pid:
        conversation.close()
        os.close(ready)
        aside = fcntl.fcntl(unready, fcntl.F_DUPFD, _OUT_OF_THE_WAY)
        os.close(unready)
        _become(wanted, descriptors, aside)
    for each in (unready, *descriptors):
        os.close(each)
    os.read(ready, 1)  # until the process has closed the other end, or is gone
    conversation.sendall(struct.pack(">i", pid))
    _, status = os.waitpid(pid, 0)
    conversation.sendall(struct.pack(">i", os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _become(wanted: Any, descriptors: list[int], until_ready: int) -> NoReturn:
    """Keep the last descriptor open until the process is as it was wanted."""
    _take(descriptors, wanted["descriptors"])
    if wanted["is_in_front"]:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    for number, is_ignored in wanted["ignored"].items():
        usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        signal.signal(number, signal.SIG_IGN if is_ignored else usual)
    resource.setrlimit(resource.RLIMIT_FSIZE, wanted["file_limit"])
    os.umask(wanted["umask"])
    os.chdir(wanted["folder"])
    os.environ.clear()
    os.environ.update(wanted["environment"])
    time.tzset()
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        stream = _text(number, mode) if number in wanted["descriptors"] else None
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    os.close(until_ready)
    if wanted["source"] is None:
        sys.argv[:] = [str(ROOT / "chat_cli.py"), *wanted["arguments"]]
        sys.modules["chat_cli"].entry()
    else:
        sys.argv[:] = ["-c", *wanted["arguments"]]
        _carry_out(wanted["source"])


def _take(descriptors: list[int], numbers: list[int]) -> None:
    """Have the descriptors under these numbers, and no other standard stream."""
    aside = [fcntl.fcntl(each, fcntl.F_DUPFD, _OUT_OF_THE_WAY) for each in descriptors]
    for each in {*descriptors, 0, 1, 2}:
        os.close(each)
    for each, number in zip(aside, numbers, strict=True):
        os.dup2(each, number)
        os.close(each)


def _text(number: int, mode: str) -> Any:
    """A standard stream as the interpreter makes it."""
    usual: Any = (sys.__stdin__, sys.__stdout__, sys.__stderr__)[number]
    encoding, _, errors = os.environ.get("PYTHONIOENCODING", "").partition(":")
    is_unbuffered = number > 0 and bool(os.environ.get("PYTHONUNBUFFERED"))
    opened: Any = open(number, f"{mode}b", 0 if is_unbuffered else -1, closefd=False)  # noqa: SIM115 - to its end
    return io.TextIOWrapper(
        opened,
        encoding or usual.encoding,
        usual.errors if number == 2 or not encoding else errors or "strict",
        line_buffering=number == 2 or os.isatty(number),
        write_through=is_unbuffered,
    )


def _carry_out(source: str) -> NoReturn:
    """What `python -W error -c` does, but for taking down at the end all that was loaded, which takes the longest."""
    warnings.simplefilter("error")
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    code, is_interrupted = 0, False
    try:
        exec(compile(source, "<string>", "exec"), module.__dict__)
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
        if left.code is not None and not isinstance(left.code, int):
            print(left.code, file=sys.stderr)
    except BaseException as error:
        within = error.__traceback__ and error.__traceback__.tb_next  # the program, without this function
        traceback.print_exception(error.with_traceback(within))
        code, is_interrupted = 1, isinstance(error, KeyboardInterrupt)
    threading._shutdown()  # as `multiprocessing` has its children wait for their threads
    atexit._run_exitfuncs()
    for each in (sys.stdout, sys.stderr):
        if each is not None:
            each.flush()
    if is_interrupted:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(code)


if __name__ == "__main__":
    main()
