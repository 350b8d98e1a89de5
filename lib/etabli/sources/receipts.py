"""The receipt of a folder of deliveries: what came, when, from whom, under which agreement.

`deliveries.json` stands beside the files. Digest and length have always been there; the rest is written by
`etabli deliveries add` and lacks in receipts of demo data.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import file_digest
from pathlib import Path
from typing import Any

from etabli.errors import DeliveryError
from etabli.sources.readers import locked

RECEIPT = "deliveries.json"
"""Beside the files: what was received, `{file: {"sha256": …, "bytes": …}}`."""


@dataclass(frozen=True)
class Entry:
    """What a receipt says of one file; the last five are None where nobody registered it."""

    sha256: str
    size: int
    received: date | None = None
    provider: str | None = None
    agreement: str | None = None
    study: str | None = None
    source: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the entry as it is written: what is not known is left out."""
        told = {"received": self.received.isoformat() if self.received else None, "provider": self.provider}
        told |= {"agreement": self.agreement, "study": self.study, "source": self.source}
        return {"sha256": self.sha256, "bytes": self.size} | {k: v for k, v in told.items() if v is not None}


def read_receipt(path: Path, *, shown: str) -> dict[str, Entry]:
    """Read a receipt; nothing when there is none.

    Raises
    ------
    DeliveryError
        It is damaged.
    """
    if not path.is_file():
        return {}
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {name: _entry(told) for name, told in entries.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DeliveryError(
            "Le reçu des livraisons est abîmé.",
            where=shown,
            expected='{"fichier": {"sha256": "…", "bytes": 123}}',
            hint="rétablissez-le, ou redemandez la livraison entière",
        ) from None


def save_receipt(path: Path, entries: Mapping[str, Entry]) -> None:
    """Write a receipt whole, or not at all."""
    text = json.dumps({name: entries[name].as_json() for name in sorted(entries)}, indent=2, ensure_ascii=False)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text + "\n", encoding="utf-8", newline="\n")
    draft.replace(path)


def digest_of(path: Path, shown: str) -> str:
    """Return the SHA-256 of a file's bytes.

    Raises
    ------
    DeliveryError
        It may not be opened.
    """
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except PermissionError:
        raise locked(shown) from None


def _entry(told: Mapping[str, Any]) -> Entry:
    received = told.get("received")
    return Entry(
        sha256=str(told["sha256"]),
        size=int(told["bytes"]),
        received=date.fromisoformat(received) if received else None,
        **{name: told.get(name) for name in ("provider", "agreement", "study", "source")},
    )
