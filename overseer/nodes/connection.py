"""One program at the other end of a socket, and what it may ask for.

The socket is the capability. What the program may do is fixed when the connection is made and kept
here; nothing it says about itself is believed. Whatever breaks the rules of the frames ends the
connection.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from overseer.errors import Failure
from overseer.jsonvalue import MAX_DEPTH, Json, is_nested_deeper
from overseer.nodes.frames import MOST_BYTES, ProtocolError, frame_bytes, read_frame, send_frame
from overseer.tool import Cancellation

_log = logging.getLogger(__name__)

# A program that does not read an answer in this time must not hold up whoever writes it.
SLOWEST_READ_S = 10.0

# A call and its cancellation are two; somebody who sends many more is up to something.
_FRAMES_A_CALL = 4

# What a program asks for more than that is a mistake, and some clocks cannot count it.
LONGEST_TIMEOUT_S = 365 * 86_400.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call gave: a value, or a failure."""

    value: Json = None
    failure: Failure | None = None
    is_unknown_tool: bool = False


class NodeDoor(Protocol):
    """Where a program's calls go."""

    def call(
        self, tool: str, prompt: str, args: dict[str, Json], *, timeout_s: float | None, cancellation: Cancellation
    ) -> Answer: ...

    def ask(self, model: str, prompt: str, options: Mapping[str, Json], *, cancellation: Cancellation) -> Answer: ...

    def resilient(
        self,
        scenario: str,
        given: Json,
        *,
        tags: Sequence[str],
        max_attempts: int,
        mark_failures: bool,
        cancellation: Cancellation,
    ) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much one program may ask for."""

    calls: int | None = None
    in_flight: int = 16


@dataclass(frozen=True, slots=True)
class _Call:
    number: int
    cancellation: Cancellation


class NodeConnection:
    """Serves one program until it hangs up, breaks the rules or is cut off.

    The thread that has read a call makes it, while another of the executor's reads on: handing the call over
    instead would wake a thread on its way. So the executor must have threads to spare.
    """

    def __init__(
        self,
        connection: socket.socket,
        door: NodeDoor,
        executor: Executor,
        allowance: Allowance | None = None,
        *,
        slowest_read_s: float = SLOWEST_READ_S,
    ) -> None:
        self._socket = connection
        self._door = door
        self._executor = executor
        self._allowance = allowance or Allowance()
        self._slowest_read_s = slowest_read_s
        self._last_id = 0
        self._calls = 0
        self._under_way: dict[int, Cancellation] = {}
        self._frames = 0
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._is_idle = threading.Condition(self._lock)
        self._was_greeted = False
        self._is_serving = False
        self._is_closed = False
        self._has_ended = threading.Event()
        self.fault: str | None = None  # which rule was broken, if any

    def greet(self) -> None:
        """Say who is here, before anything is asked."""
        self._was_greeted = True
        self._send(frame_bytes({"hello": "overseer", "version": 1, "in_flight": self._allowance.in_flight}))

    def serve(self) -> None:
        """Take requests until the end, on this thread and the executor's; returns when that has come."""
        with self._lock:
            if self._is_closed:
                return
            self._is_serving = True
        try:
            if not self._was_greeted:
                self.greet()
        except OSError:  # it hung up before it was greeted
            self._end()
            return
        self._read_on()
        self._has_ended.wait()

    def _read_on(self) -> None:
        """Take requests until one is a call: somebody else reads on then, and this thread makes the call."""
        try:
            while (frame := read_frame(self._socket)) is not None:
                if (call := self._taken(frame)) is None:
                    continue
                if self._is_read_on():
                    self._carry_out(call, frame)
                    return
                self._carry_out(call, frame)
        except ProtocolError as error:
            self.fault = str(error)
            _log.warning("a program that calls tools was cut off: it sent %s", error)
        except OSError:
            pass  # it hung up in the middle of something
        self._end()

    def _is_read_on(self) -> bool:
        """Whether another thread goes on reading."""
        try:
            self._executor.submit(self._read_on)
        except RuntimeError:  # the program is ending, and starts no more threads
            return False
        return True

    def _end(self) -> None:
        self.close()
        self._let_go()
        self._has_ended.set()

    def close(self) -> None:
        """Cut the program off, and give up what it still waits for."""
        with self._lock:
            self._is_closed = True
            under_way = list(self._under_way.values())
        for cancellation in under_way:
            cancellation.ask()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        if not self._is_serving:
            self._let_go()

    def _let_go(self) -> None:
        """Close the socket, when nobody reads or writes any more: its number may be another's the next moment."""
        with self._writing:
            self._socket.close()

    def wait_until_idle(self, seconds: float) -> bool:
        """Whether none of its calls is under way any more, at the latest after so many seconds."""
        with self._is_idle:
            return self._is_idle.wait_for(lambda: not self._under_way, seconds)

    # --- requests

    def _taken(self, frame: dict[str, Json]) -> _Call | None:
        """The call that a frame asks for, if it does and may."""
        self._frames += 1
        if self._allowance.calls is not None and self._frames > _FRAMES_A_CALL * self._allowance.calls:
            raise ProtocolError(f"more than {_FRAMES_A_CALL} times as many frames as it may make calls")
        number = frame.get("id")
        if type(number) is not int:
            raise ProtocolError("a frame without a number")
        if frame.get("op") == "cancel":
            with self._lock:
                cancellation = self._under_way.get(number)
            if cancellation is not None:
                cancellation.ask()
            return None
        if number <= self._last_id:
            raise ProtocolError(f"the number {number} after {self._last_id}")
        self._last_id = number
        return self._begun(number)

    def _begun(self, number: int) -> _Call | None:
        call = _Call(number, Cancellation())
        with self._lock:
            if len(self._under_way) >= self._allowance.in_flight:
                raise ProtocolError(f"more than {self._allowance.in_flight} calls at once")
            self._under_way[number] = call.cancellation
        self._calls += 1
        allowed = self._allowance.calls
        if allowed is not None and self._calls > allowed:
            self._answer(
                number, Answer(failure=Failure("limit", f"a node may make {allowed} calls, and this is one more"))
            )
            return None
        return call

    def _carry_out(self, call: _Call, frame: dict[str, Json]) -> None:
        try:
            answer = self._asked(frame, call.cancellation)
        except _Misshapen as error:
            answer = Answer(failure=Failure("bad_request", str(error)))
        except Exception as error:  # an edge: whatever goes wrong in here is an answer, and is not lost
            _log.exception("a call of a program failed inside the engine")
            answer = Answer(failure=Failure("internal", f"{type(error).__name__}: {error}"))
        with suppress(OSError, ValueError):
            self._answer(call.number, answer)

    def _asked(self, frame: dict[str, Json], cancellation: Cancellation) -> Answer:
        match frame.get("op"):
            case "call":
                return self._door.call(
                    _text(frame, "tool"),
                    _text(frame, "prompt", ""),
                    _mapping(frame, "args"),
                    timeout_s=_seconds(frame, "timeout"),
                    cancellation=cancellation,
                )
            case "ask":
                options = _mapping(frame, "options")
                return self._door.ask(_text(frame, "model"), _text(frame, "prompt"), options, cancellation=cancellation)
            case "resilient":
                return self._door.resilient(
                    _text(frame, "scenario"),
                    _shallow("input", frame.get("input")),
                    tags=_texts(frame, "tags"),
                    max_attempts=_count(frame, "max_attempts", 5),
                    mark_failures=frame.get("mark_failures") is not False,
                    cancellation=cancellation,
                )
        raise _Misshapen(f"there is no request {frame.get('op')!r}")

    # --- answers

    def _answer(self, number: int, answer: Answer) -> None:
        with self._lock:
            self._under_way.pop(number, None)
            self._is_idle.notify_all()
        frame: dict[str, Json] = {"id": number}
        if answer.failure is None:
            frame["value"] = answer.value
        else:
            frame["error"] = {**_error(answer.failure), **({"unknown_tool": True} if answer.is_unknown_tool else {})}
        try:
            data = frame_bytes(frame)
        except ProtocolError:
            data = frame_bytes({"id": number, "error": _error(_TOO_LARGE)})
        self._send(data)

    def _send(self, data: bytes) -> None:
        with self._writing:
            try:
                send_frame(self._socket, data, within_s=self._slowest_read_s)
            except (OSError, ValueError):  # of a socket that was closed meanwhile
                with suppress(OSError):  # wakes the thread that reads, which ends the connection
                    self._socket.shutdown(socket.SHUT_RDWR)
                raise


