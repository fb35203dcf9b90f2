"""The page about safety: what it promises and what it says is not protected is what happens."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import chat_cli
from overseer import exits
from overseer.broker.permissions import CAREFUL, Grants
from overseer.catalogue import page_made_anew
from overseer.plan import WorkflowPlan, WorkflowStep
from overseer.running.approval import Approval
from overseer.secrets import Redactor, Secrets
from overseer.settings.config import load_settings
from overseer.tool import Tool, ToolError
from overseer.undo.states import MOST_BYTES_OF_A_FILE
from overseer.undo.store import MOST_BYTES, MOST_RUNS
from overseer.web import MOST_REDIRECTS, WebClient
from overseer.web.request import _HARMLESS_HEADERS
from overseer.workspace import FolderWorkspace
from tests.pages import page

PAGE = page("safety.md")
WORDS = " ".join(PAGE.split())
KEY = "".join(reversed("v4YtR7fPm2Wkx8qZ"))


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def test_the_parts_that_are_made_are_up_to_date() -> None:
    assert page_made_anew(PAGE) == PAGE


def test_every_command_that_is_shown_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from overseer.commands.arguments import parser

    shown = re.findall(r"^    overseer (.+)$", PAGE, re.MULTILINE)
    assert shown
    for line in shown:
        parser().parse_args(line.split())


# --- permissions and approval


def test_the_classes_are_decided_as_the_page_says() -> None:
    allowed = {effect for effect, verdict in CAREFUL.classes.items() if verdict == "allow"}
    assert load_settings().permissions == CAREFUL
    assert allowed == {"pure", "read", "model"}


def run(plan: dict[str, Any], *options: str) -> int:
    Path("plan.json").write_text(json.dumps(plan))
    return chat_cli.main(["run", "plan.json", "--no-journal", *options])


def test_what_was_not_approved_does_not_begin(own_place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = {"steps": [{"step_id": "a", "tool": "write_file", "args": {"path": "a.txt", "text": "x"}}]}
    assert run(plan) == exits.APPROVAL == 5
    assert "write: write_file\n    step a\n      path: a.txt" in capsys.readouterr().err
    assert not (own_place / "a.txt").exists()
    assert run(plan, "--approve", "write") == exits.OK
    assert (own_place / "a.txt").read_text() == "x"


def test_a_call_never_asks() -> None:
    assert chat_cli.main(["call", "write_file", "path=a.txt", "text=x"]) == exits.STEP_FAILED == 4


def test_an_approval_is_for_one_plan() -> None:
    act = Tool("act", len, effect="exec")
    one, another = (WorkflowPlan((WorkflowStep.calling(name, "act", {}),)) for name in ("one", "another"))
    approval = Approval.of(Grants(classes=frozenset({"exec"})), one, {"act": act})
    assert approval.still_holds(one, {"act": act}).tools == {"act"}
    assert approval.still_holds(another, {"act": act}).tools == set()


# --- secrets


@pytest.mark.parametrize(
    "text",
    [f"it is {KEY}", f"?key={KEY}%21", json.dumps({"a": KEY}), KEY.encode().hex(), "https://me:hunter2hunter@host/"],
)
def test_what_is_found_is_replaced(text: str) -> None:
    assert Redactor(Secrets({"MY_KEY": KEY})).redact(text) != text


@pytest.mark.parametrize("text", [KEY[::-1], f"{KEY[:8]} {KEY[8:]}", "changeme", "short"])
def test_what_the_page_says_is_not_found_is_not(text: str) -> None:
    redactor = Redactor(Secrets({"MY_KEY": KEY, "COMMON": "changeme", "SHORT": "short"}))
    assert redactor.redact(f"it is {text}") == f"it is {text}"


# --- files and the web


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_paths_that_the_page_names_are_refused_and_others_are_not(own_place: Path) -> None:
    files = FolderWorkspace(own_place)
    (own_place / "link").symlink_to("/etc")
    (own_place / "once").write_text("x")
    os.link(own_place / "once", own_place / "twice")
    for path in ("../x", "/etc/passwd", "~/x", "link/passwd", "once"):
        with pytest.raises(ToolError):
            files.read(path)
    for path in (".git/hooks/pre-commit", "deep/.BASHRC", ".ssh/authorized_keys"):
        with pytest.raises(ToolError, match="decides what other programs do later"):
            files.write(path, b"x")
    for path in ("Makefile", "conftest.py", "package.json", ".env"):
        files.write(path, b"x")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://[::ffff:10.0.0.1]/",
        "http://169.254.169.254/",
        "http://1.1.1.1:22/",
    ],
)
def test_addresses_that_the_page_names_are_refused(url: str) -> None:
    with pytest.raises(ToolError) as told:
        WebClient().request("GET", url)
    assert told.value.kind == "denied"


def test_the_numbers_and_names_of_the_page_are_those_in_force() -> None:
    assert f"at most {MOST_REDIRECTS} redirects" in WORDS
    named = re.search(r"none of your headers but (.+?), and no body", WORDS)
    assert named
    assert {name.lower() for name in re.findall(r"`([\w-]+)`", named[1])} == _HARMLESS_HEADERS
    assert f"files that held more than {MOST_BYTES_OF_A_FILE >> 20} MB" in WORDS
    assert f"what the last {MOST_RUNS} runs changed, up to {MOST_BYTES >> 20} MB for all folders" in WORDS
