"""The object that a notebook holds: it loads sources, collects results, and shows them once protected.

`open_report` → `report.load`, `.say`, `.key_figure`, `.table`, `.figure`, `.map` → `report.finish`.
For `internal` each result shows at once; for any other audience its place shows « en attente » until
`finish()` has protected all results together and fills it, by Jupyter's own display update.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from html import escape
from pathlib import Path
from typing import Any, Protocol, cast

import pandas as pd

from etabli import french, memo
from etabli.absence import Absent, absent_among
from etabli.agreements import Agreement, read_agreements
from etabli.commentary import Commentary, Introduction, Passage, introductions, read_commentary
from etabli.disclosure.gate import CLEARANCE_TYPE, MARK, OPENING, digest
from etabli.disclosure.parts import Splits
from etabli.disclosure.policy import policy_for
from etabli.disclosure.protect import Protection, protect, with_counts
from etabli.disclosure.recount import Rows
from etabli.disclosure.regions import regions_of
from etabli.disclosure.rules import hold_kinds
from etabli.disclosure.statements import Publication, SourceTold, Statement
from etabli.errors import DeliveryError, ReportError, suggestion
from etabli.methods.membership import Population, mark_derived, mark_population
from etabli.methods.results import Condition, Table, Value
from etabli.present import changed, theme
from etabli.present.figures import KINDS, FigureKind, Mapped, Method
from etabli.present.grounds import read_ground
from etabli.present.holding import hold_categories, hold_population
from etabli.present.items import (
    AbsenceItem,
    FigureItem,
    Item,
    KeyFigureItem,
    MapItem,
    SentenceItem,
    TableItem,
)
from etabli.present.previous import Previous, previous_of
from etabli.present.said import statements_of, variables_of
from etabli.present.sentences import Sentence, as_sentence, citing, hold_values, sentence
from etabli.present.together import Together, together
from etabli.present.words import Words
from etabli.present.written import CommentItem, IntroductionItem, WrittenItem
from etabli.project import MIRROR_VARIABLE, Project, find_project
from etabli.recipients import Recipient, read_recipients, recipient_of
from etabli.sources.admission import hold_edition
from etabli.sources.amendments import placed
from etabli.sources.cache import cache_folder
from etabli.sources.codebook import Codebook, read_codebook
from etabli.sources.deliveries import Delivery, find_deliveries, load
from etabli.sources.keys import demo_key, key_for, keyring_of
from etabli.sources.links import EditionFiles, editions_beside, identifiers, with_linked
from etabli.sources.pseudonyms import StudyKey
from etabli.study import PlannedRun, Scalar, Study, read_study


class Display(Protocol):
    """Shows a MIME bundle in the notebook, or updates the place where one stands."""

    def __call__(self, bundle: dict[str, Any], *, name: str, update: bool) -> None: ...


def show_in_notebook(bundle: dict[str, Any], *, name: str, update: bool) -> None:
    """Show through IPython: `name` is the output's display id and its mark for the gate."""
    from IPython.display import display

    display(bundle, raw=True, display_id=name, update=update, metadata={MARK: name})  # type: ignore[no-untyped-call]  # IPython


def open_report(
    slug: str, *, edition: object, audience: object, recipient: object = "", **parameters: object
) -> Report:
    """Open the report of a study for one run.

    Parameters
    ----------
    slug
        The study's folder under `studies/`.
    edition, audience, recipient
        The run's edition, audience and recipient, from the notebook's parameters cell. Without a recipient, the
        report is made for every body of the audience.
    **parameters
        The study's own parameters.

    Raises
    ------
    EtabliError
        The study, its codebook or an agreement does not hold; a parameter is unknown or out of its
        bounds; an agreement does not allow the audience or the recipient, or not today; the key of pseudonyms is not
        there.
    """
    project = find_project()
    study = read_study(project, slug)
    plan = study.plan({"edition": edition, "audience": audience, "recipient": recipient, **parameters})
    missing = [name for name in study.parameters if name not in parameters]
    if missing:
        raise ReportError(
            "open_report ne reçoit pas tous les paramètres de l’étude.",
            expected=", ".join(f"{name}={name}" for name in missing),
            hint="sans eux, le notebook changerait de sens sans que le rapport le dise",
        )
    codebook = read_codebook(project, study, edition=plan.edition)
    agreements = read_agreements(project, study)
    body = recipient_of(read_recipients(project), plan)
    policy_for(agreements, plan.audience, recipient=plan.recipient)  # refuses before anything is read
    hold_edition(project, study, plan.edition, day=date.today())  # noqa: DTZ011  # an agreement's days are local
    providers = {name: agreements[source.agreement].provider for name, source in study.sources.items()}
    deliveries = find_deliveries(project, study, plan.edition, providers=providers)
    cache = cache_folder(project, slug)
    key = _key(project, study, plan.edition, EditionFiles(deliveries, codebook), cache)
    report = Report(
        study,
        plan,
        codebook,
        deliveries,
        agreements,
        show_in_notebook,
        key,
        cache=cache,
        recipient=body,
        commentary=read_commentary(project, study, plan),
        introductions=introductions(project, study, plan),
        together=together(project, study, plan, deliveries, key),
        previous=previous_of(project, study, plan),
        project=project,
    )
    report.announce()
    memo.wake(project, slug, plan.edition, os.environ)
    return report


