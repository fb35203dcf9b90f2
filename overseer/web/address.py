"""Which addresses are public, and what numbers written as a host name mean.

The networks are those of the IANA special-purpose registries, written out: what the standard library
takes for public depends on its version, and it knows nothing of addresses inside addresses.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address


def why_not_public(address: Address) -> str | None:
    """What kind of address it is, unless it is one that anybody can reach."""
    if isinstance(address, IPv4Address):
        return next((kind for network, kind in _NOT_PUBLIC_4 if address in network), None)
    inner = _embedded(address)
    if inner is not None:
        kind = why_not_public(inner)
        return kind and f"{kind} ({inner}) inside an IPv6 address"
    return next((kind for network, kind in _NOT_PUBLIC_6 if address in network), None)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that packets to this one end up at."""
    if address in _MAPPED or address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


def address_of(host: str) -> IPv4Address | None:
    """The address that a host is if it ends in a number, as in 10.0.0.1, 0x7f.1 or 2130706433.

    ValueError if it ends in a number and is none: whoever resolves it could take it for one.
    """
    parts = host.split(".")
    if not _NUMBER.fullmatch(parts[-1]):
        return None
    values = [_value_of(part) for part in parts]
    *leading, last = values
    if len(values) > 4 or any(value > 255 for value in leading) or last >= 256 ** (5 - len(values)):
        raise ValueError(f"'{host[:60]}' ends in a number, but is no IPv4 address")
    return IPv4Address(last + sum(value << 8 * (3 - place) for place, value in enumerate(leading)))


_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_OCTAL = re.compile(r"0[0-7]*")
_MOST_DIGITS = 30


def _value_of(part: str) -> int:
    if len(part) <= _MOST_DIGITS and _NUMBER.fullmatch(part):
        if part.startswith("0x"):
            return int(part[2:] or "0", 16)
        if _OCTAL.fullmatch(part):
            return int(part, 8)
        if not part.startswith("0"):
            return int(part)
    raise ValueError(f"'{part[:_MOST_DIGITS]}' is no part of an IPv4 address")


_MAPPED = IPv6Network("::ffff:0:0/96")
_TRANSLATED = IPv6Network("64:ff9b::/96")  # how a network without IPv4 reaches it (NAT64)

_METADATA = "the metadata service of a cloud"

_NOT_PUBLIC_4 = tuple(
    (IPv4Network(network), kind)
    for network, kind in (
        ("127.0.0.0/8", "a loopback address"),
        ("10.0.0.0/8", "a private address"),
        ("172.16.0.0/12", "a private address"),
        ("192.168.0.0/16", "a private address"),
        ("169.254.169.254/32", _METADATA),
        ("100.100.100.200/32", _METADATA),
        ("168.63.129.16/32", _METADATA),
        ("192.0.0.192/32", _METADATA),
        ("169.254.0.0/16", "a link-local address"),
        ("100.64.0.0/10", "an address shared behind a provider's translation"),
        ("0.0.0.0/32", "the unspecified address"),
        ("0.0.0.0/8", "a reserved address"),
        ("192.0.0.0/24", "a reserved address"),
        ("192.0.2.0/24", "an address for documentation"),
        ("198.51.100.0/24", "an address for documentation"),
        ("203.0.113.0/24", "an address for documentation"),
        ("192.88.99.0/24", "the relay of a tunnel (6to4)"),
        ("198.18.0.0/15", "an address for benchmarks"),
        ("224.0.0.0/4", "a multicast address"),
        ("255.255.255.255/32", "the broadcast address"),
        ("240.0.0.0/4", "a reserved address"),
    )
)

# Two old tunnels are refused whatever lies at their other end: no public host is reached that way alone.
_NOT_PUBLIC_6 = tuple(
    (IPv6Network(network), kind)
    for network, kind in (
        ("::1/128", "a loopback address"),
        ("::/128", "the unspecified address"),
        ("::/96", "an IPv4-compatible address"),
        ("fd00:ec2::254/128", _METADATA),
        ("fd20:ce::254/128", _METADATA),
        ("fc00::/7", "a private (unique-local) address"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a private (site-local) address"),
        ("ff00::/8", "a multicast address"),
        ("2002::/16", "the end of a tunnel (6to4)"),
        ("2001::/32", "the end of a tunnel (Teredo)"),
        ("2001::/23", "a reserved address"),
        ("2001:db8::/32", "an address for documentation"),
        ("3fff::/20", "an address for documentation"),
        # Beyond 2000::/3 nothing is public.
        ("::/3", "a reserved address"),
        ("4000::/2", "a reserved address"),
        ("8000::/1", "a reserved address"),
    )
)
