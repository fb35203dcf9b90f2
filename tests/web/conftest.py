"""Every test here must leave no descriptor and no thread behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.leftovers import nothing_left_behind


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    import overseer.web.answer  # noqa: F401 - what is loaded once is not theirs to give back

    with nothing_left_behind(patience_s=10):  # a look-up ends by itself
        yield
