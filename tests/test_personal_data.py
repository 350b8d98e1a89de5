"""What names or reaches a person is found; the long numbers and proper nouns of a report are not."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.personal_data import KINDS, find, is_iban, is_nir, masked

NBSP, NARROW = "\u00a0", "\u202f"


def kinds(text: str) -> list[str]:
    return sorted(found.kind for found in find(text))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("email", "Écrire à jeanne.le-gall@exemple.fr."),
        ("email", "mailto:a+b@sous.domaine.bzh"),
        ("phone", "Tél. 06 12 34 56 78"),
        ("phone", "0299123456"),
        ("phone", "02.99.12.34.56,"),
        ("phone", "(02-99-12-34-56)"),
        ("phone", f"06{NBSP}12{NBSP}34{NBSP}56{NBSP}78"),
        ("phone", "+33 6 12 34 56 78"),
        ("phone", "+33 (0)6 12 34 56 78"),
        ("phone", "0033612345678"),
        ("nir", "2 55 08 14 168 025 38"),
        ("nir", "255081416802538"),
        ("nir", "1 85 05 2A 004 021"),
        ("nir", "2.55.08.14.168.025.38"),
        ("iban", "FR14 2004 1010 0505 0001 3M02 606"),
        ("iban", "FR1420041010050500013M02606"),
        ("address", "12 rue de la Paix"),
        ("address", "3 bis, allée d’Ukraine"),
        ("address", "35 Boulevard Volclair"),
        ("address", "7, pl. des Lices"),
        ("birth", "née le 12/03/1980"),
        ("birth", "Date de naissance : 1980-03-12"),
        ("birth", "Né(e) le 1er mars 1980"),
        ("birth", "DDN 12.03.80"),
        ("name", "M. Dupont"),
        ("name", "madame Le Gall"),
        ("name", "Mme d’Arvor"),
        ("name", "Mlle Kaya"),
        ("name", "M Dupont a rappelé"),
        ("name", "rappeler Marie LE GALL"),
        ("name", "par Jean-Pierre KERGOAT,"),
    ],
)
def test_personal_data_is_found(kind: str, text: str) -> None:
    assert kinds(text) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "SIRET 775 672 272 00018",
        "SIRET 77567227200018",
        "SIREN 775 672 272",
        "IRIS 352380101",
        "IRIS 352380101 ; 352380102",
        "1 234 567 890 €",
        f"12{NARROW}345{NARROW}678{NARROW}901",
        "175 081 416 802 538 habitants",
        "57 403 inscrits en 2024, 37 000 heures",
        "De 0,612345678 à 0,712345678",
        "12/03/2024 14:30",
        "2024-10-01",
        "01, 02, 03, 04, 05",
        "communes 35238 35024 35047",
        "Finess 350000022",
        "2 55 08 14 168 025 39",
        "FR15 2004 1010 0505 0001 3M02 606",
        "FR76",
        "c901374415b1ef49da55a9e137575a5e0d06a3d03289a2f7a1829ed4d2aa9d78",
        "0612345678" * 3,
        "1.0612345678",
        "logo@2x.png",
        "@media print { }",
        "a @ b",
        "Monsieur le Maire et Madame la Préfète",
        "MM. les Maires",
        "M. X et Mme D. sont des prénoms changés",
        "3 M Euros, 12 M€",
        "Espace social commun Simone Iff",
        "la prime RSA et la CAF 35",
        "Jeanne d’Arc – Longs-Champs – Beaulieu",
        "Nord – Saint-Martin QPV",
        "les naissances du 1er janvier 2020 au 31 décembre 2020",
        "des enfants nés en 2019",
        "12 places assises",
        "en 2024 rue par rue",
        "2 avenues et 3 rues",
        "p. 12 (rue)",
    ],
)
def test_what_a_report_is_full_of_is_not_personal(text: str) -> None:
    assert [text[found.start : found.end] for found in find(text)] == []


@pytest.mark.parametrize(("key", "right"), [("37", False), ("38", True), ("39", False)])
def test_nir_counts_with_its_key_alone(key: str, *, right: bool) -> None:
    assert is_nir(f"2550814168025{key}") is right


@given(st.integers(0, 10**12 - 1), st.sampled_from("12"))
def test_nir_of_a_right_key_holds_and_of_another_does_not(number: int, sex: str) -> None:
    body = f"{sex}{number:012d}"
    key = 97 - int(body) % 97
    assert is_nir(f"{body}{key:02d}")
    assert not is_nir(f"{body}{key % 97 + 1:02d}")


@given(st.sampled_from(["2A", "2B"]), st.integers(1, 97))
def test_nir_of_corsica_has_one_key(department: str, key: int) -> None:
    number = int("18505" + {"2A": "19", "2B": "18"}[department] + "004021")
    assert is_nir(f"18505{department}004021{key:02d}") is (key == 97 - number % 97)


@given(st.text(alphabet="0123456789ABCDEF GHFR.-@’Mrue\n\u00a0", max_size=300))
def test_any_text_is_searched_without_an_error(text: str) -> None:
    for found in find(text):
        assert 0 <= found.start < found.end <= len(text)
        assert found.kind in KINDS


def test_datum_is_found_beside_letters_that_grow_in_small_letters() -> None:
    text = "İİİ : jeanne@exemple.fr"
    (found,) = find(text)
    assert text[found.start : found.end] == "jeanne@exemple.fr"


def test_all_of_several_data_close_together_are_found() -> None:
    assert kinds("a@exemple.fr;b@exemple.fr;12 rue de la Paix;4 rue de la Paix") == ["address"] * 2 + ["email"] * 2


@given(st.sampled_from(["jeanne.le-gall@exemple.fr", "06 12 34 56 78", "2 55 08 14 168 025 38", "12 rue de la Paix"]))
def test_masked_datum_shows_its_first_two_characters(text: str) -> None:
    assert masked(text)[:2] == text[:2]
    assert not any(each.isalnum() for each in masked(text)[2:])


@pytest.mark.parametrize("text", ["12 rue " * 30_000, "@" * 60_000, "M " * 60_000, "a ABCDE-" * 30_000, "0" * 200_000])
def test_no_text_takes_long(text: str) -> None:
    before = time.process_time()
    list(find(text))
    assert time.process_time() - before < 2


def test_iban_of_a_wrong_length_is_none() -> None:
    assert not is_iban("FR14 2004")
