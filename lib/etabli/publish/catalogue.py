"""The index of a set of reports: `reports/index.html`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from pathlib import Path

from etabli import french
from etabli.errors import EtabliError
from etabli.present import theme
from etabli.project import Project
from etabli.publish.context import made_on, readers
from etabli.publish.export import REPORT
from etabli.publish.restitutions import called, file_of, made_of
from etabli.publish.style import style
from etabli.runs.disk import disk_error
from etabli.runs.manifest import FILE, Manifest, read_manifest

INDEX = "index.html"


def reports_in(project: Project) -> list[tuple[Path, Manifest]]:
    """Return the reports that stand in `reports/`, with their manifests, by study then by run.

    A folder whose manifest cannot be read is not a report: it is left out.
    """
    found = []
    for path in sorted(project.reports.glob(f"*/*/{FILE}")):
        if path.parent.name.startswith("."):
            continue
        try:
            manifest = read_manifest(path.parent, shown=project.relative(path.parent))
        except EtabliError:
            continue
        if (path.parent / REPORT).is_file():
            found.append((path.parent, manifest))
    return found


def write_catalogue(project: Project) -> Path:
    """Write `reports/index.html` over all reports that stand, and return it.

    Raises
    ------
    RunError
        The disk refuses it.
    """
    target = project.reports / INDEX
    draft = target.with_name(f".{INDEX}.{os.getpid()}")
    try:
        project.reports.mkdir(parents=True, exist_ok=True)
        draft.write_text(_page(project), encoding="utf-8", newline="\n")
        draft.replace(target)
    except OSError as error:
        raise disk_error("Le catalogue n’a pas pu être écrit.", error, project, target) from None
    return target


def _page(project: Project) -> str:
    return page_of(
        project, reports_in(project), project.reports, banner="Catalogue interne de la maison — ne pas diffuser"
    )


def page_of(project: Project, reports: Sequence[tuple[Path, Manifest]], base: Path, *, banner: str) -> str:
    """Return the page of a set of reports, its links written from `base`."""
    sections: dict[str, list[tuple[Path, Manifest]]] = {}
    for folder, manifest in reports:
        sections.setdefault(manifest.title, []).append((folder, manifest))
    body = "".join(_section(project, title, held, base) for title, held in sections.items()) or "<p>Aucun rapport.</p>"
    title = f"Rapports – {theme.ORGANISATION}"
    return (
        f'<!doctype html>\n<html lang="fr">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>{style()}</style>\n</head>\n<body>\n"
        f'<aside class="banners" aria-label="Avertissement"><p class="banner internal">'
        f"{escape(french.typography(banner))}</p></aside>\n"
        f'<header class="cover"><p class="organisation">{escape(theme.ORGANISATION)}</p><h1>Rapports</h1></header>\n'
        f"<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _section(project: Project, title: str, reports: Sequence[tuple[Path, Manifest]], base: Path) -> str:
    """Return the reports of one study: runs that differ only by who reads stand side by side, in one row."""
    rows: dict[tuple[object, ...], list[tuple[Path, Manifest]]] = {}
    for folder, manifest in reports:
        rows.setdefault(_run(manifest), []).append((folder, manifest))
    audiences = [each for each in theme.AUDIENCES if any(_audience(manifest) == each for _, manifest in reports)]
    names = ("Édition", "Choix", *(theme.AUDIENCES[each] for each in audiences))
    heads = "".join(f'<th scope="col" class="text">{escape(name)}</th>' for name in names)
    body = "".join(_row(project, held, audiences, base) for held in rows.values())
    return (
        f'<h2>{escape(french.typography(title))}</h2><div class="scroll" role="region" tabindex="0" '
        f'aria-label="{escape(french.typography(title))}"><table class="reports"><caption class="unseen">Rapports : '
        f"{escape(french.typography(title))}</caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _run(manifest: Manifest) -> tuple[object, ...]:
    """Return what tells a run from another one, whoever reads it."""
    chosen = {name: value for name, value in manifest.parameters.items() if name not in {"audience", "recipient"}}
    return manifest.edition_label, *sorted((name, str(value)) for name, value in chosen.items()), _choices(manifest)


def _audience(manifest: Manifest) -> str:
    return str(manifest.parameters["audience"])


def _choices(manifest: Manifest) -> str:
    return french.typography(", ".join(f"{name} : {text}" for name, text in manifest.choices.items()) or "—")


def _row(project: Project, reports: Sequence[tuple[Path, Manifest]], audiences: Sequence[str], base: Path) -> str:
    first = reports[0][1]
    cells = [
        "<br>".join(
            _link(base, folder, manifest) + _restituted(project, base, folder, manifest)
            for folder, manifest in reports
            if _audience(manifest) == audience
        )
        for audience in audiences
    ]
    return (
        f'<tr><th scope="row">{escape(first.edition_label)}</th><td class="text">{escape(_choices(first))}</td>'
        + "".join(f'<td class="text">{cell or "—"}</td>' for cell in cells)
        + "</tr>"
    )


def _link(base: Path, folder: Path, manifest: Manifest) -> str:
    """Return a link to one report: for whom, if for one body, its status, and its date."""
    link = (folder / REPORT).relative_to(base).as_posix()
    status = theme.STATUSES[manifest.status] + (" (données fictives)" if manifest.is_demo else "")
    shown = french.typography(f"{manifest.recipient} : {status}" if manifest.recipient else status)
    apart = f" – {manifest.edition_label} – {readers(manifest)} – {_choices(manifest)}"
    return (
        f'<a href="{escape(link)}">{escape(shown)}<span class="unseen">{escape(apart)}</span></a>, '
        f"{escape(made_on(manifest))}"
    )


_BESIDE = {".pdf": "PDF", ".docx": "Word"}
"""What may be made of a restitution, by suffix."""


def _restituted(project: Project, base: Path, folder: Path, manifest: Manifest) -> str:
    """Return links to the restitutions that were made of a report, each with what was made of it."""
    apart = f" – {manifest.edition_label} – {readers(manifest)} – {_choices(manifest)}"
    lines = []
    for name in made_of(manifest):
        page = (folder / file_of(name)).relative_to(base)
        title = called(project, manifest.study, name)
        links = [(page, title), *((page.with_suffix(suffix), kind) for suffix, kind in _BESIDE.items())]
        lines += [
            ", ".join(
                f'<a href="{escape(path.as_posix())}">{escape(shown)}<span class="unseen">{escape(more)}</span></a>'
                for path, shown in links
                if path.name in manifest.derived
                for more in [apart if path == page else f", {title}{apart}"]
            )
        ]
    return "".join(f"<br>{line}" for line in lines)
