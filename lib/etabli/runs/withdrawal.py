"""A person takes their consent back: found in the deliveries, recorded, forgotten, and what holds them listed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from etabli import french
from etabli.agreements import read_agreements
from etabli.errors import DeliveryError, EtabliError
from etabli.project import Project
from etabli.runs.journal import journals, page_of_batch, read_journal
from etabli.runs.manifest import FILE, read_manifest
from etabli.sources.cache import forget
from etabli.sources.codebook import read_codebook
from etabli.sources.deliveries import Delivery, find_delivery, load
from etabli.sources.keys import (
    DEMO,
    Keyring,
    demo_key,
    derived,
    held_state,
    read_state,
    seen_withdrawals,
    study_key,
)
from etabli.sources.links import EditionFiles, identifiers, with_linked
from etabli.sources.pseudonyms import PSEUDONYM, StudyKey, domain_of
from etabli.sources.quality import FOLDER as QUALITY
from etabli.sources.quality import pages_of
from etabli.sources.reception import DELETIONS
from etabli.sources.withdrawals import WITHDRAWALS, Withdrawal, digest, read_withdrawals, record
from etabli.study import Study


@dataclass(frozen=True)
class Outcome:
    """What became of a withdrawal.

    Parameters
    ----------
    pseudonyms
        The person, under each key that the study's deliveries are read with.
    held
        The deliveries that hold the person, and how many rows go.
    unread
        Deliveries that could not be read, or were altered, and so may hold them.
    reports
        Folders of reports made while the person was in their sources.
    uncertain
        Folders of reports from deliveries that are there no longer, and may have held them.
    traces
        What else stands under `reports/` of deliveries that held them: half-executed notebooks, pages of quality,
        journals and pages of batches in which a run failed, for they quote its error.
    releases
        Lines of the ledger that tell of a release from those sources.
    since
        The day on which the person had withdrawn already; None the first time.
    """

    pseudonyms: tuple[str, ...]
    held: tuple[tuple[str, int], ...]
    unread: tuple[str, ...]
    reports: tuple[str, ...]
    uncertain: tuple[str, ...]
    traces: tuple[str, ...]
    releases: tuple[str, ...]
    since: date | None = None


@dataclass(frozen=True)
class _Edition:
    """What there is of one edition, read with nobody left out."""

    name: str
    origin: str
    files: EditionFiles
    frames: dict[str, pd.DataFrame]
    """The identifiers of each delivery, by source."""


Found = set[tuple[str, str]]
"""Key's name and pseudonym."""

Keys = Mapping[str, StudyKey]
"""Keys by their name, nobody left out."""


def withdraw(
    project: Project, study: Study, person: str, keyring: Keyring, *, day: date, absent: bool = False
) -> Outcome:
    """Record that a person withdraws from a study, and list what holds them.

    An identifier is recorded under the key in use: under that of fictional data, which is no secret, only where the
    study reads no real delivery and fictional data hold it. A pseudonym is, under the key that made it. So is what
    stands on the person's rows alone, in all editions: it is known for good, whatever becomes of the delivery that
    told it.

    Parameters
    ----------
    person
        Their pseudonym in this study, or their identifier as the delivery writes it. It is not kept.
    day
        The day of the withdrawal.
    absent
        Whether to record someone whom no delivery holds: their file may still come.

    Raises
    ------
    DeliveryError
        No delivery holds that person, and `absent` is not said.
    KeyringError
        There is no key, though the study reads real deliveries or nobody in the fictional ones is meant; it is not on
        this machine; or a former one is not, which may have made the pseudonym.
    """
    person = person.strip()
    keys = _keys(project, study, keyring)
    with TemporaryDirectory() as folder:  # the person's rows are converted here, and never in the cache
        seen, unread, found = _looked_for(project, study, person, keys, Path(folder))
        if not found and not absent:
            raise DeliveryError(
                f"Aucune livraison de l’étude « {study.slug} » ne contient cette personne.",
                got=french.count(len(unread), "livraison illisible", "livraisons illisibles") if unread else None,
                hint="vérifiez le pseudonyme ou l’identifiant ; --absent l’enregistre tout de même, pour plus tard",
            )
        found = found or _expected(project, study, person, keys, keyring)
        gone = _gone(seen, found, keys, Path(folder))
    since = _since(project, study, found)
    for (key_name, pseudonym), hashes in gone.linked.items():
        record(project, Withdrawal(study.slug, key_name, pseudonym, day, hashes))
    if any(name != DEMO for name in keys):
        seen_withdrawals(project, keyring, held_state(project, keyring).current)
    forget(project)
    kept = [each for each in read_withdrawals(project, study.slug) if (each.key, each.pseudonym) in gone.linked]
    traces = tuple(_traces(project, study, gone.editions, {each for one in kept for each in one.deliveries}))
    reports, uncertain = _reports(project, study, kept, {each.sha256 for each in _deliveries(seen)})
    return Outcome(
        pseudonyms=tuple(sorted({pseudonym for _, pseudonym in found})),
        held=tuple((delivery.shown, count) for delivery, count in gone.rows.items()),
        unread=tuple(unread),
        reports=reports,
        uncertain=tuple(each for each in uncertain if each not in traces),
        traces=traces,
        releases=tuple(_releases(project, kept)),
        since=since,
    )


