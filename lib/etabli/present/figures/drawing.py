"""What a figure shows, before any ink: enough to draw it and to say it in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from etabli.disclosure.protect import Protected
from etabli.errors import ReportError
from etabli.methods.results import TOTAL, Measure, Table
from etabli.present import theme
from etabli.present.figures.ground import Mapped
from etabli.present.tables import sign_of
from etabli.present.words import PERCENT, Words, base_of, is_small, printed

FigureKind = Literal[
    "bars", "dots", "lines", "heat", "pyramid", "forest", "flow", "timeline", "network", "map", "steps"
]


@dataclass(frozen=True)
class Point:
    """One value to draw: where it stands, what it is, how it is written. `x` is None where it is not shown."""

    label: str
    series: str
    x: float | None
    low: float | None
    high: float | None
    text: str
    group: str = ""
    interval: str = ""
    """Its interval, as it is written beside it."""
    people: str = ""
    """The number of people beside it, as the table under the figure gives it."""
    few: bool = False
    """Whether it is a share of so few people that it is written with its counts: it is then not classed."""
    tile: str = ""
    """The code of its place on a map; empty where it has none."""

    @property
    def is_impossible(self) -> bool:
        """Whether there cannot be a value: neither zero nor masked."""
        return self.text == theme.IMPOSSIBLE

    @property
    def is_missing(self) -> bool:
        return self.text == theme.NOT_AVAILABLE

    @property
    def is_masked(self) -> bool:
        return self.x is None and not self.is_impossible and not self.is_missing


@dataclass(frozen=True)
class Drawing:
    """What a figure shows, before any ink: enough to draw it and to say it in words."""

    kind: FigureKind
    measure: str
    percent: bool
    points: tuple[Point, ...]
    ratio: bool = False
    """Whether 1 means « no difference »: the scale is then logarithmic around it."""
    whole: bool = False
    """Whether its values are counts."""
    along: str = ""
    """What `label` is a category of."""
    across: str = ""
    """What `series` is a category of."""
    sized: bool = False
    """Whether its values are sums, which a circle shows and a colour does not."""
    mapped: Mapped | None = None
    """What a map stands on."""
    totals: tuple[Point, ...] = ()
    """Totals that are written beside the points: of all series, at a label, or of all labels, in a series."""

    @property
    def series(self) -> list[str]:
        return list(dict.fromkeys(point.series for point in self.points))

    @property
    def labels(self) -> list[tuple[str, str]]:
        """Group and label of each position, in display order."""
        return list(dict.fromkeys((point.group, point.label) for point in self.points))


@dataclass(frozen=True)
class Request:
    """What is asked of a figure.

    Parameters
    ----------
    protected, words
        The table as it may be shown, and its labels.
    kind, measure
        How to draw, and what.
    where
        Categories at which dimensions are held.
    labels
        Headings that replace the usual ones, by measure.
    free
        The dimensions that are not held, in the order of the table; a stack's `variable`, which groups, apart.
    mapped
        What a map stands on.
    """

    protected: Protected
    words: Words
    kind: FigureKind
    measure: Measure
    where: Mapping[str, str]
    labels: Mapping[str, str]
    free: tuple[str, ...]
    mapped: Mapped | None = None

    @property
    def table(self) -> Table:
        return self.protected.table

    def refuse(self, *, expected: str, hint: str | None = None) -> ReportError:
        """Return the error of a request that its kind of figure cannot draw."""
        return ReportError(
            f"Une figure « {self.kind} » ne dessine pas cela.",
            where=f"mesure « {self.measure.name} »",
            expected=expected,
            got=self.measure.kind,
            hint=hint,
        )

    def rows(self) -> list[tuple[int, dict[str, str]]]:
        """Return the rows of the table that stand at the held categories, with the code of each dimension."""
        found = [
            (row, {name: str(self.table.cells[name].iloc[row]) for name in self.table.keys})
            for row in range(len(self.table.cells))
        ]
        return [(row, codes) for row, codes in found if all(codes[name] == code for name, code in self.where.items())]


def points_of(request: Request, along: str, across: str | None = None, *, totals: bool = False) -> tuple[Point, ...]:
    """Return one point a category of `along` and series of `across`; the total of `across` is a series on demand."""
    return tuple(
        point_of(request, row, along, across)
        for row, codes in request.rows()
        if codes[along] != TOTAL and (totals or across is None or codes[across] != TOTAL)
    )


def drawing_of(request: Request, points: tuple[Point, ...], **more: Any) -> Drawing:
    """Return the drawing of some points of a request; `more` are further fields of `Drawing`."""
    measure = request.measure
    return Drawing(
        request.kind,
        request.words.measure(measure, request.labels),
        measure.kind in {"share", "curve", "change"},
        points,
        measure.kind in {"ratio", "index"},
        measure.kind == "count",
        sized=measure.kind == "amount",
        **more,
    )


def point_of(request: Request, row: int, along: str, across: str | None) -> Point:
    """Return the point of one row of the table; of a masked row, nothing but its sign."""
    protected, words, measure, table = request.protected, request.words, request.measure, request.table
    hidden = bool(protected.masked[row])
    x, low, high = (None, None, None) if hidden else _drawn(table, row, measure)
    text = sign_of(protected, row) if hidden else words.value(table, row, measure)
    return Point(
        label=words.category(table, row, along),
        series=words.category(table, row, across) if across else "",
        x=None if text == theme.IMPOSSIBLE else x,
        low=low,
        high=high,
        text=text,
        group=words.category(table, row, "variable") if "variable" in table.keys else "",
        few=not hidden and is_small(table, row, measure),
    )


def _drawn(table: Table, row: int, measure: Measure) -> tuple[float | None, float | None, float | None]:
    """Return a value and its bounds as printed: a drawing must not give a digit that the text does not.

    A vector drawing is read to nine digits, and « 26 % » of 188 visits would be 49 visits.
    """
    base = base_of(table, row, measure)
    columns = [measure.name, measure.low, measure.high]
    scale = 100 if measure.kind in PERCENT else 1
    x, low, high = (
        None if column is None else printed(table.cells[column].iloc[row], measure, base) for column in columns
    )
    return _scaled(x, scale), _scaled(low, scale), _scaled(high, scale)


def _scaled(x: float | str | None, scale: int) -> float | None:
    return None if x is None or isinstance(x, str) else round(x / scale, 6)
