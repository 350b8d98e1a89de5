"""The figures of the guide, one of each kind, from small invented tables.

    python docs/figures.py       # draws them again into docs/guide/figures/

A test holds the files, and their alternative texts in the page, to what the code draws.
"""  # noqa: INP001  # a script

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import exp
from pathlib import Path

import numpy as np
import pandas as pd

from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import Protected, with_masks
from etabli.methods.results import TOTAL, Dimension, Measure, Table
from etabli.methods.survival import survival
from etabli.present.figures import KINDS, Drawing, FigureKind, Mapped, compose, describe, draw, pixels_in
from etabli.present.grounds import read_ground
from etabli.present.words import Words
from etabli.project import Project
from etabli.sources.codebook import Codebook

PROJECT = Project(Path(__file__).resolve().parents[1])
FOLDER = PROJECT.root / "docs" / "guide" / "figures"

CONTACTS = {
    "walk_in": "Accueil tout venant",
    "appointment": "Rendez-vous",
    "phone": "Téléphone",
    "web": "Compte en ligne",
}
OUTPOSTS = {"centre": "Centre", "blosne": "Le Blosne", "maurepas": "Maurepas", "villejean": "Villejean", "nord": "Nord"}
LABELS: dict[str, tuple[str, dict[str, str]]] = {
    "day": ("Jour", dict(zip(range(6), ("Lundi", "Mardi", "Mercredi", "Jeudi", "Vendredi", "Samedi"), strict=True))),
    "hour": ("Heure d’arrivée", {f"h{hour}": f"{hour} h" for hour in range(8, 18)}),
    "age": ("Âge", {**{f"a{age}": f"{age}-{age + 9} ans" for age in range(0, 80, 10)}, "a80": "80 ans ou plus"}),
    "sex": ("Sexe", {"f": "Femmes", "m": "Hommes"}),
    "household": (
        "Situation familiale",
        {"single": "Personne seule", "couple": "Couple sans enfant", "children": "Couple avec enfant(s)",
         "parent": "Famille monoparentale"},
    ),
    "housing": ("Logement", {"social": "Parc social", "private": "Parc privé", "hosted": "Hébergé ou sans logement"}),
    "channel": ("Mode d’accueil", {"walk_in": "Tout venant", "appointment": "Rendez-vous"}),
    "before": ("Premier contact", CONTACTS),
    "after": ("Deuxième contact", {**CONTACTS, "none": "Aucun dans le trimestre"}),
    "outpost": ("Permanence", OUTPOSTS),
    "other": ("Autre permanence", OUTPOSTS),
    "year": ("Année", {str(year): str(year) for year in range(2016, 2026)}),
}  # fmt: skip
ROWS, PEOPLE = Measure("rows", "count", unit="rows"), Measure("people", "count", unit="people")
FEW = 10
"""Rows of fewer people are masked in these examples: no rule, a picture of one."""


@dataclass(frozen=True)
class Example:
    """One figure of the guide."""

    kind: FigureKind
    table: Table
    measure: str
    ground: str = ""
    where: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def protected(self) -> Protected:
        if self.kind == "steps":  # it does not leave the house: nothing of it is masked
            return with_masks(
                [self.table], Policy("internal", 1, ()), [np.zeros(len(self.table.cells), dtype=bool)]
            ).of(self.table)
        cells = self.table.cells
        possible = ~cells["impossible"].to_numpy(dtype=bool) if "impossible" in cells else True
        mask = cells["people"].between(1, FEW - 1).to_numpy() & possible
        return with_masks([self.table], Policy("funder", FEW, ("exemple",)), [mask]).of(self.table)

    @property
    def drawing(self) -> Drawing:
        return compose(
            self.protected,
            words(),
            kind=self.kind,
            measure=self.measure,
            where=self.where,
            labels=self.labels,
            mapped=Mapped(read_ground(PROJECT, self.ground), 4, "quantile") if self.ground else None,
        )


