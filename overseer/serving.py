"""An engine for programs: those that find it at a socket file, or the one that started it.

overseer serve --approve write        prints where it listens, until Ctrl-C
python -m overseer.serving FD         serves one program over a socket it was given, until that hangs up
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from overseer.broker.attempts import warm_executor
from overseer.broker.broker import Broker
from overseer.broker.fallback import Fallback
from overseer.broker.permissions import Grants, classes_from
from overseer.broker.programs import Program, ProgramDoor
from overseer.console import flush, make_streams_safe
from overseer.descriptors import kept_from_tools
from overseer.errors import OverseerError, UsageError
from overseer.home import home, make_private
from overseer.ids import new_run_id
from overseer.nodes import Allowance, NodeConnection, NodeServer
from overseer.nodes.connection import SLOWEST_READ_S
from overseer.nodes.frames import frame_bytes, send_frame
from overseer.registry import LiveRegistry, tool_folders
from overseer.running.engine import Engine, EngineSettings
from overseer.settings.config import load_settings
from overseer.tool import Effect, Tool
from overseer.wiring import make_broker, require_known, take_secrets

APPROVE_VARIABLE = "OVERSEER_APPROVE"

# A program may do as much at once as the broker lets it; this only bounds what waits in memory for it.
_ALLOWANCE = Allowance(in_flight=64)


def socket_path() -> Path:
    """Where an engine of this user listens, if nobody said otherwise."""
    return home() / "run" / f"engine-{os.getpid()}"


def door_maker(
    broker: Broker,
    tools: Callable[[], Mapping[str, Tool]],
    classes: frozenset[Effect],
    settings: EngineSettings,
    *,
    approve_with: str,
) -> Callable[[], ProgramDoor]:
    """Doors for programs, each with the tools that there are when it comes, and with a budget of its own."""
    fallback = Fallback()

    def make() -> ProgramDoor:
        engine = Engine(tools().values(), settings=settings, broker=broker)
        door = engine.door(Grants(classes=classes), held_as="this program", approve_with=approve_with)
        return ProgramDoor(door, Program(new_run_id(time.time()), "program"), fallback)

    return make


def serve(
    broker: Broker, registry: LiveRegistry, path: Path, classes: frozenset[Effect], settings: EngineSettings
) -> NodeServer:
    """Listen at a socket file; whoever closes the server ends it."""
    make_private(path.parent)
    remedy = "overseer serve --approve {classes}"
    make = door_maker(broker, lambda: registry.current().tools, classes, settings, approve_with=remedy)
    return NodeServer(path, make, warm_executor(), allowance=_ALLOWANCE)


def main(arguments: Sequence[str]) -> int:
    """Serve the program that started this one, or tell it why that cannot be."""
    try:
        connection = socket.socket(fileno=int(arguments[0]))
    except (IndexError, ValueError, OSError) as error:
        print(f"overseer: this is for node_runtime, which hands over a socket: {error}", file=sys.stderr)
        return 2
    try:
        classes = classes_from(filter(None, os.environ.get(APPROVE_VARIABLE, "").split(",")))
        settings = load_settings()
        with kept_from_tools():
            broker = make_broker(settings, take_secrets(settings), Path.cwd())
            registry = LiveRegistry(lambda: tool_folders(Path.cwd()))
            require_known(settings, registry.current().tools)
            remedy = APPROVE_VARIABLE + "={classes}"
            make = door_maker(
                broker, lambda: registry.current().tools, classes, settings.for_engine(), approve_with=remedy
            )
            NodeConnection(connection, make(), warm_executor(), _ALLOWANCE).serve()
    except (OverseerError, ValueError, OSError) as error:
        problem = {"kind": "internal", "message": f"the engine could not start: {error}"}
        with suppress(OSError):
            send_frame(connection, frame_bytes({"error": problem}), within_s=SLOWEST_READ_S)
        return 2 if isinstance(error, UsageError) else 1
    return 0


if __name__ == "__main__":
    make_streams_safe()
    code = main(sys.argv[1:])
    flush()
    os._exit(code)  # a tool that hangs in a thread must not keep the process alive
