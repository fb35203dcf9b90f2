"""What an answer costs, where that is known. Not knowing is None and never a cost of 0."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
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

    def cost_of(self, reply: Reply) -> float | None:
        """What a reply cost; None if there is no price for its model. A guess where its tokens are one."""
        name = f"{reply.provider}/{reply.model}"
        price = self.table.get(name) or self.table.get(_DAY.sub("", name))
        if price is None:
            return None
        return (reply.input_tokens * price.input + reply.output_tokens * price.output) / _MILLION

    def with_own(self, own: Mapping[str, Price]) -> Prices:
        """The same with prices of the user's own, which go first."""
        return Prices({**self.table, **own}, self.currency, self.date)


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