def _since(project: Project, study: Study, found: Found) -> date | None:
    """Return the first day on which everyone meant had withdrawn already, None when somebody had not."""
    days: dict[tuple[str, str], date] = {}
    for each in read_withdrawals(project, study.slug):
        days.setdefault((each.key, each.pseudonym), each.day)
    return max(days[each] for each in found) if found <= days.keys() else None


def _keys(project: Project, study: Study, keyring: Keyring) -> dict[str, StudyKey]:
    """Return the keys that may know people of the study, the one in use before the former ones that are here.

    Fictional data are in nobody's secret; a real edition asks for the project's key.
    """
    origins = {each.deliveries for each in study.editions.values()}
    state = held_state(project, keyring) if "raw" in origins else read_state(project)
    keys = {DEMO: StudyKey(demo_key(study.slug).secret)} if "demo" in origins else {}
    if state is not None and ("raw" in origins or keyring.path(state.current).is_file()):
        keys[state.current] = StudyKey(study_key(project, keyring, study.slug).secret)
        for name, _ in reversed(state.history[:-1]):
            if keyring.path(name).is_file():
                keys[name] = StudyKey(derived(keyring.read(name), study.slug))
    return keys


def _in_use(keys: Keys) -> str:
    """Return the name of the project's key in use; that of fictional data, where there is no other."""
    return next((name for name in keys if name != DEMO), DEMO)


def _looked_for(
    project: Project, study: Study, person: str, keys: Keys, folder: Path
) -> tuple[list[_Edition], list[str], Found]:
    """Return what there is of each edition, what could not be read, and who is meant: nobody, if none holds them."""
    current = _in_use(keys)
    seen, unread = _read(
        project, study, {"demo": keys.get(DEMO), "raw": keys.get(current) if current != DEMO else None}, folder
    )
    domains = _domains(project, study)
    meant = _named(person, domains, {name: keys[name] for name in (DEMO, current) if name in keys})
    if any(_holds(each, {pseudonym for _, pseudonym in meant}) for each in seen):
        return seen, unread, _named(person, domains, _recording(study, keys))
    if PSEUDONYM.fullmatch(person):
        for name, key in keys.items():
            origin = "demo" if name == DEMO else "raw"
            under = seen if name in (DEMO, current) else _read(project, study, {"raw": key}, folder)[0]
            if any(_holds(each, {person}) for each in under if each.origin == origin):
                return seen, unread, {(name, person)}
    return seen, unread, set()


def _domains(project: Project, study: Study) -> set[str]:
    """Return what identifiers of people number: the domains of `person`; all of them, where no source has people."""
    books = read_codebook(project, study).sources.values()
    people = {domain_of(book.person, book) for book in books if book.person is not None}
    return people or {domain_of(name, book) for book in books for name in identifiers(book)}


