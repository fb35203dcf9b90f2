"""What generated code imports: calls to tools and models, one at a time or many at once.

    from node_runtime import call_tool, call_tools_parallel

    words = call_tool("text_statistics", "some text")["words"]
    french, spanish = call_tools_parallel([
        ("nmt_translator", "hello", {"target_lang": "fr"}),
        ("nmt_translator", "hello", {"target_lang": "es"}),
    ])

Every call goes to the engine, which checks it, holds it to its limits and carries it out; nothing is
done here. Inside a node the way there is given. A program of your own finds a running engine by the
variable OVERSEER_SOCKET (`overseer serve` prints it), and without one starts an engine for itself.
Only the standard library is used, so that this file can be copied anywhere.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

__all__ = [
    "NodeRuntime",
    "ToolCallError",
    "ToolChain",
    "ToolsFailed",
    "UnknownTool",
    "call_llm",
    "call_tool",
    "call_tool_resilient",
    "call_tools_parallel",
]

SOCKET_VARIABLE = "OVERSEER_SOCKET"
FD_VARIABLE = "OVERSEER_NODE_FD"

_MOST_BYTES = 1024 * 1024
_LENGTH = struct.Struct(">I")
T = TypeVar("T")


class ToolCallError(RuntimeError):
    """A call that failed. `kind` says how: denied, bad_request, timeout, budget, rate_limited, tool, ..."""

    def __init__(self, message: str, *, kind: str = "tool", retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after_s = retry_after_s

    def to_json(self) -> dict[str, Any]:
        """How a failed call stands in the list of a partial batch."""
        return {"error": {"kind": self.kind, "message": str(self)}}


class UnknownTool(ToolCallError, ValueError):
    """There is no tool of this name; the message offers those that are near."""


class ToolsFailed(RuntimeError):
    """Some calls of a batch failed, after all of them had ended.

    `results` holds what every call gave, in order, and None for those that failed; `failures` holds
    the errors by their place in the list.
    """

    def __init__(self, results: list[Any], failures: dict[int, ToolCallError]) -> None:
        self.results = results
        self.failures = failures
        first = min(failures)
        super().__init__(
            f"{len(failures)} of {len(results)} calls failed; the first, number {first + 1}: {failures[first]}"
        )


def call_tool(tool_name: str, prompt: str = "", **kwargs: Any) -> Any:
    """The result of a tool. `prompt` goes to its main argument, the rest by name; `timeout` is in seconds."""
    return NodeRuntime.get_instance().call_tool(tool_name, prompt, **kwargs)


def call_llm(model: str, prompt: str, **kwargs: Any) -> str:
    """What a model answers, named by its role (`coder`) or as provider/model.

    Further arguments: system, temperature, max_tokens, timeout.
    """
    return NodeRuntime.get_instance().call_llm(model, prompt, **kwargs)


def call_tools_parallel(
    tool_calls: Iterable[Any],
    on_error: str = "raise",
    *,
    timeout: float | None = None,
    call_timeout: float | None = None,
) -> list[Any]:
    """The results of many calls at once, in the order of the calls.

    A call is `(tool, prompt)`, `(tool, prompt, kwargs)` or a mapping with tool, prompt and kwargs. Failed
    calls raise ToolsFailed after all have ended or, with on_error="partial", stand in the list as
    `{"error": {"kind": ..., "message": ...}}`. `timeout` bounds the whole batch, `call_timeout` each call.
    """
    return NodeRuntime.get_instance().call_tools_parallel(
        tool_calls, on_error, timeout=timeout, call_timeout=call_timeout
    )


def call_tool_resilient(
    scenario: str,
    input_data: Any,
    *,
    tags: Sequence[str] | None = None,
    max_attempts: int = 5,
    mark_failures: bool = True,
) -> Any:
    """The result of the first tool that can do what the scenario describes.

    Tools are tried by their likeness to it, those that failed at such things before later.
    """
    return NodeRuntime.get_instance().call_tool_resilient(
        scenario, input_data, tags=tags, max_attempts=max_attempts, mark_failures=mark_failures
    )


class ToolChain:
    """Calls one after the other: `ToolChain().call("a", "text").then("b", "see: {result}").get()`."""

    def __init__(self, runtime: NodeRuntime | None = None) -> None:
        self._runtime = runtime
        self._result: Any = None

    def call(self, tool_name: str, prompt: str = "", **kwargs: Any) -> ToolChain:
        runtime = self._runtime or NodeRuntime.get_instance()
        self._result = runtime.call_tool(tool_name, prompt, **kwargs)
        return self

    def then(self, tool_name: str, template: str = "{result}", **kwargs: Any) -> ToolChain:
        """Call a tool with the result so far in the place of `{result}`."""
        return self.call(tool_name, template.replace("{result}", _as_text(self._result)), **kwargs)

    def get(self) -> Any:
        return self._result


class NodeRuntime:
    """The connection to the engine. Safe to share between threads; one for a process is enough."""

    _instance: NodeRuntime | None = None
    _lock = threading.Lock()

    def __init__(self, connection: socket.socket, *, when_closed: Callable[[], None] = lambda: None) -> None:
        self._channel = _Channel(connection)
        self._when_closed = when_closed
        self._owner = os.getpid()

    @classmethod
    def get_instance(cls) -> NodeRuntime:
        """The process's own connection, made when first asked for."""
        with cls._lock:
            # A forked child must not share its parent's stream of frames.
            if cls._instance is None or cls._instance._owner != os.getpid():
                cls._instance = _connected()
                atexit.register(cls._instance.close)
            return cls._instance

    def close(self) -> None:
        """Hang up; an engine that was started for this process ends."""
        if self._owner != os.getpid():  # a forked child: the connection is still its parent's
            self._channel.close(is_shared=True)
            return
        self._channel.close()
        self._when_closed()
        atexit.unregister(self.close)
        with NodeRuntime._lock:
            if NodeRuntime._instance is self:
                NodeRuntime._instance = None

    def call_tool(self, tool_name: str, prompt: str = "", **kwargs: Any) -> Any:
        return self._answer(_tool_request(tool_name, prompt, kwargs))

    def call_llm(self, model: str, prompt: str, **kwargs: Any) -> str:
        reply = self._answer({"op": "ask", "model": model, "prompt": prompt, "options": kwargs})
        return _as_text(reply)

    def call_tools_parallel(
        self,
        tool_calls: Iterable[Any],
        on_error: str = "raise",
        *,
        timeout: float | None = None,
        call_timeout: float | None = None,
    ) -> list[Any]:
        if on_error not in ("raise", "partial"):
            raise ValueError(f"on_error is {on_error!r}; use 'raise' or 'partial'")
        requests = [_batch_item(index, item, call_timeout) for index, item in enumerate(tool_calls)]
        deadline = None if timeout is None else time.monotonic() + timeout
        outcomes = self._channel.exchange(requests, deadline)
        failures = {index: outcome for index, outcome in enumerate(outcomes) if isinstance(outcome, ToolCallError)}
        if not failures:
            return outcomes
        if on_error == "raise":
            raise ToolsFailed([None if index in failures else item for index, item in enumerate(outcomes)], failures)
        return [item.to_json() if isinstance(item, ToolCallError) else item for item in outcomes]

    def call_tool_resilient(
        self,
        scenario: str,
        input_data: Any,
        *,
        tags: Sequence[str] | None = None,
        max_attempts: int = 5,
        mark_failures: bool = True,
    ) -> Any:
        return self._answer(
            {
                "op": "resilient",
                "scenario": scenario,
                "input": input_data,
                "tags": list(tags or ()),
                "max_attempts": max_attempts,
                "mark_failures": mark_failures,
            }
        )

    def _answer(self, request: dict[str, Any]) -> Any:
        (outcome,) = self._channel.exchange([request], None)
        if isinstance(outcome, ToolCallError):
            raise outcome
        return outcome


