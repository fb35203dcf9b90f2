"""What the chat says about models where a server has some: taking one by its name, listing and offering them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from overseer.chat.completing import ChatCompleter
from tests.chat.typed import Typed, typed
from tests.servers.model_server import ModelServer

__all__ = ["typed"]

MANY = [f"m{number}" for number in range(20)]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(models=["tiny-embed", "zephyr", "llama3.2:3b", *MANY]) as server:
        yield server


@pytest.fixture
def ollama_host(server: ModelServer) -> str:
    return server.url


def test_a_model_without_a_provider_is_taken_from_the_server_that_has_it(typed: Typed) -> None:
    assert typed.say("/model llama3.2:3b") == "the model is ollama/llama3.2:3b from the next request on\n"
    assert typed.say("/model llama3.2:1b") == (
        "error: model 'llama3.2:1b': no server has it; did you mean 'ollama/llama3.2:3b'?; everything stays as it was\n"
    )


def test_the_models_there_are_listed_with_the_one_in_use_first(typed: Typed) -> None:
    typed.say("/model m3")
    how, first, there_are, used, *others, last = typed.say("/model").splitlines()  # `how` on standard error
    assert first == "model: ollama/m3 (chosen in this session)"
    assert (there_are, used) == ("there are:", "  ollama/m3  (in use)")
    assert others[:2] == ["  ollama/zephyr", "  ollama/llama3.2:3b"]
    assert (len(others), last, how) == (9, "  and 12 more of ollama", "to take another: /model NAME")


def test_tab_offers_the_models_that_are_known_and_sends_no_request(typed: Typed, server: ModelServer) -> None:
    def offered() -> set[str]:
        completes = typed.chat.commands["model"].completes
        assert completes is not None
        return {each.text for each in completes(typed.chat, [])}

    assert "coder" in offered()
    assert server.calls == []
    typed.say("/model zephyr")
    asked = len(server.calls)
    assert offered() >= {"ollama/llama3.2:3b", "ollama/m19", "coder"}
    assert "ollama/tiny-embed" not in offered()
    assert len(server.calls) == asked


def test_the_doctor_looks_at_the_model_of_the_chat(typed: Typed) -> None:
    typed.say("/model m1")
    assert typed.say("/doctor model").startswith("ok      model: ollama/m1, named by --model\n")
    assert typed.say("/doctor model --model m2").startswith("ok      model: ollama/m2, named by --model")


def test_no_model_can_be_chosen_again_and_plans_are_made_by_rules(typed: Typed, server: ModelServer) -> None:
    typed.say("/model zephyr")
    said = typed.say("/model none")
    assert said == "no model is used from the next request on: plans are made by rules\n"
    asked = len(server.questions())
    assert "made by rules, without a model" in typed.say("what is 2 + 3")
    assert "model: none (chosen in this session)" in typed.say("/model")
    assert len(server.questions()) == asked


def test_no_model_is_for_all_roles(typed: Typed) -> None:
    typed.say("/model zephyr")
    typed.say("/model translator m1")
    typed.say("/model none")
    assert "translator" not in typed.say("/model")


def test_a_model_that_is_asked_in_vain_is_told_with_how_to_do_without(typed: Typed, server: ModelServer) -> None:
    typed.say("/model zephyr")
    server.status = 401
    assert "  - /model none plans by rules alone, without a model.\n" in typed.say("what is 2 + 3")


def test_tab_completes_the_name_of_a_model_without_its_server(typed: Typed) -> None:
    typed.say("/model zephyr")
    found = ChatCompleter(typed.chat).get_completions(Document("/model lla"), CompleteEvent())
    assert [(each.text, each.start_position) for each in found] == [("ollama/llama3.2:3b", -3)]
