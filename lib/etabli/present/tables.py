"""A protected table laid out on a grid, and the grid as HTML and as CSV."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from io import StringIO

import numpy as np

from etabli import french
from etabli.disclosure.protect import Protected
from etabli.methods.results import PEOPLE, TOTAL, Measure, Table, Test
from etabli.present import theme
from etabli.present.words import Words, base_of, digits_of, is_small

SIGNS = {
    theme.MASKED: "secret statistique",
    theme.NOT_AVAILABLE: "non disponible",
    theme.IMPOSSIBLE: "ne peut exister par nature",
}


def meaning(text: str) -> str | None:
    """Return what a sign stands for; None for a value."""
    if text.startswith(theme.AT_MOST):
        return f"{text.removeprefix(theme.AT_MOST).strip()} personnes ou moins, peut-être aucune"
    return SIGNS.get(text)


def sign_of(protected: Protected, row: int) -> str:
    """Return the sign that stands for a masked row."""
    few = protected.at_most.get(row)
    return theme.MASKED if few is None else f"{theme.AT_MOST}{french.NBSP}{few}"


@dataclass(frozen=True)
class Cell:
    """One value as printed: text, its interval, and what files hold (None: a sign stands there), with its decimals."""

    text: str
    interval: str | None = None
    number: float | str | None = None
    is_text: bool = False
    bounds: tuple[float, float] | None = None
    digits: int | None = None


@dataclass(frozen=True)
class Column:
    label: str
    group: str | None = None
    is_text: bool = False
    unit: str = ""
    """Of its numbers, in a workbook (`disclosure.workbook.UNITS`)."""


@dataclass(frozen=True)
class Row:
    label: str
    cells: tuple[Cell, ...]
    group: str | None = None
    group_note: str = ""
    total: bool = False


@dataclass(frozen=True)
class Grid:
    """A table as a reader sees it."""

    corner: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    signs: tuple[str, ...] = field(default=())

    @property
    def groups(self) -> list[tuple[str | None, int]]:
        """Headings above the columns, each with the number of columns that it spans; None over those that have none.

        Empty where no heading spans several.
        """
        spans: list[tuple[str | None, int]] = []
        for column in self.columns:
            if spans and spans[-1][0] == column.group:
                spans[-1] = (column.group, spans[-1][1] + 1)
            else:
                spans.append((column.group, 1))
        return spans if any(span > 1 and group is not None for group, span in spans) else []

    @property
    def is_empty(self) -> bool:
        """Whether no value of the table is available."""
        return all(cell.text == theme.NOT_AVAILABLE for row in self.rows for cell in row.cells)


def lay_out(
    protected: Protected,
    words: Words,
    *,
    measures: Sequence[str] | None = None,
    labels: Mapping[str, str] | None = None,
) -> Grid:
    """Lay a protected table out: the last dimension across when there are two or more, the others down.

    Parameters
    ----------
    protected
        The table, masks applied.
    words
        Labels.
    measures
        Names of the measures to show, in order (default: all). A share always comes with the number of
        people that its row rests on.
    labels
        Headings that replace the usual ones, by measure.

    A column in which nothing is available is left out.
    """
    table = protected.table
    shown = [table.measure(name) for name in measures] if measures else list(table.measures)
    layout = _Layout(protected, words, tuple(shown), dict(labels or {}))
    across = layout.across()
    rows = tuple(layout.row(keys, across) for keys in layout.down())
    kept = _with_values(rows, len(across))
    columns = tuple(across[place][0] for place in kept)
    rows = tuple(replace(row, cells=tuple(row.cells[place] for place in kept)) for row in rows)
    found = dict.fromkeys(cell.text for row in rows for cell in row.cells if meaning(cell.text))
    signs = tuple(sign for sign in [*SIGNS, *(found.keys() - SIGNS.keys())] if sign in found)
    return Grid(layout.corner(), columns, rows, layout.notes(), signs)


_UNITS = {"share": "%", "curve": "%", "rate": "%", "change": "±%", "points": "points", "amount": "€"}


def _with_values(rows: Sequence[Row], width: int) -> list[int]:
    """Return the places of the columns that hold a value, or a mask; all of them when none does."""
    filled = [i for i in range(width) if any(row.cells[i].text != theme.NOT_AVAILABLE for row in rows)]
    return filled or list(range(width))


@dataclass(frozen=True)
class _Layout:
    protected: Protected
    words: Words
    measures: tuple[Measure, ...]
    labels: dict[str, str]

    @property
    def table(self) -> Table:
        return self.protected.table

    @property
    def stacked(self) -> bool:
        return "variable" in self.table.keys

    @property
    def down_keys(self) -> tuple[str, ...]:
        keys = self.table.keys
        wide = len(keys) - (1 if self.stacked else 0) >= 2
        return keys[:-1] if wide else keys

    @property
    def across_key(self) -> str | None:
        return self.table.keys[-1] if len(self.down_keys) < len(self.table.keys) else None

    def corner(self) -> str:
        return self.words.dimension(self.down_keys[-1]) if self.down_keys else ""

    def across(self) -> list[tuple[Column, str | None, Measure]]:
        """The columns: heading, category across, measure."""
        if self.across_key is None:
            found = [(self._column(m), None, m) for m in self.measures]
            return [*found, *self._people_column(None)]
        columns: list[tuple[Column, str | None, Measure]] = []
        for code in self.table.cells[self.across_key].astype(str).unique():
            label = self._across_label(code)
            for measure in self.measures:
                if measure.kind == "share" and code == TOTAL and self._always_whole(measure):
                    continue
                columns.append((self._column(measure, label), code, measure))
        return [*columns, *self._people_column(TOTAL)]

    def _column(self, measure: Measure, across: str | None = None) -> Column:
        heading, is_text = self.words.measure(measure, self.labels), measure.kind == "text"
        unit = _UNITS.get(measure.kind, "")
        if across is None:
            return Column(heading, None, is_text, unit)
        is_of_row = measure.kind == "share" and self._always_whole(measure)
        if is_of_row and measure.name not in self.labels:
            heading = f"{heading} de la ligne"
        if len(self.measures) == 1:
            return Column(across, heading if is_of_row else None, is_text, unit)
        return Column(heading, across, is_text, unit)

    def _across_label(self, code: str) -> str:
        row = int((self.table.cells[self.across_key].astype(str) == code).to_numpy().argmax())
        return self.words.category(self.table, row, str(self.across_key))

    def _always_whole(self, measure: Measure) -> bool:
        totals = self.table.cells[self.table.cells[self.across_key].astype(str) == TOTAL]
        return bool((totals[measure.name].dropna().astype(float) == 1).all())

    def _people_column(self, code: str | None) -> list[tuple[Column, str | None, Measure]]:
        """The number of people behind a row, beside shares that do not show it."""
        if not any(m.kind in {"share", "mean"} for m in self.measures):
            return []
        if any(m.unit == "people" for m in self.measures) or self.words.people is None or not self.table.states_people:
            return []
        if code is not None and code not in set(self.table.cells[self.across_key].astype(str)):
            return []
        measure = Measure(PEOPLE, "count", unit="people")
        heading = f"Effectif ({self.words.people.many})"
        several = code is not None and len(self.measures) > 1
        return [(Column(heading, theme.TOTAL_LABEL) if several else Column(heading), code, measure)]

    def down(self) -> list[tuple[str, ...]]:
        """The rows, by their categories; of a stack of variables only the last total is kept."""
        if not self.down_keys:
            return [()]
        keys = self.table.cells[list(self.down_keys)].astype(str).drop_duplicates()
        rows = [tuple(str(code) for code in row) for row in keys.itertuples(index=False)]
        if not self.stacked:
            return rows
        totals = [row for row in rows if row[-1] == TOTAL]
        return [row for row in rows if row[-1] != TOTAL] + totals[-1:]

    def row(self, keys: tuple[str, ...], across: list[tuple[Column, str | None, Measure]]) -> Row:
        cells = tuple(self._cell(keys, code, measure) for _, code, measure in across)
        if not keys:
            return Row(theme.TOTAL_LABEL, cells, total=True)
        position = self._position(keys, None)
        label = self.words.category(self.table, position, self.down_keys[-1])
        total = keys[-1] == TOTAL
        if len(keys) == 1:
            return Row(label, cells, total=total)
        if total and self.stacked:
            return Row(label, cells, theme.TOTAL_LABEL, total=True)
        group = self.words.category(self.table, position, self.down_keys[0])
        return Row(label, cells, group, self._group_note(keys[0]), total)

    def _group_note(self, variable: str) -> str:
        """The test of one variable of a stack, short enough to stand beside its name."""
        test = next((test for test in self.protected.tests if test.within.get("variable") == variable), None)
        if test is None or not self.stacked:
            return ""
        effect = f"V de Cramér {french.number(test.effect, 2)} ; " if test.effect is not None else ""
        return french.typography(effect + french.p_value(test.p_value))

    def _position(self, keys: tuple[str, ...], code: str | None) -> int:
        """Return the first place of these categories, down and across (any, for None); −1 when there is none."""
        return self._places.get((keys, code), -1)

    @cached_property
    def _places(self) -> dict[tuple[tuple[str, ...], str | None], int]:
        """The places of all categories: looked for cell by cell, they were three quarters of a report's last cell."""
        codes = [self.table.cells[name].astype(str).tolist() for name in self.table.keys]
        wide = self.across_key is not None
        found: dict[tuple[tuple[str, ...], str | None], int] = {}
        for place, row in enumerate(zip(*codes, strict=True) if codes else [()]):
            keys = row[:-1] if wide else row
            found.setdefault((keys, None), place)
            if wide:
                found.setdefault((keys, row[-1]), place)
        return found

    def _cell(self, keys: tuple[str, ...], code: str | None, measure: Measure) -> Cell:
        position = self._position(keys, code)
        if position < 0:
            return Cell(theme.NOT_AVAILABLE)
        if self.protected.masked[position]:
            return Cell(sign_of(self.protected, position))
        return Cell(
            self.words.value(self.table, position, measure),
            self.words.interval(self.table, position, measure),
            self._number(position, measure),
            measure.kind == "text",
            self.words.bounds(self.table, position, measure),
            digits_of(measure, base_of(self.table, position, measure)),
        )

    def _number(self, position: int, measure: Measure) -> float | str | None:
        """What files hold: the printed number, or the words of a measure in words."""
        if measure.kind == "text":
            text = self.words.value(self.table, position, measure)
            return None if text == theme.NOT_AVAILABLE else text
        return self.words.released(self.table, position, measure)

    def notes(self) -> tuple[str, ...]:
        """The tests of the whole table; of a stack, what they are, and what is to be known of each."""
        tests = self.protected.tests
        whole = [describe_test(test, self.words) for test in tests if not test.within]
        stacked = [test for test in tests if "variable" in test.within]
        held = self._warnings(stacked)
        everywhere = [note for note, names in held.items() if len(names) == len(stacked)]
        kinds = [describe_tests(tests, self.words, everywhere) for tests in _by_name(stacked)]
        some = [
            french.typography(f"{french.listing([f'« {name} »' for name in names])} : {french.uncapitalised(note)}")
            for note, names in held.items()
            if len(names) < len(stacked)
        ]
        return (*whole, *kinds, *some, *self._without_interval())

    def _warnings(self, tests: Sequence[Test]) -> dict[str, list[str]]:
        """What is to be known of tests of a stack, each thing once, with the variables of which it holds."""
        held: dict[str, list[str]] = {}
        for test in tests:
            for note in _SENTENCES.split(test.note) if test.note else []:
                held.setdefault(note, []).append(self.words.dimension(test.within["variable"]))
        return held

    def _without_interval(self) -> list[str]:
        """Why a share in percent has no interval where the others have one."""
        cells = self.table.cells
        for measure in self.measures:
            if measure.kind != "share" or measure.low is None:
                continue
            known = cells[measure.name].notna() & cells[measure.low].isna() & ~self.protected.masked
            if not self.table.keys:
                continue
            known &= cells[self.table.keys[-1]].astype(str) != TOTAL
            if any(not is_small(self.table, int(row), measure) for row in np.flatnonzero(known)):
                return ["Une part sans intervalle repose trop sur quelques personnes pour en avoir un."]
        return []


