"""The demos: prepared replies through the real planner, engine, tools and sandbox, and labelled as what they are."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import chat_cli
from overseer.broker.broker import Broker
from overseer.demo import LABEL, Demo, demo, demos
from overseer.demo import prepared as demo_files
from overseer.errors import UsageError
from overseer.frontends.draft import Planned
from overseer.frontends.planner import Planner
from overseer.journal.journal import Journal
from overseer.plan.values import Code
from overseer.registry import ToolFolder, load_tools, our_tools
from overseer.running.engine import Engine
from overseer.sandbox import Sandbox, SandboxUnavailable
from overseer.tool import Cancellation, Question, ToolContext
from tests.headless.schemas import require_valid
from tests.processes import PATIENCE_S, signals_as_usual  # noqa: F401
from tests.program import source_begun

TOOLS = load_tools([ToolFolder(our_tools(), "built-in")]).tools


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OLLAMA_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def at_once(shown: Demo) -> Demo:
    """The same demo with a model that takes no time."""
    entries = tuple(replace(entry, delay_s=0.0, pace_s=0.0) for entry in shown.script.entries)
    return replace(shown, script=replace(shown.script, entries=entries))


@pytest.fixture
def overseer(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    read = demo_files._read
    monkeypatch.setattr(demo_files, "_read", lambda name: at_once(read(name)))

    def call(*arguments: str) -> tuple[int, str, str]:
        code = chat_cli.main(["demo", *arguments])
        return code, *capsys.readouterr()

    return call


def test_the_first_demo_is_the_usual_one_and_names_are_helped_with() -> None:
    assert [each.name for each in demos()] == ["joke", "code"]
    assert demo() == demos()[0]
    with pytest.raises(UsageError, match="there is no demo 'jokes'; did you mean 'joke'"):
        demo("jokes")


@pytest.mark.parametrize("shown", demos(), ids=lambda shown: shown.name)
def test_every_reply_takes_as_long_as_that_of_a_model(shown: Demo) -> None:
    for entry in shown.script.entries:
        assert 0.2 <= entry.delay_s + entry.pace_s * len(entry.text.split()) <= 5


@pytest.mark.parametrize("shown", demos(), ids=lambda shown: shown.name)
def test_the_plan_comes_from_the_planner_and_the_answer_from_the_same_model(shown: Demo) -> None:
    fast = at_once(shown)
    engine = Engine(TOOLS.values(), broker=fast.broker(Broker()))
    door, context = engine.door(), ToolContext("", "plan", 1, Cancellation())
    draft = Planner(lambda question: door.ask(question, context), TOOLS).draft(shown.request)
    assert isinstance(draft, Planned)
    assert draft.notes == ()
    assert any(isinstance(step.action, Code) for step in draft.plan.steps) == (shown.name == "code")
    answered = door.ask(Question(f"Tell of it: {shown.request}", system="You answer.", role="overseer"), context)
    assert answered.failure is None
    assert len(str(answered.value)) > 50
    assert answered.spent.requests == 1
    assert (answered.spent.cost, answered.spent.unpriced) == (0.0, 0)


def test_the_joke_and_its_translations_from_request_to_answer(overseer: Any) -> None:
    code, out, err = overseer("--yes")
    assert code == 0
    assert out.startswith("Here is a joke about cats, in three languages:")
    assert "Pourquoi le chat" in out
    assert "¿Por qué" in out
    lines = err.splitlines()
    assert lines[:2] == [f"[{LABEL}] {demo().title}", f"> {demo().request}"]
    assert lines[-1] == f"[{LABEL}]"
    assert lines.index("Workflow Plan (3 steps):") < lines.index("Executing 2 steps in parallel:")
    assert "  made by joke (scripted)" in lines
    with Journal.open(read_only=True) as journal:
        (kept,) = journal.runs()
        assert journal.run(kept.run_id).options["demo"] == "joke"
        assert kept.name == "joke-in-two-languages (scripted model)"


def test_generated_code_calls_its_tools_at_once_and_is_not_kept(overseer: Any, tmp_path: Path) -> None:
    code, out, _ = overseer("code", "--yes", "--json")
    assert code == 0
    document = json.loads(out)
    assert (document["schema"], document["demo"], document["scripted"]) == ("overseer.run/1", "code", LABEL)
    assert document["sandbox"] in ("full", "hardened")
    require_valid(document)
    assert document["output"]["shortest"] == "Italian"
    assert document["request"] == demo("code").request
    assert "Quattro zampe" in document["answer"]
    assert set(document["output"]["versions"]) == {"French", "Spanish", "German", "Italian"}
    (step,) = (step for step in document["steps"] if step["step_id"] == "shortest")
    assert step["calls"] == 4
    assert step["spent"]["requests"] == 4  # its code was written before
    assert not (tmp_path / "home" / "programs").exists()


def test_without_anybody_to_ask_nothing_runs(overseer: Any) -> None:
    code, out, err = overseer("joke", "--json")
    assert (code, out.count("--yes")) == (5, 1)
    code, _, err = overseer("joke")
    assert code == 5
    assert "add --yes" in err


def test_where_no_sandbox_can_be_had_the_demo_with_code_says_why(
    overseer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object, **__: object) -> Sandbox:
        raise SandboxUnavailable({"hardened": "this kernel has no Landlock"})

    monkeypatch.setattr(Sandbox, "start", none)
    code, out, err = overseer("code", "--yes")
    assert (code, out) == (1, "")
    assert "this kernel has no Landlock" in err
    assert "Traceback" not in err
    assert json.loads(overseer("code", "--yes", "--json")[1])["exit_code"] == 1
    assert overseer("joke", "--yes")[0] == 0


@pytest.mark.parametrize("verdict", ["ask", "deny"])
def test_a_yes_is_none_to_what_the_permissions_are_about(overseer: Any, tmp_path: Path, verdict: str) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.yaml").write_text(f"permissions: {{rules: [{{{verdict}: content_generator}}]}}")
    code, out, err = overseer("--yes")
    assert (code, out) == (5, "")
    assert "content_generator" in err
    assert "Executing" not in err
    code, out, err = overseer("--yes", "--json")
    document = json.loads(out)
    require_valid(document)
    assert (code, document["exit_code"], err) == (5, 5, "")
    assert f"your permissions {verdict} " in document["error"].replace("ask for", "ask ")


@pytest.mark.parametrize("review", ["always", "risky", "never"])
def test_the_plan_is_seen_before_anything_runs_whatever_the_settings(
    overseer: Any, tmp_path: Path, review: str
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.yaml").write_text(f"chat: {{review: {review}}}", encoding="utf-8")
    code, _, err = overseer("--yes")
    assert code == 0
    assert err.index("Workflow Plan") < err.index("Executing: Write a joke")


def test_the_list_names_every_demo(overseer: Any) -> None:
    out = overseer("--list")[1]
    document = json.loads(overseer("--list", "--json")[1])
    assert document["scripted"] == LABEL
    for shown in demos():
        assert shown.request in out
        assert shown.name in [each["name"] for each in document["demos"]]


def test_a_budget_of_the_settings_holds(overseer: Any, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.yaml").write_text("budget: {run: {requests: 2}}", encoding="utf-8")
    code, _, err = overseer("--yes")
    assert code == 6
    assert "budget" in err


def test_a_demo_that_was_cut_off_goes_on_with_its_script(overseer: Any, capsys: pytest.CaptureFixture[str]) -> None:
    test_a_budget_of_the_settings_holds(overseer, Path.cwd())
    with Journal.open(read_only=True) as journal:
        (run,) = journal.runs()
    code = chat_cli.main(["resume", run.run_id, "--budget", "requests=9", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert (code, document["status"], document["scripted"]) == (0, "succeeded", LABEL)


# --- at a terminal


# The program with demos whose models take no time.
_AT_ONCE = """
import chat_cli
from dataclasses import replace
from overseer.demo import prepared
read = prepared._read
def read_at_once(name):
    shown = read(name)
    entries = tuple(replace(entry, delay_s=0.0, pace_s=0.0) for entry in shown.script.entries)
    return replace(shown, script=replace(shown.script, entries=entries))
