"""Calls what only a system needs. With arguments of nonsense, so that where it is open nothing happens."""

import ctypes

from kit import Tries, numbered, syscall

# What they do is told to an allowlist by ENOSYS as well as by EPERM.
CALLS = {
    "bpf": (0, bytes(8), 1),
    "perf_event_open": (bytes(128), 0, -1, -1, 0),
    "userfaultfd": (1,),
    "fanotify_init": (0xFFFF, 0),
    "memfd_secret": (0xFF,),
    "quotactl": (0x800002 << 8, 0, 0, 0),
    "acct": (b"/nothing/there",),
    "swapon": (b"/nothing/there", 0),
    "reboot": (1, 2, 3, 0),
    "kexec_load": (0, 99, 0, 0),
    "init_module": (0, 0, b""),
    "finit_module": (-1, b"", 0),
    "delete_module": (b"overseer_no_such_module", 0x800),
    "iopl": (9,),
    "syslog": (2, 0, 0),
    "sethostname": (0, -1),
    "setdomainname": (0, -1),
    "open_tree": (-100, b"/", 1),
    "open_tree_attr": (-100, b"/", 1, 0, 0),
    "fsopen": (b"tmpfs", 0),
    "fspick": (-100, b"/", 0),
    "statmount": (0, 0, 0, 0),
    "listmount": (0, 0, 0, 0),
    "process_madvise": (-1, 0, 0, 0, 0),
    "migrate_pages": (1, 0, 0, 0),
    "kcmp": (1, 1, 99, 0, 0),
    "pidfd_getfd": (-1, 0, 0),
    "io_uring_setup": (0, 0),
    "name_to_handle_at": (-100, b"/", bytes(8), bytes(8), 0),
    "move_mount": (-1, b"", -1, b"", 0),
    "personality": (0x0040000,),  # ADDR_NO_RANDOMIZE
    "modify_ldt": (1, 0, 0),
}


def main(input):
    tries = Tries()
    for name, arguments in CALLS.items():
        tries.reaches(name, lambda name=name, arguments=arguments: syscall(name, *arguments))
    buffer = ctypes.create_string_buffer(64)
    for number in (*range(403, 424), 470, 480, 500, 511, 600, 1000):
        tries.tries(f"number {number}", lambda number=number: numbered(number, -1, -1, -1, -1))
    tries.tries("a filter with a listener", lambda: syscall("seccomp", 1, 8, buffer))
    return tries.result()
