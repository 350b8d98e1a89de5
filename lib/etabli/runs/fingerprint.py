"""What a run depends on, part by part: two runs with the same fingerprint give the same report."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from etabli.agreements import read_agreements
from etabli.commentary import introductions, path_of
from etabli.disclosure.ledger import Ledger, neighbouring, read_ledger
from etabli.disclosure.shared import decided_for, home_of
from etabli.errors import EtabliError
from etabli.present.previous import Previous, previous_of
from etabli.project import Project
from etabli.recipients import Recipients, read_recipients
from etabli.runs.code import ABSENT, ROOTS, closure, imported_by
from etabli.sources.deliveries import find_delivery
from etabli.sources.keys import read_state
from etabli.sources.withdrawals import digest, read_withdrawals
from etabli.study import PlannedRun, Study

Fingerprint = dict[str, str]
"""SHA-256 by part: `notebook`, `study`, `codebook`, `parameters`, `lock`, `recipients` (who will hold the report),
`releases` (what they hold already of its deliveries), `plan` (what the runs of its edition decided of it),
`previous` (the results of the edition before, where there are; absent where its readers do not hold them),
`commentary` and `introductions` (where one was written), `ground/…` (where a map is drawn), `agreement/…`, `source/…`,
`lib/…`; `key` is the fingerprint of the project's key, where an edition reads real deliveries, and `withdrawals` a
digest of who withdrew, when anyone did: neither the key nor anybody can be found from them."""


@dataclass
class Survey:
    """What the runs of one moment have in common, looked at once for all of them.

    Parameters
    ----------
    editions
        The parts of a fingerprint that the runs of an edition share, by study and edition.
    bodies
        Who receives what.
    ledger
        All that was released.
    """

    editions: dict[tuple[str, str], Fingerprint] = field(default_factory=dict)
    bodies: Recipients | None = None
    ledger: Ledger | None = None


PLAN = "plan"
"""The part of what the runs of an edition decided together."""

PREVIOUS = "previous"
"""The part of the report of the edition before."""

NOT_OF_A_RUN = {"runs", "restitutions", "audiences", "editions", "time_limit_minutes", "memory_limit_gib"}
"""Keys of `study.yml` that tell which runs there are and what they may use, not what a report says."""


def fingerprint(
    project: Project, study: Study, plan: PlannedRun, *, modules: Iterable[str] = (), survey: Survey | None = None
) -> Fingerprint:
    """Return the fingerprint of a run.

    Parameters
    ----------
    modules
        Modules of `etabli` to add to those that the notebook and the export reach: what an executed notebook had
        imported, as the report's clearance lists them.
    survey
        Filled as runs are looked at: the next run of the same edition hashes no file again.
    """
    seen = survey or Survey()
    place = (study.slug, plan.edition)
    if place not in seen.editions:
        seen.editions[place] = _of_edition(project, study, plan)
    if seen.bodies is None:
        seen.bodies = read_recipients(project)
    if seen.ledger is None:
        seen.ledger = read_ledger(project.ledger, shown=project.relative(project.ledger))
    of_edition = seen.editions[place]
    parts = {
        **of_edition,
        "parameters": _hash_text(json.dumps(plan.parameters, sort_keys=True, ensure_ascii=False)),
        "recipients": _hash_text(_shared_with(seen.bodies, plan)) if plan.audience != "internal" else ABSENT,
        **_releases(seen.ledger, seen.bodies, plan, of_edition, study.editions[plan.edition].keeps or ""),
        **_plan(project, seen.bodies, plan),
        **_previous(previous_of(project, study, plan, bodies=seen.bodies, ledger=seen.ledger)),
        **_commentary(project, study, plan),
    }
    return with_modules(dict(sorted(parts.items())), modules)


def with_modules(taken: Fingerprint, modules: Iterable[str]) -> Fingerprint:
    """Return a fingerprint that holds those modules too, with all that they reach."""
    others = [name for name in modules if f"lib/{name}" not in taken]
    if not others:
        return taken
    return dict(sorted({**{f"lib/{name}": digest for name, digest in closure(others).items()}, **taken}.items()))


def with_plan(taken: Fingerprint, decided: str) -> Fingerprint:
    """Return a fingerprint with what the run itself, the last to decide, found that the shared plan masks in it."""
    others = {part: digest for part, digest in taken.items() if part != PLAN}
    return dict(sorted({**others, **({PLAN: decided} if decided else {})}.items()))


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return the parts that differ between two fingerprints, in alphabetical order.

    A shared plan that is gone with the cache says nothing: the next run decides again. Nor does a report of the edition
    before that is gone: this one was compared with it. One that was taken back from its readers does.
    """
    parts = {*before, *after} - ({PLAN, PREVIOUS} - after.keys())
    return sorted(part for part in parts if before.get(part, ABSENT) != after.get(part, ABSENT))


def _previous(found: Previous | None) -> Fingerprint:
    return {PREVIOUS: found.digest or ABSENT} if found is not None and found.is_kept else {}


