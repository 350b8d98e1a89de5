"""The codebook of a study: what each variable of each source is, and how a delivery is held to it."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from etabli.declarations import Declaration, read_declaration
from etabli.errors import DeclarationError, suggestion
from etabli.project import Project
from etabli.study import Name, Study, Text

Sensitivity = Literal["identifier", "quasi_identifier", "sensitive", "open"]


class Code(Declaration):
    """One category of a coded variable."""

    label: Text
    """How a report writes it."""
    value: str | None = None
    """How the delivery writes it (default: the code itself)."""
    weight: float = Field(default=1, ge=0)
    """Relative frequency in dummy data."""


class Variable(Declaration):
    """One column of a source."""

    label: Text
    type: Literal["code", "integer", "number", "date", "datetime", "text", "boolean", "identifier"]
    sensitivity: Sensitivity
    column: str | None = None
    """The column's name in the delivery (default: the variable's name)."""
    unit: str | None = None
    proper: bool = False
    """Whether the labels of the codes are proper nouns, which keep their capital inside a sentence."""
    codes: dict[str, Code] = Field(default_factory=dict)
    """By code, in the order in which reports show them. A plain label may stand for a `Code`."""
    missing: tuple[str, ...] = ()
    """Values of the delivery that mean « missing », beside the empty one."""
    required: bool = True
    """Whether the value may not be missing."""
    minimum: float | date | None = None
    maximum: float | date | None = None
    pattern: str | None = None
    """Regular expression that the whole text matches."""
    unique: bool = False
    format: str | None = None
    """How the delivery writes a date (default: %d/%m/%Y, and %d/%m/%Y %H:%M for a datetime)."""

    @model_validator(mode="before")
    @classmethod
    def _labels_are_codes(cls, data: object) -> object:
        if isinstance(data, dict) and isinstance(data.get("codes"), dict):
            codes = {k: {"label": v} if isinstance(v, str) else v for k, v in data["codes"].items()}
            return {**data, "codes": codes}
        return data

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        if (self.type == "code") != bool(self.codes):
            raise ValueError("des « codes » si et seulement si le type est code")
        if (self.type == "identifier") != (self.sensitivity == "identifier"):
            raise ValueError("le type « identifier » avec la sensibilité « identifier », et réciproquement")
        values = [code.value or name for name, code in self.codes.items()]
        if len(set(values)) < len(values):
            raise ValueError("des codes dont les valeurs sont toutes différentes")
        self._has_fitting_rules()
        return self

    def _has_fitting_rules(self) -> None:
        kinds: dict[str, type[float | date]] = {
            "integer": float,
            "number": float,
            "date": date,
            "datetime": date,
        }
        bounds = [bound for bound in (self.minimum, self.maximum) if bound is not None]
        if not all(isinstance(bound, kinds.get(self.type, ())) for bound in bounds):
            raise ValueError("« minimum » et « maximum » en nombres pour un nombre, en dates pour une date")
        if len(bounds) == 2 and bounds[0] > bounds[1]:  # type: ignore[operator]
            raise ValueError("un « minimum » qui ne dépasse pas le « maximum »")
        try:
            re.compile(self.pattern or "")
        except re.error:
            raise ValueError("un « pattern » qui soit une expression régulière") from None
        try:
            datetime.strptime(datetime(2024, 12, 31).strftime(self.format or ""), self.format or "")
        except ValueError:
            raise ValueError("un « format » de date sans fuseau, comme %d/%m/%Y") from None

    def code_of(self) -> dict[str, str]:
        """Return the code for each value that the delivery may hold."""
        return {code.value or name: name for name, code in self.codes.items()}


class Noun(Declaration):
    """What a row, or a person, of a source is called: « visite », « visites », feminine."""

    one: Text
    many: Text
    gender: Literal["f", "m"]


class FileFormat(Declaration):
    """How the delivery is written."""

    model_config = ConfigDict(str_strip_whitespace=False)  # a tab is a separator

    separator: Annotated[str, Field(min_length=1, max_length=1)] = ";"
    encoding: Literal["utf-8", "latin-1", "cp1252", "utf-16"] = "utf-8"
    decimal: Literal[",", "."] = ","
    thousands: Literal[".", ",", "'"] | None = None
    """What stands between thousands, beside spaces of every kind, which are always taken."""
    sheet: str | None = None
    """The sheet of a workbook (default: the only one that holds the codebook's columns)."""
    header_rows: Annotated[int, Field(ge=1, le=10)] = 1
    """Rows of the header; the last one names the columns, those above are their groups or their labels."""
    title_rows: Annotated[int, Field(ge=0, le=100)] = 0
    """Rows above the header: a title, a date of extraction."""

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        if self.thousands == self.decimal:
            raise ValueError("un signe des milliers (« thousands ») autre que celui des décimales (« decimal »)")
        return self


class SourceCodebook(Declaration):
    """The codebook of one source."""

    row: Noun
    """What one row is."""
    person: Name | None = None
    """The variable that identifies the person behind a row; None where the rows hold no person."""
    people: Noun | None = None
    """What that person is called."""
    format: FileFormat = FileFormat()
    variables: dict[Name, Variable] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        if (self.person is None) != (self.people is None):
            raise ValueError("« person » et « people » ensemble, ou aucun des deux")
        if self.person is not None:
            variable = self.variables.get(self.person)
            if variable is None or variable.type != "identifier":
                raise ValueError(f"« person » nomme une variable de type identifier (reçu : {self.person})")
        columns = [variable.column or name for name, variable in self.variables.items()]
        if len(set(columns)) < len(columns):
            raise ValueError("des variables qui ont chacune leur colonne")
        return self


class Codebook(Declaration):
    """`codebook.yml`: one codebook for each source of the study, under the same key."""

    sources: dict[Name, SourceCodebook]
    derived: dict[Name, Variable] = Field(default_factory=dict)
    """Variables that methods compute and deliveries do not hold: their labels and the order of their codes."""

    def variable(self, name: str) -> Variable | None:
        """Return a variable, whichever source holds it; None when none does."""
        held = [source.variables[name] for source in self.sources.values() if name in source.variables]
        return held[0] if held else self.derived.get(name)


def read_codebook(project: Project, study: Study) -> Codebook:
    """Read `studies/<slug>/codebook.yml` and hold it against the study's sources.

    Raises
    ------
    DeclarationError
        The codebook does not hold, or lacks a source of the study.
    """
    path = project.studies / study.slug / "codebook.yml"
    shown = project.relative(path)
    codebook = read_declaration(path, Codebook, shown=shown)
    for name in study.sources:
        if name not in codebook.sources:
            raise DeclarationError(
                f"La source « {name} » de l’étude n’a pas de codebook.",
                where=shown,
                hint=suggestion(name, codebook.sources),
            )
    return codebook
