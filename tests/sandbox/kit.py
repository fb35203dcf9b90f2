"""What the hostile programs share: how they try things, and system calls by their numbers.

The harness gives this file to every program as the module `kit`, as text, because a node cannot read it
from the disk. Whatever a program tries is kept, so that one that breaks down before its attack is noticed.
"""

import contextlib
import ctypes
import json
import mmap
import os
import platform
import re
import select
import sys

# System calls by name: the number of x86-64, then that of aarch64.
_NUMBERS = """
access 21 -; acct 163 89; add_key 248 217; adjtimex 159 171; bpf 321 280; cachestat 451 451; capget 125 90; capset
126 91; chmod 90 -; chown 92 -; chroot 161 51; clock_settime 227 112; clone 56 220; clone3 435 435; close 3 57;
connect 42 203; creat 85 -; delete_module 176 106; execve 59 221; execveat 322 281; fanotify_init 300 262; fchmod 91
52; fchmodat 268 53; fchmodat2 452 452; fchown 93 55; fchownat 260 54; fcntl 72 25; file_setattr 469 469;
finit_module 313 273; fork 57 -; fsetxattr 190 7; fsopen 430 430; fspick 433 433; ftruncate 77 46; futimesat 261 -;
getdents64 217 61; getpid 39 172; getppid 110 173; init_module 175 105; inotify_add_watch 254 27; inotify_init1 294
26; io_uring_setup 425 425; ioctl 16 29; ioperm 173 -; iopl 172 -; ioprio_set 251 30; kcmp 312 272; kexec_load 246
104; keyctl 250 219; kill 62 129; landlock_create_ruleset 444 444; lchown 94 -; linkat 265 37; listmount 458 458;
lsetxattr 189 6; memfd_create 319 279; memfd_secret 447 447; migrate_pages 256 238; mkdirat 258 34; mknod 133 -;
mknodat 259 33; mmap 9 222; modify_ldt 154 -; mount 165 40; mount_setattr 442 442; move_mount 429 429; move_pages
279 239; mq_open 240 180; mq_unlink 241 181; msgctl 71 187; msgget 68 186; name_to_handle_at 303 264; open 2 -;
open_by_handle_at 304 265; open_tree 428 428; open_tree_attr 467 467; openat 257 56; openat2 437 437;
perf_event_open 298 241; personality 135 92; pidfd_getfd 438 438; pidfd_open 434 434; pidfd_send_signal 424 424;
pivot_root 155 41; prctl 157 167; prlimit64 302 261; process_madvise 440 440; process_vm_readv 310 270;
process_vm_writev 311 271; ptrace 101 117; quotactl 179 60; read 0 63; reboot 169 142; rename 82 -; renameat2 316
276; request_key 249 218; rt_sigprocmask 14 135; rt_sigqueueinfo 129 138; sched_setaffinity 203 122;
sched_setscheduler 144 119; seccomp 317 277; semctl 66 191; semget 64 190; sendmsg 46 211; setdomainname 171 162;
setfsuid 122 151; setgroups 116 159; sethostname 170 161; setns 308 268; setpriority 141 140; setresuid 117 147;
setuid 105 146; setxattr 188 5; setxattrat 463 463; shmat 30 196; shmctl 31 195; shmget 29 194; socket 41 198; stat
4 -; statmount 457 457; statx 332 291; swapon 167 224; symlinkat 266 36; syslog 103 116; tgkill 234 131;
timer_create 222 107; tkill 200 130; truncate 76 45; umount2 166 39; unlinkat 263 35; unshare 272 97; userfaultfd
323 282; utime 132 -; utimensat 280 88; utimes 235 -; vfork 58 -; vhangup 153 58; write 1 64
"""
MACHINE = platform.machine()
IS_X86 = MACHINE == "x86_64"
NUMBERS = {
    name: int(x86 if IS_X86 else arm)
    for name, x86, arm in (row.split() for row in _NUMBERS.replace("\n", " ").split(";"))
    if (x86 if IS_X86 else arm) != "-" and MACHINE in ("x86_64", "aarch64")
}

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000

# What an attack that is held off may raise. Anything else is a mistake in the program, and ends it.
_HELD_OFF = (OSError, MemoryError, RuntimeError, ValueError, EOFError)


class Nothing(OSError):
    """The attack led to nothing."""


