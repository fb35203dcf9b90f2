"""A key that a tool may use is found nowhere: not on the screen, not in a file, not in another process."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from overseer.journal.journal import Journal
from tests.processes import PATIENCE_S, ROOT, signals_as_usual  # noqa: F401
from tests.program import Begun, begun, carried_out, source_carried_out

NAME = "ACME_API_KEY"
# With what changes in a URL, in base64 and in JSON.
KEY = 'ak-7Qm2xV9t+Lw4ZbN8/sRd3K=="Yp6 e'

TOOLS = f'''
import base64, logging, os, sys, threading, traceback, warnings
from urllib.parse import quote
from overseer.tool import ToolContext, ToolError, tool


def forms(context):
    key = context.secret("{NAME}")
    return {{"plain": key, "inside": f"<a href='?k={{key}}'>", "base64": base64.b64encode(key.encode()).decode(),
            "url": quote(key, safe=""), key: "as a key", "list": [key, [key]]}}


@tool
def spill(context: ToolContext) -> dict:
    """Give the key back."""
    return forms(context)


@tool
def blame(context: ToolContext) -> None:
    """Fail with the key."""
    raise ToolError("refused: " + " ".join(map(str, forms(context).values())))


@tool
def crash(context: ToolContext) -> None:
    """Break with the key in the message, in its cause and in the line that breaks."""
    try:
        raise KeyError(context.secret("{NAME}"))
    except KeyError as error:
        raise ValueError("broken by " + context.secret("{NAME}")) from error


@tool
def chatter(context: ToolContext) -> str:
    """Print and log the key."""
    key = context.secret("{NAME}")
    print("printed", key)
    print("printed", key, file=sys.stderr)
    sys.stderr.writelines(["written ", key + "\\n"])
    logging.getLogger("some.library").warning("logged %s", key)
    try:
        raise ValueError(key)
    except ValueError:
        logging.getLogger("some.library").exception("failed")
        traceback.print_exc()
    return "said"


@tool
def look(text: str = "") -> dict:
    """What is in the environment of the process."""
    return {{**os.environ, "had": "{NAME}" in os.environ}}


@tool(output={{"type": "integer"}})
def misfit(context: ToolContext) -> str:
    """Break the output schema with the key."""
    return context.secret("{NAME}")
'''

PLAN = """
name: leaky
steps:
- {step_id: spill, tool: spill}
- {step_id: again, tool: look, args: {text: "{{spill.plain}} {{spill.base64}}"}}
- {step_id: blame, tool: blame, on_error: continue}
- {step_id: crash, tool: crash, on_error: continue}
- {step_id: misfit, tool: misfit, on_error: continue}
- {step_id: chatter, tool: chatter}
- {step_id: env, tool: run_command, args: {command: [env]}}
- {step_id: parent, tool: run_command, args: {command: [sh, -c, "cat /proc/$PPID/environ; cat key.txt"]}}
- {step_id: read, tool: read_file, args: {path: key.txt}}
- {step_id: kept, tool: write_file, args: {path: kept.txt, text: "{{spill.plain}} {{read}}"}}
output: {all: ["{{spill}}", "{{env}}", "{{parent}}", "{{read}}"]}
"""

SETTINGS = "cache: {enabled: on}\nretry: {attempts: 1}\n"


def looks(key: str) -> dict[str, bytes]:
    """Texts none of which may be found: the key as it is and encoded, at every place that base64 can give it."""
    data = key.encode()
    found = {"plain": data, "URL-encoded": quote(key, safe="").encode(), "in JSON": json.dumps(key)[1:-1].encode()}
    for before in range(3):
        encoded = base64.b64encode(b"x" * before + data)
        found[f"base64 after {before}"] = encoded[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
    return found


@dataclass
class Said:
    code: int
    out: bytes
    err: bytes


class Home:
    """A folder to work in, with a home of its own, and the command line as a process in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "home").mkdir()
        (folder / "home" / "config.yaml").write_text(SETTINGS)
        (folder / "extra").mkdir()
        (folder / "extra" / "leaky.py").write_text(TOOLS)
        (folder / "key.txt").write_text(f"the key is {KEY}\n")
        (folder / "plan.yaml").write_text(PLAN)

    @property
    def variables(self) -> Mapping[str, str]:
        return {
            **os.environ,
            NAME: KEY,
            "OVERSEER_HOME": str(self.folder / "home"),
            "PYTHONPATH": str(ROOT),
        }

    def run(self, *arguments: str, program: str | None = None, **variables: str) -> Said:
        surroundings: Any = {"folder": self.folder, "environment": {**self.variables, **variables}}
        if program is None:
            done = carried_out(*arguments, **surroundings)
        else:
            done = source_carried_out(program, **surroundings)
        return self.checked(done, *arguments)

    def run_anew(self, *arguments: str) -> Said:
        """The same in a process that was begun with the key in its environment, where others could look at it."""
        command = [sys.executable, str(ROOT / "chat_cli.py"), *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=self.variables, capture_output=True, timeout=PATIENCE_S * 2, check=False
        )
        return self.checked(done, *arguments)

    def checked(self, done: subprocess.CompletedProcess[bytes], *arguments: str) -> Said:
        said = Said(done.returncode, done.stdout, done.stderr)
        no_key_in({f"standard output of {arguments}": said.out, f"standard error of {arguments}": said.err})
        return said

    @property
    def has_no_runs(self) -> bool:
        path = self.folder / "home" / "journal.db"
        if not path.exists():
            return True
        with Journal.open(path, read_only=True) as journal:
            return not journal.runs()

    def no_key_in_any_file(self) -> None:
        """Of ours: the file that the key came from is the user's own."""
        files = {path for path in self.folder.rglob("*") if path.is_file()} - {self.folder / "key.txt"}
        assert self.folder / "home" / "journal.db" in files
        no_key_in({str(path): path.read_bytes() for path in files})


