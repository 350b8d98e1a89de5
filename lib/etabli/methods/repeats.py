"""Failure demand: the same request again within k days, and what it costs in desk hours.

A visit is repeated when the same person comes again for the same request within k days: an answer the first time would
have spared the second visit. Each repeated visit spares one, the next one: their share is that of the visits that could
have been spared. It is an upper bound: a document that was asked for and brought back is a second visit too.

Visits near the period's end have not had their k days. Only those followed for the longest k are counted
(`following.only_followed`), for all k: the shares have one denominator, which is printed, and the same weeks.
Weighting by the chance of being followed would use the last weeks too, and would ask to believe that they are like the
others; an exhaustive file is long enough to do without.

The codes of `within` and of `again` are labelled under `derived:` in the study's codebook.

References
----------
Seddon (2003), Freedom from Command and Control (failure demand: « demand caused by a failure to do something or do
something right for the customer »).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from etabli.errors import MethodError
from etabli.memo import pure
from etabli.methods.clusters import Coded, Flags, Floats, Integers, count, encode, refuse_reserved
from etabli.methods.durations import MINUTES
from etabli.methods.following import Following, band_codes, gaps, only_followed
from etabli.methods.intervals import mean_interval, row_shares
from etabli.methods.membership import Membership, membership_of, population_of
from etabli.methods.profiles import crosstab
from etabli.methods.results import PEOPLE, SMALL_BASE, TOTAL, Dimension, Measure, Missing, Table

AGAIN, MINUTES_AGAIN = "again", "minutes_again"
"""When the same request came again: a band of days, or none; how long that next visit took."""

MADE = ("within", "share_again", "share_again_low", "share_again_high", "desk_hours", "everyone", PEOPLE, AGAIN)


@pure
def followed(visits: pd.DataFrame, following: Following, *, request: str = "request") -> pd.DataFrame:
    """Return the visits that are followed long enough, with when the same request came again.

    Parameters
    ----------
    visits
        One row a visit; with `minutes`, if `with_minutes` was asked.
    following
        Who, when, until when, within how many days.
    request
        What the visit was for.

    Returns
    -------
    pandas.DataFrame
        Visits with as many days left as the longest delay, held at `followed`. `again` (categorical): `within_7`,
        `from_8_to_14`, `from_15_to_30`, or `not_within_30`; missing where the person, the moment or the request is.
        With `minutes`, `minutes_again`: those of the next visit; missing where there is none.

    Raises
    ------
    MethodError
        A column does not exist, moments are no dates, one is after the period's end, or no visit is followed so long.

    Examples
    --------
    >>> visits = pd.DataFrame({"recipient": [*"aa"], "request": [*"xx"],
    ...     "visited_at": pd.to_datetime(["2024-10-01", "2024-10-11"])})
    >>> followed(visits, Following("2024-12-31"))["again"].to_list()
    ['from_8_to_14', 'not_within_30']
    """
    found = gaps(visits, following, same=[request])
    names = pd.Index([*following.bands, f"not_{following.points[-1]}"])
    told: dict[str, Any] = {AGAIN: pd.Categorical.from_codes(band_codes(found, following).tolist(), names)}
    if MINUTES in visits:
        minutes = visits[MINUTES].to_numpy(dtype=float, na_value=np.nan)
        told[MINUTES_AGAIN] = np.where(found.next_row >= 0, minutes[found.next_row], np.nan)
    return only_followed(visits.assign(**told), found, following)


@pure
def failure_demand(visits: pd.DataFrame, following: Following, *, request: str = "request") -> Table:
    """Return the share of visits of which the same request came again within so many days.

    Parameters
    ----------
    visits, following, request
        As for `followed`.

    Returns
    -------
    Table
        By `request` (the total last), then `within` (`within_7`, …; neither adds up). Measure:
        `share_again`, a fraction of the visits followed, with bounds (people as clusters, `intervals.row_shares`);
        missing under 30 people (no percentage of so few).
        `people` is the fewest people of one band of days. The visits and people themselves are those of
        `profiles.crosstab(followed(…), request, by="again")`, on which it rests. Rows without a
        person, a moment or a request are in `missing`.

    Raises
    ------
    MethodError
        As for `followed`; or a name is taken.
    """
    lines = _Lines.of(visits, following, request)
    cells = lines.cells(("share_again", "share_again_low", "share_again_high"), lines.shares())
    share_again = Measure(
        "share_again", "share", low="share_again_low", high="share_again_high", base="everyone", states_people=False
    )
    return lines.table(cells, share_again, lines.standing(lines.fewest()))


@pure
def failure_cost(
    visits: pd.DataFrame, following: Following, *, minutes: float | None = None, request: str = "request"
) -> Table:
    """Return the desk hours of the visits that came again for the same request within so many days.

    The hours of the next visits: as measured (`with_minutes`); those not measured at the mean of the measured ones.
    Without measure, `minutes` each: an assumption, which the report must print. Interval: that of the mean hours of a
    person (`intervals.mean_interval`), times the people.

    Parameters
    ----------
    visits, following, request
        As for `followed`.
    minutes
        How long a visit takes, in minutes, where the file does not tell; None: the file tells.

    Returns
    -------
    Table
        By `request` (the total last), then `within`. Measure: `desk_hours`, with bounds: hours
        of the followed part of the period, not of all of it. `people` and `missing` as for `failure_demand`; who stands
        in a row does so with their whole minutes.

    Raises
    ------
    MethodError
        As for `failure_demand`; both or neither of a measure and `minutes` are there; or nothing is measured.
    """
    if (minutes is None) is (MINUTES not in visits):
        raise MethodError(
            "La durée d’une visite est mesurée, ou supposée : l’une des deux.",
            expected=f"une colonne « {MINUTES} » (with_minutes), ou « minutes= » s’il n’y en a pas",
            got="les deux" if MINUTES in visits else "aucune des deux",
        )
    lines = _Lines.of(visits, following, request)
    spent = lines.minutes(minutes)
    cells = lines.cells(("desk_hours", "desk_hours_low", "desk_hours_high"), lines.hours(spent))
    measure = Measure(
        "desk_hours", "hours", "heures", low="desk_hours_low", high="desk_hours_high", states_people=False
    )
    return lines.table(cells, measure, membership_of(lines.labels, sparse.csr_array(spent).rint().astype(np.int64)))


@dataclass(frozen=True, eq=False)
class _Lines:
    """The visits followed, of known person, request and moment: by request, then together; by delay."""

    frame: pd.DataFrame
    following: Following
    request: str
    kept: Flags
    coded: Coded
    persons: Integers
    labels: NDArray[np.object_]
    bands: Integers

    @classmethod
    def of(cls, visits: pd.DataFrame, following: Following, request: str) -> _Lines:
        refuse_reserved((request,), MADE)
        frame = followed(visits, following, request=request)
        kept = frame[AGAIN].notna().to_numpy(dtype=bool)
        if not kept.any():
            raise MethodError("Aucune visite à suivre.", expected="une ligne au moins avec une personne et un motif")
        known = frame.loc[kept]
        persons, labels = pd.factorize(known[following.person])
        bands = known[AGAIN].cat.codes.to_numpy().astype(np.int64)
        return cls(frame, following, request, kept, encode(known, request), persons, np.asarray(labels), bands)

    @property
    def delays(self) -> int:
        return len(self.following.within)

    def people_by_line(self) -> list[Integers]:
        """Return the people of each request, then all of them."""
        parts = [np.unique(self.persons[self.coded.codes == code]) for code in range(len(self.coded.levels))]
        return [*parts, np.arange(len(self.labels))]

    def shares(self) -> Floats:
        """Return the share of visits that came again, and its bounds (lines × delays × 3); none of few people."""
        found = []
        for place in range(self.delays):
            came = np.where(self.bands <= place, 0, 1)
            counts = count(self.persons, self.coded.codes, came, (len(self.coded.levels), 2))
            parts = [row_shares(counts), row_shares(counts.over_rows())]
            found.append([np.concatenate([getattr(part, name)[:, 0] for part in parts]) for name in _BOUNDED])
        shares = np.transpose(np.array(found), (2, 0, 1))
        shares[[len(people) < SMALL_BASE for people in self.people_by_line()]] = np.nan
        return shares

    def minutes(self, each: float | None) -> Any:
        """Return the minutes of each person's next visits (people × lines and delays, csc)."""
        if each is None:
            measured = self.frame.loc[self.kept, MINUTES_AGAIN].to_numpy(dtype=float)
            timed = ~np.isnan(measured) & (self.bands < self.delays)
            if not timed.any():
                raise MethodError(
                    "Aucune visite refaite n’a de durée mesurée.", hint=f"donnez « {MINUTES}= », et dites-le"
                )
            spent = np.where(np.isnan(measured), measured[timed].mean(), measured)
        else:
            spent = np.full(len(self.persons), float(each))
        shape = (len(self.labels), (len(self.coded.levels) + 1) * self.delays)
        entries = []
        for place in range(self.delays):
            came = self.bands <= place
            for line in (self.coded.codes, np.full(len(self.persons), len(self.coded.levels))):
                where = (self.persons[came], line[came] * self.delays + place)
                entries.append(sparse.coo_array((spent[came], where), shape=shape))
        return sparse.csc_array(sum(entries[1:], entries[0]))

    def hours(self, spent: Any) -> Floats:
        """Return the hours of each line and delay, and their bounds (lines × delays × 3)."""
        found = np.full((len(self.coded.levels) + 1, self.delays, 3), np.nan)
        for line, people in enumerate(self.people_by_line()):
            for place in range(self.delays):
                own = spent[:, [line * self.delays + place]].toarray().ravel()[people] / 60
                found[line, place] = (own.sum(), *(len(own) * bound for bound in mean_interval(own)))
        return found

    def fewest(self) -> list[Integers]:
        """Return, for each line and delay, the people of the band that has fewest, of those in which somebody is."""
        found = []
        for line in range(len(self.coded.levels) + 1):
            here = (self.coded.codes == line) | (line == len(self.coded.levels))
            bands = [np.unique(self.persons[here & (self.bands == band)]) for band in range(self.delays + 1)]
            found += [min((each for each in bands if len(each)), key=len, default=bands[0])] * self.delays
        return found

    def standing(self, members: list[Integers]) -> Membership:
        """Return who stands in each row, once each."""
        row = np.repeat(np.arange(len(members)), [len(each) for each in members])
        who = np.concatenate(members)
        shape = (len(self.labels), len(members))
        return membership_of(
            self.labels, sparse.coo_array((np.ones(len(who), dtype=np.int64), (who, row)), shape=shape)
        )

    def cells(self, names: Sequence[str], values: Floats) -> pd.DataFrame:
        """Return the cells of a table, from values of lines × delays × names."""
        lines = [*self.coded.levels, TOTAL]
        keys = {self.request: np.repeat(lines, self.delays), "within": np.tile(self.following.points, len(lines))}
        everyone = np.repeat([len(each) for each in self.people_by_line()], self.delays)
        told = dict(zip(names, values.reshape(-1, len(names)).T, strict=True))
        return pd.DataFrame({**keys, **told, "everyone": everyone, PEOPLE: [len(each) for each in self.fewest()]})

    def table(self, cells: pd.DataFrame, measure: Measure, members: Membership) -> Table:
        person, out = self.following.person, self.frame.loc[~self.kept]
        population = population_of(self.frame)
        return Table(
            cells,
            (Dimension(self.request, additive=False), Dimension("within", additive=False)),
            (measure,),
            missing=Missing(len(out), int(out[person].nunique()), len(self.frame)) if len(out) else None,
            held=dict(population.held),
            source=population.source,
            membership=members,
            rests_on=(crosstab(self.frame, self.request, by=AGAIN, person=person),),
        )


_BOUNDED = ("share", "low", "high")
