"""The command that measures executors, from its arguments to its figures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import executor
from bench.contenders import CONTENDERS, REFERENCE, Contender
from bench.measure import Failed, Measured, Timing
from bench.series import Workload

COMMAND = Path(executor.__file__)


@pytest.fixture
def measures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every measurement ends at once: ours takes nine times as long as anybody else."""

    def measured_apart(contender: Any, dag: str, **_: Any) -> Measured | Failed:
        if contender.name == "waves":
            return Failed("drowned")
        return Measured((Timing(0, 9.0 if contender.name == "overseer" else 1.0, 0),), 1000)

    monkeypatch.setattr(executor, "measured_apart", measured_apart)
    monkeypatch.setattr(executor, "GROUPS", {"overhead": (Workload("wide:10000"),), "memory": (Workload("chain:10"),)})


@pytest.mark.long
def test_a_quick_run_of_everything_ends_well_and_prints_its_figures_as_json() -> None:
    command = [sys.executable, str(COMMAND), "--quick", "--check", "--out", "-"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert ended.returncode == 0, ended.stderr
    results = json.loads(ended.stdout)
    assert {row["group"] for row in results["figures"]} == {"overhead", "huge", "makespan", "speedup", "memory"}
    assert not [row for row in results["figures"] if "fails" in row]
    assert results["cores"]
    assert results["rounds"] == 1
    assert "### goals" in ended.stderr


@pytest.mark.usefixtures("measures")
def test_the_reference_takes_part_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    assert executor.main(["--peers", "serial", "--groups", "overhead", "--rounds", "2", "--out", "-"]) == 0
    results = json.loads(capsys.readouterr().out)
    assert {(trial["contender"], trial["round"]) for trial in results["trials"]} == {
        (name, number) for name in ("serial", REFERENCE) for number in (0, 1)
    }
    assert results["goals"][0]["must"]["verdict"] == "not measured"


@pytest.mark.usefixtures("measures")
def test_a_missed_must_ends_with_1_only_where_that_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--peers", "overseer,waves", "--out", str(tmp_path / "results.json")]
    assert executor.main(arguments) == 0
    assert executor.main([*arguments, "--check"]) == 1
    assert executor.main(["--peers", "serial", "--check"]) == 0
    assert "waves FAILS: drowned (wide:10000)" in capsys.readouterr().out
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["goals"][0] == {
        "goal": "time / reference, wide:10000, no journal",
        "figure": {"median": 9.0, "least": 9.0, "greatest": 9.0},
        "unit": "",
        "must": {"limit": 2.0, "verdict": "FAIL"},
        "want": {"limit": 1.0, "verdict": "FAIL"},
        "is_floor": False,
    }


@pytest.mark.usefixtures("measures")
def test_who_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    absent = Contender("lost", "nobody has it", "bench.nowhere:prepare", distributions=("no-such-thing",))
    monkeypatch.setitem(CONTENDERS, "lost", absent)
    assert executor.main(["--peers", "serial,lost", "--groups", "memory"]) == 0
    assert "lost took no part: no-such-thing is not installed" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--peers", "serial,nobody"], ["--groups", "nobody"]])
def test_a_name_that_is_not_known_is_refused_with_those_that_are(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        executor.main(arguments)
    told = capsys.readouterr().err
    assert "there is no nobody; there is: " in told
