"""A server that allows so many requests in every stretch of time, strictly, and counts those that break the rule."""

from __future__ import annotations

import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import floor
from typing import Any


class RateServer:
    """Serves inside a `with`. A request is refused if `most` others arrived in the `window_s` seconds before it."""

    def __init__(self, most: int, window_s: float) -> None:
        self.most = most
        self.window_s = window_s
        self.arrivals: list[float] = []
        self.violations = 0
        self._recent: deque[float] = deque()
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self._http.server_address[1]}"

    @property
    def used(self) -> float:
        """The part of what was allowed between the first and the last request that was really asked for."""
        lasted = self.arrivals[-1] - self.arrivals[0]
        return len(self.arrivals) / (self.most * (floor(lasted / self.window_s) + 1))

    def admits(self) -> bool:
        """Take note of a request that arrives now."""
        with self._lock:
            now = time.monotonic()
            while self._recent and self._recent[0] <= now - self.window_s:
                self._recent.popleft()
            self.arrivals.append(now)
            self._recent.append(now)
            if len(self._recent) > self.most:
                self.violations += 1
                return False
            return True

    def __enter__(self) -> RateServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def _handler(owner: RateServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_admitted = owner.admits()
            body = self.path.encode()
            self.send_response(200 if is_admitted else 429)
            self.send_header("content-type", "text/plain")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
