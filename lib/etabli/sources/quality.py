"""How good a study's deliveries are: every rule, what breaks it, what was mended, and no identity in the telling."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from etabli.errors import DeliveryError, nearest
from etabli.project import Project
from etabli.sources.amendments import placed
from etabli.sources.checks import Fault, broken_rows, deliver, is_secret
from etabli.sources.codebook import Codebook, FileFormat, Severity, SourceCodebook, Variable
from etabli.sources.columns import Column
from etabli.sources.conversion import read_apart
from etabli.sources.conversions import stands_for
from etabli.sources.deliveries import find_delivery, is_lacking, missing_file
from etabli.sources.likeness import form_of_dates
from etabli.sources.metadata import Metadata
from etabli.sources.rules import Check, Delivered, checks_of
from etabli.sources.schemas import validate
from etabli.sources.strays import stray
from etabli.study import Source, Study

FOLDER, DATA = "quality", "quality.json"
"""Under `reports/<slug>/`, by edition: no run has this name, for a run's begins with its edition and its audience."""

Refused = Literal["missing", "refused"]

MOST_LINES = 10
"""Lines of the file that a finding names."""

MOST_EXAMPLES = 5
"""Different values that a finding shows."""

FEWEST_ROWS = 5
"""Rows that must hold a value which the codebook does not know before it is shown as it is: a name that slipped into
a column of codes stands on one row, a code that the partner added stands on many."""


@dataclass(frozen=True)
class Finding:
    """One rule, and the rows that break it; none when it holds."""

    key: str
    kind: str
    severity: Severity
    variables: tuple[str, ...]
    sentence: str
    rows: int
    share: float
    lines: tuple[int, ...]
    examples: tuple[str, ...]
    measured: str | None = None
    expected: str | None = None
    hint: str | None = None

    @property
    def is_broken(self) -> bool:
        return self.rows > 0

    @property
    def blocks(self) -> bool:
        return self.is_broken and self.severity == "blocks"


@dataclass(frozen=True)
class Mending:
    """What reading put right in a column, and on how many rows."""

    variable: str
    what: str
    rows: int


@dataclass(frozen=True)
class SourceQuality:
    """One delivery held to its codebook.

    `refusal` says why it could not even be read; `notes`, what the reader guessed, mended or passed over;
    `warnings`, what puts its origin in doubt; `stray`, which row is no data (a total, a note): it blocks, and is held
    to no rule. `lacking`: it did not come, and the study does without.
    """

    source: str
    file: str
    sha256: str
    rows: int
    columns: int
    findings: tuple[Finding, ...]
    mendings: tuple[Mending, ...]
    refusal: str | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    refused: Refused | None = None
    stray: str | None = None
    lacking: bool = False

    @property
    def broken(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.is_broken]

    @property
    def blocks(self) -> bool:
        return self.refusal is not None or self.stray is not None or any(finding.blocks for finding in self.findings)


@dataclass(frozen=True)
class Quality:
    """The deliveries of one edition of a study."""

    slug: str
    title: str
    edition: str
    edition_label: str
    sources: tuple[SourceQuality, ...]

    @property
    def blocks(self) -> bool:
        return any(source.blocks for source in self.sources)

    def to_json(self) -> dict[str, Any]:
        """Return plain values, for `quality.json`."""
        return {**asdict(self), "blocks": self.blocks}


def examine(
    project: Project, study: Study, codebook: Codebook, edition: str, *, providers: Mapping[str, str]
) -> Quality:
    """Hold every delivery of an edition to its codebook, all rules at once.

    Parameters
    ----------
    project, study, codebook
        Whose deliveries they are; the codebook as the edition is written (`read_codebook(…, edition=…)`).
    edition
        An edition of the study.
    providers
        The partner of each source: the folder of raw deliveries.

    Raises
    ------
    DeliveryError
        The edition is unknown.
    """
    read_ones: dict[str, tuple[Delivered, str, str, SourceCodebook]] = {}
    notes: dict[str, tuple[str, ...]] = {}
    unregistered: set[str] = set()
    refused: dict[str, SourceQuality] = {}
    for name, source in study.sources.items():
        if is_lacking(project, study, name, edition, provider=providers[name]):
            refused[name] = SourceQuality(name, source.file, "", 0, 0, (), (), notes=(_not_come(source),), lacking=True)
            continue
        try:
            delivery = find_delivery(project, study, name, edition, provider=providers[name])
            reading = read_apart(delivery.path, codebook.sources[name], shown=delivery.shown)
            book = reading.book or codebook.sources[name]
            read_ones[name] = (deliver(reading.frame, book), delivery.shown, delivery.sha256, book)
            notes[name] = _notes(reading.metadata)
            if delivery.origin == "raw" and not delivery.is_registered:
                unregistered.add(name)
        except DeliveryError as error:
            if edition not in study.editions:
                raise
            placed(error, study.form_beside_others(edition))
            where = error.where or study.sources[name].file
            kind: Refused = "missing" if error.what == missing_file(name) else "refused"
            refused[name] = SourceQuality(name, where, "", 0, 0, (), (), str(error), refused=kind)
    referenced = _referenced(codebook, {name: delivered for name, (delivered, *_) in read_ones.items()})
    sources = [
        refused.get(name) or _examined(name, *read_ones[name], referenced, notes[name]) for name in study.sources
    ]
    sources = [replace(each, warnings=(_UNREGISTERED,)) if each.source in unregistered else each for each in sources]
    return Quality(study.slug, study.title, edition, study.editions[edition].label, tuple(sources))


