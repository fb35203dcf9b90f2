"""A value on one line, as it could stand in a file of settings."""

from __future__ import annotations

import re

from overseer.jsonvalue import Json
from overseer.plan.scalars import plain_value
from overseer.plan.yamlwriter import yaml_text

# Beyond what every version of YAML takes for text: what ours does, such as on, 256MB and a single point.
_PLAIN = re.compile(r"[A-Za-z0-9./](?:[\w./@+*=-]|[ ](?! |\Z))*")


def inline_text(value: Json) -> str:
    """The value as YAML without a line end."""
    if isinstance(value, dict) and value:
        return f"{{{', '.join(f'{inline_text(key)}: {inline_text(item)}' for key, item in value.items())}}}"
    if isinstance(value, list) and value:
        return f"[{', '.join(map(inline_text, value))}]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and plain_value(value) == value:
        return value
    text = yaml_text(value).removesuffix("\n")
    return text if "\n" not in text else repr(value)
