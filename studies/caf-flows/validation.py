"""What `make validate` holds of this study: estimates against the truth planted, and findings where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from etabli.methods import contacts, everyone, profiles, repeats, representation
from etabli.methods.following import Following
from etabli.methods.results import TOTAL, Table

EDITION, PEOPLE = "2024-T4", 1_500
"""Of each delivery drawn. A category of a rare profile has some twenty people; the smallest territories are so."""

VARIABLES = ["age_group", "household", "benefit", "housing", "priority_quarter", "online_account"]

WITHIN = ["age_group", "household"]
START, END = date(2024, 10, 1), date(2024, 12, 31)
FOLLOWING = Following(END)
CHANNELS = {TOTAL: "any channel"}
NAMES = {"index": "index of representation", "standardised": "index at equal age and household"}

Make = Callable[..., tuple[dict[str, pd.DataFrame], dict[str, Any]]]
Estimate = tuple[str, float, float, float, float]
"""Name of the figure, truth, estimate, bounds of its 95 % interval."""

REASONS = {
    "dispersion": "each delivery drawn has as many visitors: how many come does not vary as the interval supposes",
}
"""Why an interval holds the truth more often than it says, by the beginning of its figure's name."""


def planted(make: Make, seed: int) -> Iterator[Estimate]:
    """Yield what is estimated of one delivery with a planted truth."""
    frames, truth = make(EDITION, seed, PEOPLE)
    visits, recipients = frames["visits"], frames["recipients"]
    channels = profiles.distribution(visits, "channel")
    yield _of(channels, "share", "share of appointments", truth["share_appointment"], channel="appointment")
    by_age = profiles.crosstab(visits, "age_group", by="channel")
    for age, share in truth["share_appointment_by_age_group"].items():
        categories = {"age_group": age, "channel": "appointment"}
        yield _of(by_age, "share", f"share of appointments by age: {age}", share, **categories)
    yield _of(profiles.totals(visits), "rows_per_person", "visits per recipient", truth["visits_per_recipient"])
    people = profiles.people_by_route(visits, keep=VARIABLES)
    routes = profiles.distribution(people, "route")
    yield _of(routes, "share", "share who use both channels", truth["share_by_route"]["both"], route="both")
    top = contacts.concentration(people)
    name = "share of visits of the top tenth"
    yield _of(top, "share_of_visits", name, truth["share_of_visits_of_top_tenth"], top="top_10")
    odds = profiles.odds_ratios(visits, outcome="channel", event="appointment", on=VARIABLES)
    yield from _ratios(odds, "odds_ratio", "odds ratio of an appointment", truth["odds_ratios"])
    rates = contacts.rate_ratios(people, on=VARIABLES)
    yield from _ratios(rates, "rate_ratio", "rate ratio of visits", truth["rate_ratios"])
    everybody = everyone.everyone(recipients, visits, start=START, end=END, keep=VARIABLES)
    zeros = everyone.rate_ratios(everybody, on=VARIABLES)
    yield from _ratios(zeros, "rate_ratio", "rate ratio of visits, zeros included", truth["rate_ratios_with_zeros"])
    unequal = everyone.dispersions(everybody)
    name = "dispersion, zeros included (logarithm)"
    yield _logarithm(_of(unequal, "dispersion", name, truth["dispersion_with_zeros"], law="with_zeros"))
    represented = representation.representation(visits, recipients, VARIABLES, within=WITHIN)
    for measure, planted_here in (("index", "representation"), ("standardised", "representation_standardised")):
        yield from _indexes(represented, measure, truth[planted_here])
    kept = profiles.distribution(frames["appointments"], "kept")
    yield _of(kept, "share", "share of appointments missed", truth["share_missed"], kept="missed")
    outcomes = profiles.distribution(visits[visits["channel"] == "walk_in"], "outcome")
    name = "share of visits at the desk that gave up"
    yield _of(outcomes, "share", name, truth["share_gave_up_at_the_desk"], outcome="no_answer")
    again = repeats.failure_demand(visits, FOLLOWING)
    for days in FOLLOWING.within:
        name = f"same request again within {days} days"
        share = truth["share_same_request_within"][str(days)]
        yield _of(again, "share_again", name, share, request=TOTAL, within=f"within_{days}")


def null(make: Make, seed: int) -> Iterator[tuple[str, bool]]:
    """Yield, of one delivery in which nothing differs, what is found all the same: any finding among several is one."""
    frames, _ = make(EDITION, seed, PEOPLE, profiles_differ=False, size=float("inf"))
    visits = frames["visits"]
    people = profiles.people_by_route(visits, keep=VARIABLES)
    sheet = profiles.profile_sheet(visits, VARIABLES, by="channel")
    yield "profiles by channel (Rao-Scott, Holm)", _any(sheet)
    odds = profiles.odds_ratios(visits, outcome="channel", event="appointment", on=VARIABLES)
    yield "odds ratios (Wald, Holm)", _any(odds)
    represented = representation.representation(visits, frames["recipients"], VARIABLES)
    yield "representation in the territory (Pearson, Holm)", _any(represented)
    everybody = everyone.everyone(frames["recipients"], visits, start=START, end=END, keep=VARIABLES)
    yield "rate ratios, zeros included (Wald, Holm)", _any(everyone.rate_ratios(everybody, on=VARIABLES))
    yield "rate ratios (Wald, Holm)", _any(contacts.rate_ratios(people, on=VARIABLES))
    yield "people come unequally often (likelihood ratio)", contacts.against_chance(people).is_significant().holds


def _indexes(table: Table, measure: str, truth: dict[str, dict[str, dict[str, float]]]) -> Iterator[Estimate]:
    for row in table.cells.to_dict("records"):
        planted_here = truth[row["variable"]][row["category"]][row["channel"]]
        values = tuple(float(row[name]) for name in (measure, f"{measure}_low", f"{measure}_high"))
        where = f"{row['variable']} = {row['category']}, {CHANNELS.get(row['channel'], row['channel'])}"
        yield _logarithm((f"{NAMES[measure]}: {where}", planted_here, *values))


def _logarithm(estimate: Estimate) -> Estimate:
    name, *values = estimate
    truth, value, low, high = (float(np.log(each)) for each in values)
    return name, truth, value, low, high


def _any(table: Table) -> bool:
    return any(test.p_value < 0.05 for test in table.tests)


def _of(table: Table, measure: str, name: str, truth: float, **categories: str) -> Estimate:
    known = table.measure(measure)
    row = table.cells.iloc[table.value(measure, **categories).row]
    return name, truth, float(row[measure]), float(row[known.low]), float(row[known.high])


def _ratios(table: Table, measure: str, name: str, truth: dict[str, dict[str, float]]) -> Iterator[Estimate]:
    """Yield the logarithms of the ratios of a model: of these an estimate is without bias, and its interval even."""
    reference = table.cells[table.cells["reference"]].set_index("variable")["category"]
    for row in table.cells[~table.cells["reference"]].to_dict("records"):
        planted_here = truth[row["variable"]]
        ratio = planted_here[row["category"]] / planted_here[reference.get(row["variable"], row["category"])]
        values = [row[measure], row[f"{measure}_low"], row[f"{measure}_high"]]
        told = f"{name}: {row['variable']} = {row['category']}"
        yield told, float(np.log(ratio)), *(float(each) for each in np.log(np.array(values, dtype=float)))
