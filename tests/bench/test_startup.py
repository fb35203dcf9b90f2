"""What is measured of beginning, and that nothing heavy is loaded for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench.startup import HEAVY, ROOT, Figure, heavy_in_help


def test_help_loads_nothing_heavy() -> None:
    assert heavy_in_help() == []


def test_the_list_of_commands_loads_no_line_editor() -> None:
    source = f"import overseer.chat.commands, sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"prompt_toolkit", "openai", "ollama", "rich", "jsonschema"} & set(eval(done.stdout))


@pytest.mark.parametrize(("goal", "is_met"), [(None, True), (2.0, True), (1.9, False)])
def test_a_goal_is_met_by_the_median(goal: float | None, is_met: bool) -> None:
    figure = Figure.of("x", [1.0, 2.0, 9.0], goal)
    assert (figure.median, figure.least, figure.most, figure.is_met) == (2.0, 1.0, 9.0, is_met)
    assert ("PASS" in figure.line(), "FAIL" in figure.line()) == (goal is not None and is_met, not is_met)
