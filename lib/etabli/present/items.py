"""What a report collects: each item knows the tables it rests on, and how it reads once they are protected."""

from __future__ import annotations

from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any, ClassVar

import pandas as pd

from etabli import french
from etabli.disclosure.protect import Protected, Protection
from etabli.methods.results import TOTAL, Measure, Table, Value
from etabli.present import figures, theme
from etabli.present.figures import FigureKind
from etabli.present.said import Place
from etabli.present.sentences import Sentence
from etabli.present.tables import Grid, describe_missing, lay_out, meaning, sign_of, to_csv, to_html, units_of
from etabli.present.words import Words, base_of, is_impossible, is_small, printed, unit_of


@dataclass(frozen=True)
class Item(ABC):
    """One place in the report.

    Parameters
    ----------
    name
        Its display id, its anchor, and its name in results.json.
    number
        Its rank among the items of its kind.
    words
        Labels.
    cell, execution
        The notebook cell that made it, and at which execution.
    """

    prefix: ClassVar[str] = "item"

    name: str
    number: int
    words: Words
    cell: str | None
    execution: int

    @property
    @abstractmethod
    def tables(self) -> list[Table]:
        """Every table that the item shows or takes a value from."""

    @property
    @abstractmethod
    def waiting(self) -> str:
        """What its place says before protection."""

    @abstractmethod
    def html(self, protection: Protection) -> str:
        """What stands in its place once it is protected."""

    def try_out(self, protection: Protection) -> None:
        """Make what `html` needs, and show nothing: what cannot be shown is refused in the cell that asks for it."""
        self.html(protection)

    @abstractmethod
    def results(self, protection: Protection) -> list[dict[str, Any]]:
        """The values that the item releases, with the printed precision."""

    @abstractmethod
    def places(self, protection: Protection) -> list[Place]:
        """Where the values that the item releases stand: what the ledger keeps of it."""

    def _cited_places(self, protection: Protection, *sentences: Sentence) -> list[Place]:
        told = [each for each in sentences if not each.is_masked(protection)]
        return [(self.name, v.table, v.row, v.table.measure(v.measure)) for each in told for v in each.cited]

    def files(self, protection: Protection) -> dict[str, str]:  # noqa: ARG002  # tables and figures use it
        """The files that the item releases, by name."""
        return {}

    def sheets(self, protection: Protection) -> dict[str, dict[str, Any]]:  # noqa: ARG002  # as `files`
        """What a workbook says around each of those files: title, scope, notes, units of the columns."""
        return {}

    def _cited(self, protection: Protection, *sentences: Sentence) -> list[dict[str, Any]]:
        if any(each.is_masked(protection) for each in sentences):
            sentences = tuple(each for each in sentences if not each.is_masked(protection))
        values = [value for each in sentences for value in each.cited]
        return [
            _result(self.name, protection.of(v.table), v.row, v.table.measure(v.measure), self.words) for v in values
        ]


@dataclass(frozen=True)
class SentenceItem(Item):
    """A paragraph, or a heading."""

    prefix: ClassVar[str] = "texte"

    text: Sentence
    level: int | None
    question: str | None

    @property
    def tables(self) -> list[Table]:
        return self.text.tables

    @property
    def waiting(self) -> str:
        return "Titre" if self.level else "Phrase"

    def html(self, protection: Protection) -> str:
        text = french.capitalised(self.text.html(protection, self.words))
        if self.level is None:
            return f"<p>{text}</p>"
        return f'<h{self.level} id="{self.name}">{text}</h{self.level}>'

    def results(self, protection: Protection) -> list[dict[str, Any]]:
        return self._cited(protection, self.text)

    def places(self, protection: Protection) -> list[Place]:
        return self._cited_places(protection, self.text)


@dataclass(frozen=True)
class AbsenceItem(SentenceItem):
    """What stands where results of a source would, which the edition lacks."""

    prefix: ClassVar[str] = "absence"

    lacking: str
    """The source that is not there; empty for the heading above what tells of it."""


@dataclass(frozen=True)
class KeyFigureItem(Item):
    """One number, large."""

    prefix: ClassVar[str] = "chiffre"

    value: Value
    label: Sentence
    note: Sentence

    @property
    def tables(self) -> list[Table]:
        return [self.value.table, *self.label.tables, *self.note.tables]

    @property
    def waiting(self) -> str:
        return "Chiffre clé"

    def html(self, protection: Protection) -> str:
        protected = protection.of(self.value.table)
        measure = self.value.table.measure(self.value.measure)
        masked = protection.is_masked(self.value)
        sign = theme.MASKED if self.value.compared else sign_of(protected, self.value.row)
        text = sign if masked else self.words.value(protected.table, self.value.row, measure)
        interval = None if masked else self.words.interval(protected.table, self.value.row, measure)
        said = meaning(text)
        unseen = f'<span class="unseen"> ({said})</span>' if said else ""
        lines = [
            f'<p class="number">{escape(text)}{unseen}</p>',
            f'<p class="label">{self.label.html(protection, self.words)}</p>',
        ]
        if interval:
            lines.append(
                f'<p class="interval">intervalle de confiance à 95{french.NBSP}% : {escape(interval)}</p>'.replace(
                    " :", f"{french.NBSP}:"
                )
            )
        if self.note.template:
            lines.append(f'<p class="interval">{self.note.html(protection, self.words)}</p>')
        return f'<div class="key-figure" id="{self.name}">{"".join(lines)}</div>'

    def results(self, protection: Protection) -> list[dict[str, Any]]:
        measure = self.value.table.measure(self.value.measure)
        own = _result(self.name, protection.of(self.value.table), self.value.row, measure, self.words)
        if protection.is_masked(self.value):  # its own row may be shown, and not that it is the largest
            own = {**own, "where": {}, "value": None, "sign": theme.MASKED, "n": None}
            own.pop("interval", None)
        return [own, *self._cited(protection, self.label, self.note)]

    def places(self, protection: Protection) -> list[Place]:
        value = self.value
        own = (
            []
            if protection.is_masked(value)
            else [(self.name, value.table, value.row, value.table.measure(value.measure))]
        )
        return [*own, *self._cited_places(protection, self.label, self.note)]


