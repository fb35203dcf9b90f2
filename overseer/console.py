"""Standard output and standard error of the process.

Standard output carries results: where it fails, whoever writes there learns of it. Standard error
carries what is said on the way: where it fails, nothing else does. From `hide` on, neither shows a secret.
"""

from __future__ import annotations

import codecs
import io
import os
import re
import select
import stat
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal, Protocol, TextIO, assert_never, cast

from overseer.descriptors import ERR, own
from overseer.errors import ApprovalNeeded, OutputError, OverseerError, PlanError, RunCutOff, SettingsError
from overseer.jsonvalue import Json, json_text
from overseer.printing import LONGEST_LINE, taker
from overseer.text.folding import fitted


def put(text: str, to: TextIO | None = None) -> None:
    """Write a line to standard output, and see it off; OutputError if it does not get there."""
    out = to or sys.stdout
    try:
        print(text, file=out, flush=True)
    except OSError as error:
        _silence(out)
        raise _output_error(error) from error


def say(line: str, *, is_painted: bool = False) -> None:
    """Write a line to standard error, if anybody takes it. One that was painted may steer the terminal."""
    with suppress(OSError, ValueError):
        shown = fitted(line if is_painted else printable(line), sys.stderr)
        sys.stderr.write(f"{shown}\n")  # in one piece, whoever else writes
        sys.stderr.flush()


Form = Literal["text", "json", "jsonl"]  # of what a command gives


def complain(error: OverseerError, form: Form, code: int) -> None:
    """Say why a command could not do what it was asked to; to a program, in a document, or in the last of its lines."""
    document = {"schema": "overseer.error/1", "error": str(error), "exit_code": code, **_details(error)}
    match form:
        case "text":
            say(f"error: {error}")
        case "json":
            put(json_text(document))
        case "jsonl":
            put(json_text({"kind": "error", **document}))
        case _:
            assert_never(form)


def _details(error: OverseerError) -> dict[str, Json]:
    faults = error.faults if isinstance(error, PlanError | SettingsError) else ()
    details: dict[str, Json] = {
        "faults": [fault.to_json() if hasattr(fault, "to_json") else {"problem": str(fault)} for fault in faults]
    }
    if isinstance(error, ApprovalNeeded) and error.needs:
        details["needs"] = [need.to_json() for need in error.needs]
    return details | ({"run_id": error.run_id} if isinstance(error, RunCutOff) else {})


