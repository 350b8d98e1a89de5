"""Demo deliveries: whole, with their receipt, and in place of the old ones only when they hold."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path

import pandas as pd
import pytest

from etabli.errors import DeliveryError
from etabli.project import Project
from etabli.sources.codebook import Codebook, SourceCodebook
from etabli.sources.deliveries import RECEIPT, find_delivery, load
from etabli.sources.dummy import DEFAULT_ROWS, TRUTH, make_demo
from etabli.sources.pseudonyms import StudyKey
from etabli.study import Study

_SPEC = importlib.util.spec_from_file_location("rereading", Path(__file__).with_name("rereading.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
rereading = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(rereading)

DEMO = """
import numpy as np
import pandas as pd

def make(edition, seed):
    channels = ["walk_in", "appointment", "walk_in"]
    return {"visits": pd.DataFrame({"person": ["007", "007", "8"], "channel": channels})}, {"repeat": np.int64(seed)}
"""


def write_demo(project: Project, text: str) -> None:
    (project.studies / "caf-flows" / "demo.py").write_text(text, encoding="utf-8")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_make_demo_draws_from_the_codebook(project: Project, study: Study, codebook: Codebook) -> None:
    paths = make_demo(project, study, codebook, "demo", seed=1)
    folder = project.demo("caf-flows", "demo")
    assert paths == [folder / "visites.csv", folder / TRUTH, folder / RECEIPT]
    found = find_delivery(project, study, "visits", "demo", provider="caf-35")
    assert len(load(found, codebook.sources["visits"], key=StudyKey(bytes(32)))) == DEFAULT_ROWS


def test_make_demo_same_seed_gives_the_same_bytes(project: Project, study: Study, codebook: Codebook) -> None:
    folder = project.demo("caf-flows", "demo")
    made = []
    for seed in (1, 1, 2):
        make_demo(project, study, codebook, "demo", seed=seed)
        made.append(contents(folder))
    assert made[0] == made[1] != made[2]
    assert [path.name for path in folder.parent.iterdir()] == ["demo"]


def test_make_demo_takes_the_demo_of_the_study(project: Project, study: Study, codebook: Codebook) -> None:
    write_demo(project, DEMO)
    make_demo(project, study, codebook, "demo", seed=3)
    folder = project.demo("caf-flows", "demo")
    assert (folder / "visites.csv").read_text("utf-8") == "DOSSIER;CANAL\n007;walk_in\n007;RDV\n8;walk_in\n"
    assert json.loads((folder / TRUTH).read_text("utf-8")) == {"repeat": 3}
    assert list(json.loads((folder / RECEIPT).read_text("utf-8"))) == ["visites.csv"]


def test_make_demo_of_a_study_may_leave_out_what_the_study_does_without(
    project: Project, study: Study, codebook: Codebook
) -> None:
    write_demo(project, DEMO)
    more = study.sources["visits"].model_copy(update={"file": "plus.csv", "without": "le reste"})
    both = study.model_copy(update={"sources": {**study.sources, "more": more}})
    books = codebook.model_copy(update={"sources": {**codebook.sources, "more": codebook.sources["visits"]}})
    paths = make_demo(project, both, books, "demo", seed=3)
    assert [path.name for path in paths] == ["visites.csv", TRUTH, RECEIPT]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (('"visits":', '"visit":'), "« make » renvoie une source inconnue, « visit »."),
        (('{"visits": pd', '{} if seed else {"visits": pd'), "« make » ne renvoie pas la source « visits »."),
        (('"8"]', "None]"), "La variable « person » (colonne « DOSSIER ») manque sur 1 ligne."),
        (('"appointment"', '"phone"'), "Une valeur n’est pas un code du codebook."),
        (("np.int64(seed)", "object()"), "La vérité plantée ne s’écrit pas en JSON."),
        (("import numpy", "import nmpy"), "Le fichier de démonstration échoue."),
    ],
)
def test_make_demo_mistake_leaves_the_old_files(
    project: Project, study: Study, codebook: Codebook, change: tuple[str, str], what: str
) -> None:
    make_demo(project, study, codebook, "demo", seed=1)
    folder = project.demo("caf-flows", "demo")
    before = contents(folder)
    write_demo(project, DEMO.replace(*change))
    with pytest.raises(DeliveryError) as raised:
        make_demo(project, study, codebook, "demo", seed=1)
    assert raised.value.what == what
    assert contents(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["demo"]


def test_make_demo_interrupted_swap_brings_the_old_files_back(
    project: Project, study: Study, codebook: Codebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_demo(project, study, codebook, "demo", seed=1)
    folder = project.demo("caf-flows", "demo")
    before, replace = contents(folder), os.replace

    def interrupted(source: Path, target: Path) -> None:
        if str(source).endswith(".new"):
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make_demo(project, study, codebook, "demo", seed=2)
    assert contents(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["demo"]


@pytest.mark.parametrize("edition", ["2024-T4", "demos"])
def test_make_demo_of_another_edition_is_refused(
    project: Project, study: Study, codebook: Codebook, edition: str
) -> None:
    with pytest.raises(DeliveryError, match="n’a pas de données de démonstration"):
        make_demo(project, study, codebook, edition, seed=1)
    assert not project.data.exists()


FILES = {"households": "menages.sav", "visits": "visites.csv", "surveys": "enquete.xlsx"}
ROW = {"one": "ligne", "many": "lignes", "gender": "f"}
NUMBER = {"label": "Numéro", "type": "identifier", "sensitivity": "identifier", "column": "NUM_MEN"}


@pytest.fixture
def linked() -> tuple[Study, Codebook]:
    """A study of three sources: a sav with labels, a CSV of Latin-1, a workbook of two header rows."""

    def variable(kind: str, **more: object) -> dict[str, object]:
        return {"label": "Été", "type": kind, "sensitivity": "open", **more}

    books = {
        "visits": {
            "row": ROW,
            "format": {"separator": ";", "encoding": "latin-1", "thousands": " "},
            "variables": {
                "household": {**NUMBER, "references": "households.number"},
                "start": variable("datetime", column="DÉBUT"),
                "end": variable("datetime", column="FIN"),
                "rent": variable("integer", minimum=0, maximum=99_999, required=False, missing={"-1": "Refus"}),
            },
            "rules": [{"check": "end >= start"}],
        },
        "households": {
            "row": ROW,
            "variables": {
                "number": NUMBER,
                "housing": variable(
                    "code", codes={"a": {"label": "Hébergé", "value": "1"}}, missing={"9": "NSP"}, required=False
                ),
            },
        },
        "surveys": {
            "row": ROW,
            "format": {"header_rows": 2, "title_rows": 1, "sheet": "Réponses"},
            "variables": {
                "household": {**NUMBER, "references": "households.number", "unique": True},
                "answer": variable("code", codes={"oui": "Oui", "non": "Non"}, missing=["NSP"], required=False),
                "day": variable("date"),
            },
        },
    }
    study = Study.model_validate(
        {
            "slug": "caf-flows",
            "title": "Trois sources",
            "commissioner": "CAF",
            "contact": {"name": "Pôle observation"},
            "questions": [{"id": "a", "text": "Qui vient ?"}],
            "notebook": "caf_flows.ipynb",
            "sources": {
                name: {"file": FILES[name], "agreement": "caf-35", "description": name}
                for name in ("visits", "households", "surveys")
            },
            "editions": {"demo": {"label": "2025", "start": "2025-01-01", "end": "2025-03-31", "deliveries": "demo"}},
            "audiences": ["internal"],
            "runs": [{"default": True}],
        }
    )
    return study, Codebook.model_validate({"sources": books})


def test_make_demo_of_linked_sources_comes_back_the_same(project: Project, linked: tuple[Study, Codebook]) -> None:
    study, codebook = linked
    kept: list[dict[str, pd.DataFrame]] = []
    for _ in range(2):
        make_demo(project, study, codebook, "demo", seed=5, rows=600)
        folder = project.demo("caf-flows", "demo")
        kept.append({name: rereading.reread(folder / file, codebook.sources[name]) for name, file in FILES.items()})
    hashes = [{name: rereading.content_hash(frame) for name, frame in each.items()} for each in kept]
    assert hashes[0] == hashes[1]
    found = kept[0]
    assert {name: len(frame) for name, frame in found.items()} == {"households": 240, "visits": 600, "surveys": 240}
    for child in ("visits", "surveys"):
        assert set(found[child]["household"]) <= set(found["households"]["number"])
    assert (found["visits"]["end"] >= found["visits"]["start"]).all()
    assert found["surveys"]["day"].between("2025-01-01", "2025-03-31").all()
    assert b";" in (folder / FILES["visits"]).read_bytes()
    assert "DÉBUT".encode("latin-1") in (folder / FILES["visits"]).read_bytes()


def test_make_demo_refuses_sources_in_a_ring(project: Project, linked: tuple[Study, Codebook]) -> None:
    study, codebook = linked
    books = codebook.model_dump(exclude_unset=True)
    books["sources"]["visits"]["variables"]["visit"] = {**NUMBER, "column": "NUM_VISITE"}
    books["sources"]["households"]["variables"]["first"] = {
        **NUMBER, "column": "PREMIERE", "references": "visits.visit"
    }  # fmt: skip
    with pytest.raises(DeliveryError, match="en rond"):
        make_demo(project, study, Codebook.model_validate(books), "demo", seed=1)


def test_make_demo_sources_and_seeds_share_no_draw(project: Project, linked: tuple[Study, Codebook]) -> None:
    """Source p once took seed + p: two sources of one codebook, under seeds that follow one another, were the same."""
    study, _ = linked
    book = {"row": ROW, "variables": {"n": {"label": "N", "type": "number", "sensitivity": "open"}}}
    alike = Codebook.model_validate({"sources": dict.fromkeys(FILES, book)})
    drawn = {}
    for seed in (5, 6):
        make_demo(project, study, alike, "demo", seed=seed, rows=200)
        for name, file in FILES.items():
            drawn[seed, name] = tuple(rereading.reread(project.demo("caf-flows", "demo") / file, book_of(alike))["n"])
    assert len(set(drawn.values())) == 6


def book_of(codebook: Codebook) -> SourceCodebook:
    return codebook.sources["visits"]


CHUNKED = """
import pandas as pd

