"""A tool that says what is in an archive, without taking anything out of it."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from overseer.tool import ToolContext, ToolError, tool

_MOST_ENTRIES = 50_000
_PIECE = 1 << 20
_MOST_AT_ONCE = 16 << 20  # bytes; what lists the content of an honest archive is smaller
_LARGE, _BLOWN_UP = 1 << 30, 100  # bytes unpacked, and how many times the packed size: beyond both, it is a bomb

_BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RecursionError,
)


_OUTPUT = {
    "type": "object",
    "properties": {
        "format": {"enum": ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"]},
        "entries": {"type": "array", "items": {"type": "object"}},
        "is_cut": {"type": "boolean"},
        "count": {"type": "integer"},
        "unpacked_bytes": {"type": "integer"},
        "packed_bytes": {"type": "integer"},
        "ratio": {"type": "number"},
    },
    "additionalProperties": False,
}


@tool(
    effect="read",
    output=_OUTPUT,
    tags=["files"],
    timeout_s=120,
    examples=[{"request": "what is in download.zip?", "args": {"path": "download.zip"}}],
)
def list_archive(path: str, context: ToolContext, limit: int = 1000) -> dict[str, Any]:
    """List what is in an archive of the workspace: zip, tar, tar.gz, tar.bz2 or tar.xz. Nothing is unpacked.

    Gives `format`; `entries`, a list of {path, size, is_folder}, with a `note` where unpacking one could be
    dangerous; `is_cut`, whether there are more; and for all of them `count`, `unpacked_bytes`, `packed_bytes`
    and `ratio`. An archive that would grow beyond all measure is refused.

    Args:
        path: the archive, relative to the workspace, such as downloads/data.tar.gz
        limit: the most entries to give; the sums are of all
    """
    if limit < 1:
        raise _bad(f"limit is {limit}; give the most entries to list, at least 1")
    with context.workspace.open(path) as file:
        content = _Content(path, file.seek(0, io.SEEK_END), limit, context)
        file.seek(0)
        try:
            name = _read(file, content)
        except _BROKEN as error:
            raise _bad(f"path {path!r} is not a whole archive: {error or type(error).__name__}; get it anew") from error
    return {
        "format": name,
        "entries": content.entries,
        "is_cut": content.count > limit,
        "count": content.count,
        "unpacked_bytes": content.unpacked,
        "packed_bytes": content.packed,
        "ratio": round(content.unpacked / content.packed, 1),
    }


@dataclass
class _Content:
    """What was met in an archive so far."""

    path: str
    packed: int
    limit: int
    context: ToolContext
    entries: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0
    unpacked: int = 0

    def add(self, name: str, size: int, *, is_folder: bool, note: str) -> None:
        self.count += 1
        self.unpacked += max(0, size)
        if self.count > _MOST_ENTRIES:
            raise _bad(f"path {self.path!r} holds more than {_MOST_ENTRIES} entries, which is more than is listed")
        self.allow(self.unpacked)
        if self.count <= self.limit:
            clean = name.encode("utf-8", "backslashreplace").decode()
            entry = {"path": clean, "size": size, "is_folder": is_folder}
            self.entries.append({**entry, "note": note} if note else entry)

    def allow(self, unpacked: int) -> None:
        """ToolError if so many bytes are more than an honest archive of this size unpacks to."""
        if self.context.is_cancelled:
            raise ToolError("given up because the call was cancelled", kind="cancelled")
        if unpacked > _LARGE and unpacked > _BLOWN_UP * self.packed:
            raise ToolError(
                f"path {self.path!r} is a bomb: from {self.packed} bytes it would grow to more than {unpacked}; "
                "do not unpack it",
                kind="denied",
            )


def _read(file: BinaryIO, content: _Content) -> str:
    """Meet every entry of an archive; which format it has."""
    start = file.read(6)
    file.seek(0)
    if start[:4] in (b"PK\3\4", b"PK\5\6"):
        _read_zip(_Bounded(file, content), content)
        return "zip"
    for name, mark, unpacked in _PACKERS:
        if start.startswith(mark):
            _read_tar(_Forward(unpacked(file), content), content)
            return f"tar.{name}"
    if not start:
        raise _bad(f"path {content.path!r} is an empty file, not an archive")
    if start.startswith((b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd")):
        remedy = "give a zip, tar, tar.gz, tar.bz2 or tar.xz"
        raise _bad(f"path {content.path!r} is an archive of a kind that cannot be listed; {remedy}")
    _read_tar(_Forward(file, content), content)
    return "tar"


def _read_zip(file: _Bounded, content: _Content) -> None:
    with zipfile.ZipFile(cast(BinaryIO, file)) as archive:
        for entry in archive.infolist():
            kind = entry.external_attr >> 16
            note = "a symbolic link" if stat.S_ISLNK(kind) else _danger(entry.filename)
            if not note and entry.flag_bits & 1:
                note = "is encrypted"
            content.add(entry.filename, entry.file_size, is_folder=entry.is_dir(), note=note)


def _read_tar(file: _Forward, content: _Content) -> None:
    with tarfile.TarFile(fileobj=cast(BinaryIO, file)) as archive:
        while (entry := archive.next()) is not None:
            note = "" if entry.isfile() or entry.isdir() else "a link or device"
            content.add(entry.name, entry.size, is_folder=entry.isdir(), note=note or _danger(entry.name))
            archive.members.clear()  # type: ignore[attr-defined] # or it keeps them all
    if any(file.last):  # the library takes what it cannot read for the end
        raise tarfile.ReadError(f"what follows entry {content.count} is no entry")


def _danger(name: str) -> str:
    parts = name.replace("\\", "/").split("/")
    is_outside = ".." in parts or name.startswith(("/", "\\")) or name[1:2] == ":"
    return "would be unpacked outside its folder" if is_outside else ""


class _Bounded:
    """A file that gives only so much at once: the libraries read whatever an archive says is there into memory."""

    def __init__(self, file: Any, content: _Content) -> None:
        self._file = file
        self._content = content

    def read(self, size: int | None = None) -> bytes:
        is_open = size is None or size < 0
        data: bytes = self._file.read(_MOST_AT_ONCE + 1 if is_open else min(size or 0, _MOST_AT_ONCE + 1))
        if len(data) > _MOST_AT_ONCE:
            told = "says more of its entries than an honest archive would; do not unpack it"
            raise ToolError(f"path {self._content.path!r} {told}", kind="denied")
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        position: int = self._file.seek(offset, whence)
        return position

    def tell(self) -> int:
        position: int = self._file.tell()
        return position


class _Forward(_Bounded):
    """One that is read from front to back, where passing over something means to unpack it."""

    def __init__(self, file: Any, content: _Content) -> None:
        super().__init__(file, content)
        self.last = b""
        self._position = 0

    def read(self, size: int | None = None) -> bytes:
        self.last = super().read(size)
        self._position += len(self.last)
        self._content.allow(self._position)
        return self.last

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if offset < self._position:  # some versions of the library would read the same entry for ever
            raise ValueError("an entry ends before it begins")
        while self._position < offset and self.read(min(offset - self._position, _PIECE)):
            pass
        return self._position


class _Xz:
    """What an xz file unpacks to, with less memory than its header may ask for."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._machine = self._started()
        self._waiting = b""

    def read(self, size: int) -> bytes:
        pieces = []
        while size > 0 and (piece := self._piece(size)):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _piece(self, size: int) -> bytes:
        while True:
            if self._machine.eof:
                self._waiting = self._machine.unused_data.lstrip(b"\0") or self._file.read(_PIECE).lstrip(b"\0")
                if not self._waiting:
                    return b""
                self._machine = self._started()
            elif self._machine.needs_input:
                self._waiting = self._waiting or self._file.read(_PIECE)
                if not self._waiting:
                    raise EOFError("it ends too early")
            given, self._waiting = self._waiting, b""
            if piece := self._machine.decompress(given, size):
                return piece

    @staticmethod
    def _started() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(memlimit=128 << 20)


_PACKERS: tuple[tuple[str, bytes, Callable[[BinaryIO], Any]], ...] = (
    ("gz", b"\x1f\x8b", lambda file: gzip.GzipFile(fileobj=file)),
    ("bz2", b"BZh", bz2.BZ2File),
    ("xz", b"\xfd7zXZ\0", _Xz),
)


def _bad(message: str) -> ToolError:
    return ToolError(message, kind="bad_request")
