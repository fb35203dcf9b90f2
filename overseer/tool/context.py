"""What a tool may know of the call it serves, and what it may work with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from overseer.tool.cancellation import Cancellation
from overseer.tool.services import (
    NO_SERVICES,
    CommandResult,
    Question,
    Reply,
    Services,
    WebAnswer,
    Workspace,
)
from overseer.tool.values import ToolError


@dataclass(slots=True)
class ToolContext:
    """What a tool may know of the call it serves. Asked for by a parameter of this type."""

    run_id: str
    key: str
    attempt: int
    cancellation: Cancellation
    services: Services = NO_SERVICES

    @property
    def is_cancelled(self) -> bool:
        return self.cancellation.is_asked

    def wait(self, seconds: float) -> bool:
        """Sleep, but wake at once when the call is cancelled; whether it was."""
        return self.cancellation.wait(seconds)

    @property
    def workspace(self) -> Workspace:
        """The files that a tool may read and write."""
        if self.services.workspace is None:
            raise _missing("a workspace")
        return self.services.workspace

    def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout_s: float = 30.0,
        limit_bytes: int = 10_000_000,
    ) -> WebAnswer:
        """What a server on the web answers."""
        if self.services.web is None:
            raise _missing("the web")
        return self.services.web.request(
            method,
            url,
            headers=headers,
            body=body,
            timeout_s=timeout_s,
            limit_bytes=limit_bytes,
            cancellation=self.cancellation,
        )

    def run_command(
        self,
        arguments: Sequence[str],
        *,
        stdin: str = "",
        folder: str = ".",
        variables: Mapping[str, str] | None = None,
        timeout_s: float = 60.0,
    ) -> CommandResult:
        """How a program ended, and what it printed."""
        if self.services.commands is None:
            raise _missing("commands")
        return self.services.commands.run(
            arguments,
            stdin=stdin,
            folder=folder,
            variables=variables,
            timeout_s=timeout_s,
            cancellation=self.cancellation,
        )

    def ask_model(self, question: Question) -> Reply:
        """What a language model answers."""
        if self.services.models is None:
            raise _missing("a language model")
        return self.services.models.ask(question, cancellation=self.cancellation)

    def run_plan(self, plan: Any, inputs: dict[str, Any]) -> Any:
        """What a saved plan gives back."""
        if self.services.run_plan is None:
            raise _missing("an engine to run plans with")
        return self.services.run_plan(plan, inputs)

    def secret(self, name: str) -> str:
        """A key or password, by its name; ToolError says how to give it."""
        value = self.services.secret(name)
        if value is None:
            remedy = "set it in the environment, or add it with its name to secrets.yaml, and start Overseer anew"
            raise ToolError(f"there is no secret '{name}'; {remedy}", kind="bad_request")
        return value

    def __reduce__(self) -> tuple[Any, ...]:
        # What a call works with stays where it is; in another process a tool has its arguments alone.
        return (ToolContext, (self.run_id, self.key, self.attempt, self.cancellation))


def _missing(what: str) -> ToolError:
    return ToolError(f"this tool needs {what}, and there is none where it was called", kind="denied")
