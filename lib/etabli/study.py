"""A study, declared once in `studies/<slug>/study.yml`.

`read_study` gives a frozen, validated `Study`; `Study.settle` turns what a run was asked for into
the complete, typed parameters of that run, and refuses what the study does not know.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from itertools import product
from math import isfinite, prod
from pathlib import Path, PurePosixPath
from string import Formatter
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from etabli.declarations import Complaint, Declaration, misplaced, place_of, read_declaration
from etabli.errors import DeclarationError, ParameterError, suggestion
from etabli.project import Project

Audience = Literal["internal", "partner", "funder", "public"]
AUDIENCES: tuple[Audience, ...] = ("internal", "partner", "funder", "public")
"""Who reads a report. They are not ordered: what a partner may see, a funder may not, and the reverse."""

RESERVED = ("edition", "audience", "recipient")
"""Parameters that every study has, and that `study.yml` therefore does not declare."""

Scalar = str | int | float | bool
_SLUG = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
Slug = Annotated[str, Field(pattern=f"^{_SLUG}$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, Field(min_length=1)]

_EDITION = r"[A-Za-z0-9]([._-]?[A-Za-z0-9])*"


def names_a_folder(edition: str) -> str:
    """Return the name of an edition; a ValueError says, in French, what it must be."""
    if len(edition) > 40 or not re.fullmatch(_EDITION, edition):
        raise ValueError("un nom d’édition en lettres sans accent et chiffres, séparés par « - », « . » ou « _ »")
    return edition


EditionName = Annotated[
    str, AfterValidator(names_a_folder), WithJsonSchema({"type": "string", "pattern": f"^{_EDITION}$"})
]
"""Names an edition, and the folder of its deliveries."""

KEPT_NAMES = ("deliveries.json", "truth.json")
"""Files that the house writes beside the deliveries."""


class Question(Declaration):
    """One of the commissioner's questions, in their order and words."""

    id: Text
    text: Text
    planned: str | None = None
    """Why the question is not answered yet; None when the notebook answers it."""


class Contact(Declaration):
    name: Text
    email: Text | None = None


class Parameter(Declaration):
    """A parameter of the notebook, typed."""

    type: Literal["choice", "integer", "number", "text", "boolean"]
    default: Scalar
    help: Text
    choices: tuple[Scalar, ...] | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    """How a choice is written in reports, by choice."""
    minimum: float | None = None
    maximum: float | None = None

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        if self.type == "choice" and not self.choices:
            raise ValueError("« choices », la liste des choix, pour un paramètre de type choice")
        unknown = [label for label in self.labels if label not in {str(each) for each in self.choices or ()}]
        if unknown:
            raise ValueError(f"des « labels » pour les seuls choix déclarés (en trop : {', '.join(unknown)})")
        complaint = self.complaint(self.default)
        if complaint:
            raise ValueError(f"une valeur par défaut possible : {complaint}")
        return self

    def complaint(self, value: Scalar) -> str | None:
        """Return what is expected when `value` does not do, else None."""
        kinds: dict[str, tuple[type, ...]] = {
            "integer": (int,),
            "number": (int, float),
            "text": (str,),
            "boolean": (bool,),
            "choice": (str, int, float),
        }
        if not isinstance(value, kinds[self.type]) or (isinstance(value, bool) and self.type != "boolean"):
            return _KINDS[self.type]
        if isinstance(value, float) and not isfinite(value):
            return _KINDS[self.type]
        if self.choices is not None and value not in self.choices:
            return "l’un de : " + ", ".join(str(choice) for choice in self.choices)
        if isinstance(value, int | float) and self.minimum is not None and value < self.minimum:
            return f"au moins {self.minimum:g}"
        if isinstance(value, int | float) and self.maximum is not None and value > self.maximum:
            return f"au plus {self.maximum:g}"
        return None

    def typed(self, value: object) -> Scalar:
        """Return `value` in the parameter's type; text from a command line is converted.

        Raises
        ------
        ValueError
            The text does not have the type; the message says what is expected.
        """
        if isinstance(value, str) and self.type != "text":
            value = self._converted(value.strip())
        if self.type == "choice" and self.choices is not None:
            value = next((choice for choice in self.choices if str(choice) == str(value)), value)
        if not isinstance(value, str | int | float | bool):
            raise ValueError(_KINDS[self.type])
        complaint = self.complaint(value)
        if complaint:
            raise ValueError(complaint)
        return float(value) if self.type == "number" else value

    def _converted(self, text: str) -> Scalar:
        try:
            if self.type == "integer":
                return int(text)
            if self.type == "number":
                return float(text.replace(",", "."))
        except ValueError:
            raise ValueError(_KINDS[self.type]) from None
        if self.type == "boolean":
            truth = {"true": True, "oui": True, "false": False, "non": False}.get(text.lower())
            if truth is None:
                raise ValueError(_KINDS["boolean"])
            return truth
        return text

    def label(self, value: Scalar) -> str:
        return self.labels.get(str(value), str(value))