def no_key_in(texts: Mapping[str, bytes]) -> None:
    for where, text in texts.items():
        for form, look in looks(KEY).items():
            assert look not in text, f"the key ({form}) is in {where}: ...{_around(text, look)}..."


def _around(text: bytes, look: bytes) -> bytes:
    place = text.index(look)
    return text[max(0, place - 80) : place] + b"<HERE>" + text[place + len(look) :][:80]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


RUN = ("run", "plan.yaml", "--tools", "extra", "--approve", "all")


@pytest.mark.parametrize("form", [(), ("--json",), ("--jsonl",)], ids=["text", "json", "jsonl"])
def test_a_run_shows_and_keeps_no_key(home: Home, form: tuple[str, ...]) -> None:
    said = home.run_anew(*RUN, *form)
    assert said.code == 4, said.err.decode()
    # It was there, and is named in the places where it stood.
    assert said.err.count(b"[secret ACME_API_KEY]") >= 6
    assert b"printed [secret ACME_API_KEY]" in said.err
    assert b"logged [secret ACME_API_KEY]" in said.err
    assert said.out.count(b"[secret ACME_API_KEY]") >= 6
    home.no_key_in_any_file()
    assert (home.folder / "home" / "cache.db").stat().st_size
    assert "[secret ACME_API_KEY]" in (home.folder / "kept.txt").read_text()
    run_id = json.loads(home.run("runs", "--json").out)["runs"][0]["run_id"]
    shown = json.loads(home.run("show", run_id, "--json").out)
    steps = {step["step_id"]: step for step in shown["steps"]}
    assert steps["spill"]["value"]["plain"] == "[secret ACME_API_KEY]"
    assert steps["spill"]["value"]["[secret ACME_API_KEY]"] == "as a key"
    assert "[secret ACME_API_KEY]" in steps["crash"]["error"]["detail"]
    assert {name: step["error"]["kind"] for name, step in steps.items() if step["error"]} == {
        "blame": "tool",
        "crash": "tool",
        "misfit": "invalid_output",
    }
    # No process that was started has it, and neither has the one that started them, to look at.
    assert steps["again"]["value"]["had"] is False
    assert NAME not in steps["env"]["value"]["stdout"]
    assert f"{NAME}=" not in steps["parent"]["value"]["stdout"]
    assert "the key is [secret ACME_API_KEY]" in steps["parent"]["value"]["stdout"]
    home.run("show", run_id)
    home.run("runs")


