"""The page about drawings: what it shows is what is drawn."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from overseer.commands.arguments import parser
from overseer.drawing.details import LONGEST, MOST_STEPS
from overseer.drawing.rows import _MOST_ROUNDS
from overseer.journal.journal import Journal
from overseer.kernel.events import (
    Event,
    RoundClosed,
    RoundOpened,
    RunFinished,
    RunStarted,
    ScopeOpened,
    StepHeld,
    StepReleased,
    StepSkipped,
    StepStarted,
    StepSucceeded,
)
from overseer.plan import load_plan, to_json
from tests.pages import blocks, page, section
from tests.test_commands import overseer  # noqa: F401

PAGE = page("looking.md")
EXAMPLES = [block.text.rstrip("\n").split("\n", 1) for block in blocks(PAGE, "console")]


@pytest.fixture(autouse=True)
def with_the_plan_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (plan,) = blocks(PAGE, "yaml")
    Path(plan.file).write_text(plan.text, encoding="utf-8")
    record(Path(plan.file))
    # A command hides secrets in the streams of the process for good.
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)


def events() -> list[Event]:
    """The run of the page: nine parts, three at a time, of which the second three had to wait."""
    spent = {"requests": 1, "tokens": 350, "cost": 0.0005}
    told: list[Event] = [RunStarted(0.0, "1m7ypcn6mxdfdg", {})]
    for key, start, end in (("page", 0.0, 0.8), ("text", 0.8, 0.85), ("lines", 0.85, 0.9), ("count", 0.85, 0.95)):
        told += [StepStarted(start, key), StepSucceeded(end, key, None)]
    told += [StepSkipped(0.95, "long", "guard", "its guard does not hold"), ScopeOpened(0.9, "each", 9)]
    for index in range(9):
        start = 0.9 + index // 3 * 1.5
        key = f"each[{index}]/fr"
        told += [RoundOpened(start, "each", index), StepStarted(start, key)]
        if index // 3 == 1:
            told += [StepHeld(start, key, "openai"), StepReleased(start + 0.5, key)]
        told += [
            StepSucceeded(start + 1.5, key, "x", spent=spent),
            RoundClosed(start + 1.5, "each", index, "succeeded"),
        ]
    told.sort(key=lambda event: event.at)
    told += [StepSucceeded(5.4, "each", []), StepStarted(5.4, "save"), StepSucceeded(5.5, "save", {})]
    return [*told, RunFinished(5.5, "succeeded", {})]


def record(file: Path) -> None:
    plan = load_plan(file).plan
    with (
        Journal.open() as journal,
        journal.begin(
            "1m7ypcn6mxdfdg", name=plan.name, plan=to_json(plan), steps=len(plan.steps), inputs={}, options={}, at=0.0
        ) as log,
    ):
        log.append(events())


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_every_example_is_what_the_command_prints(overseer: Any, number: int) -> None:  # noqa: F811
    command, shown = EXAMPLES[number]
    said = overseer(*command.removeprefix("$ overseer ").split())
    assert said.code == 0
    assert said.out.rstrip("\n").splitlines() == shown.splitlines()


def test_the_table_names_every_option() -> None:
    (commands,) = (a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    options = {
        name: {o for a in commands.choices[name]._actions for o in a.option_strings if o.startswith("--")}
        for name in ("graph", "runs")
    }
    everywhere = options["runs"] - {"--json"}
    assert options["graph"] - everywhere == set(re.findall(r"^\| `(--[a-z]+)", section(PAGE, "A plan"), re.MULTILINE))


def test_the_bounds_are_those_in_force() -> None:
    assert f"more than {LONGEST:,} characters" in PAGE
    assert str(MOST_STEPS) in section(PAGE, "A page to keep")
    assert _MOST_ROUNDS == 6
    assert "Of more than six rounds" in PAGE
