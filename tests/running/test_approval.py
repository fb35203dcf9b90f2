"""Approval: nothing that needs somebody's word is called before it was given, and it holds for one plan alone."""

from __future__ import annotations

import json
import os
import select
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import chat_cli
from overseer import Engine
from overseer.broker.broker import Broker, Door
from overseer.broker.permissions import CAREFUL, Grants, Policy, Rule
from overseer.errors import PlanError
from overseer.journal.journal import Journal
from overseer.running.approval import NotApproved
from overseer.tool import Cancellation, Effect, Tool, ToolContext
from tests.fakes import Latch
from tests.processes import PATIENCE_S, signals_as_usual  # noqa: F401
from tests.program import begun_at

TOOLS = """
from pathlib import Path
from overseer.tool import tool


def note(what):
    with Path("called.txt").open("a") as file:
        file.write(what + "\\n")
    return what


@tool(effect="write", writes=["file:{path}"])
def keep(path: str) -> str:
    "Write."
    return note("keep")


@tool(effect="network")
def post(url: str) -> str:
    "Send."
    return note("post")


@tool(effect="exec")
def start(command: str) -> str:
    "Start a program."
    return note("start")


@tool
def think(text: str = "a thought") -> str:
    "Needs nobody's word."
    return note("think")
"""

PLAN = """
steps:
- {step_id: idea, tool: think}
- {step_id: file, tool: keep, args: {path: a.txt}}
- {step_id: tell, tool: post, args: {url: "https://example.org/{{idea}}"}}
- step_id: many
  for_each: [1, 2]
  steps: [{step_id: run, tool: start, args: {command: "make {{item}}"}}]
"""


def need(tool: str, effect: str, step: str, verdict: str = "ask", **args: str) -> dict[str, Any]:
    return {"tool": tool, "class": effect, "verdict": verdict, "uses": [{"step": step, "args": args}]}


NEEDS = [
    need("keep", "write", "file", path="a.txt"),
    need("post", "network", "tell", url="https://example.org/{{idea}}"),
    need("start", "exec", "run", command="make {{item}}"),
]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "extra").mkdir()
    (tmp_path / "extra" / "tools.py").write_text(TOOLS)
    (tmp_path / "plan.yaml").write_text(PLAN)


def called() -> list[str]:
    path = Path("called.txt")
    return sorted(path.read_text().split()) if path.exists() else []


RUN = ("run", "plan.yaml", "--tools", "extra")
EVERYTHING = ["keep", "post", "start", "start", "think"]


# --- where nobody can be asked


def test_what_needs_approval_is_listed_and_nothing_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    assert chat_cli.main(RUN) == 5
    said = capsys.readouterr().err
    assert "this plan wants to do what needs your approval:" in said
    assert "  write: keep\n    step file\n      path: a.txt\n" in said
    assert "  network: post\n    step tell\n      url: https://example.org/{{idea}}\n" in said
    assert "  exec: start\n    step run\n      command: make {{item}}\n" in said
    assert "approve it with: --approve exec,network,write" in said
    assert called() == []
    assert chat_cli.main(("runs", "--json")) == 0
    assert json.loads(capsys.readouterr().out)["runs"] == []


@pytest.mark.parametrize("form", ["--json", "--jsonl"])
def test_a_program_gets_the_needs_in_a_document(capsys: pytest.CaptureFixture[str], form: str) -> None:
    assert chat_cli.main((*RUN, form)) == 5
    said = capsys.readouterr()
    document = json.loads(said.out)  # the only line, since no event has happened
    assert document.get("kind") == ("error" if form == "--jsonl" else None)
    assert (document["schema"], document["exit_code"]) == ("overseer.error/1", 5)
    assert document["needs"] == NEEDS
    assert "--approve exec,network,write" in document["error"]
    assert called() == []


