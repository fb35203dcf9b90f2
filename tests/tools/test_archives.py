"""Listing archives, honest ones and others."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import struct
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from overseer.tool import Cancellation, Tool, ToolError
from tests.tools.conftest import Run

PACKERS = {"tar": bytes, "tar.gz": gzip.compress, "tar.bz2": bz2.compress, "tar.xz": lzma.compress}


def tar_of(files: dict[str, bytes], **options: Any) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", **options) as archive:
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return stream.getvalue()


def zip_of(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/", b"")
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


FILES = {"folder/a.txt": b"x" * 3000, "ü" * 80 + ".txt": b"", "b.bin": bytes(range(256))}
ARCHIVES = {"zip": zip_of(FILES), **{name: pack(tar_of(FILES)) for name, pack in PACKERS.items()}}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_list_archive(run: Run, root: Path, kind: str) -> None:
    (root / "it").write_bytes(ARCHIVES[kind])
    assert run("list_archive", path="it") == {
        "format": kind,
        "entries": [
            {"path": "folder/" if kind == "zip" else "folder", "size": 0, "is_folder": True},
            {"path": "folder/a.txt", "size": 3000, "is_folder": False},
            {"path": "ü" * 80 + ".txt", "size": 0, "is_folder": False},
            {"path": "b.bin", "size": 256, "is_folder": False},
        ],
        "is_cut": False,
        "count": 4,
        "unpacked_bytes": 3256,
        "packed_bytes": len(ARCHIVES[kind]),
        "ratio": round(3256 / len(ARCHIVES[kind]), 1),
    }
    cut = run("list_archive", path="it", limit=2)
    assert (len(cut["entries"]), cut["is_cut"], cut["count"]) == (2, True, 4)


def test_an_empty_zip_is_an_archive(run: Run, root: Path) -> None:
    with zipfile.ZipFile(root / "it.zip", "w"):
        pass
    assert run("list_archive", path="it.zip")["count"] == 0


def test_dangerous_entries_are_marked(run: Run, root: Path) -> None:
    evil = {"../out": b"", "/etc/passwd": b"", "a/../../b": b"", "c:\\x": b"", "fine..txt": b""}
    (root / "it.zip").write_bytes(zip_of(evil))
    (root / "it.tar").write_bytes(tar_of(evil))
    for name in ("it.zip", "it.tar"):
        notes = [entry.get("note") for entry in run("list_archive", path=name)["entries"]]
        assert notes == [None, *["would be unpacked outside its folder"] * 4, None]
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    (root / "it.tar").write_bytes(stream.getvalue())
    assert run("list_archive", path="it.tar")["entries"][0]["note"] == "a link or device"


@pytest.mark.parametrize("kind", ARCHIVES)
def test_a_broken_archive_is_told(run: Run, root: Path, kind: str) -> None:
    data = ARCHIVES[kind]
    (root / "it").write_bytes(data[: len(data) // 2] if kind != "tar" else data[:2500])
    with pytest.raises(ToolError, match=r"path 'it' is not a whole archive: .*; get it anew") as caught:
        run("list_archive", path="it")
    assert caught.value.kind == "bad_request"


def test_an_entry_that_cannot_be_read_is_not_the_end(run: Run, root: Path) -> None:
    data = bytearray(tar_of({"a": b"", "b": b"", "c": b""}))
    data[1024:1400] = b"\xff" * 376
    (root / "it").write_bytes(data)
    with pytest.raises(ToolError, match="what follows entry 2 is no entry"):
        run("list_archive", path="it")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "path 'it' is an empty file, not an archive"),
        (b"just a text that is long enough to be something" * 50, "path 'it' is not a whole archive"),
        (gzip.compress(b"a text" * 1000, mtime=0), "path 'it' is not a whole archive"),
        (b"7z\xbc\xaf\x27\x1c", "an archive of a kind that cannot be listed; give a zip, tar"),
        (b"\x28\xb5\x2f\xfd....", "an archive of a kind that cannot be listed"),
    ],
)
def test_what_is_no_archive_is_told(run: Run, root: Path, data: bytes, told: str) -> None:
    (root / "it").write_bytes(data)
    with pytest.raises(ToolError, match=told):
        run("list_archive", path="it")


def test_what_list_archive_cannot_use(run: Run, root: Path) -> None:
    with pytest.raises(ToolError, match=r"path 'missing\.zip' does not exist"):
        run("list_archive", path="missing.zip")
    with pytest.raises(ToolError, match="limit is 0"):
        run("list_archive", path="missing.zip", limit=0)


# --- bombs


def bomb(run: Run, told: str = "is a bomb: from .* do not unpack it") -> None:
    with pytest.raises(ToolError, match=told) as caught:
        run("list_archive", path="it")
    assert caught.value.kind == "denied"


def test_a_zip_that_claims_too_much_is_refused(run: Run, root: Path) -> None:
    data = bytearray(zip_of({"a": b"x" * 1000}))
    start = data.rindex(b"PK\1\2")
    data[start + 24 : start + 28] = struct.pack("<I", 0xFFFF0000)  # the size of the last entry
    (root / "it").write_bytes(data)
    bomb(run)


@pytest.mark.parametrize("kind", ["tar.gz", "tar.bz2", "tar.xz"])
def test_a_packed_tar_is_given_up_when_it_grows_too_much(
    run: Run, root: Path, our: dict[str, Tool], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """What is passed over is counted as it comes, not as its header claims."""
    monkeypatch.setitem(our["list_archive"].function.__globals__, "_LARGE", 64 << 20)  # 1 GiB takes seconds
    claim, hidden = tarfile.TarInfo("small"), tarfile.TarInfo("x")
    hidden.type, hidden.size = tarfile.GNUTYPE_LONGNAME, 8 << 20
    one = hidden.tobuf() + bytes(8 << 20) + claim.tobuf()
    # Packed files may be put one after the other, so one is packed once and repeated.
    (root / "it").write_bytes(PACKERS[kind](one) * 9)
    bomb(run)


def test_a_tar_header_cannot_ask_for_all_memory(run: Run, root: Path) -> None:
    """The library reads the whole of such a header at once, 8 GiB here, and would keep it."""
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, (8 << 30) - 1
    (root / "it").write_bytes(gzip.compress(header.tobuf() + bytes(32 << 20)))
    bomb(run, "says more of its entries than an honest archive would")


def test_a_zip_directory_cannot_ask_for_all_memory(run: Run, root: Path) -> None:
    size = 17 << 20
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, size, 4, 0)
    (root / "it").write_bytes(b"PK\3\4" + bytes(size) + end)
    bomb(run, "says more of its entries than an honest archive would")


def test_an_archive_of_too_many_entries_is_refused(run: Run, root: Path) -> None:
    one = tarfile.TarInfo("x").tobuf()
    (root / "it").write_bytes(gzip.compress(one * 50_001, 1))
    with pytest.raises(ToolError, match="holds more than 50000 entries"):
        run("list_archive", path="it")


def test_xz_cannot_ask_for_all_memory(run: Run, root: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 256 << 20, "preset": 0}]
    with suppress(MemoryError):
        (root / "it").write_bytes(lzma.compress(tar_of(FILES), filters=filters))
        with pytest.raises(ToolError, match=r"not a whole archive: .*[Mm]emory"):
            run("list_archive", path="it")


def test_a_cancelled_listing_ends(run: Run, root: Path, cancellation: Cancellation) -> None:
    (root / "it").write_bytes(ARCHIVES["tar.gz"])
    cancellation.ask()
    with pytest.raises(ToolError, match="cancelled"):
        run("list_archive", path="it")


@pytest.mark.parametrize("kind", ARCHIVES)
def test_damage_is_told_or_does_no_harm(run: Run, root: Path, kind: str) -> None:
    """Whatever a damaged archive leads the libraries to, it ends, and as an error of the tool's own."""
    chance = random.Random(kind)
    for _ in range(200):
        data = bytearray(ARCHIVES[kind])
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        if chance.random() < 0.3:
            del data[chance.randrange(len(data)) :]
        (root / "it").write_bytes(data)
        with suppress(ToolError):
            assert run("list_archive", path="it")["format"]
