"""What is sent to a server, and what is sent on when it answers that one should ask elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from overseer import __version__
from overseer.tool import ToolError
from overseer.web.url import PORTS, BadUrl, Url

_METHOD = re.compile(r"[A-Z][A-Z-]{0,30}")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

# What the connection itself decides: another value would make the server see another request.
_OUR_HEADERS = frozenset(
    (
        *("accept-encoding", "connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization"),
        *("proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
    )
)
# What another server may see. Any other header could hold a secret, whatever it is called.
_HARMLESS_HEADERS = frozenset({"accept", "accept-language", "cache-control", "user-agent"})

_KEEPS_METHOD = (307, 308)
REDIRECTS = (301, 302, 303, *_KEEPS_METHOD)


@dataclass(frozen=True, slots=True)
class Request:
    """One request to one server. The names of its headers are in small letters."""

    method: str
    url: Url
    headers: Mapping[str, str]
    body: bytes | None

    @classmethod
    def checked(cls, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Request:
        """A request that can be sent as it stands; ToolError says what is wrong with it, without its values."""
        method = method.upper()
        if not _METHOD.fullmatch(method) or method in ("CONNECT", "TRACE"):
            raise ToolError(f"'{method[:30]}' is not a method that can be used", kind="bad_request")
        for name, value in headers.items():
            if problem := header_problem(name):
                raise ToolError(problem, kind="bad_request")
            if _UNSENDABLE.search(value):
                raise ToolError(
                    f"the value of header '{name}' holds a line break or control character", kind="bad_request"
                )
        try:
            return cls(method, Url.parse(url), {name.lower(): value for name, value in headers.items()}, body)
        except BadUrl as error:
            raise ToolError(str(error), kind="bad_request") from None

    def to_bytes(self) -> bytes:
        lines = [f"{self.method} {self.url.target} HTTP/1.1", f"host: {self.url.authority}"]
        headers = {"user-agent": f"Overseer/{__version__}", "accept": "*/*", **self.headers}
        headers |= {"accept-encoding": "gzip, deflate", "connection": "close"}
        if self.body is not None or self.method in ("POST", "PUT", "PATCH"):
            headers["content-length"] = str(len(self.body or b""))
        lines += [f"{name}: {value.strip()}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("utf-8", "replace")

    def redirected(self, status: int, location: str) -> Request:
        """The request that an answer asks for instead; ToolError if it must not be made."""
        try:
            url = self.url.joined(location)
        except BadUrl as error:
            raise ToolError(f"{self.url} leads on to something else: {error}", kind="tool") from None
        if self.url.scheme == "https" and url.scheme == "http":
            raise ToolError(f"{self.url} leads on to {url}, which is not encrypted any more", kind="denied")
        elsewhere = not _is_same_server(self.url, url)
        request = replace(self, url=url)
        if status == 303 or (status in (301, 302) and self.method == "POST"):
            request = replace(request._without_body(), method="HEAD" if self.method == "HEAD" else "GET")
        if not elsewhere:
            return request
        if request.body:
            remedy = "ask there in the first place, if that is meant"
            raise ToolError(f"{self.url} wants what was sent to go to {url}, another server; {remedy}", kind="denied")
        return replace(request, headers={k: v for k, v in request.headers.items() if k in _HARMLESS_HEADERS})

    def _without_body(self) -> Request:
        headers = {name: value for name, value in self.headers.items() if not name.startswith("content-")}
        return replace(self, headers=headers, body=None)


def header_problem(name: str) -> str | None:
    """Why a header cannot be given, if so."""
    if not _TOKEN.fullmatch(name):
        return f"{name[:60]!r} is not the name of a header"
    if name.lower() in _OUR_HEADERS:
        return f"the header '{name}' cannot be given: the connection decides it"
    return None


def _is_same_server(one: Url, other: Url) -> bool:
    """Whether both are one server; going over to TLS on the usual ports counts as that."""
    if (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port):
        return True
    usual = all(url.port == PORTS[url.scheme] for url in (one, other))
    return one.host == other.host and usual and (one.scheme, other.scheme) == ("http", "https")
