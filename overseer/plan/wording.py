"""How types and values read inside a message."""

from __future__ import annotations

from overseer.jsonvalue import Json, as_text

TYPE_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
    "any": "any value",
}


def shown(value: Json) -> str:
    """A value inside a sentence, cut short."""
    text = f'"{value}"' if isinstance(value, str) else "null" if value is None else as_text(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
