"""Unpacks a little into very much: zlib, an import from a zip archive, a giant text of a format."""

import io
import sys
import zipfile
import zlib

from kit import Tries, say

VARIANTS = ["zlib", "zip", "import", "format", "xml"]
ENDS = ["good", "crash", "killed"]
SLOW = True
WALL_S = 2.0


def main(input):
    tries = Tries()
    say(f"unpack {input['variant']}")
    size = len(tries.tries("unpack", lambda: unpacked(input["variant"], input["memory_mib"] << 20)) or "")
    tries.tried.append(f"{size} bytes")
    if size > 600 << 20:
        tries.got.append(f"{size >> 20} MiB")
    return tries.result()


def unpacked(variant, size):
    if variant == "zlib":
        packer = Repeating()
        return zlib.decompress(b"".join(packer.compress(bytes(1 << 20)) for _ in range(700)) + packer.flush(), -15)
    if variant == "format":
        return f"{'x':>{size}}"
    if variant == "xml":
        return expanded()
    archive = io.BytesIO() if variant == "zip" else open("bomb.zip", "w+b")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file, file.open("bomb.py", "w") as member:
        member._compressor = Repeating()
        for piece in (b"x = '", *[b"x" * (1 << 20)] * 601, b"'"):
            member.write(piece)
    if variant == "zip":
        return zipfile.ZipFile(archive).read("bomb.py")
    archive.close()
    sys.path.insert(0, "bomb.zip")
    return __import__("bomb").x


class Repeating:
    """Packs equal pieces only once: after a full flush, they may stand in any number and order."""

    def __init__(self):
        self._packer = zlib.compressobj(1, zlib.DEFLATED, -15)
        self._known = {}

    def compress(self, data):
        if len(data) not in self._known:
            self._known[len(data)] = self._packer.compress(data) + self._packer.flush(zlib.Z_FULL_FLUSH)
        return self._known[len(data)]

    def flush(self):
        return self._packer.flush()


def expanded():
    from xml.etree import ElementTree

    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x" * 10}">' for n in range(9))
    try:
        return ElementTree.fromstring(f"<!DOCTYPE a [{entities}]><a>&e8;</a>").text
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from None
