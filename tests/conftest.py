"""Both SDKs over one HTTP library, so that respx sees what either of them sends."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator

import httpx2
import pytest

from tests.order import long_ones_soon

# Before anything imports httpx: openai uses httpx2, which respx knows only under that name.
httpx2.alias_httpx()


@pytest.fixture
def ollama_host() -> str:
    """Where Ollama would be; nobody listens there."""
    return "127.0.0.1:9"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = long_ones_soon(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


_LOADED = pytest.StashKey[int]()
_MANY_MODULES = 50


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    _settle(session)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
    yield
    is_last_of_its_file = nextitem is None or nextitem.path != item.path
    if is_last_of_its_file and len(sys.modules) >= item.session.stash[_LOADED] + _MANY_MODULES:
        _settle(item.session)


def _settle(session: pytest.Session) -> None:
    """What was collected and imported stays to the end: no look for garbage has to go through it again."""
    gc.collect()
    gc.freeze()
    session.stash[_LOADED] = len(sys.modules)
