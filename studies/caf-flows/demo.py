"""Demo deliveries of the visitor-flow study: one quarter of visits to headquarters, and the truth planted in it.

Nobody in it exists. Profiles of those who come are drawn first, then for each a number of visits and a propensity for
appointments, independent of one another given the profile, then the visits (`desk`), the appointment book and the
contacts (`beside`); then the recipients of the territory who did not come (`people`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .beside import appointments_of, contacts_of
from .desk import Desk, anonymous, period_of, visits_of, working_days
from .people import (
    A_VISITOR,
    DISPERSION,
    LEVELS,
    QUARTERS,
    Integers,
    coded,
    days_of_visitors,
    draw,
    draw_others,
    draw_profiles,
    laws_of,
    mean_exposure,
)
from .truth import Counted, cells_of, truth_of

__all__ = ["DISPERSION", "LEVELS", "make", "working_days"]

BLOCK = 10_000
"""Visitors of a block: beyond, files are made block after block, each in order of time."""

MISSING_RATE = 0.01
"""Share of recipients whose housing, and whose use of the online account, are not known."""
NOT_YET = 0.03
"""Share of those who come who are not recipients yet: a number, and no profile."""
NO_NUMBER = 0.04
"""Tickets without a recipient's number, for each other one."""

RESOURCES = ("under_500", "from_500_to_999", "from_1000_to_1499", "from_1500")
BY_BENEFIT = np.array([[70, 25, 4, 1], [5, 45, 40, 10], [20, 45, 25, 10], [5, 75, 15, 5], [10, 30, 30, 30]])
COMMUNES = ("rennes", "bruz", "cesson_sevigne", "chantepie", "saint_jacques", "betton", "pace", "other_commune")
IRIS_A_QUARTER = 4


