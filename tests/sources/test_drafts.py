"""A drafted codebook: it is valid, reads its delivery, and holds no identity."""

from __future__ import annotations

from pathlib import Path

import pytest

from etabli.declarations import read_declaration
from etabli.errors import DeclarationError
from etabli.sources.checks import tidy
from etabli.sources.codebook import Codebook, SourceCodebook
from etabli.sources.drafts import draft, write_draft
from etabli.sources.readers import read

NAMES = ["Dupont", "Martin", "Le Goff", "Traoré"]


def drafted(tmp_path: Path, text: str, encoding: str = "utf-8") -> tuple[str, SourceCodebook]:
    delivery = tmp_path / "Fichier d’été.csv"
    delivery.write_text(text, encoding=encoding)
    written = draft(delivery, shown=delivery.name)
    path = write_draft(written, tmp_path / "codebook.yml")
    book = read_declaration(path, Codebook).sources["fichier_d_ete"]
    tidy(read(delivery, book, shown="v.csv").frame, book, shown="v.csv")
    return written, book


def test_draft_reads_its_own_delivery_and_guesses_its_types(tmp_path: Path) -> None:
    head = "N° dossier;Date entrée;Vu le;Montant;Âge;Sexe;IRIS;CP;Commune INSEE;Inscrit"
    rows = [
        f"{k:05d};{k % 28 + 1:02d}/03/2024;2024-03-01 10:{k % 60:02d};{k},50;{k};"
        f"{'HF'[k % 2]};35238{k:04d};35000;2A004;oui"
        for k in range(40)
    ]
    _, book = drafted(tmp_path, "\n".join([head, *rows]), "cp1252")
    assert {name: variable.type for name, variable in book.variables.items()} == {
        "n_dossier": "identifier", "date_entree": "date", "vu_le": "datetime", "montant": "number", "age": "integer",
        "sexe": "code", "iris": "text", "cp": "text", "commune_insee": "text", "inscrit": "boolean",
    }  # fmt: skip
    assert book.variables["iris"].pattern == "(?:[0-9]{2}|2[AB])[0-9]{7}"
    assert list(book.variables["sexe"].codes) == ["f", "h"]
    assert book.format.encoding == "cp1252"


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("A", ["1 85 05 78 006 084 91", "185057800608436"]),
        ("A", ["06 12 34 56 78", "+33612345678"]),
        ("A", ["a.b@exemple.fr", "c@exemple.fr"]),
        ("A", ["12 rue de Saint-Malo", "3 bis, place Hoche"]),
        ("B", NAMES * 10),
        ("PRENOM", ["x", "y"] * 20),
        ("Commentaire", ["zut", "bof"] * 20),
        ("C", [f"Elle dit que {k} fois" for k in range(20)]),
        ("C", [f"ref{k}" for k in range(20)]),
        ("C", [f"{k:012d}" for k in range(20)]),
    ],
)
def test_draft_holds_no_value_of_what_may_identify(tmp_path: Path, column: str, values: list[str]) -> None:
    rows = [f"{value};{'ab'[place % 2]}" for place, value in enumerate(values)]
    written, book = drafted(tmp_path, "\n".join([f"{column};groupe", *rows]))
    assert next(iter(book.variables.values())).type == "identifier"
    assert not [value for value in values if len(value) > 1 and value in written]


def test_draft_hides_rare_codes(tmp_path: Path) -> None:
    delivery = tmp_path / "v.csv"
    delivery.write_text("\n".join(["g;h", *["a;1"] * 30, *["b;1"] * 5, *["Zoé;1"] * 4]), encoding="utf-8")
    written = draft(delivery, shown="v.csv")
    assert "Zoé" not in written
    assert "1 autre(s) valeur(s)" in written
    assert 'value: "b"' in written


def test_draft_keeps_leading_zeros_out_of_numbers(tmp_path: Path) -> None:
    _, book = drafted(tmp_path, "\n".join(["k;g", *[f"0{k};x" for k in range(1, 9)] * 6]))
    assert book.variables["k"].type == "code"


def test_draft_overwrites_nothing(tmp_path: Path) -> None:
    target = tmp_path / "codebook.yml"
    target.write_text("à moi", encoding="utf-8")
    with pytest.raises(DeclarationError, match="n’écrase rien"):
        write_draft("x", target)
    assert target.read_text(encoding="utf-8") == "à moi"


def test_draft_names_two_columns_apart(tmp_path: Path) -> None:
    _, book = drafted(tmp_path, "\n".join(["Âge;age", *["1;2"] * 40]))
    assert list(book.variables) == ["age", "age_2"]
