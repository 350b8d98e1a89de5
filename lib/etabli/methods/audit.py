"""Recompute what a report states of its own figures: a table of verdicts, each with its reason."""

from __future__ import annotations

import pandas as pd

from etabli.errors import MethodError
from etabli.memo import pure
from etabli.methods.claims import Claim, read_claims
from etabli.methods.facts import Facts, Figure, index_facts
from etabli.methods.results import PEOPLE, TOTAL, Dimension, Measure, Table
from etabli.methods.verdicts import VERDICTS, difference_text, judge, recomputed_text, stated_text
from etabli.methods.yearly import hold_whole

_MEASURES = (
    Measure("stated", "mean"),
    Measure("recomputed", "mean"),
    Measure("difference", "mean"),
    Measure("stated_as", "text"),
    Measure("recomputed_as", "text"),
    Measure("difference_as", "text"),
    Measure("verdict", "text"),
    Measure("reason", "text"),
)


@pure
def audit(claims: pd.DataFrame, facts: pd.DataFrame) -> Table:
    """Recompute totals, differences and ratios that a report states.

    Parameters
    ----------
    claims
        One row a claim (see `etabli.methods.claims.read_claims`).
    facts
        One row a figure: `system`, `measure`, `year`, `value`, `unit`.

    Returns
    -------
    Table
        Dimension `claim`, in the order of `claims`. Measures: `stated`, `recomputed` (missing where it has
        no meaning) and `difference` (stated − recomputed), in the figure's own unit; the same written in
        French (`stated_as`, `recomputed_as`, `difference_as`); `verdict`, one of
        `etabli.methods.verdicts.VERDICTS`; `reason`.
        `people` is missing: these are figures about figures.

    Raises
    ------
    MethodError
        A column is missing, a measure is unknown, a claim does not hold together.
    """
    read = read_claims(claims, index_facts(facts))
    return _table(pd.DataFrame({"claim": [claim.name for claim in read]}), read)


@pure
def totals(frame: pd.DataFrame, *, total: str = "total") -> Table:
    """Compare each total of a tidy frame with the sum of its parts, in every year.

    Parameters
    ----------
    frame
        Columns `measure`, `audience`, `year`, `value`.
    total
        The audience that stands for all. Measures that have no other audience have no parts and are left out.

    Returns
    -------
    Table
        Dimensions `indicator` (the measure of `frame`) and `year` (as text); the measures of `audit`.

    Raises
    ------
    MethodError
        A column is missing, a year is no whole number, or a figure stands twice.

    >>> frame = pd.DataFrame(
    ...     [("users", "adults", 2024, 30), ("users", "students", 2024, 26), ("users", "total", 2024, 59)],
    ...     columns=["measure", "audience", "year", "value"],
    ... )
    >>> totals(frame).value("verdict", indicator="users", year=2024).number
    'wrong'
    """
    missing = [column for column in ("measure", "audience", "year", "value") if column not in frame.columns]
    if missing:
        raise MethodError("Les chiffres n’ont pas toutes leurs colonnes.", expected=", ".join(missing))
    hold_whole(frame, "year")
    text = frame.assign(measure=frame["measure"].astype(str), audience=frame["audience"].astype(str))
    parts = text[text["audience"] != total].groupby("measure", sort=False)["audience"].unique()
    facts = index_facts(text.rename(columns={"audience": "system"}).assign(unit=text["measure"]))
    stated = text[(text["audience"] == total) & text["measure"].isin(parts.index)]
    claims = [
        _total_claim(facts, total, list(parts[measure]), measure, year)
        for measure, year in zip(stated["measure"], stated["year"], strict=True)
    ]
    keys = pd.DataFrame({"indicator": list(stated["measure"]), "year": [str(year) for year in stated["year"]]})
    return _table(keys, claims)


def _total_claim(facts: Facts, total: str, parts: list[str], measure: str, year: int) -> Claim:
    """Return the claim that a total is the sum of its parts; a part that this year does not give is missing."""
    stated, *others = (_in_year(facts, f"{audience}.{measure}", year) for audience in [total, *parts])
    return Claim(
        name=f"{measure}, {year}",
        operation="sum",
        stated=stated,
        parts=tuple(others),
        parts_expected=len(parts),
        precision=1,
    )


def _in_year(facts: Facts, name: str, year: int) -> Figure:
    """Return the figure of one year, or one that is not given."""
    absent = Figure(name, year, value=None, unit=name.rpartition(".")[2])
    return next((figure for figure in facts.by_name[name] if figure.year == year), absent)


@pure
def tally(table: Table) -> Table:
    """Count the claims of an audit by verdict.

    Parameters
    ----------
    table
        What `audit` or `totals` returned.

    Returns
    -------
    Table
        Dimension `verdict` (all four, and the total); measure `claims`, a count.
    """
    counts = table.cells["verdict"].value_counts().reindex(list(VERDICTS), fill_value=0)
    cells = pd.DataFrame({"verdict": [*VERDICTS, TOTAL], "claims": [*counts, int(counts.sum())]})
    cells[PEOPLE] = pd.array([pd.NA] * len(cells), dtype="Int64")
    return Table(cells, (Dimension("verdict"),), (Measure("claims", "count", "énoncés"),))


def _table(keys: pd.DataFrame, claims: list[Claim]) -> Table:
    rows = pd.DataFrame([_row(claim) for claim in claims], columns=[measure.name for measure in _MEASURES])
    cells = pd.concat([keys, rows], axis="columns")
    cells[PEOPLE] = pd.array([pd.NA] * len(cells), dtype="Int64")
    return Table(cells, tuple(Dimension(name, additive=False) for name in keys.columns), _MEASURES)


def _row(claim: Claim) -> dict[str, object]:
    finding = judge(claim)
    stated, recomputed = claim.stated.value, finding.recomputed
    return {
        "stated": stated,
        "recomputed": recomputed,
        "difference": None if stated is None or recomputed is None else stated - recomputed,
        "stated_as": None if stated is None else stated_text(claim, stated),
        "recomputed_as": None if recomputed is None else recomputed_text(claim, recomputed),
        "difference_as": None if stated is None or recomputed is None else difference_text(claim, stated, recomputed),
        "verdict": finding.verdict,
        "reason": finding.reason,
    }
