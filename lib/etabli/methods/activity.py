"""The figures of an activity report: one system's, its reimbursements, its electronic tickets.

A figure that the report does not give for a year is missing, never carried over from another one.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from etabli.errors import MethodError, suggestion
from etabli.memo import pure
from etabli.methods.facts import Facts, Figure, index_facts
from etabli.methods.results import PEOPLE, Dimension, Measure, Table
from etabli.methods.units import NOUNS, kind_of

PARTNERS = ("first_partners", "all_partners")
"""Who took electronic tickets: the first structures to try them, then all."""


@pure
def figures(frame: pd.DataFrame, *, system: str, year: int) -> Table:
    """Return every figure of one system, in one year.

    Parameters
    ----------
    frame
        Columns `system`, `measure`, `year`, `value`, `unit`: one row a published figure.
    system
        One of its systems.
    year
        The year. Figures of other years are missing.

    Returns
    -------
    Table
        One row, without dimension: one measure for each measure of the system, written as its unit asks, and
        `known_years`, the years that the source gives (« 2023, 2024 »). `people` is missing.

    Raises
    ------
    MethodError
        A column is missing, a figure stands twice, or the system is unknown.
    """
    facts = index_facts(frame)
    systems = list(dict.fromkeys(name.partition(".")[0] for name in facts.by_name))
    if system not in systems:
        raise MethodError(f"Le dispositif « {system} » n’existe pas.", hint=suggestion(system, systems))
    chosen = {name.partition(".")[2]: found for name, found in facts.by_name.items() if name.startswith(f"{system}.")}
    values = {name: _in_year(found, year) for name, found in chosen.items()}
    measures = [_measure(name, found[-1].unit) for name, found in chosen.items()]
    return _one_row(values, measures, known_years=_years(*chosen.values()))


@pure
def reimbursements(frame: pd.DataFrame, *, year: int) -> Table:
    """Return the reimbursements of Sortir! in one year: how many, how many without paper, how much.

    Parameters
    ----------
    frame, year
        As for `figures`.

    Returns
    -------
    Table
        One row. Measures: `reimbursements`, `dematerialised` (counts), `dematerialised_share` (of the
        reimbursements), `amount` and `mean_amount` (EUR; the mean per reimbursement), `known_years`.

    Raises
    ------
    MethodError
        As for `figures`; or a measure is missing.
    """
    facts = index_facts(frame)
    names = {
        "reimbursements": "sortir.reimbursements",
        "dematerialised": "sortir.reimbursements_dematerialised",
        "amount": "sortir.reimbursed_amount",
    }
    found = {column: _all_years(facts, name) for column, name in names.items()}
    values = {column: _in_year(each, year) for column, each in found.items()}
    number = values["reimbursements"]
    ratios = {
        "dematerialised_share": _ratio(values["dematerialised"], number),
        "mean_amount": _ratio(values["amount"], number),
    }
    measures = [
        Measure("reimbursements", "count", "remboursements"),
        Measure("dematerialised", "count", "remboursements"),
        Measure("dematerialised_share", "share", base="reimbursements"),
        Measure("amount", "amount", "EUR"),
        Measure("mean_amount", "amount", "EUR"),
    ]
    return _one_row({**values, **ratios}, measures, known_years=_years(*found.values()))


@pure
def etickets(frame: pd.DataFrame) -> Table:
    """Return the share of electronic tickets among tickets, each under the last year that the source gives.

    Parameters
    ----------
    frame
        As for `figures`.

    Returns
    -------
    Table
        Dimension `partners` (`PARTNERS`, not additive: the first are among all). Measures: `figure_year` (text),
        `etickets`, `tickets` (counts), `share` (etickets / tickets, fraction). `people` is missing.

    Raises
    ------
    MethodError
        As for `reimbursements`.
    """
    facts = index_facts(frame)
    rows = [_tickets(facts, partners) for partners in PARTNERS]
    cells = pd.DataFrame(rows).astype({"etickets": "Float64", "tickets": "Float64", "share": "Float64"})
    cells = cells.astype({"etickets": "Int64", "tickets": "Int64"})
    cells[PEOPLE] = pd.array([pd.NA] * len(cells), dtype="Int64")
    measures = (
        Measure("figure_year", "text"),
        Measure("etickets", "count", "billets dématérialisés"),
        Measure("tickets", "count", "billets"),
        Measure("share", "share", base="tickets"),
    )
    return Table(cells, (Dimension("partners", additive=False),), measures)


def _tickets(facts: Facts, partners: str) -> dict[str, object]:
    electronic = _latest(_all_years(facts, f"sortir.etickets_{partners}"))
    tickets = _latest(_all_years(facts, f"sortir.tickets_{partners}"))
    same_year = electronic is not None and tickets is not None and electronic.year == tickets.year
    part, whole = (electronic.value, tickets.value) if same_year and electronic and tickets else (None, None)
    return {
        "partners": partners,
        "figure_year": str(electronic.year) if same_year and electronic else None,
        "etickets": part,
        "tickets": whole,
        "share": _ratio(part, whole),
    }


def _all_years(facts: Facts, name: str) -> tuple[Figure, ...]:
    if name not in facts.by_name:
        raise MethodError(
            f"La mesure « {name} » manque dans les chiffres.", hint=suggestion(name, sorted(facts.by_name))
        )
    return facts.by_name[name]


def _in_year(found: tuple[Figure, ...], year: int) -> float | None:
    return next((figure.value for figure in found if figure.year == year), None)


def _latest(found: tuple[Figure, ...]) -> Figure | None:
    """Return the last dated figure; None when there is none."""
    dated = [figure for figure in found if figure.year is not None]
    return max(dated, key=lambda figure: figure.year or 0, default=None)


def _ratio(numerator: float | None, denominator: float | None) -> float | None:
    return None if numerator is None or not denominator else numerator / denominator


def _years(*found: tuple[Figure, ...]) -> str:
    years = {figure.year for figures_ in found for figure in figures_ if figure.year is not None}
    return ", ".join(str(year) for year in sorted(years))


def _measure(name: str, unit: str) -> Measure:
    kind = kind_of(unit)
    return Measure(name, kind, unit if kind == "amount" else NOUNS.get(unit) if kind == "count" else None)


def _one_row(values: Mapping[str, float | None], measures: list[Measure], *, known_years: str) -> Table:
    """Return a table without dimension; counts are whole numbers, the rest fractions or sums of money."""
    types = {measure.name: "Int64" if measure.kind == "count" else "Float64" for measure in measures}
    cells = pd.DataFrame({name: pd.array([value], dtype="Float64") for name, value in values.items()}).astype(types)
    cells = cells.assign(known_years=known_years, **{PEOPLE: pd.array([pd.NA], dtype="Int64")})
    return Table(cells, (), (*measures, Measure("known_years", "text")))
