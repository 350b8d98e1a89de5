"""What the report's template shows around the notebook: cover, questions, disclosure note, traceability sheet."""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import sha256
from typing import Any

from etabli import french
from etabli.declarations import is_to_fill
from etabli.disclosure.workbook import WORKBOOK
from etabli.present import theme
from etabli.present.logo import signature
from etabli.runs.execute import Executed
from etabli.runs.manifest import Manifest

INTERNAL_BANNER = "Document interne — ne pas diffuser"
DEMO_BANNER = "Données fictives : ce rapport montre la méthode, ses chiffres ne décrivent personne."
DRAFT_BANNER = "Brouillon : il reste à compléter"


def context(executed: Executed, *, weight: int | None = None) -> dict[str, Any]:
    """Return the values of the template, in French, ready to print.

    Parameters
    ----------
    weight
        Bytes of the workbook beside the report; None when there is none.
    """
    study, manifest = executed.study, executed.manifest
    return {
        "organisation": theme.ORGANISATION,
        "signature": signature(),
        "title": french.typography(study.title),
        "subtitle": french.typography(study.subtitle),
        "edition": manifest.edition_label,
        "audience": executed.plan.audience,
        "footer": css_string(f"{french.typography(study.title)} – {manifest.edition_label}"),
        "banners": _banners(executed),
        "cover": [(name, french.typography(text)) for name, text in _cover(executed)],
        "questions": _questions(executed),
        "disclosure": [french.typography(text) for text in _disclosure(executed)],
        "sheet": [(name, french.typography(text)) for name, text in _sheet(manifest)],
        "workbook": WORKBOOK if weight else None,
        "weight": french.weight(weight or 0),
        "citation": citation(executed),
        "reuse": french.typography(theme.REUSE.get(executed.plan.audience, theme.REUSE[""])),
        "accessibility": french.typography(theme.ACCESSIBILITY),
        "corrections": _corrections(executed),
        "nbsp": french.NBSP,
    }


def css_string(text: str) -> str:
    r"""Return a text as a string of a style sheet that nothing can end, and that names no address.

    >>> css_string('Qui "vient" ?</style>')
    '"Qui \\22 vient\\22  \\3f \\3c \\2f style\\3e "'
    """
    return '"' + "".join(c if c.isalnum() or c == " " or ord(c) > 127 else f"\\{ord(c):x} " for c in text) + '"'


def citation(executed: Executed) -> str:
    """Return how a report is cited."""
    study, manifest = executed.study, executed.manifest
    status = french.uncapitalised(theme.STATUSES[study.status])
    return french.typography(
        f"{theme.ORGANISATION}, « {study.title} », {manifest.edition_label}, {status} du {made_on(manifest)} "
        f"({manifest.study}/{manifest.run})."
    )


def made_on(manifest: Manifest) -> str:
    """Return the day on which a report was made, as a reader says it."""
    return french.date(datetime.fromisoformat(manifest.started).date())


def version(executed: Executed) -> str:
    """Return what tells two versions of a report apart, by what they say: results and prose.

    Letters alone: eight figures would look like somebody's number.
    """
    written = [cell["source"] for cell in executed.notebook["cells"] if cell["cell_type"] == "markdown"]
    told = (executed.clearance.outputs, written)
    found = sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:8].translate(_LETTERS)
    return f"{found[:4]}-{found[4:]}"


_LETTERS = str.maketrans("0123456789abcdef", "bcdfghjklmnpqrst")
"""No vowels: no word of any language."""


def readers(manifest: Manifest) -> str:
    """Return for whom a report was made: its audience, or the one body of it that is named."""
    audience = theme.AUDIENCES[str(manifest.parameters["audience"])]
    return f"{manifest.recipient} ({audience})" if manifest.recipient else audience


def _banners(executed: Executed) -> list[tuple[str, str]]:
    found = []
    if executed.plan.audience == "internal":
        found.append(("internal", french.typography(INTERNAL_BANNER)))
    if executed.manifest.is_demo:
        found.append(("demo", french.typography(DEMO_BANNER)))
    left = _left_to_fill(executed)
    if left:
        found.append(("draft", french.typography(f"{DRAFT_BANNER} {french.listing(left)}.")))
    return found


def _left_to_fill(executed: Executed) -> list[str]:
    """Return what of this report nobody has written yet, as its reader would name it."""
    left = [f"« {name} »" for name, text in _cover(executed) if is_to_fill(text)]
    if any(is_to_fill(each.text) or is_to_fill(each.planned or "") for each in executed.study.questions):
        left.append("les questions posées")
    if any(map(is_to_fill, executed.clearance.payload["policy"]["sources"])):
        left.append("la source de la règle de secret")
    if any(is_to_fill(str(each["description"])) for each in executed.manifest.sources):
        left.append("la description des sources")
    return left


def _cover(executed: Executed) -> list[tuple[str, str]]:
    study, manifest = executed.study, executed.manifest
    contact = study.contact.name + (f" ({study.contact.email})" if study.contact.email else "")
    return [
        ("Commanditaire", study.commissioner),
        ("Édition", manifest.edition_label),
        *((french.capitalised(name), text) for name, text in manifest.choices.items()),
        ("Destinataires", readers(manifest)),
        ("Date", made_on(manifest)),
        ("Statut", theme.STATUSES[study.status]),
        ("Version", version(executed)),
        ("Contact", contact),
    ]