_KINDS = {
    "integer": "un nombre entier",
    "number": "un nombre",
    "text": "un texte",
    "boolean": "true ou false",
    "choice": "l’un des choix déclarés",
}


class PublicFile(Declaration):
    """A public file that is fetched once, held to its digest, and kept under `data/cache/public/`."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s/]+/\S+$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    licence: Text


class Source(Declaration):
    """A file that the study reads: its delivery's file name, its agreement. Its codebook has the same key."""

    file: Text
    agreement: Slug
    description: Text
    """How the source note of a figure names the file."""
    public: PublicFile | None = None
    """Where the file is fetched from, when it is public; editions of fictional data make their own instead."""
    without: Text | None = None
    """What a report no longer says in an edition that lacks the file; None: there is no report without it."""

    @property
    def required(self) -> bool:
        """Whether an edition must have the file."""
        return self.without is None

    @model_validator(mode="after")
    def _is_a_plain_name(self) -> Self:
        plain = PurePosixPath(self.file).name == self.file and self.file not in {".", ".."}
        if not plain or not self.file.isprintable() or set(self.file) & set('\\:*?"<>|'):
            raise ValueError("un nom de fichier sans dossier (le dossier vient de l’édition)")
        if self.file.lower() in KEPT_NAMES:
            raise ValueError(f"un autre nom de fichier que {' et '.join(KEPT_NAMES)}, que l’outil écrit lui-même")
        return self


class Correction(Declaration):
    """What was corrected in an edition after it came out."""

    on: date
    text: Text
    """What was wrong, and what it is now."""


class Edition(Declaration):
    """One dated run of the study on one delivery of data."""

    label: Text
    """The period, as a reader says it: « 4e trimestre 2024 »."""
    start: date | None = None
    end: date | None = None
    deliveries: Literal["demo", "raw", "reference"]
    """Where the files are: made by `etabli demo`, sent by the partner, or public and in the repository."""
    form: EditionName | None = None
    """Which of the codebook's `editions` says how the files are written (default: the one of this name, if any)."""
    keeps: EditionName | None = None
    """The edition of which everyone is still in this one: what came in between could then be had by subtraction."""
    school_holidays: tuple[tuple[date, date], ...] = ()
    """First and last day of the school holidays that the period meets."""
    corrections: tuple[Correction, ...] = ()
    """What was corrected since it came out, told in its reports."""

    @property
    def days(self) -> int | None:
        """How many days the period has, closed ones among them; None where it is not said."""
        return (self.end - self.start).days + 1 if self.start and self.end else None

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.start and self.end and self.end < self.start:
            raise ValueError("une fin qui ne précède pas le début")
        if any(last < first for first, last in self.school_holidays):
            raise ValueError("des vacances scolaires qui ne finissent pas avant de commencer")
        return self


