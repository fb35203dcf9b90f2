"""No program of the corpus gets out, whoever runs it and whatever the machine allows; without a jail, many do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox import worlds
from tests.sandbox.harness import corpus

ROOT, USER = worlds.World("root"), worlds.World("user")
BARE_ROOT, BARE_USER = worlds.World("root", has_namespaces=False), worlds.World("user", has_namespaces=False)

CASES = [
    pytest.param(ROOT, "full", id="root-full"),
    pytest.param(USER, "full", id="user-full"),
    pytest.param(ROOT, "hardened", id="root-hardened"),
    pytest.param(USER, "hardened", id="user-hardened"),
    pytest.param(BARE_ROOT, "hardened", id="root-without-namespaces"),
    pytest.param(BARE_USER, "hardened", id="user-without-namespaces"),
]


@pytest.mark.long
@pytest.mark.parametrize(("world", "level"), CASES)
def test_no_program_gets_out(world: worlds.World, level: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(level)  # skips, and says why, where the machine has no such level
    if why := world.why_not:
        pytest.skip(why)
    runs = worlds.run(world, level)
    assert {run["name"].partition("[")[0] for run in runs} >= corpus().keys()
    assert not _told(runs, "flags")
    assert not _told(runs, "faults"), "a program that does not attack shows nothing"


@pytest.mark.long
def test_without_a_jail_the_harness_sees_what_gets_out() -> None:
    if why := USER.why_not:
        pytest.skip(why)
    runs = worlds.run(USER, "none")
    flagged = {run["name"].partition("[")[0] for run in runs if run["flags"]}
    assert len(flagged) >= 40, sorted(flagged)
    assert not _told(runs, "faults")


def test_every_program_says_what_it_tries() -> None:
    programs = corpus().values()
    assert len(programs) >= 55
    assert [program.name for program in programs if not program.about] == []


def _told(runs: list[dict[str, Any]], what: str) -> str:
    return "\n".join(f"{run['name']}: {text}" for run in runs for text in run[what])
