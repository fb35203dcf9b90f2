"""What an answer costs, where that is known. Not knowing is None and never a cost of 0."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from overseer.models.checks import Faults
from overseer.models.settings import Price, price_of
from overseer.tool import Reply

_MILLION = 1_000_000

# Providers name the day of a version, which costs what the model costs.
_DAY = re.compile(r"-\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices by `provider/model`, the currency they are in, and the day they are of."""

    table: Mapping[str, Price]
    currency: str
    date: str
    own: Mapping[str, Price] = field(default_factory=dict)  # the user's, which go first

    def cost_of(self, reply: Reply) -> float | None:
        """What a reply cost; None if there is no price for its model. A guess where its tokens are one."""
        name = f"{reply.provider}/{reply.model}"
        # What another server takes that speaks like a provider, its prices do not tell; the user's own may.
        like = f"{reply.provider.partition('@')[0]}/{reply.model}"
        price = _found(self.own, name, like) or _found(self.table, name)
        if price is None:
            return None
        return (reply.input_tokens * price.input + reply.output_tokens * price.output) / _MILLION

    def with_own(self, own: Mapping[str, Price]) -> Prices:
        """The same with prices of the user's own."""
        return replace(self, own={**self.own, **own})


def _found(table: Mapping[str, Price], *names: str) -> Price | None:
    """The price under the first of these names that has one, be it of a certain day's version or of the model."""
    found = (table.get(known) for name in names for known in (name, _DAY.sub("", name)))
    return next((price for price in found if price is not None), None)


@cache
def usual_prices() -> Prices:
    """The table that comes along."""
    from overseer.plan.document import read_document

    path = Path(__file__).parent / "prices.yaml"
    given = read_document(path.read_text(encoding="utf-8"), syntax="yaml").value
    faults = Faults(path.name)
    table = {name: price_of(faults, name, value) for name, value in given["prices"].items()}
    faults.raise_if_any()
    return Prices(table, given["currency"], str(given["date"]))