def _by_name(tests: Sequence[Test]) -> list[list[Test]]:
    groups: dict[str, list[Test]] = {}
    for test in tests:
        groups.setdefault(test.name, []).append(test)
    return list(groups.values())


def _bare(name: str) -> str:
    """Return the name of a test without the word, which stands before it: « χ² de Pearson »."""
    for article in ("test du ", "test de "):
        name = name.removeprefix(article)
    return name


_SENTENCES = re.compile(r"(?<=\.) ")


def describe_tests(tests: Sequence[Test], words: Words, notes: Sequence[str] = ()) -> str:
    """Return what the tests of a stack of variables are: one a variable, on how many people, what holds of all."""
    numbers = sorted({test.people for test in tests if test.people is not None})
    people = ""
    if numbers and len(tests) == sum(test.people is not None for test in tests):
        span = " à ".join(french.number(each) for each in dict.fromkeys((numbers[0], numbers[-1])))
        people = f" ; n = {span} {words.people.many if words.people else ''}".rstrip()
    head = f"{_bare(tests[0].name)}, un par caractéristique{people}."
    return french.typography(" ".join([head, *notes]))


COARSE = 5
"""Step, in points, of the share of rows that a result leaves out: one that is finer would tell of single people."""
FEWEST_TOLD = 20
"""Rows that a step must hold at least for the share left out to be told."""


