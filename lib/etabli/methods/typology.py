"""A typology of people: correspondence analysis (*ACM*), then classes (*CAH*) that their answers set apart.

What may be told of it outside, and what never is, stands in `typology_tables`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from etabli.errors import MethodError
from etabli.memo import pure
from etabli.methods.answers import Answers, answers_of
from etabli.methods.axes import kept_axes
from etabli.methods.clusters import Flags, Integers, column, complete_rows, refuse_reserved
from etabli.methods.correspondence import correspondence
from etabli.methods.membership import derived_of, made_of, mark_derived, origins, own_name, population_of
from etabli.methods.partition import by_size, partition
from etabli.methods.profiles import distribution
from etabli.methods.results import PEOPLE, Condition, Table, Value
from etabli.methods.stability import stability
from etabli.methods.typology_tables import (
    MADE,
    Classed,
    Found,
    Placed,
    axes_table,
    choices_table,
    described,
    eigenvalues_table,
    paragons_table,
    places_table,
    stability_table,
    summary_table,
)

RARE = 0.02
"""Share of the people under which a category takes no part in the axes: its distance to the mean grows as one over its
share, and a few people would make an axis of their own. SPAD's threshold for the same."""

FEWEST_PEOPLE = 100
"""People under whom no typology is made: classes of them would rest on a few."""


@dataclass(frozen=True)
class Typology:
    """Classes of people, and what they rest on.

    Parameters
    ----------
    name
        Of the variable that says the class: that of a filtered population is one of its own (`typology_of_blosne`),
        since its classes are no parts of those of everybody.
    people
        The people, with one column more: the class of each, `1` being that of most people. All are of class `1` where
        no typology holds (`has_classes`).
    sizes
        People and share by class.
    description
        By category of the variables that made the classes, and class: people, share of the class, test value.
    beside
        The same of supplementary variables, with the test of each; None without one.
    axes
        The share of the modified inertia that each axis holds, in steps of 5 %.
    choices
        What each number of classes explains more than one fewer, in steps of 5 %.
    stability
        How each class comes back in draws of the people (mean Jaccard), in steps of 5 %.
    summary
        Of the whole: what the classes explain, the agreement of draws (adjusted Rand index), and how often they speak
        for as many classes; in steps of 5 %.
    eigenvalues, places, paragons
        Never outside the house: the eigenvalues; the places of categories on the kept axes; the answers of the people
        closest to the middle of each class.
    """

    name: str
    people: pd.DataFrame
    sizes: Table
    description: Table
    beside: Table | None
    axes: Table
    choices: Table
    stability: Table
    summary: Table
    eigenvalues: Table
    places: Table
    paragons: Table

    @property
    def has_classes(self) -> Condition:
        """Whether the answers set classes apart: some axis is beyond chance."""
        return Condition(len(self.stability.cells) > 1, self.sizes, ())

    def of_class(self, code: str) -> Value:
        """Return the people of a class, in the description: `{x}` in a sentence, its proposed name `{x.category:name}`.

        Raises
        ------
        MethodError
            There is no such class.
        """
        return self.description.value(PEOPLE, **{self.name: code})


@pure
def typology(
    people: pd.DataFrame,
    *,
    on: Sequence[str],
    beside: Sequence[str] = (),
    classes: int | None = None,
    rare: float = RARE,
    person: str = "recipient",
    name: str = "typology",
) -> Typology:
    """Return classes of people whose answers are alike.

    Multiple correspondence analysis of `on` (`correspondence`); the axes beyond chance, as far as they are needed
    (`axes`); Ward's hierarchy of the people on these axes, cut and consolidated, of prototypes where many answers
    differ (`partition`); bootstrap by person (`stability`); test values of categories (`v_tests`). The same whatever
    the order of the rows.

    A missing answer is no category of the axes: it says how a file was kept, and would set people apart by that. Those
    who gave none on a variable stand at its mean, and are described as « Non renseigné »; those who gave none at all
    have no class.

    Parameters
    ----------
    people
        One row a person; rows without a person, or without any answer, have no class.
    on
        The categorical variables that make the classes, two at least.
    beside
        Supplementary variables: they are described, and have no part in the classes.
    classes
        How many, 2 at least, as far as there are different answers; None: what the hierarchy speaks for, 3 to 8.
    rare
        Share of the people under which a category is passive.
    name
        Of the variable that says the class; of a filtered population, the beginning of it (`Typology.name`).

    Raises
    ------
    MethodError
        A column does not exist, is named twice or as one that is made here; there are fewer than two variables or
        classes; a person has several rows; nobody is there.

    Examples
    --------
    >>> answers = {"age": [*"aaabbb"] * 40, "home": [*"xxxyyy"] * 40, "work": [*"uuuvvu"] * 40}
    >>> people = pd.DataFrame({"recipient": range(240), **answers})
    >>> typology(people, on=["age", "home", "work"], classes=2).sizes.cells["people"].to_list()
    [120, 120, 240]
    """
    _refuse(people, (*on, *beside), on, classes, name, person)
    name = own_name(name, population_of(people))
    known = _answering(people, on, person)
    answers = answers_of(people[known], on)
    found = _found(answers, _rare(answers, rare), classes)
    frame = _with_classes(people, known, found.labels[answers.of_person], on, name)
    classed = Classed(frame, person, name)
    sizes = distribution(frame, name, person=person)
    return Typology(
        name=name,
        people=frame,
        sizes=replace(sizes, measures=tuple(each for each in sizes.measures if each.name != "rows")),
        description=described(classed, on, are_tested=False),
        beside=described(classed, beside, are_tested=True) if beside else None,
        axes=axes_table(found, classed),
        choices=choices_table(found, classed),
        stability=stability_table(found, classed),
        summary=summary_table(found, classed),
        eigenvalues=eigenvalues_table(found),
        places=places_table(found, classed, answers, beside),
        paragons=paragons_table(found, classed, answers),
    )


