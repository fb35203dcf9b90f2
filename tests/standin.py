"""What stands for the program in a shell: it has a process made that is the program, and ends as that one ends.

    python -IS standin.py REQUESTS ARGUMENT...

REQUESTS is the descriptor of a socket at whose other end `tests.preloaded` listens. The process has what the shell
would have left to the program: its folder, environment, descriptors, umask, limits and what signals it ignores. A
signal that comes here goes on to it.

Only the halves of modules that are written in C are imported: the other halves take longer than the interpreter.
"""

from __future__ import annotations

import _signal
import _socket
import os
import resource
import sys

TYPE_CHECKING = False  # what type checkers take it for
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PASSED_ON = (_signal.SIGHUP, _signal.SIGINT, _signal.SIGQUIT, _signal.SIGTERM)


def asked(
    requests: int,
    arguments: Sequence[str],
    *,
    folder: str,
    environment: Mapping[str, str],
    descriptors: Mapping[int, int],
    source: str | None = None,
    is_in_front: bool = False,
) -> int:
    """A conversation with a new process, which has these descriptors under these numbers, and the rest from here."""
    wanted = {
        "arguments": list(arguments),
        "folder": folder,
        "environment": dict(environment),
        "descriptors": list(descriptors),
        "source": source,
        "is_in_front": is_in_front,
        "ignored": {number: _signal.getsignal(number) == _signal.SIG_IGN for number in _PASSED_ON},
        "file_limit": resource.getrlimit(resource.RLIMIT_FSIZE),
        "umask": _umask(),
    }
    ours, its = _socket.socketpair()
    sent = b"".join(each.to_bytes(4, sys.byteorder) for each in (its.fileno(), *descriptors.values()))
    listener = _socket.socket(fileno=os.dup(requests))
    listener.sendmsg([b"!"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, sent)])
    listener.close()
    its.close()
    ours.sendall(ascii(wanted).encode())
    ours.shutdown(_socket.SHUT_WR)
    return ours.detach()


def _umask() -> int:
    """It can only be read by setting it: to what lets nobody else in, should another thread make a file meanwhile."""
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def number_from(conversation: int) -> int:
    """The next that it tells: who it is, and then how it ended."""
    told = os.read(conversation, 4)
    assert told, "no process was begun"
    return int.from_bytes(told, "big", signed=True)


def main() -> None:
    requests = int(sys.argv[1])
    descriptors = [each for each in _inherited() if each != requests]
    conversation = asked(
        requests,
        sys.argv[2:],
        folder=os.getcwd(),
        environment=os.environ,
        descriptors={each: each for each in descriptors},
    )
    for each in descriptors:  # who reads from it shall see that it has ended
        os.close(each)
    pid = number_from(conversation)
    for number in _PASSED_ON:  # even where it is ignored: whether that one does so is for it to show
        _signal.signal(number, lambda number, _: os.kill(pid, number))
    status = number_from(conversation)
    if status < 0:
        if -status != _signal.SIGKILL:
            _signal.signal(-status, _signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


def _inherited() -> Iterator[int]:
    for number in map(int, os.listdir("/dev/fd")):
        try:
            is_inherited = os.get_inheritable(number)
        except OSError:  # it was open for listing them
            continue
        if is_inherited:
            yield number


if __name__ == "__main__":
    main()
