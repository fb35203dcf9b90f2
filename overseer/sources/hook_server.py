"""The HTTP server behind hooks: it accepts connections and gives each a thread of its own.

It can be reached from this machine only. What a request must look like is left to `hook_request`.
"""

from __future__ import annotations

import selectors
import socket
import sys
import time
from contextlib import suppress
from http.server import ThreadingHTTPServer
from socketserver import TCPServer
from threading import Thread
from typing import Any

from overseer.sources.hook_request import HookRequest
from overseer.sources.outlet import Close, Outlet, SourceError

_ADDRESS = "127.0.0.1"


class HookServer:
    """Passes what is sent to the hooks on to their scopes, from construction until `stop` has returned."""

    def __init__(self, port: int) -> None:
        self._acceptor = Acceptor(port)
        self.port = self._acceptor.server_port
        self._thread = Thread(target=self._acceptor.serve, name="overseer-hooks", daemon=True)
        self._thread.start()

    def add(self, path: str, outlet: Outlet) -> Close:
        if taken := self._acceptor.hooks.get(path):
            why = f"scope '{taken.scope}' listens there already"
            raise SourceError(outlet.scope, f"listen on {path!r}", why=why, remedy="give one of them another path")
        self._acceptor.hooks[path] = outlet
        return lambda: self._remove(path)

    def stop(self) -> None:
        self._acceptor.wake()
        self._thread.join()
        self._acceptor.finish_requests()
        self._acceptor.server_close()

    def _remove(self, path: str) -> None:
        del self._acceptor.hooks[path]


class Acceptor(ThreadingHTTPServer):
    """The listening socket, the requests that are under way, and the hooks they may ask for."""

    request_queue_size = 128
    # Where it is on, a port that another process of the user listens on could be had a second time.
    allow_reuse_port = False

    def __init__(self, port: int) -> None:
        self.hooks: dict[str, Outlet] = {}
        self._under_way: dict[Thread, socket.socket] = {}
        self._wake_up, self._woken = socket.socketpair()
        try:
            super().__init__((_ADDRESS, port), HookRequest)
        except BaseException:
            self._close_pair()
            raise
        self.socket.setblocking(False)
        names = (_ADDRESS, "localhost", "[::1]")
        ports = (f":{self.server_port}", "") if self.server_port == 80 else (f":{self.server_port}",)
        self.authority = f"{_ADDRESS}:{self.server_port}"
        self.own_names = frozenset(name + port for name in names for port in ports)

    def server_bind(self) -> None:
        # The base class would look up the name of this machine, which can take long.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = _ADDRESS, self.server_address[1]

    def serve(self) -> None:
        """Accept connections until woken; unlike `serve_forever`, without looking around in between."""
        with selectors.DefaultSelector() as ready:
            ready.register(self.socket, selectors.EVENT_READ)
            ready.register(self._woken, selectors.EVENT_READ)
            while all(key.fileobj is not self._woken for key, _ in ready.select()):
                self._accept()

    def _accept(self) -> None:
        try:
            request, address = self.get_request()
        except BlockingIOError:
            return  # the client has gone again
        except OSError:
            time.sleep(0.1)  # out of descriptors: the connection can wait, but asking at once would spin
            return
        try:
            self.process_request(request, address)
        except RuntimeError:  # no more threads to be had
            self.shutdown_request(request)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._under_way = {thread: used for thread, used in self._under_way.items() if thread.is_alive()}
        thread = Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        thread.start()
        self._under_way[thread] = request

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        # A client that hangs up is no fault of ours; anything else is.
        if error is not None and not isinstance(error, OSError):
            raise error

    def wake(self) -> None:
        self._wake_up.send(b"\0")

    def finish_requests(self) -> None:
        """Hear no more from clients, but let the answers that are being given go out."""
        for connection in self._under_way.values():
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        for thread in self._under_way:
            thread.join()

    def server_close(self) -> None:
        super().server_close()
        self._close_pair()

    def _close_pair(self) -> None:
        self._wake_up.close()
        self._woken.close()
