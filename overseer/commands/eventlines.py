"""Lines of JSON on standard output, for a program that reads along: each says in `kind` what it is."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from overseer.console import put, watching_reader
from overseer.errors import OutputError
from overseer.jsonvalue import Json, json_text
from overseer.kernel.events import Event, to_record
from overseer.running.engine import Run


def put_line(kind: str, body: Mapping[str, Json], to: TextIO | None = None) -> None:
    """Write one line; OutputError if it does not get there."""
    put(json_text({"kind": kind, **body}), to)


class EventLines:
    """Writes the events of a run. Once standard output takes no more of them, the run is asked to stop."""

    def __init__(self, prepared: Run) -> None:
        self.error: OutputError | None = None
        self._prepared = prepared
        self._out = sys.stdout
        self._may_ask = threading.Lock()

    @contextmanager
    def watching_reader(self) -> Iterator[None]:
        """Ask the run to stop as soon as its reader goes away, even where the next event is far off."""
        with watching_reader(self._out, self._stop):
            yield

    def observe(self, event: Event) -> None:
        if self.error is not None:
            return
        try:
            put_line("event", to_record(event), self._out)
        except OutputError as error:
            self.error = error
            self._stop()

    def _stop(self) -> None:
        if self._may_ask.acquire(blocking=False):  # never again: asked twice, the run would stop at once
            self._prepared.cancel(reason="its events cannot be written")

    def require_all_written(self) -> None:
        """OutputError if an event could not be written."""
        if self.error is not None:
            raise self.error