def _recording(study: Study, keys: Keys) -> Keys:
    """Return the keys under which an identifier that a delivery holds is recorded.

    Whoever has the source of the workbench can undo a pseudonym under the key of fictional data, by trying every
    number: where a study reads real deliveries, an identifier may be a real one, and that key is not used.
    """
    reads_real = any(each.deliveries == "raw" for each in study.editions.values())
    return {name: keys[name] for name in (DEMO, _in_use(keys)) if name in keys and not (reads_real and name == DEMO)}


def _named(person: str, domains: Collection[str], keys: Keys) -> Found:
    return {(name, key.pseudonym(person, domain)) for name, key in keys.items() for domain in domains}


def _holds(each: _Edition, names: Collection[str]) -> bool:
    return any(frame.isin(list(names)).any(axis=None) for frame in each.frames.values())


def _read(
    project: Project, study: Study, keys: Mapping[str, StudyKey | None], folder: Path
) -> tuple[list[_Edition], list[str]]:
    """Return what there is of each edition that identifies people, and the deliveries that cannot be read."""
    agreements, read, unread = read_agreements(project, study), [], []
    for edition, declared in study.editions.items():
        origin, codebook = declared.deliveries, read_codebook(project, study, edition=edition)
        deliveries: dict[str, Delivery] = {}
        frames: dict[str, pd.DataFrame] = {}
        if origin == "reference":
            continue
        for name, source in study.sources.items():
            names, provider = identifiers(codebook.sources[name]), agreements[source.agreement].provider
            if not names or source.public is not None:
                continue
            try:
                delivery = find_delivery(project, study, name, edition, provider=provider)
            except DeliveryError as error:
                if error.where is not None and (project.root / error.where).is_file():
                    unread.append(error.where)  # altered, cut short: there, and not what was received
                continue
            key = keys.get(origin)
            if key is None:
                continue
            try:
                frames[name] = load(delivery, codebook.sources[name], key=key, cache=folder)[names]
                deliveries[name] = delivery
            except DeliveryError:
                unread.append(delivery.shown)
        read.append(_Edition(edition, origin, EditionFiles(deliveries, codebook), frames))
    return read, unread


def _deliveries(editions: Sequence[_Edition]) -> Iterator[Delivery]:
    for each in editions:
        yield from each.files.deliveries.values()


@dataclass(frozen=True)
class _Gone:
    """What a withdrawal takes."""

    linked: dict[tuple[str, str], tuple[str, ...]]
    """The person and what stands on their rows alone, each with the deliveries that held any of it."""
    rows: dict[Delivery, int]
    editions: tuple[str, ...]


def _gone(seen: Sequence[_Edition], found: Found, keys: Keys, folder: Path) -> _Gone:
    """Return all that goes with the person, under each key that knows them: links are followed over all editions."""
    rows: dict[Delivery, int] = {}
    linked: dict[tuple[str, str], tuple[str, ...]] = {}
    editions: list[str] = []
    for origin in ("demo", "raw"):
        own = [each for each in seen if each.origin == origin]
        names = [name for name in keys if (name == DEMO) == (origin == "demo")]
        under = {name: frozenset(who for key_name, who in found if key_name == name) for name in names}
        if not names:
            continue
        use, *former = names
        key = StudyKey(
            keys[use].secret,
            under[use],
            tuple(StudyKey(keys[name].secret, under[name]) for name in former if under[name]),
        )
        key = with_linked(key, [each.files for each in own], cache=folder)
        held: set[str] = set()
        for each in own:
            for name, delivery in each.files.deliveries.items():
                book = each.files.codebook.sources[name]
                left = load(delivery, book, key=key, cache=folder) if key.excludes_anyone else each.frames[name]
                count = len(each.frames[name]) - len(left)
                if count:
                    rows[delivery] = count
                    held.add(delivery.sha256)
                    editions.append(each.name)
        hashes = tuple(sorted(held))
        linked |= {(use, pseudonym): hashes for pseudonym in sorted(key.withdrawn)}
        linked |= {(name, pseudonym): hashes for name in former for pseudonym in sorted(under[name])}
    return _Gone(linked, rows, tuple(dict.fromkeys(editions)))