def _not_come(source: Source) -> str:
    return f"Ce fichier n’est pas venu, et l’étude s’en passe. Sans lui, ses rapports ne disent pas {source.without}."


_UNREGISTERED = (
    "Cette livraison n’a pas de reçu : rien ne dit si elle a changé depuis qu’elle est arrivée. "
    "Enregistrez-la par « etabli deliveries add » ; si elle l’était, rétablissez deliveries.json."
)


def pages_of(project: Project, *, slug: str = "*") -> Iterator[tuple[Path, dict[str, str]]]:
    """Yield the folders of quality reports that `etabli check` left, and the digest of each source told of."""
    for path in sorted(project.reports.glob(f"{slug}/{FOLDER}/*/{DATA}")):
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            yield path.parent, {str(each["source"]): str(each["sha256"]) for each in told["sources"] if each["sha256"]}
        except (ValueError, KeyError, TypeError):
            continue  # not a report of ours


def pages_made_of(project: Project, digests: Collection[str]) -> list[Path]:
    """Return the folders of quality reports that tell of one of those deliveries."""
    return [folder for folder, told in pages_of(project) if not set(digests).isdisjoint(told.values())]


def _notes(metadata: Metadata) -> tuple[str, ...]:
    """Return how the file was read, then what the reader has to say of it."""
    read_as = ", ".join(str(guess) for guess in metadata.guesses)
    return (*((f"Lecture – {read_as}.",) if read_as else ()), *metadata.notes)


def _referenced(codebook: Codebook, delivered: Mapping[str, Delivered]) -> dict[str, pd.Index]:
    """Return the values that references must lead to, of the sources that could be read."""
    targets = {each.references for book in codebook.sources.values() for each in book.variables.values()}
    found = {}
    for target in sorted(filter(None, targets)):
        source, _, name = target.partition(".")
        if source in delivered and name in delivered[source].columns:
            found[target] = pd.Index(delivered[source].columns[name].typed.dropna().astype("str"))
    return found


def _examined(
    name: str, delivered: Delivered, shown: str, sha256: str, book: SourceCodebook, referenced: Mapping[str, pd.Index],
    notes: tuple[str, ...],
) -> SourceQuality:  # fmt: skip
    whole = replace(delivered, referenced=referenced)
    checks = checks_of(book)
    faults = {fault.check.key: fault for fault in validate(whole, book, checks)}
    blocking = [fault for fault in faults.values() if fault.check.severity == "blocks"]
    other = stray(whole, broken_rows(blocking, whole), book, shown)
    if other is not None:
        faults = dict(_without_row(faults, int(np.argmax(whole.lines == _line_of(other)))))
    findings = tuple(_finding(check, faults.get(check.key), whole, book) for check in checks)
    mendings = tuple(
        each for held, variable in book.variables.items() for each in _mended(held, variable, whole, book.format)
    )
    found = SourceQuality(name, shown, sha256, whole.rows, len(book.variables), findings, mendings, notes=notes)
    return found if other is None else replace(found, stray=str(other))


def _line_of(error: DeliveryError) -> int:
    return int(str(error.where).rpartition(" ")[2])


def _without_row(faults: Mapping[str, Fault], place: int) -> Iterator[tuple[str, Fault]]:
    """Yield the faults of the other rows: what is no row of data breaks rules that say nothing of it."""
    for key, fault in faults.items():
        rows = fault.rows.copy()
        if not fault.check.is_of_the_file:
            rows[place] = False
        if rows.any():
            yield key, replace(fault, rows=rows)


