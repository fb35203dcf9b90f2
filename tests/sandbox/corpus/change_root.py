"""Leaves a changed root by the old ways: a second chroot, an open folder, a way up from the working folder."""

import os

from kit import Tries, read_path


def main(input):
    tries = Tries()
    folder = tries.tries("root", lambda: os.open("/", os.O_RDONLY))
    tries.tries("folder", lambda: os.mkdir("sub"))
    tries.gets("chroot", lambda: os.chroot("sub"))
    tries.gets("chroot to the same", lambda: os.chroot("/"))
    if folder is not None:
        tries.tries("fchdir", lambda: os.fchdir(folder))
    for _ in range(50):
        os.chdir("..")
    tries.gets("relative", lambda: read_path(input["canary"].lstrip("/")))
    tries.gets("by the first folder", lambda: read_path("/proc/self/cwd" + input["canary"]))
    tries.gets("chroot to here", lambda: os.chroot("."))
    tries.gets("canary", lambda: read_path(input["canary"]))
    return tries.result()
