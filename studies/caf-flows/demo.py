"""Demo deliveries of the visitor-flow study: one quarter of visits to headquarters, and the truth planted in it.

Nobody in it exists. Profiles are drawn first, then for each recipient a number of visits and a
propensity for appointments, independent of one another given the profile, then the visits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

AGES = ("under_25", "from_25_to_34", "from_35_to_49", "from_50_to_64", "from_65")
HOUSEHOLDS = ("single", "couple", "couple_children", "single_parent")
BENEFITS = ("rsa", "activity_bonus", "housing_benefit", "disability", "family")
HOUSINGS = ("social_tenant", "private_tenant", "owner", "hosted")
YES_NO = ("yes", "no")
CHANNELS = ("walk_in", "appointment")
REQUESTS = ("rsa", "activity_bonus", "housing_benefit", "family", "change", "overpayment", "online_help", "other")
QUARTERS = (
    *("centre", "thabor", "bourg_l_eveque", "nord", "maurepas", "jeanne_d_arc", "francisco_ferrer", "sud_gare"),
    *("cleunay", "villejean", "blosne", "brequigny", "outside"),
)
LEVELS = {
    "age_group": AGES,
    "household": HOUSEHOLDS,
    "benefit": BENEFITS,
    "housing": HOUSINGS,
    "priority_quarter": YES_NO,
    "online_account": YES_NO,
}
"""The variables that the propensity for appointments depends on, with their categories."""

LOG_ODDS: dict[str, tuple[float, ...]] = {
    "age_group": (-0.35, 0.0, 0.15, 0.30, 0.55),
    "household": (0.0, 0.10, 0.25, 0.50),
    "benefit": (0.60, 0.0, -0.20, 0.45, 0.10),
    "housing": (0.0, -0.15, -0.30, -0.60),
    "priority_quarter": (-0.25, 0.0),
    "online_account": (0.40, 0.0),
}
"""What each category adds to the log odds that a visit is by appointment."""

INTERCEPT = -1.05
CONCENTRATION = 1.5
"""a + b of the Beta law of a recipient's propensity: the visits of one recipient correlate by 1 / (1 + 1.5) = 0.4."""

DISPERSION = 0.8
"""Size parameter of the negative binomial law of visits: the smaller, the more repeat visitors."""

LOG_MEAN = 0.24
LOG_RATES: dict[str, tuple[float, ...]] = {
    "benefit": (0.30, -0.05, -0.10, 0.05, -0.05),
    "age_group": (-0.05, 0.0, 0.05, 0.05, -0.10),
    "online_account": (0.0, 0.15),
    "housing": (0.0, 0.0, 0.0, 0.15),
}
"""What each category adds to the logarithm of the mean number of visits, those who never come included."""

MISSING_RATE = 0.01
"""Share of recipients whose housing, and whose use of the online account, are not known."""

SLOT_MINUTES = 5
OPENING, LAST_ARRIVAL = 9 * 60, 16 * 60 + 30
"""Minutes after midnight: headquarters receives from 9 h to 16 h 30."""

FIXED_HOLIDAYS = ("01-01", "05-01", "05-08", "07-14", "08-15", "11-01", "11-11", "12-25")


@dataclass(frozen=True)
class _Laws:
    """What each recipient's profile implies, one row a recipient."""

    visits: Floats
    """P(M = m) for m = 1, 2, … working days (one visit a day at most)."""
    share: Floats
    """Mean propensity for appointments."""

    @property
    def expected_visits(self) -> Floats:
        return np.asarray(self.visits @ np.arange(1, self.visits.shape[1] + 1))


