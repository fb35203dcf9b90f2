"""Where the program is begun by no person: by cron, by a service, by another user, in a folder that has gone."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import chat_cli
from overseer.console import Form
from tests.headless.alone import Ended, Place, ended
from tests.headless.schemas import require_valid
from tests.processes import ROOT

COUNT = ("-p", 'count the words in "a b c"', "--rules", "--json")


def begun(place: Place, *arguments: str | bytes, environ: dict[str, str]) -> Ended:
    """With this environment and nothing else in it."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "chat_cli.py"), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=place.folder,
        env=environ,
    )
    return ended(process)


def test_an_environment_with_a_home_alone_will_do(place: Place) -> None:
    made = begun(place, *COUNT, environ={"OVERSEER_HOME": str(place.home)})
    require_valid(made.document)
    assert (made.code, made.document["status"], made.said) == (0, "succeeded", "")


def test_without_any_environment_what_is_wrong_is_found_out_all_the_same(place: Place) -> None:
    made = begun(place, "-p", "count", "--json", "--config", "absent.yaml", environ={})
    assert (made.code, made.document["exit_code"], made.said) == (2, 2, "")


@pytest.mark.parametrize("journal", ["on", "off"])
def test_a_home_that_is_no_folder_is_told_of_where_something_has_to_be_kept(
    place: Place, journal: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (place.folder / "file").touch()
    monkeypatch.chdir(place.folder)
    monkeypatch.setenv("OVERSEER_HOME", str(place.folder / "file"))
    code = chat_cli.main(("-p", COUNT[1], "--rules", "--no-stdin", "--set", f"execution.journal={journal}"))
    said = capsys.readouterr()
    assert code == (1 if journal == "on" else 0)
    assert ("set OVERSEER_HOME to another folder" in said.err) == (journal == "on")
    assert said.out == ("3\n" if journal == "off" else "")


@pytest.mark.parametrize("command", [COUNT, ("runs", "--json"), ("doctor", "--json"), ("config", "--json")])
def test_a_folder_that_has_gone_is_told_of(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert chat_cli.main(command) == 2
    out, err = capsys.readouterr()
    assert "the folder that you stand in cannot be used (No such file or directory); go to another one" in out
    assert err == ""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may enter every folder")
def test_a_folder_that_may_not_be_entered_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "closed").mkdir()
    monkeypatch.chdir(tmp_path / "closed")
    (tmp_path / "closed").chmod(0)
    try:
        assert chat_cli.main(COUNT) == 2
    finally:
        (tmp_path / "closed").chmod(0o700)
    assert "cannot be used (Permission denied)" in capsys.readouterr().out


# --- streams that take nothing


@pytest.mark.parametrize(
    ("where", "is_loaded"),
    [("2>&-", True), ("2>/dev/full", True), (">&-", True), ("<&- 2>&-", True), ("<&- 2>&-", False)],
)
def test_a_stream_that_was_closed_or_takes_nothing_is_no_reason_to_break_off(
    place: Place, where: str, is_loaded: bool
) -> None:
    made = in_shell(place, where, is_loaded=is_loaded)
    assert (made.code, made.said) == (0, "")
    if where != ">&-":
        require_valid(made.document)
        assert made.document["status"] == "succeeded"


@pytest.mark.parametrize(("form", "kept"), [("--json", True), ("--jsonl", False)])
def test_a_result_that_cannot_be_written_is_told_of_with_where_it_is_kept(place: Place, form: str, kept: bool) -> None:
    made = in_shell(place, ">/dev/full", form)
    assert (made.code, made.out) == (1, b"")
    assert "cannot write the result: No space left on device" in made.said
    assert ("the run is kept: overseer show" in made.said) == kept  # it fails at the plan, before there is a run


def in_shell(place: Place, where: str, form: str = "--json", *, is_loaded: bool = True) -> Ended:
    """The request, with the streams as the shell has them."""
    return place.shell(f"overseer {shlex.join([*COUNT[:-1], form])} {where}", is_loaded=is_loaded)


# --- requests in other encodings


def test_a_request_is_utf_8_whatever_the_locale(place: Place) -> None:
    environ = {"OVERSEER_HOME": str(place.home), "LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    made = begun(place, "-p", 'count the characters in "zwölf Bären"'.encode(), *COUNT[2:], environ=environ)
    assert made.code == 0
    assert made.document["request"] == 'count the characters in "zwölf Bären"'
    assert made.document["run"]["output"] == 11


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_request_that_is_no_text_is_refused(form: Form, capsys: pytest.CaptureFixture[str]) -> None:
    code = chat_cli.main(("-p", os.fsdecode(b"\xff\xfe bad"), *(["--json"] if form == "json" else [])))
    assert code == 2
    out, err = capsys.readouterr()
    assert "-p: the request is not text in UTF-8" in (out if form == "json" else err)
