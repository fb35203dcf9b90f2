"""Editing a plan in a real editor: a child process that does to the file what people and broken editors do."""

from __future__ import annotations

import shlex
import signal
import stat
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.chat.editing import edited, fault_lines, with_faults, without_faults
from overseer.chat.editor import in_editor
from overseer.errors import UsageError
from overseer.plan import Fault, Limits, to_yaml
from overseer.plan.values import Once, Scope, WorkflowPlan, WorkflowStep
from overseer.review import Proposal, Replace
from overseer.running.engine import Engine
from overseer.tool import Tool
from tests.chat.people import TOOLS, Typist, plan, step

PLAN = plan(step("a"), step("b", "think", "a"), step("c", "keep", "b"))


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    (folder := tmp_path / "an editor's folder").mkdir()
    return folder


def editor(folder: Path, *, does: str, name: str = "editor.py") -> str:
    """A command that does this to the text of the file that it is given; `path` is that file."""
    script = folder / name
    head = "import os, signal, sys\nfrom pathlib import Path\npath = Path(sys.argv[-1])\ntext = path.read_text()\n"
    script.write_text(head + does)
    return shlex.join([sys.executable, str(script)])


def test_what_was_typed_is_the_plan(scripts: Path) -> None:
    command = editor(scripts, does='path.write_text(text.replace("tool: keep", "tool: look"))')
    found = edited(to_yaml(PLAN), command, TOOLS, Limits())
    assert found.plan is not None
    assert [each.tool_name for each in found.plan.steps] == ["think", "think", "look"]


def test_the_file_is_private_and_gone_with_all_that_the_editor_left_beside_it(scripts: Path) -> None:
    says = scripts / "said"
    does = f"""
Path({str(says)!r}).write_text(f"{{path}} {{path.stat().st_mode:o}} {{path.parent.stat().st_mode:o}}")
(path.parent / "plan.yaml~").write_text(text)
"""
    assert in_editor("x: 1\n", editor(scripts, does=does), suffix=".yaml") == "x: 1\n"
    path, mode, folder = says.read_text().rsplit(" ", 2)
    assert stat.S_IMODE(int(mode, 8)) == 0o600
    assert stat.S_IMODE(int(folder, 8)) == 0o700
    assert not Path(path).parent.exists()


BROKEN = [
    ("sys.exit(3)", "ended with 3; nothing was changed"),
    ("os.kill(os.getpid(), signal.SIGKILL)", "was killed by signal 9; nothing was changed"),
    ("path.unlink()", "left no file behind; nothing was changed"),
    ("path.write_bytes(b'a: 1\\nb: \\xff\\n')", "not UTF-8 in line 2; nothing was changed"),
    ("path.write_text('x' * (17 * 1024 * 1024))", "larger than 16 MB; nothing was changed"),
    ("path.unlink(); path.mkdir()", "the editor cannot be used"),
]


