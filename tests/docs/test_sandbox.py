"""The page about the sandbox: its examples run, and its tables name what there is."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import get_args

import pytest

from overseer.commands.arguments import parser
from overseer.commands.unsafe import REASON_VARIABLE
from overseer.sandbox import LEVELS, Verdict
from overseer.sandbox.results import DEEPEST, MOST_CONTAINERS
from overseer.sandbox.running import ALLOWANCE
from overseer.sandbox.values import MEGABYTE, Limits
from overseer.settings.config import load_settings
from tests.pages import blocks, first_column, page, section

PAGE = page("sandbox.md")
WORDS = " ".join(PAGE.split())


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path))


def test_the_python_example_does_what_it_says() -> None:
    (example,) = (block for block in blocks(PAGE, "python") if block.file != "node")
    exec(compile(example.text, "sandbox.md", "exec"), {})


def test_the_packages_of_the_example_are_let_in(tmp_path: Path) -> None:
    (example,) = blocks(PAGE, "yaml")
    (tmp_path / example.file).write_text(example.text, encoding="utf-8")
    assert load_settings().sandbox_packages == ("numpy",)


def test_the_tables_name_every_verdict_level_and_option() -> None:
    assert first_column(section(PAGE, "Levels")) == set(LEVELS)
    assert set(get_args(Verdict)) <= first_column(section(PAGE, "What becomes of a node"))
    (commands,) = (a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    options = {o for a in commands.choices["node"]._actions for o in a.option_strings if o.startswith("--")}
    assert options - {"--help", "--config", "--set"} == set(re.findall(r"^\| `(--[a-z-]+)", PAGE, re.MULTILINE))


def test_the_limits_are_those_in_force() -> None:
    limits, allowance = load_settings().node_limits, ALLOWANCE
    assert limits == Limits(60.0, memory=512 * 1000**2, scratch=64 * 1000**2)
    for told in (
        "| time | 60 s | `sandbox.timeout` |",
        "| memory that it reserves | 512 MB | `sandbox.memory` |",
        "| its own folder | 64 MB, 2000 files | `sandbox.scratch` |",
        f"| result | {limits.result // MEGABYTE} MiB | |",
        f"| calls of tools | {allowance.calls}, of which {allowance.in_flight} at a time | |",
        f"up to {limits.stderr // 1024} KiB",
        f"more than {DEEPEST} levels deep",
        f"more than {MOST_CONTAINERS:,}".replace(",", " ") + " lists",
        REASON_VARIABLE,
    ):
        assert told in WORDS, told