def _found(answers: Answers, passive: Flags, classes: int | None) -> Found:
    """Return what was computed of the answers; one class of everybody where nothing beyond chance sets them apart."""
    everybody = np.zeros(len(answers.weights), dtype=np.int64)
    shares = answers.indicator().T @ answers.weights / answers.people
    varies = (shares > 0) & (shares < 1) & ~passive
    if answers.people < FEWEST_PEOPLE or not varies.any():
        return Found(everybody, answers.people)
    analysis = correspondence(answers, passive=passive)
    kept = kept_axes(answers, analysis)
    points = analysis.people(answers.indicator())[:, : kept.number]
    placed = Placed(analysis, kept, points)
    if kept.number == 0:
        return Found(everybody, answers.people, placed)
    made = partition(points, answers.weights, classes=classes)
    labels = by_size(made.labels, answers.weights)
    if labels.max() == 0:
        return Found(everybody, answers.people, placed)
    again = stability(answers, labels, axes=kept.number, passive=passive, number=made.number)
    return Found(labels, answers.people, placed, made, again)


def _with_classes(people: pd.DataFrame, known: Flags, labels: Integers, on: Sequence[str], name: str) -> pd.DataFrame:
    """Return the people with the class of each, marked as made of `on` and of what these follow from."""
    codes = np.full(len(people), -1, dtype=np.int64)
    codes[known] = labels
    levels = pd.Index([str(each + 1) for each in range(int(labels.max()) + 1)])
    before = derived_of(people)
    sources = [*on, *(origin for each in on if each in before for origin in sorted(origins(before[each])))]
    made = people.assign(**{name: pd.Categorical.from_codes(codes.tolist(), levels)})
    return mark_derived(made, people, {name: made_of(list(dict.fromkeys(sources)))})


def _answering(people: pd.DataFrame, on: Sequence[str], person: str) -> Flags:
    """Return the rows of somebody who gave an answer at least; those of anybody, where none did."""
    known, _ = complete_rows(people, (), person)
    answered = known & np.any([column(people, name).notna() for name in on], axis=0)
    return answered if answered.any() else known


def _rare(answers: Answers, rare: float) -> Flags:
    people = answers.indicator().T @ answers.weights
    return np.asarray(people < rare * answers.people, dtype=bool)


def _refuse(
    people: pd.DataFrame, names: Sequence[str], on: Sequence[str], classes: int | None, name: str, person: str
) -> None:
    refuse_reserved((*names, name), MADE)
    repeated = sorted({each for each in names if list(names).count(each) > 1})
    if repeated or len(on) < 2 or name in people.columns:
        raise MethodError(
            "Une typologie croise des variables, chacune une fois, et en fait une nouvelle.",
            expected=f"« on » : deux variables au moins ; « name » : un nom nouveau, et non « {name} »"
            if name in people.columns
            else "« on » : deux variables au moins ; aucune deux fois dans « on » et « beside »",
            got=", ".join(repeated or on) or "aucune variable",
        )
    if classes is not None and classes < 2:
        raise MethodError("Une typologie a deux classes au moins.", expected="2 ou plus, ou None", got=str(classes))
    known, _ = complete_rows(people, (), person)
    if not known.any():
        raise MethodError(
            "Personne à classer.", expected="une ligne par personne", hint="vérifiez le filtre posé avant"
        )
    if people.loc[known, person].duplicated().any():
        raise MethodError(
            "Une personne a plusieurs lignes : une typologie classe des personnes, et non des visites.",
            expected="une ligne par personne",
            hint="faites-la par people_by_route(visites, keep=[…])",
        )
