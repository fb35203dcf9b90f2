"""A tool that keeps what a server has as a file of the workspace."""

from __future__ import annotations

from typing import Any

from overseer.tool import ToolContext, ToolError, refusal_of, tool, type_of

_MOST_BYTES = 100_000_000


@tool(
    effect="write",
    also=["network"],
    writes=["file:{path}"],
    idempotent=True,
    output={
        "type": "object",
        "properties": {
            "path": {"type": "string"},
            "bytes": {"type": "integer"},
            "url": {"type": "string"},
            "type": {"type": "string"},
        },
        "additionalProperties": False,
    },
    tags=["web", "files"],
    examples=[
        {
            "request": "save https://example.org/report.pdf as reports/2026.pdf",
            "args": {"url": "https://example.org/report.pdf", "path": "reports/2026.pdf"},
        }
    ],
)
def download(
    context: ToolContext, url: str, path: str, max_bytes: int = 10_000_000, timeout_s: float = 60.0
) -> dict[str, Any]:
    """Save what a server has as a file of the workspace, byte for byte; what the file held before is replaced.

    Args:
        url: what to fetch, starting with https:// or http://
        path: the file to write, relative to the workspace, such as data/prices.csv
        max_bytes: the most that it may have; what is larger is refused, and nothing is written
        timeout_s: how many seconds it may take
    """
    if not 1 <= max_bytes <= _MOST_BYTES:
        raise ToolError(f"max_bytes is {max_bytes}; give a number from 1 to {_MOST_BYTES}", kind="bad_request")
    answer = context.fetch(url, timeout_s=timeout_s, limit_bytes=max_bytes)
    if refusal := refusal_of(answer):
        raise refusal
    context.workspace.write(path, answer.body)
    return {"path": path, "bytes": len(answer.body), "url": answer.url, "type": type_of(answer)}
