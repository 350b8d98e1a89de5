"""Odds ratios of an outcome, all other declared characteristics being equal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from etabli.errors import MethodError, suggestion
from etabli.memo import pure
from etabli.methods.association import adjust
from etabli.methods.clusters import Coded, Flags, Floats, Integers, complete_rows, encode, people_of
from etabli.methods.effects import ratios, wald
from etabli.methods.estimable import estimable
from etabli.methods.logit import Factor, Fit, factors, fit_logit
from etabli.methods.membership import Membership, membership_of, population_of
from etabli.methods.results import Dimension, Measure, Table

_HAPPENS = "__event__"


@pure
def odds_ratios(
    frame: pd.DataFrame, *, outcome: str, event: str, on: Sequence[str], person: str = "recipient"
) -> Table:
    """Return how each category changes the odds of an event, the other variables being equal.

    Logistic regression by maximum likelihood, logit P(outcome = event) = α + Σ β, on categorical variables; the
    reference is each variable's most frequent category, in people. Variance clustered by person and bias-reduced
    (`logit.jackknife_covariance`), bounds exp(β ± 1.96 se). One joint Wald test a variable (χ², one degree a category
    but the reference), p-values adjusted together (Holm); its note says when a category rests on few people.

    Returns
    -------
    Table
        By `variable` and `category` (neither adds up). Measures: `odds_ratio`, with bounds, and `share_event`, the
        crude share of the category's rows with the event (a fraction). Column `reference` flags the reference
        categories: odds ratio 1 by construction, without bounds. Rows with a missing value are left out, and counted in
        `missing`. So are those of a category in which the event always or never happens, or of a single person, but
        nothing counts them: beside a mask, that would tell which it is. Such a category, and an empty one, has no odds
        ratio (NaN), nor has a variable left with one category. The people of a test are those whose answers are known.

    Raises
    ------
    MethodError
        A column or the event does not exist; no variable has two categories to compare; categories together
        determine the event; a variable follows from the others; there are not more people than coefficients; the
        estimate does not converge.

    Examples
    --------
    >>> visits = pd.DataFrame({"recipient": range(8), "age": [*"aaaaabbb"], "channel": [*"xxyyyxyy"]})
    >>> odds = odds_ratios(visits, outcome="channel", event="x", on=["age"])
    >>> odds.cells["odds_ratio"].round(4).to_list()
    [1.0, 0.75]
    """
    _refuse_repeats(outcome, on)
    event = str(event)
    frame = frame.reset_index(drop=True)
    complete, missing = complete_rows(frame, (outcome, *on), person)
    known = frame.loc[complete]
    part = estimable(known, on, _outcome(known, outcome, event), pd.factorize(known[person])[0])
    y = _outcome(part.frame, outcome, event)
    groups, _ = pd.factorize(part.frame[person])
    variables = factors(part.frame, part.on, groups)
    fit = fit_logit(y, groups, variables)
    estimated = pd.concat([_cells(variable, fit, y) for variable in variables], ignore_index=True)
    happens = known[outcome].astype(str).to_numpy() == event
    cells, members = _with_left_out(estimated, part.levels, known.assign(**{_HAPPENS: happens}), person)
    number = None if missing else int(known[person].nunique())
    tests = adjust([wald(variable, fit, number) for variable in variables])
    measures = (
        Measure("odds_ratio", "ratio", low="odds_ratio_low", high="odds_ratio_high", states_people=False),
        Measure("share_event", "share", base="category_people", states_people=False),
    )
    dimensions = (Dimension("variable", additive=False), Dimension("category", additive=False))
    population = population_of(frame)
    from etabli.methods.profiles import profile_sheet  # which offers this method to notebooks

    return Table(
        cells,
        dimensions,
        measures,
        tests=tests,
        missing=missing,
        held={**dict(population.held), outcome: event},
        source=population.source,
        membership=members,
        rests_on=(profile_sheet(frame, list(on), by=outcome, person=person),),
    )


def _with_left_out(
    estimated: pd.DataFrame, levels: Sequence[tuple[str, str]], known: pd.DataFrame, person: str
) -> tuple[pd.DataFrame, Membership]:
    """Put the categories that left the model back in their places, without an odds ratio.

    An odds ratio compares those with the event to those without: it rests on the fewer of both (`people`), who are
    the members of its row.
    """
    whole = estimated.set_index(["variable", "category"]).reindex(pd.MultiIndex.from_tuples(levels))
    whole.index.names = ["variable", "category"]
    persons, labels = pd.factorize(known[person])
    happens = known[_HAPPENS].to_numpy(dtype=bool)
    everyone: list[int] = []
    fewer: list[int] = []
    members = []
    for name in dict.fromkeys(name for name, _ in levels):  # the levels of a variable follow one another
        coded = encode(known, name)
        sides = [_standing(coded, persons, len(labels), side) for side in (happens, ~happens)]
        of_all = people_of(coded, persons, np.ones_like(happens))
        with_event, without = (np.diff(side.indptr) for side in sides)
        fewer += np.maximum(np.minimum(with_event, without), of_all > 0).tolist()  # never without the event: one person
        everyone += of_all.tolist()
        members += [sides[int(without[i] < with_event[i])][:, [i]] for i in range(len(coded.levels))]
    reference = whole["reference"].eq(other=True)
    cells = whole.assign(people=fewer, category_people=everyone, reference=reference).reset_index()
    return cells, membership_of(np.asarray(labels), sparse.hstack(members))


def _standing(coded: Coded, persons: Integers, size: int, kept: Flags) -> Any:
    """Return persons × categories: rows of each person in each category, among the rows kept (csc)."""
    entries = (np.ones(int(kept.sum()), dtype=np.int64), (persons[kept], coded.codes[kept]))
    return sparse.csc_array(sparse.coo_array(entries, shape=(size, len(coded.levels))))


def _outcome(frame: pd.DataFrame, outcome: str, event: str) -> Floats:
    coded = encode(frame, outcome)
    if event not in coded.levels:
        raise MethodError(
            f"La variable « {outcome} » n’a pas de modalité « {event} ».", hint=suggestion(event, coded.levels)
        )
    y = np.asarray(coded.codes == coded.levels.index(event), dtype=float)
    if len(y) == 0 or y.min() == y.max():
        raise MethodError(
            f"« {event} » ne varie pas : il n’y a rien à expliquer.",
            where=f"variable « {outcome} »",
            expected="des lignes avec et sans l’évènement",
        )
    return y


def _cells(variable: Factor, fit: Fit, y: Floats) -> pd.DataFrame:
    share = variable.per_category(y) / variable.per_category(np.ones_like(y))
    found = ratios(variable, fit, "odds_ratio")
    return found.assign(share_event=share, people=variable.people)


def _refuse_repeats(outcome: str, on: Sequence[str]) -> None:
    names = (outcome, *on)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated or not on:
        raise MethodError(
            "Un modèle explique une variable par d’autres, chacune une fois.",
            expected="« on » : une variable au moins, sans la variable à expliquer",
            got=", ".join(repeated) or "aucune variable",
        )
