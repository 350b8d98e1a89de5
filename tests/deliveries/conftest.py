"""What the nasty files are read with: one codebook of visits, and a reader that takes the whole way to a tidy frame."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from etabli.errors import DeliveryError
from etabli.sources.checks import tidy
from etabli.sources.codebook import SourceCodebook
from etabli.sources.metadata import Reading
from etabli.sources.readers import read

VARIABLES: dict[str, dict[str, Any]] = {
    "file": {"column": "DOSSIER", "label": "Dossier", "type": "identifier", "sensitivity": "identifier"},
    "channel": {
        "column": "CANAL",
        "label": "Canal",
        "type": "code",
        "codes": {
            "walk_in": {"label": "Accueil", "value": "ATV"},
            "appointment": {"label": "Rendez-vous", "value": "RDV"},
        },
    },
    "commune": {"column": "COMMUNE", "label": "Commune", "type": "text", "pattern": "[0-9][0-9AB][0-9]{3}"},
    "day": {"column": "JOUR", "label": "Jour", "type": "date", "minimum": "2024-01-01", "maximum": "2024-12-31"},
    "minutes": {"column": "MINUTES", "label": "Durée", "type": "integer", "minimum": 0, "required": False},
    "amount": {"column": "MONTANT", "label": "Montant", "type": "number", "required": False},
}


def visits(**changes: dict[str, Any]) -> SourceCodebook:
    """Return the codebook of visits: how its file is written, under `format`, and what differs of each variable."""
    written = changes.pop("format", {})
    names = [*VARIABLES, *(name for name in changes if name not in VARIABLES)]
    declared = {
        name: {"sensitivity": "open", "label": name, **VARIABLES.get(name, {}), **changes.get(name, {})}
        for name in names
    }
    row = {"one": "visite", "many": "visites", "gender": "f"}
    return SourceCodebook.model_validate({"row": row, "format": written, "variables": declared})


Received = Callable[..., tuple[pd.DataFrame, Reading]]


@pytest.fixture
def receive(tmp_path: Path) -> Received:
    """Return a function: bytes, suffix, changes of the codebook → the tidy frame and its reading, or the refusal."""

    def received(content: bytes, suffix: str, **changes: dict[str, Any]) -> tuple[pd.DataFrame, Reading]:
        book, path = visits(**changes), tmp_path / f"visites{suffix}"
        path.write_bytes(content)
        reading = read(path, book, shown=path.name)
        return tidy(reading.frame, reading.book or book, shown=path.name), reading

    return received


@pytest.fixture
def refusal(receive: Received) -> Callable[..., str]:
    """Return a function: the same → the whole message of the refusal."""

    def told(content: bytes, suffix: str, **changes: dict[str, Any]) -> str:
        with pytest.raises(DeliveryError) as refused:
            receive(content, suffix, **changes)
        return str(refused.value)

    return told
