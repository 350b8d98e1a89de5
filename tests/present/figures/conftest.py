"""One small table for each kind of figure, with what a funder may not see in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest

from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import Protected, with_masks
from etabli.methods.results import TOTAL, Dimension, Measure, Table
from etabli.present.figures import Drawing, FigureKind, compose
from etabli.present.words import Words
from etabli.sources.codebook import Codebook

ROWS = Measure("rows", "count", unit="rows")
PEOPLE = Measure("people", "count", unit="people")
SHARE = Measure("share", "share", low="low", high="high", base="base")
ODDS = Measure("odds", "ratio", low="low", high="high", states_people=False)
NAN = float("nan")


@dataclass(frozen=True)
class Sample:
    """A table to draw as one kind; `hidden` rows are masked for a funder."""

    kind: FigureKind
    table: Table
    measure: str
    hidden: Sequence[int] = ()
    where: Mapping[str, str] = field(default_factory=dict)

    def protected(self, *, masked: bool = False, table: Table | None = None) -> Protected:
        table = table or self.table
        mask = np.zeros(len(table.cells), dtype=bool)
        mask[list(self.hidden) if masked else []] = True
        return with_masks([table], Policy("funder", 5, ("convention",)), [mask]).of(table)

    def composed(self, words: Words, *, masked: bool = False, table: Table | None = None, **labels: str) -> Drawing:
        return compose(
            self.protected(masked=masked, table=table),
            words,
            kind=self.kind,
            measure=self.measure,
            where=self.where,
            labels=labels,
        )


@pytest.fixture
def words() -> Words:
    def code(label: str, **codes: str) -> dict[str, Any]:
        return {"type": "code", "sensitivity": "quasi_identifier", "label": label, "codes": codes}

    places = {"centre": "Centre", "blosne": "Le Blosne", "nord": "Nord"}
    variables = {
        "recipient": {"label": "Allocataire", "type": "identifier", "sensitivity": "identifier"},
        "day": code("Jour", mon="Lundi", tue="Mardi", sat="Samedi"),
        "hour": code("Heure d’arrivée", h09="9 h", h10="10 h", h14="14 h"),
        "age": code("Âge", young="Moins de 30 ans", mid="30-59 ans", old="60 ans ou plus"),
        "sex": code("Sexe", f="Femmes", m="Hommes", x="Autre"),
        "before": code("Premier contact", walk_in="Tout venant", phone="Téléphone"),
        "after": code("Deuxième contact", walk_in="Tout venant", phone="Téléphone", none="Aucun"),
        "outpost": code("Permanence", **places),
        "other": code("Autre permanence", **places),
        "year": code("Année", **{str(year): str(year) for year in range(2018, 2025)}),
    }
    visits = {
        "row": {"one": "visite", "many": "visites", "gender": "f"},
        "person": "recipient",
        "people": {"one": "allocataire", "many": "allocataires", "gender": "m"},
        "variables": variables,
    }
    book = Codebook.model_validate({"sources": {"visits": visits}})
    return Words(book, book.sources["visits"])


def crossed(one: str, two: str, cells: Mapping[tuple[str, str], int], *measures: Measure) -> Table:
    """Return counts by two dimensions, people as many as rows."""
    frame = pd.DataFrame([(*key, count, count) for key, count in cells.items()], columns=[one, two, "rows", "people"])
    return Table(frame, (Dimension(one), Dimension(two)), measures or (ROWS,))


def heat() -> Sample:
    counts = [41, 118, 0, 39, 87, 63, 22, 3, 0]
    keys = [(day, hour) for day in ("mon", "tue", "sat") for hour in ("h09", "h10", "h14")]
    table = crossed("day", "hour", dict(zip(keys, counts, strict=True)))
    return Sample("heat", table.with_cells(table.cells.assign(impossible=[False] * 8 + [True])), "rows", (7,))


def pyramid() -> Sample:
    keys = [(age, sex) for age in ("young", "mid", "old") for sex in ("f", "m")]
    table = crossed("age", "sex", dict(zip(keys, [120, 97, 210, 185, 64, 4], strict=True)), PEOPLE)
    return Sample("pyramid", table, "people", (5,))


def forest() -> Sample:
    cells = pd.DataFrame(
        {
            "variable": ["age", "age", "age", "sex", "sex"],
            "category": ["young", "mid", "old", "f", "m"],
            "odds": [1.84, 1.0, 0.88, 1.0, 0.4137],
            "low": [1.52, NAN, 0.71, NAN, 0.3],
            "high": [2.23, NAN, 1.09, NAN, 0.55],
            "people": [90, 80, 70, 60, 4],
        }
    )
    dimensions = (Dimension("variable", additive=False), Dimension("category", additive=False))
    return Sample("forest", Table(cells, dimensions, (ODDS,)), "odds", (4,))


def flow() -> Sample:
    counts = {("walk_in", "walk_in"): 820, ("walk_in", "phone"): 96, ("walk_in", "none"): 402}
    counts |= {("phone", "walk_in"): 60, ("phone", "phone"): 3, ("phone", "none"): 88}
    for one in ("walk_in", "phone"):
        counts[one, TOTAL] = sum(count for (start, end), count in counts.items() if start == one and end != TOTAL)
    for two in ("walk_in", "phone", "none", TOTAL):
        counts[TOTAL, two] = sum(count for (start, end), count in counts.items() if end == two and start != TOTAL)
    return Sample("flow", crossed("before", "after", counts), "rows", (4, 1))


def timeline() -> Sample:
    years = ("2018", "2019", "2020", "2022", "2023")
    counts = [1200, 1312, 702, 980, 1105, 0, 310, 3, 0, 77]
    keys = [(outpost, year) for outpost in ("centre", "blosne") for year in years]
    return Sample("timeline", crossed("outpost", "year", dict(zip(keys, counts, strict=True))), "rows", (7,))


def network() -> Sample:
    counts = {("centre", "blosne"): 44, ("centre", "nord"): 12, ("blosne", "centre"): 30, ("blosne", "nord"): 4}
    counts |= {("nord", "nord"): 17, ("nord", "centre"): 0}
    return Sample("network", crossed("outpost", "other", counts), "rows", (3,))


SAMPLES: dict[str, Callable[[], Sample]] = {
    each.__name__: each for each in (heat, pyramid, forest, flow, timeline, network)
}


@pytest.fixture(params=list(SAMPLES))
def sample(request: pytest.FixtureRequest) -> Sample:
    """Each kind in turn."""
    return SAMPLES[request.param]()


@pytest.fixture
def sample_of() -> Callable[[str], Sample]:
    """The sample of one kind."""
    return lambda kind: SAMPLES[kind]()
