"""What the tests of both SDKs have in common: how to ask, and what to ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from overseer.models.model import Model, ModelError
from overseer.tool import Cancellation, Question, Reply

PATIENCE_S = 20.0

CITY: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["city", "people"],
    "additionalProperties": False,
}
PARIS = '{"city": "Paris", "people": 2100000}'


def ask(model: Model, prompt: str = "Say hello.", **options: Any) -> Reply:
    on_text: Callable[[str], None] | None = options.pop("on_text", None)
    return model.ask(Question(prompt, **options), cancellation=Cancellation(), on_text=on_text)


def failure(model: Model, **options: Any) -> ModelError:
    try:
        reply = ask(model, **options)
    except ModelError as error:
        return error
    raise AssertionError(f"there was an answer: {reply}")
