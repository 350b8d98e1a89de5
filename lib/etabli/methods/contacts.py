"""Who comes again: people by their number of visits, against chance; what a visit more depends on; who weighs most.

No threshold makes a « repeat visitor » here: the whole law of the number of visits is looked at. Who never came is not
in a file of visits, so that the laws are those without zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import sparse, special

from etabli.errors import MethodError
from etabli.memo import pure
from etabli.methods.association import adjust
from etabli.methods.clusters import Floats, complete_rows, encode
from etabli.methods.counts import CountFit, fit_counts
from etabli.methods.effects import ratios, wald
from etabli.methods.estimable import estimable
from etabli.methods.intervals import LEVEL
from etabli.methods.logit import factors
from etabli.methods.membership import mark_derived, membership_of, population_of
from etabli.methods.profiles import distribution
from etabli.methods.results import PEOPLE, TOTAL, Dimension, Measure, Missing, Table, Test
from etabli.methods.routes import NUMBERS

OVERDISPERSION = "test du rapport de vraisemblance de la loi de Poisson contre la loi binomiale négative"

REGULAR = (
    "Les nombres de visites diffèrent même moins d’une personne à l’autre que le hasard ne le ferait"
    "\u00a0; ce test, qui ne cherche que le contraire, n’en dit rien."
)
"""What is beside the test where people come more alike than Poisson's law has it, at 5 %, one-sided."""

_ONE_SIDED = 1.645

DECILES = tuple(f"top_{10 * tenth}" for tenth in range(1, 10))
"""Those who came most often: the first tenth of the people, the first two tenths…"""

_RESAMPLES, _SEED = 999, 20_241
_FEWEST_OF_CATEGORY = 10
"""People of a category that has a rate ratio: of fewer, intervals miss too often (benchmarks/small_groups.py)."""

_FEWEST = 100
"""People under whom no law of the number of visits is fitted, and no tenth looked at: they would rest on a few."""


@pure
def against_chance(people: pd.DataFrame, *, person: str = "recipient") -> Table:
    """Return people by number of visits, and how many two laws expect: what chance alone would make, and what it lacks.

    Poisson: everybody comes as often as anybody else, one visit being independent of the next. Negative binomial (NB2):
    people come unequally often. Both without zero, fitted by maximum likelihood to all people.

    Parameters
    ----------
    people
        As `routes.people_by_route` makes them: one row a person, with `visits` and `number`.

    Returns
    -------
    Table
        By `number`. Measures: `people`, `share` (of people, with its interval), `expected_poisson` and
        `expected_negative_binomial` (people). Test: the likelihood ratio of both laws, its p-value half that of χ² with
        one degree, since no dispersion is the least one there can be; a note says where numbers are under-dispersed.
        With fewer than 100 people, or when nobody came twice, no law is fitted: the expected numbers are missing and
        there is no test.

    References
    ----------
    Cameron and Trivedi (2013), Regression Analysis of Count Data, sections 3.4 and 4.3; Self and Liang (1987), Journal
    of the American Statistical Association 82, 605–610.
    """
    table = distribution(people, "number", person=person)
    visits = people["visits"].to_numpy(dtype=float)
    known = people[person].notna().to_numpy()
    cells = table.cells.assign(expected_poisson=np.nan, expected_negative_binomial=np.nan, everyone=int(known.sum()))
    tests: tuple[Test, ...] = ()
    if known.sum() >= _FEWEST and visits[known].max() > 1:
        laws = laws_of(visits[known])
        for name, law in zip(("expected_poisson", "expected_negative_binomial"), laws, strict=True):
            cells[name] = _expected(law, int(known.sum()), cells["number"])
        tests = (_overdispersion(*laws, visits[known]),)
    own = [measure for measure in table.measures if measure.name in {PEOPLE, "share"}]
    expected = [
        Measure(name, "expected", unit="people", base="everyone", states_people=False)
        for name in ("expected_poisson", "expected_negative_binomial")
    ]
    return replace(table, cells=cells, measures=(*own, *expected), tests=tests)


def laws_of(visits: Floats) -> tuple[CountFit, CountFit]:
    """Return the Poisson and the negative binomial law, without zero, of numbers of visits (people,)."""
    constant = np.ones((len(visits), 1))
    poisson = fit_counts(visits, constant, dispersed=False, truncated=True)
    return poisson, fit_counts(visits, constant, dispersed=True, truncated=True)


