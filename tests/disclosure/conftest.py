"""Publications made by hand: what a report would tell, in a few lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf

import pytest

from etabli.disclosure.regions import region
from etabli.disclosure.statements import MASKED, Publication, Quantity, SourceTold, Statement, Unit, Variable

SOURCE = "d" * 64
Shown = tuple[Mapping[str, str], Unit, float | str]

Publish = Callable[..., Publication]


def counted(
    item: str, categories: Mapping[str, str], unit: Unit, shown: float | str, source: str = SOURCE
) -> Statement:
    """Return the statement of an exact count, or of a mask."""
    quantity = Quantity(region(source, dict(categories)), unit)
    if isinstance(shown, str):
        return Statement(item, quantity, 0, inf, shown=MASKED)
    return Statement(item, quantity, shown, shown, shown=shown)


@pytest.fixture
def publish() -> Publish:
    def _publish(
        tables: Mapping[str, list[Shown]],
        variables: Mapping[str, Variable],
        *,
        report: str = "essai/2024_funder",
        minimum: int = 5,
        source: str = SOURCE,
    ) -> Publication:
        statements = [counted(item, *shown, source) for item, values in tables.items() for shown in values]
        told = SourceTold("visits", "caf", minimum, "2024")
        return Publication(report, {source: told}, {source: dict(variables)}, tuple(statements))

    return _publish
