"""Whether arguments fit a tool's JSON Schema, and what to do about those that do not.

Arguments that clearly fit are accepted at once, which is cheap enough for every call of a run. Any
doubt is settled by the jsonschema library.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from overseer.jsonvalue import Json
from overseer.plan.acceptance import acceptor
from overseer.plan.faults import Misfit
from overseer.plan.references import Template

Schema = Mapping[str, Any]


def argument_faults(schema: Schema, args: Mapping[str, Template]) -> list[str]:
    """What is wrong with arguments; a reference in them fits anything."""
    if acceptor(schema)(args):
        return []
    return [misfit.text for misfit in argument_misfits(schema, args)]


def argument_misfits(schema: Schema, args: Mapping[str, Template]) -> list[Misfit]:
    """What is wrong with arguments, and where."""
    if acceptor(schema)(args):
        return []
    from overseer.plan.schemafaults import misfits

    return misfits(schema, dict(args), noun="argument")


def value_faults(schema: Schema, value: Json) -> list[str]:
    """What is wrong with a result."""
    if acceptor(schema)(value):
        return []
    from overseer.plan.schemafaults import misfits

    return [misfit.text for misfit in misfits(schema, value, noun="result")]
