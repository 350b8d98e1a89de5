"""The only module that knows the folders of the project."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_config_path

from etabli.errors import ProjectError, suggestion

FOLDER_VARIABLE = "ETABLI_PROJECT"
"""Environment variable that names the project's folder when the current folder is elsewhere."""

LEDGER_VARIABLE = "ETABLI_LEDGER"
"""Environment variable that names the folder, shared by a team, of what must be remembered."""

KEYS_VARIABLE = "ETABLI_KEYS"
"""Environment variable that names the folder of the keys of pseudonyms, outside the project."""

MIRROR_VARIABLE = "ETABLI_MIRROR"
"""Environment variable that names a mirror of public sources: `<mirror>/<host>/<path>` stands for each address."""


@dataclass(frozen=True)
class Project:
    """The folders of one project, from its root.

    `shared` is where a team keeps what must be remembered; None: in the project itself.
    """

    root: Path
    shared: Path | None = None

    @property
    def notebooks(self) -> Path:
        return self.root / "notebooks"

    @property
    def studies(self) -> Path:
        return self.root / "studies"

    @property
    def agreements(self) -> Path:
        return self.studies / "agreements"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def deliveries(self) -> Path:
        """All that partners sent, by provider and edition."""
        return self.data / "raw"

    @property
    def cache(self) -> Path:
        """What can be made again; may be deleted at any time."""
        return self.data / "cache"

    @property
    def public(self) -> Path:
        """Public sources, as they were fetched."""
        return self.cache / "public"

    @property
    def ledger(self) -> Path:
        """What must be remembered, outside git: releases, the key in use, withdrawals, deletions."""
        return self.shared or self.data / "ledger"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def batches(self) -> Path:
        """The journals of batches, beside the reports that they made."""
        return self.reports / ".batches"

    @property
    def lock(self) -> Path:
        return self.root / "requirements.lock"

    def study(self, slug: str) -> Path:
        """Return the folder of a study, which must hold a `study.yml`."""
        folder = self.studies / slug
        if not (folder / "study.yml").is_file():
            raise ProjectError(
                f"L’étude « {slug} » n’existe pas.",
                where=self.relative(self.studies),
                hint=suggestion(slug, self.slugs()),
            )
        return folder

    def slugs(self) -> list[str]:
        """Return the names of all studies, in alphabetical order."""
        return sorted(path.parent.name for path in self.studies.glob("*/study.yml"))

    def demo(self, slug: str, edition: str) -> Path:
        return self.data / "demo" / slug / edition

    def raw(self, provider: str, edition: str) -> Path:
        return self.data / "raw" / provider / edition

    @property
    def reference(self) -> Path:
        return self.data / "reference"

    @property
    def grounds(self) -> Path:
        """What maps stand on: one file a set of places."""
        return self.reference / "maps"

    def relative(self, path: Path) -> str:
        """Return `path` as written from the root, with slashes on every system.

        Only such paths may reach a manifest or a message: an absolute one names the user.
        """
        absolute = path.resolve()
        root = self.root.resolve()
        return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else absolute.name

    def told(self, path: Path) -> str:
        """Return `path` as the terminal alone may show it: from the root, or whole where it lies elsewhere."""
        return self.relative(path) if path.resolve().is_relative_to(self.root.resolve()) else str(path)


def keys_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder of the keys of pseudonyms: named by `ETABLI_KEYS`, else in the user's own settings.

    >>> keys_folder({"ETABLI_KEYS": "coffre"}).name
    'coffre'
    """
    named = environ.get(KEYS_VARIABLE)
    return Path(named).expanduser() if named else user_config_path("etabli", appauthor=False) / "keys"


def find_project(start: Path | None = None) -> Project:
    """Return the project that holds `start` (default: the current folder).

    The root is the nearest folder upwards with both `studies/` and `notebooks/`.

    Raises
    ------
    ProjectError
        No folder from `start` upwards is a project.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    if start is None and named:
        start = Path(named)
    origin = (start or Path.cwd()).resolve()
    for folder in (origin, *origin.parents):
        if (folder / "studies").is_dir() and (folder / "notebooks").is_dir():
            shared = os.environ.get(LEDGER_VARIABLE)
            return Project(folder, Path(shared).expanduser() if shared else None)
    raise ProjectError(
        "Aucun projet etabli ici.",
        where=str(origin),
        expected="un dossier qui contient « studies » et « notebooks », ici ou plus haut",
        hint=f"placez-vous dans le projet, ou donnez son dossier par la variable {FOLDER_VARIABLE}",
    )
