"""Nodes without a template: each starts as a Python of its own. For systems where processes cannot be forked.

The process locks itself in with the same code. It takes several times as long to start, and there are no
namespaces: those are made by forking.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from overseer.sandbox.inside import zygote
from overseer.sandbox.inside.orders import Order
from overseer.sandbox.inside.preparation import Setting
from overseer.sandbox.inside.refusal import Refused
from overseer.sandbox.template import NodeNotStarted, command


class FreshProcesses:
    """Starts a process for every node; the same to its user as a `Template`."""

    def __init__(self, setting: Setting) -> None:
        if setting.level == "full":
            raise Refused("the level needs processes that are forked")
        self.setting = setting
        self.is_alive = True
        self._running: set[_Watched] = set()

    def order(self, descriptors: Sequence[int]) -> None:
        """Have a node started: the order's file, its five descriptors, and the leash."""
        order, *streams = descriptors[:-1]
        leash = socket.socket(fileno=os.dup(descriptors[-1]))
        try:
            process = subprocess.Popen(
                command(Path(zygote.__file__), [order, *streams], self.setting),
                env={},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[order, *streams],
                start_new_session=True,
            )
        except OSError as error:
            leash.close()
            raise NodeNotStarted(f"no process can be started: {error}") from error
        one = _Watched(process, leash, Order(order, streams).amounts.wall_s, self._running.discard)
        self._running.add(one)
        threading.Thread(target=one.tell_of_end, name="overseer-node", daemon=True).start()

    def close(self) -> None:
        """End every node."""
        self.is_alive = False
        for one in list(self._running):
            one.kill("stopped")


class _Watched:
    """A process between its start and its end. It is waited for by one thread, and killed by another."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        leash: socket.socket,
        wall_s: float,
        forget: Callable[[_Watched], None],
    ) -> None:
        self._process = process
        self._leash = leash
        self._wall_s = wall_s
        self._forget = forget
        self._killed_for = ""
        self._has_ended = threading.Lock()  # held while its number is sure to be its own

    def tell_of_end(self) -> None:
        timing = threading.Thread(target=self._hold_to_time, name="overseer-node-time", daemon=True)
        timing.start()
        os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        with self._has_ended:
            _, status, used = os.wait4(self._process.pid, 0)
            self._process.returncode = os.waitstatus_to_exitcode(status)
        record = zygote.ending(status, used, self._killed_for)
        with contextlib.suppress(OSError):
            self._leash.sendall(json.dumps(record).encode())
            self._leash.shutdown(socket.SHUT_RDWR)  # wakes the other thread
        timing.join()
        self._leash.close()
        self._forget(self)

    def kill(self, reason: str) -> None:
        with self._has_ended:
            if self._process.returncode is None:
                self._killed_for = self._killed_for or reason
                os.kill(self._process.pid, signal.SIGKILL)

    def _hold_to_time(self) -> None:
        self._leash.settimeout(self._wall_s)
        reason = "stopped"
        try:
            self._leash.recv(1)
        except TimeoutError:
            reason = "wall"
        except OSError:
            pass
        self.kill(reason)
