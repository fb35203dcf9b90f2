"""What programs read: one document or lines, as the schemas of the documentation say, and nothing else ever."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest

from overseer.kernel import events
from tests.headless.alone import CALL, WRITE, Place, answer, ended, plan
from tests.headless.schemas import require_valid
from tests.pages import page
from tests.processes import ROOT
from tests.servers.model_server import Answer, ModelServer

LOUD = '''
print("on loading")

@tool(effect="pure")
def loud(text: str) -> str:
    """Say it aloud.

    text: what
    """
    print("on standard output")
    print("on standard error", file=sys.stderr)
    return text.upper()
'''
SHOUT = {"step_id": "shout", "description": "Shout", "tool": "loud", "args": {"text": "hello"}}
FAILS = {"step_id": "read", "description": "Read it", "tool": "read_file", "args": {"path": "absent.txt"}}

# What the model says, what else is on the command line, and what comes of it.
OUTCOMES: list[tuple[list[Any], tuple[str, ...], str]] = [
    ([answer("Hello.")], (), "answered"),
    ([plan(CALL), "Three."], (), "succeeded"),
    ([plan(FAILS), answer("no"), "It failed."], (), "failed"),
    ([plan({**FAILS, "on_error": "partial"}), "Not all."], (), "partial"),
    ([plan(CALL), Answer(status=401)], (), "unanswered"),
    ([plan(WRITE)], (), "denied"),
    ([plan({**CALL, "tool": "nothing"})], (), "refused"),
    ([Answer(status=401)], (), "refused"),
]


@pytest.mark.parametrize(("answers", "arguments", "status"), OUTCOMES)
def test_every_outcome_is_a_document_as_the_schema_says(
    place: Place, answers: list[Any], arguments: tuple[str, ...], status: str
) -> None:
    with ModelServer(answers) as server:
        place.connect(server.openai_url)
        made = place.run("-p", "do it", "--json", *arguments, FORCE_COLOR="1")
    document = made.document
    require_valid(document)
    assert document["status"] == status
    assert document["exit_code"] == made.code
    assert b"\x1b" not in made.out


def test_all_that_a_request_took_is_told_wherever_it_is_asked_for(place: Place) -> None:
    with ModelServer([plan(FAILS), answer("There is no other way."), "It failed."]) as server:
        place.connect(server.openai_url)
        document = place.run("-p", "do it", "--json").document
        planning, patching, answering = (sum(counted) for counted in server.counted)
    run = document["run"]
    assert run["spent"]["tokens"] == patching + answering, "a patch that came to nothing, and the answer"
    assert place.run("show", run["run_id"], "--json").document["spent"] == run["spent"]
    (session,) = place.run("sessions", "--json").document["sessions"]
    assert session["spent"] == document["spent"]
    assert session["spent"]["tokens"] == planning + patching + answering


def test_lines_begin_with_the_plan_and_end_with_the_document(place: Place) -> None:
    with ModelServer([plan(CALL), "Three."]) as server:
        place.connect(server.openai_url)
        lines = place.run("-p", "count", "--jsonl", FORCE_COLOR="1").lines
    assert [line["kind"] for line in lines] == ["plan", *["event"] * 5, "task"]
    events = ["RunStarted", "StepStarted", "StepSucceeded", "RunFinished", "QuestionAsked"]
    assert [line["event"] for line in lines[1:-1]] == events
    assert lines[-1]["run"]["spent"] == lines[-2]["spent"], "the answer's"
    require_valid(lines[-1])
    assert lines[0]["plan_hash"] == lines[-1]["plan_hash"]
    assert lines[0]["plan"] == lines[-1]["plan"]
    assert (lines[0]["needs"], lines[0]["waves"]) == ([], [["count"]])


def test_lines_of_what_may_not_run_are_the_plan_and_the_document(place: Place) -> None:
    with ModelServer([plan(WRITE)]) as server:
        place.connect(server.openai_url)
        made = place.run("-p", "save it", "--jsonl")
    assert made.code == 5
    first, last = made.lines
    assert (first["kind"], last["kind"], last["status"]) == ("plan", "task", "denied")
    assert first["needs"] == last["denied"]
    assert [(need["tool"], need["class"]) for need in last["denied"]] == [("write_file", "write")]


@pytest.mark.parametrize("form", ["--json", "--jsonl"])
@pytest.mark.parametrize(
    "arguments",
    [("--bogus",), ("--model", "ollama/nothing"), ("--set", "nothing=1"), ("--session", "zzz")],
    ids=["usage", "model", "settings", "session"],
)
def test_what_cannot_begin_is_one_error_document(place: Place, form: str, arguments: tuple[str, ...]) -> None:
    made = place.run("-p", "say hello", form, *arguments)
    document = made.document
    assert made.code in (2, 77)
    assert document["exit_code"] == made.code
    assert document.get("kind") == ("error" if form == "--jsonl" else None)
    require_valid(document)


@pytest.mark.parametrize("form", ["--json", "--jsonl"])
def test_what_tools_print_is_no_part_of_it(place: Place, form: str) -> None:
    with ModelServer([plan(SHOUT), "HELLO"]) as server:
        place.connect(server.openai_url)
        made = place.run("-p", "shout", form, *place.tools(LOUD))
    assert made.code == 0
    assert made.lines[-1]["run"]["steps"][0]["value"] == "HELLO"
    assert b"on standard output" not in made.out
    for said in ("on loading", "on standard output", "on standard error"):
        assert said in made.said


def test_the_run_of_a_plan_file_is_a_document_too(place: Place) -> None:
    (place.folder / "plan.json").write_text(plan(CALL))
    made = place.run("run", "plan.json", "--json")
    require_valid(made.document)
    lines = place.run("run", "plan.json", "--jsonl").lines
    assert {line["kind"] for line in lines} == {"event"}
    (place.folder / "plan.json").write_text(plan(WRITE))
    made = place.run("run", "plan.json", "--jsonl")
    assert (made.code, made.document["kind"]) == (5, "error")
    require_valid(made.document)


def test_a_reader_of_lines_that_goes_away_stops_the_run(place: Place) -> None:
    with ModelServer([plan(CALL), "x"]) as server:
        place.connect(server.openai_url)
        process = place.begin("-p", "count", "--jsonl")
        assert process.stdout
        first = json.loads(process.stdout.readline())
        process.stdout.close()
        process.stdout = None
        made = ended(process)
    assert first["kind"] == "plan"
    assert (made.code, made.said) == (141, "")


# --- the page


def test_the_page_names_every_document_and_every_event(place: Place) -> None:
    text = page("json.md")
    found = subprocess.run(
        ["grep", "-rhoE", r"overseer\.[a-z_-]+/[0-9]+", "overseer", "--include=*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(found.stdout.split()) == set(re.findall(r"^\| `(overseer\.[a-z-]+/\d+)` \|", text, re.MULTILINE))
    kinds = {kind.__name__ for kind in events.Event.__args__}
    assert {name for name in kinds if re.search(rf"\b{name}\b", text)} == kinds
