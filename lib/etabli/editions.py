"""A new edition of a study: its settings carried forward in study.yml, its deliveries compared with the last ones."""

from __future__ import annotations

import json
import os
import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from etabli import french
from etabli.errors import DeclarationError, DeliveryError, suggestion
from etabli.project import Project
from etabli.sources.codebook import FileFormat, read_codebook
from etabli.sources.deliveries import Delivery, find_delivery, is_lacking
from etabli.sources.drift import FALSE_ALARMS, Drift, compare
from etabli.sources.previews import preview
from etabli.sources.readers import read_columns
from etabli.study import Edition, Study, names_a_folder, read_study

LABEL = "À compléter"
"""What a new edition is called until a person says its period."""


def add_edition(project: Project, study: Study, name: str, *, origin: str, label: str | None = None) -> Path:
    """Add an edition to `study.yml`, after the others, with the settings of `origin`; comments are kept.

    What is carried forward: where deliveries are, and their form. Label and dates are those that its name says
    (`period_of`), if any; after demo data a new edition waits for the partner's file.

    Returns
    -------
    Path
        The file, written whole or left as it was.

    Raises
    ------
    DeclarationError
        The edition exists, `origin` does not, or the name does not do for an edition.
    """
    path = project.studies / study.slug / "study.yml"
    shown = project.relative(path)
    if name in study.editions:
        raise DeclarationError(f"L’édition « {name} » existe déjà.", where=shown, hint="choisissez un autre nom")
    if origin not in study.editions:
        raise DeclarationError(
            f"L’édition « {origin} » n’existe pas.", where=shown, hint=suggestion(origin, study.editions)
        )
    try:
        names_a_folder(name)
    except ValueError as error:
        raise DeclarationError(
            "Ce nom ne convient pas à une édition.", expected=str(error), got=f"« {name} »"
        ) from None
    before = path.read_text(encoding="utf-8")
    text = _with_edition(before, name, study.editions[origin], label)
    _replace(path, text)
    try:
        read_study(project, study.slug)
    except DeclarationError:
        _replace(path, before)
        raise
    return path


def drift_of(project: Project, study: Study, name: str, *, origin: str, providers: Mapping[str, str]) -> list[Drift]:
    """Compare the deliveries of two editions, source by source.

    Parameters
    ----------
    project, study
        The study, with both editions declared.
    name, origin
        The new edition, and the one that it is compared with.
    providers
        The partner of each source.

    Raises
    ------
    DeliveryError
        A delivery is missing or cannot be read.
    """
    books = {each: read_codebook(project, study, edition=each) for each in (origin, name)}
    drifts = []
    for source in study.sources:
        if any(is_lacking(project, study, source, each, provider=providers[source]) for each in books):
            continue  # nothing to compare: `etabli check` tells that it did not come
        readings = {}
        for edition, codebook in books.items():
            delivery = find_delivery(project, study, source, edition, provider=providers[source])
            try:
                readings[edition] = read_columns(delivery.path, codebook.sources[source], shown=delivery.shown)
            except DeliveryError as error:
                written = codebook.sources[source].format
                raise _with_form(error, delivery, written, study.editions[edition].form or edition) from None
        old, new = readings[origin], readings[name]
        drifts.append(
            compare(
                source, old.frame, new.frame, books[origin].sources[source], books[name].sources[source],
                described=(old.metadata, new.metadata), false_alarms=FALSE_ALARMS / len(study.sources),
            )
        )  # fmt: skip
    return drifts


def _with_form(error: DeliveryError, delivery: Delivery, written: FileFormat, form: str) -> DeliveryError:
    """Return the error with the lines of codebook.yml that say how the delivery is written, when it can be guessed."""
    try:
        seen = preview(delivery.path, shown=delivery.shown).format
    except DeliveryError:
        return error
    told = {key: getattr(seen, key) for key in ("separator", "encoding", "decimal")
            if getattr(seen, key) != getattr(written, key)}  # fmt: skip
    if not told:
        return error
    lines = json.dumps({form: {"format": told}}, ensure_ascii=False)
    error.hint = (
        f"si seule cette édition est écrite ainsi, mettez dans codebook.yml sous cette source « editions: {lines} »"
    )
    return error


def lines_to_paste(drift: Drift, edition: str) -> str:
    """Return the lines of codebook.yml that would absorb what changed in a source, to be read before they are kept."""
    tree = CommentedMap()
    amendment = CommentedMap()
    if drift.rename:
        amendment["rename"] = dict(drift.rename)
    if drift.recode:
        amendment["recode"] = {name: dict(values) for name, values in drift.recode.items()}
    if drift.absent:
        amendment["absent"] = list(drift.absent)
    tree["sources"] = {drift.source: {"editions": {edition: amendment}}}
    return _dumped(tree)


@dataclass(frozen=True)
class Period:
    """What the name of an edition says of its period."""

    label: str
    start: date
    end: date


def period_of(name: str) -> Period | None:
    """Return the period of an edition named after a year, a half-year, a quarter or a month; None for another name.

    >>> period_of("2025-T1").label, period_of("2024-02").end, period_of("2024 bis")
    ('1er trimestre 2025', datetime.date(2024, 2, 29), None)
    """
    found = re.fullmatch(
        r"(?P<year>(?:19|20)\d\d)(?:-(?:(?P<kind>[TS])(?P<rank>[1-4])|(?P<month>0[1-9]|1[0-2])))?", name
    )
    if found is None:
        return None
    year, kind, rank, month = int(found["year"]), found["kind"], int(found["rank"] or 1), found["month"]
    length = {"T": 3, "S": 6, None: 1 if month else 12}[kind]
    first = int(month) if month else (rank - 1) * length + 1
    last = first + length - 1
    if last > 12:
        return None
    words = {"T": f"{french.ordinal(rank)} trimestre ", "S": f"{french.ordinal(rank)} semestre ", None: ""}[kind]
    label = french.date(date(year, first, 1)).partition(" ")[2] if month else f"{words}{year}"
    return Period(label, date(year, first, 1), date(year, last, monthrange(year, last)[1]))


def _with_edition(text: str, name: str, origin: Edition, label: str | None) -> str:
    """Return the text of study.yml with one more edition: only lines are added, all others stay to the letter."""
    period = period_of(name)
    entry = CommentedMap({"label": label or (period.label if period else LABEL)})
    if period is not None and origin.start is not None and origin.end is not None:
        entry |= {"start": period.start, "end": period.end}
    entry["deliveries"] = "raw" if origin.deliveries == "demo" else origin.deliveries
    if origin.form is not None:
        entry["form"] = origin.form
    tree: Any = _yaml().load(StringIO(text))
    editions = tree["editions"]
    if editions.fa.flow_style():  # « {2024: {…}} » on one line has no place for a line of its own
        editions[name] = entry
        return _dumped(tree)
    lines = text.splitlines(keepends=True)
    keys = list(tree)
    following = keys[keys.index("editions") + 1 :]
    end = tree.lc.key(following[0])[0] if following else len(lines)
    while not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#"):
        end -= 1
    if not lines[end - 1].endswith("\n"):
        lines[end - 1] += "\n"
    indent = " " * editions.lc.key(next(iter(editions)))[1]
    added = [indent + line for line in _dumped(CommentedMap({name: entry})).splitlines(keepends=True)]
    return "".join([*lines[:end], *added, *lines[end:]])


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.width = 10_000
    yaml.preserve_quotes = True
    return yaml


def _dumped(tree: Any) -> str:
    stream = StringIO()
    _yaml().dump(tree, stream)
    return stream.getvalue()


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8", newline="\n")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