def make_streams_safe() -> None:
    """No terminal and no pipe may make a result unprintable, and a closed one is no reason to break off.

    Each gets a descriptor of its own: the usual ones are those that children and libraries write to.
    """
    # Opened anew, since Python's own are without a buffer where PYTHONUNBUFFERED is set, and may then lose a part.
    sys.stdout = open(own(_descriptor(sys.stdout)), "w", encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    # Tools and libraries write to this one too, and none of them should fail because nobody listens.
    lines = _Lines(_Heedless(own(_descriptor(sys.stderr))))
    sys.stderr = io.TextIOWrapper(lines, encoding="utf-8", errors="replace", line_buffering=True)


class Pieces(Protocol):
    """Hides secrets in a text that comes in pieces. Each method gives out what can be shown by then."""

    def feed(self, chunk: str) -> str: ...

    def settle(self) -> str: ...

    def close(self) -> str: ...


def hide(redact: Callable[[str], str], pieces: Pieces) -> None:
    """From here on, whatever is written to the two streams is written without secrets.

    Each piece goes through `redact` by itself, as it comes: what a tool prints, a traceback, what an error
    quotes. What is written to standard error beneath that, or in halves, goes through `pieces`.
    """
    sys.stdout = cast(TextIO, _Hiding(sys.stdout, redact))
    if isinstance(lines := getattr(sys.stderr, "buffer", None), _Lines):
        sys.stderr.flush()
        lines.heedless.hide(pieces)
    sys.stderr = cast(TextIO, _Hiding(sys.stderr, redact))


class _Hiding:
    """A stream that is written to through a function."""

    def __init__(self, stream: TextIO, redact: Callable[[str], str]) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self.redact = redact

    def write(self, text: str) -> int:
        text = self.redact(text)
        if (taking := taker()) is not None:
            return taking.write(text)
        with self._lock:
            self._stream.write(text)
        return len(text)

    def turn(self, stream: TextIO) -> TextIO:
        """Write to another stream from here on, and to this one nothing more; the one before."""
        with self._lock:
            before, self._stream = self._stream, stream
            with suppress(OSError, ValueError):
                before.flush()
        return before

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def redirected(stream: TextIO) -> Iterator[None]:
    """Let what is written to either stream go to this one, as free of secrets as before.

    No piece is written halfway here and halfway there. Streams that are not redirectable stay as they are.
    """
    turned = [each for each in cast(tuple[Any, Any], (sys.stdout, sys.stderr)) if isinstance(each, _Hiding)]
    before = [each.turn(stream) for each in turned]
    try:
        yield
    finally:
        for each, own in zip(turned, before, strict=True):
            each.turn(own)


def make_redirectable() -> None:
    """Let the two streams be such as can be redirected, whoever has taken hold of them."""
    if not isinstance(sys.stdout, _Hiding):
        sys.stdout = cast(TextIO, _Hiding(sys.stdout, lambda text: text))
    if not isinstance(sys.stderr, _Hiding):
        sys.stderr = cast(TextIO, _Hiding(sys.stderr, lambda text: text))


@contextmanager
def diverted(take: Callable[[str], None]) -> Iterator[None]:
    """Give what is written to standard error to `take` instead, by whole lines, those of each thread by themselves.

    It is called on the threads that write. What processes and libraries write is diverted by `descriptors`.
    """
    given = sys.stderr
    diverting = _Diverting(given, hidden, take)
    lines = getattr(given, "buffer", None)
    heedless = lines.heedless if isinstance(lines, _Lines) else None
    given.flush()
    if heedless is not None:  # somebody may have kept the stream
        heedless.divert(diverting)
    sys.stderr = cast(TextIO, diverting)
    try:
        yield
    finally:
        sys.stderr = given
        if heedless is not None:
            given.flush()
            heedless.divert(None)
        diverting.close()


def hidden(text: str) -> str:
    """The text without secrets, for whoever writes to the terminal by another way."""
    stream: Any = sys.stderr
    if isinstance(stream, _Diverting):
        stream = stream.given
    return stream.redact(text) if isinstance(stream, _Hiding) else text


class _Diverting:
    """A stream that nobody sees: its lines are taken."""

    def __init__(self, given: TextIO, hidden: Callable[[str], str], take: Callable[[str], None]) -> None:
        self.given = given
        self._hidden = hidden
        self._take: Callable[[str], None] | None = take
        self._begun: dict[int, str] = {}  # of which thread
        self._lock = threading.Lock()

    def write(self, text: str) -> int:
        if (taking := taker()) is not None:
            return taking.write(self._hidden(text))
        thread = threading.get_ident()
        with self._lock:
            if (take := self._take) is not None:
                *lines, rest = (self._begun.pop(thread, "") + text).split("\n")
                if len(rest) > LONGEST_LINE:
                    lines, rest = [*lines, rest], ""
                if rest:
                    self._begun[thread] = rest
        if take is None:
            return self.given.write(text)
        for line in lines:
            take(self._hidden(line))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        self.given.flush()

    def isatty(self) -> bool:
        return False  # what moves the cursor is of no use here

    def fileno(self) -> int:
        return ERR  # whoever gives the stream to a child means the one that children have

    def close(self) -> None:
        """Let what is written from here on go where it went before."""
        with self._lock:
            take, self._take = self._take, None
            begun, self._begun = self._begun, {}
        for rest in begun.values():
            if take is not None:
                take(self._hidden(rest))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.given, name)


