"""The command line: what it prints where, and its exit codes. Signals and crashes with real processes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

import chat_cli
from overseer.journal.journal import Journal
from tests.processes import signals_as_usual  # noqa: F401
from tests.program import Begun, begun, carried_out_by_shell

ROOT = Path(__file__).parent.parent
TOOLS = ROOT / "tests" / "data" / "tools"
PATIENCE_S = 30


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def plan_file(text: str, name: str = "plan.yaml") -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


class Said:
    """What a command printed, and its exit code."""

    def __init__(self, code: int, captured: Any) -> None:
        self.code = code
        self.out: str = captured.out
        self.err: str = captured.err

    def __iter__(self) -> Iterator[str]:
        return iter((self.out, self.err))

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def overseer(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: str) -> Said:
        try:
            code = chat_cli.main(arguments)
        except SystemExit as left:
            code = int(left.code or 0)
        return Said(code, capsys.readouterr())

    return call


def with_tools(*arguments: str) -> tuple[str, ...]:
    return (*arguments, "--tools", str(TOOLS))


TWO_STEPS = """
name: two
inputs: {who: {type: string, default: world}}
steps:
  - {step_id: greet, description: Say hello, tool: echo, args: {value: "hello {{inputs.who}}"}}
  - {step_id: loud, description: Say it loudly, tool: text_case, args: {text: "{{greet}}"}}
