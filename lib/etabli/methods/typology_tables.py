"""The tables of a typology: what may leave the house once it is protected, and what never does.

Counts of people by class are protected as any count; a test value is made of four of them (`disclosure/rules.py`). What
a whole analysis comes to (inertia, stability) is told in steps of 5 %: with all digits, who knows everybody else could
try each number of a masked cell. Eigenvalues and places on axes stay inside: together they are the table of all pairs
of variables. Paragons are people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse

from etabli.methods.answers import Answers, answers_of
from etabli.methods.axes import KeptAxes
from etabli.methods.clusters import Floats, Integers
from etabli.methods.correspondence import Correspondence, axis_tests, projected
from etabli.methods.intervals import wilson
from etabli.methods.membership import Membership, membership_of, population_of
from etabli.methods.partition import FEWEST, MOST, Partition
from etabli.methods.profiles import profile_sheet
from etabli.methods.results import MISSING, PEOPLE, STEP, TOTAL, Dimension, Measure, Table
from etabli.methods.stability import Stability
from etabli.methods.v_tests import v_test
from etabli.methods.ward import centres_of

MADE = ("variable", "category", "axis", "rank", "classes", "people", "rows", "share", "v_test")
"""Columns that these tables make: no variable can have these names."""

MOST_AXES, LISTED_AXES, PARAGONS = 5, 10, 5
"""How many first axes are told of outside, and inside; and people nearest to the middle of each class."""

PLACES_INSIDE = (
    "l’analyse des correspondances dans son détail redonnerait les croisements de toutes les variables, même masqués ; "
    "ses grandes lignes sont dans le rapport"
)
PARAGONS_INSIDE = "des personnes réelles y sont décrites, réponse par réponse"


@dataclass(frozen=True)
class Placed:
    """A correspondence analysis, the axes that are kept of it, and the places of the patterns on these."""

    analysis: Correspondence
    kept: KeptAxes
    points: Floats


@dataclass(frozen=True)
class Found:
    """What was computed of answers: `labels`, the class of each pattern from 0, of so many `people`.

    Nothing is `placed` where nothing varies; there is no partition where nothing is beyond chance.
    """

    labels: Integers
    people: int
    placed: Placed | None = None
    partition: Partition | None = None
    stability: Stability | None = None

    @property
    def number(self) -> int:
        """How many classes there are."""
        return int(self.labels.max()) + 1


@dataclass(frozen=True)
class Classed:
    """The people with the variable that says their class, and the one that says who they are."""

    frame: pd.DataFrame
    person: str
    name: str

    @property
    def known(self) -> pd.DataFrame:
        """Those who are somebody, and have a class."""
        return self.frame[self.frame[self.person].notna() & self.frame[self.name].notna()]


def described(classed: Classed, variables: Sequence[str], *, are_tested: bool) -> Table:
    """Return people by category and class, their share of the class, and the test value of the category there.

    Parameters
    ----------
    are_tested
        Whether the independence of each variable and the classes is tested: not of those that made the classes.

    Returns
    -------
    Table
        As `profiles.profile_sheet`, by `variable`, `category` and class. Measures: `people`, `share_of_class` (of the
        people of the class, with Wilson's interval; the column of totals says it of everybody), and `v_test`, missing
        in totals.
    """
    by = classed.name
    sheet = profile_sheet(classed.frame, variables, by=by, person=classed.person)
    cells = sheet.cells[["variable", "category", by, "rows", PEOPLE]].copy()
    of_class = cells[cells["category"] == TOTAL].set_index(["variable", by])[PEOPLE]
    of_category = cells[cells[by] == TOTAL].set_index(["variable", "category"])[PEOPLE]
    in_class = of_class.loc[pd.MultiIndex.from_frame(cells[["variable", by]])].to_numpy()
    in_category = of_category.loc[pd.MultiIndex.from_frame(cells[["variable", "category"]])].to_numpy()
    count = cells[PEOPLE].to_numpy()
    low, high = wilson(count.astype(float), in_class.astype(float))
    is_part = ((cells["category"] != TOTAL) & ~cells[by].isin([MISSING, TOTAL])).to_numpy()
    is_whole = (cells["category"] == TOTAL).to_numpy()
    cells = cells.assign(
        share_of_class=count / np.where(in_class > 0, in_class, np.nan),
        share_of_class_low=np.where(is_whole, np.nan, low),
        share_of_class_high=np.where(is_whole, np.nan, high),
        class_people=in_class,
        v_test=np.where(is_part, v_test(count, in_class, in_category, int(count.max())), np.nan),
    )
    share = Measure(
        "share_of_class",
        "share",
        low="share_of_class_low",
        high="share_of_class_high",
        base="class_people",
        of=(PEOPLE, "class_people"),
    )
    measures = (Measure(PEOPLE, "count", unit="people"), share, Measure("v_test", "test_value"))
    return replace(sheet, cells=cells, measures=measures, tests=sheet.tests if are_tested else ())


def axes_table(found: Found, classed: Classed) -> Table:
    """Return, by `axis`, its `modified_rate` (Benzécri), in steps of 5 %; up to five axes."""
    rates = np.zeros(1) if found.placed is None else found.placed.analysis.benzecri[:MOST_AXES]
    return _whole(pd.DataFrame({"axis": _numbered(len(rates)), "modified_rate": rates}), ("modified_rate",), classed)


def choices_table(found: Found, classed: Classed) -> Table:
    """Return, by `classes` (2 to 9), `gain`: the share of the inertia that they explain more than one fewer.

    In steps of 5 %.
    """
    among = range(FEWEST - 1, MOST + 2)
    gains = [0.0 if found.partition is None else found.partition.gain(each) for each in among]
    return _whole(pd.DataFrame({"classes": [str(each) for each in among], "gain": gains}), ("gain",), classed)


def summary_table(found: Found, classed: Classed) -> Table:
    """Return `explained`, `adjusted_rand` and `same_number`, in steps of 5 %; missing without classes."""
    again, made = found.stability, found.partition
    told = {
        "explained": np.nan if made is None else made.explained,
        "adjusted_rand": np.nan if again is None else again.adjusted_rand,
        "same_number": np.nan if again is None else again.same_number,
    }
    return _whole(pd.DataFrame(told, index=[0]), tuple(told), classed)


def stability_table(found: Found, classed: Classed) -> Table:
    """Return, by class, `jaccard` in steps of 5 %; it rests on the people of the class."""
    codes = classed.known[classed.name].cat.codes.to_numpy()
    entries = (np.ones(len(codes), dtype=np.int64), (np.arange(len(codes)), codes))
    members = membership_of(
        classed.known[classed.person].to_numpy(), sparse.coo_array(entries, shape=(len(codes), found.number))
    )
    jaccard = np.full(found.number, np.nan) if found.stability is None else found.stability.jaccard
    return _whole(
        pd.DataFrame({classed.name: _numbered(found.number), "jaccard": jaccard}), ("jaccard",), classed, members
    )


def eigenvalues_table(found: Found) -> Table:
    """Return, by `axis`, its eigenvalue, that of chance, how far it lies above the next, and its three rates."""
    if found.placed is None:
        values = dict.fromkeys(("eigenvalue", "chance", "drop", "rate", "benzecri", "greenacre"), np.full(1, np.nan))
    else:
        analysis, kept = found.placed.analysis, found.placed.kept
        values = {
            "eigenvalue": analysis.eigenvalues,
            "chance": kept.chance,
            "drop": -np.diff(analysis.eigenvalues, append=np.nan),
            "rate": analysis.rates,
            "benzecri": analysis.benzecri,
            "greenacre": analysis.greenacre,
        }
    cells = pd.DataFrame({each: value[:LISTED_AXES] for each, value in values.items()})
    cells.insert(0, "axis", _numbered(len(cells)))
    cells[PEOPLE] = found.people
    places = [Measure(each, "coordinate", states_people=False) for each in ("eigenvalue", "chance", "drop")]
    rates = [Measure(each, "share", states_people=False) for each in ("rate", "benzecri", "greenacre")]
    return Table(cells, (Dimension("axis", additive=False),), (*places, *rates), inside=PLACES_INSIDE)


def places_table(found: Found, classed: Classed, answers: Answers, beside: Sequence[str]) -> Table:
    """Return the places of categories on the kept axes, by `variable`, `category` and `axis`.

    Measures: `coordinate` (principal), `contribution` (share of the axis; of active categories), `quality` (cos²) and
    `v_test`. Passive categories and supplementary variables are placed at the mean of their people.
    """
    measures = (
        Measure("coordinate", "coordinate", states_people=False),
        Measure("contribution", "share", states_people=False),
        Measure("quality", "share", states_people=False),
        Measure("v_test", "test_value", states_people=False),
    )
    names = ("variable", "category", "axis")
    dimensions = tuple(Dimension(name, additive=False) for name in names)
    if found.placed is None or found.placed.kept.number == 0:
        columns = [*names, *(each.name for each in measures), PEOPLE]
        return Table(pd.DataFrame(columns=columns), dimensions, measures, inside=PLACES_INSIDE)
    blocks = [_places(found.placed, answers, answers, is_active=True)]
    if beside:
        blocks.append(_places(found.placed, answers, answers_of(classed.known, beside), is_active=False))
    return Table(pd.concat(blocks, ignore_index=True), dimensions, measures, inside=PLACES_INSIDE)


def paragons_table(found: Found, classed: Classed, answers: Answers) -> Table:
    """Return, by class and `rank`, the answers of the people nearest to its middle: one real person a row."""
    name, variables = classed.name, list(answers.variables)
    measures = tuple(Measure(each, "text", states_people=False) for each in variables)
    dimensions = (Dimension(name, additive=False), Dimension("rank", additive=False))
    if found.placed is None or found.partition is None:
        return Table(
            pd.DataFrame(columns=[name, "rank", *variables, PEOPLE]), dimensions, measures, inside=PARAGONS_INSIDE
        )
    far = _from_middle(found.placed.points, found.labels, answers.weights)
    told = classed.known[[classed.person, name, *variables]].assign(far=far[answers.of_person].round(9))
    order = np.lexsort((told[classed.person].astype(str).to_numpy(), told["far"], told[name].cat.codes))
    first = told.iloc[order].groupby(name, sort=False, observed=True).head(PARAGONS)
    rank = first.groupby(name, sort=False, observed=True).cumcount() + 1
    answered = {each: first[each].astype(object).where(first[each].notna(), None) for each in variables}
    cells = first[[name]].astype(str).assign(rank=rank.astype(str), **answered, **{PEOPLE: 1})
    return Table(cells.reset_index(drop=True), dimensions, measures, inside=PARAGONS_INSIDE)


def _from_middle(points: Floats, labels: Integers, weights: Integers) -> Floats:
    """Return the squared distance of each pattern to the mean of the people of its class."""
    middles = centres_of(points, weights.astype(float), labels, np.zeros((int(labels.max()) + 1, points.shape[1])))
    return np.asarray(((points - middles[labels]) ** 2).sum(axis=1), dtype=float)


def _places(placed: Placed, answers: Answers, of: Answers, *, is_active: bool) -> pd.DataFrame:
    """Return the places of the categories of `of`, which may be other answers of the same people."""
    analysis, axes, people = placed.analysis, placed.kept.number, answers.people
    pairs = sparse.coo_array(
        (np.ones(people), (answers.of_person, of.of_person)), shape=(len(answers.weights), len(of.weights))
    )
    coordinates = projected(placed.points, analysis.eigenvalues[:axes], pairs @ of.indicator())
    contributions = np.full_like(coordinates, np.nan)
    if is_active:  # passive categories stay at the mean of their people
        coordinates[analysis.active] = analysis.categories[analysis.active, :axes]
        contributions = analysis.contributions[:, :axes]
    counts = of.indicator().T @ of.weights
    values = {
        "coordinate": coordinates,
        "contribution": contributions,
        "quality": analysis.quality(coordinates, counts / people),
        "v_test": axis_tests(coordinates, counts, people),
    }
    categories = pd.DataFrame(of.categories, columns=["variable", "category"]).assign(**{PEOPLE: counts.astype(int)})
    by_axis = [
        categories.assign(axis=str(place + 1), **{name: value[:, place] for name, value in values.items()})
        for place in range(axes)
    ]
    return pd.concat(by_axis, ignore_index=True)


def _whole(cells: pd.DataFrame, names: tuple[str, ...], classed: Classed, members: Membership | None = None) -> Table:
    """Return a table of what everybody together comes to, its values in steps of `STEP`, whatever asks for them."""
    people = classed.known[classed.person].to_numpy()
    if members is None:
        members = membership_of(people, sparse.csr_array(np.ones((len(people), len(cells)), dtype=np.int64)))
    told = cells.assign(
        **{name: ((cells[name] / STEP).round() * STEP).round(2) for name in names}, everyone=len(people)
    )
    population = population_of(classed.frame)
    return Table(
        told.assign(**{PEOPLE: members.distinct}),
        tuple(Dimension(name, additive=False) for name in cells.columns if name not in names),
        tuple(Measure(name, "rate", base="everyone", states_people=False) for name in names),
        held=dict(population.held),
        source=population.source,
        membership=members,
    )


def _numbered(number: int) -> list[str]:
    return [str(each + 1) for each in range(number)]
