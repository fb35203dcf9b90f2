"""Steps that are code: a program is had for each, and runs in the sandbox with the tools of its step."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import wait
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from overseer import Engine, Journal
from overseer.broker.broker import Broker
from overseer.broker.permissions import CAREFUL, Grants
from overseer.errors import PlanError
from overseer.frontends.prewriting import Prewriting
from overseer.frontends.prewriting import Written as EarlyProgram
from overseer.frontends.programmer import ModelPrograms
from overseer.frontends.programs import Ask, Task, Try
from overseer.kernel.events import RunResumed, RunStarted, ToolCalled, ToolReturned
from overseer.models import ModelRoles, ScriptedModel
from overseer.plan import plan_from
from overseer.reports.retelling import run_lines
from overseer.running.coding import Coding
from overseer.sandbox import Limits, Sandbox, SandboxLost
from overseer.tool import Cancellation, ToolContext, ToolError, tool
from tests.sandbox.test_calls import _held, _template


class Written:
    """Programs by their task, one after the other; remembers what they were asked for with."""

    def __init__(self, **programs: str | list[str]) -> None:
        self.programs = {task: [one] if isinstance(one, str) else one for task, one in programs.items()}
        self.asked: list[tuple[str, dict[str, Any], list[str]]] = []
        self.problems: list[str] = []
        self.kept: list[str] = []

    def program(self, task: Task, tries: Sequence[Try], ask: Ask) -> str:
        self.asked.append((task.text, dict(task.args), sorted(task.tools)))
        self.problems += [tried.problem for tried in tries[-1:]]
        if task.text not in self.programs:
            raise ToolError(f"nobody knows how to {task.text}", kind="transient")
        programs = self.programs[task.text]
        return programs[min(len(tries), len(programs) - 1)]

    def keep(self, task: Task, source: str) -> None:
        self.kept.append(source)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.start() as started:
        yield started


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "journal.db") as opened:
        yield opened


@tool
def shout(text: str) -> str:
    """Say it louder."""
    return text.upper()


def code(step_id: str, task: str, **more: Any) -> dict[str, Any]:
    return {"step_id": step_id, "code": task, **more}


def test_the_code_of_a_step_gets_its_arguments_and_its_tools(sandbox: Sandbox) -> None:
    programs = Written(
        count="def main(input):\n    return {'words': len(input['text'].split())}",
        shout="""
from node_runtime import call_tool
def main(input):
    return call_tool("shout", input["text"]) + str(input["n"])
""",
    )
    plan = {
        "inputs": {"text": {"type": "string"}},
        "steps": [
            code("words", "count", args={"text": "{{inputs.text}}"}),
            code("loud", "shout", args={"text": "{{inputs.text}}", "n": "{{words.words}}"}, tools=["shout"]),
        ],
        "output": "{{loud}}",
    }
    result = Engine([shout], coding=Coding(programs, sandbox)).run(plan, {"text": "one two"})
    assert (result.status, result.output) == ("succeeded", "ONE TWO2")
    assert programs.asked == [
        ("count", {"text": "one two"}, []),
        ("shout", {"text": "one two", "n": 2}, ["shout"]),
    ]


def test_the_level_is_kept_with_the_run_and_shown(sandbox: Sandbox, journal: Journal) -> None:
    from overseer.commands.runs import report_of

    programs = Written(ok="def main(input):\n    return 1")
    engine = Engine([shout], journal=journal, coding=Coding(programs, sandbox))
    with_code = engine.run({"steps": [code("a", "ok")]})
    without = engine.run({"steps": [{"step_id": "a", "tool": "shout", "args": {"text": "x"}}]})
    (started,) = (event for event in journal.events(with_code.run_id) if isinstance(event, RunStarted))
    assert started.sandbox == sandbox.level
    report = report_of(journal, journal.run(with_code.run_id))
    assert report.document()["sandbox"] == sandbox.level
    assert f"code ran in the sandbox, level {sandbox.level}" in run_lines(report)
    other = report_of(journal, journal.run(without.run_id))
    assert "sandbox" not in other.document()
    assert "sandbox" not in " ".join(run_lines(other))


@pytest.mark.parametrize(
    ("program", "limits", "kind", "reason"),
    [
        ("def main(input):\n    return 1 / 0", Limits(), "tool", "ZeroDivisionError"),
        ("import sys\ndef main(input):\n    sys.exit()", Limits(), "invalid_output", "silent"),
        ("def main(input):\n    return {1}", Limits(), "invalid_output", "non-JSON"),
        ("def main(input):\n    while True:\n        pass", Limits(wall_s=0.3), "limit", "took longer than 0.3 s"),
        ("x = 1", Limits(), "invalid_output", "it defines no function main(input)"),
        (
            "from node_runtime import call_tool\ndef main(input):\n    return call_tool('shout', 'x')",
            Limits(),
            "invalid_output",
            "line 3: there is no tool 'shout' for this program; there are none",
        ),
    ],
)
def test_code_that_gives_no_result_fails_its_step(
    sandbox: Sandbox, program: str, limits: Limits, kind: str, reason: str
) -> None:
    engine = Engine([shout], coding=Coding(Written(go=program), sandbox, limits))
    result = engine.run({"steps": [code("a", "go")]})
    assert result.status == "failed"
    assert result.failures["a"].kind == kind
    assert reason in result.failures["a"].message


def test_a_step_for_which_there_is_no_program_fails_with_the_reason(sandbox: Sandbox) -> None:
    result = Engine(coding=Coding(Written(), sandbox)).run({"steps": [code("a", "fly")]})
    assert (result.failures["a"].kind, result.failures["a"].message) == ("transient", "nobody knows how to fly")


def test_without_coding_a_plan_with_code_does_not_start() -> None:
    with pytest.raises(PlanError, match="needs code to be written for it") as refused:
        Engine().run({"steps": [code("a", "x"), {"step_id": "s", "iterations": 1, "steps": [code("b", "y")]}]})
    assert [fault.step_id for fault in refused.value.faults] == ["a", "b"]


TWICE = """
from node_runtime import call_tool
def main(input):
    found = [call_tool("note", text) for text in ("x", "y")]
    call_tool("gate")
    return found + [call_tool("note", "z")]
