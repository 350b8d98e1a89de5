"""Any delivery as text under the codebook's names, or one message."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from etabli.errors import DeliveryError
from etabli.sources.codebook import SourceCodebook
from etabli.sources.readers import READERS, read

Deliver = Callable[[str | bytes], Path]


def refused(path: Path, book: SourceCodebook) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        read(path, book, shown="data/v.csv")
    return raised.value


def test_read_renames_and_orders_columns_as_the_codebook(deliver: Deliver, visits: SourceCodebook) -> None:
    frame = read(deliver("CANAL; DOSSIER\nRDV;007\n"), visits, shown="v.csv").frame
    assert list(frame.columns) == ["person", "channel"]
    assert frame.loc[2].to_dict() == {"person": "007", "channel": "RDV"}


def test_read_missing_file_is_named(tmp_path: Path, visits: SourceCodebook) -> None:
    error = refused(tmp_path / "absent.csv", visits)
    assert (error.what, error.where) == ("Le fichier manque.", "data/v.csv")


def test_read_unknown_suffix_names_the_known_ones(tmp_path: Path, visits: SourceCodebook) -> None:
    error = refused(tmp_path / "visites.doc", visits)
    assert error.what == "Ce format de fichier n’est pas connu."
    assert all(suffix in str(error.expected) for suffix in READERS)
    assert error.got == ".doc"


@pytest.mark.parametrize("content", ["", "\ufeff", "\n\n", "DOSSIER;CANAL", "DOSSIER;CANAL\n\n"])
def test_read_empty_file_is_refused(deliver: Deliver, visits: SourceCodebook, content: str) -> None:
    assert refused(deliver(content), visits).what == "Le fichier est vide."


def test_read_suffix_in_capitals_is_known(tmp_path: Path, visits: SourceCodebook) -> None:
    path = tmp_path / "VISITES.CSV"
    path.write_text("DOSSIER;CANAL\n1;RDV\n", encoding="utf-8")
    assert len(read(path, visits, shown="v.csv").frame) == 1


def test_read_locked_file_says_to_close_it(
    deliver: Deliver, visits: SourceCodebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    path = deliver("DOSSIER;CANAL\n1;RDV\n")
    monkeypatch.setattr(Path, "open", refuse)
    assert "tableur" in str(refused(path, visits).hint)


@pytest.mark.parametrize(
    ("header", "what", "hint"),
    [
        ("DOSSIER;Canaux", "La colonne « CANAL » manque.", "« Canaux »"),
        ("DOSSIER;xyz", "La colonne « CANAL » manque.", "corrigez « column »"),
        ("DOSSIER;CANAL;CANAL", "La colonne « CANAL » figure 2 fois.", None),
        ("DOSSIER;CANAL;DOSIER2", "La colonne « DOSIER2 » n’est pas dans le codebook.", "« DOSSIER »"),
        ("DOSSIER;CANAL;motif", "La colonne « motif » n’est pas dans le codebook.", "décrivez-la dans le codebook"),
        ("DOSSIER;CANAL;", "Une colonne sans nom n’est pas dans le codebook.", "retirez-la"),
    ],
)
def test_read_wrong_columns_are_named(
    deliver: Deliver, visits: SourceCodebook, header: str, what: str, hint: str | None
) -> None:
    error = refused(deliver(header + "\n" + ";".join("1" * len(header.split(";"))) + "\n"), visits)
    assert (error.what, error.where) == (what, "data/v.csv, ligne 1")
    assert hint is None or hint in str(error.hint)


def test_read_many_columns_are_listed_in_part(deliver: Deliver, visits: SourceCodebook) -> None:
    header = ";".join(["DOSSIER", *(f"c{number}" for number in range(1, 30))])
    error = refused(deliver(f"{header}\n{header}\n"), visits)
    assert "« c19 » et 10 de plus" in str(error.got)


def test_read_lost_header_is_told_without_the_person_in_its_place(deliver: Deliver, visits: SourceCodebook) -> None:
    error = refused(deliver("1234567;Jeanne Martin\n7654321;Paul Durand\n"), visits)
    assert error.what == "L’en-tête manque, ou aucune de ses colonnes n’est attendue."
    assert not any(word in str(error) for word in ("1234567", "Jeanne"))