def make(edition, seed, people=4):
    truth = {"people": 0}
    def visits():
        for number in range(people):
            truth["people"] += 1
            yield pd.DataFrame({"person": [f"{number:04d}"], "channel": ["walk_in" if number < 3 or MISTAKE else None]})
    return {"visits": visits()}, truth
"""


def test_make_demo_takes_chunks_and_a_size(project: Project, study: Study, codebook: Codebook) -> None:
    write_demo(project, CHUNKED.replace("MISTAKE", "True"))
    folder = project.demo("caf-flows", "demo")
    for rows, people in ((None, 4), (25, 10)):
        make_demo(project, study, codebook, "demo", seed=1, rows=rows)
        assert json.loads((folder / TRUTH).read_text("utf-8")) == {"people": people}
        assert len((folder / "visites.csv").read_text("utf-8").splitlines()) == people + 1


BOTH = """
import pandas as pd

def make(edition, seed):
    frame = pd.DataFrame({"person": ["007"], "channel": ["walk_in"]})
    def told(name):
        print(name)
        yield frame
    return {name: told(name) for name in ("visits", "book")}, {}
"""


def test_make_demo_writes_first_what_may_be_too_long_for_its_format(
    project: Project, study: Study, codebook: Codebook, capsys: pytest.CaptureFixture[str]
) -> None:
    write_demo(project, BOTH)
    book = study.sources["visits"].model_copy(update={"file": "carnet.xlsx"})
    both = study.model_copy(update={"sources": {"visits": study.sources["visits"], "book": book}})
    held = codebook.model_copy(update={"sources": dict.fromkeys(("visits", "book"), codebook.sources["visits"])})
    make_demo(project, both, held, "demo", seed=1)
    assert capsys.readouterr().out.split() == ["book", "visits"]


def test_make_demo_mistake_in_a_chunk_names_its_line(project: Project, study: Study, codebook: Codebook) -> None:
    write_demo(project, CHUNKED.replace("MISTAKE", "False"))
    with pytest.raises(DeliveryError, match="manque sur 1 ligne") as raised:
        make_demo(project, study, codebook, "demo", seed=1)
    assert str(raised.value.where).endswith("ligne 5")


def test_make_demo_that_has_no_size_is_said(project: Project, study: Study, codebook: Codebook) -> None:
    write_demo(project, DEMO)
    with pytest.raises(DeliveryError, match="ne changent pas de taille"):
        make_demo(project, study, codebook, "demo", seed=1, rows=100)