def make(
    edition: str, seed: int, people: int = 10_000, *, profiles_differ: bool = True, size: float = DISPERSION
) -> tuple[dict[str, pd.DataFrame | Iterable[pd.DataFrame]], dict[str, Any]]:
    """Return the frames of one delivery, in codes, and the truth planted in them.

    Parameters
    ----------
    edition
        A quarter: « 2024-T4 ». Closed on weekends and fixed public holidays (the movable ones are ignored).
    seed
        The same seed gives the same delivery.
    people
        How many people with a number come at least once: the territory has six times as many recipients. More than
        `BLOCK` are given block after block: whole frames are never in memory.
    profiles_differ
        Whether profiles change who comes, by which channel and how often: without, every difference found is a false
        one.
    size
        Size parameter of the law of visits of those who use headquarters; infinite: Poisson, everybody comes as often.

    Returns
    -------
    frames
        `visits`, one row a ticket; `appointments`, `recipients`, `contacts`; each in order of time.
    truth
        `odds_ratios` by variable and category (of a visit being by appointment, in a model of exactly these variables;
        against the most frequent category in visitors); `rate_ratios`, the same of the mean number of visits of those
        who use headquarters, `rate_ratios_with_zeros`, of all recipients, for equal days of right; `dispersion`, the α
        of the former's negative binomial law given the profile, `dispersion_with_zeros`, that of the law nearest to
        the numbers of visits of all recipients; `share_of_visits_of_top_tenth`; `share_appointment` and
        `share_appointment_by_age_group`, of visits; `share_by_route`, of visitors; `visits_per_recipient`;
        `representation` by variable, category and channel (share among those who come over share in the territory),
        and `representation_standardised`, over what their age and household would let expect;
        `share_same_request_within` k days, of visits followed by one of the same person about the same;
        `share_gave_up_at_the_desk`, of visits there, and `gave_up_most_between`, hours; `share_by_contacts_before`
        the first visit, of those of whom they are seen; `share_missed`, of appointments.
        Expected values are exact, given the profiles drawn; shares of visits and visitors count those who are not
        recipients yet, not the tickets without a number.

    Raises
    ------
    ValueError
        The edition is not a quarter.
    """
    period = period_of(edition)
    sizes = [BLOCK] * ((people - 1) // BLOCK) + [(people - 1) % BLOCK + 1]
    told = _Told(working_days(edition), period, seed, sizes, differ=profiles_differ, size=size)
    if len(sizes) == 1:
        block = told.block(0)
        return {name: one(block) for name, one in FRAMES.items()}, told.truth([block])
    return {name: map(one, told.blocks()) for name, one in FRAMES.items()}, told.truth(told.blocks())


@dataclass(frozen=True)
class _Block:
    """Some visitors, and those of the territory around them."""

    open_on: pd.DatetimeIndex
    start: pd.Timestamp
    length: int
    """Of the period, in days."""
    profiles: dict[str, Integers]
    """Of visitors, then of those who did not come."""
    names: np.ndarray[Any, np.dtype[np.object_]]
    """The same."""
    is_recipient: np.ndarray[Any, np.dtype[np.bool_]]
    days_of_right: Integers
    columns: dict[str, Any]
    desk: Desk
    visitors: int
    random: int
    """Seed of what is drawn when a frame is made."""

    def drawing(self, what: int) -> np.random.Generator:
        return np.random.default_rng([self.random, what])


@dataclass(frozen=True)
class _Told:
    """What is asked for, and how its blocks are made; a block is made again for each file, and never kept."""

    days: pd.DatetimeIndex
    period: pd.Period
    seed: int
    sizes: list[int]
    differ: bool
    size: float

    def blocks(self) -> Iterator[_Block]:
        return map(self.block, range(len(self.sizes)))

    def block(self, number: int) -> _Block:
        random = np.random.default_rng(self.seed if number == 0 else [self.seed, number])
        start, end = self.period.start_time, self.period.end_time
        n, length = self.sizes[number], (end - start).days + 1
        profiles = draw_profiles(random, n)
        laws = laws_of(profiles, len(self.days), differ=self.differ, size=self.size)
        desk = visits_of(random, laws, profiles["benefit"])
        factor = float((1 / laws.reach).mean()) / (A_VISITOR * mean_exposure(length))  # one in `A_VISITOR` comes
        others = draw_others(random, (A_VISITOR - 1) * n, factor, length, differ=self.differ, size=self.size)
        every = {name: np.concatenate([values, others.profiles[name]]) for name, values in profiles.items()}
        total = A_VISITOR * n
        is_recipient = np.ones(total, dtype=bool)
        is_recipient[:n] = random.random(n) >= NOT_YET
        numbers = 1_000_000 * number + random.choice(1_000_000, size=total, replace=False)
        names = np.array([f"DEMO{each:07d}" for each in numbers], dtype=object)
        right = np.concatenate([days_of_visitors(random, n, length), others.days])
        columns = _columns(random, every)
        later = int(random.integers(2**62))
        return _Block(self.days, start, length, every, names, is_recipient, right, columns, desk, n, later)

    def truth(self, blocks: Iterable[_Block]) -> dict[str, Any]:
        counted = Counted(*(cells_of({name: np.zeros(0, dtype=np.int64) for name in LEVELS}) for _ in range(3)))
        for block in blocks:
            came = np.arange(len(block.names)) < block.visitors
            chosen = (came, came & block.is_recipient, block.is_recipient)
            counted += Counted(*(cells_of({n: v[who] for n, v in block.profiles.items()}) for who in chosen))
        return truth_of(counted, self.days, differ=self.differ, size=self.size)


def _columns(random: np.random.Generator, profiles: dict[str, Integers]) -> dict[str, Any]:
    """Return the columns of each person: what every file says of them, in codes."""
    found = {name: profiles[name].copy() for name in (*LEVELS, "quarter")}
    for name in ("housing", "online_account"):
        found[name][random.random(len(found[name])) < MISSING_RATE] = -1
    return {name: coded(values, {**LEVELS, "quarter": QUARTERS}[name]) for name, values in found.items()}


def _visits(block: _Block) -> pd.DataFrame:
    random, desk = block.drawing(0), block.desk
    own = desk.frame(block.open_on)
    own.insert(0, "recipient", block.names[desk.person])
    known = block.is_recipient[desk.person]
    for name, values in block.columns.items():
        own[name] = values[desk.person].set_categories(values.categories)
        own.loc[~known, name] = np.nan
    unnamed = anonymous(random, int(random.binomial(len(own), NO_NUMBER)), len(block.open_on)).frame(block.open_on)
    frame = pd.concat([own, unnamed.reindex(columns=own.columns)], ignore_index=True)
    for name in own.columns:
        if isinstance(own[name].dtype, pd.CategoricalDtype):
            frame[name] = pd.Categorical(frame[name], categories=own[name].cat.categories)
    frame = frame.sort_values(["visited_at", "recipient"], kind="stable", ignore_index=True)
    queue = frame["channel"].map({"walk_in": "T", "appointment": "R"}).astype(str)
    rank = frame.groupby([frame["visited_at"].dt.normalize(), queue]).cumcount() + 1
    frame.insert(1, "ticket", queue + rank.astype(str).str.zfill(4))
    return frame


def _appointments(block: _Block) -> pd.DataFrame:
    who = block.names[block.visitors :]
    return appointments_of(block.drawing(1), block.desk, block.names, who, block.open_on)


def _recipients(block: _Block) -> pd.DataFrame:
    random = block.drawing(2)
    n, quarter = len(block.names), block.profiles["quarter"]
    in_part, late = block.days_of_right < block.length, random.random(n) < 0.5
    opened = block.start + pd.to_timedelta(block.length - block.days_of_right, unit="D")
    former = block.start - pd.to_timedelta(random.integers(1, 3_000, size=n), unit="D")
    ended = pd.Series(block.start + pd.to_timedelta(block.days_of_right - 1, unit="D"))
    commune = np.where(quarter < len(QUARTERS) - 1, 0, random.integers(1, len(COMMUNES), size=n))
    frame = pd.DataFrame(
        {
            "recipient": block.names,
            **{name: block.columns[name] for name in ("age_group", "household", "benefit")},
            "resources": coded(draw(random, BY_BENEFIT[block.profiles["benefit"]]), RESOURCES),
            **{name: block.columns[name] for name in ("housing", "priority_quarter", "online_account")},
            "language_help": coded((random.random(n) > _help(block)).astype(np.int64), ("yes", "no")),
            "quarter": block.columns["quarter"],
            "commune": coded(commune, COMMUNES),
            "iris": _iris(random, quarter, commune),
            "right_from": pd.Series(np.where(in_part & late, opened, former)),
            "right_to": ended.where(in_part & ~late),
        }
    )
    frame = frame[block.is_recipient]
    return frame.iloc[random.permutation(len(frame))].reset_index(drop=True)


def _help(block: _Block) -> Any:
    """Return the probability that a recipient needs help with the language."""
    return np.array([0.06, 0.04, 0.02, 0.25])[block.profiles["housing"]]


def _iris(random: np.random.Generator, quarter: Integers, commune: Integers) -> Any:
    """Return block codes: those of Rennes begin by 35238, then the quarter; others stand for their commune."""
    block = random.integers(1, IRIS_A_QUARTER + 1, size=len(quarter))
    rennes = 352_380_000 + 100 * (quarter + 1) + block
    return np.where(commune == 0, rennes, 350_010_000 + 10_000 * commune).astype(str).astype(object)


def _contacts(block: _Block) -> pd.DataFrame:
    account = block.profiles["online_account"][: block.visitors]
    who = block.names[block.visitors :]
    return contacts_of(block.drawing(3), block.desk, account, block.names[: block.visitors], who, block.open_on)


FRAMES: dict[str, Callable[[_Block], pd.DataFrame]] = {
    "visits": _visits,
    "appointments": _appointments,
    "recipients": _recipients,
    "contacts": _contacts,
}
