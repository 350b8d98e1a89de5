"""The index of a set of reports: `reports/index.html`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from etabli import french
from etabli.errors import EtabliError
from etabli.present import theme
from etabli.present.logo import signature
from etabli.project import Project
from etabli.publish.context import made_on, readers
from etabli.publish.export import REPORT
from etabli.publish.restitutions import called, file_of, made_of
from etabli.publish.style import style
from etabli.runs.disk import disk_error
from etabli.runs.fingerprint import Survey
from etabli.runs.manifest import FILE, Manifest, read_manifest
from etabli.runs.standing import in_words, standing
from etabli.study import read_study

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
    reports = reports_in(project)
    return page_of(
        project,
        reports,
        project.reports,
        banner="Catalogue interne de la maison — ne pas diffuser",
        late=_late(project, reports),
        note="« À refaire » : ce dont le rapport dépend a changé. L’état est celui du moment où ce catalogue a été "
        "écrit, au dernier passage ou au dernier lot ; etabli why dit tout ce qui a changé.",
    )


def _late(project: Project, reports: Sequence[tuple[Path, Manifest]]) -> dict[Path, str]:
    """Return, of the reports that are out of date, why, in words."""
    survey, found = Survey(), {}
    for folder, manifest in reports:
        try:
            study = read_study(project, manifest.study)
            stands = standing(project, study, study.plan(manifest.parameters), survey)
            told = [_CODE if each.startswith("lib/") else in_words(each) for each in stands.drifted]
            reasons = list(dict.fromkeys(told)) + [f"{each} manque" for each in stands.missing]
        except EtabliError:
            reasons = ["l’étude, ou ses paramètres, ont changé"]
        more = f", et {french.count(len(reasons) - 2, 'autre chose', 'autres choses')}" if len(reasons) > 2 else ""
        if reasons:
            found[folder] = f"à refaire : {', '.join(reasons[:2])}{more}"
        elif manifest.outdated:
            found[folder] = "commentaire à relire"
    return found


_CODE = "le code de l’établi"
"""Its modules are the affair of `etabli why`."""


def page_of(
    project: Project,
    reports: Sequence[tuple[Path, Manifest]],
    base: Path,
    *,
    banner: str,
    late: Mapping[Path, str] = MappingProxyType({}),
    note: str = "",
) -> str:
    """Return the page of a set of reports, its links written from `base`.

    Parameters
    ----------
    late
        What is out of date in a report, by its folder.
    note
        What is said under all of them.
    """
    sections: dict[str, list[tuple[Path, Manifest]]] = {}
    for folder, manifest in reports:
        sections.setdefault(manifest.title, []).append((folder, manifest))
    body = "".join(_section(project, title, held, base, late) for title, held in sections.items())
    if note and body:
        body += f"<p>{escape(french.typography(note), quote=False)}</p>"
    title = f"Rapports – {theme.ORGANISATION}"
    return (
        f'<!doctype html>\n<html lang="fr">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>{style()}</style>\n</head>\n<body>\n"
        f'<aside class="banners" aria-label="Avertissement"><p class="banner internal">'
        f"{escape(french.typography(banner))}</p></aside>\n"
        f'<header class="cover">{signature()}<h1>Rapports</h1></header>\n'
        f"<main>\n{_filter(reports, late) if body else ''}{body or '<p>Aucun rapport.</p>'}\n</main>\n"
        f"{f'<script>{_script()}</script>' if body else ''}</body>\n</html>\n"
    )


@cache
def _script() -> str:
    return files("etabli.publish").joinpath("template/report/catalogue.js").read_text(encoding="utf-8")


def _filter(reports: Sequence[tuple[Path, Manifest]], late: Mapping[Path, str]) -> str:
    """Return the search of the page; it shows where scripts run, and is of no use elsewhere."""
    present = {_audience(manifest) for _, manifest in reports}
    readers = [(name, label) for name, label in theme.AUDIENCES.items() if name in present]
    statuses = {manifest.status for _, manifest in reports}
    states = [(name, label) for name, label in theme.STATUSES.items() if name in statuses]
    states += [("late", "À refaire, ou à relire")] if late else []
    return (
        '<form class="filter" role="search" aria-label="Chercher un rapport" hidden>'
        '<p><label for="mots">Chercher</label> <input type="search" id="mots" name="mots" autocomplete="off"></p>'
        f"{_choice('lecteurs', 'Lecteurs', readers)}{_choice('etat', 'État', states)}"
        '<p role="status"></p></form>\n'
    )


def _choice(name: str, label: str, options: Sequence[tuple[str, str]]) -> str:
    listed = "".join(f'<option value="{escape(code)}">{escape(text)}</option>' for code, text in options)
    return (
        f'<p><label for="{name}">{label}</label> <select id="{name}" name="{name}">'
        f'<option value="">Tous</option>{listed}</select></p>'
    )


def _section(
    project: Project, title: str, reports: Sequence[tuple[Path, Manifest]], base: Path, late: Mapping[Path, str]
) -> str:
    """Return the reports of one study: runs that differ only by who reads stand side by side, in one row."""
    rows: dict[tuple[object, ...], list[tuple[Path, Manifest]]] = {}
    for folder, manifest in reports:
        rows.setdefault(_run(manifest), []).append((folder, manifest))
    audiences = [each for each in theme.AUDIENCES if any(_audience(manifest) == each for _, manifest in reports)]
    names = ("Édition", "Choix", *(theme.AUDIENCES[each] for each in audiences))
    heads = "".join(f'<th scope="col" class="text">{escape(name)}</th>' for name in names)
    body = "".join(_row(project, held, audiences, base, late) for held in rows.values())
    return (
        f'<section><h2>{escape(french.typography(title))}</h2><div class="scroll" role="region" tabindex="0" '
        f'aria-label="{escape(french.typography(title))}"><table class="reports"><caption class="unseen">Rapports : '
        f"{escape(french.typography(title))}</caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
        "</div></section>"
    )


def _run(manifest: Manifest) -> tuple[object, ...]:
    """Return what tells a run from another one, whoever reads it."""
    chosen = {name: value for name, value in manifest.parameters.items() if name not in {"audience", "recipient"}}
    return manifest.edition_label, *sorted((name, str(value)) for name, value in chosen.items()), _choices(manifest)


def _audience(manifest: Manifest) -> str:
    return str(manifest.parameters["audience"])


def _choices(manifest: Manifest) -> str:
    return french.typography(", ".join(f"{name} : {text}" for name, text in manifest.choices.items()) or "—")


def _row(
    project: Project,
    reports: Sequence[tuple[Path, Manifest]],
    audiences: Sequence[str],
    base: Path,
    late: Mapping[Path, str],
) -> str:
    first = reports[0][1]
    cells = [
        "".join(
            _link(base, folder, manifest, late.get(folder), _restituted(project, base, folder, manifest))
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


def _link(base: Path, folder: Path, manifest: Manifest, late: str | None, restituted: str) -> str:
    """Return a link to one report: for whom, its status, its date, what is out of date; and to what was made of it."""
    link = (folder / REPORT).relative_to(base).as_posix()
    status = theme.STATUSES[manifest.status] + (" (données fictives)" if manifest.is_demo else "")
    shown = french.typography(f"{manifest.recipient} : {status}" if manifest.recipient else status)
    apart = f" – {manifest.edition_label} – {readers(manifest)} – {_choices(manifest)}"
    told = f' <span class="late">{escape(french.typography(french.capitalised(late)))}</span>' if late else ""
    state = f"{manifest.status} late" if late else manifest.status
    return (
        f'<div class="one" data-audience="{escape(_audience(manifest))}" data-state="{escape(state)}">'
        f'<a href="{escape(link)}">{escape(shown)}<span class="unseen">{escape(apart)}</span></a>, '
        f"{escape(made_on(manifest))}{told}{restituted}</div>"
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
