"""Which model answers for a role."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from overseer.models.roles import ModelRoles, connector
from overseer.models.scripted import ScriptedModel
from overseer.models.settings import ModelRef, parse_models
from overseer.tool import Cancellation, Models, Question, ToolError
from tests.servers.model_server import ModelServer


def scripted_roles(section: dict[str, Any]) -> tuple[ModelRoles, dict[ModelRef, ScriptedModel]]:
    """Roles whose models all are scripted, and say their own names."""
    made: dict[ModelRef, ScriptedModel] = {}

    def connect(ref: ModelRef, _: object) -> ScriptedModel:
        assert ref not in made
        made[ref] = ScriptedModel([{"text": str(ref), "times": 9}])
        return made[ref]

    return ModelRoles(parse_models(section, {}), connect), made


def test_each_role_has_its_model_and_others_the_default() -> None:
    models: Models
    models, made = scripted_roles({"default": "ollama/a", "roles": {"coder": "ollama/b", "judge": {"temperature": 0}}})
    said = [models.ask(Question("?", role=role)).text for role in ("coder", "judge", "anybody", "coder")]
    assert said == ["ollama/b", "ollama/a", "ollama/a", "ollama/b"]
    assert len(made) == 2


def test_the_settings_of_a_role_have_the_last_word() -> None:
    models, made = scripted_roles({"default": "ollama/a", "roles": {"judge": {"temperature": 0, "max_tokens": 100}}})
    for max_tokens in (None, 50, 500):
        models.ask(Question("?", role="judge", temperature=0.9, max_tokens=max_tokens))
    models.ask(Question("?", temperature=0.9, max_tokens=500))
    [model] = made.values()
    assert [(asked.temperature, asked.max_tokens) for asked in model.questions] == [
        (0, 100),
        (0, 50),
        (0, 100),
        (0.9, 500),
    ]


def test_without_a_model_it_is_said_how_to_get_one() -> None:
    models, _ = scripted_roles({"roles": {"coder": "ollama/a"}})
    assert models.ask(Question("?", role="coder")).text == "ollama/a"
    with pytest.raises(ToolError) as caught:
        models.ask(Question("?", role="translator"))
    assert caught.value.kind == "denied"
    for words in ("'translator'", "OPENAI_API_KEY", "OPENAI_BASE_URL", "Ollama", "models:"):
        assert words in str(caught.value)


def test_one_model_can_have_all_roles() -> None:
    pieces: list[str] = []
    models = ModelRoles.of(ScriptedModel(["hello", "again"]))
    assert models.ask(Question("?", role="any"), cancellation=Cancellation(), on_text=pieces.append).text == "hello"
    assert pieces == ["hello"]
    assert models.model("other").provider == "scripted"


def test_models_are_connected_as_the_settings_say(tmp_path: Path) -> None:
    (tmp_path / "demo.yaml").write_text("[from the script]", encoding="utf-8")
    with ModelServer(["from the server"]) as server:
        section = {
            "default": "near/tiny",
            "roles": {"a": "openai/tiny", "b": "ollama/tiny", "c": "scripted/demo.yaml", "d": "scripted/none.yaml"},
            "providers": {"near": {"kind": "openai", "base_url": server.openai_url, "key": "NEAR_KEY", "timeout": 20}},
        }
        settings = parse_models(section, {"OPENAI_BASE_URL": server.openai_url, "OLLAMA_HOST": server.url})
        models = ModelRoles(settings, connector({"NEAR_KEY": "sk-near"}.get, folder=tmp_path))
        replies = {role: models.ask(Question("?", role=role)) for role in ("any", "a", "b", "c")}
        with pytest.raises(ToolError, match=r"cannot read the script .*none\.yaml"):
            models.ask(Question("?", role="d"))
    host = server.url.removeprefix("http://")
    assert {role: (reply.provider, reply.text) for role, reply in replies.items()} == {
        "any": ("near", "from the server"),
        "a": (f"openai@{host}", "from the server"),  # which is not OpenAI's
        "b": ("ollama", "from the server"),
        "c": ("scripted", "from the script"),
    }
    assert server.calls[0].headers["authorization"] == "Bearer sk-near"
    assert "sk-near" not in server.calls[1].headers["authorization"]
