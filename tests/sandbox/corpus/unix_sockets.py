"""Talks to sockets of the machine: by path, by abstract name, by datagram, and with the well-known ones."""

import os
import socket

from kit import Tries


def main(input):
    tries = Tries()
    tries.gets("path", lambda: connected(socket.SOCK_STREAM, input["unix"]))
    tries.gets("path by a folder", lambda: (os.chdir(input["folder"]), connected(socket.SOCK_STREAM, "socket")))
    tries.gets("abstract", lambda: connected(socket.SOCK_STREAM, f"\0{input['abstract']}"))
    tries.gets("packets", lambda: connected(socket.SOCK_SEQPACKET, f"\0{input['abstract']}"))
    tries.gets("datagram", lambda: connected(socket.SOCK_DGRAM, input["unix_datagram"]))
    tries.gets("sendto", lambda: one_of_pair().sendto(b"x", input["unix_datagram"]))
    tries.gets("sendmsg", lambda: one_of_pair().sendmsg([b"x"], [], 0, input["unix_datagram"]))
    tries.gets("connect a half of a pair", lambda: one_of_pair().connect(input["unix_datagram"]))
    tries.gets("bind by path", lambda: bound(f"{input['folder']}/mine"))
    tries.gets("bind by name", lambda: bound(f"\0{input['marker']}-mine"))
    for path in ("/run/docker.sock", "/var/run/dbus/system_bus_socket", "/run/systemd/private", "/dev/log"):
        tries.gets(path, lambda path=path: connected(socket.SOCK_STREAM, path))
    return tries.result()


def connected(kind, address):
    with socket.socket(socket.AF_UNIX, kind) as client:
        client.connect(address)
        return "connected"


def one_of_pair():
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0]


def bound(address):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        return address