def _expected(law: CountFit, people: int, numbers: pd.Series) -> list[float]:
    first = np.arange(1, len(NUMBERS), dtype=np.int64)
    each = law.probabilities(np.exp(law.coefficients[:1]), first)[0]
    by_number = dict(zip(NUMBERS, [*each, 1 - each.sum()], strict=True))
    return [people * by_number.get(code, 1.0 if code == TOTAL else 0.0) for code in numbers.astype(str)]


def _overdispersion(poisson: CountFit, negative_binomial: CountFit, visits: Floats) -> Test:
    statistic = max(0.0, 2 * (negative_binomial.log_likelihood - poisson.log_likelihood))
    _, departure = poisson.dispersion_of(visits, float(np.exp(poisson.coefficients[0])))
    note = REGULAR if departure < -_ONE_SIDED else None
    return Test(OVERDISPERSION, statistic, (1.0,), float(special.chdtrc(1.0, statistic)) / 2, len(visits), note=note)


@pure
def rate_ratios(people: pd.DataFrame, *, on: Sequence[str], person: str = "recipient") -> Table:
    """Return by how much each category multiplies the number of visits, the other characteristics being equal.

    Negative binomial regression without zero, log μ = α + Σ β, on categorical variables, a person a row; μ counts those
    who did not come too, as far as they are like those who did. The reference is each variable's most frequent
    category. Sandwich variance as if each person were left out in turn, bounds exp(β ± t · se) with the degrees of
    freedom of each coefficient (`counts.CountFit`); one joint Wald test a variable (F), adjusted together (Holm).

    Parameters
    ----------
    people
        As `routes.people_by_route` makes them, with the variables of `on` among those kept.

    Returns
    -------
    Table
        By `variable` and `category` (neither adds up). Measure: `rate_ratio`, with bounds. Column `reference` flags the
        references: 1 by construction, without bounds. People with a missing value are left out, and counted in
        `missing`. So are those of a category of fewer than ten, or in which all came as often, which has no ratio; but
        nothing counts them: beside a mask, that would tell how many they are. The people of a test are those whose
        answers are known.

    Raises
    ------
    MethodError
        A column does not exist, no variable has two categories to compare, a variable follows from the others, or the
        estimate does not converge.
    """
    return fitted_ratios(people, people, on=on, person=person, truncated=True)


def fitted_ratios(
    people: pd.DataFrame,
    exposed: pd.DataFrame,
    *,
    on: Sequence[str],
    person: str,
    truncated: bool,
    offset: pd.Series | None = None,
) -> Table:
    """Return the rate ratios of a negative binomial regression, a person a row.

    Parameters
    ----------
    people, exposed
        Everybody, and those of them who could come.
    on, person
        As in `rate_ratios`.
    truncated
        Whether who did not come is not there.
    offset
        log of the exposure of each of `exposed`; None: the same for all.
    """
    shift = pd.Series(0.0, index=exposed.index) if offset is None else offset
    complete, _ = complete_rows(exposed, tuple(on), person)
    known = exposed.loc[complete].reset_index(drop=True)
    shift = shift.loc[complete].reset_index(drop=True)
    visits = known["visits"].to_numpy(dtype=float)
    part = estimable(known, on, visits, np.arange(len(known)), fewest=_FEWEST_OF_CATEGORY)
    variables = factors(part.frame, part.on, np.arange(len(part.frame)))
    columns = [(each.coded.codes == code).astype(float) for each in variables for code in each.others]
    design = np.column_stack([np.ones(len(part.frame)), *columns])
    fit = fit_counts(
        part.frame["visits"].to_numpy(dtype=float),
        design,
        dispersed=True,
        truncated=truncated,
        offset=None if offset is None else np.asarray(shift.loc[part.frame.index], dtype=np.float64),
    )
    estimated = pd.concat([ratios(each, fit, "rate_ratio") for each in variables], ignore_index=True)
    whole = estimated.set_index(["variable", "category"]).reindex(pd.MultiIndex.from_tuples(part.levels))
    whole.index.names = ["variable", "category"]
    came = (known["visits"] > 0).to_numpy()
    standing = [_standing(known, name)[came] for name in dict.fromkeys(name for name, _ in part.levels)]
    members = membership_of(known.loc[came, person].to_numpy(), sparse.hstack(standing))
    cells = whole.assign(people=members.distinct, reference=whole["reference"].eq(other=True)).reset_index()
    left = len(people) - len(known)
    missing = Missing(left, left, len(people), of_people=True) if left else None
    population = population_of(people)
    told = people
    if truncated:  # by their visits, of which few must not make most
        told = people.loc[people.index.repeat(people["visits"])].reset_index(drop=True)
        told = mark_derived(told, people, {}, one_each=False)
    return Table(
        cells,
        (Dimension("variable", additive=False), Dimension("category", additive=False)),
        (Measure("rate_ratio", "ratio", low="rate_ratio_low", high="rate_ratio_high", states_people=False),),
        tests=adjust([wald(each, fit, None if missing else len(known)) for each in variables]),
        missing=missing,
        held=dict(population.held),
        source=population.source,
        membership=members,
        rests_on=tuple(distribution(told, name, person=person) for name in on),
    )