def _descriptor(stream: TextIO | None) -> int:
    """Where a stream goes; for one that was closed, a place where nothing is kept."""
    return os.open(os.devnull, os.O_WRONLY) if stream is None else stream.fileno()


def printable(text: str) -> str:
    """Text that cannot steer a terminal: control characters are shown instead of obeyed."""
    return _CONTROLS.sub(_shown, text)


# The last ones turn the direction of writing, so that text reads as what it is not.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def _shown(control: re.Match[str]) -> str:
    code = ord(control.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def flush() -> None:
    """See off what is still on its way to standard output; OutputError if it does not get there."""
    try:
        sys.stdout.flush()
    except OSError as error:
        raise _output_error(error) from error
    except ValueError:  # somebody has closed it, having written all there was
        pass
    with suppress(OSError, ValueError):
        sys.stderr.flush()
        if isinstance(lines := getattr(sys.stderr, "buffer", None), _Lines):
            lines.heedless.finish()


class _Heedless(io.RawIOBase):
    """A file descriptor that takes everything. What cannot be written is nobody's concern."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._pieces: Pieces | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._lock = threading.Lock()
        self._diverting: _Diverting | None = None

    def divert(self, diverting: _Diverting | None) -> None:
        with self._lock:
            self._diverting = diverting

    def hide(self, pieces: Pieces) -> None:
        with self._lock:
            self._pieces = pieces

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: Any) -> int:
        with self._lock:
            if self._pieces is None:
                self._send(data)
            else:
                self._show(self._pieces.feed(self._decoder.decode(data)))
        return len(data)

    def settle(self) -> None:
        """Show what was held back, unless it may be the beginning of a secret."""
        with self._lock:
            if self._pieces is not None:
                self._show(self._pieces.settle())

    def finish(self) -> None:
        """Show all that was held back: nothing more comes."""
        with self._lock:
            if self._pieces is not None:
                self._show(self._pieces.close())

    def _show(self, text: str) -> None:
        self._send(text.encode(errors="replace"))

    def _send(self, data: Any) -> None:
        if self._diverting is not None:
            self._diverting.write(bytes(data).decode(errors="replace"))
            return
        left = memoryview(data)
        with suppress(OSError):
            while left:
                left = left[os.write(self._descriptor, left) :]


class _Lines(io.BufferedWriter):
    """A buffer whose end is shown whenever it is flushed, as at the end of a line."""

    def __init__(self, heedless: _Heedless) -> None:
        super().__init__(heedless)
        self.heedless = heedless

    def flush(self) -> None:
        super().flush()
        self.heedless.settle()


@contextmanager
def watching_reader(out: TextIO, gone: Callable[[], None]) -> Iterator[None]:
    """Call `gone`, from a thread of its own, as soon as nobody reads a stream any more, be it written to or not."""
    try:
        mode = os.fstat(out.fileno()).st_mode
    except (OSError, ValueError):  # it leads nowhere outside of this process
        mode = 0
    if not stat.S_ISFIFO(mode) or not hasattr(select, "poll"):
        yield
        return
    ending, end = os.pipe()
    threading.Thread(target=_wait_for_reader, args=(out.fileno(), ending, gone), daemon=True).start()
    try:
        yield
    finally:
        os.close(end)


def _wait_for_reader(descriptor: int, ending: int, gone: Callable[[], None]) -> None:
    poll = select.poll()
    poll.register(descriptor, 0)  # errors and the end of the other side are always told
    poll.register(ending, 0)
    told = {found for found, _ in poll.poll()}
    os.close(ending)
    if ending not in told:
        gone()


def _output_error(error: OSError) -> OutputError:
    reason = f"cannot write the result: {error.strerror or error}"
    return OutputError(reason, is_unread=isinstance(error, BrokenPipeError))


def _silence(stream: TextIO) -> None:
    """Let what is still in the stream's buffer go nowhere, instead of failing again at every turn."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