@pytest.mark.parametrize("classes", ["network,write,exec", "all"])
def test_approved_classes_run(classes: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert chat_cli.main((*RUN, "--approve", classes)) == 0
    assert called() == EVERYTHING


def test_approving_a_part_leaves_the_rest_to_be_approved(capsys: pytest.CaptureFixture[str]) -> None:
    assert chat_cli.main((*RUN, "--json", "--approve", "write,exec")) == 5
    assert json.loads(capsys.readouterr().out)["needs"] == NEEDS[1:2]
    assert called() == []


def test_what_is_no_class_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        chat_cli.main((*RUN, "--approve", "writing"))
    assert left.value.code == 2
    assert "'writing' is no class of tools; there are: pure, read, model, network, write, exec, all" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize("approve", [(), ("--approve", "all")])
def test_what_the_settings_deny_cannot_be_approved(
    capsys: pytest.CaptureFixture[str], approve: tuple[str, ...]
) -> None:
    Path("home").mkdir()
    Path("home/config.yaml").write_text("permissions: {rules: [{deny: start, args: {command: 'make *'}}]}")
    Path("plan.yaml").write_text("steps: [{step_id: a, tool: start, args: {command: make all}}]")
    assert chat_cli.main((*RUN, "--json", *approve)) == 5
    document = json.loads(capsys.readouterr().out)
    assert "the settings deny what this plan wants to do" in document["error"]
    assert "can only be allowed under 'permissions' in config.yaml" in document["error"]
    assert document["needs"] == [need("start", "exec", "a", "deny", command="make all")]
    assert called() == []


# --- at a terminal


class Terminal:
    """The command line at a terminal of its own: what it shows, and what is typed."""

    def __init__(self, *arguments: str) -> None:
        self.shown = ""
        self._screen, inner = os.openpty()
        self._process = begun_at(inner, *arguments, folder=Path.cwd(), environment={**os.environ, "TERM": "xterm"})
        os.close(inner)

    def wait_for(self, words: str) -> None:
        while words not in self.shown:
            assert self._read(), f"it ended without showing {words!r}: {self.shown}"

    def type(self, keys: str) -> None:
        os.write(self._screen, keys.encode())

    def end(self) -> int:
        """The exit code, once it has ended."""
        while self._read():
            pass
        return self._process.wait(PATIENCE_S)

    def close(self) -> None:
        self._process.kill()
        self._process.wait(PATIENCE_S)
        os.close(self._screen)

    def _read(self) -> bool:
        readable, _, _ = select.select([self._screen], [], [], PATIENCE_S)
        assert readable, f"nothing more was shown: {self.shown}"
        try:
            data = os.read(self._screen, 65536)
        except OSError:  # how Linux tells that the other side is gone
            return False
        self.shown += data.decode()
        return bool(data)


@contextmanager
def at_a_terminal(*arguments: str) -> Iterator[Terminal]:
    terminal = Terminal(*arguments)
    try:
        yield terminal
    finally:
        terminal.close()


QUESTION = "Approve it for this run? [y/N] "


@pytest.mark.parametrize("answer", ["y\n", "YES\n"])
def test_at_a_terminal_one_is_asked_once_and_yes_runs_it(answer: str) -> None:
    with at_a_terminal(*RUN) as terminal:
        terminal.wait_for(QUESTION)
        assert called() == []
        assert "exec: start\r\n    step run\r\n      command: make {{item}}" in terminal.shown
        terminal.type(answer)
        assert terminal.end() == 0
        assert terminal.shown.count(QUESTION) == 1
    assert called() == EVERYTHING


@pytest.mark.parametrize(
    ("keys", "codes"),
    [("n\n", {5}), ("\n", {5}), ("maybe\n", {5}), ("\x04", {5}), ("\x03", {130})],
    ids=["no", "Enter", "maybe", "end of input", "Ctrl-C"],
)
def test_at_a_terminal_anything_but_yes_runs_nothing(keys: str, codes: set[int]) -> None:
    with at_a_terminal(*RUN) as terminal:
        terminal.wait_for(QUESTION)
        terminal.type(keys)
        assert terminal.end() in codes
        assert terminal.shown.count(QUESTION) == 1
        assert "Traceback" not in terminal.shown
    assert called() == []


def test_at_a_terminal_nobody_is_asked_for_a_program_or_for_what_is_denied() -> None:
    Path("home").mkdir()
    with at_a_terminal(*RUN, "--json") as terminal:
        assert terminal.end() == 5
        assert QUESTION not in terminal.shown
    Path("home/config.yaml").write_text("permissions: {exec: deny}")
    with at_a_terminal(*RUN) as terminal:
        assert terminal.end() == 5
        assert QUESTION not in terminal.shown
    assert called() == []


# --- bound to one plan


class Acts:
    """Tools of two classes; the first call of `work` waits for the test."""

    def __init__(self) -> None:
        self.latch = Latch()
        self.calls: list[str] = []

    def tools(self) -> list[Tool]:
        return [self._tool("work", "write", waits=True), self._tool("post", "network"), self._tool("start", "exec")]

    def _tool(self, name: str, effect: Effect, *, waits: bool = False) -> Tool:
        def act(text: str = "") -> str:
            self.calls.append(name)
            if waits and self.calls.count(name) == 1:
                self.latch.wait()
            return text or name

        schema = {"type": "object", "properties": {"text": {"type": "string"}}}
        return Tool(name, act, parameters=schema, effect=effect, writes=("file:x",) if effect == "write" else ())


WORK = {"step_id": "a", "tool": "work"}
THEN_WORK = {"steps": [WORK, {"step_id": "b", "tool": "work", "depends_on": ["a"]}]}
THEN_POST = {"steps": [WORK, {"step_id": "c", "tool": "post", "depends_on": ["a"]}]}
WRITE, NETWORK = Grants(classes=frozenset({"write"})), Grants(classes=frozenset({"network"}))


def test_a_changed_plan_needs_an_approval_of_its_own_and_the_old_one_goes_on() -> None:
    acts = Acts()
    run = Engine(acts.tools(), broker=Broker(policy=CAREFUL)).prepare(THEN_WORK, approve=WRITE).start()
    acts.latch.wait_until_reached()
    with pytest.raises(NotApproved) as refused:
        run.change(THEN_POST, approve=WRITE)
    assert [(need.tool, need.steps) for need in refused.value.needs] == [("post", ("c",))]
    with pytest.raises(NotApproved) as refused:  # what was approved for the plan before was approved for no other
        run.change(THEN_POST, approve=NETWORK)
    assert [need.tool for need in refused.value.needs] == ["work"]
    acts.latch.open()
    result = run.wait(PATIENCE_S)
    assert (result.succeeded, result.values) == (True, {"a": "work", "b": "work"})
    assert acts.calls == ["work", "work"]


def test_a_changed_plan_that_was_approved_is_followed() -> None:
    acts = Acts()
    run = Engine(acts.tools(), broker=Broker(policy=CAREFUL)).prepare(THEN_WORK, approve=WRITE).start()
    acts.latch.wait_until_reached()
    run.change(THEN_POST, approve=Grants(classes=frozenset({"write", "network"})))
    acts.latch.open()
    assert run.wait(PATIENCE_S).values == {"a": "work", "c": "post"}


def test_a_change_that_has_faults_takes_no_approval_along() -> None:
    acts = Acts()
    engine = Engine(acts.tools(), broker=Broker(policy=CAREFUL))
    run = engine.prepare(THEN_WORK, approve=WRITE).start()
    acts.latch.wait_until_reached()
    with pytest.raises(PlanError):  # `a` is at work and cannot be taken away
        run.change({"steps": [{"step_id": "c", "tool": "post"}]}, approve=NETWORK)
    acts.latch.open()
    assert run.wait(PATIENCE_S).values == {"a": "work", "b": "work"}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "journal.db") as opened:
        yield opened


