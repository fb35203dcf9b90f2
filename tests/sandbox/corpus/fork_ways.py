"""Starts a process in every way that there is: fork, vfork, clone, clone3, and what the library makes of them."""

import concurrent.futures
import ctypes
import multiprocessing
import os
import signal
import struct
import time

from kit import IS_X86, Tries, machine_code, say, syscall

# vfork; the child ends at once, without touching the stack.
VFORK = bytes.fromhex("b83a0000000f0585c0750931ffb83c0000000f05c3")

WALL_S = 1.5


def main(input):
    tries = Tries()
    say("every way to fork")
    clone3 = struct.pack("QQQQQQQQ", 0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    tries.gets("os.fork", lambda: child(os.fork()))
    tries.gets("fork", lambda: child(syscall("fork")))
    tries.gets("clone", lambda: child(syscall("clone", signal.SIGCHLD)))
    tries.gets("clone without a signal", lambda: child(syscall("clone", 0)))
    tries.gets("clone with CLONE_VFORK", lambda: child(syscall("clone", 0x4000 | signal.SIGCHLD)))
    tries.gets("clone with CLONE_PARENT", lambda: child(syscall("clone", 0x8000 | signal.SIGCHLD)))
    tries.gets("clone with CLONE_FILES", lambda: child(syscall("clone", 0x400 | signal.SIGCHLD)))
    tries.gets("clone3", lambda: child(syscall("clone3", clone3, len(clone3))))
    if IS_X86 and (call := tries.tries("machine code", lambda: machine_code(VFORK))) is not None:
        pid = call()
        tries.tried.append(f"vfork: {ctypes.c_int(pid).value}")
        if pid > 0:
            tries.got.append(f"vfork: {pid}")
    tries.gets(
        "multiprocessing", lambda: multiprocessing.get_context("fork").Process(target=time.sleep, args=(0,)).start()
    )
    tries.gets("executor", in_executor)
    return tries.result()


def child(pid):
    if pid == 0:
        time.sleep(20)
        os._exit(0)
    return pid


def in_executor():
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as executor:
        return executor.submit(os.getpid).result(2)
