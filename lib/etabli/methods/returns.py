"""The time between visits: how many come back within so many days, and after how many days half of them did.

Each visit of the period is followed to the same person's next one, or to the period's end. What is estimated is what
follows a visit, not a person: who comes often counts often, as at the desk. Visits of the last days are followed for a
short time only; Kaplan and Meier's estimate takes each for as long as it is seen. It holds where the weeks of the
period are alike: where how soon people come back does not change from its beginning to its end.

The codes of `within` and of `back` are labelled under `derived:` in the study's codebook; those of `back` too where no
table shows them, since the curve rests on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from etabli.errors import MethodError
from etabli.memo import pure
from etabli.methods.clustered_survival import Survival, kaplan_meier
from etabli.methods.clusters import Coded, Flags, Integers, refuse_reserved, with_missing
from etabli.methods.following import LATER, NOT_SEEN, Following, Gaps, band_codes, gaps
from etabli.methods.membership import Membership, mark_derived, membership_of, population_of
from etabli.methods.profiles import crosstab, distribution
from etabli.methods.results import PEOPLE, SMALL_BASE, TOTAL, Dimension, Measure, Missing, Table

BACK = "back"
"""The variable that says when somebody came back: a band of days, `later`, or `not_seen`."""

MADE = ("within", "share_back", "share_back_low", "share_back_high", "median_days", "everyone", PEOPLE)


@pure
def with_return(visits: pd.DataFrame, following: Following, *, same: Sequence[str] = ()) -> pd.DataFrame:
    """Return the visits with when the person came back.

    Parameters
    ----------
    visits
        One row a visit.
    following
        Who, when, until when; its numbers of days make the bands.
    same
        Variables that both visits must share: `["request"]`.

    Returns
    -------
    pandas.DataFrame
        The same rows, marked as they were, with `back` (categorical): `within_7`, `from_8_to_14`, `from_15_to_30`,
        `later`, and `not_seen` where no later visit is in the file. Missing where the person or the moment is.

    Raises
    ------
    MethodError
        A column does not exist, moments are no dates, or one is after the period's end.

    Examples
    --------
    >>> visits = pd.DataFrame(
    ...     {"recipient": [*"aab"], "visited_at": pd.to_datetime(["2024-10-01", "2024-10-11", "2024-10-02"])}
    ... )
    >>> with_return(visits, Following("2024-12-31"))["back"].to_list()
    ['from_8_to_14', 'not_seen', 'not_seen']
    """
    return _marked(visits, gaps(visits, following, same=same), following)


def _marked(visits: pd.DataFrame, found: Gaps, following: Following) -> pd.DataFrame:
    codes = band_codes(found, following)
    codes[found.known & np.isnan(found.to_next)] = len(following.bands) + 1
    names = pd.Index([*following.bands, LATER, NOT_SEEN])
    return mark_derived(
        visits.assign(**{BACK: pd.Categorical.from_codes(codes.tolist(), names)}), visits, {BACK: following.at}
    )


@pure
def return_curve(
    visits: pd.DataFrame, following: Following, *, by: str | None = None, same: Sequence[str] = ()
) -> Table:
    """Return the share of visits after which the person comes back within so many days.

    1 − S(d), S by Kaplan and Meier with people as clusters (`clustered_survival.kaplan_meier`).

    Parameters
    ----------
    visits
        One row a visit.
    following
        Who, when, until when, within how many days.
    by
        A characteristic of the visit or its person; None: all together.
    same
        Variables that both visits must share.

    Returns
    -------
    Table
        By `by`, then `within` (`within_7`, …; neither adds up). Measure: `share_back`, a fraction, with bounds; missing
        under 30 people (no percentage of so few), and where no visit is followed for so long. `people` is the fewest
        people of one band of days (`with_return`): what two points differ by. Rows without a person or a moment are in
        `missing`.

    Raises
    ------
    MethodError
        As for `with_return`; a name is taken; or no visit can be followed.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-10-01", "2024-10-11"])
    >>> visits = pd.DataFrame({"recipient": [*range(30), *range(20)], "visited_at": days.repeat([30, 20])})
    >>> round(return_curve(visits, Following("2024-12-31")).value("share_back", within="within_14").number, 3)
    0.4
    """
    lines = _Lines.of(visits, following, by, same)
    rows, members = [], []
    for name, here in lines:
        survival, fewest, people = lines.survival(here), lines.fewest_of_bands(here), lines.people_of(here)
        for days, point in zip(following.within, following.points, strict=True):
            values = [1 - each if people >= SMALL_BASE else np.nan for each in survival.at(days)]
            told = dict(zip(("share_back", "share_back_high", "share_back_low"), values, strict=True))
            rows.append({**lines.key(name), "within": point, **told, "everyone": people})
            members.append(fewest)
    share_back = Measure(
        "share_back", "share", low="share_back_low", high="share_back_high", base="everyone", states_people=False
    )
    return lines.table(rows, members, share_back, ("within",))


@pure
def median_return(
    visits: pd.DataFrame, following: Following, *, by: str | None = None, same: Sequence[str] = ()
) -> Table:
    """Return after how many days half of the visits have been followed by another of the same person.

    The first day on which S, by Kaplan and Meier, is ½ or less; its bounds are the first days on which those of S are
    (Brookmeyer and Crowley). Missing where half do not come back within the time that they are followed: the period
    then does not tell it.

    Parameters
    ----------
    visits, following, by, same
        As for `return_curve`.

    Returns
    -------
    Table
        By `by` (one row without it). Measure: `median_days`, whole days, with bounds. `people` is the fewest people who
        came back before one of these three days, on it, or not by then: a median is a day on which somebody came.

    Raises
    ------
    MethodError
        As for `return_curve`.
    """
    lines = _Lines.of(visits, following, by, same)
    rows, members = [], []
    for name, here in lines:
        found = lines.survival(here).quantile(0.5)
        told = dict(zip(("median_days", "median_days_low", "median_days_high"), found, strict=True))
        rows.append({**lines.key(name), **told})
        members.append(lines.fewest_around(here, [int(day) for day in found if not np.isnan(day)]))
    measure = Measure(
        "median_days", "quantile", "jours", low="median_days_low", high="median_days_high", states_people=False
    )
    return lines.table(rows, members, measure, ())


@dataclass(frozen=True, eq=False)
class _Lines:
    """The visits of each category of a variable, those of all of them last."""

    frame: pd.DataFrame
    by: str | None
    following: Following
    found: Gaps
    coded: Coded
    persons: Integers
    labels: np.ndarray
    bands: Integers

    @classmethod
    def of(cls, visits: pd.DataFrame, following: Following, by: str | None, same: Sequence[str]) -> _Lines:
        if by is not None:
            refuse_reserved((by,), (*MADE, "variable", "category"))
        found = gaps(visits, following, same=same)
        frame = _marked(visits, found, following)
        if not found.known.any():
            raise MethodError("Aucune visite à suivre.", expected="une ligne au moins avec une personne et un moment")
        known = frame.loc[found.known]
        persons, labels = pd.factorize(known[following.person])
        nothing = Coded(np.full(len(known), -1, dtype=np.int64), ())
        coded = nothing if by is None else with_missing(known, by, np.ones(len(known), dtype=bool))
        bands = known[BACK].cat.codes.to_numpy().astype(np.int64)
        return cls(frame, by, following, found, coded, persons, np.asarray(labels, dtype=object), bands)

    def __iter__(self) -> Iterator[tuple[str, Flags]]:
        """Yield each category and which known rows have it."""
        for code, level in enumerate(self.coded.levels):
            yield level, self.coded.codes == code
        yield TOTAL, np.ones(len(self.persons), dtype=bool)

    def key(self, name: str) -> dict[str, str]:
        return {} if self.by is None else {self.by: name}

    def people_of(self, here: Flags) -> int:
        return len(np.unique(self.persons[here]))

    def survival(self, here: Flags) -> Survival:
        if not here.any():  # a declared category that nobody is in
            nothing = np.empty(0)
            return Survival(nothing, nothing, nothing, nothing)
        return kaplan_meier(self.found.days[here], self.found.seen[here], pd.factorize(self.persons[here])[0])

    def fewest_of_bands(self, here: Flags) -> Integers:
        """Return the people of the band that has fewest, of those in which somebody is."""
        return _fewest([self.persons[here & (self.bands == band)] for band in range(self.bands.max() + 1)])

    def fewest_around(self, here: Flags, days: Sequence[int]) -> Integers:
        """Return the fewest people who came back before, on, or not by one of some days."""
        times, seen = self.found.days, self.found.seen
        groups = [self.persons[here]]
        for day in days:
            on, before = seen & (times == day), seen & (times < day)
            groups += [self.persons[here & part] for part in (before, on, ~on & ~before)]
        return _fewest(groups)

    def table(
        self, rows: list[dict[str, object]], members: list[Integers], measure: Measure, keys: tuple[str, ...]
    ) -> Table:
        frame, person, known = self.frame, self.following.person, self.found.known
        cells = pd.DataFrame(rows).assign(**{PEOPLE: [len(each) for each in members]})
        left = int((~known).sum())
        missing = Missing(left, int(frame.loc[~known, person].nunique()), len(frame)) if left else None
        population = population_of(frame)
        names = (*(() if self.by is None else (self.by,)), *keys)
        counted = distribution(frame, BACK, person=person) if self.by is None else None
        return Table(
            cells,
            tuple(Dimension(name, additive=False) for name in names),
            (measure,),
            missing=missing,
            held=dict(population.held),
            source=population.source,
            membership=self._membership(members),
            rests_on=(counted or crosstab(frame, str(self.by), by=BACK, person=person),),
        )

    def _membership(self, members: list[Integers]) -> Membership:
        row = np.repeat(np.arange(len(members)), [len(each) for each in members])
        who = np.concatenate(members)
        ones = np.ones(len(who), dtype=np.int64)
        return membership_of(self.labels, sparse.coo_array((ones, (who, row)), shape=(len(self.labels), len(members))))


def _fewest(groups: Sequence[Integers]) -> Integers:
    """Return the distinct people of the smallest group in which somebody is; nobody where all are empty."""
    people = [np.unique(each) for each in groups]
    return min((each for each in people if len(each)), key=len, default=people[0])
