"""Who is in the territory of the demo: profiles, what each implies, and who comes to headquarters.

Visitors' profiles are drawn first; those who never come are then drawn from the same law, thinned, so that a recipient
of each profile comes with the probability that is planted.
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
"""What each category adds to the logarithm of the mean number of visits of those who use headquarters."""

LOG_REACH: dict[str, tuple[float, ...]] = {
    "benefit": (0.25, -0.05, -0.10, 0.15, -0.05),
    "age_group": (0.05, 0.0, 0.0, 0.05, -0.15),
    "household": (0.0, -0.05, 0.0, 0.15),
    "online_account": (0.0, 0.15),
    "housing": (0.0, 0.0, -0.20, 0.20),
    "priority_quarter": (0.10, 0.0),
}
"""What each category adds to the logarithm of the share of recipients who use headquarters at all: the others write,
call, or do all online, and would not come however long the period."""

A_VISITOR = 6
"""Recipients of the territory for each who comes."""

PART_OF_PERIOD = 0.10
"""Share of the territory whose right opened, or ended, in the period, on any of its days: they use headquarters in
proportion of their days of right."""


@dataclass(frozen=True)
class Laws:
    """What each profile implies, one row a profile."""

    visits: Floats
    """P(M = m) for m = 1, 2, … working days (one visit a day at most), among those who come."""
    share: Floats
    """Mean propensity for appointments."""
    reach: Floats
    """Probability to come at least once with a right all along, but for a factor that all share."""
    mean: Floats
    """Mean number of visits, those who do not come included, but for that factor."""

    @property
    def expected_visits(self) -> Floats:
        return np.asarray(self.visits @ np.arange(1, self.visits.shape[1] + 1))


def draw_profiles(random: np.random.Generator, n: int) -> dict[str, Integers]:
    """Draw correlated profiles, as codes: quarter, then what depends on it, each given what is drawn before."""
    quarter = draw(random, np.tile([7, 6, 5, 6, 10, 5, 6, 5, 5, 12, 11, 8, 14], (n, 1)))
    # Share of residents of each quarter who live in a priority quarter; none outside Rennes.
    priority = np.array([0, 0, 0, 0, 0.6, 0, 0, 0, 0.3, 0.55, 0.7, 0.35, 0])[quarter]
    priority_quarter = (random.random(n) >= priority).astype(np.int64)
    age = draw(random, np.where((quarter == 0)[:, None], [26, 34, 22, 13, 5], [14, 33, 31, 16, 6]))
    by_age = np.array([[80, 12, 4, 4], [52, 12, 18, 18], [30, 6, 34, 30], [58, 16, 12, 14], [68, 26, 3, 3]])
    household = draw(random, by_age[age])
    by_household = np.array([[30, 20, 32, 16, 2], [14, 30, 34, 18, 4], [16, 36, 14, 6, 28], [34, 26, 16, 6, 18]])
    older = np.array([[0.4, 1, 2, 0.7, 0.2], [1, 1, 1, 0.8, 1], [1, 1, 0.8, 1, 1.2], [1.2, 0.8, 1, 1.8, 0.5]])
    retired = np.array([[0.1, 0.1, 3, 1.2, 0.3]])
    benefit = draw(random, by_household[household] * np.vstack([older, retired])[age])
    # A young owner is rare: few in any quarter, so that disclosure control has something to do.
    housing_by_age = np.array([[30, 50, 0.8, 19], [40, 42, 6, 12], [50, 28, 15, 7], [54, 20, 20, 6], [54, 14, 28, 4]])
    in_priority = np.where((priority_quarter == 0)[:, None], [2.5, 0.6, 0.4, 1], [0.8, 1, 1, 1])
    housing = draw(random, housing_by_age[age] * in_priority)
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


def laws_of(profiles: dict[str, Integers], most: int, *, differ: bool, size: float) -> Laws:
    """Return what profiles imply, over at most so many visits."""
    n = len(profiles["age_group"])
    log_odds: Floats = np.full(n, INTERCEPT)
    log_mean: Floats = np.full(n, LOG_MEAN)
    log_reach: Floats = np.zeros(n)
    for name in LEVELS if differ else ():
        log_odds = log_odds + np.take(LOG_ODDS[name], profiles[name])
        log_mean = log_mean + np.take(added(LOG_RATES, name), profiles[name])
        log_reach = log_reach + np.take(added(LOG_REACH, name), profiles[name])
    mean = np.exp(log_mean)
    none = np.exp(-mean) if np.isinf(size) else (size / (size + mean)) ** size
    return Laws(
        visits=_truncated_negative_binomial(mean, most, size),
        share=special.expit(log_odds),
        reach=np.exp(log_reach) * (1 - none),
        mean=np.exp(log_reach) * mean,
    )


def added(effects: dict[str, tuple[float, ...]], name: str) -> tuple[float, ...]:
    """Return what each category of a variable adds."""
    return effects.get(name, (0.0,) * len(LEVELS[name]))


def _truncated_negative_binomial(mean: Floats, most: int, size: float) -> Floats:
    """Return P(M = m), m = 1 … most, of the law of that mean before truncation (people × most)."""
    m = np.arange(1, most + 1)
    if np.isinf(size):
        log_weight = m * np.log(mean)[:, None] - special.gammaln(m + 1)
    else:
        log_weight = special.gammaln(m + size) - special.gammaln(m + 1) + m * np.log(mean / (mean + size))[:, None]
    weight = np.exp(log_weight)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class Others:
    """Recipients who did not come."""

    profiles: dict[str, Integers]
    days: Integers
    """Of right, in the period."""


def draw_others(random: np.random.Generator, n: int, reach: float, length: int, *, differ: bool, size: float) -> Others:
    """Draw those who do not come: the visitors' law, kept with (1 − P(come)) / P(come), P(come) = reach × its law.

    `length` is that of the period, in days.
    """
    kept: list[dict[str, Integers]] = []
    days: list[Integers] = []
    found = 0
    while found < n:
        candidates = draw_profiles(random, 2 * n)
        exposure = _days_of_right(random, 2 * n, length)
        chance = reach * laws_of(candidates, 1, differ=differ, size=size).reach
        odds = (1 - chance * exposure / length) / chance
        stays = random.random(2 * n) * odds.max() < odds
        kept.append({name: values[stays] for name, values in candidates.items()})
        days.append(exposure[stays])
        found += int(stays.sum())
    profiles = {name: np.concatenate([each[name] for each in kept])[:n] for name in kept[0]}
    return Others(profiles, np.concatenate(days)[:n])


def days_of_visitors(random: np.random.Generator, n: int, length: int) -> Integers:
    """Draw days of right of those who come: the territory's law, in proportion to the days."""
    days = np.arange(1, length + 1)
    part = PART_OF_PERIOD / length
    weight = np.where(days == length, 1 - PART_OF_PERIOD + part, part) * days
    return np.asarray(random.choice(days, size=n, p=weight / weight.sum()), dtype=np.int64)


def mean_exposure(length: int) -> float:
    """Return the mean share of the period over which a recipient of the territory has a right."""
    return 1 - PART_OF_PERIOD + PART_OF_PERIOD * (length + 1) / 2 / length


def _days_of_right(random: np.random.Generator, n: int, length: int) -> Integers:
    part = random.integers(1, length + 1, size=n)
    return np.where(random.random(n) < PART_OF_PERIOD, part, length).astype(np.int64)


def draw(random: np.random.Generator, weights: NDArray[Any]) -> Integers:
    """Draw one category a row, with these weights (rows × categories)."""
    limits = np.cumsum(weights, axis=1, dtype=float)
    return np.asarray((random.random(len(weights))[:, None] * limits[:, -1:] >= limits).sum(axis=1), dtype=np.int64)


def coded(values: Integers, levels: tuple[str, ...]) -> Any:
    """Return codes as a categorical; −1 is missing."""
    return pd.Categorical.from_codes(values.tolist(), categories=pd.Index(levels))