# --- requests


def _tool_request(tool: Any, prompt: Any, kwargs: Any) -> dict[str, Any]:
    if not isinstance(tool, str) or not tool:
        raise TypeError(f"the name of a tool must be text, not {tool!r}")
    if not isinstance(prompt, str):
        raise TypeError(f"the prompt for '{tool}' must be text, not {type(prompt).__name__}; give other values by name")
    if not isinstance(kwargs, Mapping):
        raise TypeError(f"the arguments for '{tool}' must be a mapping of names to values")
    return {"op": "call", "tool": tool, "prompt": prompt, "args": dict(kwargs)}


def _batch_item(index: int, item: Any, call_timeout: float | None) -> dict[str, Any]:
    try:
        if isinstance(item, Mapping):
            if unknown := set(item) - {"tool", "prompt", "kwargs"}:
                raise TypeError(f"unknown key {sorted(unknown)[0]!r}; use tool, prompt and kwargs")
            request = _tool_request(item.get("tool"), item.get("prompt", ""), item.get("kwargs") or {})
        elif isinstance(item, tuple | list) and len(item) in (2, 3):
            request = _tool_request(item[0], item[1], item[2] if len(item) == 3 else {})
        else:
            raise TypeError("write (tool, prompt), (tool, prompt, kwargs) or a mapping with tool, prompt and kwargs")
    except TypeError as error:
        raise TypeError(f"call number {index + 1}: {error}") from None
    if call_timeout is not None:
        request["timeout"] = call_timeout
    return request


