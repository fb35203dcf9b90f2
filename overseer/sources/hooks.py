"""HTTP hooks: a request to a path of this machine's own address opens a round."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from overseer.sources.ondemand import OnDemand
from overseer.sources.outlet import Close, Outlet, SourceError

if TYPE_CHECKING:
    from overseer.sources.hook_server import HookServer


class Hooks:
    """All hooks that share a port. The server is there only while there is a hook."""

    def __init__(self, *, port: int = 0) -> None:
        """Port 0 is any free one, another one each time the server starts."""
        self._port = port
        self._server = OnDemand(self._start)

    def open(self, path: str, outlet: Outlet) -> Close:
        wanted = f"listen on {path!r}"
        # The server removes a second slash at the start, and cuts off what follows ? or #.
        if not path.startswith("/") or path.startswith("//") or "?" in path or "#" in path:
            raise SourceError(outlet.scope, wanted, why="it is not a plain path", remedy="use one like /build/done")
        try:
            return self._server.use(lambda server: server.add(unquote(path), outlet))
        except OSError as error:
            why = f"port {self._port} of 127.0.0.1 cannot be had: {error.strerror}"
            remedy = "use another port, or 0 for any free one"
            raise SourceError(outlet.scope, wanted, why=why, remedy=remedy) from error

    def url(self, path: str) -> str | None:
        """Where to send requests for a path; none while no hook is open."""
        server = self._server.current
        return f"http://127.0.0.1:{server.port}{quote(unquote(path))}" if server else None

    def _start(self) -> HookServer:
        # Python's HTTP server takes as long to import as everything else here together.
        from overseer.sources.hook_server import HookServer

        return HookServer(self._port)
