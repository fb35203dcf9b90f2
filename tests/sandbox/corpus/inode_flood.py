"""Makes files and folders without end, in its own folder and elsewhere."""

import contextlib
import os

from kit import Tries, say

ENDS = ["good", "killed"]


def main(input):
    tries = Tries()
    say("files without end")
    for place in dict.fromkeys([os.getcwd(), input["folder"], "/tmp", "/dev/shm"]):
        made = []
        with contextlib.suppress(OSError):
            for number in range(2500 if input["is_bare"] else 6000):
                made.append(f"{place}/{input['marker']}-{number}")
                os.mkdir(made[-1]) if number % 2 else os.close(os.open(made[-1], os.O_CREAT | os.O_WRONLY))
        tries.tried.append(f"{place}: {len(made)}")
        if len(made) > 2100:
            tries.got.append(f"{len(made)} files in {place}")
        for path in made:
            with contextlib.suppress(OSError):
                os.rmdir(path) if os.path.isdir(path) else os.unlink(path)
        depth = 0
        with contextlib.suppress(OSError):
            os.chdir(place)
            while depth < (200 if input["is_bare"] else 3000):
                os.mkdir(input["marker"])
                os.chdir(input["marker"])
                depth += 1
        tries.tried.append(f"{place}: {depth} deep")
        for _ in range(depth):
            os.chdir("..")
            with contextlib.suppress(OSError):
                os.rmdir(input["marker"])
    return tries.result()
