"""Decides which outputs of an executed notebook may leave.

`report.*` marks what it shows, and `report.finish()` writes a **clearance**: the digest of every
output that went through protection. An output that is not on that list, to the letter, does not
leave for any audience but `internal`; the gate refuses the whole report and names the cell.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from etabli.disclosure.prose import prose_complaint
from etabli.disclosure.wording import assigned_in, gives_literals, wording_complaint
from etabli.errors import GateError
from etabli.notebook import FINISH, name_cell

CLEARANCE_TYPE = "application/vnd.etabli.clearance+json"
"""MIME type of the output of `report.finish()` that carries the clearance and the released results."""

MARK = "etabli"
"""Key of an output's metadata under which `report.*` writes the output's name."""

OPENING = "ouverture"
"""Name of the output that says which report is open; reports leave it out, their cover says it."""

_SHOWN_TYPES = {"text/html"}


def digest(html: str) -> str:
    """Return the SHA-256 of an output, as the clearance lists it."""
    return sha256(html.encode("utf-8")).hexdigest()


@dataclass(frozen=True)
class Clearance:
    """What `report.finish()` declares: cleared outputs by name, and the payload of the report."""

    outputs: dict[str, str]
    payload: dict[str, Any]


def clearance_of(notebook: Any, *, shown: str) -> Clearance:
    """Return the clearance of an executed notebook.

    Raises
    ------
    GateError
        `report.finish()` was not run, or was run twice.
    """
    found = [output["data"][CLEARANCE_TYPE] for _, output in _outputs(notebook) if CLEARANCE_TYPE in _data(output)]
    if len(found) != 1:
        raise GateError(
            "Le notebook ne se termine pas par une clôture : rien n’en sort.",
            where=shown,
            expected=f"un seul « {FINISH} », dernière cellule",
            got=f"{len(found)} clôture(s)",
        )
    return Clearance(found[0]["cleared"], found[0]["payload"])


def check_outputs(notebook: Any, *, audience: str, shown: str) -> Clearance:
    """Check that all outputs of an executed notebook may leave for `audience`.

    Raises
    ------
    GateError
        An output is not cleared; the message names its cell.
    """
    clearance = clearance_of(notebook, shown=shown)
    declared = clearance.payload["parameters"]["audience"]
    if declared != audience:
        raise GateError(
            "Le notebook a été exécuté pour une autre audience.", where=shown, expected=audience, got=str(declared)
        )
    if audience != "internal":
        for index, output in _outputs(notebook):
            complaint = _complaint(output, clearance)
            if complaint:
                _refuse(notebook, index, shown, complaint)
        _check_prose(notebook, shown)
        _check_wording(notebook, clearance.payload["parameters"], shown)
    return clearance


def _complaint(output: Any, clearance: Clearance) -> str | None:
    """Return what is wrong with an output, else None."""
    kind = output["output_type"]
    if kind == "stream":
        return f"du texte imprimé ({'print' if output['name'] == 'stdout' else 'un avertissement'})"
    if kind == "error":
        return "une erreur"
    data = _data(output)
    if set(data) == {CLEARANCE_TYPE}:
        return None
    name = output.get("metadata", {}).get(MARK)
    if not isinstance(name, str) or name not in clearance.outputs:
        return "un affichage qui n’est pas passé par report (" + ", ".join(sorted(data)) + ")"
    if set(data) != _SHOWN_TYPES:
        return "un affichage en plusieurs formes (" + ", ".join(sorted(data)) + ")"
    if digest(data["text/html"]) != clearance.outputs[name]:
        return "un affichage modifié après sa protection, ou resté en attente"
    return None


def _check_prose(notebook: Any, shown: str) -> None:
    for index, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "raw":
            _refuse(notebook, index, shown, "une cellule brute (raw)")
        if cell.get("attachments"):
            _refuse(notebook, index, shown, "une pièce jointe")
        complaint = prose_complaint(cell["source"]) if cell["cell_type"] == "markdown" else None
        if complaint:
            _refuse(notebook, index, shown, complaint)


def _check_wording(notebook: Any, parameters: Collection[str], shown: str) -> None:
    written = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code" and not _of_parameters(cell)]
    assigned = assigned_in(written)
    for index, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] != "code":
            continue
        complaint = wording_complaint(cell["source"], parameters, {} if _of_parameters(cell) else assigned)
        if complaint:
            _refuse(notebook, index, shown, complaint, hint=_CITE)


def _of_parameters(cell: Any) -> bool:
    """Whether a cell gives parameters, declared or injected by papermill: values written out, and nothing counted."""
    tagged = {"parameters", "injected-parameters"} & set(cell["metadata"].get("tags", []))
    return bool(tagged) and gives_literals(cell["source"])


_CITE = 'citez une valeur d’un résultat : sentence("… {n}", n=resultat.value("people"))'


def _refuse(notebook: Any, index: int, shown: str, what: str, *, hint: str | None = None) -> None:
    raise GateError(
        "Une sortie du notebook ne peut pas quitter la maison.",
        where=f"{shown}, {name_cell(notebook, index)}",
        expected="des sorties produites par report.table, report.figure, report.map, report.key_figure ou report.say",
        got=what,
        hint=hint or "retirez cet affichage, ou lancez le passage avec l’audience internal",
    )


def _outputs(notebook: Any) -> Iterator[tuple[int, Any]]:
    for index, cell in enumerate(notebook["cells"]):
        for output in cell.get("outputs", []):
            yield index, output


def _data(output: Any) -> dict[str, Any]:
    data = output.get("data", {})
    return dict(data)
