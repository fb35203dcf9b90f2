"""Makes what outlives a process: SysV and POSIX memory, semaphores and queues."""

import ctypes
import mmap
import multiprocessing.shared_memory
import os

from kit import LIBC, Tries, syscall

IPC_CREAT, IPC_RMID = 0o1000, 0


def main(input):
    tries = Tries()
    key, name = input["ipc_key"], input["marker"]
    memory = tries.gets("shmget", lambda: syscall("shmget", key, 4096, IPC_CREAT | 0o666))
    if memory is not None:
        tries.gets("shmat", lambda: syscall("shmat", memory, 0, 0))
    tries.gets("semget", lambda: syscall("semget", key, 1, IPC_CREAT | 0o666))
    tries.gets("msgget", lambda: syscall("msgget", key, IPC_CREAT | 0o666))
    tries.gets("private shmget", lambda: removed(syscall("shmget", 0, 4096, IPC_CREAT | 0o600)))
    tries.gets("mq_open", lambda: syscall("mq_open", name.encode(), os.O_CREAT | os.O_RDWR, 0o666, 0))
    tries.tries("mq_unlink", lambda: syscall("mq_unlink", name.encode()))
    tries.gets("shm_open", lambda: checked("shm_open", f"/{name}".encode(), os.O_CREAT | os.O_RDWR, 0o666))
    tries.gets("sem_open", lambda: checked("sem_open", f"/{name}".encode(), os.O_CREAT, 0o666, 1))
    tries.gets("multiprocessing", lambda: multiprocessing.shared_memory.SharedMemory(name, create=True, size=64))
    tries.gets("memfd", lambda: os.memfd_create("x"))
    tries.gets("secret memory", lambda: syscall("memfd_secret", 0))
    tries.tries("huge pages", lambda: mmap.mmap(-1, 2 << 20, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | 0x40000))
    return tries.result()


def removed(memory):
    syscall("shmctl", memory, IPC_RMID, 0)
    return memory


def checked(name, *arguments):
    function = getattr(LIBC, name)
    function.restype = ctypes.c_long
    ctypes.set_errno(0)
    result = function(*arguments)
    if result == -1 or ctypes.get_errno():
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
