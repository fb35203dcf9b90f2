"""What the operating system's refusals mean for whoever gave the path, and what would help."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from overseer.tool import ToolError
from overseer.workspace.paths import refusal


@contextmanager
def explained(path: str, doing: str) -> Iterator[None]:
    """Every OSError within becomes a ToolError about `path`; `doing` is 'read', 'written' or 'listed'."""
    try:
        yield
    except OSError as error:
        raise explanation(error, path, doing) from error


def explanation(error: OSError, path: str, doing: str) -> ToolError:
    kind, reason = _REASONS.get(error.errno or 0, ("tool", ""))
    if not reason:
        reason = f"cannot be {doing}: {error.strerror or error}"
    return refusal(path, reason.format(doing=doing), kind=kind)


def require_regular(info: os.stat_result, path: str) -> None:
    """Only files that have content of their own, and no second name by which it may be known elsewhere."""
    mode = info.st_mode
    if stat.S_ISDIR(mode):
        raise refusal(path, "is a folder; give the path of a file in it")
    if stat.S_ISLNK(mode):
        raise explanation(OSError(errno.ELOOP, ""), path, "read")
    if not stat.S_ISREG(mode):
        raise refusal(path, f"is a {_kind(mode)}; only regular files are read and written here", kind="denied")
    if info.st_nlink > 1:
        reason = (
            f"has {info.st_nlink} names (hard links), and the others may lie outside the workspace; "
            "make a copy of it and use that"
        )
        raise refusal(path, reason, kind="denied")


def obstacle(info: os.stat_result) -> str:
    """Why something in a folder can be neither read nor written; nothing where it can."""
    if stat.S_ISDIR(info.st_mode):
        return ""
    if not stat.S_ISREG(info.st_mode):
        return f"a {_kind(info.st_mode)}"
    return f"has {info.st_nlink} names (hard links)" if info.st_nlink > 1 else ""


def _kind(mode: int) -> str:
    return next(name for is_kind, name in _KINDS if is_kind(mode))


_KINDS = (
    (stat.S_ISLNK, "symbolic link"),
    (stat.S_ISFIFO, "named pipe"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISBLK, "device"),
    (stat.S_ISCHR, "device"),
    (lambda mode: True, "file of an unknown kind"),
)

_LINK = "is or passes through a symbolic link, and links are not followed; give the path of what it points to"
_NO_RIGHTS = "cannot be {doing}: permission denied; choose another place or let the user change its permissions"
_FULL = "cannot be {doing}: {why}; make room and try again. What was there before is unchanged"

_REASONS: dict[int, tuple[str, str]] = {
    errno.ELOOP: ("denied", _LINK),
    errno.EXDEV: ("denied", _LINK),
    errno.ENOENT: ("bad_request", "does not exist, or is being removed; list the folder to see what there is"),
    errno.ENOTDIR: ("bad_request", "goes through a file as if it were a folder, or is a file where a folder is needed"),
    errno.EISDIR: ("bad_request", "is a folder; give the path of a file in it"),
    errno.EAGAIN: ("transient", "cannot be {doing}: another program holds it; try again"),
    errno.EEXIST: ("transient", "was made by somebody else at the same moment; try again"),
    errno.ENAMETOOLONG: ("bad_request", "is longer than the disk takes; shorten it"),
    errno.EACCES: ("denied", _NO_RIGHTS),
    errno.EPERM: ("denied", _NO_RIGHTS),
    errno.EROFS: ("denied", "cannot be {doing}: the disk is read-only; choose another place"),
    errno.ENXIO: ("denied", "is a named pipe, socket or device; only regular files are read and written here"),
    errno.ENODEV: ("denied", "is a device; only regular files are read and written here"),
    errno.ETXTBSY: ("tool", "cannot be {doing}: it is a program that is running; stop that first"),
    errno.ENOSPC: ("tool", _FULL.replace("{why}", "the disk is full")),
    errno.EDQUOT: ("tool", _FULL.replace("{why}", "the user's share of the disk is used up")),
    errno.EFBIG: ("tool", "cannot be {doing}: it would be larger than files may be there; write less"),
    errno.EMFILE: ("transient", "cannot be {doing}: too many files are open; try again when less is running"),
    errno.ENFILE: ("transient", "cannot be {doing}: too many files are open; try again when less is running"),
}
