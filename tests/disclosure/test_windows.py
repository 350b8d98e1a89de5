"""Random visits, followed for a window and told with their next ones: protected together, then attacked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from etabli.disclosure.attacker import attack
from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import Protection, protect, with_masks
from etabli.disclosure.regions import regions_of
from etabli.disclosure.statements import Publication, SourceTold
from etabli.methods import profiles, repeats, sequences
from etabli.methods.following import Following
from etabli.methods.membership import Population, mark_population
from etabli.methods.results import Table
from etabli.present.said import statements_of, variables_of

K = 4
FUNDER = Policy("funder", K, ("essai",))
MONTH = Following("2024-12-31", within=(7, 30))


def tables_of(seed: int) -> list[Table]:
    """Visits of a random few, by request, followed, by their next channel, and people by their first channels."""
    rng = np.random.default_rng(seed)
    people = int(rng.integers(15, 45))
    who = np.repeat(np.arange(people), rng.integers(1, 5, people))
    frame = pd.DataFrame(
        {
            "recipient": who.astype(str),
            "visited_at": pd.Timestamp("2024-10-01") + pd.to_timedelta(rng.integers(0, 92, len(who)), unit="D"),
            "request": rng.choice(["a", "b"], len(who), p=[0.8, 0.2]),
            "channel": rng.choice(["phone", "desk"], len(who)),
        }
    )
    visits = mark_population(frame, Population(f"s{seed}"))
    order = sequences.people_by_sequence(visits)
    return [
        profiles.distribution(visits, "request"),
        profiles.crosstab(repeats.followed(visits, MONTH), "request", by="again"),
        profiles.crosstab(sequences.with_next(visits, MONTH), "channel", by="next_channel"),
        profiles.distribution(order, "first_channel"),
        profiles.distribution(order, "sequence"),
    ]


def told(tables: Sequence[Table], protection: Protection) -> Publication:
    places = [
        (f"t{rank}", table, row, measure)
        for rank, table in enumerate(tables)
        for row in range(len(table.cells))
        for measure in table.measures
    ]
    source = tables[0].source
    said = statements_of(places, protection)
    return Publication("essai/x", {source: SourceTold("visits", "caf", K)}, variables_of(tables), tuple(said))


@pytest.mark.slow
def test_no_window_next_channel_or_sequence_betrays_few() -> None:
    broken, naive, shown = 0, 0, 0
    for seed in (1, 2, 3):
        tables = tables_of(seed)
        protection = protect(tables, FUNDER)
        shown += sum(int((~protection.of(table).masked).sum()) for table in tables)
        broken += not attack([told(tables, protection)], explained=0).holds
        few = [((table.cells["people"] > 0) & (table.cells["people"] < K)).to_numpy() for table in tables]
        naive += not attack([told(tables, with_masks(tables, FUNDER, few))], explained=0).holds
    assert broken == 0
    assert naive == 3  # to mask the small counts alone betrays
    assert shown > 0


def test_region_that_is_followed_lies_within_all() -> None:
    tables = tables_of(1)
    outer, inner = set(regions_of(tables[0])), regions_of(tables[1])
    assert all(any(each.within(whole) for whole in outer) for each in inner)