@pytest.mark.parametrize(("does", "says"), BROKEN, ids=[says[:16] for _, says in BROKEN])
def test_an_editor_that_fails_changes_nothing(
    scripts: Path, does: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    typist = Typist(["e", "q"], TOOLS, editor=editor(scripts, does=does))
    typist.reviewing.decide(Proposal(PLAN, "model"), must_ask=True)
    assert says in capsys.readouterr().err
    assert len(typist.questions) == 2


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("/srv/no-such-editor", "cannot be started: No such file or directory; name one in EDITOR"),
        ("'unbalanced", "cannot be read as a command"),
        ("''", "cannot be started"),
        ("/", "cannot be started"),
    ],
)
def test_an_editor_that_is_none_is_told_of(command: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        in_editor("text", command, suffix=".yaml")


def test_the_editor_is_that_of_the_environment(scripts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "  ")
    monkeypatch.setenv("EDITOR", editor(scripts, does="path.write_text('mine')"))
    assert in_editor("text", "", suffix=".txt") == "mine"


def test_ctrl_c_in_the_editor_does_not_end_the_review(scripts: Path) -> None:
    does = "os.kill(os.getppid(), signal.SIGINT)\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\npath.write_text('b')"
    assert threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert in_editor("a", editor(scripts, does=does), suffix=".txt") == "b"
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_editor_hears_ctrl_c_as_usual(scripts: Path) -> None:
    """Unlike a signal that is ignored, one that is handled here is not ignored in the child."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        does = "path.write_text(str(signal.getsignal(signal.SIGINT) is signal.default_int_handler))"
        assert in_editor("", editor(scripts, does=does), suffix=".txt") == "True"
    finally:
        signal.signal(signal.SIGINT, before)


# --- faults, and what becomes of the text


def test_faults_are_told_with_their_lines_and_the_text_is_opened_again(
    scripts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Edited to a cycle and an unknown tool, opened again with its faults above it, and mended."""
    does = f"""
seen = Path({str(scripts / "seen")!r})
if not seen.exists():
    seen.write_text("")
    path.write_text(text.replace("tool: keep", "tool: kep").replace("{{{{a}}}}", "{{{{c}}}}"))
else:
    seen.write_text(text)
    path.write_text(text.replace("tool: kep", "tool: keep").replace("{{{{c}}}}", "{{{{a}}}}").replace("think", "ask"))
"""
    typist = Typist(["e", "e", "q"], TOOLS, editor=editor(scripts, does=does))
    proposal = Proposal(PLAN, "model")
    decision = typist.reviewing.decide(proposal, must_ask=True)
    said = capsys.readouterr().err.split("[r]un")[0]
    wrong = to_yaml(PLAN).replace("tool: keep", "tool: kep").splitlines()
    number = next(place for place, line in enumerate(wrong, 1) if "tool: kep" in line)
    assert f"line {number}, step 'c': there is no tool 'kep'; did you mean 'keep'?" in said
    assert f"  {number} | {wrong[number - 1]}" in said
    assert "b -> c -> b" in said or "c -> b -> c" in said
    opened = (scripts / "seen").read_text().splitlines()
    head = [line for line in opened if line.startswith("#! ")]
    assert any("there is no tool 'kep'" in line for line in head)
    told = next(int(line.split("line ")[1].split(",")[0]) for line in head if "'kep'" in line)
    assert "tool: kep" in opened[told - 1], "the fault names the line as the editor counts it"
    assert isinstance(decision, Replace)
    assert [each.tool_name for each in decision.plan.steps] == ["ask", "ask", "keep"]


def test_an_unchanged_and_an_emptied_file_leave_the_plan(scripts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for does, says in (("pass", "nothing was changed"), ("path.write_text('\\n  \\n')", "the file was emptied")):
        typist = Typist(["e"], TOOLS, editor=editor(scripts, does=does))
        typist.reviewing.decide(Proposal(PLAN, "model"), must_ask=True)
        assert says in capsys.readouterr().err
        assert len(typist.questions) == 2


def test_emptying_the_file_throws_away_what_was_kept(scripts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = scripts / "log"
    does = f"""
with Path({str(log)!r}).open("a") as file: file.write(repr(text) + "\\n")
path.write_text("" if "#!" in text else "steps: [")
"""
    typist = Typist(["e", "e", "e"], TOOLS, editor=editor(scripts, does=does))
    typist.reviewing.decide(Proposal(PLAN, "model"), must_ask=True)
    texts = [eval(line) for line in log.read_text().splitlines()]
    assert texts[0] == texts[2] == to_yaml(PLAN)
    assert texts[1].endswith("steps: [")


def test_what_was_typed_for_one_plan_is_not_opened_for_another(scripts: Path) -> None:
    log = scripts / "log"
    does = f"Path({str(log)!r}).write_text(text)\npath.write_text('steps: [')"
    typist = Typist(["e", "q", "e", "q"], TOOLS, editor=editor(scripts, does=does))
    typist.reviewing.decide(Proposal(PLAN, "model"), must_ask=True)
    other = plan(step("other"))
    typist.reviewing.decide(Proposal(other, "model"), must_ask=True)
    assert log.read_text() == to_yaml(other)


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"))


@given(TEXTS.filter(lambda text: not text.startswith(("#!", "\ufeff"))), st.lists(TEXTS, max_size=5))
def test_the_faults_above_a_text_are_taken_out_of_it_again(text: str, problems: list[str]) -> None:
    faults = [Fault(problem, line=place) for place, problem in enumerate(problems)]
    assert without_faults(with_faults(text, faults)) == text


@given(TEXTS, st.integers(-3, 9))
def test_a_fault_quotes_its_line_harmlessly(text: str, line: int) -> None:
    said = fault_lines(text, [Fault("is wrong", line=line)])
    assert all(each.isprintable() for each in said)


@pytest.mark.parametrize("is_tool", [True, False])
def test_a_plan_with_a_workflow_can_be_edited(scripts: Path, is_tool: bool) -> None:
    """One that is a tool is called, as it was written; of one from a file, the steps are there."""
    inner = plan(step("x", "keep"))
    flow = Tool("flow", lambda: None, kind="workflow", plan=inner, effect="write", timeout_s=7)
    tools = {**TOOLS, **({"flow": flow} if is_tool else {})}
    scope = WorkflowStep("a", Scope(Once(), inner, workflow="flow"), timeout_s=7)
    made = plan(step("b")).steps[0]
    log = scripts / "log"
    does = f"Path({str(log)!r}).write_text(text)\npath.write_text(text + 'name: renamed\\n')"
    typist = Typist(["e"], tools, editor=editor(scripts, does=does))
    decision = typist.reviewing.decide(Proposal(WorkflowPlan((scope, made)), "model"), must_ask=True)
    assert isinstance(decision, Replace)
    assert Engine(tools.values()).checked(decision.plan).steps == (scope, made)
    assert ("tool: flow" in log.read_text()) is is_tool
    assert ("tool: keep" in log.read_text()) is not is_tool