prepared._read = read_at_once
chat_cli.entry()
"""


class Terminal:
    """The command at a terminal of its own."""

    def __init__(self, *arguments: str) -> None:
        self.terminal, other = pty.openpty()
        self.process = source_begun(_AT_ONCE, "demo", *arguments, stdin=other, stdout=other, stderr=other)
        os.close(other)
        self.seen = ""

    def read_until(self, done: Callable[[str], bool]) -> str:
        give_up_at = time.monotonic() + PATIENCE_S
        while not done(self.seen):
            assert select.select([self.terminal], [], [], max(0.0, give_up_at - time.monotonic()))[0], self.seen
            try:
                self.seen += os.read(self.terminal, 4096).decode(errors="replace")
            except OSError:  # it has ended
                break
        return self.seen

    def type(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def end(self) -> int:
        self.read_until(lambda seen: False)
        os.close(self.terminal)
        return self.process.wait(PATIENCE_S)


QUESTION = "[r]un"


@pytest.mark.parametrize(("answer", "runs"), [("r\n", True), ("q\n", False), ("\x04", False)])
def test_the_plan_is_shown_and_reviewed_as_in_the_chat(answer: str, runs: bool) -> None:
    shown = Terminal("joke")
    seen = shown.read_until(lambda seen: QUESTION in seen)
    assert re.search(r"1\. Write a joke", seen)
    assert "Executing" not in seen
    shown.type(answer)
    assert shown.end() == 0
    assert ("succeeded" in shown.seen) == runs
    assert ("Here is a joke about cats" in shown.seen) == runs
    assert ("nothing was run" in shown.seen) != runs


def test_ctrl_c_at_the_question_ends_it_with_code_under_way() -> None:
    shown = Terminal("code")
    shown.read_until(lambda seen: QUESTION in seen)
    shown.process.send_signal(signal.SIGINT)
    assert shown.end() == 130
    assert "Traceback" not in shown.seen
