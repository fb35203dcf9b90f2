"""Reads a file outside in every way that the library has."""

import linecache
import mmap
import os
import pathlib
import shutil
import socket

from kit import Tries, read_fd, read_path


def main(input):
    tries = Tries()
    path = input["canary"]
    for target in (path, input["journal"], f"{input['folder']}/../{path.split('/')[-2]}/canary.txt"):
        tries.gets(f"open {target}", lambda target=target: read_path(target))
    tries.gets("os.open", lambda: read_fd(os.open(path, os.O_RDONLY)))
    tries.gets("os.open to write", lambda: read_fd(os.open(path, os.O_RDWR)))
    tries.sees("O_PATH", lambda: os.fstat(os.open(path, os.O_PATH | os.O_NOFOLLOW)).st_size)
    tries.gets("pathlib", lambda: pathlib.Path(path).read_text())
    tries.gets("from its folder", lambda: read_fd(os.open("canary.txt", os.O_RDONLY, dir_fd=folder_of(path))))
    tries.gets("after chdir", lambda: (os.chdir(input["folder"]), read_path("canary.txt"))[1])
    tries.gets("mmap", lambda: mapped(path))
    tries.gets("sendfile", lambda: sent(path))
    tries.gets("copy", lambda: (shutil.copy(path, "copy.txt"), read_path("copy.txt"))[1])
    tries.gets("listing", lambda: os.listdir(input["folder"]))
    if lines := tries.tries("linecache", lambda: linecache.getlines(path)):
        tries.got.append(str(lines))
    return tries.result()


def folder_of(path):
    return os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)


def mapped(path):
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as memory:
        return bytes(memory).decode()


def sent(path):
    ours, theirs = socket.socketpair()
    os.sendfile(theirs.fileno(), os.open(path, os.O_RDONLY), 0, 100)
    return ours.recv(100).decode()
