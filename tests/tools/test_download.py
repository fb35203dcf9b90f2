"""The tool of tools/download.py, over real requests, and the two classes that it is of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from overseer.broker.broker import Broker, Door
from overseer.broker.budget import Budget
from overseer.broker.caps import Cap
from overseer.broker.permissions import CAREFUL, NOTHING_GRANTED, Grants, Policy
from overseer.broker.result import ToolResult
from overseer.tool import Cancellation, Services, Tool, ToolContext
from overseer.web import WebClient
from overseer.workspace import FolderWorkspace
from tests.web.servers import Server, answering

CONTENT = bytes(range(256)) * 4


def downloaded(
    our: dict[str, Tool],
    root: Path,
    server: Server,
    *,
    path: str = "data/all.bin",
    url: str = "",
    grants: Grants = NOTHING_GRANTED,
    broker: dict[str, Any] | None = None,
    **args: Any,
) -> ToolResult:
    with FolderWorkspace(root) as workspace:
        services = Services(workspace=workspace, web=WebClient(allow=[server.authority]))
        door = Door(Broker(services=services, **(broker or {})), our, grants=grants)
        given = {"url": url or f"{server.url}/all.bin", "path": path, **args}
        return door.call("download", given, ToolContext("run", "step", 1, Cancellation()))


def failure(result: ToolResult) -> str:
    assert result.failure is not None
    return f"{result.failure.kind}: {result.failure.message}"


def test_what_a_server_has_becomes_a_file_byte_for_byte(our: dict[str, Tool], root: Path) -> None:
    (root / "data").mkdir()
    (root / "data/all.bin").write_bytes(b"older and longer" * 1000)
    with Server(answering(CONTENT, "Content-Type: application/x-thing; v=1")) as server:
        result = downloaded(our, root, server)
        assert result.value == {
            "path": "data/all.bin",
            "bytes": 1024,
            "url": f"{server.url}/all.bin",
            "type": "application/x-thing",
        }
    assert (root / "data/all.bin").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        ({"max_bytes": 1023}, "the answer is larger than 1023 bytes"),
        ({"max_bytes": 10**9}, "bad_request: max_bytes is 1000000000; give a number from 1 to 100000000"),
        ({"path": "../all.bin"}, "../all.bin"),
        ({"path": ".bashrc"}, ".bashrc"),
        ({"url": "http://127.0.0.1:1/all.bin"}, "127.0.0.1"),
    ],
)
def test_what_cannot_be_had_or_kept_leaves_nothing(
    our: dict[str, Tool], root: Path, args: dict[str, Any], complaint: str
) -> None:
    with Server(answering(CONTENT)) as server:
        assert complaint in failure(downloaded(our, root, server, **args))
    assert not list(root.iterdir())
    assert list(root.parent.iterdir()) == [root]


def test_a_refusal_of_the_server_is_no_file(our: dict[str, Tool], root: Path) -> None:
    with Server(answering(b"not here", status="404 Not Found")) as server:
        assert "404" in failure(downloaded(our, root, server))
    assert not list(root.iterdir())


@pytest.mark.parametrize(
    ("allowed", "approved", "is_allowed"),
    [
        ((), (), False),
        (("write",), (), False),
        (("network",), (), False),
        (("network", "write"), (), True),
        ((), ("write",), False),
        ((), ("network",), False),
        ((), ("network", "write"), True),
    ],
)
def test_it_needs_leave_for_both_of_its_classes(
    our: dict[str, Tool], root: Path, allowed: tuple[Any, ...], approved: tuple[Any, ...], is_allowed: bool
) -> None:
    policy = Policy({**CAREFUL.classes, **dict.fromkeys(allowed, "allow")})
    with Server(answering(CONTENT)) as server:
        grants = Grants(classes=frozenset(approved))
        result = downloaded(our, root, server, grants=grants, broker={"policy": policy})
        assert (result.failure is None) == is_allowed == bool(server.received)
    if not is_allowed:
        assert "tool 'download' (write, network) needs approval" in failure(result)
        assert "--approve write,network" in failure(result)


def test_it_counts_as_a_request(our: dict[str, Tool], root: Path) -> None:
    with Server(answering(CONTENT)) as server:
        result = downloaded(our, root, server, broker={"budget": Budget("session", Cap(requests=0))})
        assert failure(result).startswith("budget: ")
        assert not server.received