"""


# --- run


def test_run_prints_the_result_alone_on_standard_output(overseer: Any) -> None:
    said = overseer(*with_tools("run", plan_file(TWO_STEPS)))
    assert (said.code, said.out) == (0, "HELLO WORLD\n")


def test_run_tells_the_plan_and_its_progress_on_standard_error(overseer: Any) -> None:
    lines = overseer(*with_tools("run", plan_file(TWO_STEPS))).err.splitlines()
    assert lines[:4] == [
        "dependencies added from what steps read: loud on greet",
        "Workflow Plan (2 steps):",
        "  1. Say hello",
        "  2. Say it loudly",
    ]
    assert lines[4] == "Executing: Say hello"
    assert lines[5].startswith("done: Say hello (")
    assert lines[-2].endswith(" succeeded: 2 succeeded")
    assert lines[-1].startswith("took ")


def test_steps_that_start_together_are_announced_together(overseer: Any) -> None:
    path = plan_file(
        "steps: [{step_id: a, description: First, tool: echo}, {step_id: b, description: Second, tool: echo}]"
    )
    assert "Executing 2 steps in parallel:\n  - First\n  - Second\n" in overseer(*with_tools("run", path)).err


def test_inputs_are_read_by_their_declared_type(overseer: Any) -> None:
    path = plan_file("""
        inputs: {n: {type: integer}, s: {type: string}, any: {default: null}, l: {type: list}}
        steps:
        - step_id: a
          tool: echo
          args: {value: ["{{inputs.n}}", "{{inputs.s}}", "{{inputs.any}}", "{{inputs.l}}"]}
        """)
    said = overseer(*with_tools("run", path, "--json", *flags(n="3", s="3", any="true", l="[1, 2]")))
    assert said.json["output"] == [3, "3", True, [1, 2]]


def flags(**inputs: str) -> list[str]:
    return [part for name, value in inputs.items() for part in ("--input", f"{name}={value}")]


def test_json_is_one_document_with_every_step(overseer: Any) -> None:
    said = overseer(*with_tools("run", plan_file(TWO_STEPS), "--json", "--input", "who=you"))
    document = said.json
    assert said.code == 0
    assert (document["schema"], document["status"], document["output"]) == ("overseer.run/1", "succeeded", "HELLO YOU")
    assert [step["step_id"] for step in document["steps"]] == ["greet", "loud"]
    first = document["steps"][0]
    assert set(first) == {"step_id", "status", "value", "error", "started", "ended", "attempts"}
    assert (first["status"], first["value"], first["error"], first["attempts"]) == ("succeeded", "hello you", None, 1)
    assert document["started"] <= first["started"] <= first["ended"] <= document["ended"]


def test_jsonl_is_the_events_as_they_happen(overseer: Any) -> None:
    said = overseer(*with_tools("run", plan_file(TWO_STEPS), "--jsonl"))
    events = [json.loads(line) for line in said.out.splitlines()]
    assert [event["event"] for event in events] == [
        "RunStarted",
        "StepStarted",
        "StepSucceeded",
        "StepStarted",
        "StepSucceeded",
        "RunFinished",
    ]
    assert events[-1]["output"] == "HELLO WORLD"


def test_a_failed_step_gives_4_and_the_reasons_of_all_others(overseer: Any) -> None:
    path = plan_file("""
        steps:
        - {step_id: bad, tool: fail, args: {message: out of luck}}
        - {step_id: below, tool: echo, depends_on: [bad]}
        - {step_id: beside, tool: echo, args: {value: 1}}
        - {step_id: never, tool: echo, args: {value: 1}, when: {ref: "{{beside}}", op: eq, value: 2}}
        """)
    said = overseer(*with_tools("run", path, "--json"))
    assert said.code == 4
    steps = {step["step_id"]: step for step in said.json["steps"]}
    assert steps["bad"]["error"] == {"kind": "tool", "message": "out of luck"}
    assert (steps["below"]["status"], steps["below"]["reason"]) == ("skipped", "'bad' failed")
    assert (steps["never"]["status"], steps["never"]["reason"]) == ("skipped", "its guard does not hold")
    assert steps["beside"]["status"] == "succeeded"
    assert said.json["status"] == "failed"


def test_a_tolerated_failure_is_partial_and_gives_4(overseer: Any) -> None:
    said = overseer(*with_tools("run", plan_file("steps: [{step_id: a, tool: fail, on_error: continue}]"), "--json"))
    assert (said.code, said.json["status"]) == (4, "partial")


def test_at_most_so_many_steps_work_at_once(overseer: Any) -> None:
    text = "steps:\n" + "\n".join(f"- {{step_id: s{n}, tool: echo}}" for n in range(6))
    said = overseer(*with_tools("run", plan_file(text), "--jsonl", "--max-parallel", "2"))
    running, peak = 0, 0
    for event in map(json.loads, said.out.splitlines()):
        running += {"StepStarted": 1, "StepSucceeded": -1}.get(event["event"], 0)
        peak = max(peak, running)
    assert peak == 2


def test_a_result_that_no_journal_could_hold_is_the_failure_of_its_step(overseer: Any) -> None:
    Path("tools").mkdir()
    Path("tools/huge.py").write_text(
        "from overseer.tool import tool\n@tool\ndef huge(parts: int) -> list[str]:\n    'Too much.'\n"
        "    return ['x' * 1_000_000] * parts\n"
    )
    path = plan_file("""
        steps:
        - {step_id: huge, tool: huge, args: {parts: 1100}, on_error: continue}
        - {step_id: large, tool: huge, args: {parts: 30}}
        """)
    said = overseer("run", path, "--tools", "tools", "--json")
    huge, large = said.json["steps"]
    assert huge["error"]["kind"] == "invalid_output"
    assert huge["error"]["message"] == (
        "the result is larger than 256 MB as JSON; return less, or write a file and return its path"
    )
    assert large["status"] == "succeeded"
    assert newest(overseer)["status"] == "partial"


# --- what cannot be


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("run", "missing.yaml"), 3, "missing.yaml"),
        (("run", "."), 3, "folder"),
        (("run", "plan.yaml", "--input", "oops"), 2, "--input 'oops': write it as name=value"),
        (("run", "plan.yaml", "--input", "whom=you"), 3, "did you mean 'who'?"),
        (("run", "plan.yaml", "--tools", "nowhere"), 2, "tools folder nowhere does not exist"),
        (("run", "plan.yaml", "--max-parallel", "0"), 2, "'0' is not a whole number from 1 to"),
        (("run", "plan.yaml", "--json", "--jsonl"), 2, "not allowed with"),
        (("check", "plan.yaml", "--unknown"), 2, "unrecognized arguments"),
        (("show", "zzz"), 2, "zzz"),
        (("resume", "zzz"), 2, "zzz"),
        (("runs", "--prune", "30"), 2, '"30" is not a duration'),
        (("runs", "--all"), 2, "--all goes with --prune"),
        (("runs", "dismiss"), 2, "dismiss takes the ids of runs that were interrupted, or all"),
        (("runs", "dismiss", "all", "--prune", "1d"), 2, "and nothing else"),
        (("runs", "list", "1m7z"), 2, "list takes no run; to look at one: show 1m7z"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(
    overseer: Any, arguments: tuple[str, ...], code: int, complaint: str
) -> None:
    plan_file(TWO_STEPS)
    tools = () if "--tools" in arguments or arguments[0] in ("show", "runs") else ("--tools", str(TOOLS))
    said = overseer(*arguments, *tools)
    assert said.code == code
    assert complaint in said.err
    assert "Traceback" not in said.err
    assert said.out == "" or ("--json" in arguments and said.json["exit_code"] == code)


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices of POSIX")
@pytest.mark.parametrize("command", ["check", "run"])
def test_what_is_no_file_is_refused_instead_of_waited_for(overseer: Any, command: str) -> None:
    os.mkfifo("pipe")
    said = overseer(*with_tools(command, "pipe"))
    assert said.code == 3
    assert "'pipe' is not a file but a named pipe; write the plan to a file" in said.out + said.err
    said = overseer(*with_tools(command, "/dev/zero"))
    assert said.code == 3
    assert "'/dev/zero' is not a file but a device" in said.out + said.err
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind("here")
        assert "'here' is not a file but a socket" in "".join(overseer(*with_tools(command, "here")))


def test_a_file_that_is_far_too_large_for_a_plan_is_refused_at_once(overseer: Any) -> None:
    with Path("plan.yaml").open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    said = overseer(*with_tools("check", "plan.yaml"))
    assert (said.code, said.out) == (3, "plan.yaml: 'plan.yaml' is larger than 16 MiB\n")


@pytest.mark.skipif(os.name != "posix", reason="shells of POSIX")
@pytest.mark.parametrize(
    "given", ["- < plan.yaml", "/dev/stdin < plan.yaml", "<(cat plan.yaml)", "- < <(cat plan.yaml)"]
)
@pytest.mark.parametrize("command", ["check", "run"])
def test_a_plan_may_come_from_standard_input_or_another_command(command: str, given: str) -> None:
    plan_file(TWO_STEPS)
    ended = carried_out_by_shell(f"overseer {' '.join(with_tools(command))} {given}")
    assert ended.returncode == 0, ended.stderr
    assert (b"HELLO WORLD" if command == "run" else b"wave 2: loud") in ended.stdout


def test_every_fault_of_a_plan_is_told_with_its_line(overseer: Any) -> None:
    path = plan_file("""\