def words() -> Words:
    """Return the words of an invented codebook."""
    variables: dict[str, object] = {
        name: {
            "label": label,
            "type": "code",
            "sensitivity": "quasi_identifier",
            "codes": {str(code): each for code, each in codes.items()},
        }
        for name, (label, codes) in LABELS.items()
    }
    communes = {tile.code: tile.name for tile in read_ground(PROJECT, "rennes-metropole").tiles}
    variables["commune"] = {
        "label": "Commune",
        "type": "code",
        "sensitivity": "quasi_identifier",
        "level": "commune",
        "proper": True,
        "codes": {**communes, "elsewhere": "Hors de la métropole"},
    }
    variables["days"] = {"label": "Jours depuis la demande", "type": "integer", "sensitivity": "open"}
    variables["recipient"] = {"label": "Allocataire", "type": "identifier", "sensitivity": "identifier"}
    visits = {
        "row": {"one": "visite", "many": "visites", "gender": "f"},
        "person": "recipient",
        "people": {"one": "allocataire", "many": "allocataires", "gender": "m"},
        "variables": variables,
    }
    book = Codebook.model_validate({"sources": {"visits": visits}})
    return Words(book, book.sources["visits"])


def _codes(name: str) -> list[str]:
    return [str(code) for code in LABELS[name][1]]


def _crossed(one: str, two: str, counts: Sequence[Sequence[int]], *, totals: bool = False) -> Table:
    """Return a table of counts, one list a category of `one`; people are as many as rows."""
    grid = np.array(counts)
    rows, columns = _codes(one)[: grid.shape[0]], _codes(two)[: grid.shape[1]]
    cells = [(row, column, int(grid[i, j])) for i, row in enumerate(rows) for j, column in enumerate(columns)]
    if totals:
        cells += [(row, TOTAL, int(grid[i].sum())) for i, row in enumerate(rows)]
        cells += [(TOTAL, column, int(grid[:, j].sum())) for j, column in enumerate(columns)]
    frame = pd.DataFrame(cells, columns=[one, two, "rows"]).assign(people=lambda each: each["rows"])
    return Table(frame, (Dimension(one), Dimension(two)), (ROWS, PEOPLE))


def _shares() -> Table:
    people = [1240, 335, 890, 412]
    on_appointment = [0.31, 0.22, 0.37, 0.45]
    half = [0.026, 0.045, 0.032, 0.048]
    cells = [
        (
            code,
            channel,
            share,
            None if channel == TOTAL else share - reach,
            None if channel == TOTAL else share + reach,
            n,
        )
        for code, share, reach, n in zip(_codes("household"), on_appointment, half, people, strict=True)
        for channel, share in (("walk_in", 1 - share), ("appointment", share), (TOTAL, 1.0))
    ]
    frame = pd.DataFrame(cells, columns=["household", "channel", "share", "low", "high", "people"])
    share = Measure("share", "share", low="low", high="high", base="people")
    return Table(frame, (Dimension("household"), Dimension("channel")), (share,))


def _odds() -> Table:
    nothing = float("nan")
    cells = [
        ("household", "single", 1.0, nothing, nothing), ("household", "couple", 0.63, 0.47, 0.84),
        ("household", "children", 1.31, 1.08, 1.59), ("household", "parent", 1.84, 1.45, 2.33),
        ("housing", "social", 1.0, nothing, nothing), ("housing", "private", 1.07, 0.90, 1.27),
        ("housing", "hosted", 0.38, 0.24, 0.60),
    ]  # fmt: skip
    frame = pd.DataFrame(cells, columns=["variable", "category", "odds", "low", "high"]).assign(people=100)
    odds = Measure("odds", "ratio", low="low", high="high", states_people=False)
    return Table(frame, (Dimension("variable", additive=False), Dimension("category", additive=False)), (odds,))


def _communes() -> Table:
    """Return counts and shares by commune: no number of these is true."""
    tiles = read_ground(PROJECT, "rennes-metropole").tiles
    codes = [tile.code for tile in tiles if tile.name != "Le Verger"]
    people = [2840 if code == "35238" else (7 * place * place + 31 * place) % 173 for place, code in enumerate(codes)]
    share = [0.12 + (13 * place % 29) / 100 for place in range(len(codes))]
    frame = pd.DataFrame({"commune": [*codes, "elsewhere"], "rows": [*people, 212], "share": [*share, 0.19]})
    frame = frame.assign(people=frame["rows"], part=(frame["share"] * frame["rows"]).round())
    frame = frame.assign(share=frame["part"] / frame["people"].where(frame["people"] > 0))
    again = Measure("share", "share", base="people", of=("part", "people"))
    return Table(frame, (Dimension("commune"),), (PEOPLE, again))


