"""Connects to TCP listeners on this machine: IPv4, IPv6, mapped, fast open, by number, by asyncio."""

import asyncio
import contextlib
import http.client
import socket
import struct

from kit import Tries, syscall


def main(input):
    tries = Tries()
    port = input["tcp"]
    for host in ("127.0.0.1", "localhost", "0.0.0.0", "127.1.2.3"):
        tries.gets(f"connect {host}", lambda host=host: socket.create_connection((host, port), 1))
    tries.gets("fast open", lambda: sent(port))
    if input["tcp6"]:
        tries.gets("IPv6", lambda: socket.create_connection(("::1", input["tcp6"]), 1))
        tries.gets("mapped", lambda: mapped(port))
    tries.gets("by number", lambda: numbered(port))
    tries.gets("HTTP", lambda: http.client.HTTPConnection("127.0.0.1", port, timeout=0.2).connect())
    tries.gets("asyncio", lambda: asyncio.run(opened(port)))
    tries.gets("listen", listening)
    tries.gets("MPTCP", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262))
    return tries.result()


def sent(port):
    with socket.socket() as client:
        return client.sendto(b"x", 0x20000000, ("127.0.0.1", port))  # MSG_FASTOPEN


def mapped(port):
    with socket.socket(socket.AF_INET6) as client:
        client.connect(("::ffff:127.0.0.1", port))
        return "connected"


def numbered(port):
    fd = syscall("socket", 2, 1, 0)
    address = struct.pack("=H", 2) + struct.pack(">H", port) + bytes([127, 0, 0, 1]) + bytes(8)
    return syscall("connect", fd, address, len(address))


async def opened(port):
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(OSError):
        writer.close()
    return "connected"


def listening():
    listener = socket.create_server(("127.0.0.1", 0))
    return listener.getsockname()