def describe_missing(protected: Protected, words: Words) -> str | None:
    """Return how much of the data a table leaves out, in steps of `COARSE` points; None when nothing, or too little.

    The number itself is not told: beside tables of everybody, it tells how many lack several answers at once.
    """
    missing = protected.table.missing
    if missing is None or not missing.of or protected.masked.all() or words.source is None:
        return None
    counted = words.people if words.people is not None and missing.of_people else words.source.row
    if missing.of * COARSE / 100 < FEWEST_TOLD:
        return french.typography(f"une partie des {counted.many}.")
    step = int(missing.rows / missing.of * 100 // COARSE) * COARSE
    share = f"moins de {COARSE} %" if step == 0 else f"de {step} à {step + COARSE} %"
    return french.typography(f"{share} des {counted.many}.")


def describe_test(test: Test, words: Words) -> str:
    """Return a test as its note under a table."""
    degrees = f"{french.NBSP}; ".join(french.number(d, 0 if float(d).is_integer() else 1) for d in test.degrees)
    people = words.people
    parts = [
        (
            f"{_bare(test.name)} : statistique {french.number(test.statistic, 1)} ({degrees} ddl), "
            f"{french.p_value(test.p_value)}"
        )
    ]
    if test.effect is not None:
        parts.append(f"V de Cramér {french.number(test.effect, 2)} (de 0, aucun lien, à 1)")
    if test.people is not None:
        parts.append(f"n = {french.number(test.people)} {people.many if people else ''}".strip())
    return french.typography(" ; ".join(parts) + "." + (f" {test.note}" if test.note else ""))


def to_html(grid: Grid, *, caption: str, name: str) -> str:
    """Return the grid as an accessible HTML table. `caption` is HTML; `name` tells its scrolling frame from others."""
    head = _head(grid)
    bodies, group = [], None
    lines: list[str] = []
    decimals = _decimals(grid)
    for row in grid.rows:
        if row.group != group and row.group is not None:
            if lines:
                bodies.append(lines)
            group = row.group
            span = len(grid.columns) + 1
            lines = [] if row.total and row.group == theme.TOTAL_LABEL else [_group(row, span)]
        lines.append(_row(row, decimals))
    bodies.append(lines)
    body = "".join(f"<tbody>{''.join(each)}</tbody>" for each in bodies)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(name)}">'
        f"<table><caption>{caption}</caption><thead>{head}</thead>{body}</table></div>"
    )