class Tries:
    """What a program tried, what it got by it, and what it merely saw of the world."""

    def __init__(self):
        self.tried = []
        self.got = []
        self.seen = []

    def tries(self, what, act):
        """Do something whose success alone proves nothing; gives what it gave, or None."""
        return self._attempted(what, act)[1]

    def gets(self, what, act):
        """Do something that must not be possible: whatever it gives is a thing obtained."""
        is_done, result = self._attempted(what, act)
        if is_done:
            self.got.append(f"{what}: {str(result)[:300]}")
            with contextlib.suppress(OSError):  # where the end comes before the result
                os.write(2, f"got: {what}\n".encode())
        return result

    def sees(self, what, act):
        """Do something that shows what there is outside, which only an own root hides."""
        is_done, result = self._attempted(what, act)
        if is_done:
            self.seen.append(f"{what}: {str(result)[:300]}")
        return result

    def reaches(self, what, act):
        """Call the kernel with nonsense: any answer but a refusal shows that the call itself is open."""
        try:
            result = act()
        except PermissionError as error:
            self.tried.append(f"{what}: {error}")
        except _HELD_OFF as error:
            self.tried.append(f"{what}: {error}")
            if not isinstance(error, Nothing) and getattr(error, "errno", 38) != 38:  # ENOSYS
                self.got.append(f"{what}: was let in ({error})")
        else:
            self.tried.append(f"{what}: done")
            self.got.append(f"{what}: {result}")

    def result(self):
        return {"got": self.got, "tried": self.tried, "seen": self.seen}

    def _attempted(self, what, act):
        try:
            result = act()
        except _HELD_OFF as error:
            self.tried.append(f"{what}: {type(error).__name__}: {str(error)[:200]}")
            return False, None
        self.tried.append(f"{what}: done")
        return True, result


def say(what):
    """For a program that may not live to return: what it tries stands on stderr."""
    os.write(2, f"tried: {what}\n".encode())


def syscall(name, *args):
    """A system call without the help of any library; OSError if it fails."""
    if name not in NUMBERS:
        raise Nothing(f"there is no {name} on {MACHINE}")
    return numbered(NUMBERS[name], *args)


def numbered(number, *args):
    ctypes.set_errno(0)
    plain = [ctypes.c_long(arg) if isinstance(arg, int) else arg for arg in args]
    result = LIBC.syscall(ctypes.c_long(number), *plain, *[ctypes.c_long(0)] * (6 - len(plain)))
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def read_fd(fd, size=300):
    """What can be read there, as text."""
    try:
        return os.read(fd, size).decode(errors="replace")
    finally:
        os.close(fd)


def read_path(path, size=4096):
    with open(path, "rb") as file:
        return file.read(size).decode(errors="replace")


def read_frame(within_s=2.0):
    """The broker's next frame."""
    data = b""
    while len(data) < 4 or len(data) < 4 + int.from_bytes(data[:4], "big"):
        if not select.select([3], [], [], within_s)[0]:
            raise TimeoutError("no answer")
        piece = os.read(3, 4 - len(data) if len(data) < 4 else 4 + int.from_bytes(data[:4], "big") - len(data))
        if not piece:
            raise EOFError("hung up")
        data += piece
    return json.loads(data[4:])


def write_frame(frame):
    """Send the broker a frame, which may be bytes of any kind."""
    data = frame if isinstance(frame, bytes) else json.dumps(frame).encode()
    write_all(3, len(data).to_bytes(4, "big") + data)


def write_all(fd, data):
    while data:
        data = data[os.write(fd, data) :]


def call(number, prompt="x", tool="echo", **more):
    """The frame of a call."""
    return {"id": number, "op": "call", "tool": tool, "prompt": prompt, "args": {}, **more}


def same(value, expected, what):
    """`what`, if the value is the expected one."""
    if value != expected:
        raise Nothing(f"{value!r}")
    return what


def machine_code(code):
    """A function made of these bytes, to be called without arguments."""
    memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    function = ctypes.CFUNCTYPE(ctypes.c_long)(address)
    function.memory = memory
    return function


def own_memory(limit=96 * 1024 * 1024):
    """Pieces of this process's memory, as bytes: all of it if /proc is there, else what is near to known things."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    try:
        for start, end in _regions():
            for address in range(start, min(end, start + limit), 32768):
                with contextlib.suppress(OSError):
                    size = LIBC.write(write_end, ctypes.c_void_p(address), ctypes.c_size_t(min(32768, end - address)))
                    if size > 0:  # the kernel says where there is nothing, instead of ending us
                        yield os.read(read_end, size)
    finally:
        os.close(read_end)
        os.close(write_end)


def _regions():
    with contextlib.suppress(OSError):
        return [
            (int(found[1], 16), int(found[2], 16))
            for found in re.finditer(r"(?m)^([0-9a-f]+)-([0-9a-f]+) rw", read_path("/proc/self/maps", 1 << 20))
        ]
    LIBC.sbrk.restype = ctypes.c_void_p
    top = LIBC.sbrk(ctypes.c_long(0)) or 0
    known = [id(sys), id(object), id(Tries), id(b"x" * 5000), id(sys._getframe()), top - (10 << 20), top - (5 << 20)]
    known.append(ctypes.c_void_p.in_dll(LIBC, "environ").value or id(os))
    LIBC.getauxval.restype = ctypes.c_ulong
    stack = LIBC.getauxval(ctypes.c_ulong(31))  # the name of the program, which stands beside the environment
    near = [(max(0, place & ~0xFFF) - (2 << 20), (place & ~0xFFF) + (6 << 20)) for place in known]
    return [*near, ((stack & ~0xFFF) - (256 << 10), (stack | 0xFFF) + 1)]


def found_in_memory(pattern, *, without=()):
    """What of this process's memory matches, except for the given texts."""
    unwanted = {item.encode() for item in without}
    found = {hit for piece in own_memory() for hit in re.findall(pattern, piece)} - unwanted
    if not found:
        raise Nothing("not in memory")
    return sorted(hit.decode(errors="replace") for hit in found)[:20]