steps:
  - {step_id: a, tool: ehco}
  - {step_id: a, tool: echo, depnds_on: [b]}
  - {step_id: c, tool: echo, args: {value: "{{d}}"}, depends_on: [e]}
""")
    said = overseer(*with_tools("check", path))
    assert said.code == 3
    assert len(said.out.splitlines()) >= 5
    for line, part in ((2, "did you mean 'echo'?"), (3, "'depnds_on'"), (3, "same id"), (4, "'d'"), (4, "'e'")):
        assert any(f"line {line}," in told and part in told for told in said.out.splitlines()), (line, part)


def test_faults_as_json(overseer: Any) -> None:
    said = overseer(*with_tools("check", plan_file("steps: [{step_id: a, tool: nope}]"), "--json"))
    assert said.code == 3
    assert said.json["valid"] is False
    assert said.json["faults"][0]["step_id"] == "a"
    said = overseer(*with_tools("run", "plan.yaml", "--json"))
    assert (said.code, said.json["schema"]) == (3, "overseer.error/1")


def test_check_shows_how_a_plan_would_run(overseer: Any) -> None:
    said = overseer(*with_tools("check", plan_file(TWO_STEPS)))
    assert said.code == 0
    assert said.out.splitlines() == [
        "Workflow Plan (2 steps):",
        "  1. Say hello",
        "  2. Say it loudly",
        '  input who: string ("world" if it is not given)',
        "  wave 1: greet",
        "  wave 2: loud",
        "dependencies added from what steps read: loud on greet",
    ]


def test_check_tells_what_can_be_given(overseer: Any) -> None:
    inputs = "inputs: {who: {type: string, description: whom to greet}, often: {type: integer, default: 2}}\n"
    path = plan_file(f"{inputs}steps: [{{step_id: a, tool: text_case, args: {{text: x}}}}]")
    assert overseer("check", path).out.splitlines()[2:4] == [
        "  input who: string, which has to be given; whom to greet",
        "  input often: integer (2 if it is not given)",
    ]
    assert overseer("check", path, "--json").json["inputs"] == {
        "who": {"type": "string", "description": "whom to greet", "must_be_given": True},
        "often": {"type": "integer", "description": "", "must_be_given": False, "default": 2},
    }


def test_a_plan_that_needs_code_is_refused_where_no_code_can_run(overseer: Any) -> None:
    said = overseer("run", plan_file("steps: [{step_id: a, code: count the words}]"))
    assert said.code == 3
    assert "step 'a'" in said.err
    assert "code" in said.err


def test_check_says_what_a_model_will_have_to_write(overseer: Any) -> None:
    path = plan_file("""
        steps:
        - {step_id: a, code: count the words}
        - {step_id: m, iterations: 2, steps: [{step_id: b, code: count again}]}
        """)
    said = overseer("check", path)
    assert said.code == 0
    assert said.out.splitlines()[-2:] == [
        f"note: step '{step_id}' needs code to be written for it, by the model that has the role 'coder'"
        for step_id in "ab"
    ]
    assert len(overseer("check", path, "--json").json["notes"]) == 2


def test_a_broken_tool_file_is_named_with_its_line_and_the_others_work(overseer: Any) -> None:
    Path("tools").mkdir()
    Path("tools/broken.py").write_text("x = 1\nraise ValueError('oh no')\n")
    Path("tools/worse.py").write_text("def (\n")
    Path("tools/good.py").write_text(
        "from overseer.tool import tool\n@tool\ndef seven() -> int:\n    '''Seven.'''\n    return 7\n"
    )
    said = overseer("run", plan_file("steps: [{step_id: a, tool: seven}]"), "--tools", "tools")
    assert (said.code, said.out) == (0, "7\n")
    assert "tools/broken.py:2: ValueError: oh no" in said.err
    assert "tools/worse.py:1: SyntaxError" in said.err


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("execution: {max_parallel: many}", "execution.max_parallel: needs a whole number"),
        ("execution: {cancel_grace: soon}", "execution.cancel_grace:"),
        ("execution: {journal: maybe}", "execution.journal: needs true or false"),
        ("execution: [", "config.yaml"),
    ],
)
def test_wrong_settings_are_named(overseer: Any, text: str, complaint: str) -> None:
    Path("home").mkdir()
    Path("home/config.yaml").write_text(text)
    said = overseer("runs")
    assert said.code == 2
    assert complaint in said.err


def test_a_setting_that_is_not_known_is_left_out_with_a_warning(overseer: Any) -> None:
    Path("home").mkdir()
    Path("home/config.yaml").write_text("execution:\n  max_paralel: 3\n")
    said = overseer("runs")
    assert said.code == 0
    assert said.err.startswith("warning: ")
    assert (
        "config.yaml:2: unknown setting 'execution.max_paralel' is left out; did you mean 'max_parallel'?" in said.err
    )


@pytest.mark.parametrize(("setting", "flags"), [("off", ()), ("false", ()), ("on", ("--no-journal",))])
def test_without_a_journal_a_run_leaves_no_trace(overseer: Any, setting: str, flags: tuple[str, ...]) -> None:
    Path("home").mkdir()
    Path("home/config.yaml").write_text(f"execution: {{journal: {setting}}}")
    assert overseer(*with_tools("run", plan_file(TWO_STEPS), *flags)).code == 0
    assert list(Path("home").iterdir()) == [Path("home/config.yaml")]


# --- runs, show, resume


def test_runs_are_listed_newest_first_and_shown_by_the_beginning_of_their_id(overseer: Any) -> None:
    assert overseer("runs").out == "no runs yet\n"
    first = overseer(*with_tools("run", plan_file(TWO_STEPS), "--json")).json["run_id"]
    second = overseer(*with_tools("run", plan_file("steps: [{step_id: a, tool: fail}]"), "--json")).json["run_id"]
    listed = overseer("runs").out.splitlines()
    assert [line.split()[0] for line in listed] == [second, first]
    assert "failed" in listed[0]
    assert "succeeded" in listed[1]
    assert [run["run_id"] for run in overseer("runs", "--json", "--limit", "1").json["runs"]] == [second]
    assert "there are more than the 1 newest; --limit N lists more" in overseer("runs", "--limit", "1").err
    assert overseer("runs", "--limit", "2").err == ""
    shown = overseer("show", first[:-1])
    lines = shown.out.splitlines()
    assert lines[0] == f"run {first} succeeded: two"
    assert re.fullmatch(r"begun \d{4}-\d\d-\d\d \d\d:\d\d:\d\d, took \d+\.\d\d s", lines[1])
    assert re.fullmatch(r"  succeeded    greet    0\.\d\d s", lines[2])
    assert re.fullmatch(r"  succeeded    loud     0\.\d\d s", lines[3])
    assert lines[4:] == ["", "HELLO WORLD"]
    assert overseer("show", second, "--json").json["steps"][0]["error"]["message"] == "no luck"


HALF = """
steps:
  - {step_id: greet, tool: echo, args: {value: hello world}}
  - {step_id: after, tool: fail, depends_on: [greet]}
