"""asyncio without threads: a task for every step, made by the last of the steps that it needs."""

from __future__ import annotations

import asyncio

from bench.dags import Dag
from bench.peers import AsyncBody, Go


def prepare(dag: Dag, body: AsyncBody, workers: int) -> Go:
    """Nothing holds the tasks to a number: they cost no thread."""
    missing = {step: len(needs) for step, needs in dag.deps.items()}
    users: dict[str, list[str]] = {step: [] for step in dag.deps}
    for step, needs in dag.deps.items():
        for need in needs:
            users[need].append(step)

    async def carry_out_all() -> dict[str, int]:
        values: dict[str, int] = {}

        async def carry_out(step: str) -> None:
            values[step] = await body(step, {need: values[need] for need in dag.deps[step]})
            for user in users[step]:
                missing[user] -= 1
                if not missing[user]:
                    group.create_task(carry_out(user))

        async with asyncio.TaskGroup() as group:
            for step, needs in dag.deps.items():
                if not needs:
                    group.create_task(carry_out(step))
        return values

    return lambda: asyncio.run(carry_out_all())
