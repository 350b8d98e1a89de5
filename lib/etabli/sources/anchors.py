"""What a machine saw of the withdrawals, noted apart from the ledger: how many, and the digest of the last.

The note stands in the key's own file and goes with it to a colleague. A ledger that was deleted, or that nobody
shared, would give back everyone who withdrew: it is then behind the note, and nothing real is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from etabli.errors import KeyringError
from etabli.project import Project
from etabli.sources.chain import digests
from etabli.sources.withdrawals import WITHDRAWALS


@dataclass(frozen=True)
class Anchor:
    """How many lines the withdrawals had, and the digest of the last; none yet: 0 and nothing."""

    count: int = 0
    head: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"count": self.count, "head": self.head}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Anchor:
        """Return the anchor that `as_json` told."""
        return cls(int(told["count"]), str(told["head"]))


def held_anchor(project: Project, noted: Anchor) -> Anchor:
    """Return the anchor of the ledger as it stands, which must go on from what was noted.

    Raises
    ------
    KeyringError
        It is behind, or tells of something else.
    DeliveryError
        Its chain is broken.
    """
    path = project.ledger / WITHDRAWALS
    shown = project.relative(path)
    lines = digests(path, shown=shown)
    if len(lines) < noted.count:
        raise KeyringError(
            "Le registre des retraits est en retard : des personnes qui se sont retirées reviendraient.",
            where=shown,
            expected=f"au moins {noted.count} lignes, que cette clé a déjà vues",
            got=f"{len(lines)}",
            hint="ce registre se partage : reprenez « data/ledger » d’un collègue, ou d’une sauvegarde",
        )
    if noted.count and lines[noted.count - 1] != noted.head:
        raise KeyringError(
            "Ce registre des retraits n’est pas celui que cette clé a vu.",
            where=f"{shown}, ligne {noted.count}",
            expected=f"l’empreinte {noted.head[:12]}…",
            got=f"{lines[noted.count - 1][:12]}…",
            hint="deux copies ont divergé : gardez celle d’un collègue et sa clé (« etabli key import --replace »), "
            "puis refaites-y les retraits de l’autre",
        )
    return Anchor(len(lines), lines[-1]) if lines else Anchor()