class Restitution(Declaration):
    """A presentation of one run to its readers: its page made shorter, under the same protection."""

    title: Text
    """For whom, as `etabli list` and the catalogue say it."""
    form: Literal["note", "slides"]
    """A note of some pages, or slides for a meeting."""
    length: Annotated[int, Field(ge=1, le=200)] | None = None
    """How many A4 pages the note may have (default: `NOTE_PAGES`), or how many slides there may be (default: any)."""
    questions: tuple[Name, ...] = ()
    """Those that it keeps, by their identifiers; all by default."""
    parameters: dict[Name, Scalar] = Field(default_factory=dict)
    """Of the run: edition, audience, recipient, territory."""
    introduction: str = ""
    """What is said first, in Markdown; `{name}` stands for a value that the notebook gives to `report.comment`."""
    noted: dict[str, str] = Field(default_factory=dict)
    """Values that the introduction was written for, as they were printed: when one changes, it says so."""

    @property
    def longest(self) -> int | None:
        """How many pages or slides it may have; None: any number of slides."""
        return self.length or (NOTE_PAGES if self.form == "note" else None)

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        complaints: list[Complaint] = []
        if any(line.lstrip().startswith("#") for line in self.introduction.splitlines()):
            complaints.append((("introduction",), "des paragraphes ou des listes : le rapport a ses titres"))
        try:
            cited = {field for _, field, _, _ in Formatter().parse(self.introduction) if field is not None}
        except ValueError:
            cited = set(self.noted)
            complaints.append((("introduction",), "des accolades qui se répondent, autour d’un nom : {nom}"))
        roots = {each.partition(".")[0] for each in cited}
        complaints += [
            (("noted", name), "une valeur que l’introduction cite : " + (", ".join(sorted(roots)) or "elle n’en a pas"))
            for name in self.noted
            if name not in roots
        ]
        if complaints:
            raise misplaced(complaints)
        return self


NOTE_PAGES = 2
"""How many A4 pages a note may have when nothing else is declared."""


class Run(Declaration):
    """One run, or one for each combination of `matrix`."""

    parameters: dict[Name, Scalar] = Field(default_factory=dict)
    matrix: dict[Name, tuple[Scalar, ...]] = Field(default_factory=dict)
    default: bool = False
    """Made by `make reports`, the tests and CI; at most `MOST_DEFAULT_RUNS` a study."""

    @model_validator(mode="after")
    def _is_not_endless(self) -> Self:
        if prod(len(values) for values in self.matrix.values()) > MOST_COMBINATIONS:
            raise ValueError(f"une matrice d’au plus {MOST_COMBINATIONS} passages")
        return self

    def combinations(self) -> Iterator[dict[str, Scalar]]:
        for values in product(*self.matrix.values()):
            yield {**self.parameters, **dict(zip(self.matrix, values, strict=True))}


MOST_DEFAULT_RUNS = 3
MOST_COMBINATIONS = 1_000


class _Declared(Declaration):
    """`study.yml` as written. `Study` adds the slug, which is the folder's name."""

    title: Text
    subtitle: str = ""
    commissioner: Text
    contact: Contact
    status: Literal["draft", "final"] = "draft"
    questions: tuple[Question, ...] = Field(min_length=1)
    notebook: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.ipynb$")]
    parameters: dict[Name, Parameter] = Field(default_factory=dict)
    sources: dict[Name, Source] = Field(min_length=1)
    editions: dict[EditionName, Edition] = Field(min_length=1)
    audiences: tuple[Audience, ...] = Field(min_length=1)
    runs: tuple[Run, ...] = Field(min_length=1)
    restitutions: dict[Slug, Restitution] = Field(default_factory=dict)
    time_limit_minutes: float = Field(default=15, gt=0, le=24 * 60, allow_inf_nan=False)
    """A run that takes longer is stopped, its cell named."""
    memory_limit_gib: float = Field(default=4, gt=0, le=1024, allow_inf_nan=False)
    """A run whose kernel holds more memory is stopped, its cell named."""

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        taken = [name for name in self.parameters if name in RESERVED]
        if taken:
            raise ValueError(f"des paramètres autres que {', '.join(RESERVED)}, que toute étude possède")
        gone = [each.keeps for each in self.editions.values() if each.keeps and each.keeps not in self.editions]
        if gone:
            raise ValueError(f"« keeps », le nom d’une édition déclarée ({suggestion(gone[0], self.editions)})")
        ids = [question.id for question in self.questions]
        if len(set(ids)) < len(ids):
            raise ValueError("des questions aux identifiants tous différents")
        complaints = [
            (("restitutions", key, "questions", rank), self._questioned(asked))
            for key, each in self.restitutions.items()
            for rank, asked in enumerate(each.questions)
            if self._questioned(asked)
        ]
        if complaints:
            raise misplaced(complaints)
        return self

    def _questioned(self, asked: str) -> str:
        """Return what is expected in the place of a question that a restitution keeps; empty when it does."""
        planned = {question.id: question.planned for question in self.questions}
        if asked not in planned:
            return f"une question de l’étude, au lieu de « {asked} » ({suggestion(asked, planned)})"
        return f"une question qui a une réponse ; « {asked} » attend : {planned[asked]}" if planned[asked] else ""