def make(
    edition: str, seed: int, people: int = 10_000, *, profiles_differ: bool = True, size: float = DISPERSION
) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Return the frames of one delivery, in codes, and the truth planted in them.

    Parameters
    ----------
    edition
        A quarter: « 2024-T4 ». Closed on weekends and fixed public holidays (the movable ones are ignored).
    seed
        The same seed gives the same delivery.
    people
        How many recipients come at least once.
    profiles_differ
        Whether profiles change the channel and the number of visits: without, every difference found is a false one.
    size
        Size parameter of the law of visits; infinite: Poisson, everybody comes as often.

    Returns
    -------
    frames
        `visits`, one row a visit, in order of time.
    truth
        `odds_ratios` by variable and category (of a visit being by appointment, in a model of exactly these variables;
        against the most frequent category in recipients); `rate_ratios`, the same of the mean number of visits, those
        who never come included; `dispersion`, the α of that number's negative binomial law given the profile;
        `share_of_visits_of_top_tenth`, expected; `share_appointment` and `share_appointment_by_age_group`, expected
        shares of visits; `share_by_route`, expected shares of recipients; `visits_per_recipient`, expected mean.
        Expected values are exact, given the profiles drawn; they count everyone, missing values included.

    Raises
    ------
    ValueError
        The edition is not a quarter.
    """
    days = working_days(edition)
    random = np.random.default_rng(seed)
    profiles = _profiles(random, people)
    laws = _laws(profiles, len(days), differ=profiles_differ, size=size)
    person, day = _days_of_visits(random, laws)
    propensity = random.beta(CONCENTRATION * laws.share, CONCENTRATION * (1 - laws.share))
    appointment = random.random(len(person)) < propensity[person]
    coded = {name: _codes(profiles[name], levels) for name, levels in LEVELS.items()}
    coded["quarter"] = _codes(profiles["quarter"], QUARTERS)
    for name in ("housing", "online_account"):
        coded[name][random.random(people) < MISSING_RATE] = np.nan
    visits = pd.DataFrame(
        {
            "recipient": _identifiers(random, people)[person],
            "visited_at": days[day] + pd.to_timedelta(_minutes(random, appointment), unit="min"),
            "channel": _codes(appointment.astype(np.int64), CHANNELS),
            "request": _codes(_requests(random, profiles["benefit"][person], appointment), REQUESTS),
            **{name: values[person] for name, values in coded.items()},
        }
    )
    visits = visits.sort_values(["visited_at", "recipient"], kind="stable", ignore_index=True)
    return {"visits": visits}, _truth(profiles, laws, differ=profiles_differ, size=size)


def working_days(edition: str) -> pd.DatetimeIndex:
    """Return the days of a quarter on which headquarters is open.

    >>> len(working_days("2024-T4"))
    63
    """
    year, _, quarter = edition.partition("-T")
    if not (len(year) == 4 and year.isdigit() and quarter in {"1", "2", "3", "4"}):
        raise ValueError(f"Édition attendue de la forme « 2024-T4 » (reçu : {edition}).")
    period = pd.Period(f"{year}Q{quarter}", freq="Q")
    days = pd.bdate_range(period.start_time.normalize(), period.end_time.normalize())
    return days[~days.strftime("%m-%d").isin(FIXED_HOLIDAYS)]


def _profiles(random: np.random.Generator, n: int) -> dict[str, Integers]:
    """Draw correlated profiles, as codes: quarter, then what depends on it, each given what is drawn before."""
    quarter = _draw(random, np.tile([7, 6, 5, 6, 10, 5, 6, 5, 5, 12, 11, 8, 14], (n, 1)))
    # Share of residents of each quarter who live in a priority quarter; none outside Rennes.
    priority = np.array([0, 0, 0, 0, 0.6, 0, 0, 0, 0.3, 0.55, 0.7, 0.35, 0])[quarter]
    priority_quarter = (random.random(n) >= priority).astype(np.int64)
    age = _draw(random, np.where((quarter == 0)[:, None], [26, 34, 22, 13, 5], [14, 33, 31, 16, 6]))
    by_age = np.array([[80, 12, 4, 4], [52, 12, 18, 18], [30, 6, 34, 30], [58, 16, 12, 14], [68, 26, 3, 3]])
    household = _draw(random, by_age[age])
    by_household = np.array([[30, 20, 32, 16, 2], [14, 30, 34, 18, 4], [16, 36, 14, 6, 28], [34, 26, 16, 6, 18]])
    older = np.array([[0.4, 1, 2, 0.7, 0.2], [1, 1, 1, 0.8, 1], [1, 1, 0.8, 1, 1.2], [1.2, 0.8, 1, 1.8, 0.5]])
    retired = np.array([[0.1, 0.1, 3, 1.2, 0.3]])
    benefit = _draw(random, by_household[household] * np.vstack([older, retired])[age])
    # A young owner is rare: few in any quarter, so that disclosure control has something to do.
    housing_by_age = np.array([[30, 50, 0.8, 19], [40, 42, 6, 12], [50, 28, 15, 7], [54, 20, 20, 6], [54, 14, 28, 4]])
    in_priority = np.where((priority_quarter == 0)[:, None], [2.5, 0.6, 0.4, 1], [0.8, 1, 1, 1])
    housing = _draw(random, housing_by_age[age] * in_priority)
    online = np.array([0.85, 0.80, 0.70, 0.52, 0.30])[age] - 0.12 * (priority_quarter == 0)
    return {
        "age_group": age,
        "household": household,
        "benefit": benefit,
        "housing": housing,
        "priority_quarter": priority_quarter,
        "online_account": (random.random(n) >= online).astype(np.int64),
        "quarter": quarter,
    }


def _laws(profiles: dict[str, Integers], most: int, *, differ: bool, size: float) -> _Laws:
    log_odds: Floats = np.full(len(profiles["age_group"]), INTERCEPT)
    log_mean: Floats = np.full(len(profiles["age_group"]), LOG_MEAN)
    for name in LEVELS if differ else ():
        log_odds = log_odds + np.take(LOG_ODDS[name], profiles[name])
        log_mean = log_mean + np.take(_log_rates(name), profiles[name])
    return _Laws(visits=_truncated_negative_binomial(np.exp(log_mean), most, size), share=special.expit(log_odds))


def _log_rates(name: str) -> tuple[float, ...]:
    return LOG_RATES.get(name, (0.0,) * len(LEVELS[name]))


def _truncated_negative_binomial(mean: Floats, most: int, size: float) -> Floats:
    """Return P(M = m), m = 1 … most, of the law of that mean before truncation (people × most)."""
    m = np.arange(1, most + 1)
    if np.isinf(size):
        log_weight = m * np.log(mean)[:, None] - special.gammaln(m + 1)
    else:
        log_weight = special.gammaln(m + size) - special.gammaln(m + 1) + m * np.log(mean / (mean + size))[:, None]
    weight = np.exp(log_weight)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def _days_of_visits(random: np.random.Generator, laws: _Laws) -> tuple[Integers, Integers]:
    """Return the recipient and the day of each visit: a recipient's days all differ."""
    n, most = laws.visits.shape
    number = 1 + (random.random((n, 1)) > laws.visits.cumsum(axis=1)[:, :-1]).sum(axis=1)
    shuffled = random.permuted(np.tile(np.arange(most), (n, 1)), axis=1)
    chosen = np.arange(most) < number[:, None]
    return np.repeat(np.arange(n), number), shuffled[chosen]


