"""Writes into the folder of the standard library: modules, compiled files, a file that every start reads."""

import json
import os
import py_compile
import shutil
import site
import sysconfig

from kit import Tries


def main(input):
    tries = Tries()
    library = os.path.dirname(os.path.dirname(json.__file__))
    for path in (json.__file__, json.__cached__ or f"{library}/json/__pycache__/none.pyc", f"{library}/os.py"):
        tries.gets(f"append to {path}", lambda path=path: os.open(path, os.O_WRONLY | os.O_APPEND))
    folders = [
        library,
        f"{library}/json",
        f"{library}/json/__pycache__",
        f"{library}/lib-dynload",
        f"{library}/..",
        "/lib",
    ]
    folders += [f"{library}/site-packages", input["site_packages"] or "/nothing", *site.getsitepackages()]
    for folder in [*folders, sysconfig.get_paths()["scripts"]]:
        path = f"{folder}/{input['marker']}.pth"
        made = tries.gets(f"new file in {folder}", lambda path=path: os.open(path, os.O_CREAT | os.O_WRONLY) and path)
        if made:
            os.unlink(made)
    tries.gets("compile", lambda: py_compile.compile(json.__file__, f"{library}/{input['marker']}.pyc"))
    tries.tries("remove it", lambda: os.unlink(f"{library}/{input['marker']}.pyc"))
    tries.gets("rename a module", lambda: renamed(f"{library}/this.py"))
    tries.gets("own cache", lambda: shutil.copymode(json.__file__, json.__file__))
    return tries.result()


def renamed(path):
    os.rename(path, path + "c")
    os.rename(path + "c", path)