def _key(project: Project, study: Study, edition: str, files: EditionFiles, cache: Path) -> StudyKey:
    """Return the key of a run, which leaves out who withdrew; where nobody is identified, none is asked for."""
    sources = files.codebook.sources
    origins = {each.origin for name, each in files.deliveries.items() if identifiers(sources[name])}
    if not origins:
        return demo_key(study.slug)
    origin = "demo" if origins == {"demo"} else "raw"
    key = key_for(project, keyring_of(project, os.environ), study.slug, origin)
    others = editions_beside(project, study, edition) if key.excludes_anyone else []
    return with_linked(key, [files, *others], cache=cache)


def running_cell() -> tuple[str | None, int]:
    """Return the identifier and the execution count of the cell that runs; None outside a notebook."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        return None, 0
    parent = getattr(shell, "parent_header", None) or {}
    return parent.get("metadata", {}).get("cellId"), int(shell.execution_count)


def _cited(text: Commentary | Introduction, passage: Passage, values: Mapping[str, Value | str]) -> Sentence:
    """Return a passage with the values that it cites."""
    try:
        return citing(passage.text, values)
    except ReportError as error:
        raise ReportError(
            error.what,
            where=text.place(passage),
            expected=error.expected or f"une valeur que report.comment reçoit : {', '.join(sorted(values))}",
            got=error.got,
            hint=error.hint,
        ) from None


@dataclass
class Report:
    """One report under way. Make it with `open_report`."""

    study: Study
    plan: PlannedRun
    codebook: Codebook
    deliveries: Mapping[str, Delivery]
    agreements: Mapping[str, Agreement]
    show: Display
    key: StudyKey = field(repr=False)
    running_cell: Callable[[], tuple[str | None, int]] = running_cell
    cache: Path | None = None
    """Where the study's converted deliveries lie; None: converted in this process, and not kept."""
    recipient: Recipient | None = None
    """The body that the report is made for; None: every body of the audience."""
    commentary: Commentary | None = None
    """What an analyst wrote of its edition and territory; None: nothing."""
    introductions: tuple[Introduction, ...] = ()
    """What the readers of its restitutions are told first."""
    together: Together = field(default_factory=Together)
    """What it is protected beside."""
    previous: Previous | None = None
    """The report of the edition before; None: there is none."""
    project: Project | None = None
    """Where grounds of maps lie; None: the project of the current folder."""
    _items: list[Item] = field(default_factory=list)
    _loaded: list[str] = field(default_factory=list)

    # What the notebook may ask -----------------------------------------------------------------

    @property
    def edition(self) -> str:
        """The period of the data, as a reader says it."""
        return self.study.editions[self.plan.edition].label

    @property
    def start(self) -> date:
        """The first day of the period."""
        return self._day("start")

    @property
    def end(self) -> date:
        """The last day of the period."""
        return self._day("end")

    @property
    def school_holidays(self) -> tuple[tuple[date, date], ...]:
        """First and last day of the school holidays that the edition declares."""
        return self.study.editions[self.plan.edition].school_holidays

    def _day(self, which: str) -> date:
        day: date | None = getattr(self.study.editions[self.plan.edition], which)
        if day is None:
            raise ReportError(
                "L’édition ne dit pas quels jours elle couvre.",
                where=f"studies/{self.study.slug}/study.yml, édition « {self.plan.edition} »",
                expected=f"« {which} », une date",
            )
        return day

    def choice(self, parameter: str) -> str:
        """Return the label of the value that a parameter has in this run, for use in a sentence."""
        if parameter not in self.study.parameters:
            raise ReportError(
                f"L’étude n’a pas de paramètre « {parameter} ».", hint=suggestion(parameter, self.study.parameters)
            )
        return self.study.parameters[parameter].label(self.plan.parameters[parameter])

    def load(self, source: str, **where: Scalar) -> pd.DataFrame:
        """Return a source as a tidy frame: checked against its codebook, identifiers replaced by pseudonyms.

        In the place of a source that the edition does without stands an `Absent`, which methods pass on: where results
        of it would be, the report says what it cannot tell.

        Parameters
        ----------
        source
            A source of `study.yml`.
        **where
            Rows to keep, by variable: `load("visits", quarter=quarter)`. The value `"all"` keeps every row.

        Raises
        ------
        DeliveryError
            The delivery is missing, damaged, or not what its codebook says.
        ReportError
            The source or a variable is unknown, or no row is left.
        """
        if source not in self.study.sources:
            raise ReportError(f"L’étude n’a pas de source « {source} ».", hint=suggestion(source, self.study.sources))
        if source not in self.deliveries:
            return cast("pd.DataFrame", Absent(source))
        try:
            frame = load(self.deliveries[source], self.codebook.sources[source], key=self.key, cache=self.cache)
        except DeliveryError as error:
            raise placed(error, self.study.form_beside_others(self.plan.edition)) from None
        for variable, value in where.items():
            if variable not in frame.columns:
                raise ReportError(
                    f"La source « {source} » n’a pas de variable « {variable} ».",
                    hint=suggestion(variable, frame.columns),
                )
            if value != "all":
                frame = frame[(frame[variable].astype(str) == str(value)).to_numpy(dtype=bool, na_value=False)]
        if frame.empty:
            raise ReportError(
                f"Aucune ligne de la source « {source} » pour ce choix.",
                got=", ".join(f"{name} = {value}" for name, value in where.items()),
            )
        if source not in self._loaded:
            self._loaded.append(source)
        held = tuple((variable, str(value)) for variable, value in where.items() if value != "all")
        book = self.codebook.sources[source]
        names = book.variables.keys() - {book.person}  # who is nobody is in no table
        optional = frozenset(name for name in names if not book.variables[name].required)
        population = Population(self.deliveries[source].sha256, held, optional=optional, one_each=book.one_each)
        marked = mark_population(frame.reset_index(drop=True), population)
        return mark_derived(marked, marked, book.followed)

    def say(
        self,
        text: str | Sentence,
        *,
        level: int | None = None,
        question: str | None = None,
        provided: bool | Condition = True,
        otherwise: str | Sentence | None = None,
        source: str | None = None,
        **values: Value | str,
    ) -> None:
        """Write a paragraph, or a heading when `level` (2 or 3) is given, that follows the numbers.

        Parameters
        ----------
        text
            The sentence; `{name}` stands for the value given as `name=` (see `sentence`).
        level
            2 or 3 for a heading. The heading of a section is its finding.
        question
            The commissioner's question that this heading answers; the cover links to it.
        provided
            Whether the sentence may be said: `table.is_significant(…)`, where it tells a difference.
        otherwise
            What to say instead when it may not, or when a value that it cites is not available.
        """
        if level not in (None, 2, 3):
            raise ReportError("Un titre est de niveau 2 ou 3.", got=str(level))
        if question is not None and question not in {each.id for each in self.study.questions}:
            raise ReportError(
                f"L’étude n’a pas de question « {question} ».",
                hint=suggestion(question, [each.id for each in self.study.questions]),
            )
        if isinstance(text, str):
            text = sentence(text, provided=provided, otherwise=otherwise, **values)
        if isinstance(text, Absent):
            self._tell_absence(text, level=level, question=question)
        else:
            self._add(SentenceItem, source or self._source_of(*text.tables), text=text, level=level, question=question)

    def comment(self, **values: Value | str) -> None:
        """Show what an analyst wrote of this edition and territory, if anything, in `studies/<slug>/commentary/`.

        A passage that cites a value which is no longer what it was when the passage was written says so. The
        introductions of the restitutions that are made of this run stand there too, folded.

        Parameters
        ----------
        **values
            The values that it may cite, by the names under which it does.

        Raises
        ------
        ReportError
            A passage cites a value that is not given, or a value is a bare number.
        """
        values = {name: value for name, value in values.items() if not isinstance(value, Absent)}
        hold_values(values, where="report.comment")
        if self.commentary is not None:
            passages = tuple(_cited(self.commentary, passage, values) for passage in self.commentary.passages)
            self._add(CommentItem, self._source_among(passages), commentary=self.commentary, passages=passages)
        for each in self.introductions:
            passages = tuple(_cited(each, passage, values) for passage in each.passages)
            self._add(IntroductionItem, self._source_among(passages), introduction=each, passages=passages)

    def key_figure(
        self, value: Value, *, label: str | Sentence, note: str | Sentence = "", source: str | None = None
    ) -> None:
        """Show one number large, with what it is."""
        absent = absent_among((value, label, note))
        if absent is not None:
            self._tell_absence(absent)
            return
        source = source or self._source_of(value.table)
        self._add(KeyFigureItem, source, value=value, label=as_sentence(label), note=as_sentence(note))

    def table(
        self,
        table: Table,
        *,
        title: str | Sentence,
        scope: str | Sentence,
        reading: str | Sentence,
        source: str | None = None,
        note: str | Sentence = "",
        measures: Sequence[str] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Show a table, numbered, with its three notes.

        Parameters
        ----------
        title
            The finding, as a title.
        scope
            *Champ*: who is counted, where, when.
        reading
            *Lecture*: one value read aloud.
        source
            The source of `study.yml` whose words name rows and people, when several were loaded and the result does
            not say which one it counts.
        note
            What else a reader must know.
        measures, labels
            Which measures to show, in order, and headings that replace the usual ones.
        """
        if self._is_absent(table, title, scope, reading, note):
            return
        for name in measures or ():
            table.measure(name)
        source = source or self._source_of(table)
        self._add(
            TableItem,
            source,
            table=table,
            origin=self._origin(source, table),
            title=as_sentence(title),
            scope=as_sentence(scope),
            reading=as_sentence(reading),
            note=as_sentence(note),
            measures=tuple(measures) if measures else None,
            labels=dict(labels or {}),
        )

    def figure(  # noqa: PLR0913  # a figure's notes are all required, and named at the call
        self,
        table: Table,
        *,
        kind: FigureKind,
        measure: str,
        title: str | Sentence,
        scope: str | Sentence,
        reading: str | Sentence,
        where: Mapping[str, str] | None = None,
        source: str | None = None,
        note: str | Sentence = "",
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Draw a figure, numbered, with its three notes, its alternative text and its data as a table.

        Parameters
        ----------
        kind
            `bars`, `dots` (with intervals), `lines` (over time), `heat` (two dimensions), `pyramid` (two series back to
            back), `forest` (estimates and intervals), `flow` (from one dimension to the next), `timeline` (spans of
            time), `network` (nodes and links) or `steps` (survival and incidence over time).
        measure
            The measure to draw.
        where
            Categories at which the other dimensions are held.
        title, scope, reading, source, note, labels
            As for `table`.
        """
        if self._is_absent(table, title, scope, reading, note):
            return
        table.measure(measure)
        source = source or self._source_of(table)
        self._add(
            FigureItem,
            source,
            table=table,
            origin=self._origin(source, table),
            title=as_sentence(title),
            scope=as_sentence(scope),
            reading=as_sentence(reading),
            note=as_sentence(note),
            measures=(measure, *(KINDS[kind].beside if kind in KINDS else ())),
            labels=dict(labels or {}),
            kind=kind,
            where=dict(where or {}),
        )

    def map(  # noqa: PLR0913  # as a figure's, its notes are all required, and named at the call
        self,
        table: Table,
        *,
        ground: str,
        measure: str,
        title: str | Sentence,
        scope: str | Sentence,
        reading: str | Sentence,
        where: Mapping[str, str] | None = None,
        classes: int = 4,
        method: Method = "quantile",
        source: str | None = None,
        note: str | Sentence = "",
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Draw a map, numbered, with its three notes, its alternative text and its data as a table.

        Shares, means and changes are classes of colours, counts and sums circles. What has no place on the map stands
        under it.

        Parameters
        ----------
        ground
            A file of `data/reference/maps/`: `rennes-metropole`, `rennes-quarters`.
        measure
            The measure to draw. The free dimension is a place: its `level` is declared in the codebook.
        classes, method
            Into how many classes, from 2 to 5: `quantile` (of about as many places each) or `equal` (round bounds).
        where, title, scope, reading, source, note, labels
            As for `figure`.
        """
        if self._is_absent(table, title, scope, reading, note):
            return
        table.measure(measure)
        source = source or self._source_of(table)
        mapped = Mapped(
            read_ground(self.project or find_project(), ground, mirror=os.environ.get(MIRROR_VARIABLE)), classes, method
        )
        self._add(
            MapItem,
            source,
            table=table,
            origin=f"{self._origin(source, table)} Fond : {mapped.ground.source}.",
            title=as_sentence(title),
            scope=as_sentence(scope),
            reading=as_sentence(reading),
            note=as_sentence(note),
            measures=(measure,),
            labels=dict(labels or {}),
            kind="map",
            where=dict(where or {}),
            mapped=mapped,
        )

    def finish(self) -> None:
        """Protect all results together, fill their places, and clear them for the gate. Last cell.

        Raises
        ------
        ReportError
            A restitution of this run has an introduction, and the notebook never calls `report.comment`.
        """
        self._hold_introductions()
        policy = policy_for(
            [self.agreements[self.study.sources[name].agreement] for name in self._loaded],
            self.plan.audience,
            recipient=self.plan.recipient,
            levels=self.codebook.levels,
        )
        loaded = {name: self.deliveries[name].sha256 for name in self._loaded}
        if policy.protects:
            for table in self._counted():
                hold_categories(table, self.codebook)
                hold_population(table, loaded.values())
        protection, former = self.together.protect(
            self._counted(), policy, loaded=loaded, rows=self._rows, statements=self._statements
        )
        cleared = {OPENING: digest(self._opening())}
        results: list[dict[str, Any]] = []
        files: dict[str, str] = {}
        sheets: dict[str, dict[str, Any]] = {}
        for item in self._items:
            html = item.html(protection)
            if self.plan.audience != "internal":
                self.show({"text/html": html}, name=item.name, update=True)
            cleared[item.name] = digest(html)
            results += item.results(protection)
            files.update(item.files(protection))
            sheets.update(item.sheets(protection))
        if self.previous is not None and self.previous.content:
            since = changed.changed_since(
                self.previous,
                results,
                edition=self.edition,
                report=str(self.plan),
                codebook=self.codebook,
                days=self.study.editions[self.plan.edition].days,
            )
            html = since.html()
            self.show({"text/html": html}, name=changed.NAME, update=False)
            cleared[changed.NAME] = digest(html)
            files.update(since.files())
            sheets.update(since.sheets())
        payload = {
            "study": self.study.slug,
            "parameters": self.plan.parameters,
            "run": self.plan.name,
            "recipient": self.recipient.name if self.recipient else None,
            "shown": sum(not isinstance(item, SentenceItem) for item in self._items),
            "answered": self._answers(protection),
            "policy": {
                "minimum_people": policy.minimum_people,
                "sources": list(policy.sources),
                "rounding_base": policy.rounding_base,
            },
            "masked_rows": sum(protection.of(table).hidden for table in self._shown_tables()),
            "withheld": [item.waiting for item in self._items if self._is_withheld(item, protection)],
            "sources": [self._described(name) for name in self._loaded],
            "refused": [item.waiting for item in self._items if self._is_refused(item, protection)],
            "outdated": [
                place for item in self._items if isinstance(item, WrittenItem) for place in item.outdated(protection)
            ],
            "previous": "" if self.previous is None else self.previous.told,
            "releases": self.together.releases,
            "lost": self.together.held.speaking_of(former.lost),
            "plan": self.together.decided,
            "results": results,
            "said": self._said(protection, policy.minimum_people),
            "files": files,
            "sheets": sheets,
            "shared": dict(zip(("taken", "kept"), memo.account(), strict=True)),
            "modules": sorted(name for name in sys.modules if name.split(".")[0] == "etabli"),
        }
        self.show({CLEARANCE_TYPE: {"cleared": cleared, "payload": payload}}, name="finish", update=False)

    # How it is done ------------------------------------------------------------------------------

    def _add(self, item_type: type[Any], source: str | None, **contents: Any) -> None:
        cell, execution = self.running_cell()
        self._forget_former_run_of(cell, execution)
        name = f"{item_type.prefix}-{1 + sum(type(item) is item_type for item in self._items)}"
        if any(item.name == name for item in self._items):  # a cell that was run again, out of order
            name = f"{name}-{execution}"
        number = 1 + sum(type(item) is item_type for item in self._items)
        item: Item = item_type(
            name=name, number=number, words=self._words(source), cell=cell, execution=execution, **contents
        )
        for table in item.tables:
            hold_kinds(table, audience=self.plan.audience, where=f"étude {self.study.slug}, {item.waiting}")
        unprotected = protect(item.tables, policy_for([], "internal"))
        if self.plan.audience == "internal":
            html = item.html(unprotected)
        else:
            item.try_out(unprotected)
            html = f'<p class="waiting">{escape(item.waiting)} : en attente de report.finish().</p>'
        self._items.append(item)
        self.show({"text/html": html}, name=name, update=False)

    def _is_absent(self, *shown: object) -> bool:
        """Whether a result, or what is said of it, is made of a source that is not there; the report then says so."""
        absent = absent_among(shown)
        if absent is not None:
            self._tell_absence(absent)
        return absent is not None

    def _tell_absence(self, absent: Absent, *, level: int | None = None, question: str | None = None) -> None:
        """Say in the place of a heading that there is no answer; once, what the edition lacks, and what that costs."""
        source = self.study.sources[absent.source]
        if level is not None:
            heading = sentence("Sans ce fichier, pas de réponse : {name}", name=source.description)
            self._add(AbsenceItem, None, text=heading, level=level, question=question, lacking="")
        if not any(isinstance(item, AbsenceItem) and item.lacking == absent.source for item in self._items):
            told = sentence(
                "Cette édition n’a pas le fichier « {name} » : il n’a pas été livré. Sans lui, ce rapport ne dit pas "
                "{what}.",
                name=source.description,
                what=source.without or "",
            )
            self._add(AbsenceItem, None, text=told, level=None, question=None, lacking=absent.source)

    def _source_of(self, *tables: Table) -> str | None:
        """Return the one source, of several, that results count; None where it is not one, or there is no choice."""
        if len(self._loaded) < 2:
            return None
        counted = {table.source for table in tables if table.source}
        names = [name for name in self._loaded if self.deliveries[name].sha256 in counted]
        return names[0] if len(names) == 1 else None

    def _source_among(self, passages: Sequence[Sentence]) -> str | None:
        return self._source_of(*(table for passage in passages for table in passage.tables))

    def _rows(self) -> dict[str, Rows]:
        """Return all rows of each delivery that the report counts people of, by digest."""
        books = {name: self.codebook.sources[name] for name in self._loaded}
        return {
            self.deliveries[name].sha256: Rows(
                load(self.deliveries[name], book, key=self.key, cache=self.cache), book.person
            )
            for name, book in books.items()
            if book.person is not None
        }

    def _forget_former_run_of(self, cell: str | None, execution: int) -> None:
        """In JupyterLab a cell may be run again: its former items go, so that nothing is counted twice."""
        if cell is not None:
            self._items = [item for item in self._items if item.cell != cell or item.execution == execution]

    def _source_name(self, source: str | None) -> str:
        if source is not None:
            if source not in self._loaded:
                raise ReportError(
                    f"La source « {source} » n’a pas été chargée.",
                    hint=suggestion(source, self._loaded) if self._loaded else "chargez-la par report.load",
                )
            return source
        if len(self._loaded) != 1:
            raise ReportError(
                "De quelle source vient ce résultat ?",
                expected=f"source= l’un de : {', '.join(self._loaded)}"
                if self._loaded
                else "une source chargée par report.load",
                hint="plusieurs sources sont chargées : nommez la sienne" if self._loaded else None,
            )
        return self._loaded[0]

    def _words(self, source: str | None) -> Words:
        """Return the words of a source; without a name, those of the one source that was loaded, if it is one."""
        if source is None and len(self._loaded) != 1:
            return Words(self.codebook, None)
        return Words(self.codebook, self.codebook.sources[self._source_name(source)])

    def _hold_introductions(self) -> None:
        shown = any(isinstance(item, IntroductionItem) for item in self._items)
        if self.introductions and not shown:
            raise ReportError(
                f"L’introduction de la restitution « {self.introductions[0].restitution} » n’est montrée nulle part.",
                expected="report.comment(…), avec les valeurs qu’elle cite, avant report.finish()",
            )

    def _origin(self, source: str | None, table: Table) -> str:
        """The source note: file, those that it is compared with, period, who computed."""
        name = self._source_name(source)
        beside = {counts.source for counts in table.rests_on} - {self.deliveries[name].sha256}
        names = [name, *(each for each in self._loaded if self.deliveries[each].sha256 in beside)]
        text = " ; ".join(self.study.sources[each].description for each in names)
        if self.edition.lower() not in text.lower():
            text = f"{text}, {self.edition}"
        fictional = " (données fictives)" if self.deliveries[name].origin == "demo" else ""
        return f"{text}{fictional} ; {theme.CALCULATIONS}."

    def _tables(self) -> list[Table]:
        return [table for item in self._items for table in item.tables]

    def _counted(self) -> list[Table]:
        return with_counts(self._tables())

    def _shown_tables(self) -> list[Table]:
        return list({id(item.table): item.table for item in self._items if isinstance(item, TableItem)}.values())

    def _is_withheld(self, item: Item, protection: Protection) -> bool:
        return isinstance(item, TableItem) and protection.of(item.table).withheld > 0

    def _is_refused(self, item: Item, protection: Protection) -> bool:
        return isinstance(item, TableItem) and protection.of(item.table).refused is not None

    def _answers(self, protection: Protection) -> dict[str, dict[str, str]]:
        """For each question with a heading of its own: where it stands, and what it says."""
        return {
            item.question: {"anchor": item.name, "finding": french.capitalised(item.text.fill(protection, item.words))}
            for item in self._items
            if isinstance(item, SentenceItem) and item.question is not None
        }

    def _described(self, name: str) -> dict[str, Any]:
        delivery, source = self.deliveries[name], self.study.sources[name]
        return {
            "name": name,
            "description": source.description,
            "file": delivery.shown,
            "sha256": delivery.sha256,
            "origin": delivery.origin,
            **({"registered": delivery.is_registered} if delivery.origin == "raw" else {}),
            "agreement": self.agreements[source.agreement].title,
        }

    def _said(self, protection: Protection, minimum: int) -> dict[str, Any]:
        """What the report tells, region by region, for the ledger; nothing for a report that stays in the house."""
        if self.plan.audience == "internal":
            return {}
        told = {
            self.deliveries[name].sha256: SourceTold(
                name,
                self.agreements[self.study.sources[name].agreement].provider,
                minimum,
                self.plan.edition,
                self.study.editions[self.plan.edition].keeps or "",
                tuple(sorted(protection.policy.whole_group)),
            )
            for name in self._loaded
        }
        found = tuple(self._statements(protection))
        tables = [table for table in self._counted() if protection.of(table).refused is None]
        own = {region for table in tables for region in regions_of(table)}
        states = {region: state for region, state in protection.plan.states.items() if region in own}
        return Publication(str(self.plan), told, variables_of(tables, self._splits(tables)), found, states).to_json()

    def _splits(self, tables: Sequence[Table]) -> dict[str, Splits]:
        """How the deliveries split of which a table is filtered, or in which a variable follows from a finer one."""
        asked = {self.deliveries[name].sha256 for name in self._loaded if self.codebook.sources[name].followed}
        asked |= {table.source for table in tables if table.held}
        rows = self._rows() if asked else {}
        return {digest: Splits(each.frame, each.person) for digest, each in rows.items() if digest in asked}

    def _statements(self, protection: Protection) -> list[Statement]:
        shown = [place for item in self._items for place in item.places(protection)]
        rests = [
            (item.name, counts, row, measure)
            for item in self._items
            for table in item.tables
            for counts in table.rests_on
            for row in range(len(counts.cells))
            for measure in counts.measures
        ]  # a model may give them back: the attacker is given them
        return statements_of([*shown, *rests], protection)

    def announce(self) -> None:
        """Say in the notebook what is open; this output is cleared like any other, and reports leave it out."""
        self.show({"text/html": self._opening()}, name=OPENING, update=False)

    def _opening(self) -> str:
        readers = theme.AUDIENCES[self.plan.audience]
        if self.recipient is not None:
            readers = f"{readers} ({self.recipient.name})"
        text = f"{self.study.title} — {self.edition} — audience : {readers}"
        return f"<p>{escape(french.typography(text), quote=False)}</p>"
