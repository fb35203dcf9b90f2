"""What a tool file imports: `@tool` turns an annotated function into a tool. A leaf: it imports nothing of ours.

    @tool
    def shout(text: str, times: int = 1) -> str:
        '''Say it louder.

        Args:
            text: what to say
        '''
        return text.upper() * times

A plain `@tool` promises that the function only computes: it may run beside anything and be run
again. One that changes something says so: `@tool(effect="write", writes=["file:{path}"])`.
Arguments arrive as plain JSON of the tool's own; results must be plain JSON as well. A function
with a parameter of type `ToolContext` is given the means to read files, fetch, run programs and
ask models through it, each of which obeys the user's rules.
"""

from overseer.tool.answers import is_json, refusal_of, retry_after_of, text_of, type_of
from overseer.tool.cancellation import Cancellation
from overseer.tool.checks import tool_faults
from overseer.tool.context import ToolContext
from overseer.tool.decorator import schema_of, tool
from overseer.tool.extras import how_to_add
from overseer.tool.services import (
    NO_SERVICES,
    CommandResult,
    Commands,
    FileInfo,
    Models,
    Question,
    Reply,
    Services,
    Web,
    WebAnswer,
    Workspace,
)
from overseer.tool.values import EFFECTS, REPEATABLE, Effect, Kind, Tool, ToolError

__all__ = [
    "EFFECTS",
    "NO_SERVICES",
    "REPEATABLE",
    "Cancellation",
    "CommandResult",
    "Commands",
    "Effect",
    "FileInfo",
    "Kind",
    "Models",
    "Question",
    "Reply",
    "Services",
    "Tool",
    "ToolContext",
    "ToolError",
    "Web",
    "WebAnswer",
    "Workspace",
    "how_to_add",
    "is_json",
    "refusal_of",
    "retry_after_of",
    "schema_of",
    "text_of",
    "tool",
    "tool_faults",
    "type_of",
]
