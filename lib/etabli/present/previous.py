"""The report of the edition before, with which a report is compared: what its own readers hold, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from etabli.disclosure.ledger import Ledger, read_ledger
from etabli.present.changes import RESULTS
from etabli.project import Project
from etabli.recipients import Recipients, read_recipients
from etabli.study import PlannedRun, Study

NOT_COMPARED = "non comparé"
"""What the traceability sheet says of a report that could not be compared."""


@dataclass(frozen=True)
class Previous:
    """The report of the same run, one edition before.

    Parameters
    ----------
    report
        It, as `study/run`.
    edition
        Its edition, as a reader says it.
    content
        Its `results.json`, to the byte; empty where the two are not to be compared.
    refusal
        Why they are not, in French; empty where they are.
    release
        The number under which it was released to those who will read this one; 0 where both stay in the house.
    """

    report: str
    edition: str
    content: bytes = b""
    refusal: str = ""
    release: int = 0
    days: int | None = None
    """Of its period; None where study.yml does not say."""
    is_kept: bool = True
    """Whether its results are still among the reports, which may be deleted at any time."""

    @property
    def digest(self) -> str:
        """What this report depends on of it; empty where it is not compared."""
        return sha256(self.content).hexdigest() if self.content else ""

    @property
    def results(self) -> list[dict[str, Any]]:
        """The values that it released."""
        found: list[dict[str, Any]] = json.loads(self.content)["results"]
        return found

    @property
    def told(self) -> str:
        """What the traceability sheet says of it."""
        if self.refusal:
            return f"{self.report}, {self.edition} : {NOT_COMPARED}, {self.refusal}"
        held = f", diffusion n° {self.release}" if self.release else ""
        return f"{self.report}, {self.edition}{held}, {RESULTS} SHA-256 {self.digest[:16]}…"


def previous_of(
    project: Project,
    study: Study,
    plan: PlannedRun,
    *,
    bodies: Recipients | None = None,
    ledger: Ledger | None = None,
) -> Previous | None:
    """Return the report of the edition declared before a run's own, with the same parameters and readers.

    One that leaves is compared with what all who may read it hold, themselves or through those who share with them,
    in the very bytes that were released to them, and that nobody took back: it then tells nobody anew what another
    report said.

    Parameters
    ----------
    bodies, ledger
        The recipients and the ledger of the project, where they were read already.

    Returns
    -------
    Previous or None
        None for the first edition of a study.
    """
    editions = list(study.editions)
    place = editions.index(plan.edition)
    if place == 0:
        return None
    former = study.plan({**plan.parameters, "edition": editions[place - 1]})
    report, label, days = str(former), study.editions[former.edition].label, study.editions[former.edition].days
    if (
        "demo" in (sides := {study.editions[each].deliveries for each in (former.edition, plan.edition)})
        and len(sides) > 1
    ):
        return Previous(report, label, refusal="l’une des deux éditions est faite de données fictives")
    path = project.reports / former.slug / former.name / RESULTS
    content = path.read_bytes() if path.is_file() else b""
    if not content:
        return Previous(report, label, refusal="la maison n’a pas ses résultats", is_kept=False)
    if not _is_of(content, former):
        return Previous(report, label, refusal="ses résultats ne se lisent pas")
    if plan.audience == "internal":
        return Previous(report, label, content, days=days)
    bodies = bodies or read_recipients(project)
    ledger = ledger or read_ledger(project.ledger, shown=project.relative(project.ledger))
    numbers = _held_by_all(bodies, ledger, plan, report, sha256(content).hexdigest())
    if not numbers:
        return Previous(report, label, refusal="tous les destinataires de ce rapport ne l’ont pas reçu tel quel")
    return Previous(report, label, content, release=min(numbers), days=days)


def _is_of(content: bytes, run: PlannedRun) -> bool:
    """Whether a file holds the results of a run."""
    try:
        told = json.loads(content)
        listed = [(each["name"], each["label"], each["unit"]) for each in told["results"] if "p_value" not in each]
        return told["study"] == run.slug and told["parameters"] == run.parameters and bool(listed)
    except (ValueError, KeyError, TypeError):
        return False


def _held_by_all(bodies: Recipients, ledger: Ledger, plan: PlannedRun, report: str, digest: str) -> list[int]:
    """Return the releases of a report by which all readers of a run hold it; none where one of them does not."""
    readers = [plan.recipient] if plan.recipient else _of_audience(bodies, plan.audience)
    released = [each for each in ledger.of(report) if each.withdrawn is None and each.outputs.get(RESULTS) == digest]
    found: list[int] = []
    for reader in readers:
        circle = bodies.holders(plan.audience, reader)
        held = [each.number for each in released if each.recipient in circle]
        if not held:
            return []
        found += held
    return found


def _of_audience(bodies: Recipients, audience: str) -> list[str]:
    known: Mapping[str, Any] = bodies.recipients
    return [slug for slug, body in known.items() if body.audience == audience]