@dataclass(frozen=True)
class TableItem(Item):
    """A numbered table with its notes."""

    prefix: ClassVar[str] = "tableau"
    noun: ClassVar[str] = "Tableau"

    table: Table
    origin: str
    title: Sentence
    scope: Sentence
    reading: Sentence
    note: Sentence
    measures: tuple[str, ...] | None
    labels: Mapping[str, str]

    @property
    def tables(self) -> list[Table]:
        sentences = (self.title, self.scope, self.reading, self.note)
        return [self.table, *(table for each in sentences for table in each.tables)]

    @property
    def waiting(self) -> str:
        return f"{self.noun} {self.number}"

    def grid(self, protection: Protection) -> Grid:
        protected = protection.of(self.table)
        if self._laid_out.get("of") is not protected:
            grid = lay_out(protected, self.words, measures=self.measures, labels=self.labels)
            self._laid_out.update(of=protected, grid=grid)
        laid_out: Grid = self._laid_out["grid"]
        return laid_out

    @cached_property
    def _laid_out(self) -> dict[str, Any]:
        """The last grid, and the protected table that it lays out, masks included: page and file show the same."""
        return {}

    def heading(self, protection: Protection) -> str:
        return f"<b>{self.noun}{french.NBSP}{self.number}.</b> {escape(self._title(protection), quote=False)}"

    def _title(self, protection: Protection) -> str:
        return french.capitalised(self.title.fill(protection, self.words))

    def refusal(self, protection: Protection) -> str | None:
        """What stands in its place when nothing of it may be shown; None when it may."""
        reason = protection.of(self.table).refused
        if reason is None:
            return None
        text = french.typography(f"non diffusé, {reason}")
        return f'<p class="table" id="{self.name}"><b>{self.waiting}.</b> {escape(text, quote=False)}</p>'

    def html(self, protection: Protection) -> str:
        refusal = self.refusal(protection)
        if refusal is not None:
            return refusal
        grid = self.grid(protection)
        if grid.is_empty:
            return (
                f'<p class="table" id="{self.name}">{self.heading(protection)}{french.NBSP}: '
                f"aucune valeur ne peut être donnée.</p>"
            )
        table = to_html(grid, caption=self.heading(protection), name=self.waiting)
        return f'<div class="table" id="{self.name}">{table}{self.notes_html(protection, grid)}</div>'

    def notes(self, protection: Protection, grid: Grid) -> list[tuple[str, str]]:
        """The legend of signs, the tests, and the three notes, each under its name."""
        legend = f"{french.NNBSP}; ".join(f"{sign}{french.NBSP}: {meaning(sign)}" for sign in grid.signs)
        notes = [
            ("Signes", legend),
            ("Tests" if len(grid.notes) > 1 else "Test", " ".join(grid.notes)),
            ("Lecture", self.reading.fill(protection, self.words)),
            ("Note", self.note.fill(protection, self.words) if self.note.template else ""),
            ("Champ", self.scope.fill(protection, self.words)),
            ("Hors champ", describe_missing(protection.of(self.table), self.words) or ""),
            ("Source", french.typography(self.origin)),
        ]
        return [(label, text) for label, text in notes if text]

    def notes_html(self, protection: Protection, grid: Grid) -> str:
        lines = "".join(
            f"<p><b>{label}{french.NBSP}:</b> {escape(text, quote=False)}</p>"
            for label, text in self.notes(protection, grid)
        )
        return f'<div class="notes">{lines}</div>'

    def results(self, protection: Protection) -> list[dict[str, Any]]:
        protected = protection.of(self.table)
        if protected.refused is not None:
            return []
        shown = [self.table.measure(name) for name in self.measures] if self.measures else self.table.measures
        own = [
            _result(self.name, protected, row, measure, self.words, self.labels)
            for row in range(len(self.table.cells))
            for measure in shown
        ]
        tests = [
            {
                "item": self.name,
                "name": test.name,
                "unit": "",
                "where": dict(test.within),
                "value": float(french.rounded(test.statistic, 1)),
                "p_value": french.p_value(test.p_value),
                "effect": None if test.effect is None else float(french.rounded(test.effect, 2)),
                "degrees": [float(french.rounded(each, 1)) for each in test.degrees],
                "note": test.note,
                "n": test.people,
            }
            for test in protected.tests
        ]
        return [*own, *tests, *self._cited(protection, self.title, self.scope, self.reading, self.note)]

    def places(self, protection: Protection) -> list[Place]:
        if protection.of(self.table).refused is not None:
            return []
        shown = [self.table.measure(name) for name in self.measures] if self.measures else self.table.measures
        own = [(self.name, self.table, row, each) for row in range(len(self.table.cells)) for each in shown]
        return [*own, *self._cited_places(protection, self.title, self.scope, self.reading, self.note)]

    def files(self, protection: Protection) -> dict[str, str]:
        if protection.of(self.table).refused is not None:
            return {}
        return {f"{self.name}.csv": to_csv(self.grid(protection))}

    def sheets(self, protection: Protection) -> dict[str, dict[str, Any]]:
        if protection.of(self.table).refused is not None:
            return {}
        grid = self.grid(protection)
        notes = [] if grid.is_empty else self.notes(protection, grid)  # the page says nothing more of it either
        told = {
            "title": f"{self.noun}{french.NBSP}{self.number}. {self._title(protection)}",
            "scope": "" if grid.is_empty else self.scope.fill(protection, self.words),
            "notes": [f"{label}{french.NBSP}: {text}" for label, text in notes],
            "units": units_of(grid),
        }
        return {f"{self.name}.csv": told}


