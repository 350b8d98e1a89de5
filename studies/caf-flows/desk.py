"""What happens at the desk of the demo: days, hours, requests, waiting, outcomes of visits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .people import CONCENTRATION, Floats, Integers, Laws, draw

Flags = NDArray[np.bool_]

CHANNELS = ("walk_in", "appointment")
REQUESTS = ("rsa", "activity_bonus", "housing_benefit", "family", "change", "overpayment", "online_help", "other")
ANSWER_LEVELS = ("first", "second")
OUTCOMES = ("settled", "to_follow", "no_answer")

OWN_REQUEST = np.array([[6, 1, 1, 0.5], [1, 6, 1, 0.5], [0.5, 1, 6, 0.5], [1, 1, 2, 0.5], [0.5, 1, 1, 6]])
"""Weights of the first four requests, by benefit."""
OTHER_REQUESTS = np.array([[2.0, 0.8, 2.0, 1.2], [2.5, 2.5, 0.5, 1.0]])
"""Weights of the last four, at the desk and by appointment: more on overpayments there, less on online help."""

UNSETTLED = 0.25
"""Probability that a visit settles nothing: whoever comes again then asks for the same."""

GIVES_UP = (0.12, 0.45)
"""Of unsettled visits at the desk, the share of those who had left when called; around noon, the second."""
NOON = (11, 13)
"""Hours, the first included, at which more give up."""

LEVEL_RECORDED = 0.7

SLOT_MINUTES = 5
OPENING, LAST_ARRIVAL = 9 * 60, 16 * 60 + 30
"""Minutes after midnight: headquarters receives from 9 h to 16 h 30."""

FIXED_HOLIDAYS = ("01-01", "05-01", "05-08", "07-14", "08-15", "11-01", "11-11", "12-25")


def period_of(edition: str) -> pd.Period:
    """Return the quarter that an edition names.

    Raises
    ------
    ValueError
        It names none.
    """
    year, _, quarter = edition.partition("-T")
    if not (len(year) == 4 and year.isdigit() and quarter in {"1", "2", "3", "4"}):
        raise ValueError(f"Édition attendue de la forme « 2024-T4 » (reçu : {edition}).")
    return pd.Period(f"{year}Q{quarter}", freq="Q")


def working_days(edition: str) -> pd.DatetimeIndex:
    """Return the days of a quarter on which headquarters is open."""
    period = period_of(edition)
    days = pd.bdate_range(period.start_time.normalize(), period.end_time.normalize())
    return days[~days.strftime("%m-%d").isin(FIXED_HOLIDAYS)]


def days_of_visits(random: np.random.Generator, visits: Floats) -> tuple[Integers, Integers]:
    """Return the recipient and the day of each visit, from the law of their number: a recipient's days all differ."""
    n, most = visits.shape
    number = 1 + (random.random((n, 1)) > visits.cumsum(axis=1)[:, :-1]).sum(axis=1)
    shuffled = random.permuted(np.tile(np.arange(most), (n, 1)), axis=1)
    chosen = np.arange(most) < number[:, None]
    return np.repeat(np.arange(n), number), shuffled[chosen]


@dataclass(frozen=True)
class Desk:
    """The visits of some recipients, recipient after recipient, each one's in order of time."""

    person: Integers
    day: Integers
    """Rank of the working day."""
    minute: Integers
    """Of arrival, after midnight."""
    appointment: Flags
    request: Integers
    outcome: Integers
    answer_level: Integers
    """−1 where it was not recorded."""
    waited: Integers
    lasted: Integers
    """Minutes, both."""

    def frame(self, days: pd.DatetimeIndex) -> pd.DataFrame:
        """Return the columns that the queue system records, in codes."""
        arrived = days[self.day] + pd.to_timedelta(self.minute, unit="min")
        called = arrived + pd.to_timedelta(self.waited, unit="min")
        ended = pd.Series(called + pd.to_timedelta(self.lasted, unit="min"))
        return pd.DataFrame(
            {
                "visited_at": arrived,
                "called_at": called,
                "ended_at": ended.where(self.outcome != OUTCOMES.index("no_answer")),
                "channel": _codes(self.appointment.astype(np.int64), CHANNELS),
                "request": _codes(self.request, REQUESTS),
                "answer_level": _codes(self.answer_level, ANSWER_LEVELS),
                "outcome": _codes(self.outcome, OUTCOMES),
            }
        )


