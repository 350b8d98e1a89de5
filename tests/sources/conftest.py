"""Small codebooks and projects, built in code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etabli.project import Project
from etabli.sources.codebook import Codebook, SourceCodebook
from etabli.study import Study

VISIT = {"one": "visite", "many": "visites", "gender": "f"}
PERSON = {"one": "allocataire", "many": "allocataires", "gender": "m"}


def build(written: dict[str, str] | None = None, **variables: dict[str, Any]) -> SourceCodebook:
    full = {}
    for name, declared in variables.items():
        sensitivity = "identifier" if declared["type"] == "identifier" else "open"
        full[name] = {"label": "Variable", "sensitivity": sensitivity, **declared}
    return SourceCodebook.model_validate({"row": VISIT, "format": written or {}, "variables": full})


@pytest.fixture
def make_book() -> Callable[..., SourceCodebook]:
    """Return a function: file format, then variables with at least a type → codebook of rows without people."""
    return build


@pytest.fixture
def visits() -> SourceCodebook:
    """Two columns: an identifier of people, and a channel in two codes."""
    book = build(
        person={"type": "identifier", "column": "DOSSIER"},
        channel={
            "type": "code",
            "column": "CANAL",
            "codes": {"appointment": {"label": "RDV", "value": "RDV"}, "walk_in": "Accueil"},
        },
    )
    return SourceCodebook.model_validate({**book.model_dump(), "person": "person", "people": PERSON})


@pytest.fixture
def study() -> Study:
    return Study.model_validate(
        {
            "slug": "caf-flows",
            "title": "Flux",
            "commissioner": "CAF",
            "contact": {"name": "Pôle observation"},
            "questions": [{"id": "a", "text": "Qui vient ?"}],
            "notebook": "caf_flows.ipynb",
            "sources": {"visits": {"file": "visites.csv", "agreement": "caf-35", "description": "Fichier des visites"}},
            "editions": {
                "demo": {"label": "Démonstration", "deliveries": "demo"},
                "2024-T4": {"label": "4e trimestre 2024", "deliveries": "raw"},
                "public": {"label": "2024", "deliveries": "reference"},
            },
            "audiences": ["internal"],
            "runs": [{"default": True}],
        }
    )


@pytest.fixture
def codebook(visits: SourceCodebook) -> Codebook:
    return Codebook(sources={"visits": visits})


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "studies" / "caf-flows").mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    return Project(tmp_path)


@pytest.fixture
def deliver(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Return a function that writes a delivery, as UTF-8 when it is text."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "visites.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