# --- the way to the engine


def _connected() -> NodeRuntime:
    if number := os.environ.get(FD_VARIABLE):
        return NodeRuntime(socket.socket(fileno=int(number)))
    if path := os.environ.get(SOCKET_VARIABLE):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(path)
        except OSError as error:
            connection.close()
            raise ToolCallError(
                f"no engine answers at {path} ({error.strerror}); start one with: overseer serve", kind="transient"
            ) from None
        return NodeRuntime(connection)
    return _with_an_engine_of_its_own()


def _with_an_engine_of_its_own() -> NodeRuntime:
    ours, theirs = socket.socketpair()
    try:
        engine = subprocess.Popen(
            [sys.executable, "-m", "overseer.serving", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # it ends when we hang up: a Ctrl-C is meant for us
        )
    except OSError as error:
        ours.close()
        raise ToolCallError(f"no engine can be started: {error}", kind="internal") from error
    finally:
        theirs.close()

    def end() -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            engine.wait(10)
        if engine.poll() is None:
            engine.kill()
            engine.wait()

    try:
        return NodeRuntime(ours, when_closed=end)
    except ToolCallError as error:
        ours.close()
        end()
        if isinstance(error, _HungUp):  # without a word: it cannot even be imported
            problem = f"the engine could not start (exit code {engine.returncode}); standard error tells why"
            raise ToolCallError(problem, kind="internal") from None
        raise


class _HungUp(ToolCallError):
    """The engine is not there any more."""


class _Channel:
    """Frames over a socket: four bytes of length and a JSON object. Answers come in any order.

    No thread of its own: whoever waits for an answer reads, and lays down what is meant for others.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._sending = threading.Lock()
        self._state = threading.Condition()
        self._last_id = 0
        self._has_reader = False
        self._answers: dict[int, dict[str, Any]] = {}
        self._given_up: set[int] = set()
        self._broken: ToolCallError | None = None
        self._buffer = bytearray()
        greeting = self._read(None)
        if greeting is not None and "error" in greeting:
            raise _outcome(greeting)
        if greeting is None or greeting.get("hello") != "overseer":
            raise ToolCallError("what answers is not an engine", kind="internal")
        self._room = int(greeting["in_flight"])  # how many more calls the engine takes; what is above is held back here

    def close(self, *, is_shared: bool = False) -> None:
        """Hang up; of a socket that is shared with another process, let go of our end alone."""
        if not is_shared:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def exchange(self, requests: Sequence[dict[str, Any]], deadline: float | None) -> list[Any]:
        """The value or the error of each request, in order. None of them outlives the deadline."""
        outcomes: list[Any] = [None] * len(requests)
        under_way: dict[int, int] = {}
        try:
            sent, trouble = self._exchanged(requests, deadline, under_way, outcomes)
        except BaseException:  # such as Ctrl-C: what was asked for is not wanted any more
            self._give_up(under_way)
            raise
        self._give_up(under_way)
        for place in (*under_way.values(), *range(sent, len(requests))):
            outcomes[place] = trouble
        return outcomes

    def _exchanged(
        self,
        requests: Sequence[dict[str, Any]],
        deadline: float | None,
        under_way: dict[int, int],
        outcomes: list[Any],
    ) -> tuple[int, ToolCallError]:
        """How many requests were sent, and what is the matter with those that have no outcome."""
        sent = 0
        while sent < len(requests) or under_way:
            if sent < len(requests) and self._has_room(deadline, wait=not under_way):
                try:
                    under_way[self._send(requests[sent])] = sent
                except ToolCallError as error:  # the others' results are not lost by it
                    outcomes[sent] = error
                sent += 1
                continue
            try:
                answer = self._answer_to(under_way, deadline) if under_way else None
            except ToolCallError as error:
                return sent, error
            if answer is None:
                break
            outcomes[under_way.pop(answer["id"])] = _outcome(answer)
        return sent, ToolCallError("the batch's time was up before the call had ended", kind="timeout")

    def _has_room(self, deadline: float | None, *, wait: bool) -> bool:
        """Take a place among the calls under way; with `wait`, as soon as one comes free."""
        if wait:
            return self._read_until(self._taken_place, deadline) is not None
        with self._state:
            return self._taken_place() is not None

    def _taken_place(self) -> bool | None:
        if self._room <= 0 and self._broken is None:  # where nothing comes any more, sending tells what is wrong
            return None
        self._room -= 1
        return True

    def _give_back_place(self) -> None:
        with self._state:
            self._room += 1
            self._state.notify_all()

    def _send(self, request: dict[str, Any]) -> int:
        with self._sending:
            self._last_id += 1
            number = self._last_id
            try:
                self._write({"id": number, **request})
            except BaseException:
                self._last_id -= 1
                self._give_back_place()
                raise
        return number

    def _write(self, frame: dict[str, Any]) -> None:
        try:
            data = json.dumps(frame, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        except (TypeError, ValueError, RecursionError) as error:
            why = "it is nested too deep" if isinstance(error, RecursionError) else error
            raise ToolCallError(f"the call cannot be sent as JSON: {why}", kind="bad_request") from None
        if len(data) > _MOST_BYTES:
            raise ToolCallError(
                f"the call is {len(data)} bytes long; at most {_MOST_BYTES} can be sent, so pass large things by file",
                kind="bad_request",
            )
        try:
            self._socket.sendall(_LENGTH.pack(len(data)) + data)
        except OSError as error:
            raise self._gone(error) from None

    def _answer_to(self, wanted: Mapping[int, int], deadline: float | None) -> dict[str, Any] | None:
        """The next answer to one of these; None when the time is up."""

        def found() -> dict[str, Any] | None:
            number = next((number for number in wanted if number in self._answers), None)
            return None if number is None else self._answers.pop(number)

        return self._read_until(found, deadline)

    def _read_until(self, found: Callable[[], T | None], deadline: float | None) -> T | None:
        """What `found` finds, with one of those who wait reading for all; None when the time is up."""
        while True:
            with self._state:
                if (result := found()) is not None:
                    return result
                if self._broken is not None:
                    raise self._broken
                if _is_over(deadline):
                    return None
                if self._has_reader:
                    self._state.wait(_left(deadline))
                    continue
                self._has_reader = True
            self._read_for_all(deadline)

    def _read_for_all(self, deadline: float | None) -> None:
        frame: dict[str, Any] | None = None
        broken: ToolCallError | None = None
        try:
            frame = self._read(deadline)
        except ToolCallError as error:
            broken = error
        finally:  # also after Ctrl-C: the others must not wait for a reader that has left
            with self._state:
                self._has_reader = False
                self._broken = broken or self._broken
                if frame is not None:
                    self._take(frame)
                self._state.notify_all()

    def _take(self, frame: dict[str, Any]) -> None:
        self._room += 1
        if frame["id"] in self._given_up:
            self._given_up.discard(frame["id"])
        else:
            self._answers[frame["id"]] = frame

    def _give_up(self, under_way: Mapping[int, int]) -> None:
        """Have the calls stopped; what they still answer is thrown away."""
        with self._state:
            answered = [number for number in under_way if self._answers.pop(number, None) is not None]
            self._given_up.update(set(under_way) - set(answered))
        for number in under_way:
            with self._sending, contextlib.suppress(ToolCallError):
                self._write({"op": "cancel", "id": number})

    def _read(self, deadline: float | None) -> dict[str, Any] | None:
        """The next frame; None when the time is up, and then nothing of it is lost."""
        if not self._fill(_LENGTH.size, deadline):
            return None
        (length,) = _LENGTH.unpack_from(self._buffer)
        if not self._fill(_LENGTH.size + length, deadline):
            return None
        body = bytes(self._buffer[_LENGTH.size : _LENGTH.size + length])
        del self._buffer[: _LENGTH.size + length]
        frame: dict[str, Any] = json.loads(body)
        return frame

    def _fill(self, size: int, deadline: float | None) -> bool:
        while len(self._buffer) < size:
            try:
                if not select.select([self._socket], [], [], _left(deadline))[0]:
                    return False
                data = self._socket.recv(65536)
            except (OSError, ValueError) as error:
                raise self._gone(error) from None
            if not data:
                raise self._gone(None)
            self._buffer += data
        return True

    def _gone(self, error: Exception | None) -> ToolCallError:
        why = f": {error}" if error else ""
        return _HungUp(f"the engine has hung up{why}", kind="internal")


def _outcome(answer: dict[str, Any]) -> Any:
    error = answer.get("error")
    if error is None:
        return answer.get("value")
    made = UnknownTool if error.get("unknown_tool") else ToolCallError
    return made(error["message"], kind=error["kind"], retry_after_s=error.get("retry_after_s"))


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def _is_over(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() >= deadline


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
