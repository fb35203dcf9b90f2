"""Both SDKs over one HTTP library, so that respx sees what either of them sends."""

from __future__ import annotations

import gc

import httpx2
import pytest

# Before anything imports httpx: openai uses httpx2, which respx knows only under that name.
httpx2.alias_httpx()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What was collected stays to the end: no look for garbage has to go through it again."""
    gc.collect()
    gc.freeze()