def _arrivals() -> Table:
    counts = [
        [
            0
            if day == 5 and hour > 12
            else round(weight * (95 * exp(-((hour - 10) ** 2) / 5) + 60 * exp(-((hour - 15) ** 2) / 4)))
            for hour in range(8, 18)
        ]
        for day, weight in enumerate((1.2, 1.0, 0.8, 0.95, 0.9, 0.3))
    ]
    table = _crossed("day", "hour", counts)
    closed = (table.cells["day"] == "5") & table.cells["hour"].isin([f"h{hour}" for hour in range(13, 18)])
    return table.with_cells(table.cells.assign(impossible=closed))


def _waits() -> Table:
    """Return how long households wait for a flat of their own, by family: drawn from nothing that is true."""
    random = np.random.default_rng(20)
    parent = np.arange(400) % 3 == 0
    wait, seen = random.weibull(1.3, 400) * np.where(parent, 520, 380), random.uniform(60, 720, 400)
    frame = pd.DataFrame(
        {"recipient": np.arange(400), "days": np.minimum(wait, seen).astype(int), "left": wait <= seen}
    )
    return survival(frame.assign(household=np.where(parent, "parent", "couple")), "days", event="left", by="household")


_YEARS = [
    [1200, 1312, 1410, 1388, 702, 980, 1105, 1240, 1302, 1298],
    [0, 0, 310, 402, 0, 0, 388, 420, 466, 471],
    [210, 205, 4, 0, 0, 0, 0, 0, 77, 120],
    [0, 0, 0, 0, 0, 0, 6, 44, 98, 131],
]
_AGES = [[9, 8], [142, 96], [412, 305], [388, 290], [301, 260], [214, 190], [160, 121], [88, 54], [31, 7]]
_FLOWS = [[820, 310, 96, 60, 402], [120, 388, 30, 41, 210], [60, 75, 6, 4, 88], [18, 19, 3, 8, 75]]
_SHARED = [[0, 44, 31, 12, 0], [44, 0, 9, 0, 0], [31, 9, 0, 58, 22], [12, 0, 58, 0, 27], [0, 0, 22, 27, 0]]


def examples() -> Iterator[Example]:
    """Yield one example of each kind."""
    appointment, share = {"channel": "appointment"}, {"share": "Part des visites sur rendez-vous"}
    yield Example("bars", _crossed("household", "channel", [[855, 385], [261, 74], [561, 329], [227, 185]]), "rows")
    yield Example("dots", _shares(), "share", where=appointment, labels=share)
    yield Example("lines", _crossed("outpost", "year", _YEARS[:2]), "rows")
    yield Example("heat", _arrivals(), "rows")
    yield Example("pyramid", _crossed("age", "sex", _AGES), "people")
    yield Example("forest", _odds(), "odds", labels={"odds": "Rapport de cotes (échelle logarithmique)"})
    yield Example("flow", _crossed("before", "after", _FLOWS, totals=True), "rows")
    yield Example("timeline", _crossed("outpost", "year", _YEARS), "rows")
    yield Example("steps", _waits(), "survival", labels={"survival": "Part des ménages qui attendent encore"})
    again = {"share": "Part des allocataires venus deux fois ou plus"}
    yield Example("map", _communes(), "share", "rennes-metropole", labels=again)
    yield Example(
        "network", _crossed("outpost", "other", _SHARED), "people", labels={"people": "Allocataires en commun"}
    )


def pictures() -> dict[str, tuple[str | bytes, str]]:
    """Return the file (text of a vector, bytes of pixels) and the alternative text of each kind."""
    found: dict[str, tuple[str | bytes, str]] = {}
    for example in examples():
        said = describe(example.drawing)
        drawn = draw(example.drawing, name=example.kind, alternative=said)
        found[example.kind] = (pixels_in(drawn) or f"{drawn}\n", said)
    return found


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    drawn = pictures()
    if drawn.keys() != KINDS.keys():
        raise SystemExit(f"kinds without an example: {KINDS.keys() - drawn.keys()}")
    for kind, (picture, said) in drawn.items():
        name = f"{kind}.svg" if isinstance(picture, str) else f"{kind}.png"
        (FOLDER / name).write_bytes(picture.encode() if isinstance(picture, str) else picture)
        print(f"![{said}](figures/{name})\n")  # noqa: T201  # to paste into the page
