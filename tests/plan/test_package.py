"""The package as others import it."""

from __future__ import annotations

import subprocess
import sys

import overseer.plan


def test_every_public_name_is_there_and_in_order() -> None:
    names = overseer.plan.__all__
    assert [name for name in names if not hasattr(overseer.plan, name)] == []
    assert len(set(names)) == len(names)


def test_importing_it_does_not_wait_for_large_libraries() -> None:
    script = (
        "import sys, overseer.plan; print([name for name in ('yaml', 'jsonschema', 'difflib') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True).stdout == "[]\n"
