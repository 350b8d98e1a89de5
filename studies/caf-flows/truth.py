"""What the demo plants: the expected value of each figure, exact given how many recipients have each profile."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from .beside import LOOK_BACK, MISSED_ALONE, MISSED_BESIDE, ONLINE_FIRST, PHONE_AFTER
from .desk import LAST_ARRIVAL, NOON, OPENING, SLOT_MINUTES, UNSETTLED, gives_up, request_law
from .people import AGES, CONCENTRATION, LEVELS, LOG_ODDS, LOG_RATES, LOG_REACH, Floats, Integers, Laws, added, laws_of

SIZES = tuple(len(levels) for levels in LEVELS.values())
GRID: dict[str, Integers] = dict(zip(LEVELS, np.array(list(product(*map(range, SIZES)))).T, strict=True))
"""Every profile, as codes by variable."""

WITHIN = ("age_group", "household")
"""What a standardised comparison holds equal."""

REPEATED_WITHIN = (7, 14, 30)
"""Days within which the same request again is counted."""

_POINTS = 12
"""Of the quadrature over a recipient's propensity for appointments: exact for polynomials of twice that degree."""


def cells_of(profiles: dict[str, Integers]) -> Integers:
    """Return how many have each profile of the grid."""
    place = np.ravel_multi_index(tuple(profiles[name] for name in LEVELS), SIZES)
    return np.bincount(place, minlength=int(np.prod(SIZES))).astype(np.int64)


@dataclass
class Counted:
    """How many have each profile of the grid; blocks add up."""

    visitors: Integers
    """Who come, those who are not recipients yet among them."""
    known: Integers
    """Those of them who are recipients."""
    territory: Integers
    """All recipients."""

    def __iadd__(self, other: Counted) -> Self:
        self.visitors = self.visitors + other.visitors
        self.known = self.known + other.known
        self.territory = self.territory + other.territory
        return self


def truth_of(counted: Counted, days: pd.DatetimeIndex, *, differ: bool, size: float) -> dict[str, Any]:
    """Return the truth, as `demo.make` describes it."""
    laws = laws_of(GRID, len(days), differ=differ, size=size)
    visitors, known = counted.visitors, counted.known
    visits = laws.expected_visits
    by_age = [
        float(np.average(laws.share[here], weights=(known * visits)[here]))
        for here in (GRID["age_group"] == code for code in range(len(AGES)))
    ]
    appointment_only, walk_in_only = (_all_alike(laws, own) for own in (laws.share, 1 - laws.share))
    each = {"walk_in_only": walk_in_only, "appointment_only": appointment_only}
    routes = {name: float(np.average(share, weights=visitors)) for name, share in each.items()}
    reach = {
        "walk_in": laws.reach * (1 - appointment_only),
        "appointment": laws.reach * (1 - walk_in_only),
        "__total__": laws.reach,
    }
    return {
        "odds_ratios": {name: _ratios(LOG_ODDS[name], name, visitors, differ=differ) for name in LEVELS},
        "rate_ratios": {name: _ratios(added(LOG_RATES, name), name, visitors, differ=differ) for name in LEVELS},
        "rate_ratios_with_zeros": {
            name: _ratios(_of_all(name), name, counted.territory, differ=differ) for name in LEVELS
        },
        "dispersion": 1 / size,
        "dispersion_with_zeros": _dispersion_with_zeros(counted, laws),
        "share_of_visits_of_top_tenth": _share_of_top(visitors @ laws.visits / visitors.sum(), 0.1),
        "share_appointment": float(np.average(laws.share, weights=visitors * visits)),
        "share_appointment_by_age_group": dict(zip(AGES, by_age, strict=True)),
        "share_by_route": {**routes, "both": 1 - sum(routes.values())},
        "visits_per_recipient": float(np.average(visits, weights=visitors)),
        "representation": {name: _by_category(name, counted.territory, reach, ()) for name in LEVELS},
        "representation_standardised": {name: _by_category(name, counted.territory, reach, WITHIN) for name in LEVELS},
        "share_same_request_within": {
            str(k): share for k, share in _repeated(visitors, laws, days, REPEATED_WITHIN).items()
        },
        "share_gave_up_at_the_desk": UNSETTLED
        * float(gives_up(np.arange(OPENING, LAST_ARRIVAL + 1, SLOT_MINUTES)).mean()),
        "gave_up_most_between": list(NOON),
        "share_by_contacts_before": _contacts_before(visitors, laws, days),
        "share_missed": _share_missed(counted, laws),
    }


def _of_all(name: str) -> tuple[float, ...]:
    return tuple(rate + reach for rate, reach in zip(added(LOG_RATES, name), added(LOG_REACH, name), strict=True))


def _ratios(effects: tuple[float, ...], name: str, people: Integers, *, differ: bool) -> dict[str, float]:
    """Return what each category multiplies by, against the most frequent one, from what it adds to a logarithm."""
    logarithms = np.array(effects) * differ
    reference = int(np.bincount(GRID[name], weights=people, minlength=len(effects)).argmax())
    return dict(zip(LEVELS[name], np.exp(logarithms - logarithms[reference]).tolist(), strict=True))


def _share_of_top(law: Floats, share: float) -> float:
    """Return the expected share of the visits that those who come most often make, this share of the people."""
    law, number = law[::-1], np.arange(len(law), 0, -1)
    inside = np.clip(share - (np.cumsum(law) - law), 0, law)
    return float((inside * number).sum() / (law * number).sum())


