"""`etabli lab`: JupyterLab on the project, in French, asking nothing of the network."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from etabli.project import Project

SETTINGS_VARIABLE = "JUPYTERLAB_SETTINGS_DIR"
"""Where JupyterLab keeps the settings of a user; what the user has set stays as it is."""

SETTINGS: dict[str, dict[str, object]] = {
    "translation-extension/plugin": {"locale": "fr_FR"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
"""The first settings of the project's own folder, by plugin; a user may then change them from JupyterLab."""

QUIET = (
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",  # the default one asks a package registry for its list
)
"""What keeps the server from fetching news, versions and lists of extensions, whatever the settings say."""


def settings_folder(project: Project, environment: Mapping[str, str]) -> Path:
    """Return the folder of JupyterLab's settings: the user's when one is set, else the project's."""
    named = environment.get(SETTINGS_VARIABLE)
    return Path(named) if named else project.root.resolve() / ".jupyter" / "lab" / "user-settings"


def write_settings(folder: Path) -> list[Path]:
    """Write the settings that `folder` does not have yet, and return the files written."""
    written = []
    for plugin, values in SETTINGS.items():
        path = folder / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
            written.append(path)
    return written


def options(project: Project, settings: Path, arguments: Sequence[str] = ()) -> list[str]:
    """Return the options of the server: the project's root, its notebooks open, then those of the user, which win."""
    place = [f"--ServerApp.root_dir={project.root.resolve()}", "--LabApp.default_url=/lab/tree/notebooks"]
    return [*place, f"--LabApp.user_settings_dir={settings}", *QUIET, *arguments]


def open_lab(project: Project, arguments: Sequence[str] = ()) -> None:
    """Run JupyterLab on the project until it is stopped.

    Settings that the user keeps elsewhere are neither read nor changed: the project has its own folder,
    `.jupyter/`, unless `JUPYTERLAB_SETTINGS_DIR` names another one, in which nothing is written.

    Parameters
    ----------
    project
        The project.
    arguments
        More options of `jupyter lab`, as on its command line.
    """
    from jupyterlab.labapp import LabApp

    folder = settings_folder(project, os.environ)
    if not os.environ.get(SETTINGS_VARIABLE):
        write_settings(folder)
    LabApp.launch_instance(argv=options(project, folder, arguments))