def _expected(project: Project, study: Study, person: str, keys: Keys, keyring: Keyring) -> Found:
    """Return who a person is in deliveries that are not there.

    A pseudonym does not tell which key made it: it is recorded under each, and each must be there.
    """
    if PSEUDONYM.fullmatch(person):
        state = read_state(project)
        for name, _ in state.history if state is not None and any(each != DEMO for each in keys) else ():
            keyring.read(name)  # a key that is not here may be the one that made it, and says so
        return {(name, person) for name in keys}
    key = study_key(project, keyring, study.slug)  # nobody fictional: a real identifier, which asks for the secret key
    return _named(person, _domains(project, study), {held_state(project, keyring).current: StudyKey(key.secret)})


def _reports(
    project: Project, study: Study, kept: Sequence[Withdrawal], present: set[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the reports made without knowing of the withdrawal: from deliveries that held the person, and perhaps.

    Perhaps: from a delivery that was destroyed, replaced or altered since, in which nobody can be looked for.
    """
    hashes = {each for withdrawal in kept for each in withdrawal.deliveries}
    people = {(each.key, each.pseudonym) for each in kept}
    known = [(each, (each.key, each.pseudonym)) for each in read_withdrawals(project, study.slug)]
    aware = {
        digest([each for each, _ in known[:length]])
        for length in range(1, len(known) + 1)
        if people <= {who for _, who in known[:length]}
    }
    books = read_codebook(project, study).sources
    certain, uncertain = [], []
    for path in sorted(project.reports.rglob(FILE)):
        shown = project.relative(path.parent)
        try:
            manifest = read_manifest(path.parent, shown=shown)
        except EtabliError:
            continue  # not a manifest of ours
        if manifest.study != study.slug or manifest.fingerprint.get("withdrawals") in aware:
            continue
        read = {
            each["sha256"] for each in manifest.sources if each["name"] not in books or identifiers(books[each["name"]])
        }
        if read & hashes:
            certain.append(shown)
        elif read - present:
            uncertain.append(shown)
    for folder, told in pages_of(project, slug=study.slug):
        read = {digest for name, digest in told.items() if name not in books or identifiers(books[name])}
        if read - present - hashes:
            uncertain.append(project.relative(folder))
    return tuple(certain), tuple(uncertain)


def _traces(project: Project, study: Study, editions: Collection[str], hashes: Collection[str]) -> Iterator[str]:
    """Yield what runs that failed and checks of deliveries left beside the reports, and what quotes such a run.

    Checks are found by edition, then by digest.
    """
    folder = project.reports / study.slug
    for path in sorted(folder.glob("*.failed.ipynb")):
        yield project.relative(path)
    for edition in editions:
        if (folder / QUALITY / edition).is_dir():
            yield project.relative(folder / QUALITY / edition)
    for page, told in pages_of(project, slug=study.slug):
        if page.name not in editions and not set(hashes).isdisjoint(told.values()):
            yield project.relative(page)
    for path in journals(project):
        account = read_journal(path)
        if account is not None and any(ended.run.startswith(f"{study.slug}/") for ended in account.failed):
            page = page_of_batch(project, path.stem)
            yield from (project.relative(each) for each in (path, page) if each.is_file())


def _releases(project: Project, kept: Sequence[Withdrawal]) -> Iterator[str]:
    """Yield the lines of the ledger that name one of those deliveries, whatever else they tell."""
    hashes = {each for withdrawal in kept for each in withdrawal.deliveries}
    for path in sorted(project.ledger.glob("*.jsonl")):
        if path.name not in {WITHDRAWALS, DELETIONS}:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                if any(each in line for each in hashes):
                    yield f"{project.relative(path)}, ligne {number}"