def cut_off(journal: Journal, acts: Acts, plan: Any, approve: Grants) -> tuple[Engine, str]:
    """An engine, and a run of it that was cancelled while its first step was at work."""
    engine = Engine(acts.tools(), broker=Broker(policy=CAREFUL), journal=journal)
    run = engine.prepare(plan, approve=approve).start()
    acts.latch.wait_until_reached()
    run.cancel()
    acts.latch.open()
    assert run.wait(PATIENCE_S).status == "cancelled"
    return engine, run.run_id


def test_a_resumed_run_keeps_what_was_approved_for_its_plan(journal: Journal) -> None:
    acts = Acts()
    engine, run_id = cut_off(journal, acts, THEN_POST, Grants(classes=frozenset({"write"}), tools=frozenset({"post"})))
    assert engine.resume(run_id).succeeded
    assert acts.calls == ["work", "post"]


def test_settings_that_have_become_stricter_hold_for_a_resumed_run(journal: Journal) -> None:
    acts = Acts()
    _, run_id = cut_off(journal, acts, THEN_POST, Grants(classes=frozenset({"write", "network"})))
    stricter = Broker(policy=Policy(CAREFUL.classes, (Rule("deny", "post"),)))
    with pytest.raises(NotApproved, match="the settings deny"):
        Engine(acts.tools(), broker=stricter, journal=journal).resume(run_id)
    assert acts.calls == ["work"]


def test_what_was_approved_with_a_change_holds_for_a_resumed_run(journal: Journal) -> None:
    acts = Acts()
    engine = Engine(acts.tools(), broker=Broker(policy=CAREFUL), journal=journal)
    run = engine.prepare(THEN_WORK, approve=WRITE).start()
    acts.latch.wait_until_reached()
    both = Grants(classes=frozenset({"write", "network"}))
    run.change(THEN_POST, approve=both)
    run.cancel()
    acts.latch.open()
    assert run.wait(PATIENCE_S).status == "cancelled"
    assert engine.resume(run.run_id).succeeded
    assert acts.calls == ["work", "post"]


