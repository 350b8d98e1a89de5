"""A source's file: found in its edition's folder, held to its receipt, loaded."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from etabli.errors import DeliveryError
from etabli.project import Project
from etabli.sources.codebook import SourceCodebook
from etabli.sources.deliveries import RECEIPT, Delivery, find_deliveries, find_delivery, load, write_receipt
from etabli.sources.pseudonyms import StudyKey
from etabli.study import Source, Study

CONTENT = b"DOSSIER;CANAL\n0012;RDV\n0012;walk_in\n"


def put(folder: Path, content: bytes = CONTENT, name: str = "visites.csv") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name


def find(project: Project, study: Study, edition: str) -> Delivery:
    return find_delivery(project, study, "visits", edition, provider="caf-35")


def refused(project: Project, study: Study, edition: str) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        find(project, study, edition)
    return raised.value


@pytest.mark.parametrize(
    ("edition", "folder", "origin"),
    [
        ("demo", "data/demo/caf-flows/demo", "demo"),
        ("2024-T4", "data/raw/caf-35/2024-T4", "raw"),
        ("public", "data/reference", "reference"),
    ],
)
def test_find_delivery_looks_where_the_edition_says(
    project: Project, study: Study, edition: str, folder: str, origin: str
) -> None:
    path = put(project.root / folder)
    found = find(project, study, edition)
    assert (found.source, found.path, found.shown) == ("visits", path, f"{folder}/visites.csv")
    assert (found.sha256, found.size, found.origin) == (sha256(CONTENT).hexdigest(), len(CONTENT), origin)


@pytest.mark.parametrize(
    ("edition", "shown", "hint"),
    [
        ("demo", "data/demo/caf-flows/demo/visites.csv", "etabli demo caf-flows"),
        ("2024-T4", "data/raw/caf-35/2024-T4/visites.csv", "déposez le fichier « visites.csv »"),
        ("public", "data/reference/visites.csv", "fait partie du dépôt"),
    ],
)
def test_find_delivery_missing_file_says_what_to_do(
    project: Project, study: Study, edition: str, shown: str, hint: str
) -> None:
    error = refused(project, study, edition)
    assert error.what == "Le fichier de la source « visits » manque."
    assert error.where == shown
    assert hint in str(error.hint)


def test_find_delivery_missing_file_names_its_neighbour(project: Project, study: Study) -> None:
    put(project.raw("caf-35", "2024-T4"), name="Visites_v2.csv")
    assert "« Visites_v2.csv »" in str(refused(project, study, "2024-T4").got)


@pytest.mark.parametrize(("source", "edition"), [("visit", "demo"), ("visits", "2024-T5")])
def test_find_delivery_unknown_name_is_refused(project: Project, study: Study, source: str, edition: str) -> None:
    with pytest.raises(DeliveryError, match="n’existe pas dans l’étude « caf-flows »"):
        find_delivery(project, study, source, edition, provider="caf-35")


def test_find_delivery_receipt_that_fits_is_silent(project: Project, study: Study) -> None:
    path = put(project.raw("caf-35", "2024-T4"))
    receipt = write_receipt(path.parent, ["visites.csv"])
    assert receipt.name == RECEIPT
    assert json.loads(receipt.read_text("utf-8")) == {
        "visites.csv": {"sha256": sha256(CONTENT).hexdigest(), "bytes": len(CONTENT)}
    }
    assert find(project, study, "2024-T4").size == len(CONTENT)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (CONTENT[:-1], "Le fichier a été modifié depuis sa réception, ou tronqué à sa fin."),
        (CONTENT[: len(CONTENT) // 2], "Le fichier est tronqué, ou a été modifié depuis sa réception."),
        (CONTENT.replace(b"RDV", b"XYZ"), "Le fichier a changé depuis sa réception."),
        (CONTENT + b"1;RDV\n", "Le fichier a changé depuis sa réception."),
    ],
)
def test_find_delivery_other_file_than_received_is_refused(
    project: Project, study: Study, content: bytes, what: str
) -> None:
    path = put(project.raw("caf-35", "2024-T4"))
    write_receipt(path.parent, ["visites.csv"])
    path.write_bytes(content)
    error = refused(project, study, "2024-T4")
    assert (error.what, error.where) == (what, "data/raw/caf-35/2024-T4/visites.csv")


def test_find_delivery_receipt_of_other_files_is_passed_over(project: Project, study: Study) -> None:
    path = put(project.raw("caf-35", "2024-T4"))
    put(path.parent, name="autre.csv")
    write_receipt(path.parent, ["autre.csv"])
    assert find(project, study, "2024-T4").path == path


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"visites.csv": 3}', b'{"visites.csv": {"bytes": 3}}', b"\xff"])
def test_find_delivery_damaged_receipt_is_refused(project: Project, study: Study, content: bytes) -> None:
    put(project.raw("caf-35", "2024-T4"))
    put(project.raw("caf-35", "2024-T4"), content, RECEIPT)
    error = refused(project, study, "2024-T4")
    assert (error.what, error.where) == ("Le reçu des livraisons est abîmé.", f"data/raw/caf-35/2024-T4/{RECEIPT}")


def test_write_receipt_of_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="manque"):
        write_receipt(tmp_path, ["visites.csv"])


def test_load_gives_a_tidy_frame_of_pseudonyms(project: Project, study: Study, visits: SourceCodebook) -> None:
    put(project.raw("caf-35", "2024-T4"))
    frame = load(find(project, study, "2024-T4"), visits, key=StudyKey(bytes(32)), cache=project.data / "cache")
    assert frame["channel"].tolist() == ["appointment", "walk_in"]
    assert frame["person"].nunique() == 1
    assert not frame["person"].str.contains("0012").any()


def test_load_error_shows_the_path_from_the_root(project: Project, study: Study, visits: SourceCodebook) -> None:
    put(project.raw("caf-35", "2024-T4"), CONTENT.replace(b"RDV", b"xx"))
    with pytest.raises(DeliveryError) as raised:
        load(find(project, study, "2024-T4"), visits, key=StudyKey(bytes(32)), cache=project.data / "cache")
    assert raised.value.where == "data/raw/caf-35/2024-T4/visites.csv, ligne 2"
    assert str(project.root) not in str(raised.value)


def with_more(study: Study) -> Study:
    """The study with a second source, which an edition may lack."""
    more = Source(file="plus.csv", agreement="caf-35", description="Autre fichier", without="le reste")
    return study.model_copy(update={"sources": {**study.sources, "more": more}})


def test_find_deliveries_does_without_a_source_that_never_came(project: Project, study: Study) -> None:
    folder = project.raw("caf-35", "2024-T4")
    put(folder)
    providers = {"visits": "caf-35", "more": "caf-35"}
    assert list(find_deliveries(project, with_more(study), "2024-T4", providers=providers)) == ["visits"]
    put(folder, name="plus.csv")
    write_receipt(folder, ["visites.csv", "plus.csv"])
    assert list(find_deliveries(project, with_more(study), "2024-T4", providers=providers)) == ["visits", "more"]
    (folder / "plus.csv").unlink()
    with pytest.raises(DeliveryError, match="« more » manque"):  # it came, and was lost
        find_deliveries(project, with_more(study), "2024-T4", providers=providers)


def test_find_deliveries_asks_for_a_source_that_is_required(project: Project, study: Study) -> None:
    with pytest.raises(DeliveryError, match="« visits » manque"):
        find_deliveries(project, study, "2024-T4", providers={"visits": "caf-35"})
