"""A key that this process knows is nowhere but there: not on the screen, in no file, and no model is told."""

from __future__ import annotations

import json

import pytest

from tests.headless.alone import Ended, Place, answer, plan
from tests.servers.model_server import ModelServer

KEY = "sk-live-4f9aQq8Zk2mN7xW1vLr03"
LEAK = '''
@tool(effect="pure")
def leak(path: str) -> str:
    """Give a file back.

    path: which
    """
    key = open(path).read()
    print("out", key)
    print("err", key, file=sys.stderr)
    return "it is " + key
'''


def require_unseen(place: Place, server: ModelServer, made: Ended) -> None:
    assert KEY.encode() not in made.out + made.err
    assert KEY not in json.dumps(server.questions())
    assert [path for path in place.home.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()] == []
    for command in (("runs", "--json"), ("show", "", "--json")):
        assert KEY not in place.run(*command).text


@pytest.mark.parametrize("form", [(), ("--json",), ("--jsonl",)], ids=["text", "json", "jsonl"])
def test_what_a_tool_and_a_model_give_away(place: Place, form: tuple[str, ...]) -> None:
    (place.folder.parent / "key").write_text(KEY)
    step = {
        "step_id": "leak",
        "description": "Read",
        "tool": "leak",
        "args": {"path": str(place.folder.parent / "key")},
    }
    with ModelServer([plan(step), f"The key is {KEY}."]) as server:
        place.connect(server.openai_url)
        made = place.run("-p", "read it", *form, *place.tools(LEAK), MY_API_KEY=KEY)
        require_unseen(place, server, made)
    assert made.code == 0
    assert "The key is [secret MY_API_KEY]." in made.text


@pytest.mark.parametrize(("request_", "given"), [(f"log in with {KEY}", b""), ("what is it?", f"key: {KEY}".encode())])
def test_what_was_asked_with_it(place: Place, request_: str, given: bytes) -> None:
    with ModelServer([answer(f"It is {KEY}.")]) as server:
        place.connect(server.openai_url)
        made = place.run("-p", request_, "--json", given=given, MY_API_KEY=KEY)
        require_unseen(place, server, made)
        assert "[secret MY_API_KEY]" in json.dumps(server.questions())
    assert made.code == 0
    assert any("what looks like a secret in" in note for note in made.document["notes"])


def test_what_a_server_says_of_it(place: Place) -> None:
    with ModelServer([answer("x")], models=[]) as server:
        place.connect(server.openai_url)
        made = place.run("-p", "say hello", OPENAI_API_KEY=KEY, OVERSEER_MODEL=f"openai/{KEY}")
        assert server.calls[-1].headers["authorization"] == f"Bearer {KEY}"  # where it belongs
        assert KEY.encode() not in made.out + made.err
    assert made.code == 77
