"""`overseer config`: what it prints of settings, files and trust, and that it works where settings are broken."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

import chat_cli
from overseer.settings.keys import KEYS, NAMED
from overseer.settings.project import trust_settings

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("home", "project"):
        (tmp_path / folder).mkdir()
    for name in list(os.environ):
        if name.startswith("OVERSEER_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "project")


@pytest.fixture
def overseer(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: str) -> tuple[int, str, str]:
        try:
            code = chat_cli.main(arguments)
        except SystemExit as left:
            code = int(left.code or 0)
        return (code, *capsys.readouterr())

    return call


def test_every_setting_is_shown_with_its_origin_in_columns(overseer: Any, tmp_path: Path) -> None:
    (tmp_path / "home/config.yaml").write_text("execution:\n  journal: off\n")
    code, out, err = overseer("config", "show", "--origin", "--set", "retry.attempts=2")
    assert (code, err) == (0, "")
    rows = [line.split(maxsplit=2) for line in out.splitlines() if "rules" not in line]
    assert {row[0] for row in rows} | {"permissions.rules"} >= {key for key in KEYS if not key.startswith("models.")}
    shown = {row[0]: row[1:] for row in rows}
    assert shown["execution.journal"] == ["off", f"{tmp_path / 'home/config.yaml'}:2"]
    assert shown["retry.attempts"] == ["2", "--set"]
    assert shown["workspace.max_size"] == ["256MB", "default"]
    assert shown["limits"] == shown["models"] == ["{}", "default"]
    assert len({line.rindex(" default") for line in out.splitlines() if line.endswith("  default")}) == 1


def test_one_setting_or_section_is_shown(overseer: Any) -> None:
    assert overseer("config", "show", "retry")[1].splitlines() == [
        "retry.attempts      4",
        "retry.first_wait    500ms",
        "retry.longest_wait  60s",
    ]
    assert overseer("config", "show", "retry.attempts")[1] == "retry.attempts  4\n"
    assert overseer("config", "show", "chat.workflow_mode")[1].count("\n") == 4


def test_flags_may_stand_before_the_command_and_behind_it(overseer: Any) -> None:
    _, out, _ = overseer(
        "--set", "retry.attempts=2", "config", "show", "retry", "--set", "retry.first_wait=3s", "--json"
    )
    document = json.loads(out)
    assert document["schema"] == "overseer.config/1"
    assert [(entry["value"], entry["origin"]["layer"]) for entry in document["settings"]] == [
        (2, "flag"),
        ("3s", "flag"),
        ("60s", "default"),
    ]


def test_a_key_that_there_is_not_is_named_with_the_nearest(overseer: Any) -> None:
    code, _, err = overseer("config", "show", "retry.atempts")
    assert code == 2
    assert "there is no setting 'retry.atempts'; did you mean 'retry.attempts'?" in err
    assert overseer("config", "show", "models.default")[0] == 0
    assert overseer("config", "path", "retry")[0] == 2


def test_the_files_are_listed_from_the_weakest_with_what_became_of_them(overseer: Any, tmp_path: Path) -> None:
    Path("overseer.yaml").write_text("retry: {attempts: 2}")
    code, out, _ = overseer("config", "path")
    assert code == 0
    assert out.splitlines() == [
        f"default  {ROOT / 'config.yaml'}",
        f"user     {tmp_path / 'home/config.yaml'}  (there is none)",
        f"project  {tmp_path / 'project/overseer.yaml'}  (not read: nobody said that it is trusted)",
    ]
    files = json.loads(overseer("config", "path", "--json")[1])["files"]
    assert [file["state"] for file in files] == ["read", "absent", "untrusted"]


def test_trust_is_given_and_taken_back(overseer: Any, tmp_path: Path) -> None:
    assert overseer("config", "trust")[0] == 2  # there is nothing to trust
    Path("overseer.yaml").write_text("retry: {attempts: 2}")
    assert "not read" in overseer("config")[2]
    code, out, _ = overseer("config", "trust")
    assert (code, out.splitlines()[1:]) == (0, ["  retry.attempts  2"])
    code, out, err = overseer("config", "show", "retry.attempts", "--origin")
    assert (code, out.split(), err) == (
        0,
        ["retry.attempts", "2", f"{tmp_path / 'project/overseer.yaml'}:1"],
        "",
    )
    assert "are not read from here on" in overseer("config", "distrust")[1]
    assert "no settings of" in overseer("config", "distrust")[1]
    assert overseer("config", "show", "retry.attempts")[1].split() == ["retry.attempts", "4"]


@pytest.mark.parametrize("action", ["trust", "distrust"])
def test_what_gives_no_document_says_so_to_whoever_wants_one(overseer: Any, action: str) -> None:
    Path("overseer.yaml").write_text("retry: {attempts: 2}")
    code, out, _ = overseer("config", action, "--json")
    assert (code, json.loads(out)["schema"]) == (2, "overseer.error/1")
    assert json.loads(overseer("config", "show", "retry.attempts", "--json")[1])["settings"][0]["value"] == 4


def test_where_settings_are_broken_trust_can_be_taken_back_and_files_be_found(overseer: Any, tmp_path: Path) -> None:
    Path("overseer.yaml").write_text("retry: {attempts: 0}")
    code, _, err = overseer("config", "trust")
    assert code == 2  # as it is, it would keep every command here from working
    assert "overseer.yaml:1: retry.attempts: needs" in err
    trust_settings(Path("overseer.yaml"))
    (tmp_path / "home/config.yaml").write_text("retry: [")
    code, out, _ = overseer("config", "show", "--json")
    assert code == 2
    assert len(json.loads(out)["faults"]) == 2
    assert overseer("config", "path")[0] == 0
    assert overseer("config", "distrust")[0] == 0
    (tmp_path / "home/config.yaml").unlink()
    assert overseer("config", "show")[0] == 0


def test_every_command_says_once_that_a_strangers_settings_are_not_read(overseer: Any) -> None:
    Path("overseer.yaml").write_text("permissions: {exec: allow}")
    code, _, err = overseer("runs")
    assert code == 0
    assert err.count("overseer config trust") == 1
    assert "Traceback" not in err


def test_no_secret_is_shown(overseer: Any, tmp_path: Path) -> None:
    key = "sk-proj-" + "aB3dE5fG7hJ9kL2mN4pQ6rS8tU0vW1xY" * 2
    (tmp_path / "home/config.yaml").write_text(f"chat: {{editor: 'vi {key}'}}\n")
    for flags in ((), ("--json",), ("--origin",)):
        code, out, err = overseer("config", "show", *flags)
        assert code == 0
        assert key not in out + err


@pytest.mark.parametrize("place", ["overseer.yaml", ".overseer/config.yaml", "other.yaml"])
def test_no_tool_may_write_settings(overseer: Any, place: str) -> None:
    Path("other.yaml").write_text("retry: {attempts: 2}")
    before = Path("other.yaml").read_text()
    arguments = ("call", "write_file", f"path={place}", "text=x", "--approve", "write")
    code, _, err = overseer(*arguments, "--config", "other.yaml")
    assert code == 4
    assert "may not be written" in err
    assert Path("other.yaml").read_text() == before
    assert not Path("overseer.yaml").exists()


def test_every_section_has_a_way_to_be_shown(overseer: Any) -> None:
    for key in (*KEYS, *NAMED):
        assert overseer("config", "show", key.partition(".")[0])[0] == 0