class Study(_Declared):
    """A study: what `study.yml` declares, under its slug."""

    slug: Slug

    def form_beside_others(self, edition: str) -> str | None:
        """Return the key under which a codebook says how an edition differs; None where there is no other edition."""
        return (self.editions[edition].form or edition) if len(self.editions) > 1 else None

    @property
    def latest_edition(self) -> str:
        """The edition that stands last in `study.yml`."""
        return list(self.editions)[-1]

    def settle(self, asked: Mapping[str, object]) -> dict[str, Scalar]:
        """Return the complete parameters of a run, typed and in the order of `study.yml`.

        Parameters
        ----------
        asked
            What the run was asked for; the rest takes its default. Without an edition: the last.

        Raises
        ------
        ParameterError
            A name or a value that the study does not have.
        """
        known = [*RESERVED, *self.parameters]
        for name in asked:
            if name not in known:
                raise ParameterError(
                    f"Le paramètre « {name} » n’existe pas dans l’étude « {self.slug} ».",
                    expected=", ".join(known),
                    got=name,
                    hint=suggestion(name, known),
                )
        edition = str(asked.get("edition", self.latest_edition))
        self._must_be_one_of("edition", edition, list(self.editions))
        audience = str(asked.get("audience", "internal"))
        self._must_be_one_of("audience", audience, list(self.audiences))
        recipient = str(asked.get("recipient", ""))
        self._must_be_a_recipient(recipient, audience)
        settled: dict[str, Scalar] = {"edition": edition, "audience": audience, "recipient": recipient}
        for name, parameter in self.parameters.items():
            value = asked.get(name, parameter.default)
            try:
                settled[name] = parameter.typed(value)
            except ValueError as error:
                raise ParameterError(
                    f"Valeur refusée pour le paramètre « {name} » de l’étude « {self.slug} ».",
                    expected=str(error),
                    got=f"« {value} »",
                    hint=suggestion(value, parameter.choices) if parameter.choices else None,
                ) from None
        return settled

    def _must_be_one_of(self, name: str, value: str, known: list[str]) -> None:
        if value not in known:
            raise ParameterError(
                f"Valeur refusée pour le paramètre « {name} » de l’étude « {self.slug} ».",
                expected="l’un de : " + ", ".join(known),
                got=f"« {value} »",
                hint=suggestion(value, known),
            )

    def _must_be_a_recipient(self, recipient: str, audience: str) -> None:
        """Hold the name of a body to its form; `recipients.recipient_of` holds it to those that are declared."""
        if recipient and (audience == "internal" or not is_slug(recipient)):
            raise ParameterError(
                f"Valeur refusée pour le paramètre « recipient » de l’étude « {self.slug} ».",
                expected="rien, pour l’audience internal : ce rapport ne sort pas de la maison"
                if audience == "internal"
                else "la clé d’un organisme de studies/recipients.yml, ou rien",
                got=f"« {recipient} »",
            )

    def plan(self, asked: Mapping[str, object] | None = None) -> PlannedRun:
        """Return the run that `asked` describes."""
        settled = self.settle(asked or {})
        return PlannedRun(self.slug, tuple(settled.items()), _run_name(self, settled))

    def territory_name(self, plan: PlannedRun) -> str:
        """Return the name of a run without its readers: edition, then what differs from the defaults."""
        return _run_name(self, plan.parameters, readers=False)

    def planned_runs(self, *, default_only: bool = False) -> list[PlannedRun]:
        """Return the declared runs, each once, in the order of `study.yml`."""
        plans: dict[str, PlannedRun] = {}
        for run in self.runs:
            if run.default or not default_only:
                for combination in run.combinations():
                    plan = self.plan(combination)
                    plans.setdefault(plan.name, plan)
        return list(plans.values())


