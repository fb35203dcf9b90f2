"""Reading from a terminal whose descriptor has a high number, as in a process that has many files open."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TextIO

import pytest
from prompt_toolkit.input import create_input
from prompt_toolkit.input.typeahead import get_typeahead
from prompt_toolkit.output import DummyOutput

from overseer.chat import reader
from overseer.chat.plainreader import PlainReader
from overseer.chat.typedahead import take_typed_ahead
from overseer.ownterminal import line_typed

if sys.platform == "win32":
    pytest.skip("terminals of POSIX", allow_module_level=True)

import fcntl
import resource

HIGH = 1024  # from which on `select` takes none


@pytest.fixture
def typed() -> Iterator[TextIO]:
    """A terminal of such a number at which a line was typed."""
    limits = soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2 * HIGH:
        pytest.skip("the system allows too few descriptors")
    if soft != resource.RLIM_INFINITY and soft < 2 * HIGH:
        resource.setrlimit(resource.RLIMIT_NOFILE, (2 * HIGH, hard))
    outer, inner = os.openpty()
    try:
        with open(fcntl.fcntl(inner, fcntl.F_DUPFD_CLOEXEC, HIGH), encoding="utf-8") as given:
            os.write(outer, b"hello\n")
            yield given
    finally:
        os.close(outer)
        os.close(inner)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_a_line_is_read(typed: TextIO) -> None:
    assert line_typed(typed) == "hello\n"


def test_what_was_typed_ahead_is_taken(typed: TextIO) -> None:
    device = create_input(typed)
    take_typed_ahead(device)
    assert "".join(press.data for press in get_typeahead(device)) == "hello\r"


def test_what_was_typed_is_forgotten_by_the_plain_reader(typed: TextIO) -> None:
    plain = PlainReader(typed)
    assert [plain.discard_typed(), plain.discard_typed()] == [True, False]


def test_what_was_typed_is_forgotten_by_the_line_editor(typed: TextIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "keyboard", lambda: typed)
    monkeypatch.setattr(reader, "_output", DummyOutput)
    lines = reader.Reader(keeps=lambda line: True)
    assert [lines.discard_typed(), lines.discard_typed()] == [True, False]
