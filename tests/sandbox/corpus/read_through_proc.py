"""Reads a file outside through the links in /proc and /dev/fd."""

import os

from kit import Tries, read_path


def main(input):
    tries = Tries()
    roots = ["/proc/self/root", "/proc/thread-self/root", "/proc/1/root", f"/proc/{os.getppid()}/root"]
    roots += [f"/proc/{input['parent']}/root", "/proc/self/cwd/../../../../..", "/proc/1/cwd/../../../..", "//", "/./"]
    for root in roots:
        tries.gets(root, lambda root=root: read_path(root + input["canary"]))
    for pid in ("self", 1, os.getppid(), input["parent"]):
        for name in ("cwd", "root"):
            tries.tries(f"link {pid} {name}", lambda pid=pid, name=name: os.readlink(f"/proc/{pid}/{name}"))
    for pid in (1, os.getppid(), input["parent"]):
        names = tries.tries(f"fds of {pid}", lambda pid=pid: os.listdir(f"/proc/{pid}/fd"))
        for name in names or (*range(12), *range(100, 110)):
            if pid != os.getpid():
                opened = f"/proc/{pid}/fd/{name}"
                tries.gets(opened, lambda opened=opened: os.open(opened, os.O_RDWR | os.O_NONBLOCK))
        tries.gets(f"files mapped by {pid}", lambda pid=pid: os.listdir(f"/proc/{pid}/map_files")[0])
    for name in ("kcore", "kallsyms", "sysrq-trigger", "sys/kernel/core_pattern", "sys/kernel/modprobe"):
        flags = os.O_RDONLY if name in ("kcore", "kallsyms") else os.O_WRONLY
        tries.gets(name, lambda name=name, flags=flags: os.open(f"/proc/{name}", flags))
    tries.sees("processes", lambda: [name for name in os.listdir("/proc") if name.isdigit() and int(name) > 3][0])
    tries.sees("mounts", lambda: read_path("/proc/mounts", 500))
    tries.sees("cgroup", lambda: os.listdir("/sys/fs/cgroup"))
    return tries.result()