def visits_of(random: np.random.Generator, laws: Laws, benefit: Integers) -> Desk:
    """Draw the visits of recipients.

    A recipient's propensity for appointments is drawn once, then each visit's channel. An unsettled visit is followed
    by one about the same request, if the recipient comes again at all.
    """
    person, day = days_of_visits(random, laws.visits)
    order = np.lexsort((day, person))
    propensity = random.beta(CONCENTRATION * laws.share, CONCENTRATION * (1 - laws.share))
    appointment = random.random(len(person)) < propensity[person]
    fresh = draw_requests(random, benefit[person], appointment)
    unsettled = random.random(len(person)) < UNSETTLED
    follows = np.append(False, (person[1:] == person[:-1]) & unsettled[:-1])
    request = fresh[np.maximum.accumulate(np.where(follows, 0, np.arange(len(person))))]
    return at_the_desk(random, person, day[order], appointment, request, unsettled)


def anonymous(random: np.random.Generator, n: int, days: int) -> Desk:
    """Draw tickets of which nobody took the recipient's number."""
    appointment = np.zeros(n, dtype=bool)
    request = draw_requests(random, random.integers(0, 5, size=n), appointment)
    unsettled = random.random(n) < UNSETTLED
    return at_the_desk(random, np.arange(n), random.integers(0, days, size=n), appointment, request, unsettled)


def at_the_desk(
    random: np.random.Generator,
    person: Integers,
    day: Integers,
    appointment: Flags,
    request: Integers,
    unsettled: Flags,
) -> Desk:
    """Draw hours, waiting, length and outcome of visits."""
    n = len(person)
    minute = minutes(random, appointment)
    leaves = unsettled & ~appointment & (random.random(n) < gives_up(minute))
    outcome = np.where(leaves, 2, np.where(unsettled, 1, 0))
    busy = np.isin(minute // 60, range(*NOON))
    waited = np.where(
        appointment, random.integers(0, 11, size=n), random.exponential(np.where(busy, 28, 14)).clip(0, 90)
    )
    lasted = np.where(appointment, random.gamma(6, 5, size=n), random.gamma(3, 3, size=n)).clip(1, 120)
    second = (random.random(n) < np.where(appointment, 0.8, 0.15)).astype(np.int64)
    recorded = (random.random(n) < LEVEL_RECORDED) & (outcome != OUTCOMES.index("no_answer"))
    level = np.where(recorded, second, -1)
    return Desk(person, day, minute, appointment, request, outcome, level, waited.astype(int), lasted.astype(int))


def gives_up(minute: Integers) -> Floats:
    """Return the share of unsettled visits at the desk, by minute of arrival, of those who had left when called."""
    return np.where(np.isin(minute // 60, range(*NOON)), GIVES_UP[1], GIVES_UP[0])


def minutes(random: np.random.Generator, appointment: Flags) -> Integers:
    """Draw arrivals, in minutes after midnight; appointments are on the half-hour."""
    slot = np.where(appointment, 30, SLOT_MINUTES)
    return np.asarray(OPENING + slot * random.integers(0, (LAST_ARRIVAL - OPENING) // slot + 1), dtype=np.int64)


def draw_requests(random: np.random.Generator, benefit: Integers, appointment: Flags) -> Integers:
    """Draw requests: mostly about one's own benefit."""
    return draw(random, np.column_stack([OWN_REQUEST[benefit], OTHER_REQUESTS[appointment.astype(np.int64)]]))


def request_law(benefit: Integers, channel: int) -> Floats:
    """Return the probability of each request, by benefit, in a channel (benefits × requests)."""
    own = OWN_REQUEST[benefit]
    weight = np.column_stack([own, np.tile(OTHER_REQUESTS[channel], (len(own), 1))])
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def _codes(values: Integers, levels: tuple[str, ...]) -> pd.Categorical:
    return pd.Categorical.from_codes(values.tolist(), categories=pd.Index(levels))
