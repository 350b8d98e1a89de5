"""The quality of a study's deliveries as a page in French and as JSON, for the house alone."""

from __future__ import annotations

import json
import os
from html import escape
from pathlib import Path

from etabli import french
from etabli.present.logo import signature
from etabli.project import Project
from etabli.publish.style import style
from etabli.runs.disk import disk_error
from etabli.sources.quality import DATA, FOLDER, Finding, Quality, SourceQuality

PAGE = "quality.html"


def write_quality(project: Project, quality: Quality) -> Path:
    """Write `reports/<slug>/quality/<edition>/quality.html` and `.json`, and return the page.

    Neither is a report: no catalogue lists them, and no release takes them.

    Raises
    ------
    RunError
        The disk refuses it.
    """
    folder = project.reports / quality.slug / FOLDER / quality.edition
    texts = {
        DATA: json.dumps(quality.to_json(), ensure_ascii=False, indent=2) + "\n",
        PAGE: french.typography(_page(quality)),
    }
    for name, text in texts.items():
        target = folder / name
        draft = folder / f".{name}.{os.getpid()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            draft.write_text(text, encoding="utf-8", newline="\n")
            draft.replace(target)
        except OSError as error:
            raise disk_error("Le rapport de qualité n’a pas pu être écrit.", error, project, target) from None
    return folder / PAGE


def verdict(source: SourceQuality) -> str:
    """Return in one line what the delivery of a source is worth."""
    if source.lacking:
        return "pas venue, l’étude s’en passe"
    if source.refusal is not None:
        return "manque" if source.refused == "missing" else "refusée"
    blocking = sum(finding.blocks for finding in source.findings)
    warning = len(source.broken) - blocking
    told = [
        "une ligne n’est pas une donnée" if source.stray is not None else "",
        french.count(blocking, "règle enfreinte bloque", "règles enfreintes bloquent") if blocking else "",
        french.count(warning, "avertissement", "avertissements") if warning else "",
    ]
    return ", ".join(each for each in told if each) or "toutes les règles sont suivies"


def where_broken(finding: Finding) -> str:
    """Return the lines of the file that break a rule, the first ones only."""
    if not finding.lines:
        return "tout le fichier" if finding.is_broken else ""
    beyond = "…" if finding.rows > len(finding.lines) else ""
    return ", ".join(str(line) for line in finding.lines) + beyond


def _page(quality: Quality) -> str:
    title = f"Qualité des livraisons – {quality.edition_label}"
    word = "Cette livraison est refusée" if quality.blocks else "Cette livraison est acceptée"
    body = "".join(_source(source) for source in quality.sources)
    return (
        f'<!doctype html>\n<html lang="fr">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>{style()}</style>\n</head>\n<body>\n"
        f'<aside class="banners" aria-label="Avertissement"><p class="banner internal">'
        f"Document interne de la maison — ne pas diffuser</p></aside>\n"
        f'<header class="cover">{signature()}<h1>{escape(title)}</h1>'
        f'<p class="subtitle">{escape(quality.title)}</p></header>\n'
        f"<main>\n<p><strong>{word}.</strong> Aucun identifiant, aucune valeur sensible et aucun texte libre n’est "
        f"montré ici : les lignes citées se lisent dans le fichier lui-même.</p>\n{body}</main>\n</body>\n</html>\n"
    )


def _source(source: SourceQuality) -> str:
    head = f"<h2>{escape(source.source)} : {verdict(source)}</h2>"
    if source.refusal is not None:
        lines = "<br>".join(escape(line.strip()) for line in source.refusal.splitlines())
        return f"{head}<p>{lines}</p>\n"
    if source.stray is not None:
        lines = "<br>".join(escape(line.strip()) for line in source.stray.splitlines())
        head += f"<p>{lines}</p>\n"
    size = f"{french.count(source.rows, 'ligne', 'lignes')}, {french.count(source.columns, 'variable', 'variables')}"
    kept = [finding for finding in source.findings if not finding.is_broken]
    tables = [
        _table("Règles enfreintes", ("Règle", "Effet", "Lignes", "Part", "Où", "Exemples"),
               [_broken_row(finding) for finding in sorted(source.broken, key=lambda each: not each.blocks)]),
        _table("Ce que la lecture a mis en ordre", ("Variable", "Quoi", "Lignes"),
               [(each.variable, each.what, french.number(each.rows)) for each in source.mendings]),
        _table("Règles suivies", ("Règle", "Constaté"), [(each.sentence, each.measured or "") for each in kept]),
    ]  # fmt: skip
    notes = "".join(f"<p>{escape(note)}</p>" for note in (*source.warnings, *source.notes))
    return (
        f"{head}<p>Fichier <code>{escape(source.file)}</code>, {size}, empreinte "
        f"<code>{escape(source.sha256[:12])}</code>.</p>{notes}{''.join(tables)}\n"
    )


def _broken_row(finding: Finding) -> tuple[str, ...]:
    effect = "bloque" if finding.blocks else "avertit"
    examples = ", ".join(f"« {each} »" for each in finding.examples) or finding.measured or "—"
    share = french.percent(finding.share)
    return finding.sentence, effect, french.number(finding.rows), share, where_broken(finding), examples


def _table(caption: str, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    columns = "".join(f'<th scope="col" class="text">{escape(head)}</th>' for head in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f'<td class="text">{escape(cell)}</td>' for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(caption)}"><table>'
        f"<caption><b>{escape(caption)}</b></caption><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table></div>"
    )