"""


class Notes:
    """What was noted, and a gate that is shut the first few times."""

    def __init__(self, shut: int = 1) -> None:
        self.noted: list[str] = []
        self.passed = 0

        @tool(effect="write", writes=["file:{text}"])
        def note(text: str) -> str:
            """Write something down."""
            self.noted.append(text)
            return f"{text} is noted"

        @tool
        def gate() -> str:
            """Fail at first."""
            self.passed += 1
            if self.passed <= shut:
                raise ToolError("still shut", kind="transient")
            return "open"

        self.tools = [note, gate]


def test_a_program_that_fails_is_followed_by_another_that_knows_why(sandbox: Sandbox) -> None:
    right = "def main(input):\n    return input['n'] + 1"
    wrong = ["def main(input):\n    return input['m']", "import requests\ndef main(input): pass", right]
    programs = Written(go=wrong)
    result = Engine(coding=Coding(programs, sandbox)).run({"steps": [code("a", "go", args={"n": 1})]})
    assert (result.status, result.output) == ("succeeded", 2)
    assert "KeyError: 'm'" in programs.problems[0]
    assert "there is no module 'requests' here" in programs.problems[1]
    assert programs.kept == [right]


def test_three_programs_are_tried_and_no_more(sandbox: Sandbox) -> None:
    programs = Written(go="def main(input):\n    raise ValueError('no')")
    result = Engine(coding=Coding(programs, sandbox)).run({"steps": [code("a", "go")]})
    assert "ValueError: no" in result.failures["a"].message
    assert len(programs.asked) == 3
    assert programs.kept == []


class Early:
    """Programs that were written before the step, as a prewriting gives them."""

    def __init__(self, source: str, *tries: Try) -> None:
        self.written: EarlyProgram | None = EarlyProgram(source, tries)

    def take(self, task: Task, cancellation: Cancellation) -> EarlyProgram | None:
        return self.written

    def forget(self, task: Task) -> None:
        self.written = None


def test_a_program_that_was_written_early_is_used_and_kept(sandbox: Sandbox) -> None:
    programs, early = Written(), Early("def main(input):\n    return 5")
    engine = Engine(coding=Coding(programs, sandbox, prewriting=cast(Any, early)))
    assert engine.run({"steps": [code("a", "go")]}).output == 5
    assert (programs.asked, programs.kept) == ([], ["def main(input):\n    return 5"])


def test_what_was_written_early_counts_as_the_first_tries(sandbox: Sandbox) -> None:
    wrong = "def main(input):\n    raise ValueError('no')"
    programs, early = Written(go=wrong), Early(wrong, Try("x = 1", "it defines no main"))
    engine = Engine(coding=Coding(programs, sandbox, prewriting=cast(Any, early)))
    result = engine.run({"steps": [code("a", "go")]})
    assert "ValueError: no" in result.failures["a"].message
    assert len(programs.asked) == 1  # three in all
    assert early.written is None
    assert engine.run({"steps": [code("a", "go")]}).status == "failed"
    assert len(programs.asked) == 4


def test_rounds_side_by_side_share_a_program_that_a_model_wrote_early(sandbox: Sandbox) -> None:
    model = ScriptedModel([{"role": "coder", "text": "```python\ndef main(input):\n    return input['n'] * 2\n```"}])
    broker = Broker(models=ModelRoles.of(model))
    loop = {"step_id": "all", "for_each": [1, 2, 3], "steps": [code("c", "double", args={"n": "{{item}}"})]}
    plan = plan_from({"steps": [loop]}).plan
    coding = Coding(ModelPrograms(), sandbox)
    door = Engine(broker=broker).door(held_as="this request")
    with Prewriting(coding.programs, door, look=coding.look) as prewriting:
        prewriting.follow(plan)
        (draft,) = prewriting._drafts.values()
        wait([draft.future])
        result = Engine(broker=broker, coding=replace(coding, prewriting=prewriting)).run(plan)
    assert (result.status, result.output) == ("succeeded", [2, 4, 6])
    assert len(model.questions) == prewriting.spent.requests == 1


def test_what_one_program_had_done_is_not_done_again_by_the_next(sandbox: Sandbox, journal: Journal) -> None:
    notes = Notes()
    engine = Engine(notes.tools, journal=journal, coding=Coding(Written(go=TWICE), sandbox))
    result = engine.run({"steps": [code("a", "go", tools=["note", "gate"])]})
    assert (result.status, result.output) == ("succeeded", ["x is noted", "y is noted", "z is noted"])
    assert (notes.noted, notes.passed) == (["x", "y", "z"], 2)


def test_code_that_begins_anew_repeats_no_call(sandbox: Sandbox, journal: Journal) -> None:
    notes = Notes(shut=3)
    engine = Engine(notes.tools, journal=journal, coding=Coding(Written(go=TWICE), sandbox))
    first = engine.run({"steps": [code("a", "go", tools=["note", "gate"])]})
    assert first.status == "failed"
    assert notes.noted == ["x", "y"]
    again = engine.resume(first.run_id)
    assert (again.status, again.output) == ("succeeded", ["x is noted", "y is noted", "z is noted"])
    assert notes.noted == ["x", "y", "z"]
    events = list(journal.events(first.run_id))
    assert sum(isinstance(event, ToolCalled) for event in events) == 7  # three notes, four times at the gate
    assert sum(isinstance(event, ToolReturned) for event in events) == 7
    (resumed,) = (event for event in events if isinstance(event, RunResumed))
    assert resumed.sandbox == sandbox.level


def test_what_code_may_do_was_approved_with_the_plan(sandbox: Sandbox) -> None:
    notes = Notes(shut=0)
    plan = {"steps": [code("a", "go", tools=["note", "gate"])]}
    engine = Engine(notes.tools, broker=Broker(policy=CAREFUL), coding=Coding(Written(go=TWICE), sandbox))
    (need,) = engine.needs(plan)
    assert (need.tool, need.steps) == ("note", ("a",))
    result = engine.prepare(plan, approve=Grants(tools=frozenset({"note"}))).carry_out()
    assert result.status == "succeeded"


@pytest.mark.parametrize("how", ["cancelled", "timeout"])
def test_a_step_that_is_given_up_leaves_no_node_and_no_call(sandbox: Sandbox, how: str) -> None:
    begun, ended = threading.Event(), threading.Event()

    @tool
    def wait(context: ToolContext) -> str:
        """Take long."""
        begun.set()
        context.wait(60)
        ended.set()
        return "late"

    programs = Written(go="from node_runtime import call_tool\ndef main(input):\n    return call_tool('wait')")
    engine = Engine([wait], coding=Coding(programs, sandbox))
    more = {"timeout": "500ms"} if how == "timeout" else {}
    with engine.start({"steps": [code("a", "go", tools=["wait"], **more)]}) as run:
        assert begun.wait(30)
        if how == "cancelled":
            run.cancel(hard=True)
        result = run.wait()
    assert result.status == ("cancelled" if how == "cancelled" else "failed")
    assert ended.wait(30)
    for _ in range(300):
        if not _held(_template(sandbox))["children"]:
            break
        threading.Event().wait(0.1)
    assert _held(_template(sandbox))["children"] == 0


def test_a_lost_sandbox_fails_the_step(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    def lost(*_: object, **__: object) -> None:
        raise SandboxLost("the sandbox's process has ended twice")

    monkeypatch.setattr(Sandbox, "run", lost)
    result = Engine(coding=Coding(Written(go="x"), sandbox)).run({"steps": [code("a", "go")]})
    assert (result.failures["a"].kind, result.failures["a"].message) == (
        "internal",
        "the sandbox's process has ended twice",
    )


def test_many_steps_of_code_run_side_by_side(sandbox: Sandbox) -> None:
    meeting = threading.Barrier(6, timeout=30)

    @tool
    def meet() -> str:
        """Wait for all the others."""
        meeting.wait()
        return "met"

    programs = Written(go="from node_runtime import call_tool\ndef main(input):\n    return call_tool('meet')")
    plan = {"steps": [code(f"s{n}", "go", tools=["meet"]) for n in range(6)]}
    assert Engine([meet], coding=Coding(programs, sandbox)).run(plan).status == "succeeded"
