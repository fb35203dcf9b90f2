from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from overseer.workspace import FolderWorkspace
from overseer.workspace.beneath import Opener, best_opener, open_by_components, open_by_kernel

Make = Callable[..., FolderWorkspace]


@pytest.fixture(params=[open_by_kernel, open_by_components], ids=["kernel", "components"])
def opener(request: pytest.FixtureRequest) -> Opener:
    """Each of the two ways to open beneath a folder."""
    wanted: Opener = request.param
    if wanted is open_by_kernel and best_opener() is not open_by_kernel:
        pytest.skip("this kernel cannot open beneath a folder by itself, or does not let us")
    return wanted


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def make(root: Path, opener: Opener) -> Iterator[Make]:
    """Makes workspaces of the folder `root`."""
    with ExitStack() as stack:

        def made(**options: Any) -> FolderWorkspace:
            return stack.enter_context(FolderWorkspace(root, opener=opener, **options))

        yield made


@pytest.fixture
def workspace(make: Make) -> FolderWorkspace:
    return make()