def test_what_was_approved_before_a_change_holds_for_no_other_plan(journal: Journal) -> None:
    acts = Acts()
    opened = Broker(policy=Policy({**CAREFUL.classes, "network": "allow"}))
    run = Engine(acts.tools(), broker=opened, journal=journal).prepare(THEN_WORK, approve=WRITE).start()
    acts.latch.wait_until_reached()
    run.change(THEN_POST, approve=WRITE)
    run.cancel()
    acts.latch.open()
    assert run.wait(PATIENCE_S).status == "cancelled"
    with pytest.raises(NotApproved) as refused:  # what was only allowed was approved by nobody
        Engine(acts.tools(), broker=Broker(policy=CAREFUL), journal=journal).resume(run.run_id)
    assert [need.tool for need in refused.value.needs] == ["post"]


def test_what_was_approved_at_a_resume_holds_for_the_next(journal: Journal) -> None:
    acts = Acts()
    _, run_id = cut_off(journal, acts, THEN_POST, Grants(classes=frozenset({"write", "network"})))
    # Tools of another class are others: what was approved for those before does not hold for these.
    others = [replace(one, effect="exec", writes=()) for one in acts.tools()]
    engine = Engine(others, broker=Broker(policy=CAREFUL), journal=journal)
    with pytest.raises(NotApproved):
        engine.resume(run_id)
    run = engine.prepare_resume(run_id, approve=Grants(classes=frozenset({"exec"})))
    run.cancel()
    assert run.carry_out().status == "cancelled"
    assert engine.resume(run_id).succeeded
    assert acts.calls == ["work", "post"]


# --- known only when the run is under way

RULES = (
    Rule("allow", "start", {"text": "make *"}),
    Rule("deny", "start", {"text": "rm *"}),
)


KNOWN_LATER = {
    "inputs": {"text": {"type": "string"}},
    "steps": [{"step_id": "a", "tool": "start", "args": {"text": "{{inputs.text}}"}}],
}


@pytest.mark.parametrize(("text", "is_called"), [("make all", True), ("ls", True), ("rm -r x", False)])
def test_arguments_that_only_the_run_knows_are_checked_again_at_the_call(text: str, is_called: bool) -> None:
    acts = Acts()
    engine = Engine(acts.tools(), broker=Broker(policy=Policy(CAREFUL.classes, RULES)))
    # Nobody can know yet, so somebody must be asked; what is approved then is the class, and not what is denied.
    assert [(need.tool, need.verdict) for need in engine.needs(KNOWN_LATER)] == [("start", "ask")]
    with pytest.raises(NotApproved):
        engine.prepare(KNOWN_LATER, {"text": text})
    result = engine.prepare(KNOWN_LATER, {"text": text}, approve=Grants(classes=frozenset({"exec"}))).carry_out()
    assert result.succeeded == is_called
    assert acts.calls == ["start"] * is_called
    if not is_called:
        assert result.failures["a"].kind == "denied"
        assert "tool 'start' (exec) is denied by the settings" in result.failures["a"].message


@pytest.mark.parametrize(("text", "is_called"), [("make all", True), ("ls", False), ("rm -r x", False)])
def test_a_call_that_no_plan_announced_is_allowed_by_a_rule_or_not_at_all(text: str, is_called: bool) -> None:
    acts = Acts()
    door = Door(Broker(policy=Policy(CAREFUL.classes, RULES)), {tool.name: tool for tool in acts.tools()})
    result = door.call("start", {"text": text}, ToolContext("", "a", 1, Cancellation()))
    assert (result.failure is None) == is_called
    assert acts.calls == ["start"] * is_called


def test_a_tool_of_two_classes_is_asked_for_with_both(capsys: pytest.CaptureFixture[str]) -> None:
    Path("plan.yaml").write_text("steps: [{step_id: a, tool: download, args: {url: 'http://127.0.0.1:1/', path: a}}]")
    assert chat_cli.main(("run", "plan.yaml")) == 5
    said = capsys.readouterr().err
    assert "write, network: download" in said
    assert "approve it with: --approve network,write" in said
    assert chat_cli.main(("run", "plan.yaml", "--approve", "write")) == 5
    assert chat_cli.main(("run", "plan.yaml", "--approve", "network,write", "--json")) == 4
