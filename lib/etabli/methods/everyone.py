"""Visits of all recipients of a territory, those who never came among them: numbers of visits with their zeros.

A file of visits holds nobody who did not come, and models of it suppose that these are like those who came little.
Beside the file of recipients nothing need be supposed: who did not come has no visit, and counts for the days of their
right.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
from scipy import sparse, special

from etabli.errors import MethodError
from etabli.memo import pure
from etabli.methods.clusters import column
from etabli.methods.contacts import fitted_ratios
from etabli.methods.counts import CountFit, fit_counts
from etabli.methods.intervals import LEVEL
from etabli.methods.membership import mark_derived, membership_of, population_of
from etabli.methods.profiles import distribution
from etabli.methods.results import PEOPLE, Dimension, Measure, Table

LAWS = ("without_zeros", "with_zeros")
"""Of numbers of visits: among those who came, among all recipients."""

STANDING = "standing"
"""Column that `with_standing` makes."""

STANDINGS = ("recipient", "not_yet")
"""Whether the number that a visit bears is that of a recipient of the territory."""

MADE = ("visits", "days")
"""Columns that `everyone` makes."""


@pure
def everyone(
    recipients: pd.DataFrame,
    visits: pd.DataFrame,
    *,
    start: date,
    end: date,
    opened: str = "right_from",
    ended: str = "right_to",
    keep: Sequence[str] = (),
    person: str = "recipient",
) -> pd.DataFrame:
    """Return one row a recipient, with their visits and their days of right in the period.

    Parameters
    ----------
    recipients
        One row each.
    visits
        One row a visit; those of a number that no recipient has, and without a number, are left out (`by_standing`
        counts them).
    start, end
        First and last day of the period.
    opened, ended
        Dates of the right; missing: open before, or still.
    keep
        Variables of the recipients.
    person
        Who.

    Returns
    -------
    pandas.DataFrame
        In the order of `recipients`. Columns: `person`, those of `keep`, `visits` (a count, 0 among them), `days` (from
        0 to the length of the period).

    Raises
    ------
    MethodError
        A column does not exist, a recipient has two rows, or the period ends before it starts.

    Examples
    --------
    >>> recipients = pd.DataFrame({"recipient": ["a", "b"], "right_from": pd.to_datetime(["2020-01-01", "2024-12-30"])})
    >>> recipients["right_to"] = pd.NaT
    >>> visits = pd.DataFrame({"recipient": ["a", "a", "c"]})
    >>> made = everyone(recipients, visits, start=date(2024, 10, 1), end=date(2024, 12, 31))
    >>> made[["visits", "days"]].values.tolist()
    [[2, 92], [0, 2]]
    """
    if end < start:
        raise MethodError("La période finit avant de commencer.", got=f"{start:%d/%m/%Y} – {end:%d/%m/%Y}")
    if column(recipients, person).duplicated().any():
        raise MethodError("Un allocataire est deux fois dans le fichier du territoire.", expected="une ligne chacun")
    first, last = pd.Timestamp(start), pd.Timestamp(end)
    since, until = column(recipients, opened).fillna(first), column(recipients, ended).fillna(last)
    days = (until.where(until < last, last) - since.where(since > first, first)).dt.days + 1
    number = column(visits, person).value_counts()
    made = recipients[[person, *keep]].assign(
        visits=recipients[person].map(number).fillna(0).astype(np.int64).to_numpy(),
        days=days.clip(lower=0).astype(np.int64).to_numpy(),
    )
    return mark_derived(made, recipients, {}, one_each=True)


@pure
def rate_ratios(people: pd.DataFrame, *, on: Sequence[str], person: str = "recipient") -> Table:
    """Return by how much each category multiplies the number of visits, zeros included, for equal days of right.

    Negative binomial regression (NB2) of all recipients, log μ = α + Σ β + log days, on categorical variables. Only the
    mean need be so: the sandwich variance holds where the law is another, as when some would never come. The reference
    is each variable's most frequent category; bounds and tests as in `contacts.rate_ratios`.

    Parameters
    ----------
    people
        As `everyone` makes them, with the variables of `on` among those kept.

    Returns
    -------
    Table
        As `contacts.rate_ratios`, its `people` being those who came. Recipients without a day of right in the period
        are left out, and counted in `missing` with those whose profile is not known.

    Raises
    ------
    MethodError
        As `contacts.rate_ratios`.
    """
    days = column(people, "days").to_numpy(dtype=float)
    has = people[days > 0]
    log_days = pd.Series(np.log(has["days"].to_numpy(dtype=float)), index=has.index)
    return fitted_ratios(people, has, on=on, person=person, truncated=False, offset=log_days)


@pure
def dispersions(people: pd.DataFrame, *, person: str = "recipient") -> Table:
    """Return how unequally people come: α of the negative binomial law of their visits, without and with zeros.

    Variance μ + α μ²: 0 when everybody comes as often, by chance. Among those who came the law has no zero
    (`fit_counts(truncated=True)`); among all recipients it has. Were those who did not come like those who came little,
    both would be of one law, and their α the same. Bounds exp(log α ± 1.96 se), sandwich.

    Parameters
    ----------
    people
        As `everyone` makes them.

    Returns
    -------
    Table
        By `law` (`without_zeros`, `with_zeros`). Measure: `dispersion`, with bounds; missing where fewer than 100 came,
        or nobody twice. `people` are those who came.

    References
    ----------
    Cameron and Trivedi (2013), Regression Analysis of Count Data, sections 3.3 and 4.3.
    """
    number = column(people, "visits").to_numpy(dtype=float)
    came = number > 0
    fits: list[CountFit | None] = [None, None]
    if came.sum() >= _FEWEST and number.max() > 1:
        fits = [
            fit_counts(values, np.ones((len(values), 1)), dispersed=True, truncated=truncated)
            for values, truncated in ((number[came], True), (number, False))
        ]
    value = np.array([np.nan if each is None else each.dispersion for each in fits])
    error = np.array([np.nan if each is None else each.dispersion_error for each in fits])
    reach = np.exp(float(special.ndtri((1 + LEVEL) / 2)) * error)
    members = np.column_stack([came, came]).astype(np.int64)
    cells = pd.DataFrame(
        {
            "law": LAWS,
            "dispersion": value,
            "dispersion_low": value / reach,
            "dispersion_high": value * reach,
            PEOPLE: int(came.sum()),
        }
    )
    population = population_of(people)
    return Table(
        cells,
        (Dimension("law", additive=False),),
        (Measure("dispersion", "ratio", low="dispersion_low", high="dispersion_high", states_people=False),),
        held=dict(population.held),
        source=population.source,
        membership=membership_of(people[person].to_numpy(), sparse.csc_array(members)),
    )


_FEWEST = 100
"""People who came under whom no law is fitted."""


@pure
def by_standing(visits: pd.DataFrame, recipients: pd.DataFrame, *, person: str = "recipient") -> Table:
    """Return visits and people by whether their number is that of a recipient: what can be joined, and what cannot.

    Returns
    -------
    Table
        As `profiles.distribution`, by `standing` (`recipient`, `not_yet`). Visits without a number are of nobody known:
        their rows are in `missing`, with no people.

    Examples
    --------
    >>> visits = pd.DataFrame({"recipient": ["a", "a", "b", None]})
    >>> found = by_standing(visits, pd.DataFrame({"recipient": ["a", "z"]}))
    >>> found.value("people", standing="not_yet").number, found.missing.rows
    (1, 1)
    """
    return distribution(with_standing(visits, recipients, person=person), STANDING, person=person)


def with_standing(visits: pd.DataFrame, recipients: pd.DataFrame, *, person: str = "recipient") -> pd.DataFrame:
    """Return the visits with `standing`, missing where they have no number."""
    known = column(visits, person).isin(column(recipients, person).dropna())
    codes = np.where(visits[person].isna(), -1, np.where(known, 0, 1))
    standing = pd.Categorical.from_codes(codes.tolist(), categories=pd.Index(STANDINGS))
    return mark_derived(visits.assign(**{STANDING: standing}), visits, {})