@dataclass(frozen=True)
class FigureItem(TableItem):
    """A numbered figure with its notes, its alternative text and its data."""

    prefix: ClassVar[str] = "figure"
    noun: ClassVar[str] = "Figure"

    kind: FigureKind
    where: Mapping[str, str]
    mapped: figures.Mapped | None = None

    def drawing(self, protection: Protection) -> figures.Drawing:
        return figures.compose(
            protection.of(self.table),
            self.words,
            kind=self.kind,
            measure=(self.measures or ("",))[0],
            where=self.where,
            labels=self.labels,
            mapped=self.mapped,
        )

    def try_out(self, protection: Protection) -> None:
        figures.describe(self.drawing(protection))
        self.notes_html(protection, self.grid(protection))
        self.heading(protection)

    def html(self, protection: Protection) -> str:
        refusal = self.refusal(protection)
        if refusal is not None:
            return refusal
        grid = self.grid(protection)
        caption, drawn = f"Données de la {self.noun.lower()}{french.NBSP}{self.number}", self._drawn(protection)
        kind = "drawing tall" if figures.is_tall(drawn) else "drawing"
        return (
            f'<figure id="{self.name}"><figcaption>{self.heading(protection)}</figcaption>'
            f'<div class="{kind}">{drawn}</div>{self.notes_html(protection, grid)}'
            f"<details><summary>{caption}</summary>{to_html(grid, caption=caption, name=caption)}</details></figure>"
        )

    def files(self, protection: Protection) -> dict[str, str]:
        """Return the data, and the drawing of the page as a file to paste elsewhere; in base64 where it is pixels."""
        if self.refusal(protection) is not None:
            return {}
        drawn = self._drawn(protection)
        pixels = figures.pixels_in(drawn)
        drawing = (
            {f"{self.name}.svg": f"{drawn}\n"} if pixels is None else {f"{self.name}.png": b64encode(pixels).decode()}
        )
        return {**super().files(protection), **drawing}

    def _drawn(self, protection: Protection) -> str:
        drawing = self.drawing(protection)
        return figures.draw(drawing, name=self.name, alternative=figures.describe(drawing))


@dataclass(frozen=True)
class MapItem(FigureItem):
    """A numbered map: a figure of a table that has a place for dimension."""

    prefix: ClassVar[str] = "carte"
    noun: ClassVar[str] = "Carte"


def _result(
    item: str, protected: Protected, row: int, measure: Measure, words: Words, labels: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return one released value as `results.json` holds it."""
    table, masked = protected.table, bool(protected.masked[row])
    where = {name: _code(table, row, name) for name in table.keys}
    result: dict[str, Any] = {
        "item": item,
        "name": measure.name,
        "label": words.measure(measure, labels or {}),
        "unit": unit_of(measure, words),
        "where": where,
    }
    if masked:
        return {**result, "value": None, "sign": sign_of(protected, row), "n": None}
    base = base_of(table, row, measure)
    people = base if base != float("inf") else table.at("people", row)
    result["value"] = words.released(table, row, measure)
    if result["value"] is None:
        result["sign"] = theme.IMPOSSIBLE if is_impossible(table, row, measure) else theme.NOT_AVAILABLE
    if measure.low and measure.high and not is_small(table, row, measure):
        result["interval"] = [printed(table.at(name, row), measure, base) for name in (measure.low, measure.high)]
    result["n"] = None if pd.isna(people) or not measure.states_people else int(people)
    return result


def _code(table: Table, row: int, name: str) -> str:
    code = str(table.at(name, row))
    return "total" if code == TOTAL else code
