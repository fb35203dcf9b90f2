"""What a tool can be given to work with: files of the workspace, the web, commands, models, secrets.

These are statements of what is needed. The things themselves are made elsewhere and handed over with
each call, so that every tool obeys the same rules and none needs to know them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

from overseer.tool.cancellation import Cancellation


@dataclass(frozen=True, slots=True)
class FileInfo:
    """A file or folder of the workspace, by its path from there."""

    path: str
    size: int
    modified: float
    is_folder: bool = False
    obstacle: str = ""  # why it can be neither read nor written, where that is so


class Workspace(Protocol):
    """The files beneath one folder. Paths are relative to it; ToolError tells what is wrong with one."""

    def read(self, path: str, *, limit: int | None = None) -> bytes:
        """The content of a file; ToolError if that is more than `limit` bytes."""
        ...

    def read_text(self, path: str, *, limit: int | None = None) -> str: ...

    def open(self, path: str) -> BinaryIO:
        """A file to read in pieces; the caller closes it."""
        ...

    def write(self, path: str, data: bytes) -> None:
        """Replace the file, or make it and the folders above it; all of it or nothing."""
        ...

    def append(self, path: str, data: bytes) -> None: ...

    def files(self, path: str = ".", *, pattern: str = "**", hidden: bool = True) -> Iterator[FileInfo]:
        """What lies beneath a folder and matches, in the order of names, a folder before its content.

        `*.txt` is looked for in the folder alone, `**/*.txt` beneath it as well. Without `hidden`,
        names that begin with a dot are passed over unless the pattern spells the dot.
        """
        ...


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """What a server said; `url` is where the answer came from in the end."""

    url: str
    status: int
    headers: Mapping[str, str]  # names in small letters
    body: bytes


class Web(Protocol):
    """Requests to public addresses. A server's refusal is an answer; ToolError means that there was none."""

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout_s: float = 30.0,
        limit_bytes: int = 10_000_000,
        cancellation: Cancellation | None = None,
    ) -> WebAnswer: ...


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended. `is_cut` says that it printed more than was kept."""

    exit_code: int
    stdout: str
    stderr: str
    is_cut: bool = False


class Commands(Protocol):
    """Programs as processes of their own, without a shell and without our secrets."""

    def run(
        self,
        arguments: Sequence[str],
        *,
        stdin: str = "",
        folder: str = ".",
        variables: Mapping[str, str] | None = None,
        timeout_s: float = 60.0,
        cancellation: Cancellation | None = None,
    ) -> CommandResult: ...


@dataclass(frozen=True, slots=True)
class Question:
    """What a model is asked. With a schema, the reply is to be JSON that fits it."""

    prompt: str
    system: str = ""
    role: str = "generator"
    temperature: float | None = None
    max_tokens: int | None = None
    schema: Mapping[str, Any] | None = None
    history: tuple[tuple[str, str], ...] = ()  # what was said before: prompts, each with the reply to it


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered, and what that took. `value` is the parsed JSON where a schema was given."""

    text: str
    model: str
    input_tokens: int = 0
    output_tokens: int = 0
    value: Any = None
    provider: str = ""  # whose model it was
    is_cut: bool = False  # the model had more to say than it was allowed
    is_estimated: bool = False  # the server did not count the tokens; these are a guess by length
    warnings: tuple[str, ...] = ()  # what may be wrong with the answer, although there is one


class Models(Protocol):
    """Language models, by the role they have."""

    def ask(self, question: Question, *, cancellation: Cancellation | None = None) -> Reply: ...


@dataclass(frozen=True, slots=True)
class Services:
    """What a call may work with; None where there is no such thing."""

    workspace: Workspace | None = None
    web: Web | None = None
    commands: Commands | None = None
    models: Models | None = None
    run_plan: Callable[[Any, dict[str, Any]], Any] | None = None
    secret: Callable[[str], str | None] = field(default=lambda name: None)


NO_SERVICES = Services()
