"""Looking whether a server with models is there: two short requests at most, and never a question.

Made with the standard library: nobody should wait for an SDK to find that there is nothing.
"""

from __future__ import annotations

import http.client
import json
import time
from base64 import b64encode
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from overseer.models.model import is_loopback
from overseer.models.offers import LookFailed
from overseer.models.proxies import ProxyUnusable, proxy_of, shown

LOOK_TIMEOUT_S = 0.3
EXPECTED_TIMEOUT_S = 2.0  # where the environment says that one is, or far away, since connecting alone takes a while
NAMED_TIMEOUT_S = 5.0  # for a server that somebody counts on

# The variables that say where a server is, without saying which model is to be used.
SAYING_WHERE = ("OPENAI_BASE_URL", "OLLAMA_HOST")

_MOST_BYTES = 4_000_000


class HttpLook:
    """Looks at servers over HTTP, for at most `timeout_s` each, or a little longer at those that are elsewhere."""

    def __init__(self, timeout_s: float = LOOK_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s

    def ollama_models(self, url: str) -> list[str]:
        until = time.monotonic() + self._limit_s(url)
        if not isinstance(_field(self._got(f"{url}/api/version", until), "version"), str):
            raise LookFailed("what answers there is not Ollama")
        return _names(_field(self._got(f"{url}/api/tags", until), "models"), "model", "name")

    def openai_models(self, url: str, key: str) -> list[str]:
        if not (key.isascii() and key.isprintable()):
            raise LookFailed("its key has letters that cannot be sent")
        headers = {"authorization": f"Bearer {key}"} if key else {}
        answer = self._got(f"{url.rstrip('/')}/models", time.monotonic() + self._limit_s(url), headers)
        return _names(_field(answer, "data"), "id")

    def _limit_s(self, url: str) -> float:
        return self._timeout_s if is_loopback(url) else max(self._timeout_s, EXPECTED_TIMEOUT_S)

    def _got(self, url: str, until: float, headers: dict[str, str] | None = None) -> Any:
        proxy = None
        try:
            proxy = proxy_of(url)
            connection, target, own = _opened(url, proxy, _left(until))
            try:
                connection.request("GET", target, headers={"accept": "application/json", **own, **(headers or {})})
                answer = connection.getresponse()
                if answer.status != 200:
                    raise LookFailed(_refused(answer.status), status=answer.status)
                body = _body(answer, until)
            finally:
                connection.close()
        except TimeoutError as error:
            raise LookFailed(f"no answer within {self._limit_s(url):g} s{_through(proxy)}") from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise LookFailed(f"{reason}{_through(proxy)}") from error
        except ProxyUnusable as error:
            raise LookFailed(str(error)) from error
        except ValueError as error:
            raise LookFailed(_unusable(error, proxy)) from error
        try:
            return json.loads(body)
        except ValueError as error:
            raise LookFailed("it answers with something that is not JSON") from error


def _opened(
    url: str, proxy: SplitResult | None, timeout_s: float
) -> tuple[http.client.HTTPConnection, str, dict[str, str]]:
    """A connection, what to ask for over it, and the headers that its proxy needs."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    if proxy is None:
        return kind(parts.hostname or "", parts.port, timeout=timeout_s), parts.path, {}
    connection = kind(proxy.hostname or "", proxy.port or 80, timeout=timeout_s)
    own = _proxy_headers(proxy)
    if parts.scheme != "https":
        return connection, url, own
    connection.set_tunnel(parts.hostname or "", parts.port or 443, own)
    return connection, parts.path, {}


def _proxy_headers(proxy: SplitResult) -> dict[str, str]:
    if not proxy.username:
        return {}
    name = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"proxy-authorization": f"Basic {b64encode(name.encode()).decode()}"}


def _unusable(error: ValueError, proxy: SplitResult | None) -> str:
    """Before anything was sent: a port out of range, or a host that cannot be one."""
    if proxy is None:
        return f"the address cannot be used: {error}"
    return f"the address or that of the proxy {shown(proxy)} cannot be used"


def _through(proxy: SplitResult | None) -> str:
    return "" if proxy is None else f", through the proxy {shown(proxy)}"


def _body(answer: http.client.HTTPResponse, until: float) -> bytes:
    """What was sent, as long as it comes in time: each single wait may be short and all of them long."""
    body = bytearray()
    while piece := answer.read1(65536):
        body += piece
        _left(until)
        if len(body) > _MOST_BYTES:
            raise LookFailed("it answers with more than a list of models would be")
    return bytes(body)


def _refused(status: int) -> str:
    return "it does not accept the key" if status == 401 else f"it answers with status {status}"


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _field(answer: Any, name: str) -> Any:
    return answer.get(name) if isinstance(answer, dict) else None


def _names(entries: Any, *keys: str) -> list[str]:
    if not isinstance(entries, list):
        raise LookFailed("it answers with something that is no list of models")
    found = (next((entry[key] for key in keys if entry.get(key)), None) for entry in entries if isinstance(entry, dict))
    return [name for name in found if isinstance(name, str)]