def _head(grid: Grid) -> str:
    corner = escape(grid.corner) or '<span class="unseen">Modalité</span>'
    if not grid.groups:
        cells = "".join(
            _heading(column, f"{column.group}, {column.label}" if column.group else None) for column in grid.columns
        )
        return f'<tr><th scope="col">{corner}</th>{cells}</tr>'
    top, left = "", list(grid.columns)
    for label, span in grid.groups:
        under, left = left[:span], left[span:]
        if label is None:
            top += "".join(_heading(column, rows=2) for column in under)
        else:
            top += f'<th scope="colgroup" colspan="{span}">{escape(label)}</th>'
    low = "".join(_heading(column) for column in grid.columns if column.group is not None)
    return f'<tr><th scope="col" rowspan="2">{corner}</th>{top}</tr><tr>{low}</tr>'


def _heading(column: Column, label: str | None = None, *, rows: int = 1) -> str:
    kind = ' class="text"' if column.is_text else ""
    spans = f' rowspan="{rows}"' if rows > 1 else ""
    return f'<th scope="col"{spans}{kind}>{escape(label or column.label)}</th>'


def _group(row: Row, span: int) -> str:
    note = f' <small class="interval">{escape(row.group_note)}</small>' if row.group_note else ""
    return f'<tr class="group"><th scope="rowgroup" colspan="{span}">{escape(row.group or "")}{note}</th></tr>'


