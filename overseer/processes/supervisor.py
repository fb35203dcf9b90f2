"""The parent of one command: it starts the command, waits for it, and leaves nothing of it behind.

A program of its own, run as `python -I -S supervisor.py FD` with an empty environment; it imports nothing
of ours. FD is a socket to Overseer. From it comes the job, and then nothing but its end, which means:
stop. So the command is stopped in the same way when it takes too long, when it is cancelled, and when
Overseer dies. What is said on it is a line each: `running PID`, `refused ERRNO`, `ended CODE`, `left COUNT`.

As a "child subreaper" it becomes the parent of every descendant whose own parent ended, also of a daemon
that has a session of its own. Having them as children, it can list them, cannot mistake another process
for one of them (no process id is given away before its parent has asked for its end), and knows that all
are gone when it has no child left. Where there is no such thing as a subreaper (macOS), a process that
left the command's group is out of reach.
"""

from __future__ import annotations

import errno
import marshal
import os
import select
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing this at run time would cost a tenth of the start
    from collections.abc import Callable

# How long what is asked to end may take before it is made to; also how long a command's own background
# processes may live on to finish what they were writing.
GRACE_S = 0.2

# What cannot be killed by then belongs to another user or hangs in the system.
GIVE_UP_S = 2.0

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_ON_LINUX = sys.platform == "linux"

# Ignored here, or by Python: a command starts with all of them as they are by default.
_IGNORED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
_TO_RESTORE = (*_IGNORED, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD)


def main() -> None:
    control = int(sys.argv[1])
    os.set_inheritable(control, False)
    Supervisor(control).supervise(*read_job(control))


def read_job(control: int) -> tuple[list[bytes], dict[bytes, bytes]]:
    size = int.from_bytes(_read_exactly(control, 4), "big")
    arguments, environment = marshal.loads(_read_exactly(control, size))
    return arguments, environment


def _read_exactly(descriptor: int, size: int) -> bytes:
    read = bytearray()
    while len(read) < size:
        if not (more := os.read(descriptor, min(size - len(read), 1 << 20))):
            sys.exit(0)  # Overseer has gone before it said what to do
        read += more
    return bytes(read)


class Supervisor:
    """The processes of one command, from its start until the last of them is gone."""

    def __init__(self, control: int) -> None:
        self._control = control
        self._command = 0
        self._exit_code: int | None = None
        self._has_children = True
        self._is_stopped = False
        self._child_ended, woken = os.pipe()
        os.set_blocking(self._child_ended, False)
        os.set_blocking(woken, False)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in _IGNORED:
            signal.signal(number, signal.SIG_IGN)

    def supervise(self, arguments: list[bytes], environment: dict[bytes, bytes]) -> None:
        if _ON_LINUX:
            prctl(_PR_SET_CHILD_SUBREAPER, 1)
            # The command shall not look into us, or speak with Overseer in our name; itself it gets this right back.
            prctl(_PR_SET_DUMPABLE, 0)
        if not self._start(arguments, environment):
            return
        self._let_go_of_streams()
        while self._exit_code is None and not self._is_stopped:
            self._wait(None)
        if not self._is_stopped:
            self._wait_until_empty(GRACE_S)
        self._signal(signal.SIGTERM)
        self._wait_until_empty(GRACE_S)
        left = self._kill()
        self._say("left", left)

    def _start(self, arguments: list[bytes], environment: dict[bytes, bytes]) -> bool:
        """Start the command; whether the system did so."""
        ourselves = os.getpid()
        try:
            told, tell = os.pipe()
            self._command = os.fork()
        except OSError as error:
            self._say("refused", error.errno or errno.EAGAIN)
            return False
        if self._command == 0:
            try:
                become(arguments, environment, ourselves)
            except OSError as error:
                os.write(tell, str(error.errno or errno.EIO).encode())
            finally:
                os._exit(127)
        os.close(tell)
        refusal = os.read(told, 16)
        os.close(told)
        if refusal:
            os.waitpid(self._command, 0)
            self._say("refused", int(refusal))
            return False
        self._say("running", self._command)
        return True

    def _let_go_of_streams(self) -> None:
        """The command alone shall hold its streams, so that their end is its end."""
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        os.close(nothing)

    def _wait(self, seconds: float | None) -> None:
        """Until a child has ended, we are told to stop, or the time is up."""
        watched = [self._child_ended] if self._is_stopped else [self._child_ended, self._control]
        ready, _, _ = select.select(watched, [], [], seconds)
        if self._control in ready:
            self._is_stopped = True
        if self._child_ended in ready:
            os.read(self._child_ended, 4096)
        self._reap()

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self._has_children = False
                return
            if pid == 0:
                return
            if pid == self._command:
                self._exit_code = os.waitstatus_to_exitcode(status)
                self._say("ended", self._exit_code)

    def _wait_until_empty(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        self._reap()
        while self._has_children and (left := end - time.monotonic()) > 0:
            self._wait(left)

    def _kill(self) -> int:
        """Kill all children, and theirs as they come to us, until there are none; how many withstood."""
        give_up_at = time.monotonic() + GIVE_UP_S
        if not _ON_LINUX:  # what is left in the command's group is no child of ours
            self._signal(signal.SIGKILL)
        self._reap()
        while self._has_children and time.monotonic() < give_up_at:
            # From the top: whoever starts others is gone first, so that there is an end to it.
            self._signal(signal.SIGKILL)
            self._wait(0.01)
        return len(children()) if self._has_children else 0

    def _signal(self, number: int) -> None:
        if self._exit_code is None or not _ON_LINUX:
            _send(os.killpg, self._command, number)
        for child in children():
            _send(os.kill, child, number)

    def _say(self, word: str, number: int) -> None:
        try:
            os.write(self._control, f"{word} {number}\n".encode())
        except OSError:  # Overseer has gone
            self._is_stopped = True


def become(arguments: list[bytes], environment: dict[bytes, bytes], parent: int) -> None:
    """Turn this process into the command, in a session of its own; OSError says why it cannot be."""
    os.setsid()
    for number in _TO_RESTORE:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    if _ON_LINUX:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(127)
    program = arguments[0]
    if b"/" in program:
        os.execve(program, arguments, environment)
    refusal = FileNotFoundError(errno.ENOENT, "not found")
    for folder in environment.get(b"PATH", os.fsencode(os.defpath)).split(b":"):
        # Not "." or "": the folder that the command works in may hold a file of any name.
        if not folder.startswith(b"/"):
            continue
        try:
            os.execve(folder + b"/" + program, arguments, environment)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError as error:
            refusal = error  # type: ignore[assignment]
    raise refusal


def children() -> list[int]:
    """The processes whose parent this one is."""
    try:
        with open("/proc/thread-self/children", "rb") as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return children_by_search()


def children_by_search() -> list[int]:
    """For kernels that do not list children."""
    found = []
    ourselves = os.getpid()
    try:
        names = os.listdir("/proc")
    except OSError:  # none is mounted, or this is not Linux
        return []
    for name in names:
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                # The name in brackets may hold anything, brackets too.
                parent = int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, IndexError):
            continue
        if parent == ourselves:
            found.append(int(name))
    return found


def _send(send: Callable[[int, int], None], pid: int, number: int) -> None:
    try:
        send(pid, number)
    except OSError:  # gone, or another user's
        return


def prctl(option: int, value: int) -> None:
    import ctypes

    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    main()
