"""One adapter for each way to run a graph. An adapter is a function

    prepare(dag, body, workers) -> go

that turns a graph into what its executor runs, and gives back a function that runs it, once, with at
most so many steps at a time, and returns the value of every step. The two are timed apart and added
up: whoever plans anew for every request pays for both.

The body of a step is called as `body(step, inputs)`, where `inputs` are the values of the steps that
it needs. For adapters of asyncio executors it is a coroutine function.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeAlias

Inputs: TypeAlias = Mapping[str, int]
Body: TypeAlias = Callable[[str, Inputs], int]
AsyncBody: TypeAlias = Callable[[str, Inputs], Coroutine[Any, Any, int]]
Go: TypeAlias = Callable[[], Mapping[str, int]]