def _decimals(grid: Grid) -> list[int]:
    """Return the most decimals of each column."""
    return [max((row.cells[place].digits or 0 for row in grid.rows), default=0) for place in range(len(grid.columns))]


_PRINTED = re.compile(r"\d[\d\u202f]*")
_GAP = '<span class="gap"></span>'
"""The room of a comma and a digit: empty, nothing reads or copies it."""


def _cell(cell: Cell, most: int) -> str:
    """Return a cell of a column whose numbers have at most so many decimals.

    Percentages of few people have none, beside others that have one; numbers of other kinds have as many in all rows.
    Those that lack it have its room, so that units and commas stand under each other: « 65   % »; their interval has
    the room of both bounds after it, where it stands beside the value, on paper.
    """
    lacks = cell.digits == 0 and most == 1 and isinstance(cell.number, int | float)
    kind, text, interval = ' class="text"' if cell.is_text else "", escape(cell.text), ""
    if cell.interval:
        interval = f'<br><small class="interval">{escape(cell.interval)}{_GAP if lacks else ""}</small>'
    if lacks:
        text = _PRINTED.sub(rf"\g<0>{_GAP}", text, count=1)
    return f"<td{kind}>{text}{interval}</td>"


def _row(row: Row, decimals: Sequence[int]) -> str:
    cells = "".join(_cell(cell, most) for cell, most in zip(row.cells, decimals, strict=True))
    opening = '<tr class="total">' if row.total else "<tr>"
    return f'{opening}<th scope="row">{escape(row.label)}</th>{cells}</tr>'


def to_csv(grid: Grid) -> str:
    """Return the grid as text for a spreadsheet in French: semicolons, decimal commas, printed digits only.

    The bounds of a value stand in the two columns beside it (« /// » where it has none). A masked or missing value is
    its sign, never an empty cell. Words that a spreadsheet would take for a formula are written so that it does not.
    """
    grouped, ranged = _shape(grid)
    out = StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    heading = []
    for column, has_interval in zip(grid.columns, ranged, strict=True):
        label = _defused(f"{column.group} - {column.label}" if column.group else column.label)
        heading += [label, *(f"{label} ({which} à 95 %)" for which in _BOUNDS if has_interval)]
    writer.writerow([*(["Variable"] if grouped else []), _defused(grid.corner or "Modalité"), *heading])
    for row in grid.rows:
        cells = []
        for cell, has_interval in zip(row.cells, ranged, strict=True):
            cells += [_plain(cell), *(_range(cell) if has_interval else ())]
        writer.writerow([*([_defused(row.group or "")] if grouped else []), _defused(row.label), *cells])
    return out.getvalue()


def units_of(grid: Grid) -> list[str | None]:
    """Return the unit of each column that `to_csv` writes; None for a column of words."""
    grouped, ranged = _shape(grid)
    units: list[str | None] = [None] * (2 if grouped else 1)
    for column, has_interval in zip(grid.columns, ranged, strict=True):
        units += [None if column.is_text else column.unit] * (3 if has_interval else 1)
    return units


def _shape(grid: Grid) -> tuple[bool, list[bool]]:
    """Return whether rows stand in groups, and which columns have bounds beside them."""
    ranged = [any(row.cells[place].interval for row in grid.rows) for place in range(len(grid.columns))]
    return any(row.group is not None for row in grid.rows), ranged


_BOUNDS = ("borne basse", "borne haute")


def _range(cell: Cell) -> tuple[str, str]:
    """Return the bounds of a value, or the sign that stands in their places."""
    if cell.bounds is None:
        sign = cell.text if meaning(cell.text) else theme.IMPOSSIBLE
        return sign, sign
    low, high = (_decimal(bound, cell.digits) for bound in cell.bounds)
    return low, high


def _plain(cell: Cell) -> str:
    if cell.number is None:
        return cell.text
    if isinstance(cell.number, str):
        return _defused(cell.number)
    return _decimal(cell.number, cell.digits)


def _decimal(number: float, digits: int | None) -> str:
    return (f"{number}" if digits is None else f"{number:.{digits}f}").replace(".", ",")


def _defused(words: str) -> str:
    """Return words that no spreadsheet computes: a leading =, +, -, @, tab or return makes them a formula."""
    return f"'{words}" if words.startswith(("=", "+", "-", "@", "\t", "\r")) else words
