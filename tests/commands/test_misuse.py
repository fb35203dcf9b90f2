"""Command lines that cannot be understood are told of with what may have been meant; and `python -m overseer`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import chat_cli
from overseer import __version__
from tests.processes import PATIENCE_S, ROOT

MISTAKES: list[tuple[tuple[str, ...], str, str]] = [
    (("doctr",), "there is no command 'doctr'; did you mean 'doctor'?", ""),
    (("Run", "plan.yaml"), "there is no command 'Run'; did you mean 'run'? A request", "overseer -p 'Run plan.yaml'"),
    (("rnu", "plan.yaml", "--json"), "did you mean 'run'?", "overseer -p 'rnu plan.yaml'"),
    (("--set", "chat.review=never", "rnus"), "there is no command 'rnus'; did you mean 'runs'?", ""),
    (("make me a joke",), "there is no command 'make me a joke'; a request", "overseer -p 'make me a joke'"),
    (("make", "me", "a", "joke", "--json"), "there is no command 'make'; a request", "overseer -p 'make me a joke'"),
    (("tell me " * 50,), "there is no command 'tell me tell", "overseer -p TASK"),
    (("zzz",), "there is no command 'zzz'; there are: chat, plan, check", "config"),
    (("",), "there is no command ''; there are: chat", ""),
    (("runs", "dismis"), "overseer runs: error: there is no 'dismis' here; did you mean 'dismiss'?", ""),
    (("config", "zzz"), "there is no 'zzz' here; there are: show, path, trust, distrust", ""),
    (("graph", "x", "--format", "svgg"), "argument --format: there is no 'svgg' here; did you mean 'svg'?", ""),
    (("runs", "--jsn"), "overseer runs: error: unrecognized arguments: --jsn; did you mean --json?", ""),
    (("--jsn", "-p", "x"), "unrecognized arguments: --jsn; did you mean --json?", ""),
    (("run", "p.yaml", "--aprove=write", "--budgt", "3"), "did you mean --approve, --budget?", ""),
    (("runs", "--zzz"), "unrecognized arguments: --zzz\n", ""),
    (("-p", "make", "me", "a joke"), "a request stands in quotes, behind -p: overseer -p 'make me a joke'", ""),
    (("chat", "hello"), "a request stands in quotes, behind -p: overseer -p hello", ""),
    (("--json", "runs"), "the name of a command comes first: overseer runs …", ""),
]


@pytest.mark.parametrize(("arguments", "said", "too"), MISTAKES)
def test_a_mistake_is_told_of_with_what_may_have_been_meant(
    arguments: tuple[str, ...], said: str, too: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        chat_cli.main(arguments)
    out, err = capsys.readouterr()
    assert left.value.code == 2
    assert said in err
    assert too in err
    assert err.startswith("usage: overseer ")
    if any(form in arguments for form in ("--json", "--jsonl")):
        document = json.loads(out)
        assert document["exit_code"] == 2
        assert document["error"] in err
    else:
        assert out == ""


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("plan.yaml", "a plan in a file is carried out with: overseer run plan.yaml"),
        ("notes.txt", "what is to be done with a file is said behind -p: overseer -p 'read notes.txt'"),
    ],
)
def test_a_file_in_place_of_a_command_is_told_of_with_what_can_be_done_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], file: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / file).write_text("x")
    with pytest.raises(SystemExit):
        chat_cli.main([file])
    assert f"there is no command '{file}'; {said}" in capsys.readouterr().err


# --- python -m overseer


def begun(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "OVERSEER_HOME": os.devnull}
    return subprocess.run(
        [sys.executable, *arguments],
        check=False,
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )


def test_the_module_is_the_program(tmp_path: Path) -> None:
    for arguments in (("--help",), ("runs", "--jsn")):
        as_module = begun("-m", "overseer", *arguments, folder=tmp_path)
        as_file = begun(str(ROOT / "chat_cli.py"), *arguments, folder=tmp_path)
        assert (as_module.returncode, as_module.stdout, as_module.stderr) == (
            as_file.returncode,
            as_file.stdout,
            as_file.stderr,
        )


def test_the_module_takes_nothing_from_the_folder_it_is_begun_in(tmp_path: Path) -> None:
    for name in ("chat_cli", "argparse", "yaml", "json"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not ours')")
    made = begun("-m", "overseer", "--version", folder=tmp_path)
    assert (made.returncode, made.stdout, made.stderr) == (0, f"overseer {__version__}\n", "")


def test_the_module_works_in_a_folder_that_it_stands_in_itself() -> None:
    made = begun("-m", "overseer", "--version", folder=ROOT)
    assert made.stdout == f"overseer {__version__}\n"
