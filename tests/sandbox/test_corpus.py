"""Without a jail, the programs of the corpus get out, and the harness sees it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox import worlds
from tests.sandbox.harness import corpus

USER = worlds.World("user")


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
