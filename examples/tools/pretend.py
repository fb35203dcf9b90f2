"""Stand-ins for tools that ask a language model: they take the same, wait as long, and say what they are."""

from __future__ import annotations

from typing import Any

from overseer.tool import ToolContext, tool

WAIT_S = 0.5


@tool(effect="model", tags=["pretend"])
def content_generator(prompt: str, context: ToolContext) -> str:
    """Pretend to write something.

    Args:
        prompt: what to write
    """
    context.wait(WAIT_S)
    return f"[pretended: {prompt}]"


@tool(effect="model", tags=["pretend"])
def nmt_translator(text: str, target_lang: str, context: ToolContext, source_lang: str = "") -> str:
    """Pretend to translate.

    Args:
        text: what to translate
        target_lang: the language, such as fr
        source_lang: the language of the text
    """
    context.wait(WAIT_S)
    return f"[pretended {target_lang}: {text}]"


@tool(effect="model", tags=["pretend"])
def summarizer(text: str, context: ToolContext, sentences: int = 3, focus: str = "") -> str:
    """Pretend to summarize.

    Args:
        text: what to summarize
        sentences: the most sentences that the summary may have
        focus: what the reader wants to know most
    """
    context.wait(WAIT_S)
    return f"[pretended, {sentences} sentences of: {text}]"


@tool(effect="model", tags=["pretend"])
def classifier(text: str, labels: list[str], context: ToolContext, instructions: str = "") -> str:
    """Pretend to choose: the longest label, the first of several.

    Args:
        text: what to classify
        labels: what to choose from
        instructions: how to decide
    """
    context.wait(WAIT_S)
    return max(labels, key=len)


@tool(effect="model", tags=["pretend"])
def conversation_turn(
    prompt: Any,
    context: ToolContext,
    *,
    history: list[dict[str, str]] | None = None,
    model: str = "",
    temperature: float | None = None,
    max_tokens: int | None = None,
) -> str:
    """Pretend to talk, and say how much was said before.

    Args:
        prompt: what to say
        history: what was said before
        model: which model would answer
        temperature: from 0, always the same, to 2
        max_tokens: how long the reply may be
    """
    context.wait(WAIT_S)
    return f"[pretended, after {len(history or [])}: {prompt}]"
