"""Reads what a user has: home, system files, the packages of the host, the project itself."""

import os
import sys

from kit import Nothing, Tries, read_path

OF_A_MACHINE = {"home", "root", "var", "boot", "srv", "opt", "sys", "run", "mnt"}


def main(input):
    tries = Tries()
    files = ["/etc/passwd", "/etc/shadow", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/etc/machine-id"]
    files += [f"{input['checkout']}/{name}" for name in ("config.yaml", "overseer/errors.py", ".git")]
    files += [input["site_file"] or "/nothing", "/var/log/dpkg.log", "/boot/config", "/sys/kernel/notes"]
    for path in files:
        tries.gets(path, lambda path=path: read_path(path))
    library = os.path.dirname(os.__file__)
    packages = [f"{library}/site-packages", f"{library}/dist-packages", "/usr/lib/python3/dist-packages"]
    folders = [
        *packages,
        input["home"],
        "/home",
        "/root",
        "/tmp",
        "/var",
        "/etc",
        "/run",
        "/srv",
        "/opt",
        "/dev/shm",
        "/mnt",
    ]
    for path in [*folders, input["checkout"], input["site_packages"] or "/nothing"]:
        tries.gets(f"listing of {path}", lambda path=path: some(os.listdir(path)))
    tries.sees("listing of /", lambda: some(set(os.listdir("/")) & OF_A_MACHINE))
    for name in ("overseer", "pytest", "httpx", "tests"):
        sys.path[:0] = [input["checkout"], input["site_packages"] or "/nothing"]
        tries.gets(f"import {name}", lambda name=name: imported(name))
    return tries.result()


def some(names):
    """Without what leads to the library, which may stand anywhere, and the two files of /etc that it reads."""
    names = set(names) - {part for path in (sys.base_prefix, sys.prefix) for part in path.split("/")}
    names -= {"ld.so.cache", "localtime"}
    if not names:
        raise Nothing("empty")
    return sorted(names)[:5]


def imported(name):
    try:
        return __import__(name).__file__
    except ImportError as error:
        raise Nothing(str(error)) from None
