"""The record of processing activities (GDPR, article 30), written from the agreements and the studies."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from datetime import date
from html import escape
from pathlib import Path

from etabli import french
from etabli.agreements import Agreement, read_all_agreements
from etabli.declarations import TO_FILL
from etabli.present import theme
from etabli.project import Project
from etabli.study import Study, read_study

PAGE, SHEET = "registre.html", "registre.csv"

FOLDER = "register"
"""Under `reports/`: it is made again at any time."""

Line = dict[str, str]
"""One processing: column → text, in French."""


def lines_of(agreements: Mapping[str, Agreement], studies: Mapping[str, Study]) -> list[Line]:
    """Return one line for each agreement on personal data and each study that uses it.

    A study that an agreement names but that does not exist yet is listed under its slug. What the agreement
    does not say is « à compléter ».
    """
    found = []
    for slug, agreement in agreements.items():
        if agreement.personal_data:
            found += [_line(slug, agreement, name, studies.get(name)) for name in agreement.studies]
    return found


def gaps(lines: list[Line]) -> int:
    """Return how many cells are still to be filled."""
    return sum(_is_gap(text) for line in lines for text in line.values())


def _is_gap(text: str) -> bool:
    """Return whether a cell is empty, or says itself that it is to be filled, as a new study does."""
    return text.casefold().startswith(TO_FILL)


def write_register(project: Project, folder: Path, *, day: date) -> tuple[list[Path], list[Line]]:
    """Write the record as a page and as a sheet, and return the files and their lines.

    Raises
    ------
    DeclarationError
        An agreement or a study does not hold.
    """
    agreements = read_all_agreements(project)
    lines = lines_of(agreements, {slug: read_study(project, slug) for slug in project.slugs()})
    folder.mkdir(parents=True, exist_ok=True)
    texts = {folder / PAGE: _page(lines, day), folder / SHEET: _sheet(lines)}
    for path, text in texts.items():
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_text(text, encoding="utf-8-sig" if path.suffix == ".csv" else "utf-8", newline="")
        draft.replace(path)
    return list(texts), lines


def _line(slug: str, agreement: Agreement, name: str, study: Study | None) -> Line:
    def told(value: object) -> str:
        if isinstance(value, tuple):
            return " ; ".join(value) or TO_FILL
        return french.date(value) if isinstance(value, date) else str(value or TO_FILL)

    assessment = agreement.impact_assessment
    contact = study.contact.name + (f" ({study.contact.email})" if study.contact.email else "") if study else None
    outside = [theme.AUDIENCES[each] for each in agreement.audiences if each != "internal"]
    line = {
        "Traitement": study.title if study else name,
        "Étude": name,
        "Convention": f"{agreement.title} ({slug})",
        "Responsable": theme.ORGANISATION,
        "Contact": told(contact),
        "Commanditaire": told(study.commissioner if study else None),
        "Fournisseur des données": agreement.provider,
        "Contact chez le fournisseur": told(agreement.contact),
        "Finalités": told(agreement.purposes),
        "Base légale": told(agreement.legal_basis),
        "Personnes concernées": told(agreement.people),
        "Catégories de données": told(agreement.categories),
        "Destinataires": " ; ".join([*agreement.recipients, *outside]) or "aucun hors de la maison",
        "Transferts": agreement.transfers,
        "Analyse d’impact": told(
            None if assessment is None else assessment.reference or f"non requise : {assessment.not_needed}"
        ),
        "Mesures de sécurité": told(agreement.security),
        "Signée le": told(agreement.signed),
        "Expire le": told(agreement.expires),
        "Effacement au plus tard le": told(agreement.delete_by),
    }
    return {key: french.typography(text) for key, text in line.items()}


def _sheet(lines: list[Line]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    if lines:
        writer.writerow(lines[0])
    writer.writerows([_harmless(text) for text in line.values()] for line in lines)
    return out.getvalue()


def _harmless(text: str) -> str:
    """Return a cell that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@"} else text


def _page(lines: list[Line], day: date) -> str:
    title = f"Registre des traitements — {theme.ORGANISATION}"
    sections = (
        "\n".join(_section(line) for line in lines) or "<p>Aucune convention ne porte sur des données personnelles.</p>"
    )
    told = french.typography(f"Article 30 du RGPD. Établi le {french.date(day)} d’après les conventions et les études.")
    return (
        '<!DOCTYPE html>\n<html lang="fr">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n<style>{_CSS}</style>\n</head>\n<body>\n<main>\n<h1>{escape(title)}</h1>\n"
        f"<p>{escape(told)}</p>\n{sections}\n</main>\n</body>\n</html>\n"
    )


def _section(line: Line) -> str:
    rows = "\n".join(
        f'<tr><th scope="row">{escape(key)}</th><td>'
        + (f"<strong>{escape(text)}</strong>" if _is_gap(text) else escape(text))
        + "</td></tr>"
        for key, text in line.items()
    )
    name = f"{line['Étude']} — {line['Convention']}"
    table = f"<table>\n<caption>{escape(name)}</caption>\n{rows}\n</table>"
    return f"<section>\n<h2>{escape(line['Traitement'])}</h2>\n{table}\n</section>"


_CSS = (
    f"body{{font:1rem/1.5 system-ui,sans-serif;color:{theme.INK};max-width:52rem;margin:2rem auto;padding:0 1rem}}"
    f"table{{border-collapse:collapse;width:100%}}caption{{text-align:left;color:{theme.MUTED}}}"
    f"th,td{{text-align:left;vertical-align:top;border-top:1px solid {theme.GRID};padding:.3rem .6rem .3rem 0}}"
    "th{width:15rem;font-weight:600}section{break-inside:avoid}"
)
