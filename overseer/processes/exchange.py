"""Talking with a supervised command until it and all it started are gone: feed it, hear it, stop it.

Everything waits in one `select`: what the command prints, whether it takes more input, what its
supervisor says, the deadline, and a cancellation from another thread. Nothing is polled.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from typing import IO, Literal

from overseer.processes.output import Output
from overseer.tool import Cancellation

# A supervisor that was told to stop and has not done so by then may have been stopped by its command ...
PATIENCE_S = 0.5

# ... and one that still has not is given up.
LAST_PATIENCE_S = 2.5

_CHUNK = 1 << 16

Reason = Literal["timeout", "cancelled"]


class Exchange:
    """One command's conversation. `stop` may be called from any thread."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        control: socket.socket,
        stdin: bytes,
        limit: int,
        *,
        help_out: Callable[[], None],
    ) -> None:
        self._process = process
        self._help_out = help_out
        self._control = control
        self._stdin = memoryview(stdin)
        self._said = b""
        self._told: dict[str, int] = {}
        self._stop_asked, self._ask_stop = socket.socketpair()
        self._ends_at = 0.0
        self._is_helped = False
        self._is_given_up = False
        self._stopped_for: Reason | None = None
        self.is_over = False
        self.stdout = Output(limit)
        self.stderr = Output(limit)

    def told(self, word: str) -> int | None:
        """The number that the supervisor said with a word, if it has said it."""
        return self._told.get(word)

    @property
    def given_up_for(self) -> Reason | None:
        """Why the command was ended; none if only what it had left in the background was."""
        return self._stopped_for if self._is_given_up else None

    def stop(self) -> None:
        """Cancel, from whatever thread."""
        with contextlib.suppress(OSError):  # it is over in this moment
            self._ask_stop.send(b"!")

    def carry_out(self, job: bytes, deadline: float, cancellation: Cancellation) -> None:
        """Have the job done, until the supervisor has ended or has failed to end in time."""
        self._control.settimeout(max(deadline - time.monotonic(), 0.01))
        with contextlib.suppress(OSError):  # it has ended, or takes too long: what it says, or not, is read next
            self._control.sendall(job)
        self._ends_at = deadline
        forget = cancellation.call_when_asked(self.stop)
        try:
            self._converse()
        finally:
            forget()

    def close(self) -> None:
        """Close everything and collect the supervisor, which is killed if it does not end."""
        self._control.close()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        try:
            # When we were interrupted it has yet to end the command: that the socket is closed tells it to.
            self._process.wait(0 if self._is_helped and not self.is_over else LAST_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._stop_asked.close()
        self._ask_stop.close()

    def _converse(self) -> None:
        with selectors.DefaultSelector() as selector:
            self._register(selector)
            while not self.is_over:
                if (left := self._ends_at - time.monotonic()) > 0:
                    for key, _ in selector.select(left):
                        key.data(selector)
                elif self._stopped_for is None:
                    self._stop("timeout")
                elif not self._is_helped:
                    self._is_helped = True
                    self._ends_at += LAST_PATIENCE_S - PATIENCE_S
                    self._process.send_signal(signal.SIGCONT)
                    self._help_out()
                else:
                    return
            self._hear_the_rest(selector)

    def _register(self, selector: selectors.BaseSelector) -> None:
        process = self._process
        assert process.stdin
        assert process.stdout
        assert process.stderr
        for stream, output in ((process.stdout, self.stdout), (process.stderr, self.stderr)):
            os.set_blocking(stream.fileno(), False)
            selector.register(stream, selectors.EVENT_READ, self._hearer(stream, output))
        os.set_blocking(process.stdin.fileno(), False)
        selector.register(process.stdin, selectors.EVENT_WRITE, self._feed)
        self._control.setblocking(False)
        selector.register(self._control, selectors.EVENT_READ, self._listen)
        selector.register(self._stop_asked, selectors.EVENT_READ, self._notice_stop)

    def _hearer(self, stream: IO[bytes], output: Output) -> Callable[[selectors.BaseSelector], None]:
        def hear(selector: selectors.BaseSelector) -> None:
            try:
                data = os.read(stream.fileno(), _CHUNK)
            except BlockingIOError:
                return
            if data:
                output.add(data)
            else:
                selector.unregister(stream)

        return hear

    def _feed(self, selector: selectors.BaseSelector) -> None:
        stream = self._process.stdin
        assert stream
        try:
            self._stdin = self._stdin[os.write(stream.fileno(), self._stdin[:_CHUNK]) if self._stdin else 0 :]
        except BlockingIOError:
            return
        except OSError:  # the command does not want to read more
            self._stdin = self._stdin[:0]
        if not self._stdin:
            selector.unregister(stream)
            stream.close()

    def _listen(self, selector: selectors.BaseSelector) -> None:
        try:
            data = self._control.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            selector.unregister(self._control)
            self.is_over = True
        *lines, self._said = (self._said + data).split(b"\n")
        for line in lines:
            word, number = line.split()
            self._told[word.decode()] = int(number)

    def _notice_stop(self, selector: selectors.BaseSelector) -> None:
        selector.unregister(self._stop_asked)
        self._stop("cancelled")

    def _stop(self, reason: Reason) -> None:
        if self._stopped_for is not None:
            return
        self._stopped_for, self._ends_at = reason, time.monotonic() + PATIENCE_S
        self._is_given_up = "ended" not in self._told
        with contextlib.suppress(OSError):  # the supervisor has ended in this moment
            self._control.shutdown(socket.SHUT_WR)

    def _hear_the_rest(self, selector: selectors.BaseSelector) -> None:
        """What is still in the pipes. Nobody is waited for: some server that was handed them may never close them."""
        if self._process.stdin in {key.fileobj for key in selector.get_map().values()}:
            selector.unregister(self._process.stdin)
        end = time.monotonic() + PATIENCE_S
        while (ready := selector.select(0)) and time.monotonic() < end:
            for key, _ in ready:
                key.data(selector)
