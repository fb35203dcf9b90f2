"""A conversation with a language model, one turn at a time: what was said before goes along with each prompt."""

from __future__ import annotations

import json
from typing import Any

from overseer.tool import Question, ToolContext, ToolError, tool


@tool(
    effect="model",
    tags=["llm", "writing"],
    examples=[
        {
            "request": "continue the conversation with the model",
            "args": {"prompt": "Make it shorter.", "history": [{"prompt": "Draft it.", "reply": "{{draft}}"}]},
        }
    ],
)
def conversation_turn(
    prompt: Any,
    context: ToolContext,
    *,
    history: list[dict[str, Any]] | None = None,
    model: str = "",
    temperature: float | None = None,
    max_tokens: int | None = None,
) -> str:
    """Continue a conversation with a language model, which knows all earlier turns, and give its reply.

    Args:
        prompt: what to say; anything but text is said as JSON
        history: what was said before, oldest first, each with the keys prompt and reply
        model: "which model answers, as provider/model; empty: the usual one"
        temperature: from 0, always the same, to 2
        max_tokens: how long the reply may be
    """
    reply = context.ask_model(
        Question(
            _text(prompt),
            role=model or "generator",
            temperature=temperature,
            max_tokens=max_tokens,
            history=tuple(_turn(turn, place) for place, turn in enumerate(history or [])),
        )
    )
    if reply.is_cut:  # what comes after this would take half of it for the whole
        raise ToolError(
            f"{reply.model} was cut off after {reply.output_tokens} tokens; raise max_tokens, or ask for less",
            kind="invalid_output",
        )
    if not reply.text.strip():
        raise ToolError(f"{reply.model} answered with nothing", kind="invalid_output")
    return reply.text.strip()


def _turn(turn: dict[str, Any], place: int) -> tuple[str, str]:
    if set(turn) != {"prompt", "reply"}:
        raise ToolError(f"history[{place}] must have the keys prompt and reply, and no others", kind="bad_request")
    return _text(turn["prompt"]), _text(turn["reply"])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
