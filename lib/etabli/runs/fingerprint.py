"""What a run depends on, part by part: two runs with the same fingerprint give the same report."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from etabli.agreements import read_agreements
from etabli.errors import EtabliError
from etabli.project import Project
from etabli.sources.deliveries import find_delivery
from etabli.sources.keys import read_state
from etabli.sources.withdrawals import digest, read_withdrawals
from etabli.study import PlannedRun, Study

Fingerprint = dict[str, str]
"""SHA-256 by part: `notebook`, `study`, `codebook`, `parameters`, `lock`, `agreement/…`, `source/…`, `lib/…`;
`key` is the fingerprint of the project's key, where an edition reads real deliveries, and `withdrawals` a digest of who
withdrew, when anyone did: neither the key nor anybody can be found from them."""

ABSENT = "absent"


def fingerprint(project: Project, study: Study, plan: PlannedRun, *, modules: Iterable[str]) -> Fingerprint:
    """Return the fingerprint of a run.

    Parameters
    ----------
    modules
        The modules of `etabli` that the notebook imported, as the report's clearance lists them.
    """
    folder = project.studies / study.slug
    parts = {
        "notebook": _hash(project.notebooks / study.notebook),
        "study": _hash(folder / "study.yml"),
        "codebook": _hash(folder / "codebook.yml"),
        "parameters": _hash_text(json.dumps(plan.parameters, sort_keys=True, ensure_ascii=False)),
        "lock": _hash(project.lock),
    }
    for source in study.sources.values():
        parts[f"agreement/{source.agreement}"] = _hash(project.agreements / f"{source.agreement}.yml")
    parts |= _source_hashes(project, study, plan)
    parts |= identity(project, study, plan)
    parts |= {f"lib/{name}": _hash_module(name) for name in modules}
    return dict(sorted(parts.items()))


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return the parts that differ between two fingerprints, in alphabetical order."""
    return sorted(part for part in {*before, *after} if before.get(part, ABSENT) != after.get(part, ABSENT))


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


def _hash_module(name: str) -> str:
    spec = find_spec(name)
    return _hash(Path(spec.origin)) if spec and spec.origin else ABSENT


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else ABSENT


def _hash_text(text: str) -> str:
    return sha256(text.encode("utf-8")).hexdigest()