"""


def test_a_failed_run_goes_on_with_another_plan_once_its_difference_was_told(overseer: Any) -> None:
    run_id = overseer(*with_tools("run", plan_file(HALF), "--json")).json["run_id"]
    mended = HALF.replace("tool: fail", 'tool: text_case, args: {text: "{{greet}}"}')
    said = overseer("resume", run_id, "--plan", plan_file(mended, "mended.yaml"))
    assert (said.code, said.out) == (0, "HELLO WORLD\n")
    lines = said.err.splitlines()
    assert lines[:2] == ["~ after: tool: fail -> text_case", '~ after: args: + {"text":"{{greet}}"}']
    assert not [line for line in lines if "greet" in line and line.startswith(("Executing", "done"))]
    shown = overseer("show", run_id, "--json").json
    assert [(step["step_id"], step["attempts"]) for step in shown["steps"]] == [("greet", 1), ("after", 2)]


@pytest.mark.parametrize(
    ("plan", "code", "problem"),
    [
        (HALF.replace("world", "moon"), 3, "step 'greet' has ended and cannot be changed"),
        (HALF.replace("tool: fail", "tool: fale"), 3, "there is no tool 'fale'"),
        (": no plan", 3, "mended.yaml"),
        (None, 3, "mended.yaml"),
    ],
)
def test_a_plan_that_the_run_cannot_go_on_with_says_why(
    overseer: Any, plan: str | None, code: int, problem: str
) -> None:
    run_id = overseer(*with_tools("run", plan_file(HALF), "--json")).json["run_id"]
    file = plan_file(plan, "mended.yaml") if plan is not None else "mended.yaml"
    said = overseer("resume", run_id, "--plan", file)
    assert said.code == code
    assert problem in said.err
    assert overseer("show", run_id, "--json").json["status"] == "failed"


def test_what_succeeded_cannot_be_resumed(overseer: Any) -> None:
    run_id = overseer(*with_tools("run", plan_file(TWO_STEPS), "--json")).json["run_id"]
    said = overseer("resume", run_id)
    assert said.code == 2
    assert "nothing to resume" in said.err


def test_old_runs_are_removed_and_named(overseer: Any) -> None:
    said = overseer("runs", "--prune", "0s")
    assert (said.code, said.out) == (0, "no run ended more than 0s ago\n")
    large = plan_file("steps: [{step_id: a, tool: echo, args: {value: " + "x" * 200_000 + "}}]")
    first = overseer(*with_tools("run", large, "--json")).json["run_id"]
    second = overseer(*with_tools("run", plan_file("steps: [{step_id: a, tool: fail}]"), "--json")).json["run_id"]
    assert overseer("runs", "--prune", "1h", "--json").json["removed"] == []
    assert len(overseer("runs").out.splitlines()) == 2
    said = overseer("runs", "--prune", "0s")
    lines = said.out.splitlines()
    assert re.fullmatch(r"removed 2 runs; the journal is [\d,]+ bytes smaller:", lines[0])
    assert [line.split()[0] for line in lines[1:]] == [second, first]
    assert overseer("runs").out == "no runs yet\n"


def test_runs_that_were_interrupted_are_dismissed_and_can_still_be_gone_on_with(overseer: Any) -> None:
    document = '{"steps": [{"step_id": "a", "tool": "echo", "args": {"value": 1}}]}'
    options = {"folder": str(Path.cwd()), "tools": [str(TOOLS)]}
    with Journal.open() as journal:
        for number in range(3):
            journal.begin(
                f"r{number}", name="x", plan=document, steps=1, inputs={}, options=options, at=float(number)
            ).close()
    lines = overseer("runs", "dismiss", "r1").out.splitlines()
    assert lines[0] == "not told of any more, and still to be gone on with:"
    assert re.fullmatch(r"  r1  .*  interrupted  x  \(dismissed\)", lines[1])
    assert [line.endswith("(dismissed)") for line in overseer("runs").out.splitlines()] == [False, True, False]
    assert [run["run_id"] for run in overseer("runs", "dismiss", "all", "--json").json["dismissed"]] == ["r2", "r0"]
    assert overseer("runs", "dismiss", "all").out == "no run was interrupted\n"
    resumed = overseer(*with_tools("resume", "r1"))
    assert resumed.code == 0, resumed.err
    said = overseer("runs", "dismiss", "r1")
    assert (said.code, said.err) == (2, "error: run r1 was not interrupted: it succeeded\n")


def test_what_runs_or_was_cut_off_is_not_removed_unasked(overseer: Any) -> None:
    path = plan_file("steps: [{step_id: a, tool: slow}]")
    with started(*with_tools("run", path)) as cut_off:
        wait_for(cut_off, "slow has begun")
        cut_off.kill()
    with started(*with_tools("run", path)) as running:
        wait_for(running, "slow has begun")
        kept, gone = [run["run_id"] for run in overseer("runs", "--json").json["runs"]]
        assert overseer("runs", "--prune", "0s", "--json").json["removed"] == []
        said = overseer("runs", "--prune", "0s", "--all", "--json").json
        assert [(run["run_id"], run["status"]) for run in said["removed"]] == [(gone, "interrupted")]
        running.send_signal(signal.SIGTERM)
        assert running.wait(PATIENCE_S) == 130
    assert [(run["run_id"], run["status"]) for run in overseer("runs", "--json").json["runs"]] == [(kept, "cancelled")]


# --- real processes


@contextmanager
def started(*arguments: str) -> Iterator[Begun | subprocess.Popen[bytes]]:
    with begun(*arguments) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(process: Begun | subprocess.Popen[bytes], words: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if words.encode() in line:
            return
    raise AssertionError(f"the process ended without saying {words!r}")


def newest(overseer: Any) -> Any:
    return overseer("runs", "--json").json["runs"][0]


def test_the_first_interrupt_lets_running_steps_finish(overseer: Any) -> None:
    path = plan_file("steps: [{step_id: a, tool: slow, args: {seconds: 1}}, {step_id: b, tool: echo, depends_on: [a]}]")
    with started(*with_tools("run", path)) as process:
        wait_for(process, "slow has begun")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 130
    assert newest(overseer)["status"] == "cancelled"
    said = overseer("resume", newest(overseer)["run_id"], "--json")
    assert said.code == 0
    assert {step["step_id"]: step["value"] for step in said.json["steps"]} == {"a": "done", "b": None}


def test_the_second_interrupt_stops_at_once_even_what_does_not_listen(overseer: Any) -> None:
    with started(*with_tools("run", plan_file("steps: [{step_id: a, tool: deaf}]"))) as process:
        wait_for(process, "deaf has begun")
        process.send_signal(signal.SIGINT)
        wait_for(process, "stopping:")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 130


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_being_told_to_end_stops_at_once_and_leaves_a_run_to_resume(overseer: Any, number: signal.Signals) -> None:
    with started(*with_tools("run", plan_file("steps: [{step_id: a, tool: slow}]"))) as process:
        wait_for(process, "slow has begun")
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == 130
    assert newest(overseer)["status"] == "cancelled"


def test_a_killed_run_shows_as_interrupted_and_its_effects_are_put_to_the_user(overseer: Any, tmp_path: Path) -> None:
    path = plan_file("""
        steps:
        - {step_id: a, tool: append, args: {path: out.txt, line: one}}
        - {step_id: b, tool: append, args: {path: out.txt, line: two}, depends_on: [a]}
        """)
    (tmp_path / "out.txt.hang").touch()
    with started(*with_tools("run", path, "--approve", "write")) as process:
        wait_for(process, "append hangs")
        process.kill()
    run_id = newest(overseer)["run_id"]
    assert newest(overseer)["status"] == "interrupted"
    assert "  interrupted  a" in overseer("show", run_id).out
    (tmp_path / "out.txt.hang").unlink()
    said = overseer("resume", run_id)
    assert said.code == 5
    assert "may have had effects: a;" in said.err
    assert overseer("resume", run_id, "--repeat", "a").code == 0
    assert (tmp_path / "out.txt").read_text() == "one\none\ntwo\n"


def test_a_run_that_is_under_way_elsewhere_cannot_be_resumed(overseer: Any) -> None:
    with started(*with_tools("run", plan_file("steps: [{step_id: a, tool: slow}]"))) as process:
        wait_for(process, "slow has begun")
        said = overseer("resume", newest(overseer)["run_id"])
        assert said.code == 1
        assert f"process {process.pid}" in said.err
        assert newest(overseer)["status"] == "running"


def test_help_loads_nothing_heavy() -> None:
    source = (
        "import sys, chat_cli\n"
        "try: chat_cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'yaml', 'sqlite3', 'openai', 'jsonschema', 'asyncio', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", source], cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE_S)


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    path = plan_file("steps: [{step_id: a, tool: echo, args: {value: " + "x" * 200_000 + "}}]")
    with started(*with_tools("run", path)) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()


def test_a_result_cannot_steer_the_terminal_but_reaches_a_program_as_it_is(overseer: Any) -> None:
    path = plan_file('steps: [{step_id: a, tool: echo, args: {value: "\\e[31mred"}}, {step_id: b, tool: fail}]')
    said = overseer(*with_tools("run", path))
    assert "\x1b" in json.loads(said.out)["a"]
    path = plan_file('steps: [{step_id: b, tool: fail, args: {message: "\\e[31mred"}}]')
    said = overseer(*with_tools("run", path))
    assert "\x1b" not in said.err
    assert "\\x1b[31mred" in said.err


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-"])
def test_a_closed_stream_is_no_reason_to_break_off(overseer: Any, closed: str) -> None:
    command = " ".join([sys.executable, str(ROOT / "chat_cli.py"), *with_tools("run", plan_file(TWO_STEPS)), closed])
    ended = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    assert newest(overseer)["status"] == "succeeded"


def test_after_a_resume_the_report_still_says_what_was_skipped_and_why(overseer: Any) -> None:
    path = plan_file("""
        steps:
        - {step_id: v, tool: echo, args: {value: 1}}
        - {step_id: no, tool: echo, when: {ref: "{{v}}", op: eq, value: 2}}
        - {step_id: a, tool: slow, depends_on: [no, v], args: {seconds: 1}}
        - {step_id: b, tool: echo, depends_on: [a]}
        """)
    with started(*with_tools("run", path)) as process:
        wait_for(process, "slow has begun")
        process.kill()
    steps = {step["step_id"]: step for step in overseer("resume", newest(overseer)["run_id"], "--json").json["steps"]}
    assert (steps["no"]["status"], steps["no"]["reason"]) == ("skipped", "its guard does not hold")
    assert steps["b"]["status"] == "succeeded"


def test_what_a_tool_prints_is_not_the_result(overseer: Any) -> None:
    Path("tools").mkdir()
    Path("tools/loud.py").write_text(
        "from overseer.tool import tool\nprint('loading')\n"
        "@tool\ndef loud() -> int:\n    print('working')\n    return 7\n"
    )
    said = overseer("run", plan_file("steps: [{step_id: a, tool: loud}]"), "--tools", "tools", "--json")
    assert said.json["output"] == 7
    assert "loading" in said.err
    assert "working" in said.err


def test_a_step_is_announced_when_it_starts(overseer: Any) -> None:
    path = plan_file("steps: [{step_id: a, description: The slow one, tool: slow}]")
    with started(*with_tools("run", path)) as process:
        wait_for(process, "Executing: The slow one")


def test_deciding_about_a_step_that_needs_no_decision_is_refused(overseer: Any) -> None:
    run_id = overseer(*with_tools("run", plan_file("steps: [{step_id: a, tool: fail}]"), "--json")).json["run_id"]
    said = overseer("resume", run_id, "--give-up", "a")
    assert said.code == 2
    assert "nothing to decide about a" in said.err


def test_a_workflow_tool_runs_as_part_of_the_plan(overseer: Any) -> None:
    Path("tools").mkdir()
    Path("tools/twice.yaml").write_text(
        "description: Say it twice\n"
        "workflow:\n"
        "  inputs: {text: string}\n"
        "  steps:\n"
        "  - {step_id: loud, tool: text_case, args: {text: '{{inputs.text}}'}}\n"
        "  - {step_id: both, tool: text_join, args: {texts: ['{{loud}}', '{{loud}}'], separator: ' '}}\n"
    )
    path = plan_file("steps: [{step_id: a, tool: twice, args: {text: hi}}]")
    said = overseer("run", path, "--tools", "tools")
    assert (said.code, said.out) == (0, "HI HI\n")
    assert "watcher" not in said.err
    document = overseer("run", path, "--tools", "tools", "--json").json
    assert (document["status"], document["output"]) == ("succeeded", "HI HI")
    assert [step["step_id"] for step in document["steps"]] == ["a", "a[0]/loud", "a[0]/both"]


def test_a_file_of_settings_may_hold_nothing_but_comments(overseer: Any) -> None:
    Path("home").mkdir()
    Path("home/config.yaml").write_text("\n# execution:\n#   max_parallel: 3\n")
    assert overseer("runs").code == 0


# --- approval


NOISY = """
steps:
- {step_id: a, tool: append, args: {path: out.txt, line: one}}
- {step_id: b, tool: append, args: {path: "{{a}}/x", line: two}}
"""


def test_what_needs_approval_is_told_in_full(overseer: Any) -> None:
    said = overseer(*with_tools("run", plan_file(NOISY)))
    assert said.code == 5
    assert "    step a\n      path: out.txt\n      line: one\n    step b\n      path: {{a}}/x\n" in said.err
    assert said.err.endswith("approve it with: --approve write\n")
    document = overseer(*with_tools("run", plan_file(NOISY), "--json")).json
    assert [use["step"] for use in document["needs"][0]["uses"]] == ["a", "b"]
    assert document["needs"][0]["uses"][0]["args"] == {"path": "out.txt", "line": "one"}


COUNTING = """from overseer.tool import tool