def _corrections(executed: Executed) -> list[tuple[str, str]]:
    """What was corrected since the edition came out: when, and what."""
    told = executed.study.editions[executed.plan.edition].corrections
    return [(french.date(each.on), french.typography(each.text)) for each in told]


def _questions(executed: Executed) -> list[dict[str, str | None]]:
    answered = executed.clearance.payload["answered"]
    return [
        {
            "id": question.id,
            "text": french.typography(question.text),
            "planned": french.typography(question.planned) if question.planned else None,
            **{key: answered.get(question.id, {}).get(key) for key in ("anchor", "finding")},
        }
        for question in executed.study.questions
    ]


def _disclosure(executed: Executed) -> list[str]:
    policy, masked = executed.clearance.payload["policy"], executed.clearance.payload["masked_rows"]
    if executed.plan.audience == "internal":
        return ["Document interne : aucune valeur n’est masquée. Il ne doit pas sortir de la maison."]
    minimum, refused = policy["minimum_people"], executed.clearance.payload.get("refused", [])
    sources = " ".join(policy["sources"])
    too_fine = [f"Trop fins pour cette audience, ne sont pas diffusés : {', '.join(refused)}."] if refused else []
    if minimum == 1:
        return [f"Aucune valeur n’est à protéger. {sources}", *too_fine]
    base, withheld = policy.get("rounding_base"), executed.clearance.payload.get("withheld", [])
    count = french.count(masked, "case de tableau est masquée", "cases de tableaux sont masquées")
    small = f"moins de {minimum} personnes différentes" if base is None else f"{minimum} personnes différentes ou moins"
    hidden = (
        f"{count}, sous le signe « s » : celles-là, et celles qui les redonneraient. Le signe ne dit pas pourquoi une "
        "case est masquée ; un zéro peut l’être."
    )
    return [
        f"Aucune valeur montrée, hors zéros, ne repose sur {small}, quel que soit le nombre de lignes du fichier qui "
        f"les concernent. Règle : {sources}",
        *([_rounded(minimum, base)] if base is not None else []),
        hidden if masked else "Aucune case de tableau n’a dû être masquée.",
        *too_fine,
        *([f"Faute de preuve, sont masquées des cases de : {', '.join(withheld)}."] if withheld else []),
        f"Pour chaque effectif de 1 à {minimum - 1} personnes, et pour chaque différence de deux effectifs qui en "
        "compte aussi peu, deux autres fichiers ont été construits, qui donnent exactement tous les effectifs montrés "
        f"ici : cet effectif est nul dans l’un, et d’au moins {minimum} dans l’autre. Personne ne peut donc le déduire "
        "des effectifs de ce rapport. Ce qui a déjà été remis à ses destinataires sur les mêmes données est pris en "
        f"compte avec eux{_lost(executed)}. Tout cela est contrôlé à part, encore, quand le rapport est remis.",
    ]


def _lost(executed: Executed) -> str:
    lost = executed.manifest.lost
    numbers = ", ".join(f"n° {number}" for number in lost)
    return f", sauf ce qui n’a pas pu être recompté (registre des diffusions, {numbers})" if lost else ""


def _rounded(minimum: int, base: int) -> str:
    return (
        f"Un effectif de {minimum} personnes ou moins, zéro compris, est écrit « ≤ {minimum} ». Les autres nombres "
        f"sont arrondis au multiple de {base} le plus proche, le même pour un même groupe partout ; les parts et les "
        "moyennes sont faites de ces nombres arrondis, sans intervalle ni test."
    )


def _sheet(manifest: Manifest) -> list[tuple[str, str]]:
    """The traceability sheet, from the manifest. No path and no user name stand in it."""
    commit = (manifest.commit or "")[:12] or "inconnue"
    changed = {True: ", avec des modifications non enregistrées", False: "", None: ""}[manifest.dirty]
    names = ", ".join(f"{name} {number}" for name, number in manifest.versions.items())
    plain = not manifest.versions  # no run of ours: what it was made with was not noted
    return [
        ("Étude et passage", f"{manifest.study} / {manifest.run}"),
        *[
            (
                f"Source « {source['name']} »",
                f"{source['description']}, convention « {source['agreement']} », SHA-256 {source['sha256'][:16]}…",
            )
            for source in manifest.sources
        ],
        *([("Édition précédente", manifest.previous)] if manifest.previous else []),
        *([] if plain else [("Version du code", commit + changed), ("Logiciels", names)]),
        ("Calculé le", f"{made_on(manifest)}, en {french.duration(manifest.seconds)}"),
        ("Page seule", _PLAIN) if plain else ("Empreintes complètes", _DIGESTS),
    ]


_DIGESTS = "dans manifest.json, à côté de ce rapport ; etabli verify les contrôle"
_PLAIN = (
    "convertie d’un notebook exécuté, par nbconvert. Ni manifeste, ni fichiers, ni inscription au registre des "
    "diffusions : ce qui se remet est le rapport qu’écrit etabli run"
)
