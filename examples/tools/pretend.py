"""Stand-ins for tools that ask a language model: they wait as long as one might, and say what they are."""

from __future__ import annotations

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
def nmt_translator(text: str, target_lang: str, context: ToolContext) -> str:
    """Pretend to translate.

    Args:
        text: what to translate
        target_lang: the language, such as fr
    """
    context.wait(WAIT_S)
    return f"[pretended {target_lang}: {text}]"
