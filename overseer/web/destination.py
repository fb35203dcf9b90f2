"""Where a URL leads: its host is looked up once, and every address found must be one that may be asked.

What comes out is connected to as it is. A second look-up could have another answer.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeAlias

from overseer.tool import ToolError
from overseer.web.address import why_not_public
from overseer.web.errand import Errand
from overseer.web.url import PORTS, BadUrl, Url, read_host

Resolve: TypeAlias = Callable[..., Sequence[Any]]  # as socket.getaddrinfo
Place: TypeAlias = tuple[socket.AddressFamily, tuple[Any, ...]]  # what a socket of that family connects to

# Below this, every port but those of the web belongs to some other service, which might take a request for orders.
_FIRST_FREE_PORT = 1024


class Destinations:
    """Decides where connections may go: public addresses, and hosts that the user allows besides."""

    def __init__(self, allow: Sequence[str], resolve: Resolve) -> None:
        self._allowed = frozenset(read_exception(text) for text in allow)
        self._resolve = resolve

    def places(self, url: Url, errand: Errand) -> list[Place]:
        """What to connect to for a URL, best first; ToolError if any of it is off limits."""
        is_allowed = (url.host, url.port) in self._allowed or (url.host, None) in self._allowed
        if not is_allowed and url.port < _FIRST_FREE_PORT and url.port not in PORTS.values():
            raise _denied(url, f"asks port {url.port}, which is not for the web")
        places = _place(url) if url.address else self._looked_up(url, errand)
        for _, (text, *_) in () if is_allowed else places:
            # An address of this link carries the name of an interface after '%'.
            if kind := why_not_public(ip_address(text.partition("%")[0])):
                raise _denied(url, f"leads to {text}, {kind}")
        return places

    def _looked_up(self, url: Url, errand: Errand) -> list[Place]:
        """The addresses of a host. A look-up cannot be interrupted, so it has a thread that may be left alone."""
        answers: SimpleQueue[Any] = SimpleQueue()

        def look_up() -> None:
            try:
                answers.put(self._resolve(url.host, url.port, type=socket.SOCK_STREAM))
            except Exception as error:
                answers.put(error)

        take_back = errand.cancellation.call_when_asked(lambda: answers.put(None))
        try:
            left_s = errand.left_s()
            Thread(target=look_up, name="overseer-lookup", daemon=True).start()
            answer = answers.get(timeout=left_s)
            errand.left_s()
        except Empty:
            raise errand.out_of_time() from None
        finally:
            take_back()
        if isinstance(answer, Exception):
            raise _not_found(url, answer, errand)
        return list(dict.fromkeys((socket.AddressFamily(family), place) for family, _, _, _, place in answer))


def read_exception(text: str) -> tuple[str, int | None]:
    """The host and port of an entry of `web.allow`; without a port, all of them. ValueError if it is neither."""
    try:
        if "/" in text or "@" in text:
            raise BadUrl("write it as host or host:port, without scheme or path")
        if text.count(":") == 0 or text.endswith("]"):
            return read_host(text)[0], None
        url = Url.parse(f"http://{text}/")
    except BadUrl as error:
        raise ValueError(f"'{text}' in web.allow is not a host: {error}") from None
    return url.host, url.port


def _place(url: Url) -> list[Place]:
    family = socket.AF_INET6 if ":" in url.host else socket.AF_INET
    return [(family, (url.host, url.port))]


def _denied(url: Url, reason: str) -> ToolError:
    host = f"[{url.host}]" if ":" in url.host else url.host
    remedy = f"if that is meant, add '{host}:{url.port}' to web.allow in config.yaml"
    return ToolError(f"{url} {reason}; {remedy}", kind="denied")


def _not_found(url: Url, error: Exception, errand: Errand) -> ToolError:
    if isinstance(error, socket.gaierror) and error.errno in _UNKNOWN:
        return ToolError(f"{url}: there is no host '{url.host}'", kind="bad_request")
    return errand.failed(error, f"looking up '{url.host}'")


_UNKNOWN = {getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name)}
