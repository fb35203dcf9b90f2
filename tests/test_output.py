"""What becomes of a command when its standard streams fail: real shells, pipes and devices."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from overseer.journal.journal import Journal
from tests.processes import signals_as_usual  # noqa: F401
from tests.program import carried_out_by_shell, source_carried_out

ROOT = Path(__file__).parent.parent
TOOLS = ROOT / "tests" / "data" / "tools"
PATIENCE_S = 60
FULL = Path("/dev/full")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="shells of POSIX")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")

ONE = 'steps: [{step_id: a, tool: echo, args: {value: "the result"}}]'
MANY = """
steps:
- step_id: loop
  repeat: {limit: 1000}
  steps: [{step_id: a, tool: echo, args: {value: 1}}]
- {step_id: then, tool: slow, depends_on: [loop], args: {seconds: 30}}
"""


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def shell(command: str, *, plan: str = ONE, is_loaded: bool = True) -> subprocess.CompletedProcess[str]:
    """What bash makes of a command in which `overseer` and `TOOLS` stand for ours."""
    Path("plan.yaml").write_text(plan)
    script = f"set -o pipefail; TOOLS='--tools {TOOLS}'; {command}"
    ended = carried_out_by_shell(script, is_loaded=is_loaded)
    return subprocess.CompletedProcess(command, ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def only_run() -> tuple[str, str]:
    """The id and the status of the only run there is."""
    with Journal.open() as journal:
        [run] = journal.runs()
    return run.run_id, run.status


def assert_calm(said: str) -> None:
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    assert "raised and was detached" not in said


# --- standard output


def test_events_that_nobody_reads_any_more_stop_the_run_gently() -> None:
    ended = shell("overseer run plan.yaml $TOOLS --jsonl | head -1", plan=MANY, is_loaded=False)
    run_id, status = only_run()
    assert ended.returncode == 141
    assert json.loads(ended.stdout)["event"] == "RunStarted"
    assert status == "cancelled"
    assert ended.stderr == (
        f"run {run_id} stopped, since its events cannot be written; "
        f"to go on where it stopped: overseer resume {run_id}\n"
    )


def test_a_reader_that_goes_away_is_noticed_while_nothing_happens() -> None:
    plan = "steps: [{step_id: a, tool: slow, args: {seconds: 2}}, {step_id: b, tool: slow, depends_on: [a]}]"
    ended = shell("overseer run plan.yaml $TOOLS --jsonl | head -2", plan=plan)
    assert ended.returncode == 141
    with Journal.open() as journal:
        events = list(journal.events(only_run()[0]))
    assert [type(event).__name__ for event in events] == [
        "RunStarted",
        "StepStarted",
        "CancelAsked",
        "StepSucceeded",
        "RunFinished",
    ]
    assert events[2].at < events[3].at - 0.5


@pytest.mark.parametrize("form", ["", "--json", "--jsonl"])
def test_a_result_that_nobody_reads_is_no_trouble_to_the_run(form: str) -> None:
    ended = shell(f"overseer run plan.yaml $TOOLS {form} | true", plan=ONE.replace("the result", "x" * 100_000))
    assert ended.returncode == 141
    assert_calm(ended.stderr)


@needs_full
@pytest.mark.parametrize("form", ["", "--json", "--jsonl"])
def test_a_result_that_finds_no_room_is_an_error_that_says_where_the_run_is(form: str) -> None:
    ended = shell(f"overseer run plan.yaml $TOOLS {form} > /dev/full")
    run_id, status = only_run()
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == (
        f"error: cannot write the result: No space left on device; the run is kept: overseer show {run_id}"
    )
    assert_calm(ended.stderr)
    assert status == "succeeded" or form == "--jsonl"  # which stops as soon as it can


@needs_full
@pytest.mark.parametrize(
    "command", ["runs", "runs --json", "check plan.yaml $TOOLS", "check no.yaml --json", "--help", "--version"]
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_every_command_says_that_its_output_found_no_room(
    command: str, unbuffered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    ended = shell(f"overseer {command} > /dev/full")
    assert ended.returncode == 1
    assert ended.stderr == "error: cannot write the result: No space left on device\n"
    ended = shell(f"overseer {command} | true")
    assert ended.returncode in (0, 3, 141)  # `true` may end before or after it
    assert ended.stderr == ""


# --- standard error


@needs_full
@pytest.mark.parametrize("broken", ["2>/dev/full", "2>&-", "2> >(true)"])
@pytest.mark.parametrize("form", ["", "--json", "--jsonl"])
def test_standard_error_decides_nothing(broken: str, form: str) -> None:
    Path("tools").mkdir()
    Path("tools/loud.py").write_text(
        "import sys\nfrom overseer.tool import tool\n@tool\ndef loud() -> int:\n"
        "    '''Tell the world.'''\n    for _ in range(2000):\n        print('working' * 20)\n"
        "    sys.stderr.flush()\n    sys.stderr.buffer.write(b'more')\n    sys.stderr.buffer.flush()\n    return 7\n"
    )
    ended = shell(f"overseer run plan.yaml --tools tools {form} {broken}", plan="steps: [{step_id: a, tool: loud}]")
    assert ended.returncode == 0
    assert "7" in ended.stdout
    assert only_run()[1] == "succeeded"


def test_the_result_comes_before_what_is_said_of_the_run() -> None:
    lines = shell("overseer run plan.yaml $TOOLS 2>&1").stdout.splitlines()
    assert lines.index("the result") < lines.index(f"run {only_run()[0]} succeeded: 1 succeeded")


# --- what nobody expected


def test_a_bug_is_a_traceback_and_still_a_document_and_leaves_no_thread_behind() -> None:
    Path("plan.yaml").write_text(ONE)
    source = (
        "import sys, threading, time, chat_cli, overseer.commands.plans\n"
        "threading.Thread(target=time.sleep, args=(600,)).start()\n"
        "def broken(*_): raise RuntimeError('oh no')\n"
        "overseer.commands.plans.check = broken\n"
        "sys.argv[1:] = ['check', 'plan.yaml', *sys.argv[1:]]\n"
        "chat_cli.entry()\n"
    )
    for flags in ([], ["--json"]):
        ended = source_carried_out(source, *flags)
        assert ended.returncode == 1
        assert b"RuntimeError: oh no" in ended.stderr
        assert b"Traceback" in ended.stderr
        if flags:
            assert json.loads(ended.stdout) == {
                "schema": "overseer.error/1",
                "error": "unexpected error: RuntimeError: oh no",
                "exit_code": 1,
                "faults": [],
            }


@pytest.fixture
def loading() -> Iterator[subprocess.Popen[str]]:
    """A command that never comes to the end of loading its tools."""
    Path("plan.yaml").write_text(ONE)
    os.mkfifo("gate")
    Path("tools").mkdir()
    Path("tools/gate.py").write_text("open('gate').read()\n")
    with subprocess.Popen(
        [sys.executable, str(ROOT / "chat_cli.py"), "check", "plan.yaml", "--tools", "tools"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def test_an_interrupt_while_loading_is_one_line(loading: subprocess.Popen[str]) -> None:
    with Path("gate").open("w"):  # which waits until it is read
        loading.send_signal(signal.SIGINT)
        said = loading.communicate(timeout=PATIENCE_S)
    assert (loading.returncode, *said) == (130, "", "interrupted\n")


@pytest.mark.parametrize("after_s", [0.03, 0.06, 0.09, 0.12, 0.2])
def test_an_interrupt_is_one_line_wherever_it_comes(loading: subprocess.Popen[str], after_s: float) -> None:
    time.sleep(after_s)
    loading.send_signal(signal.SIGINT)
    try:
        said = loading.communicate(timeout=5)
    except subprocess.TimeoutExpired:  # before our first line, Python may tell of it and go on
        loading.send_signal(signal.SIGINT)
        said = loading.communicate(timeout=PATIENCE_S)
        assert (loading.returncode, said[1].splitlines()[-1]) == (130, "interrupted")
        return
    if loading.returncode == 130 or "in entry" in said[1]:  # else Python had not got as far as our first line
        assert (loading.returncode, *said) == (130, "", "interrupted\n")


@pytest.mark.parametrize("name", ["INT", "HUP"])
def test_what_was_ignored_stays_ignored(name: str) -> None:
    plan = "steps: [{step_id: a, tool: slow, args: {seconds: 1}}]"
    ended = shell(
        f"trap '' {name}; overseer run plan.yaml $TOOLS 2>said & "
        f"until grep -q begun said 2>/dev/null; do sleep 0.05; done; pkill -{name} -P $!; kill -{name} $!; wait $!",
        plan=plan,
    )
    assert (ended.returncode, ended.stdout) == (0, "done\n")


# --- a disk that is full

BIG = """
steps:
- {step_id: small, tool: echo, args: {value: 1}}
- {step_id: big, tool: echo, depends_on: [small], args: {value: "%s"}}
- {step_id: after, tool: echo, args: {value: "{{big}}"}}
""" % ("x" * 300_000)


@pytest.mark.parametrize("form", ["", "--json"])
def test_a_run_that_finds_the_disk_full_says_what_is_lost_and_how_to_go_on(form: str) -> None:
    assert shell("overseer runs").returncode == 0
    ended = shell(f"ulimit -f 500; overseer run plan.yaml $TOOLS {form}", plan=BIG)
    run_id, status = only_run()
    assert (ended.returncode, status) == (1, "interrupted")
    assert_calm(ended.stderr)
    if form:
        document = json.loads(ended.stdout)
        assert (document["schema"], document["run_id"]) == ("overseer.error/1", run_id)
        told = document["error"]
    else:
        told = ended.stderr[ended.stderr.index("error: ") + len("error: ") :]
    first, last = told.strip().splitlines()
    assert first.startswith(f"run {run_id} was cut off: cannot write to the journal {Path('home').absolute()}")
    assert "these steps ended but could not be recorded: big" in first
    assert last == f"Everything else is recorded; to go on once nothing is in the way: overseer resume {run_id}"
    resumed = shell(f"overseer resume {run_id} $TOOLS --json", plan=BIG)
    assert resumed.returncode == 0, resumed.stderr
    assert [step["status"] for step in json.loads(resumed.stdout)["steps"]] == ["succeeded"] * 3


# --- colours


@pytest.mark.parametrize(
    ("environ", "options", "has_colour"),
    [
        ("", "", False),
        ("FORCE_COLOR=1", "", True),
        ("FORCE_COLOR=1 NO_COLOR=1", "", False),
        ("NO_COLOR=1", "--color", True),
        ("FORCE_COLOR=1", "--no-color", False),
        ("FORCE_COLOR=1", "--plain", False),
        ("FORCE_COLOR=1", "--json", False),
        ("FORCE_COLOR=1", "--jsonl", False),
    ],
)
def test_who_is_asked_first_about_colours(environ: str, options: str, has_colour: bool) -> None:
    ended = shell(f"unset FORCE_COLOR NO_COLOR; {environ} overseer run plan.yaml $TOOLS {options}")
    assert ended.returncode == 0
    assert "\x1b" not in ended.stdout
    assert ("\x1b[32msucceeded\x1b[0m" in ended.stderr) is has_colour
    assert has_colour or "\x1b" not in ended.stderr
