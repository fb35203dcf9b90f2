"""The reader of plan files in every form there is: the plan format itself, narratives, graphs and pipes.

The suffix says which form it is: `.toml` a narrative, `.pipe` pipes, `.json` a graph where it has nodes and
connections. A text that comes without a suffix, such as standard input, is told by how it begins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from overseer.frontends.marking import broken
from overseer.plan.document import Document, read_document
from overseer.plan.faults import Fault
from overseer.plan.linking import Reader
from overseer.plan.reading import Draft, read_plan

if TYPE_CHECKING:
    from overseer.tool import Tool

_LIKE_NARRATIVE = re.compile(r"(?:\s*#[^\n]*\n)*\s*(?:\[\[act\]\]|\[(?:narrative|narration|toc|acts|carousel)\b)")
_LIKE_JSON = re.compile(r"\ufeff?\s*[{\[]\s*[\"{}\[\]]")
_KNOWN = (".yaml", ".yml", ".json", ".toml", ".pipe")


def plan_reader(tools: Mapping[str, Tool], *, narrative: str = "") -> Reader:
    """Reads the text of a plan file in any form.

    `tools` are those that pipes and graphs are read with. `narrative` is the one to choose in the first
    file; the files that it names must not leave a choice.
    """
    wanted = [narrative] if narrative else []

    def read(text: str, *, source: str) -> Draft:
        chosen = wanted.pop() if wanted else ""
        form = _form(text, source)
        if chosen and form != "toml":
            return broken(Fault("there are no narratives to choose from in it", "leave --narrative out"))
        match form:
            case "toml":
                from overseer.frontends.narrative import read_narrative

                return read_narrative(text, name=chosen)
            case "pipe":
                from overseer.frontends.pipes import read_pipes

                return read_pipes(text, tools)
            case "json" if graph := _graph(text):
                from overseer.frontends.graph import read_graph

                return read_graph(graph, tools)
            case _:
                return read_plan(text, source=source)

    return read


def _graph(text: str) -> Document | None:
    """The document of a JSON text, where that is a graph."""
    document = read_document(text, syntax="json")
    return document if isinstance(document.value, dict) and "nodes" in document.value else None


def _form(text: str, source: str) -> str:
    suffix = next((known for known in _KNOWN if source.lower().endswith(known)), "")
    if suffix:
        return suffix[1:]
    if _LIKE_NARRATIVE.match(text):
        return "toml"
    return "json" if _LIKE_JSON.match(text) else "yaml"