@dataclass(frozen=True)
class PlannedRun:
    """One run of a study: settled parameters, and the name of its folder under `reports/<slug>/`."""

    slug: str
    settled: tuple[tuple[str, Scalar], ...]
    name: str

    @property
    def parameters(self) -> dict[str, Scalar]:
        return dict(self.settled)

    @property
    def audience(self) -> str:
        return str(self.parameters["audience"])

    @property
    def recipient(self) -> str:
        """The body that it is made for, by its key; empty: every body of the audience."""
        return str(self.parameters["recipient"])

    @property
    def edition(self) -> str:
        return str(self.parameters["edition"])

    def __str__(self) -> str:
        return f"{self.slug}/{self.name}"


def _run_name(study: Study, settled: Mapping[str, Scalar], *, readers: bool = True) -> str:
    """Return a readable folder name: edition, audience with its recipient, then what differs from the defaults.

    Values that lose letters on the way to a file name, free texts in capitals (Windows and macOS do not tell
    them from small letters) or with the sign that stands between parts, and long names end in a digest, so that
    two runs never share a folder.
    """
    parts = [str(settled["edition"])]
    if readers:
        parts.append("-".join(filter(None, (str(settled["audience"]), str(settled["recipient"])))))
    own = {name: p for name, p in study.parameters.items() if settled[name] != p.default}
    parts += [f"{name}-{settled[name]}" for name in own]
    plain = "_".join(_file_safe(part) for part in parts)
    texts = [str(settled[name]) for name, parameter in own.items() if parameter.type == "text"]
    told_apart = all(text == text.lower() and "_" not in text for text in texts)
    if plain == "_".join(parts) and len(plain) <= 100 and told_apart:
        return plain
    return f"{plain[:90]}~{sha256('_'.join(parts).encode()).hexdigest()[:8]}"


def _file_safe(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "-", bare).strip("-.")


def is_slug(name: str) -> bool:
    """Whether a name does for a study: small letters without accents, digits, hyphens."""
    return re.fullmatch(_SLUG, name) is not None


def read_study(project: Project, slug: str) -> Study:
    """Read and validate `studies/<slug>/study.yml`.

    Raises
    ------
    ProjectError
        There is no such study.
    DeclarationError
        The declaration does not hold; the message names file, line, expected, got.
    """
    path = project.study(slug) / "study.yml"
    shown = project.relative(path)
    declared = read_declaration(path, _Declared, shown=shown)
    if not is_slug(slug):
        raise DeclarationError(
            "Le dossier d’une étude porte un nom en minuscules, chiffres et traits d’union.", where=shown, got=slug
        )
    study = Study(slug=slug, **{name: getattr(declared, name) for name in _Declared.model_fields})
    _check_runs(study, shown)
    _check_restitutions(study, path, shown)
    return study


def _check_runs(study: Study, shown: str) -> None:
    """Hold the declared runs against the parameters, and their number against the house's rule."""
    try:
        study.planned_runs()
    except ParameterError as error:
        raise DeclarationError(
            f"Un passage déclaré sous « runs » ne tient pas : {error.what}",
            where=shown,
            expected=error.expected,
            got=error.got,
            hint=error.hint,
        ) from None
    defaults = study.planned_runs(default_only=True)
    if not 1 <= len(defaults) <= MOST_DEFAULT_RUNS:
        raise DeclarationError(
            "Le nombre de passages par défaut ne convient pas.",
            where=shown,
            expected=f"de 1 à {MOST_DEFAULT_RUNS} passages marqués « default: true »",
            got=str(len(defaults)),
        )


def _check_restitutions(study: Study, path: Path, shown: str) -> None:
    """Hold the runs of which restitutions are made against the parameters."""
    for key, declared in study.restitutions.items():
        try:
            study.plan(declared.parameters)
        except ParameterError as error:
            wrong = [name for name in declared.parameters if f"« {name} »" in error.what]
            raise DeclarationError(
                f"La restitution « {key} » ne tient pas. {error.what}",
                where=place_of(path, ("restitutions", key, "parameters", *wrong[:1]), shown=shown),
                expected=error.expected,
                got=error.got,
                hint=error.hint,
            ) from None


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of `study.yml`, for editors that complete and check it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "study.yml",
        **_Declared.model_json_schema(mode="validation"),
    }
