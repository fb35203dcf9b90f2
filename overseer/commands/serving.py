"""`overseer serve`: an engine for programs of the same user, at a socket file."""

from __future__ import annotations

import threading
from argparse import Namespace
from pathlib import Path

from overseer import exits
from overseer.commands.output import put_document, say_if_changed
from overseer.console import put, say
from overseer.descriptors import kept_from_tools
from overseer.registry import LiveRegistry, tool_folders
from overseer.serving import serve as serve_programs
from overseer.serving import socket_path
from overseer.settings.config import Settings
from overseer.stopsignals import hearing_signals
from overseer.wiring import make_broker, require_known, take_secrets


def serve(options: Namespace, settings: Settings) -> int:
    """Let programs call tools until Ctrl-C; the first line says where."""
    folder = Path.cwd()
    path = (options.socket or socket_path()).absolute()
    broker = make_broker(settings, take_secrets(settings), folder, options.tools)
    registry = LiveRegistry(lambda: tool_folders(folder, options.tools))
    with kept_from_tools():
        for problem in registry.current().problems:
            say(f"tool file left out: {problem}")
        require_known(settings, registry.current().tools)
    say_if_changed(folder)
    is_over = threading.Event()
    with (
        hearing_signals(lambda _: is_over.set()),
        serve_programs(broker, registry, path, options.approve, settings.for_engine()),
    ):
        if options.json:
            put_document({"schema": "overseer.serving/1", "socket": str(path)})
        else:
            put(f"OVERSEER_SOCKET={path}")
            say("programs that use node_runtime find this engine by that variable; Ctrl-C ends it")
        is_over.wait()
    return exits.OK
