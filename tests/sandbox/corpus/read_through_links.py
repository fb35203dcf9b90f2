"""Lays symbolic and hard links to a file outside, and reads or writes through them."""

import os

from kit import AT_EMPTY_PATH, AT_FDCWD, Tries, read_fd, read_path, syscall


def main(input):
    tries = Tries()
    path, folder = input["canary"], input["folder"]
    for name, lay in {
        "symlink here": lambda: os.symlink(path, "here"),
        "hard link here": lambda: os.link(path, "here"),
        "hard link of a link": lambda: os.link("/proc/self/fd/0", "here"),
    }.items():
        tries.tries(name, lay)
        tries.gets(f"read by {name}", lambda: read_path("here"))
        tries.gets(f"write by {name}", lambda: os.open("here", os.O_WRONLY | os.O_APPEND))
        tries.tries("unlink", lambda: os.unlink("here"))
    tries.tries("link to the root", lambda: os.symlink("/", "root"))
    tries.gets("through it", lambda: read_path("root" + path))
    tries.tries("link in place of a folder", lambda: os.symlink(folder, "outside"))
    tries.gets("made through it", lambda: os.open("outside/new", os.O_CREAT | os.O_WRONLY))
    tries.gets("hard link beside it", lambda: os.link(path, f"{folder}/second"))
    tries.gets("symbolic link beside it", lambda: os.symlink(path, f"{folder}/third"))
    tries.gets(
        "linkat of a descriptor",
        lambda: syscall("linkat", 0, b"", AT_FDCWD, folder.encode() + b"/fourth", AT_EMPTY_PATH),
    )
    tries.gets("nameless file", lambda: read_fd(os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)))
    return tries.result()
