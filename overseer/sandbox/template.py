"""The template process, seen from the engine: started, given orders, started again once, ended."""

from __future__ import annotations

import contextlib
import errno
import json
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from overseer.errors import OverseerError
from overseer.sandbox.inside import zygote
from overseer.sandbox.inside.preparation import Setting
from overseer.sandbox.inside.refusal import Refused
from overseer.sandbox.seatbelt import wrapped

# What takes longer than that to load is stuck.
START_S = 20.0
END_S = 2.0
BUSY_S = 5.0

# Too many descriptors are under way, by a limit of the user's.
_BUSY = (errno.ETOOMANYREFS, errno.EAGAIN, errno.ENOBUFS)


class NodeNotStarted(OverseerError):
    """There was not enough of something for this node; others may go well."""


class SandboxLost(OverseerError):
    """The process that starts nodes has ended, and what ran in it is gone."""


class Template:
    """One template process and the socket to it."""

    def __init__(self, setting: Setting) -> None:
        """Refused, if what isolation needs cannot be had."""
        self.setting = setting
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                command(Path(zygote.__file__), [theirs.fileno()], setting),
                env={},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        except OSError as error:
            self._control.close()
            raise Refused(f"no process can be started: {error}") from error
        finally:
            theirs.close()
        try:
            self._wait_until_ready()
        except BaseException:
            self.close()
            raise

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def order(self, descriptors: Sequence[int]) -> None:
        """Have a node started: the order's file, its five descriptors, and the leash."""
        give_up_at = time.monotonic() + BUSY_S
        while True:
            try:
                with self._lock:
                    socket.send_fds(self._control, [zygote.ORDER], list(descriptors))
                return
            except OSError as error:
                if error.errno not in _BUSY:
                    raise SandboxLost(f"the sandbox's process has ended ({error.strerror})") from error
                if time.monotonic() > give_up_at:
                    raise NodeNotStarted(f"no node can be started: {error.strerror}") from error
            time.sleep(0.005)  # until it has taken some of those that are on their way

    def close(self) -> None:
        """End it, and with it every node."""
        self._control.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()

    def _wait_until_ready(self) -> None:
        line = self._first_line()
        if not line:
            raise Refused(f"its process ended at once: {self._last_words() or 'without a word'}")
        answer = json.loads(line)
        if "refused" in answer:
            raise Refused(answer["refused"])

    def _first_line(self) -> bytes:
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        line = b""
        while not line.endswith(b"\n"):
            if not poll.poll(START_S * 1000):
                raise Refused(f"its process was not ready after {START_S:g} s")
            with contextlib.suppress(ConnectionError):
                if data := self._control.recv(65536):
                    line += data
                    continue
            return b""
        return line

    def _last_words(self) -> str:
        assert self._process.stderr is not None
        self._process.kill()
        words = self._process.stderr.read(65536).decode(errors="replace").strip()
        return words.splitlines()[-1] if words else ""


def command(program: Path, descriptors: Sequence[int], setting: Setting) -> list[str]:
    """How a process of the sandbox is started, by its file."""
    numbers = ",".join(map(str, descriptors))
    started = [sys.executable, "-I", "-S", "-X", "utf8", str(program), numbers, json.dumps(asdict(setting))]
    if setting.level == "platform":
        return wrapped(started, [*setting.readable, *setting.folders(), str(program.parent)])
    return started
