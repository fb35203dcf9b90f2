"""The schemas of the documentation, for documents that were really printed."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.pages import DOCS

_SCHEMAS = {
    f"{name}.schema.json": json.loads((DOCS / f"{name}.schema.json").read_text("utf-8"))
    for name in ("error", "run", "task")
}
_REGISTRY: Registry[Any] = Registry().with_resources(
    (name, Resource.from_contents(schema)) for name, schema in _SCHEMAS.items()
)


def require_valid(document: Any) -> None:
    """The document is as the schema that it names says."""
    kind = document["schema"].removeprefix("overseer.").removesuffix("/1")
    schema = _SCHEMAS[f"{kind}.schema.json"]
    Draft202012Validator(schema, registry=_REGISTRY).validate(
        {name: value for name, value in document.items() if name != "kind"}
    )


def properties_of(kind: str) -> tuple[set[str], set[str]]:
    """What every document of a kind has, and all that one may have, beside what kind it is."""
    schema = _SCHEMAS[f"{kind}.schema.json"]
    return set(schema["required"]) - {"schema"}, set(schema["properties"]) - {"schema"}
