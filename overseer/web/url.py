"""Addresses of the web as people and models write them, taken apart without a second meaning.

Where readers of URLs disagree (a backslash, a name before '@', a number as a host), a check can see
one host and the connection go to another. Such URLs are refused, or there is only one form left.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import quote, urljoin

from overseer.web.address import Address, address_of

PORTS = {"http": 80, "https": 443}

_PARTS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?://([^/?#]*))?([^?#]*)(\?[^#]*)?(?:#.*)?", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_HOST = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]*))?")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_LONGEST_NAME = 253
_LONGEST_URL = 16_384

# What may stand in a path or query as it is; everything else is percent-encoded.
_AS_IT_IS = "!$%&'()*+,-./:;=?@_~"


class BadUrl(ValueError):
    """A text that is no URL of the web, or could be read in two ways; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Url:
    """Where a request goes: the host in small ASCII letters, the path and query as they are sent."""

    scheme: str
    host: str
    port: int
    target: str
    address: Address | None = None  # where the host is one

    @classmethod
    def parse(cls, text: str) -> Url:
        """The URL that a text is; BadUrl if it is none that can be asked."""
        text = text.strip(" ")
        if len(text) > _LONGEST_URL:
            raise BadUrl(f"'{_short(text)}' is longer than {_LONGEST_URL} characters")
        if found := _CONTROL.search(text):
            raise BadUrl(f"'{_short(text)}' holds the control character U+{ord(found.group()):04X}; take it away")
        parts = _PARTS.fullmatch(text)
        if parts is None or parts[1].lower() not in PORTS:
            raise BadUrl(f"'{_short(text)}' is not a URL of the web; it must start with https:// or http://")
        if not parts[2]:
            raise BadUrl(f"'{_short(text)}' names no host; write {parts[1].lower()}://host/path")
        scheme = parts[1].lower()
        host, port, address = _authority(parts[2], PORTS[scheme])
        return cls(scheme, host, port, _encoded(parts[3] or "/") + _encoded(parts[4] or ""), address)

    def joined(self, reference: str) -> Url:
        """The URL that a reference means which was found here."""
        try:
            return Url.parse(urljoin(str(self), reference))
        except BadUrl:
            raise
        except ValueError as error:
            raise BadUrl(f"'{_short(reference)}' is not a URL: {error}") from None

    @property
    def authority(self) -> str:
        """Host and port, as a Host header names them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def _authority(text: str, usual_port: int) -> tuple[str, int, Address | None]:
    if "@" in text:
        # Not quoted: what stands before it may be a password.
        raise BadUrl("the URL has a user name before its host ('@'); send it as an Authorization header instead")
    found = _HOST.fullmatch(text)
    if found is None:
        raise BadUrl(f"'{_short(text)}' is not a host with a port; an IPv6 address needs brackets")
    host, address = read_host(found[1])
    return host, _port(found[2], usual_port), address


def _port(digits: str | None, usual: int) -> int:
    if not digits:
        return usual
    if len(digits) > 10 or not 0 < int(digits) < 65536:
        raise BadUrl(f"'{digits[:10]}' is not a port; use a number from 1 to 65535")
    return int(digits)


def read_host(text: str) -> tuple[str, Address | None]:
    """The one way to write a host, and the address where it is one; BadUrl if it is neither name nor address."""
    if text.startswith("["):
        return _ipv6(text[1:-1])
    name = _ascii(text).lower().removesuffix(".")
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise BadUrl(f"'{_short(text)}' is not the name of a host")
    try:
        address = address_of(name)
    except ValueError as error:
        raise BadUrl(str(error)) from None
    return (name, None) if address is None else (str(address), address)


def _ipv6(text: str) -> tuple[str, Address]:
    try:
        if "%" in text:
            raise ValueError
        address = IPv6Address(text)
    except ValueError:
        raise BadUrl(f"'[{_short(text)}]' is not an IPv6 address") from None
    return str(address), address


def _ascii(name: str) -> str:
    """A name in the letters of the domain name system."""
    if name.isascii() or len(name) > _LONGEST_NAME:
        return name
    import idna

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise BadUrl(f"'{_short(name)}' is not the name of a host: {error}") from None


def _encoded(text: str) -> str:
    return quote(text, safe=_AS_IT_IS, errors="replace")


def _short(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:97]}..."
