"""The proxy between us and a server: the one that the environment names, as for other programs."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from overseer.models.model import is_loopback


class ProxyUnusable(ValueError):
    """What the environment names as a proxy is no address; the message names it, without a password."""


def proxy_of(url: str) -> SplitResult | None:
    """The proxy that requests to an address go through, if through any; ProxyUnusable where it is no address."""
    if is_loopback(url):
        return None
    from urllib.request import getproxies, proxy_bypass  # takes long to load, and few servers are elsewhere

    parts, proxies = urlsplit(url), getproxies()
    address = proxies.get(parts.scheme) or proxies.get("all")
    if not address or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    try:
        proxy = urlsplit(address if "://" in address else f"http://{address}")
    except ValueError:  # whose words may have the password in them
        raise ProxyUnusable(f"the proxy {address.rpartition('@')[2]} cannot be used: it is no address") from None
    return proxy if proxy.scheme == "http" else None


def shown(proxy: SplitResult) -> str:
    """Its address, without a password that may be in it."""
    return proxy.netloc.rpartition("@")[2]