_TOO_LARGE = Failure(
    "limit", f"the result is larger than {MOST_BYTES} bytes; ask for less, or have it written to a file"
)


def _error(failure: Failure) -> dict[str, Json]:
    # Without the detail: a traceback of ours is nothing for generated code.
    record: dict[str, Json] = {"kind": failure.kind, "message": failure.message}
    if failure.retry_after_s is not None:
        record["retry_after_s"] = failure.retry_after_s
    return record


# --- the parts of a request


class _Misshapen(Exception):
    """A request with a part missing or of the wrong type."""


def _text(frame: Mapping[str, Json], key: str, default: str | None = None) -> str:
    value = frame.get(key, default)
    if not isinstance(value, str):
        raise _Misshapen(f"'{key}' must be text")
    return value


def _texts(frame: Mapping[str, Json], key: str) -> list[str]:
    value = frame.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _Misshapen(f"'{key}' must be a list of texts")
    return value


def _mapping(frame: Mapping[str, Json], key: str) -> dict[str, Any]:
    value = frame.get(key, {})
    if not isinstance(value, dict):
        raise _Misshapen(f"'{key}' must be an object")
    return {name: _shallow(name, item) for name, item in value.items()}


def _shallow(name: str, value: Json) -> Json:
    if is_nested_deeper(value, MAX_DEPTH):
        raise _Misshapen(f"'{name}' is nested more than {MAX_DEPTH} deep")
    return value


def _seconds(frame: Mapping[str, Json], key: str) -> float | None:
    value = frame.get(key)
    if value is not None and not is_timeout(value):
        raise _Misshapen(f"'{key}' {NO_TIMEOUT}")
    return value


def is_timeout(value: Json) -> bool:
    """Whether a call may last for so many seconds at most."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= LONGEST_TIMEOUT_S


NO_TIMEOUT = f"must be a number of seconds above 0 and up to {LONGEST_TIMEOUT_S:.0f}"


def _count(frame: Mapping[str, Json], key: str, default: int) -> int:
    value = frame.get(key, default)
    if type(value) is not int or not 1 <= value <= 100:
        raise _Misshapen(f"'{key}' must be a whole number from 1 to 100")
    return value