@tool(effect="write")
def note(text: str) -> str:
    \"\"\"Note something.\"\"\"
    {body}
"""


def a_failed_run_of_the_project(overseer: Any, project: Path, body: str) -> str:
    """A run that failed, with a tool of the project that was approved."""
    (project / "tools").mkdir(parents=True)
    (project / "tools/own.py").write_text(COUNTING.format(body=body))
    os.chdir(project)
    assert overseer("tools", "--trust").code == 0
    said = overseer("run", plan_file("steps: [{step_id: a, tool: note, args: {text: hi}}]"), "--approve", "write")
    assert said.code == 4, said.err
    return str(newest(overseer)["run_id"])


FAILS_ONCE = (
    "import pathlib, sys\n    if not pathlib.Path(__file__ + '.ready').exists(): raise ValueError\n    return text"
)


def test_a_run_goes_on_with_the_tools_of_its_own_folder(
    overseer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = a_failed_run_of_the_project(overseer, tmp_path / "project", FAILS_ONCE)
    (tmp_path / "project/tools/own.py.ready").touch()
    monkeypatch.chdir(tmp_path)
    said = overseer("resume", run_id)
    assert (said.code, said.out) == (0, "hi\n")


def test_a_tool_that_changed_since_it_was_approved_is_asked_for_again(overseer: Any, tmp_path: Path) -> None:
    project = tmp_path / "project"
    run_id = a_failed_run_of_the_project(overseer, project, FAILS_ONCE)
    (project / "tools/own.py").write_text(COUNTING.format(body="return text * 2"))
    assert overseer("tools", "--trust").code == 0
    said = overseer("resume", run_id)
    assert said.code == 5
    assert "write: note\n    step a\n      text: hi\n" in said.err
    assert overseer("resume", run_id, "--approve", "write").out == "hihi\n"


@pytest.mark.parametrize("place", ["tools/new.py", "given/new.yaml", "home/workflows/p.yaml", "home/config.yaml"])
def test_what_may_be_written_is_never_a_tool_or_a_plan(overseer: Any, tmp_path: Path, place: str) -> None:
    (tmp_path / "given").mkdir()
    said = overseer("call", "write_file", f"path={place}", "text=x", "--approve", "write", "--tools", "given")
    assert said.code == 4
    assert "may not be written: it belongs to Overseer itself" in said.err
    assert not (tmp_path / place).exists()


@pytest.mark.parametrize("command", [("tools", "note"), ("call", "note", "text=hi")])
def test_where_a_tool_is_not_there_it_is_said_that_those_of_the_project_are_not_read(
    overseer: Any, command: tuple[str, ...]
) -> None:
    Path("tools").mkdir()
    Path("tools/own.py").write_text(COUNTING.format(body="return text"))
    said = overseer(*command)
    assert said.code != 0
    assert "there is no tool 'note'" in said.err
    assert said.err.count("to trust them: overseer tools --trust") == 1


@pytest.mark.parametrize("option", ["--trust", "--distrust", "--fetch"])
def test_what_gives_no_document_says_so_to_whoever_wants_one(overseer: Any, option: str) -> None:
    Path("tools").mkdir()
    Path("tools/own.py").write_text(COUNTING.format(body="return text"))
    said = overseer("tools", option, "--json")
    assert (said.code, json.loads(said.out)["schema"]) == (2, "overseer.error/1")
    assert overseer("tools", "note").code == 2


def test_tools_that_changed_are_not_read_and_told_of(overseer: Any, tmp_path: Path) -> None:
    a_failed_run_of_the_project(overseer, tmp_path / "project", FAILS_ONCE)
    (tmp_path / "project/tools/more.py").write_text(COUNTING.format(body="return text").replace("note", "more"))
    for command in (("tools",), ("call", "now"), ("check", "plan.yaml")):
        err = overseer(*command).err
        assert err.count("which changed since they were trusted") == 1
        assert err.count("overseer tools --trust") == 1
    assert overseer("tools", "--distrust").code == 0
    assert "which changed" not in overseer("tools").err


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (
            "permissions: {rules: [{allow: '*'}, {deny: read_fil}]}",
            "permissions.rules[1]: there is no tool 'read_fil'; did you mean 'read_file'?",
        ),
        (
            "permissions: {rules: [{deny: read_file, args: {pth: secret}}]}",
            "permissions.rules[0]: tool 'read_file' takes no argument 'pth'; did you mean 'path'?",
        ),
        ("limits: {'tool:fetch_ur': {concurrency: 1}}", "limits.tool:fetch_ur: there is no tool 'fetch_ur'; did you"),
        ("limits: {openai: {concurrency: 1}}", "limits.openai: a limit is that of a provider, a model or a tool, such"),
    ],
)
def test_settings_that_name_what_is_not_there_are_refused(
    overseer: Any, tmp_path: Path, settings: str, complaint: str
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/config.yaml").write_text(settings)
    for command in (("call", "now"), ("run", plan_file("steps: [{step_id: a, tool: now}]"))):
        said = overseer(*command)
        assert said.code == 2
        assert complaint in said.err


def test_a_pattern_may_name_what_is_not_there(overseer: Any, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/config.yaml").write_text(
        "permissions: {rules: [{deny: 'deploy*', args: {where: x}}]}\nlimits: {'tool:now': {concurrency: 1}}"
    )
    assert overseer("call", "now").code == 0


def test_rules_see_a_path_as_the_workspace_does(overseer: Any, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/config.yaml").write_text("permissions: {rules: [{deny: read_file, args: {path: 'own/*'}}]}")
    (tmp_path / "own").mkdir()
    (tmp_path / "own/a").write_text("x")
    for path in ("own/a", "./own/a", "own//a", f"{tmp_path}/own/a"):
        assert "denied by the settings" in overseer("call", "read_file", f"path={path}").err


@pytest.mark.parametrize(
    "arguments",
    [
        ("write_file", "--approve", "write", "path=a.txt", "text=x"),
        ("--approve", "write", "write_file", "path=a.txt", "text=x"),
        ("write_file", "path=a.txt", "--approve", "write", "text=x"),
        ("write_file", "path=a.txt", "text=x", "--approve", "write"),
    ],
)
def test_options_of_a_call_may_stand_anywhere(overseer: Any, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert overseer("call", *arguments).code == 0
    assert (tmp_path / "a.txt").read_text() == "x"
    assert "unrecognized arguments: --no" in overseer("call", *arguments, "--no").err


def test_a_secret_in_a_plan_is_refused_before_the_plan_is_shown(overseer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_API_KEY", "sk-verysecret-0123456789")
    path = plan_file("steps: [{step_id: a, tool: run_command, args: {command: 'x sk-verysecret-0123456789'}}]")
    said = overseer("run", path)
    assert said.code == 3
    assert "the plan holds [secret SHOP_API_KEY]" in said.err
    assert "verysecret" not in said.err


def test_a_tool_that_needs_no_approval_may_change_before_a_resume(overseer: Any, tmp_path: Path) -> None:
    pure = COUNTING.replace('effect="write"', 'effect="pure"')
    (tmp_path / "given").mkdir()
    (tmp_path / "given/own.py").write_text(pure.format(body="raise ValueError"))
    path = plan_file("steps: [{step_id: a, tool: note, args: {text: hi}}]")
    assert overseer("run", path, "--tools", "given").code == 4
    (tmp_path / "given/own.py").write_text(pure.format(body="return text"))
    assert overseer("resume", newest(overseer)["run_id"]).out == "hi\n"


@pytest.mark.parametrize("command", ["call", "run"])
def test_without_budget_left_for_the_session_its_setting_is_named(overseer: Any, tmp_path: Path, command: str) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/config.yaml").write_text("budget: {session: {requests: 0}}\npermissions: {network: allow}")
    plan = plan_file("steps: [{step_id: a, tool: fetch_url, args: {url: 'http://127.0.0.1:9/'}}]")
    said = overseer("run", plan) if command == "run" else overseer("call", "fetch_url", "url=http://127.0.0.1:9/")
    assert said.code == 6
    assert "the budget of session has 0 left of 0 requests" in said.err
    assert "raise budget.session in config.yaml, such as to {requests: 1}, and start again" in said.err
    assert "--budget" not in said.err


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_call_tells_of_tool_files_that_could_not_be_read(
    overseer: Any, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    (tmp_path / "given").mkdir()
    (tmp_path / "given/shout.yaml").write_text("description: d\nllm: {prompt: x}\noutput: {type: strng}\n")
    missing = overseer("call", "shout", "--tools", "given", *flags)
    assert missing.code == 4
    assert "there is no tool 'shout'" in missing.out + missing.err
    problem = "tool file left out: given/shout.yaml:3: 'output.type': there is no type 'strng'"
    assert missing.err.startswith(problem)
    there = overseer("call", "text_case", "text=a", "case=upper", "--tools", "given", *flags)
    assert (there.code, there.out.count("A")) == (0, 1)
    assert there.err.startswith(problem)