def _finding(check: Check, fault: Fault | None, delivered: Delivered, book: SourceCodebook) -> Finding:
    measured = check.measured(delivered) if check.measured is not None else None
    named = (check.key, check.kind, check.severity, check.names, check.sentence)
    if fault is None:
        return Finding(*named, 0, 0.0, (), (), measured)
    rows = int(fault.rows.sum())
    lines = () if check.is_of_the_file else tuple(int(line) for line in delivered.lines[fault.rows][:MOST_LINES])
    return Finding(*named, rows, rows / delivered.rows, lines, tuple(_examples(fault, delivered, book)), measured,
                   check.expected, _hint(fault, delivered, book))  # fmt: skip


def _examples(fault: Fault, delivered: Delivered, book: SourceCodebook) -> list[str]:
    """Return values that break a rule of one column, commonest first; none that could name a person.

    Rules over several columns show lines alone: values put side by side point at somebody.
    """
    check = fault.check
    if len(check.names) != 1 or check.is_of_the_file or check.kind in {"required", "check", "references"}:
        return []
    variable, column = book.variables[check.names[0]], delivered.columns[check.names[0]]
    if is_secret(variable):
        return []
    counts = np.bincount(column.places[fault.rows], minlength=len(column.raw))
    commonest = np.argsort(-counts, kind="stable")[:MOST_EXAMPLES]
    told = [_told(str(column.raw.iloc[place]), int(counts[place]), check.kind, variable) for place in commonest
            if counts[place]]  # fmt: skip
    return list(dict.fromkeys(told))


def _hint(fault: Fault, delivered: Delivered, book: SourceCodebook) -> str | None:
    """Return what to do about values that have not their type: the code that they are near, the form of their dates."""
    check = fault.check
    if check.kind != "type" or is_secret(book.variables[check.names[0]]):
        return None
    variable, column = book.variables[check.names[0]], delivered.columns[check.names[0]]
    wrong = column.raw[np.bincount(column.places[fault.rows], minlength=len(column.raw)) > 0].astype("str").str.strip()
    if variable.type in {"date", "datetime"}:
        form = form_of_dates(wrong)
        if form is None:
            return None
        if column.typed.notna().any():
            return f"ces dates semblent de la forme « {form} », et d’autres non : redemandez-les sous une seule forme"
        return f'si ce sont des dates, déclarez « format: "{form}" » pour cette variable'
    close = nearest(wrong.iloc[0], variable.code_of()) if variable.type == "code" else None
    return f"vouliez-vous dire « {close} » ?" if close else None


def _told(value: str, rows: int, kind: str, variable: Variable) -> str:
    """Return a value as it may be shown: whole when its type vouches for it, or when many rows have it."""
    vouched = kind in {"minimum", "maximum", "unique"} and variable.type != "text"
    repeated = variable.type != "text" and rows >= FEWEST_ROWS
    return value.strip()[:40] if vouched or repeated else f"de la forme {shape(value)}"


def shape(value: str, most: int = 20) -> str:
    """Return the shape of a value: letters as A or a, digits as 9, the rest as it is.

    >>> shape("Dupont 35200"), shape("12/31/2024")
    ('Aaaaaa 99999', '99/99/9999')
    """
    drawn = ["9" if each.isdigit() else "A" if each.isupper() else "a" if each.isalpha() else each for each in value]
    return "".join(drawn[:most]) + ("…" if len(drawn) > most else "")


def _mended(name: str, variable: Variable, delivered: Delivered, written: FileFormat) -> list[Mending]:
    """Return what reading did to a column: spaces taken off, values recoded, missing codes and empty cells."""
    column = delivered.columns[name]
    stripped = column.raw.str.strip()
    done = {
        "espaces retirés autour de la valeur": (stripped != column.raw) & (stripped != ""),
        "valeur recodée": stripped.isin([value for value in variable.recode if value]),
        "cellule vide": stripped == "",
    }
    for value, label in variable.missing.items():
        said = "valeur manquante" if label == value else f"valeur manquante « {label} »"
        done[f"{said} (code {value})"] = stands_for(stripped, [value], variable, written)
    counted = [Mending(name, what, _rows(column, mask)) for what, mask in done.items()]
    return [each for each in counted if each.rows]


def _rows(column: Column, different: pd.Series) -> int:
    return int(column.counts[np.asarray(different, dtype=bool)].sum())
