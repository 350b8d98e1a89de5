"""Where a report comes from: `manifest.json`, written beside it, and what `etabli verify` reads in it."""

from __future__ import annotations

import json
import platform
import re
import subprocess
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from etabli.errors import RunError
from etabli.project import Project
from etabli.runs.fingerprint import Fingerprint, differing, fingerprint, modules_of
from etabli.study import read_study

FILE = "manifest.json"

DERIVED = re.compile(r"report\.(pdf|docx)|restitution-[a-z0-9-]+\.(html|pdf|docx)")
"""Files that may be made of a report at any time. Their modules are not imported here: no run depends on them."""

PACKAGES = ("etabli", "pandas", "numpy", "statsmodels", "seaborn", "matplotlib", "papermill", "nbconvert", "pyreadstat")
"""Packages whose versions a manifest states; the lock, in the fingerprint, holds all others."""


@dataclass(frozen=True)
class Manifest:
    """What a report was made from.

    Parameters
    ----------
    study, title, run, parameters, edition_label, status
        Which run of which study, in its declared words.
    choices
        The study's own parameters in words, as the cover shows them.
    sources
        For each source read: name, description, file (from the project's root), SHA-256, origin, agreement.
    commit, dirty
        The git commit, and whether the tree had changes; None outside git.
    versions
        Python and the main packages.
    started, seconds
        When the notebook started (ISO 8601, UTC) and how long it ran.
    fingerprint
        What the run depended on (`runs.fingerprint`).
    recipient
        The body that the report was made for, in words; None: every body of the audience.
    outputs
        SHA-256 of each file of the report, by its path from the report's folder.
    shared
        How many results were `taken` from the work that the runs of an edition share, and how many were `kept` there.
    releases
        The releases, by their numbers in the ledger, with which the report was protected together.
    lost
        Those among them of which something could not be counted again: nothing is proved beside it.
    derived
        SHA-256 of each file that was made of the report afterwards (`DERIVED`), by its name: no outputs of the run.
    outdated
        Passages of the commentary, or of the introduction of a restitution, that cite a value which has changed since
        they were written: where they stand.
    previous
        The report of the edition before: by which release and digest it is compared, or why not; empty: there is none.
    """

    study: str
    title: str
    run: str
    parameters: dict[str, Any]
    edition_label: str
    status: str
    choices: dict[str, str]
    sources: list[dict[str, Any]]
    commit: str | None
    dirty: bool | None
    versions: dict[str, str]
    started: str
    seconds: float
    fingerprint: Fingerprint
    outputs: dict[str, str]
    recipient: str | None = None
    shared: dict[str, int] = field(default_factory=dict)
    releases: list[int] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    outdated: list[str] = field(default_factory=list)
    derived: dict[str, str] = field(default_factory=dict)
    previous: str = ""

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n"

    @property
    def unregistered(self) -> list[str]:
        """The real deliveries that no receipt told of: nobody knows whether they changed."""
        return [source["file"] for source in self.sources if source.get("registered") is False]

    @property
    def is_demo(self) -> bool:
        return any(source["origin"] == "demo" for source in self.sources)


def read_manifest(folder: Path, *, shown: str) -> Manifest:
    """Read the manifest of a report's folder.

    Raises
    ------
    RunError
        There is none, or it is not one.
    """
    try:
        return Manifest(**json.loads((folder / FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise RunError("Ce dossier n’est pas celui d’un rapport.", where=shown, expected=f"un fichier {FILE}") from None
    except (ValueError, TypeError):
        raise RunError("Le manifeste de ce rapport est illisible.", where=f"{shown}/{FILE}") from None


COMMIT = ".commit"
"""Stands in for git in a project that was sent to a worker."""


def write_git_state(commit: str | None, dirty: bool | None) -> str:
    """Return the text of `COMMIT`."""
    return json.dumps([commit, dirty])


def git_state(project: Project) -> tuple[str | None, bool | None]:
    """Return the commit and whether the tree has changes; None and None outside git."""
    sent = project.root / COMMIT
    if sent.is_file():
        commit, dirty = json.loads(sent.read_text(encoding="utf-8"))
        return commit, dirty
    try:
        commit = _git(project.root, "rev-parse", "HEAD")
        return commit, bool(_git(project.root, "status", "--porcelain"))
    except (OSError, subprocess.SubprocessError):
        return None, None


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=30)
    return done.stdout.strip()


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "?"
    return found


def now_utc(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def hash_outputs(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a report, the manifest apart, and what was made of it afterwards."""
    apart = {folder / name for name in derived_in(folder)}
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != FILE and path not in apart)
    return {path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files}


def derived_in(folder: Path) -> list[str]:
    """Return the files beside a report that are made of one, by their names."""
    return sorted(path.name for path in folder.glob("*") if path.is_file() and DERIVED.fullmatch(path.name))


@dataclass(frozen=True)
class Verdict:
    """What `etabli verify` found.

    `changed`, `missing` and `added` name files of the report; `drifted` the parts on which a rerun now would
    depend otherwise.
    """

    changed: list[str]
    missing: list[str]
    added: list[str]
    drifted: list[str]

    @property
    def intact(self) -> bool:
        return not (self.changed or self.missing or self.added)


def verify(project: Project, folder: Path) -> Verdict:
    """Hold a report against its manifest, and the manifest against what a rerun would depend on now.

    Raises
    ------
    EtabliError
        The folder is not a report's, or its study is gone or no longer knows the run's parameters.
    """
    manifest = read_manifest(folder, shown=project.relative(folder))
    now, told = hash_outputs(folder), {**manifest.outputs, **manifest.derived}
    now |= {name: sha256((folder / name).read_bytes()).hexdigest() for name in derived_in(folder)}
    study = read_study(project, manifest.study)
    plan = study.plan(manifest.parameters)
    dependent = fingerprint(project, study, plan, modules=modules_of(manifest.fingerprint))
    return Verdict(
        changed=sorted(f for f, digest in told.items() if f in now and now[f] != digest),
        missing=sorted(set(told) - set(now)),
        added=sorted(set(now) - set(told)),
        drifted=differing(manifest.fingerprint, dependent),
    )