def test_what_is_still_in_the_journal_s_log_when_the_process_dies_is_no_key(home: Home) -> None:
    """The end of a process moves what is in the WAL into the journal; one that is killed leaves it there."""
    plan = PLAN.replace("\noutput:", "\n- {step_id: end, tool: kill_it, depends_on: [spill, crash, chatter]}\noutput:")
    (home.folder / "plan.yaml").write_text(plan)
    (home.folder / "extra" / "kill.py").write_text(
        "import os, signal\nfrom overseer.tool import tool\n\n\n@tool\ndef kill_it() -> None:\n"
        "    'End the process without a word.'\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert home.run(*RUN).code == -signal.SIGKILL
    assert (home.folder / "home" / "journal.db-wal").stat().st_size
    home.no_key_in_any_file()


@pytest.mark.parametrize("name", ["spill", "blame", "crash", "chatter", "look", "misfit"])
def test_a_single_call_shows_no_key(home: Home, name: str) -> None:
    text = home.run("call", name, "--tools", "extra", "--json")
    document = json.loads(text.out)
    assert (document["error"] is None) == (name in ("spill", "chatter", "look"))
    if name != "look":
        assert b"[secret ACME_API_KEY]" in text.out + text.err


def test_a_command_that_is_called_has_no_key_to_show(home: Home) -> None:
    said = home.run("call", "run_command", "command=env", "--approve", "exec", "--json")
    assert said.code == 0, said.err
    assert "PATH=" in json.loads(said.out)["value"]["stdout"]
    assert NAME.encode() not in said.out


PROGRAM = """
import json, os, sys
os.environ.pop("ACME_API_KEY")
import node_runtime
calls = [("spill", ""), ("blame", ""), ("crash", ""), ("chatter", ""), ("misfit", ""),
         ("run_command", "", {"command": ["env"]}), ("read_file", "", {"path": "key.txt"})]
print(json.dumps(node_runtime.call_tools_parallel(calls, on_error="partial")))
try:
    node_runtime.call_tool("crash")
except node_runtime.ToolCallError as error:
    print(error)
print(node_runtime.call_tool("calculate", "1 + 1"), flush=True)
"""


@pytest.fixture
def served(home: Home) -> Iterator[tuple[Begun | subprocess.Popen[bytes], str]]:
    command = ("serve", "--tools", "extra", "--approve", "all", "--json")
    with begun(*command, folder=home.folder, environment=home.variables) as engine:
        assert engine.stdout is not None
        try:
            line = engine.stdout.readline()
            assert line, (engine.communicate(), "the engine did not start")
            yield engine, json.loads(line)["socket"]
        finally:
            engine.kill()


def test_a_program_gets_no_key_from_a_running_engine(
    home: Home, served: tuple[Begun | subprocess.Popen[bytes], str]
) -> None:
    engine, path = served
    said = home.run(program=PROGRAM, OVERSEER_SOCKET=path)
    assert said.code == 0, said.err
    values = json.loads(said.out.splitlines()[0])
    assert values[0]["plain"] == "[secret ACME_API_KEY]"
    assert [value["error"]["kind"] for value in values[1:5] if isinstance(value, dict)] == [
        "tool",
        "tool",
        "invalid_output",
    ]
    assert NAME not in values[5]["stdout"]
    assert "[secret ACME_API_KEY]" in values[6]
    engine.send_signal(signal.SIGINT)
    out, err = engine.communicate(timeout=PATIENCE_S)
    no_key_in({"standard output of serve": out, "standard error of serve": err})
    assert b"printed [secret ACME_API_KEY]" in err
    assert engine.returncode == 0
    no_key_in({str(file): file.read_bytes() for file in (home.folder / "home").rglob("*") if file.is_file()})


def test_an_engine_of_a_program_s_own_shows_no_key(home: Home) -> None:
    (home.folder / "home" / "tools").symlink_to(home.folder / "extra")
    said = home.run(program=PROGRAM.replace('os.environ.pop("ACME_API_KEY")\n', ""), OVERSEER_APPROVE="exec")
    assert said.code == 0, said.err
    assert b"printed [secret ACME_API_KEY]" in said.err
    assert json.loads(said.out.splitlines()[0])[0]["plain"] == "[secret ACME_API_KEY]"


# --- what holds a key is refused

REFUSED = {
    "an argument": "steps: [{step_id: a, tool: read_file, args: {path: 'KEY'}}]",
    "a description": "steps: [{step_id: a, description: 'see KEY', tool: read_file, args: {path: x}}]",
    "what needs approval": "steps: [{step_id: a, tool: run_command, args: {command: [echo, KEY]}}]",
    "a default": "inputs: {k: {default: 'KEY'}}\nsteps: [{step_id: a, tool: read_file, args: {path: x}}]",
    "an unknown tool": "steps: [{step_id: a, tool: 'KEY'}]",
    "what is no plan": "steps: [{step_id: a, tool: 'KEY', ",
}


@pytest.mark.parametrize(
    ("place", "form"),
    [*((place, ()) for place in REFUSED), ("an argument", ("--json",)), ("an unknown tool", ("--json",))],
)
def test_a_plan_that_holds_the_key_is_refused_and_does_not_show_it(
    home: Home, place: str, form: tuple[str, ...]
) -> None:
    (home.folder / "plan.yaml").write_text(REFUSED[place].replace("KEY", KEY))
    said = home.run("run", "plan.yaml", *form)
    assert said.code == 3
    text = (said.out if form else said.err).decode()
    assert "the plan holds [secret ACME_API_KEY]" in text
    assert "a tool gets it by its name" in text
    assert home.has_no_runs
    checked = home.run("check", "plan.yaml", *form)
    assert checked.code == 3
    assert "[secret ACME_API_KEY]" in checked.out.decode()
    assert b"step" not in checked.out


@pytest.mark.parametrize(
    ("declared", "given"), [("string", KEY), ("integer", KEY), ("any", base64.b64encode(KEY.encode()).decode())]
)
def test_an_input_that_holds_the_key_is_refused_and_does_not_show_it(home: Home, declared: str, given: str) -> None:
    steps = "[{step_id: a, tool: read_file, args: {path: '{{inputs.k}}'}}]"
    (home.folder / "plan.yaml").write_text(f"inputs: {{k: {{type: {declared}}}}}\nsteps: {steps}")
    said = home.run("run", "plan.yaml", "--input", f"k={given}")
    assert said.code == 3
    assert b"the input holds [secret ACME_API_KEY]" in said.err
    assert home.has_no_runs


BENEATH = f'''
import sys, os
from overseer.tool import ToolContext, tool

had = "{NAME}" in os.environ


@tool
def beneath(context: ToolContext) -> bool:
    """Write the key beneath the streams, and in halves; and say whether the file itself could see it."""
    key = context.secret("{NAME}")
    sys.stderr.buffer.write(f"beneath {{key}}\\n".encode())
    for part in ("in halves ", key[:14], key[14:], "\\n"):
        sys.stderr.write(part)
        sys.stderr.flush()
    sys.__stderr__.flush()
    return had


@tool
def add(numbers: list[int]) -> int:
    """Add numbers."""
    return sum(numbers)
'''


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_what_is_written_beneath_the_streams_or_in_halves_is_no_key(home: Home, form: tuple[str, ...]) -> None:
    (home.folder / "extra" / "beneath.py").write_text(BENEATH)
    said = home.run("call", "beneath", "--tools", "extra", *form)
    assert said.code == 0, said.err
    assert b"beneath [secret ACME_API_KEY]" in said.err
    assert KEY[14:].encode() not in said.err
    assert KEY[:14].encode() not in said.err
    assert b"false" in said.out


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_a_key_that_is_cut_short_in_a_message_is_hidden(home: Home, form: tuple[str, ...]) -> None:
    (home.folder / "extra" / "beneath.py").write_text(BENEATH)
    said = home.run("call", "add", f"numbers={'x' * 30}{KEY}", "--tools", "extra", *form)
    assert said.code == 4
    assert KEY[:16].encode() not in said.out + said.err
    assert b"[secret ACME_API_KEY]" in said.out + said.err


def test_the_files_of_tools_cannot_see_the_key_while_they_are_listed(home: Home) -> None:
    (home.folder / "extra" / "bad.py").write_text(f"import os\nraise ValueError('{NAME}' in os.environ)\n")
    assert b"ValueError: False" in home.run("tools", "--tools", "extra").err