def _commentary(project: Project, study: Study, plan: PlannedRun) -> Fingerprint:
    """Return the parts of what was written: of the edition, and to the readers of the run's restitutions."""
    path, told = path_of(project, study, plan), introductions(project, study, plan)
    return {
        **({"commentary": _hash(path)} if path.is_file() else {}),
        **({"introductions": _hash_text(repr(told))} if told else {}),
    }


def _plan(project: Project, bodies: Recipients, plan: PlannedRun) -> Fingerprint:
    if plan.audience == "internal":
        return {}
    home = home_of(project, plan.slug, plan.edition, bodies.holders(plan.audience, plan.recipient))
    decided = decided_for(home, plan.name)
    return {PLAN: decided} if decided else {}


def _shared_with(bodies: Recipients, plan: PlannedRun) -> str:
    """Return what recipients.yml says of those who will come to hold the report: whom it is protected against."""
    held = {
        slug: bodies.recipients[slug].model_dump(mode="json") for slug in bodies.holders(plan.audience, plan.recipient)
    }
    return json.dumps(held, sort_keys=True, ensure_ascii=False)


def _releases(ledger: Ledger, bodies: Recipients, plan: PlannedRun, taken: Fingerprint, keeps: str) -> Fingerprint:
    """Return the part that tells what the readers of a report hold of its people; none when they hold nothing.

    A report's own release is left out: made again it takes the masks that it left with, and says the same.
    """
    if plan.audience == "internal":
        return {}
    sources = {digest for part, digest in taken.items() if part.startswith("source/")}
    releases = ledger.held_by(bodies.holders(plan.audience, plan.recipient))
    beside = set(neighbouring(releases, plan.slug, plan.edition, keeps).numbers)
    held = [
        (each.number, each.report, sorted(each.outputs.items()))
        for each in releases
        if each.report != str(plan) and (each.number in beside or not sources.isdisjoint(each.publication.sources))
    ]
    return {"releases": _hash_text(json.dumps(held, ensure_ascii=False))} if held else {}


def identity(project: Project, study: Study, plan: PlannedRun) -> Fingerprint:
    """Return the parts of a fingerprint that say who is in the run, and under which key."""
    parts = {}
    state = read_state(project)
    if state is not None and study.editions[plan.edition].deliveries == "raw":
        parts["key"] = state.current
    withdrawn = read_withdrawals(project, study.slug)
    if withdrawn:
        parts["withdrawals"] = digest(withdrawn)
    return parts


def modules_of(taken: Mapping[str, str]) -> list[str]:
    """Return the modules that a fingerprint holds: a later look holds them too, whatever they are reached by then."""
    return [part.removeprefix("lib/") for part in taken if part.startswith("lib/")]


def _of_edition(project: Project, study: Study, plan: PlannedRun) -> Fingerprint:
    """Return the parts that all runs of an edition share: all but their parameters."""
    parts = {
        "notebook": _hash(project.notebooks / study.notebook),
        "study": _hash_text(_declared(study, plan.edition)),
        "codebook": _hash(project.studies / study.slug / "codebook.yml"),
        "lock": _hash(project.lock),
    }
    for source in study.sources.values():
        parts[f"agreement/{source.agreement}"] = _hash(project.agreements / f"{source.agreement}.yml")
    parts |= _grounds(project, study)
    parts |= _source_hashes(project, study, plan)
    parts |= identity(project, study, plan)
    parts |= {f"lib/{name}": digest for name, digest in closure([*ROOTS, *_imported(project, study)]).items()}
    return parts


def _grounds(project: Project, study: Study) -> Fingerprint:
    """Return a part for each ground of maps; none for a notebook that draws no map."""
    notebook = project.notebooks / study.notebook
    if not (notebook.is_file() and b"report.map(" in notebook.read_bytes()):
        return {}
    return {f"ground/{path.stem}": _hash(path) for path in sorted(project.grounds.glob("*.yml"))}


def _declared(study: Study, edition: str) -> str:
    """Return what `study.yml` declares for the runs of an edition: a new edition, or a new run, changes no other."""
    return study.model_dump_json(exclude=NOT_OF_A_RUN) + study.editions[edition].model_dump_json()


def _imported(project: Project, study: Study) -> list[str]:
    try:
        return imported_by(json.loads((project.notebooks / study.notebook).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return []  # no report comes from such a notebook: the run will say why


def _source_hashes(project: Project, study: Study, plan: PlannedRun) -> dict[str, str]:
    """Hash what stands in the place of each delivery now; a file that is gone is a difference, not an error."""
    agreements = read_agreements(project, study)
    hashes = {}
    for name, source in study.sources.items():
        provider = agreements[source.agreement].provider
        try:
            hashes[f"source/{name}"] = find_delivery(project, study, name, plan.edition, provider=provider).sha256
        except EtabliError:
            hashes[f"source/{name}"] = ABSENT
    return hashes


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else ABSENT


def _hash_text(text: str) -> str:
    return sha256(text.encode("utf-8")).hexdigest()
