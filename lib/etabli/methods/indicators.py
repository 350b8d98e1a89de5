"""The yearly review of a leisure card: who is registered, who uses it, how much, and since when.

The figures are published aggregates, counted exhaustively: no value has an interval. Years are those that
the source gives; they are never taken for consecutive, and a change always names its two years.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from etabli.errors import MethodError, suggestion
from etabli.memo import pure
from etabli.methods.results import PEOPLE, TOTAL, Dimension, Measure, Table
from etabli.methods.yearly import given_years, hold_totals, hold_year, spread

REFERENCE_YEAR = 2019
"""The last year before the health crisis, and the first of the source: long changes start there."""

COUNTS = ("registered", "users", "one_off_uses", "regular_activities", "group_outings")
"""What the source gives. Group outings are known in total only, and are already counted in one-off uses."""

MEASURES = {
    "registered": Measure("registered", "count", "personnes inscrites"),
    "users": Measure("users", "count", "personnes utilisatrices"),
    "use_rate": Measure("use_rate", "share", base="registered"),
    "one_off_uses": Measure("one_off_uses", "count", "usages ponctuels"),
    "uses_per_user": Measure("uses_per_user", "mean", base="users"),
    "regular_activities": Measure("regular_activities", "count", "activités régulières"),
    "group_outings": Measure("group_outings", "count", "sorties collectives"),
}
"""All measures of a review: the counts, `use_rate` (users / registered) and `uses_per_user` (one-off uses / users)."""

_PEOPLE_BEHIND = {"registered": "registered", "use_rate": "registered", "group_outings": None}
"""The count of people that a measure rests on, when it is not `users`; None: not known."""


@pure
def review(frame: pd.DataFrame, *, year: int) -> Table:
    """Return all measures of one year, by audience.

    Parameters
    ----------
    frame
        Columns `measure`, `audience`, `year`, `value`: one row a published figure.
    year
        One of its years.

    Returns
    -------
    Table
        Dimension `audience`, the total last; one measure for each of `MEASURES`. An audience without a figure
        that year stays, its values missing. `people`: registered persons.

    Raises
    ------
    MethodError
        A column or a measure is missing, a figure stands twice, the year is unknown, or a total is not
        the sum of its parts.

    >>> counts = {"registered": 80, "users": 40, "one_off_uses": 100, "regular_activities": 9, "group_outings": 3}
    >>> rows = [(measure, "total", 2024, value) for measure, value in counts.items()]
    >>> table = review(pd.DataFrame(rows, columns=["measure", "audience", "year", "value"]), year=2024)
    >>> table.value("use_rate").number, table.value("uses_per_user").number
    (0.5, 2.5)
    """
    wide = _wide(frame)
    hold_year(year, wide)
    hold_totals(wide, COUNTS, year)
    cells = _in_year(wide[list(MEASURES)], year).reset_index()
    cells[PEOPLE] = cells["registered"]
    return Table(cells, (Dimension("audience"),), tuple(MEASURES.values()))


@pure
def series(frame: pd.DataFrame, measure: str) -> Table:
    """Return one measure by audience and year.

    Parameters
    ----------
    frame
        As for `review`.
    measure
        One of `MEASURES`.

    Returns
    -------
    Table
        Dimensions `audience` and `year` (as text); every year from the first to the last, its values missing
        where the source has none, so that the distance between two points is the time between them.

    Raises
    ------
    MethodError
        As for `review`, or the measure is unknown.
    """
    wide = _wide(frame)
    values = _values(wide, measure)
    years = range(min(given_years(wide)), max(given_years(wide)) + 1)
    audiences = list(dict.fromkeys(values.index.get_level_values("audience")))
    grid = pd.MultiIndex.from_product([audiences, years], names=["audience", "year"])
    cells = values.reindex(grid).reset_index()
    cells["year"] = cells["year"].astype(str)
    return Table(cells, (Dimension("audience"), Dimension("year", additive=False)), (_based(measure, measure, PEOPLE),))


@pure
def changes(frame: pd.DataFrame, *, measure: str, year: int) -> Table:
    """Return one measure by audience, with its change since the previous year given and since 2019.

    A count or a mean changes by (value − previous) / previous, and on average each year by
    (value / previous)^(1 / years between) − 1; a share changes by value − previous, in points.

    Parameters
    ----------
    frame
        As for `review`.
    measure
        One of `MEASURES`.
    year
        One of the years of `frame`.

    Returns
    -------
    Table
        Dimension `audience`. Measures: `value`; `previous_year`, `since_previous` (« entre 2023 et 2024 »),
        `previous`, `change`, `annual_change`; `reference_year`, `since_reference`, `reference`, `since_2019`,
        `annual_since_2019`. Shares have no annual change. The first year has no previous one, and 2019
        no reference: these values are missing, and so are `since_reference` and `since_2019` when they would repeat
        `since_previous` and `change`, 2019 being the previous year.
        Counts have `since_2019_same`, the change since 2019 of the audiences that both years give: that of the
        total when an audience came in between. `people`: those behind `value`.

    Raises
    ------
    MethodError
        As for `review`, for all years that are compared, or the measure is unknown.
    """
    wide = _wide(frame)
    hold_year(year, wide)
    values = _values(wide, measure)
    previous = max((each for each in given_years(wide) if each < year), default=None)
    reference = REFERENCE_YEAR if REFERENCE_YEAR in given_years(wide) and year > REFERENCE_YEAR else None
    for each in sorted({each for each in (year, previous, reference) if each is not None}):
        hold_totals(wide, COUNTS, each)
    cells = _in_year(values, year).rename(columns={measure: "value"})
    measures = [_based(measure, "value", PEOPLE)]
    for start, names in ((previous, _PREVIOUS), (reference, _REFERENCE)):
        cells, more = _with_change(cells, values, MEASURES[measure], since=start, year=year, names=names)
        measures += more
    if MEASURES[measure].kind == "count":
        cells["since_2019_same"] = _same_scope(cells)
        measures.append(Measure("since_2019_same", "change", base="reference_base"))
    if reference is not None and reference == previous:
        cells["since_reference"] = pd.Series(pd.NA, index=cells.index, dtype="str")
        cells["since_2019"] = pd.Series(pd.NA, index=cells.index, dtype="Float64")
    return Table(cells.reset_index(), (Dimension("audience"),), tuple(measures))


@pure
def evolutions(frame: pd.DataFrame, measures: Sequence[str], *, year: int) -> Table:
    """Return the changes of several measures, by measure and audience: since the previous year given, and since 2019.

    Parameters
    ----------
    frame, year
        As for `changes`.
    measures
        Counts or means of `MEASURES`: a share changes in points, and has its own table.

    Returns
    -------
    Table
        Dimensions `indicator` (not additive) and `audience`. Measures: `since_previous` (text), `change`, `since_2019`.

    Raises
    ------
    MethodError
        As for `changes`, or a measure is a share.
    """
    shares = [name for name in measures if name in MEASURES and MEASURES[name].kind == "share"]
    if shares:
        raise MethodError("L’évolution d’une part est en points : elle ne se range pas avec les autres.", got=shares[0])
    blocks = [changes(frame, measure=name, year=year).cells.assign(indicator=name) for name in measures]
    kept = [
        "indicator",
        "audience",
        "since_previous",
        "change",
        "since_2019",
        "previous_base",
        "reference_base",
        PEOPLE,
    ]
    shown = (
        Measure("since_previous", "text"),
        Measure("change", "change", base="previous_base"),
        Measure("since_2019", "change", base="reference_base"),
    )
    cells = pd.concat([block[kept] for block in blocks], ignore_index=True)
    return Table(cells, (Dimension("indicator", additive=False), Dimension("audience")), shown)


def _same_scope(cells: pd.DataFrame) -> pd.Series:
    """Return the change since 2019; for the total, over the audiences that both years give."""
    parts = cells.drop(index=TOTAL, errors="ignore")
    both = parts[parts["value"].notna() & parts["reference"].notna()]
    same = cells["since_2019"].copy()
    if TOTAL in same.index and len(both) and both["reference"].sum() > 0:
        same.loc[TOTAL] = both["value"].sum() / both["reference"].sum() - 1
    return same


_PREVIOUS = ("previous_year", "since_previous", "previous", "change", "annual_change")
_REFERENCE = ("reference_year", "since_reference", "reference", "since_2019", "annual_since_2019")
_NO_START = "(aucune année antérieure n’est donnée)"


def _with_change(
    cells: pd.DataFrame, values: pd.DataFrame, measure: Measure, *, since: int | None, year: int, names: Sequence[str]
) -> tuple[pd.DataFrame, list[Measure]]:
    """Return `cells` with the change since a year (None: not known), and the measures that this adds."""
    label, words, old, change, annual = names
    people = f"{old}_people"
    start = _in_year(values, year if since is None else since)
    if since is None:
        start = start.mask(pd.Series(True, index=start.index))
    before = start[measure.name].astype("Float64")
    before = before.mask(before == 0)
    now = cells["value"].astype("Float64")
    base = f"{old}_base"  # a change carries no more digits than the smaller of its two years
    added = {
        label: None if since is None else str(since),
        words: _NO_START if since is None else f"entre {since} et {year}",
        old: start[measure.name],
        people: start[PEOPLE],
        base: pd.concat([start[PEOPLE], cells[PEOPLE]], axis="columns").astype("Float64").min(axis="columns"),
        change: now - start[measure.name] if measure.kind == "share" else now / before - 1,
    }
    measures = [
        Measure(label, "text"),
        Measure(words, "text"),
        _based(measure.name, old, people),
        Measure(change, "points" if measure.kind == "share" else "change", base=base),
    ]
    if measure.kind != "share":
        added[annual] = (now / before) ** (1 / (year - since if since else 1)) - 1
        measures.append(Measure(annual, "change", base=base))
    return cells.assign(**added), measures


def _based(measure: str, column: str, people: str) -> Measure:
    """Return a measure under another column name, its base being a column of people."""
    known = MEASURES[measure]
    return Measure(column, known.kind, known.unit, base=people if known.base else None)


def _values(wide: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return one measure and the people behind it, by audience and year."""
    if measure not in MEASURES:
        raise MethodError(f"La mesure « {measure} » n’existe pas.", hint=suggestion(measure, MEASURES))
    behind = _PEOPLE_BEHIND.get(measure, "users")
    people = wide[behind] if behind else pd.Series(pd.NA, index=wide.index, dtype="Int64")
    return pd.DataFrame({measure: wide[measure], PEOPLE: people})


def _in_year(wide: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return the rows of one year, by audience."""
    return wide[wide.index.get_level_values("year") == year].droplevel("year")


def _wide(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the counts by audience and year, with the two ratios made of them."""
    counts = spread(frame, COUNTS)
    more = counts[(counts["users"] > counts["registered"]).fillna(value=False)]
    if not more.empty:
        audience, year = more.index[0]
        raise MethodError(
            "Plus de personnes utilisent la carte qu’il n’y en a d’inscrites.",
            where=f"public « {audience} », {year}",
            expected=f"au plus {more['registered'].iloc[0]}",
            got=str(more["users"].iloc[0]),
            hint="corrigez le chiffre",
        )
    return counts.assign(
        use_rate=_ratio(counts["users"], counts["registered"]),
        uses_per_user=_ratio(counts["one_off_uses"], counts["users"]),
    )


def _ratio(numerator: pd.Series, denominator: pd.Series) -> pd.Series:
    """Return the ratio as a fraction, missing where the denominator is zero or missing."""
    return numerator.astype("Float64") / denominator.mask(denominator == 0).astype("Float64")
