"""The template process: it has everything loaded that nodes need, and forks one process for each of them.

    python -I -S -X utf8 zygote.py CONTROL SETTING                                        the template
    python -I -S -X utf8 zygote.py ORDER,STDIN,STDOUT,STDERR,BROKER,REPORT SETTING        one node, not forked

It is started with an empty environment before it could know anything worth stealing. It runs no node's
code itself, has one thread, and takes orders from the socket CONTROL alone; its end is the end of it and of
all nodes. An order is one byte with seven descriptors: the order's file, the node's five, and a leash.
When the leash is let go, the node is killed; when the node has ended, the leash says how.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":  # as a file: the packages around it are not to be loaded, only found
    import types

    _above, _, _ = __file__.rpartition("/sandbox/inside/")
    for _name, _folder in (("overseer", _above), ("overseer.sandbox", f"{_above}/sandbox")):
        _package = types.ModuleType(_name)
        _package.__path__ = [_folder]
        sys.modules[_name] = _package

import contextlib
import errno
import fcntl
import gc
import json
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from overseer.sandbox.inside import locks, node, preparation, rooms
from overseer.sandbox.inside.orders import Order
from overseer.sandbox.inside.preparation import Setting
from overseer.sandbox.inside.refusal import Refused

ORDER = b"N"
DESCRIPTORS = 7  # the order's file, the node's five, the leash

# Ours are out of the way of what arrives; a node keeps 0 to 4 and, until it is locked in, the rules.
_OURS = 100
_MOST = 1 << 16

NOT_LOCKED_IN = 126

_LONGEST_WAIT_S = 3600.0  # what ends later than that is looked at again then; the system counts in milliseconds


def main() -> None:
    parent = os.getppid()
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # whatever was blocked where we were started
    _be_the_first_to_go()
    setting = Setting(**json.loads(sys.argv[2]))
    descriptors = [_moved(int(number)) for number in sys.argv[1].split(",")]
    for number in range(5):
        _fill(number)
    if len(descriptors) > 1:
        _be_alone(setting, descriptors, parent)
    control = socket.socket(fileno=descriptors[0])
    try:
        fork = _forking(setting)
        lock = preparation.lock_for(setting, os.getpid())
    except Refused as refusal:
        control.sendall(json.dumps({"refused": str(refusal)}).encode() + b"\n")
        return
    node.warm_up()
    forget()
    gc.collect()
    gc.freeze()
    control.sendall(json.dumps({"ready": setting.level}).encode() + b"\n")
    Zygote(control, fork, lock).serve()


def _be_alone(setting: Setting, descriptors: list[int], parent: int) -> NoReturn:
    """Without a template, each node is a process that loads what it needs and locks itself in."""
    order, *streams = descriptors
    preparation.load(setting, ())
    lock = preparation.lock_for(setting, parent)
    forget()
    be_node(Order(order, streams), lock)


def _be_the_first_to_go() -> None:
    """Where memory runs out, the system is to end nodes and not the engine."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("500")


