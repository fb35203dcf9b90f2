"""Makes, changes, empties, renames and removes files outside."""

import os
import shutil
import tempfile

from kit import Tries


def main(input):
    tries = Tries()
    path, folder, marker = input["canary"], input["folder"], input["marker"]
    tries.gets("new file", lambda: open(f"{folder}/new", "w").write("x"))
    tries.gets("append", lambda: open(path, "a").write("x"))
    tries.gets("truncate", lambda: os.truncate(path, 3))
    tries.gets("write", lambda: open(path, "r+").write("changed"))
    tries.gets("journal", lambda: open(input["journal"], "r+b").write(b"changed"))
    tries.gets("folder", lambda: os.mkdir(f"{folder}/made"))
    tries.gets("rename", lambda: os.rename(path, f"{folder}/moved"))
    tries.gets("replace", lambda: os.replace(input["journal"], f"{folder}/moved"))
    tries.gets("remove", lambda: os.unlink(f"{folder}/moved"))
    tries.gets("remove all", lambda: os.rmdir(f"{folder}/made"))
    tries.gets("move out", lambda: (open("mine", "w").close(), shutil.move("mine", f"{folder}/mine"))[1])
    for place in ("/tmp", "/var/tmp", "/dev/shm", "/run", "/", "/dev", "/home", input["home"]):
        # At the full level the root and the scratch are the node's own, but these are not.
        tries.tries(place, lambda place=place: open(f"{place}/{marker}", "w").close())
    tries.tries("tempfile", lambda: tempfile.NamedTemporaryFile(prefix=marker, delete=False).close())
    return tries.result()
