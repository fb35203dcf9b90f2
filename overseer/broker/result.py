"""What came of a call."""

from __future__ import annotations

from dataclasses import dataclass

from overseer.broker.budget import NOTHING, Spend
from overseer.errors import Failure
from overseer.jsonvalue import Json
from overseer.tool import Reply


@dataclass(slots=True)  # not frozen, which takes four times as long to make: there is one for every call
class ToolResult:
    """A value or a failure, and what it took."""

    value: Json = None
    failure: Failure | None = None
    spent: Spend = NOTHING
    was_known: bool = False  # answered from what was recorded or kept; nothing was called
    reply: Reply | None = None  # what a model said, where one was asked by nobody's tool
