"""What the process says in the end, each time for the real cause; and that it says why, and what would help."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from overseer import exits
from tests.headless.alone import CALL, NOWHERE, WRITE, Ended, Place, answer, ended, plan
from tests.pages import page
from tests.servers.model_server import Answer, ModelServer

GENERATE = {"step_id": "text", "description": "Write a text", "tool": "content_generator", "args": {"prompt": "x"}}
FAILS = {"step_id": "read", "description": "Read it", "tool": "read_file", "args": {"path": "absent.txt"}}
AT_ONCE = ("--set", "retry.first_wait=1ms")


def error(status: int, **headers: str) -> Answer:
    return Answer(status=status, error={"error": {"message": "no luck"}}, headers=headers)


# What a server does, the code, the cause that is told, and what would help.
FAULTS: list[tuple[Answer, int, str, str]] = [
    (error(401), 76, "does not accept the key", "check OPENAI_API_KEY"),
    (error(403), 76, "is closed to the key", "use another key"),
    (error(429, **{"retry-after": "500"}), 75, "has had too many requests", "wait a while"),
    (error(500), 77, "failed with status 500: no luck", "try again later"),
    (error(503), 77, "failed with status 503: no luck", "name another model"),
    (Answer(fault="malformed_body"), 77, "sent something that is no answer", "check that"),
    (Answer("x" * 40, fault="malformed_event"), 77, "sent something that is no answer", "check that"),
    (Answer("x" * 40, fault="error_event"), 77, "the engine fell over", "try again"),
    (Answer("x" * 40, fault="abort"), 77, "peer closed connection", "is the server running?"),
    (Answer("x" * 40, fault="disconnect"), 77, "disconnected", "is the server running?"),
]


def told(made: Ended) -> str:
    """Everything that was said, calmly."""
    assert "Traceback" not in made.said
    return made.said


@pytest.mark.parametrize(("fault", "code", "cause", "help"), FAULTS)
def test_what_a_server_does_is_told_with_what_would_help(
    place: Place, fault: Answer, code: int, cause: str, help: str
) -> None:
    with ModelServer([fault]) as server:
        place.connect(server.openai_url)
        made = place.run("-p", "say hello", *AT_ONCE)
    assert (made.code, made.out) == (code, b"")
    assert any(cause in line and help in line for line in told(made).splitlines())


def test_0_is_everything_was_done(place: Place) -> None:
    with ModelServer([plan(CALL), "Three words."]) as server:
        place.connect(server.openai_url)
        made = place.run("-p", "count the words")
    assert (made.code, made.text) == (0, "Three words.\n")


def test_1_is_a_full_disk(place: Place) -> None:
    with ModelServer([answer("Hello.")]) as server, Path("/dev/full").open("wb") as full:
        place.connect(server.openai_url)
        made = ended(place.begin("-p", "say hello", stdout=full))
    assert made.code == 1
    assert "cannot write the result: No space left on device" in told(made)


@pytest.mark.parametrize(
    "wrong", [("--bogus",), ("--approve", "everything"), ("--set", "nothing=1"), ("--session", "x")]
)
def test_2_is_a_wrong_command_line(place: Place, wrong: tuple[str, ...]) -> None:
    made = place.run("-p", "say hello", *wrong)
    assert (made.code, made.out) == (2, b"")
    assert "error: " in told(made)


@pytest.mark.parametrize("request_", ["", "  ", "/help", "/quit now"])
def test_2_is_a_request_that_is_none(place: Place, request_: str) -> None:
    made = place.run("-p", request_)
    assert made.code == 2
    assert "error: -p" in told(made)


def test_a_request_may_begin_with_a_path(place: Place) -> None:
    with ModelServer([answer("It is a folder.")]) as server:
        place.connect(server.openai_url)
        assert place.run("-p", "/tmp what is it?").code == 0
        assert place.run("-p", "/usr/bin what is it?").code == 0


def test_3_is_no_plan(place: Place) -> None:
    made = place.run("-p", "write a poem on cats")
    assert (made.code, made.out) == (3, b"")
    assert "needs a language model" in told(made)


def test_3_is_a_model_that_writes_no_plan_that_could_run(place: Place) -> None:
    with ModelServer([plan({**CALL, "tool": "no_such_tool"})]) as server:
        place.connect(server.openai_url)
        made = place.run("-p", "count the words")
        assert len(server.questions()) == 2  # it was told once what is wrong
    assert made.code == 3
    assert "no_such_tool" in told(made)


def test_4_is_a_failed_step(place: Place) -> None:
    with ModelServer([plan(FAILS), answer("There is no other way."), "It could not be read."]) as server:
        place.connect(server.openai_url)
        made = place.run("-p", "read absent.txt")
    assert made.code == 4
    assert "absent.txt" in made.text
    assert "absent.txt" in told(made)


def test_5_is_a_missing_approval(place: Place) -> None:
    with ModelServer([plan(WRITE)]) as server:
        place.connect(server.openai_url)
        made = place.run("-p", "save it")
    assert (made.code, made.out) == (5, b"")
    assert told(made).endswith("approve it with: --approve write\n")
    assert not (place.folder / "kept.txt").exists()


@pytest.mark.parametrize(
    ("answers", "requests", "where"),
    [
        ([answer("x")], 0, "the model could not be asked for a plan"),
        ([plan(GENERATE), "x"], 1, "failed: Write a text"),
        ([plan(CALL), "x"], 1, "no model wrote this answer"),
    ],
    ids=["planning", "running", "answering"],
)
def test_6_is_a_budget_that_is_used_up(place: Place, answers: list[Any], requests: int, where: str) -> None:
    with ModelServer(answers) as server:
        place.connect(server.openai_url)
        made = place.run("-p", "do it", "--budget", f"requests={requests}")
        assert len(server.questions()) == requests
    assert made.code == 6
    said = told(made)
    assert where in said
    assert f"ask again with --budget requests={requests + 1}" in said


def test_75_is_also_a_step_that_is_told_to_wait(place: Place) -> None:
    with ModelServer([plan(GENERATE), error(429, **{"retry-after": "500"})]) as server:
        place.connect(server.openai_url)
        made = place.run("-p", "write a text")
    assert made.code == 75
    assert "left alone for 8m20s" in told(made)


def test_76_is_also_an_answer_that_a_key_is_not_good_for(place: Place) -> None:
    with ModelServer([plan(CALL), error(401)]) as server:
        place.connect(server.openai_url)
        made = place.run("-p", "count the words", "--json")
    assert made.code == 76
    document = made.document
    assert (document["status"], document["run"]["status"], document["answer_by"]) == (
        "unanswered",
        "succeeded",
        "rules",
    )
    assert document["reasons"] == [reason for reason in document["reasons"] if "check OPENAI_API_KEY" in reason]
    assert document["reasons"]


def test_77_is_a_model_that_a_server_does_not_have(place: Place) -> None:
    with ModelServer([], models=["tiny", "small"]) as server:
        place.connect(server.openai_url)
        made = place.run("-p", "say hello", OVERSEER_MODEL="openai/tinny")
    assert made.code == 77
    assert "tinny was not found" in told(made)
    assert "did you mean 'tiny'?" in told(made)


@pytest.mark.parametrize("named", [("--model", "ollama/qwen3"), ("--base-url", f"{NOWHERE}/v1")])
def test_77_is_a_server_that_is_not_there(place: Place, named: tuple[str, str]) -> None:
    made = place.run("-p", "say hello", *named)
    assert (made.code, made.out) == (77, b"")
    assert told(made).startswith(f"error: {named[0]} names {named[1]}, which cannot be used: Connection refused; is ")


def test_124_is_a_model_that_takes_too_long(place: Place) -> None:
    with ModelServer([Answer("x", delay_s=20)]) as server:
        provider = {"kind": "openai", "base_url": server.openai_url, "timeout": "200ms"}
        place.settings({"models": {"default": "near/tiny", "providers": {"near": provider}}, "retry": {"attempts": 1}})
        made = place.run("-p", "say hello")
    assert (made.code, made.out) == (124, b"")
    assert "did not answer in time; try again, or raise the server's timeout" in told(made)


def test_141_is_a_reader_that_went_away(place: Place) -> None:
    with ModelServer([answer("Hello.")]) as server:
        place.connect(server.openai_url)
        process = place.begin("-p", "say hello")
        assert process.stdout
        process.stdout.close()
        process.stdout = None
        made = ended(process)
    assert (made.code, made.said) == (141, "")


def test_the_page_lists_every_code_with_its_meaning() -> None:
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|", page("headless.md"), re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == exits.MEANINGS


def test_the_help_lists_every_code(place: Place) -> None:
    said = " ".join(place.run("chat", "--help").text.split())
    for code, meaning in exits.MEANINGS.items():
        assert f"{code} {meaning}" in said


def test_codes_of_documents_are_those_of_the_process(place: Place) -> None:
    for arguments in (("--bogus",), ("--model", "ollama/x")):
        made = place.run("-p", "say hello", "--json", *arguments)
        assert json.loads(made.out)["exit_code"] == made.code
