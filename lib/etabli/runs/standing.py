"""What stands of a run: its report, whether it would be the same today, and why it would not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from etabli.errors import EtabliError
from etabli.project import Project
from etabli.runs.fingerprint import Survey, differing, fingerprint, modules_of
from etabli.runs.journal import Ended, last_ends
from etabli.runs.manifest import FILE, Manifest, read_manifest
from etabli.study import PlannedRun, Study


@dataclass(frozen=True)
class Standing:
    """What stands of one run.

    Parameters
    ----------
    plan
        The run.
    folder
        The place of its report.
    manifest
        Where its report comes from; None when there is no report.
    drifted
        The parts on which the run would depend otherwise now.
    missing
        The files of the report that are gone.
    """

    plan: PlannedRun
    folder: Path
    manifest: Manifest | None
    drifted: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def moment(self) -> datetime:
        """When its report was begun, to the second; only of a run that has one."""
        assert self.manifest is not None
        return datetime.fromisoformat(self.manifest.started)

    @property
    def is_current(self) -> bool:
        """Whether a report stands, whole, that a run made now would repeat."""
        return self.manifest is not None and not self.drifted and not self.missing


def standing(project: Project, study: Study, plan: PlannedRun, survey: Survey) -> Standing:
    """Return what stands of a run.

    Files are looked for, and not read: `etabli verify` tells a report that somebody altered.

    Parameters
    ----------
    survey
        What runs of this moment have in common (`fingerprint`).

    Raises
    ------
    EtabliError
        An agreement of the study does not hold.
    """
    folder = project.reports / plan.slug / plan.name
    if not (folder / FILE).is_file():
        return Standing(plan, folder, None)
    try:
        manifest = read_manifest(folder, shown=project.relative(folder))
    except EtabliError:
        return Standing(plan, folder, None)  # made by another version, or damaged: as good as none
    now = fingerprint(project, study, plan, modules=modules_of(manifest.fingerprint), survey=survey)
    return Standing(
        plan,
        folder,
        manifest,
        drifted=tuple(differing(manifest.fingerprint, now)),
        missing=tuple(sorted(name for name in manifest.outputs if not (folder / name).is_file())),
    )


def look(project: Project, studies: Iterable[Study], *, default_only: bool = False) -> list[Standing]:
    """Return what stands of the declared runs of some studies."""
    survey = Survey()
    return [
        standing(project, study, plan, survey)
        for study in studies
        for plan in study.planned_runs(default_only=default_only)
    ]


def failures(project: Project, standings: Iterable[Standing]) -> dict[str, Ended]:
    """Return, of those runs, how the ones ended whose last attempt in a batch failed.

    A report that was made since then, by hand, forgives it.
    """
    ends = last_ends(project)
    found = {}
    for each in standings:
        ended = ends.get(str(each.plan))
        if ended is not None and ended.status == "failed" and (each.manifest is None or each.moment < ended.moment):
            found[str(each.plan)] = ended
    return found


_KINDS = {
    "agreement": "la convention « {} »",
    "source": "la source « {} »",
    "ground": "le fond de carte « {} »",
    "lib": "le code {}",
    "notebook": "le notebook",
    "study": "la déclaration de l’étude (study.yml)",
    "codebook": "le codebook",
    "commentary": "le commentaire",
    "introductions": "l’introduction d’une restitution",
    "parameters": "les paramètres",
    "lock": "les versions des logiciels (requirements.lock)",
    "plan": "ce que les autres passages de l’édition masquent avec lui",
    "previous": "les résultats de l’édition précédente, avec lesquels il est comparé",
    "releases": "le registre des diffusions a changé",
    "withdrawals": "des personnes se sont retirées",
    "key": "la clé des pseudonymes",
}


def in_words(part: str) -> str:
    """Return how a person calls a part of a fingerprint.

    >>> in_words("source/visits")
    'la source « visits »'
    >>> in_words("lock")
    'les versions des logiciels (requirements.lock)'
    """
    kind, _, name = part.partition("/")
    return _KINDS[kind].format(name) if kind in _KINDS else part
