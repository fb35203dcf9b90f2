"""What holds for all tests."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import httpx2
import pytest

# Before anything imports httpx: openai uses httpx2, which respx knows only under that name.
httpx2.alias_httpx()


@pytest.fixture(scope="session", autouse=True)
def _signals_as_usual() -> Iterator[None]:
    """Tests that run in the background ignore Ctrl-C; the processes that they start would ignore it too."""
    usual = {"SIGINT": signal.default_int_handler, "SIGHUP": signal.SIG_DFL}
    before = {}
    for name, handler in usual.items():
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            before[number] = signal.signal(number, handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
