"""Sends datagrams, and asks for names."""

import socket

from kit import Tries


def main(input):
    tries = Tries()
    tries.gets("UDP", lambda: sent(socket.AF_INET, ("127.0.0.1", input["udp"])))
    tries.gets("UDP to all", lambda: sent(socket.AF_INET, ("127.255.255.255", input["udp"])))
    tries.gets("UDP lite", lambda: sent(socket.AF_INET, ("127.0.0.1", input["udp"]), 136))
    tries.gets("UDP by IPv6", lambda: sent(socket.AF_INET6, ("::ffff:127.0.0.1", input["udp"])))
    tries.gets("ping", lambda: sent(socket.AF_INET, ("127.0.0.1", 0), socket.IPPROTO_ICMP))
    if not input["is_bare"]:  # which would ask a server of names
        tries.gets("a name", lambda: socket.getaddrinfo("canary.invalid", 80))
    return tries.result()


def sent(family, address, protocol=0):
    with socket.socket(family, socket.SOCK_DGRAM, protocol) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        return sender.sendto(b"\x08\0\0\0\0\0\0\0", address)
