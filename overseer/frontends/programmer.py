"""A language model that writes programs for steps: asked with the task, asked again with what went wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from overseer.frontends.programs import Ask, Task, Try
from overseer.frontends.shelf import Shelf
from overseer.jsonvalue import json_text
from overseer.models.promptfiles import fenced, prompt
from overseer.tool import Question, Tool, ToolError

# Ours, so that it is right: the first line of every program.
TEMPLATE = "from node_runtime import ToolCallError, ToolsFailed, call_llm, call_tool, call_tools_parallel\n"

_FENCED = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*(?:python|py)?[ \t]*\n(.*?)^[ \t]*\1[ \t]*$", re.DOTALL | re.MULTILINE)
_RULES = Path(__file__).parent / "prompts" / "node.md"
_LONGEST = 64 * 1024
_SAMPLE = 4000  # characters of an input that are shown


class ModelPrograms:
    """Programs by the model that has the role `coder`, and those that it has written before."""

    def __init__(self, shelf: Shelf | None = None) -> None:
        """Without a shelf, no program is kept, and each is written anew."""
        self._shelf = shelf

    def program(self, task: Task, tries: Sequence[Try], ask: Ask) -> str:
        if not tries and self._shelf is not None and (kept := self._shelf.find(task)) is not None:
            return kept
        question = Question(_asked(task, tries), system=prompt(_RULES), role="coder", temperature=0.0)
        return TEMPLATE + code_in(ask(question))

    def keep(self, task: Task, source: str) -> None:
        if self._shelf is not None:
            self._shelf.keep(task, source)


def code_in(reply: str) -> str:
    """The program in a reply; ToolError if there is none, or not one alone."""
    blocks = [block.group(2) for block in _FENCED.finditer(reply)]
    if not blocks and "def main(" in reply and "```" not in reply:
        blocks = [reply]
    if len(blocks) != 1:
        what = "no program" if not blocks else f"{len(blocks)} programs instead of one"
        raise ToolError(f"the coder model gave {what}: {reply.strip()[:500]}", kind="invalid_output")
    code = blocks[0].strip("\n") + "\n"
    if len(code) > _LONGEST:
        raise ToolError(f"the coder model gave a program of {len(code)} characters", kind="invalid_output")
    return code.removeprefix(TEMPLATE)


def _asked(task: Task, tries: Sequence[Try]) -> str:
    parts = [f"The task: {task.text}", _input_part(task), _tools_part(task.tools), *map(_try_part, tries)]
    if tries:
        parts.append("Write a program that does the task and has none of these problems.")
    return "\n\n".join(parts)


def _input_part(task: Task) -> str:
    if not task.args:
        return "The input is an empty dict."
    names = ", ".join(task.args)
    if not task.origins:
        return f"A sample of the input, with the names {names}:\n{fenced(_shortened(json_text(task.args)))}"
    parts = [
        f"There is no sample of the input yet. It will be a dict with the names {names}, made of this, in which "
        "values that do not exist yet take the place of each {{...}}, as text where it is part of a longer text:",
        fenced(_shortened(json_text(task.args))),
        "Where they will come from:",
        fenced("\n".join(f"- {origin}" for origin in task.origins)),
        "Nothing more is known of their form. Where it is open, accept every form that is likely, and raise "
        "ValueError for all others.",
    ]
    return "\n".join(parts)


def _shortened(text: str) -> str:
    return text if len(text) <= _SAMPLE else f"{text[:_SAMPLE]}… (and {len(text) - _SAMPLE} characters more)"


def _tools_part(tools: Mapping[str, Tool]) -> str:
    if not tools:
        return "There are no tools: compute it."
    lines = "\n".join(_tool_line(tool) for tool in tools.values())
    return f"The tools:\n{fenced(lines)}"


def _tool_line(tool: Tool) -> str:
    gives = f", gives {json_text(tool.output)}" if tool.output is not None else ""
    summary = tool.description.split("\n")[0]
    return f"- {tool.name}: {summary} Arguments as JSON Schema: {json_text(tool.parameters)}{gives}"


def _try_part(tried: Try) -> str:
    source = fenced(tried.source.removesuffix("\n"), "python")
    return f"This program was tried:\n{source}\nIt did not work. What happened:\n{fenced(tried.problem)}"
