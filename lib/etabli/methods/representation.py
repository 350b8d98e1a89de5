"""Who comes, by which channel, against everybody who could: over- and under-representation, as it is and standardised.

A comparison of two files of the same people: visits, and all recipients of the territory. Both are complete, so what
they count has no sampling error. Intervals say how far the same territory, in another quarter like this one, could have
sent other people: the recipients are taken as they are, and each comes, or does not, by chance and alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import sparse, special

from etabli.errors import MethodError
from etabli.memo import pure
from etabli.methods.association import FEW_EXPECTED, PEARSON, adjust
from etabli.methods.clusters import Coded, Flags, Floats, Integers, encode
from etabli.methods.intervals import LEVEL, wilson
from etabli.methods.membership import Membership, beside, membership_of, population_of
from etabli.methods.profiles import distribution, profile_sheet
from etabli.methods.results import TOTAL, Dimension, Measure, Missing, Table, Test

Standard = Literal["indirect", "direct"]

_FEW_NOTE = f"Un effectif attendu au moins est inférieur à {FEW_EXPECTED}\u00a0: résultat indicatif."


@pure
def representation(
    visits: pd.DataFrame,
    recipients: pd.DataFrame,
    variables: Sequence[str],
    *,
    by: str = "channel",
    within: Sequence[str] = (),
    standard: Standard = "indirect",
    person: str = "recipient",
) -> Table:
    """Return how each category is represented among who comes, by channel, against the territory.

    In people: whoever came by a channel once or ten times counts once in it, and once in the total. With O people of a
    category who came, among O• of a known category, and N of N• recipients, the index is (O / O•) / (N / N•): above 1,
    the category comes more than its share. It is as well the rate at which its recipients come, over that of all.

    The standardised index compares recipients of the same `within` (age, household …). Indirect: those who came over
    those who would have, had the recipients of each stratum s come at the rate of all of it, O / Σ N_s (O•_s / N•_s).
    Direct: the rate that the category would have with the strata of the territory, over that of all (in the strata
    where the category is). A variable of `within` is standardised by the others; by none, it has no such index.

    Bounds: exp(log index ± 1.96 se), from the influence of each recipient who comes with probability p = O/N of their
    category and stratum, Var = Σ N p (1 − p) d². An index of 0 has no interval. Test: Pearson's χ² of coming, by
    whatever channel, at the same rate in all categories, one a variable, adjusted together (Holm).

    Parameters
    ----------
    visits
        One row a visit, with the profile of whoever came. Those whose profile is not known (no number, not a recipient
        yet) are in no category.
    recipients
        One row a recipient of the territory, with the same variables; filtered as the visits are.
    variables
        Of the profile.
    by
        The channel of a visit.
    within
        Variables held equal by the standardised index; none: it is not computed.
    standard
        How.
    person
        Who came.

    Returns
    -------
    Table
        By `variable`, `category` and `by`, whose `TOTAL` is: came at all (none adds up). Measures: `share_territory` (a
        fraction, exhaustive: no interval), `share_visitors` (Wilson's interval), `index`, and `standardised` where
        `within` is given. `people` is the fewer of those who came and those who did not: what a row rests on. Columns
        `visitors` and `recipients` count both. People who came without one of the variables are counted in `missing`.

    Raises
    ------
    MethodError
        A column does not exist, a recipient has two rows, a visitor has two values of a variable, nobody of a known
        category came, or both frames are not of the same choice.

    References
    ----------
    Breslow and Day (1987), Statistical Methods in Cancer Research II, chapter 2; Armitage, Berry and Matthews (2002),
    Statistical Methods in Medical Research, chapter 19.

    Examples
    --------
    >>> ages = ["old"] * 20 + ["young"] * 80
    >>> recipients = pd.DataFrame({"recipient": range(100), "age": ages})
    >>> visits = recipients.loc[[0, 0, 1, 2, 3, 4, 50, 51, 52, 53, 54]].assign(channel="desk")
    >>> found = representation(visits, recipients, ["age"])
    >>> [found.value("index", variable="age", category=age).number for age in ("old", "young")]
    [2.5, 0.625]
    """
    _hold(visits, recipients, person)
    known = visits[visits[person].notna()]
    people = _People.of(known, by, person)
    blocks, members = [], []
    tests: list[Test] = []
    for name in variables:
        counted = _counted(name, known, recipients, people, [each for each in within if each != name])
        for channel, came in zip((*people.channels, TOTAL), counted.came, strict=True):
            blocks.append(_cells(counted, came, standard=standard).assign(**{"variable": name, by: channel}))
        tests += _tests(name, counted)
        members.append(counted.members)
    keys = ["variable", "category", by]
    cells = pd.concat(blocks, ignore_index=True)
    order = np.lexsort((np.arange(len(cells)), _ranks(cells["category"]), _ranks(cells["variable"])))
    population = population_of(visits)
    left = _without(known, variables, people)
    measures = [
        Measure("share_territory", "share", base="base_recipients", states_people=False),
        Measure(
            "share_visitors",
            "share",
            low="visitors_low",
            high="visitors_high",
            base="base_visitors",
            states_people=False,
        ),
        *(
            Measure(each, "index", low=f"{each}_low", high=f"{each}_high", states_people=False)
            for each in (("index", "standardised") if within else ("index",))
        ),
    ]
    return Table(
        cells.iloc[order][[*keys, *(each for each in cells if each not in keys)]].reset_index(drop=True),
        tuple(Dimension(each, additive=False) for each in keys),
        tuple(measures),
        tests=adjust(tests),
        missing=Missing(left, left, len(people.labels), of_people=True) if left else None,
        held=dict(population.held),
        source=population.source,
        membership=beside(members).of_rows(order),
        rests_on=(
            profile_sheet(visits, list(variables), by=by, person=person),
            *(distribution(recipients, name, person=person) for name in variables),
        ),
    )


@dataclass(frozen=True)
class _People:
    """Who came, and by which channels."""

    labels: np.ndarray[Any, Any]
    rows: Integers
    """Of each row of the visits: whose it is."""
    channels: tuple[str, ...]
    used: Flags
    """People × channels, and whether they came at all, last."""

    @classmethod
    def of(cls, known: pd.DataFrame, by: str, person: str) -> _People:
        rows, labels = pd.factorize(known[person])
        coded = encode(known, by)
        used = np.zeros((len(labels), len(coded.levels) + 1), dtype=bool)
        has = coded.codes >= 0
        used[rows[has], coded.codes[has]] = True
        used[:, -1] = True
        return cls(np.asarray(labels), rows.astype(np.int64), coded.levels, used)


@dataclass(frozen=True)
class _Counted:
    """People of one variable, by category and stratum."""

    levels: tuple[str, ...]
    recipients: Floats
    """Categories × strata."""
    came: tuple[tuple[Floats, Floats], ...]
    """By channel: categories × strata, and by category alone, those of an unknown stratum among them."""
    everyone: Floats
    """Recipients by category alone."""
    members: Membership


def _counted(
    name: str, known: pd.DataFrame, recipients: pd.DataFrame, people: _People, within: Sequence[str]
) -> _Counted:
    levels = tuple(dict.fromkeys([*encode(recipients, name).levels, *encode(known, name).levels]))
    category = _own(_recoded(encode(known, name), levels), people, name)
    there = _recoded(encode(recipients, name), levels)
    strata, size = _strata(known, recipients, people, within)
    shape = (len(levels), size)
    came = []
    columns = []
    for flags in people.used.T:
        here = flags & (category >= 0)
        came.append((_table(category[here], strata[0][here], shape), np.bincount(category[here], minlength=shape[0])))
        columns.append(np.column_stack([here & (category == code) for code in range(len(levels))]))
    return _Counted(
        levels,
        _table(there, strata[1], shape),
        tuple((table, alone.astype(float)) for table, alone in came),
        np.bincount(there[there >= 0], minlength=len(levels)).astype(float),
        membership_of(people.labels, sparse.csc_array(np.hstack(columns).astype(np.int64))),
    )


def _recoded(coded: Coded, levels: tuple[str, ...]) -> Integers:
    places = np.array([*(levels.index(each) for each in coded.levels), -1], dtype=np.int64)
    return np.asarray(places[coded.codes], dtype=np.int64)


def _own(codes: Integers, people: _People, name: str) -> Integers:
    """Return the code of each person, from those of their rows; a missing value beside a known one takes it."""
    own = np.full(len(people.labels), -1, dtype=np.int64)
    has = codes >= 0
    own[people.rows[has]] = codes[has]
    if (own[people.rows[has]] != codes[has]).any():
        raise MethodError(
            f"La variable « {name} » n’est pas la même à toutes les visites d’une personne.",
            expected="une seule valeur par personne",
        )
    return own


def _strata(
    known: pd.DataFrame, recipients: pd.DataFrame, people: _People, within: Sequence[str]
) -> tuple[tuple[Integers, Integers], int]:
    """Return the stratum of each person who came and of each recipient, −1 where not known, and how many there are."""
    came, there, size = np.zeros(len(people.labels), dtype=np.int64), np.zeros(len(recipients), dtype=np.int64), 1
    for name in within:
        levels = tuple(dict.fromkeys([*encode(recipients, name).levels, *encode(known, name).levels]))
        own, other = (
            _own(_recoded(encode(known, name), levels), people, name),
            _recoded(encode(recipients, name), levels),
        )
        came = np.where((came < 0) | (own < 0), -1, came * len(levels) + own)
        there = np.where((there < 0) | (other < 0), -1, there * len(levels) + other)
        size *= len(levels)
    return (came, there), size


def _table(category: Integers, stratum: Integers, shape: tuple[int, int]) -> Floats:
    has = (category >= 0) & (stratum >= 0)
    flat = np.bincount(category[has] * shape[1] + stratum[has], minlength=shape[0] * shape[1])
    return flat.reshape(shape).astype(float)


def _cells(counted: _Counted, came: tuple[Floats, Floats], *, standard: Standard) -> pd.DataFrame:
    table, alone = came
    everyone = counted.everyone
    low, high = wilson(alone, np.full(len(alone), alone.sum()))
    found = {
        "category": counted.levels,
        "share_territory": everyone / everyone.sum(),
        "share_visitors": alone / alone.sum() if alone.sum() else np.nan,
        "visitors_low": low,
        "visitors_high": high,
        **_bounded("index", *indexes(alone[:, None], everyone[:, None])),
        "visitors": alone.astype(int),
        "recipients": everyone.astype(int),
        "base_visitors": int(alone.sum()),
        "base_recipients": int(everyone.sum()),
        "people": _fewer(alone, everyone),
    }
    if table.shape[1] > 1:
        found |= _bounded("standardised", *indexes(table, counted.recipients, standard=standard))
    return pd.DataFrame(found).reindex(columns=[*found, *(each for each in _STANDARDISED if each not in found)])


_STANDARDISED = ("standardised", "standardised_low", "standardised_high")


def _bounded(name: str, index: Floats, error: Floats) -> dict[str, Floats]:
    reach = float(special.ndtri((1 + LEVEL) / 2)) * error
    return {name: index, f"{name}_low": index * np.exp(-reach), f"{name}_high": index * np.exp(reach)}


def _fewer(came: Floats, everyone: Floats) -> Integers:
    """Return the fewer of who came and who did not; where nobody is on one side, a row rests on one person at most."""
    fewer = np.minimum(came, (everyone - came).clip(0))
    return np.asarray(np.maximum(fewer, np.minimum(everyone, 1)), dtype=np.int64)


def indexes(came: Floats, everyone: Floats, *, standard: Standard = "indirect") -> tuple[Floats, Floats]:
    """Return the index of each category, and the standard error of its logarithm.

    Parameters
    ----------
    came, everyone
        People who came, and all of them (categories × strata). One stratum: the plain index.
    standard
        As in `representation`.

    Returns
    -------
    tuple of arrays
        By category; NaN where there is nobody, an error of NaN where nobody came or all would.

    Examples
    --------
    >>> came, everyone = np.array([[5.0], [5.0]]), np.array([[20.0], [80.0]])
    >>> index, error = indexes(came, everyone)
    >>> index.tolist(), error.round(3).tolist()
    ([2.5, 0.625], [0.29, 0.29])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(everyone > 0, came / everyone, 0.0).clip(0, 1)
        spread = came * (1 - rate)  # variance of each count
        in_stratum, of_stratum = came.sum(axis=0), everyone.sum(axis=0)
        found, errors = np.empty(len(came)), np.empty(len(came))
        for code in range(len(came)):
            if standard == "indirect":
                share = np.where(of_stratum > 0, everyone[code] / of_stratum, 0.0)
                own = np.where(everyone[code] > 0, 1.0, 0.0)
            else:
                share = np.where(everyone[code] > 0, 1.0, 0.0)
                own = np.where(everyone[code] > 0, of_stratum / everyone[code], 0.0)
            above, below = float((came[code] * own).sum()), float((in_stratum * share).sum())
            found[code] = above / below if everyone[code].any() and below > 0 else np.nan
            influence = np.tile(-share / below, (len(came), 1))
            influence[code] += own / above
            errors[code] = np.sqrt((spread * influence**2).sum()) if above > 0 else np.nan
    return found, np.where(errors > 0, errors, np.nan)


def _tests(name: str, counted: _Counted) -> Iterator[Test]:
    """Yield the test that all categories come at the same rate; none where there is nothing to compare."""
    (_, alone), everyone = counted.came[-1], counted.everyone
    has = everyone > 0
    alone, everyone = np.minimum(alone[has], everyone[has]), everyone[has]
    rate = float(alone.sum() / everyone.sum())
    if has.sum() < 2 or not 0 < rate < 1:
        return
    expected = everyone * rate
    statistic = float(((alone - expected) ** 2 / (expected * (1 - rate))).sum())
    freedom = float(has.sum() - 1)
    note = _FEW_NOTE if (expected * min(1.0, (1 - rate) / rate)).min() < FEW_EXPECTED else None
    p_value = float(special.chdtrc(freedom, statistic))
    yield Test(PEARSON, statistic, (freedom,), p_value, None, within={"variable": name}, note=note)


def _without(known: pd.DataFrame, variables: Sequence[str], people: _People) -> int:
    """Return how many who came have not all the variables."""
    complete = np.ones(len(people.labels), dtype=bool)
    for name in variables:
        has = np.zeros(len(people.labels), dtype=bool)
        has[people.rows[encode(known, name).codes >= 0]] = True
        complete &= has
    return int((~complete).sum())


def _ranks(values: pd.Series) -> Integers:
    return np.asarray(pd.factorize(values)[0], dtype=np.int64)


def _hold(visits: pd.DataFrame, recipients: pd.DataFrame, person: str) -> None:
    for frame in (visits, recipients):
        if person not in frame.columns:
            raise MethodError(f"La variable « {person} » n’existe pas.")
    if recipients[person].duplicated().any():
        raise MethodError("Un allocataire est deux fois dans le fichier du territoire.", expected="une ligne chacun")
    if not visits[person].notna().any() or recipients.empty:
        raise MethodError("Personne à comparer.", expected="des visites et des allocataires")
    if dict(population_of(visits).held) != dict(population_of(recipients).held):
        raise MethodError(
            "Les visites et les allocataires ne sont pas ceux du même choix.",
            expected="le même filtre aux deux report.load",
        )
