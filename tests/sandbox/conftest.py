"""Sandboxes for the tests: each level that this machine can have is started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from overseer.sandbox import Sandbox, SandboxUnavailable


@pytest.fixture(scope="session")
def hardened() -> Iterator[Sandbox]:
    with Sandbox.start("hardened") as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def full() -> Iterator[Sandbox]:
    try:
        sandbox = Sandbox.start("full")
    except SandboxUnavailable as error:
        pytest.skip(f"this machine allows no namespaces: {error.refusals['full']}")
    with sandbox:
        yield sandbox


@pytest.fixture(params=["hardened", "full"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    started: Sandbox = request.getfixturevalue(request.param)
    return started