def _moved(descriptor: int) -> int:
    """The same file under a number that is out of the way."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _OURS)
    os.close(descriptor)
    return moved


def _fill(number: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_RDWR), number)


def _forking(setting: Setting) -> Callable[[], int]:
    """What forks a node, once everything is loaded. At the full level this goes on as a child in a world of its own."""
    if setting.level != "full":
        preparation.load(setting)
        return os.fork
    rooms.enter()
    ourselves = os.getpid()
    if child := os.fork():  # a process namespace is for children: the first one is the template
        _wait_for(child)
    locks.end_with_parent(lambda: os.getppid() not in (0, ourselves))
    preparation.load(setting)
    room = rooms.ProcessRoom()
    rooms.furnish([*setting.readable, *rooms.DEVICES], setting.hidden, setting.folders())
    return room.fork


def _wait_for(child: int) -> NoReturn:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    os.closerange(0, _MOST)
    _, status = os.waitpid(child, 0)
    os._exit(0 if status == 0 else 1)


@dataclass(slots=True)
class _Node:
    leash: socket.socket
    ends_at: float
    killed_for: str = ""


class Zygote:
    """Starts nodes as they are ordered, and tells of their ends."""

    def __init__(self, control: socket.socket, fork: Callable[[], int], lock: preparation.Lock) -> None:
        self._control = control
        self._fork = fork
        self._lock = lock
        self._nodes: dict[int, _Node] = {}
        self._child_ended, woken = os.pipe()
        self._trouble, tell = os.pipe()
        os.dup2(tell, preparation.TROUBLE)
        os.close(tell)
        for descriptor in (self._child_ended, woken, self._trouble):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)

    def serve(self) -> None:
        """Until whoever gives the orders has gone."""
        while True:
            ready = self._wait()
            if self._control.fileno() in ready and not self._take_order():
                break
            if self._child_ended in ready:
                os.read(self._child_ended, 4096)
                self._reap()
            for pid, one in self._nodes.items():
                if one.leash.fileno() in ready:
                    self._kill(pid, one, "stopped")
                elif one.ends_at <= time.monotonic():
                    self._kill(pid, one, "wall")
        for pid, one in self._nodes.items():
            self._kill(pid, one, "stopped")

    def _wait(self) -> set[int]:
        """The descriptors at which something happens; none if a node's time is up first."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._child_ended, select.POLLIN)
        running = [one for one in self._nodes.values() if not one.killed_for]
        for one in running:
            poll.register(one.leash, select.POLLIN)  # nothing is ever sent on it: this is its end
        first = min((one.ends_at for one in running), default=None)
        patience = None if first is None else min(max(0.0, first - time.monotonic()), _LONGEST_WAIT_S) * 1000 + 1
        return {descriptor for descriptor, _ in poll.poll(patience)}

    def _take_order(self) -> bool:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, 1, DESCRIPTORS)
        except OSError as error:
            return error.errno == errno.EMFILE
        if not data:
            return False
        if data != ORDER or len(descriptors) != DESCRIPTORS:
            for descriptor in descriptors:
                os.close(descriptor)
            return True
        file, *streams, leash = descriptors
        self._begin(Order(file, streams), socket.socket(fileno=leash))
        for descriptor in (file, *streams):
            os.close(descriptor)
        return True

    def _begin(self, order: Order, leash: socket.socket) -> None:
        began_at = time.monotonic()
        try:
            pid = self._fork()
        except OSError as error:
            _tell(leash, {"failed": f"no process can be started: {error.strerror}"})
            leash.close()
            return
        if pid == 0:
            self._nodes.clear()  # it is to know of no other
            be_node(order, self._lock)
        self._nodes[pid] = _Node(leash, began_at + order.amounts.wall_s)

    def _reap(self) -> None:
        for pid, one in list(self._nodes.items()):
            ended, status, used = os.wait4(pid, os.WNOHANG)
            if not ended:
                continue
            del self._nodes[pid]
            _tell(one.leash, self._failure(status) or ending(status, used, one.killed_for))
            one.leash.close()

    def _failure(self, status: int) -> dict[str, Any] | None:
        """Why a process did not become a node, if it did not."""
        if os.waitstatus_to_exitcode(status) != NOT_LOCKED_IN:
            return None
        try:
            return {"failed": os.read(self._trouble, 4096).decode(errors="replace")}
        except BlockingIOError:  # the node itself ended so
            return None

    def _kill(self, pid: int, one: _Node, reason: str) -> None:
        if not one.killed_for:
            one.killed_for = reason
            os.kill(pid, signal.SIGKILL)  # not reaped yet, so the number is still its


def ending(status: int, used: Any, killed_for: str) -> dict[str, Any]:
    """How a process ended and what it had used, as the leash says it."""
    memory = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    code = os.waitstatus_to_exitcode(status)
    return {"code": code, "killed_for": killed_for, "cpu_s": used.ru_utime + used.ru_stime, "memory": memory}


def _tell(leash: socket.socket, record: dict[str, Any]) -> None:
    try:
        leash.sendall(json.dumps(record).encode())
    except OSError:  # nobody wants to know any more
        return


def be_node(order: Order, lock: preparation.Lock) -> NoReturn:
    """What the child does: everything in here is over once the node's own code begins."""
    try:
        signal.set_wakeup_fd(-1)
        for ignored in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ignored, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number, descriptor in enumerate(order.streams):
            os.dup2(descriptor, number)
        source = order.source()
        os.environ[preparation.BROKER_VARIABLE] = str(node.BROKER)
        lock(order.amounts, order.scratch)
    except BaseException as error:
        why = f"no node can be locked in: {error}".encode()
        try:
            os.write(preparation.TROUBLE, why)
        except OSError:  # it is closed just before the last lock
            os.write(node.REPORT, node.CRASHED + why)
        os._exit(NOT_LOCKED_IN)
    node.carry_out(source)


def forget() -> None:
    """Take what is ours out of the way of the node's own modules."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "overseer"]:
        del sys.modules[name]
    sys.argv[:] = [node.FILE]
    sys.dont_write_bytecode = True
    threading.stack_size(512 * 1024)


if __name__ == "__main__":
    main()
