"""Opens and makes devices and FIFOs: memory, disks, terminals, the kernel's log."""

import fcntl
import os
import pty
import stat
import termios

from kit import Tries, read_fd


def main(input):
    tries = Tries()
    tries.gets("FIFO outside", lambda: os.write(os.open(input["fifo"], os.O_WRONLY | os.O_NONBLOCK), b"x"))
    names = ["mem", "kmsg", "port", "vda", "sda", "loop-control", "fuse", "kvm", "net/tun", "userfaultfd", "autofs"]
    for name in [
        *names,
        "tty0",
        "console",
        "shm/x",
        "mqueue/x",
        "vsock",
        "hwrng",
        "cpu_dma_latency",
        "uinput",
        "snapshot",
    ]:
        tries.gets(f"/dev/{name}", lambda name=name: os.open(f"/dev/{name}", os.O_RDONLY | os.O_NONBLOCK))
    tries.gets("terminal", lambda: os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    tries.gets("new terminal", pty.openpty)
    for fd in range(3):
        tries.gets(f"typing into {fd}", lambda fd=fd: fcntl.ioctl(fd, termios.TIOCSTI, b"x"))
        tries.gets(f"terminal of {fd}", lambda fd=fd: os.ttyname(fd))
    for where in (input["folder"], "."):
        tries.tries(f"FIFO in {where}", lambda where=where: os.mkfifo(f"{where}/pipe"))
        for kind, number in ((stat.S_IFCHR, os.makedev(1, 1)), (stat.S_IFBLK, os.makedev(254, 0))):
            node = f"{where}/device{kind}"
            tries.gets(
                f"mknod {node}", lambda node=node, kind=kind, number=number: os.mknod(node, kind | 0o600, number)
            )
            tries.gets(f"read {node}", lambda node=node: read_fd(os.open(node, os.O_RDONLY)))
    return tries.result()
