"""What the chat says about models: what can be done where one types, and what is known without asking a server."""

from __future__ import annotations

import pytest

from tests.chat.typed import Typed, typed

__all__ = ["typed"]


def test_how_to_connect_one_is_what_can_be_done_from_here(typed: Typed) -> None:
    said = typed.say("tell me a joke about cats")
    assert "ask again" not in said
    assert "/model ollama/NAME" in said
    assert "leave, set OPENAI_API_KEY" in said


def test_how_to_connect_one_is_told_whole_once_and_in_few_words_from_then_on(typed: Typed) -> None:
    assert "/model ollama/NAME" in typed.say("tell me a joke about cats")
    for request in ("tell me a joke about dogs", "erzähl mir einen Witz über Hunde", "hello"):
        said = " ".join(typed.say(request).split())
        assert "/doctor model tells how to connect one." in said
        assert "OPENAI_API_KEY" not in said


def test_a_request_that_is_planned_leaves_it_to_be_told(typed: Typed) -> None:
    typed.say("what is 2 + 3")
    assert "/model ollama/NAME" in typed.say("hello")


def test_a_model_without_its_key_is_refused_at_once_with_what_to_do(typed: Typed) -> None:
    said = typed.say("/model openai/x")
    assert said == (
        "error: openai/x needs a key: set OPENAI_API_KEY in the environment, or add it with that name to "
        "secrets.yaml, and start Overseer anew; everything stays as it was\n"
    )
    assert "model: none" in typed.say("/model")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/model opnai/x", "there is no provider 'opnai'; did you mean 'openai/x'?"),
        ("/model codr ollama/x", "there is no role 'codr'; did you mean 'coder'?"),
        ("/model use ollama/x", "there is no role 'use'; there are: overseer, coder, generator"),
        ("/model x.gguf", "there is no file"),
        ("/model scripted/none.yaml", "there is no script"),
        ("/model x", "no server was found that has it (ollama at http://127.0.0.1:9: Connection refused); start one"),
        ("/model a b c", "write /model, /model NAME or /model ROLE NAME"),
    ],
)
def test_what_is_no_model_or_role_is_refused(typed: Typed, line: str, words: str) -> None:
    assert words in typed.say(line)


def test_a_server_that_does_not_answer_is_named_with_its_address_and_the_remedy(typed: Typed) -> None:
    said = typed.say("/model ollama/x")
    assert said == (
        "the model is ollama/x from the next request on; whether it is there is not known: "
        "ollama at http://127.0.0.1:9: Connection refused; start it with: ollama serve\n"
    )


def test_a_command_without_its_slash_is_told_with_it(typed: Typed) -> None:
    assert "There is a command that is called so: /undo" in typed.say("undo that")
    assert "There is a command" not in typed.say("what is 2 + 3")