def _all_alike(laws: Laws, own: Floats) -> Floats:
    """Return, by profile, the share of visitors all of whose visits are of one channel: beta-binomial, over the visits.

    P(all of m) = ∏ (a + j) / (a + b + j), j = 0 … m − 1.
    """
    j = np.arange(laws.visits.shape[1])
    alike = np.cumprod((CONCENTRATION * own[:, None] + j) / (CONCENTRATION + j), axis=1)
    return np.asarray((laws.visits * alike).sum(axis=1))


def _dispersion_with_zeros(counted: Counted, laws: Laws) -> float:
    """Return α of the negative binomial law nearest to that of all recipients, zeros included (Kullback–Leibler).

    Those who never would come make it no negative binomial law: this is what maximum likelihood tends to.
    """
    come = counted.known.sum() / counted.territory.sum()
    law = counted.territory * laws.reach @ laws.visits / (counted.territory @ laws.reach) * come
    m = np.arange(len(law) + 1)
    law = np.append(1 - come, law)
    mean = float(law @ m)

    def lost(log_alpha: float) -> float:
        return -float(law @ stats.nbinom.logpmf(m, np.exp(-log_alpha), 1 / (1 + mean * np.exp(log_alpha))))

    return float(np.exp(optimize.minimize_scalar(lost, bounds=(-6, 6), method="bounded").x))


def _by_category(
    name: str, territory: Integers, reach: dict[str, Floats], within: tuple[str, ...]
) -> dict[str, dict[str, float]]:
    """Return, by category and channel, those who come over those who would at the rates of their strata.

    Without strata: share among who comes over share in the territory.
    """
    strata = np.zeros(len(territory), dtype=np.int64)
    for each in within:
        if each != name:
            strata = strata * len(LEVELS[each]) + GRID[each]
    found: dict[str, dict[str, float]] = {}
    for code, category in enumerate(LEVELS[name]):
        here = GRID[name] == code
        found[category] = {}
        for channel, chance in reach.items():
            rate = np.bincount(strata, weights=territory * chance) / np.bincount(strata, weights=territory).clip(1e-9)
            come, expected = (territory * chance)[here].sum(), (territory * rate[strata])[here].sum()
            found[category][channel] = float(come / expected)
    return found


def _repeated(visitors: Integers, laws: Laws, days: pd.DatetimeIndex, within: tuple[int, ...]) -> dict[int, float]:
    """Return, by k, the share of visits that the same recipient follows by one about the same request within k days.

    Of visits at least k days before the end of the period: of others it cannot be said. A recipient's visits stand on
    days drawn without order; the n − th of them in the window may repeat the request because the one before settled
    nothing, or by chance.
    """
    again = _by_number_in_window(laws, laws.visits.shape[1])
    m = np.arange(1, len(days) + 1)
    end = days[-1].to_period("Q").end_time.normalize()
    found = {}
    for k in within:
        after = np.array([((days > day) & (days <= day + pd.Timedelta(days=k))).sum() for day in days])
        after = after[days + pd.Timedelta(days=k) <= end]
        size, many = np.unique(after, return_counts=True)
        ways = stats.hypergeom.pmf(m[:, None, None] - 1, len(days) - 1, size[None, :, None], (m - 1)[None, None, :])
        in_window = np.einsum("nsm,s->mn", ways, many / many.sum())  # visits × how many others of them in the window
        repeated = ((laws.visits * m) @ in_window * again).sum(axis=1)
        found[k] = float(np.average(repeated, weights=visitors) / np.average(laws.expected_visits, weights=visitors))
    return found


def _by_number_in_window(laws: Laws, most: int) -> Floats:
    """Return, by profile and number of later visits in a window (0, 1 …), P(one is about the same request)."""
    shares, place = np.unique(np.column_stack([GRID["benefit"], laws.share]), axis=0, return_inverse=True)
    found = np.empty((len(shares), most))
    n = np.arange(most)
    for row, (benefit, share) in enumerate(shares):
        a, b = CONCENTRATION * share, CONCENTRATION * (1 - share)
        points, weights = special.roots_jacobi(_POINTS, b - 1, a - 1)
        p = (1 + points[:, None]) / 2
        desk, appointment = (request_law(np.array([int(benefit)]), channel) for channel in (0, 1))
        law = p * appointment + (1 - p) * desk  # points × requests
        other = (1 - UNSETTLED) * (1 - law)
        none = np.where(n > 0, other[..., None] * (UNSETTLED + other[..., None]) ** (n - 1.0).clip(0), 1.0)
        found[row] = 1 - np.einsum("p,pr,prn->n", weights / weights.sum(), law, none)
    return found[place.ravel()]


def _contacts_before(visitors: Integers, laws: Laws, days: pd.DatetimeIndex) -> dict[str, float]:
    """Return, of those whose first visit is late enough for it to be seen, the share by contacts before that visit."""
    late = int((days >= days[0].to_period("Q").start_time + pd.Timedelta(days=LOOK_BACK + 1)).sum())
    m = np.arange(1, len(days) + 1)
    all_late = special.binom(late, m) / special.binom(len(days), m)
    weight = visitors * (laws.visits @ all_late)
    online = np.take(ONLINE_FIRST, GRID["online_account"])
    shares = {
        "none": (1 - online) * (1 - PHONE_AFTER[0]),
        "phone": (1 - online) * PHONE_AFTER[0],
        "online": online * (1 - PHONE_AFTER[1]),
        "online_then_phone": online * PHONE_AFTER[1],
    }
    return {name: float(np.average(each, weights=weight)) for name, each in shares.items()}


def _share_missed(counted: Counted, laws: Laws) -> float:
    held = float(counted.visitors @ (laws.expected_visits * laws.share))
    missed = MISSED_BESIDE * held + MISSED_ALONE * float(counted.territory.sum() - counted.known.sum())
    return missed / (held + missed)
