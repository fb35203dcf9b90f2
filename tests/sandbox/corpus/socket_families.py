"""Makes a socket of each family and kind that the kernel may know."""

import socket

from kit import Tries, syscall


def main(input):
    tries = Tries()
    for family in range(47):
        if family == socket.AF_UNIX:
            continue
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            tries.gets(
                f"family {family} kind {kind}", lambda family=family, kind=kind: syscall("socket", family, kind, 0)
            )
    for protocol in (0, 9, 15, 16):
        tries.gets(f"netlink {protocol}", lambda protocol=protocol: bound_netlink(protocol))
    tries.gets("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP))
    tries.gets("packets", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3))
    tries.gets("crypto", lambda: socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET).bind(("hash", "sha256")))
    tries.gets("host of this machine", lambda: socket.socket(socket.AF_VSOCK).connect((2, 1)))
    tries.gets("interfaces", lambda: [name for _, name in socket.if_nameindex()])
    tries.tried = tries.tried[-20:]
    return tries.result()


def bound_netlink(protocol):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as messages:
        messages.bind((0, 0))
        return "bound"