def _standing(people: pd.DataFrame, name: str) -> sparse.csr_array:
    """Return people × categories: 1 where a person has one."""
    coded = encode(people, name)
    entries = (np.ones(len(people), dtype=np.int64), (np.arange(len(people)), coded.codes))
    return sparse.csr_array(sparse.coo_array(entries, shape=(len(people), len(coded.levels))))


@pure
def concentration(people: pd.DataFrame, *, person: str = "recipient") -> Table:
    """Return which share of the visits those who came most often made: the first tenth of the people, two tenths, …

    The points of a Lorenz curve. Intervals: bootstrap over people, 999 draws, percentiles.

    Parameters
    ----------
    people
        As `routes.people_by_route` makes them.

    Returns
    -------
    Table
        By `top` (`top_10`: the tenth who came most often, … `top_90`). Measure: `share_of_visits`, a fraction, with
        bounds; missing with fewer than 100 people. `people` is a tenth of the people: what two successive points differ
        by, on which each rests.

    Raises
    ------
    MethodError
        Nobody is there.

    Examples
    --------
    >>> people = pd.DataFrame({"recipient": range(100), "visits": [11] * 10 + [1] * 90})
    >>> concentration(people).value("share_of_visits", top="top_10").number
    0.55
    """
    known = people.loc[people[person].notna()]
    visits = known["visits"].to_numpy(dtype=np.int64)
    if not len(visits):
        raise MethodError("Personne n’est venu : il n’y a pas de visites à répartir.")
    numbers, how_many = np.unique(visits, return_counts=True)
    drawn = np.random.default_rng(_SEED).multinomial(len(visits), how_many / len(visits), size=_RESAMPLES)
    low, high = np.quantile(_lorenz(numbers, drawn), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    tenth = len(visits) // 10
    share = _lorenz(numbers, how_many[None, :])[0]
    unknown = np.full(len(DECILES), np.nan)
    if len(visits) < _FEWEST:
        share, low, high = unknown, unknown, unknown
    elif visits.min() == visits.max():  # no spread was met
        low, high = unknown, unknown
    cells = pd.DataFrame(
        {
            "top": DECILES,
            "share_of_visits": share,
            "share_of_visits_low": low,
            "share_of_visits_high": high,
            "everyone": len(visits),
            PEOPLE: tenth,
        }
    )
    order = np.lexsort((known[person].astype(str).to_numpy(), -visits))
    place = np.empty(len(visits), dtype=np.int64)
    place[order] = np.arange(len(visits))
    among = np.column_stack([(place >= tenth * each) & (place < tenth * (each + 1)) for each in range(len(DECILES))])
    population = population_of(people)
    share_of_visits = Measure(
        "share_of_visits",
        "share",
        low="share_of_visits_low",
        high="share_of_visits_high",
        base="everyone",
        states_people=False,
    )
    return Table(
        cells,
        (Dimension("top", additive=False),),
        (share_of_visits,),
        held=dict(population.held),
        source=population.source,
        membership=membership_of(known[person].to_numpy(), sparse.csc_array(among.astype(np.int64))),
    )


def _lorenz(numbers: np.ndarray, how_many: np.ndarray) -> Floats:
    """Return the share of visits of the first tenths (draws × deciles).

    `numbers` are those of visits, rising; `how_many` people have each (draws × numbers).
    """
    most_first = how_many[:, ::-1].astype(float)
    values = numbers[::-1].astype(float)
    people = np.cumsum(most_first, axis=1)
    visits = np.cumsum(most_first * values, axis=1)
    found = np.empty((len(how_many), len(DECILES)))
    for place in range(len(DECILES)):
        wanted = people[:, -1:] * (place + 1) / 10
        step = (people < wanted).sum(axis=1, keepdims=True).clip(max=len(values) - 1)
        before = np.where(step > 0, np.take_along_axis(people, np.maximum(step - 1, 0), axis=1), 0.0)
        made = np.where(step > 0, np.take_along_axis(visits, np.maximum(step - 1, 0), axis=1), 0.0)
        found[:, [place]] = (made + (wanted - before) * values[step]) / visits[:, -1:]
    return found
