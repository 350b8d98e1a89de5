"""The codebook of a study: what each variable of each source is, and how a delivery is held to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from math import isfinite
from typing import Annotated, Literal, Self, get_args

from pydantic import ConfigDict, Field, ValidationError, field_validator, model_validator

from etabli.agreements import Level
from etabli.declarations import Complaint, Declaration, misplaced, read_declaration
from etabli.errors import DeclarationError, suggestion
from etabli.project import Project
from etabli.sources.amendments import Amendment, amended
from etabli.sources.expressions import Expression, parse
from etabli.study import EditionName, Name, Study, Text

Sensitivity = Literal["identifier", "quasi_identifier", "sensitive", "open"]

Severity = Literal["blocks", "warns"]
"""Whether a broken rule keeps the delivery out, or is only told."""

_YEAR = re.compile("(?:^|[^%])(?:%%)*%[Yycx]")
"""In a `strptime` format, what says the year."""

RuleName = Literal["required", "type", "minimum", "maximum", "pattern", "unique", "references"]
"""The rules that a variable may carry."""


class Code(Declaration):
    """One category of a coded variable."""

    label: Text
    """How a report writes it."""
    value: str | None = None
    """How the delivery writes it (default: the code itself)."""
    weight: float = Field(default=1, ge=0)
    """Relative frequency in dummy data."""


class FileFormat(Declaration):
    """How the delivery is written."""

    model_config = ConfigDict(str_strip_whitespace=False)  # a tab is a separator

    separator: Annotated[str, Field(min_length=1, max_length=1)] = ";"
    encoding: Literal["utf-8", "latin-1", "cp1252", "utf-16"] = "utf-8"
    decimal: Literal[",", "."] = ","
    thousands: Literal[".", ",", "'", " ", "\u00a0", "\u202f"] | None = None
    """What stands between thousands; spaces of every kind are always taken, and written where they are declared."""
    sheet: str | None = None
    """The sheet of a workbook (default: the only one that holds the codebook's columns)."""
    header_rows: Annotated[int, Field(ge=1, le=10)] = 1
    """Rows of the header; the last one names the columns, those above are their groups or their labels."""
    title_rows: Annotated[int, Field(ge=0, le=100)] = 0
    """Rows above the header: a title, a date of extraction."""
    bom: bool = False
    """Whether demo data in UTF-8 begin with a byte order mark, as Excel writes it; it is always taken."""

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        if self.thousands == self.decimal:
            raise ValueError("un signe des milliers (« thousands ») autre que celui des décimales (« decimal »)")
        return self


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
    missing: dict[str, str] = Field(default_factory=dict)
    """Values of the delivery that mean « missing », beside the empty one, and what each says: « refus », « NSP ».
    A plain list of values does too."""
    recode: dict[str, str] = Field(default_factory=dict)
    """Values of the delivery to be read as others: a code, what the delivery usually writes for it, or any text."""
    required: bool = True
    """Whether the value may not be missing."""
    minimum: float | date | None = None
    maximum: float | date | None = None
    pattern: str | None = None
    """Regular expression that the whole text matches."""
    unique: bool = False
    level: Level | None = None
    """The geographic level of its categories, which a floor in an agreement looks at; None: it is no place."""
    follows: str | None = None
    """The finer variable of the same source that it can be told from, as everybody knows: the IRIS, of a quarter.
    Disclosure control then never takes one to change without the other."""
    keep: Text | None = None
    """Why a free text is carried into frames: without a reason it is dropped (`pseudonyms.is_free_text`)."""
    references: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")] | None = None
    """`source.variable` of the same study in which every value must be found."""
    severity: dict[RuleName, Severity] = Field(default_factory=dict)
    """Of each rule of this variable; one that is not named blocks."""
    format: str | None = None
    """How the delivery writes a date (default: %d/%m/%Y, and %d/%m/%Y %H:%M for a datetime)."""

    @model_validator(mode="before")
    @classmethod
    def _labels_are_codes(cls, data: object) -> object:
        if isinstance(data, dict) and isinstance(data.get("codes"), dict):
            codes = {k: {"label": v} if isinstance(v, str) else v for k, v in data["codes"].items()}
            data = {**data, "codes": codes}
        if isinstance(data, dict) and isinstance(data.get("missing"), list | tuple):
            data = {**data, "missing": {value: str(value) for value in data["missing"]}}
        return data

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        if (self.type == "code") != bool(self.codes):
            raise ValueError("des « codes » si et seulement si le type est code")
        if (self.type == "identifier") != (self.sensitivity == "identifier"):
            raise ValueError("le type « identifier » avec la sensibilité « identifier », et réciproquement")
        if self.keep is not None and self.type != "text":
            raise ValueError("« keep », la raison de garder un texte libre, pour le seul type text")
        if any(name.startswith("__") for name in self.codes):
            raise ValueError("des codes qui ne commencent pas par « __ », que la maison garde pour ses totaux")
        values = [code.value or name for name, code in self.codes.items()]
        if len(set(values)) < len(values):
            raise ValueError("des codes dont les valeurs sont toutes différentes")
        both = [value for value in self.missing if value in values]
        if both:
            raise ValueError(f"des valeurs manquantes qui ne soient pas aussi des codes (« {both[0]} »)")
        self._has_fitting_rules()
        self._has_possible_recodes()
        return self

    @field_validator("minimum", "maximum", mode="before")
    @classmethod
    def _is_a_bound(cls, bound: object) -> object:
        if isinstance(bound, bool) or (isinstance(bound, float) and not isfinite(bound)):
            raise ValueError("un nombre fini, ou une date")
        return bound

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
        if self.pattern is not None:
            _hold_pattern(self.pattern)
        try:
            datetime.strptime(datetime(2024, 12, 31).strftime(self.format or ""), self.format or "")
        except (ValueError, re.error):  # a directive twice is a group twice
            raise ValueError("un « format » de date sans fuseau, comme %d/%m/%Y") from None
        if self.format is not None and self.type in {"date", "datetime"} and not _YEAR.search(self.format):
            raise ValueError("un « format » de date qui dise l’année (%Y, ou %y pour deux chiffres)")

    def _has_possible_recodes(self) -> None:
        targets = {*self.code_of(), *self.codes, *self.missing, ""}
        for value, target in self.recode.items():
            if self.type == "code" and target not in targets:
                near = suggestion(target, [*self.codes, *self.missing])
                raise ValueError(f"un « recode » vers un code : « {value} » va vers « {target} » ({near})")

    def severity_of(self, rule: RuleName) -> Severity:
        return self.severity.get(rule, "blocks")

    def code_of(self) -> dict[str, str]:
        """Return the code for each value that the delivery may hold."""
        return {code.value or name: name for name, code in self.codes.items()}


class Noun(Declaration):
    """What a row, or a person, of a source is called: « visite », « visites », feminine."""

    one: Text
    many: Text
    gender: Literal["f", "m"]


class Bounds(Declaration):
    """A least and a most."""

    minimum: int | None = Field(default=None, ge=0)
    maximum: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        if self.minimum is None and self.maximum is None:
            raise ValueError("« minimum », « maximum », ou les deux")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError("un « minimum » qui ne dépasse pas le « maximum »")
        return self


def _hold_pattern(pattern: str) -> None:
    """Refuse a pattern that does not read, or that Arrow, which holds whole columns to it, does not take."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        re.compile(pattern)
        pc.match_substring_regex(pa.array([""]), pattern)
    except (re.error, pa.ArrowInvalid):
        raise ValueError(
            "un « pattern » qui soit une expression régulière, sans (?=…) ni renvoi, répétée 1 000 fois au plus"
        ) from None


class Rule(Declaration):
    """A rule over several variables of a row, several rows, or the whole file: one of the first four keys."""

    check: Text | None = None
    """An expression over the variables of a row (`expressions`): `end >= start`."""
    unique: tuple[Name, ...] | None = Field(default=None, min_length=1)
    """Variables of which no two rows have the same values together; a row where one misses is not compared."""
    rows: Bounds | None = None
    """How many rows the file has."""
    missing: dict[Name, Annotated[float, Field(ge=0, le=1)]] | None = Field(default=None, min_length=1)
    """The largest share of missing values, by variable."""
    severity: Severity = "blocks"
    sentence: Text | None = None
    """The rule in French, where the one that is made from it reads badly."""

    @model_validator(mode="after")
    def _is_one_rule(self) -> Self:
        if sum(each is not None for each in (self.check, self.unique, self.rows, self.missing)) != 1:
            raise ValueError("une seule des clés check, unique, rows, missing")
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
    rules: tuple[Rule, ...] = ()
    """What must hold between variables, between rows, and of the whole file."""
    editions: dict[EditionName, Amendment] = Field(default_factory=dict)
    """What the partner did otherwise in some editions, by the edition's name or its `form` in study.yml."""

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
        complaints = [*self._follows_complaints(), *self._rule_complaints(), *self._edition_complaints()]
        if complaints:
            raise misplaced(complaints)
        return self

    @property
    def followed(self) -> dict[str, str]:
        """Each variable that can be told from a finer one, with it."""
        return {name: each.follows for name, each in self.variables.items() if each.follows is not None}

    @property
    def one_each(self) -> bool:
        """Whether each person has one row, as the codebook holds its deliveries to."""
        if self.person is None:
            return False
        person = self.variables[self.person]
        declared = person.unique and person.severity_of("unique") == "blocks"
        return declared or any(rule.unique == (self.person,) and rule.severity == "blocks" for rule in self.rules)

    def expression(self, rule: Rule) -> Expression:
        """Return the expression of a rule that has a `check`."""
        return parse(rule.check or "", self.variables)

    def for_edition(self, form: str) -> SourceCodebook:
        """Return the codebook as an edition's delivery is written: its renames, recodes and format applied."""
        if form not in self.editions:
            return self.model_copy(update={"editions": {}})
        return SourceCodebook.model_validate(amended(self.model_dump(exclude_unset=True), self.editions[form]))

    def _follows_complaints(self) -> Iterator[Complaint]:
        for name, finer in self.followed.items():
            if finer not in self.variables:
                yield ("variables", name, "follows"), _unknown(finer, self.variables)
            elif name in self._finer_than(name):
                yield ("variables", name, "follows"), f"une variable plus fine : « {finer} » se déduit de « {name} »"

    def _finer_than(self, name: str) -> list[str]:
        """Return the variables that one can be told from, the next finer first; to itself where they go in circles."""
        found: list[str] = []
        while (finer := self.followed.get(found[-1] if found else name)) is not None and finer not in found:
            found.append(finer)
        return found

    def _rule_complaints(self) -> Iterator[Complaint]:
        for place, rule in enumerate(self.rules):
            for key, names in (("unique", rule.unique or ()), ("missing", tuple(rule.missing or ()))):
                for name in names:
                    if name not in self.variables:
                        yield ("rules", place, key), _unknown(name, self.variables)
            if rule.check is not None:
                try:
                    self.expression(rule)
                except ValueError as error:
                    yield ("rules", place, "check"), str(error)

    def _edition_complaints(self) -> Iterator[Complaint]:
        for form, amendment in self.editions.items():
            for key in ("rename", "recode", "absent"):
                for name in getattr(amendment, key):
                    if name not in self.variables:
                        yield ("editions", form, key), _unknown(name, self.variables)
            if self.person in amendment.absent:
                yield ("editions", form, "absent"), f"une autre variable que « {self.person} », dont vient la personne"
            if all(
                name in self.variables for key in ("rename", "recode", "absent") for name in getattr(amendment, key)
            ):
                try:
                    self.for_edition(form)
                except ValidationError as error:
                    first = error.errors(include_url=False)[0]
                    yield (
                        ("editions", form),
                        str(first.get("ctx", {}).get("error", "une source que le codebook sache lire")),
                    )


def _unknown(name: str, variables: Iterable[str]) -> str:
    return f"une variable de la source : « {name} » n’en est pas une ({suggestion(name, variables)})"


class Codebook(Declaration):
    """`codebook.yml`: one codebook for each source of the study, under the same key."""

    sources: dict[Name, SourceCodebook]
    derived: dict[Name, Variable] = Field(default_factory=dict)
    """Variables that methods compute and deliveries do not hold: their labels and the order of their codes."""

    @model_validator(mode="after")
    def _references_lead_somewhere(self) -> Self:
        complaints = []
        for source, book in self.sources.items():
            for name, variable in book.variables.items():
                complaint = self._reference_complaint(variable)
                if complaint:
                    complaints.append((("sources", source, "variables", name, "references"), complaint))
        if complaints:
            raise misplaced(complaints)
        return self

    def _reference_complaint(self, variable: Variable) -> str | None:
        if variable.references is None:
            return None
        source, _, name = variable.references.partition(".")
        if source not in self.sources:
            return f"une source du codebook : « {source} » n’en est pas une ({suggestion(source, self.sources)})"
        target = self.sources[source].variables.get(name)
        if target is None:
            return _unknown(name, self.sources[source].variables).replace("de la source", f"de « {source} »")
        if target.type != variable.type:
            return f"une variable de même type : « {variable.references} » est de type {target.type}"
        home = target.references
        if variable.type == "identifier" and home is not None and home.partition(".")[2] != name:
            return f"la variable qui numérote : « {variable.references} » se réfère elle-même à « {home} »"
        return None

    def for_edition(self, form: str) -> Codebook:
        """Return the codebook as the deliveries of an edition are written."""
        sources = {name: book.for_edition(form) for name, book in self.sources.items()}
        return self.model_copy(update={"sources": sources})

    @property
    def levels(self) -> dict[str, Level]:
        """The geographic level of each variable that has one; of one that several sources hold, the finest."""
        held = [*self.derived.items(), *(item for book in self.sources.values() for item in book.variables.items())]
        placed = [(name, variable.level) for name, variable in held if variable.level is not None]
        order = get_args(Level)
        return dict(sorted(placed, key=lambda each: order.index(each[1]), reverse=True))

    def variable(self, name: str) -> Variable | None:
        """Return a variable, whichever source holds it; None when none does."""
        held = [source.variables[name] for source in self.sources.values() if name in source.variables]
        return held[0] if held else self.derived.get(name)


def read_codebook(project: Project, study: Study, *, edition: str | None = None) -> Codebook:
    """Read `studies/<slug>/codebook.yml` and hold it against the study's sources.

    Parameters
    ----------
    project, study
        Whose codebook it is.
    edition
        The edition whose deliveries are to be read: its form (`form` in study.yml, else its own name) is applied.

    Raises
    ------
    DeclarationError
        The codebook does not hold, lacks a source of the study, or has not the form that an edition asks for.
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
    _hold_forms(codebook, study, shown)
    if edition is None or edition not in study.editions:
        return codebook
    return codebook.for_edition(study.editions[edition].form or edition)


def _hold_forms(codebook: Codebook, study: Study, shown: str) -> None:
    known = sorted({form for book in codebook.sources.values() for form in book.editions})
    for name, edition in study.editions.items():
        if edition.form is not None and edition.form not in known:
            raise DeclarationError(
                f"L’édition « {name} » demande une forme que le codebook ne décrit pas.",
                where=f"studies/{study.slug}/study.yml",
                expected=f"une clé de « editions » dans {shown}",
                got=f"form: {edition.form}",
                hint=suggestion(edition.form, known),
            )