def _requests(random: np.random.Generator, benefit: Integers, appointment: NDArray[np.bool_]) -> Integers:
    """Draw requests: mostly about one's own benefit; appointments more on overpayments, less on online help."""
    own = np.array([[6, 1, 1, 0.5], [1, 6, 1, 0.5], [0.5, 1, 6, 0.5], [1, 1, 2, 0.5], [0.5, 1, 1, 6]])
    others = np.where(appointment[:, None], [2.5, 2.5, 0.5, 1.0], [2.0, 0.8, 2.0, 1.2])
    return _draw(random, np.column_stack([own[benefit], others]))


def _minutes(random: np.random.Generator, appointment: NDArray[np.bool_]) -> Integers:
    """Draw arrivals, in minutes after midnight; appointments are on the half-hour."""
    slot = np.where(appointment, 30, SLOT_MINUTES)
    return np.asarray(OPENING + slot * random.integers(0, (LAST_ARRIVAL - OPENING) // slot + 1), dtype=np.int64)


def _identifiers(random: np.random.Generator, n: int) -> NDArray[np.object_]:
    numbers = random.choice(10_000_000, size=n, replace=False)
    return np.array([f"DEMO{number:07d}" for number in numbers], dtype=object)


def _draw(random: np.random.Generator, weights: NDArray[Any]) -> Integers:
    """Draw one category a row, with these weights (rows × categories)."""
    limits = np.cumsum(weights, axis=1, dtype=float)
    return np.asarray((random.random(len(weights))[:, None] * limits[:, -1:] >= limits).sum(axis=1), dtype=np.int64)


def _codes(values: Integers, levels: tuple[str, ...]) -> Any:
    return pd.Categorical.from_codes(values.tolist(), categories=pd.Index(levels))


def _truth(profiles: dict[str, Integers], laws: _Laws, *, differ: bool, size: float) -> dict[str, Any]:
    visits = laws.expected_visits
    ages = profiles["age_group"]
    weight = np.bincount(ages, weights=visits, minlength=len(AGES))
    by_age = np.bincount(ages, weights=visits * laws.share, minlength=len(AGES)) / weight
    return {
        "odds_ratios": {name: _ratios(LOG_ODDS[name], name, profiles[name], differ=differ) for name in LEVELS},
        "rate_ratios": {name: _ratios(_log_rates(name), name, profiles[name], differ=differ) for name in LEVELS},
        "dispersion": 1 / size,
        "share_of_visits_of_top_tenth": _share_of_top(laws, 0.1),
        "share_appointment": float(visits @ laws.share / visits.sum()),
        "share_appointment_by_age_group": dict(zip(AGES, by_age.tolist(), strict=True)),
        "share_by_route": _share_by_route(laws),
        "visits_per_recipient": float(visits.mean()),
    }


def _ratios(added: tuple[float, ...], name: str, codes: Integers, *, differ: bool) -> dict[str, float]:
    """Return what each category multiplies by, against the most frequent one, from what it adds to a logarithm."""
    logarithms = np.array(added) * differ
    reference = int(np.bincount(codes, minlength=len(added)).argmax())
    return dict(zip(LEVELS[name], np.exp(logarithms - logarithms[reference]).tolist(), strict=True))


def _share_of_top(laws: _Laws, share: float) -> float:
    """Return the expected share of the visits that those who come most often make, this share of the people."""
    law = laws.visits.mean(axis=0)[::-1]
    number = np.arange(len(law), 0, -1)
    inside = np.clip(share - (np.cumsum(law) - law), 0, law)
    return float((inside * number).sum() / (law * number).sum())


def _share_by_route(laws: _Laws) -> dict[str, float]:
    """Sum the beta-binomial probabilities of none, or all, of m visits by appointment over the law of m."""
    appointment, walk_in = CONCENTRATION * laws.share, CONCENTRATION * (1 - laws.share)
    walk_in_only = (laws.visits * _all_alike(walk_in, laws.visits.shape[1])).sum(axis=1).mean()
    appointment_only = (laws.visits * _all_alike(appointment, laws.visits.shape[1])).sum(axis=1).mean()
    return {
        "walk_in_only": float(walk_in_only),
        "appointment_only": float(appointment_only),
        "both": float(1 - walk_in_only - appointment_only),
    }


def _all_alike(own: Floats, most: int) -> Floats:
    """Return P(m visits out of m are of one channel), m = 1 … most: ∏ (own + j) / (a + b + j), j = 0 … m − 1."""
    j = np.arange(most)
    return np.asarray(np.cumprod((own[:, None] + j) / (CONCENTRATION + j), axis=1))
