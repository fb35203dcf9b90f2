"""Which model is asked, which settings hold, and which conversation goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.headless.alone import CALL, WRITE, Place, answer, plan
from tests.servers.model_server import Answer, ModelServer

FOLLOW_UP = {
    "step_id": "again",
    "description": "Count",
    "tool": "text_statistics",
    "args": {"text": "{{inputs.answer}}"},
}


@pytest.fixture
def server(place: Place) -> Iterator[ModelServer]:
    with ModelServer([answer("Hello.")], models=["tiny", "other"]) as server:
        yield server


def asked(server: ModelServer) -> list[str]:
    return [question["model"] for question in server.questions()]


def test_the_model_of_the_command_line_goes_before_all_others(place: Place, server: ModelServer) -> None:
    place.connect(server.openai_url)
    place.settings({"models": {"default": "ollama/one", "roles": {"overseer": "ollama/two"}}})
    made = place.run("-p", "say hello", "--model", "openai/other", "--json")
    assert (made.code, asked(server)) == (0, ["other"])
    assert made.document["model"].endswith("/other")


def test_a_server_alone_gives_its_first_model(place: Place, server: ModelServer) -> None:
    place.settings({"models": {"default": "ollama/one"}})
    assert place.run("-p", "say hello", "--base-url", server.openai_url).text == "Hello.\n"
    assert asked(server) == ["tiny"]


@pytest.mark.parametrize("name", ["other", "openai/other"])
def test_a_server_with_a_model_gives_that_one(place: Place, server: ModelServer, name: str) -> None:
    place.environment["OVERSEER_MODEL"] = "ollama/three"
    assert place.run("-p", "say hello", "--base-url", server.openai_url, "--model", name).text == "Hello.\n"
    assert asked(server) == ["other"]


def test_a_model_is_found_by_its_name_alone_and_told_with_its_server(place: Place, server: ModelServer) -> None:
    place.environment["OLLAMA_HOST"] = server.url
    made = place.run("-p", "say hello", "--model", "other")
    assert (made.code, asked(server)) == (0, ["other"])
    assert "model: ollama/other, named by --model, and ollama has it" in made.said


def test_who_has_set_one_up_in_vain_is_not_told_to_set_one_up(place: Place) -> None:
    with ModelServer(models=[]) as server:
        place.environment["OLLAMA_HOST"] = server.url
        made = place.run("-p", "tell me a joke about cats")
    assert made.said.count("run: ollama pull qwen3") == 1
    assert "The one that is set up cannot be used; overseer doctor model tells why." in made.said
    assert "start Ollama" not in made.said


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (
            ("--model", "tiny"),
            77,
            "--model names tiny, which cannot be used: no server was found that has it (",
        ),
        (("--model", "opena/tiny"), 77, "there is no provider 'opena'; did you mean 'openai/tiny'?"),
        (("--base-url", "nonsense"), 77, "--base-url names nonsense, which cannot be used: a base URL must begin with"),
    ],
)
def test_what_is_no_model_is_named(place: Place, arguments: tuple[str, ...], code: int, reason: str) -> None:
    made = place.run("-p", "say hello", *arguments)
    assert (made.code, made.out) == (code, b"")
    assert reason in made.said


def test_another_settings_file(place: Place) -> None:
    (place.folder / "mine.yaml").write_text("chat: {review: always}")
    with ModelServer([plan(CALL), "Three."]) as server:
        place.connect(server.openai_url)
        made = place.run("-p", "count", "--config", "mine.yaml")
    assert (made.code, made.out) == (5, b"")
    assert "every plan is reviewed (chat.review: always), and nobody can be asked" in made.said


# --- what may run


@pytest.mark.parametrize(("approve", "code"), [((), 5), (("--approve", "write"), 0), (("--approve", "network"), 5)])
def test_only_what_was_approved_runs(place: Place, approve: tuple[str, ...], code: int) -> None:
    with ModelServer([plan(WRITE), "Saved."]) as server:
        place.connect(server.openai_url)
        assert place.run("-p", "save it", *approve).code == code
    assert (place.folder / "kept.txt").exists() == (code == 0)


def test_what_the_settings_deny_nobody_approves(place: Place) -> None:
    place.settings({"permissions": {"write": "deny"}})
    with ModelServer([plan(WRITE)]) as server:
        place.connect(server.openai_url)
        made = place.run("-p", "save it", "--approve", "all", "--json")
    assert made.code == 5
    assert [(need["tool"], need["verdict"]) for need in made.document["denied"]] == [("write_file", "deny")]


def test_where_every_plan_is_reviewed_an_approval_lets_it_run(place: Place) -> None:
    place.settings({"chat": {"review": "always"}})
    with ModelServer([plan(CALL), "Three."]) as server:
        place.connect(server.openai_url)
        assert place.run("-p", "count", "--approve", "all").text == "Three.\n"


def test_the_rest_of_a_failed_run_needs_approval_too(place: Place) -> None:
    fails = {"step_id": "read", "description": "Read", "tool": "read_file", "args": {"path": "absent.txt"}}
    with ModelServer([plan(fails), plan(WRITE), "It failed."]) as server:
        place.connect(server.openai_url)
        made = place.run("-p", "read it", "--json")
    assert not (place.folder / "kept.txt").exists()
    assert made.code == 4
    assert [need["tool"] for need in made.document["denied"]] == ["write_file"]


# --- conversations


def test_a_follow_up_knows_what_was_said_and_made(place: Place) -> None:
    answers: list[Any] = [plan(CALL), "Three words.", plan(FOLLOW_UP), "Two words."]
    with ModelServer([Answer(each) for each in answers]) as server:
        place.connect(server.openai_url)
        first = place.run("-p", "count the words", "--json").document
        second = place.run("-p", "and of your answer?", "--continue", "--json").document
        said = server.questions()[2]["messages"][-1]["content"]
    assert second["session"] == first["session"]
    assert '"count the words"' in said
    assert "Three words." in said
    assert '"name":"count"' in said  # the result of the step
    assert second["run"]["output"]["words"] == 2


def test_a_conversation_may_be_named(place: Place, server: ModelServer) -> None:
    place.connect(server.openai_url)
    first = place.run("-p", "remember me", "--json").document["session"]
    other = place.run("-p", "and me", "--json").document["session"]
    third = place.run("-p", "who was it?", "--session", first, "--json").document["session"]
    assert first == third != other
    assert "remember me" in str(server.questions()[-1])
    assert "and me" not in str(server.questions()[-1])


def test_each_folder_has_its_own_last_conversation(place: Place, server: ModelServer) -> None:
    place.connect(server.openai_url)
    place.run("-p", "remember me")
    elsewhere = place.folder.parent / "elsewhere"
    elsewhere.mkdir()
    place.folder = elsewhere
    made = place.run("-p", "who was it?", "--continue")
    assert made.code == 2
    assert "there is no conversation in this folder to go on with" in made.said
