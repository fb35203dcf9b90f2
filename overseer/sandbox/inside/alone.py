"""A node that was not forked: this process loads what it needs, locks itself in, and runs the code.

python -I -S -X utf8 alone.py ORDER,STDIN,STDOUT,STDERR,BROKER,REPORT SETTING
"""

from __future__ import annotations

import sys

if __name__ == "__main__":  # as a file: the packages around it are not to be loaded, only found
    import types

    _above, _, _ = __file__.rpartition("/sandbox/inside/")
    for _name, _folder in (("overseer", _above), ("overseer.sandbox", f"{_above}/sandbox")):
        _package = types.ModuleType(_name)
        _package.__path__ = [_folder]
        sys.modules[_name] = _package

import fcntl
import json
import os

from overseer.sandbox.inside import preparation, zygote
from overseer.sandbox.inside.orders import Order
from overseer.sandbox.inside.preparation import Setting

_OURS = 100


def main() -> None:
    parent = os.getppid()
    order, *streams = (fcntl.fcntl(int(number), fcntl.F_DUPFD_CLOEXEC, _OURS) for number in sys.argv[1].split(","))
    setting = Setting(**json.loads(sys.argv[2]))
    preparation.load(setting, ())
    lock = preparation.lock_for(setting, parent)
    zygote.forget()
    zygote.be_node(Order(order, streams), lock)


if __name__ == "__main__":
    main()
