"""What names or reaches a person is found; the long numbers and proper nouns of a report are not."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.personal_data import KINDS, concealed, find, is_iban, is_nir, masked

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


@pytest.mark.parametrize(
    "text",
    [
        "Tél.0612345678",
        "tel=0612345678",
        "Marie,0612345678,Rennes",
        "06 12 34 56 78/02 99 12 34 56",
        "06/12/34/56/78",
        "06\u201112\u201134\u201156\u201178",
        "06\u201312\u201334\u201356\u201378",
        "06 12 34 56 78",
        "06  12  34  56  78",
        "06\t12\t34\t56\t78",
        "06 123 456 78",
        "0612 34 56 78",
        "0612.34.56.78",
        "+33-6-12-34-56-78",
        "+33 (0)6 12 34 56 78",
        "+33.6.12.34.56.78",
        "33612345678",
        "(+33)612345678",
        "\uff10\uff16\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18",
        "06 12 34 56 78.",
        "06 12 34 56 78 2 appels",
        "Poste 2 06 12 34 56 78",
        "+32 475 12 34 56",
        "+212 612345678",
        "2550814168025/38",
        "2 55 08 14 168 025/38",
        "2 55 08 14 168 025 / 38",
        "2550814168025 38",
        "255081416802538.0",
        "2,55,08,14,168,025,38",
        "x,255081416802538,y",
        "2 55 08 14 168 025 38",
        "1 85 05 2a 004 021",
        "MME DUPONT",
        "MR DUPONT",
        "MLLE DUPONT",
        "M DUPONT",
        "Mme dupont",
        "Mme  Dupont",
        "Mme Dupont",
        "Mme. Dupont",
        "Mme \u2018Dupont\u2019",
        "Mme El Khoury",
        "Mme N’Diaye",
        "Mme É. Dupont",
        "DUPONT Marie",
        "MARIE DUPONT",
        "Marie  DUPONT",
        "Marie DUPONT",
        "Jean-Marie LE GALL",
        "Marie-Claire DUPONT",
        "Dr Dupont",
        "Docteur Dupont",
        "Me Dupont",
        "Maître Dupont",
        "FR1420041010050500013M02606",
        "fr1420041010050500013m02606",
        "FR14-2004-1010-0505-0001-3M02-606",
        "IBAN=FR1420041010050500013M02606",
        "RIB,FR1420041010050500013M02606,x",
        "FR14 2004 1010 0505 0001 3M02 606",
        "FR14  2004 1010 0505 0001 3M02 606",
        "DE89370400440532013000",
        "jeanne@exemple.fr",
        "jeanne@exemple.info",
        "jeanne (at) exemple.fr",
        "jeanne\uff20exemple.fr",
        "jeanne%40exemple.fr",
        "jeanne @ exemple.fr",
        "jeanne.o'neil@exemple.fr",
        "né le 12 mars 1980",
        "Née le 12 MARS 1980",
        "née à Rennes le 12/03/1980",
        "naissance : 12.3.80",
        "DATE DE NAISSANCE 12/03/1980",
        "DDN:12031980",
        "NÉ LE 12/03/1980",
        "12 rue de la Paix",
        "12, rue de la paix",
        "12bis rue Paix",
        "12 RUE DE LA PAIX",
        "12 r. de la Paix",
        "12 bd Jean",
        "appartement 3, rue de la Paix",
        "1-3 rue de la Paix",
        "12 all. Jean",
        "12 quater rue Paix",
        "12 rue 8 Mai",
        "Référente : MME DUPONT Marie",
        "Tél.0612345678, NIR 2550814168025/38, IBAN=FR1420041010050500013M02606",
        "=HYPERLINK(Locataire) tel 0612.34.56.78",
        "@Accueil (DUPONT Marie) jeanne (at) caf.fr",
        "06\u200b12345678",
        "ne\u0301e le 12/03/1980",
        "NIR 2550814168025",
        "Me Dupont, avocate",
        "12 cours Français 35000 Rennes",
        "habite 3 place Sainte-Anne",
    ],
)
def test_datum_is_found_however_it_is_typed(text: str) -> None:
    assert kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "la prime de Noël RSA est versée",
        "Prime de Noël AAH",
        "12 cours Français langue étrangère",
        "45 passage CAF",
        "Toute personne née avant le 01/01/1965 est concernée",
        "taux de naissance au 01/01/2024",
        "dépenses en M Euros",
        "Sexe : M Âge : 35",
        "taille M Homme",
        "École Victor HUGO",
        "collège Jean MOULIN",
        "ESC Simone IFF",
        "Espace social commun Aimé CÉSAIRE",
        "Madame la Directrice",
        "M. le Sous-préfet",
        "Mme la Vice-présidente",
        "Mme la Procureure",
        "M. le Défenseur des droits",
        "Monsieur Tout-le-Monde",
        "Madame, Monsieur",
        "Mme X",
        "Mme XX",
        "MM. les Juges",
        "SIRET 775 672 272 00018",
        "SIRET 77567227200018",
        "SIREN 443 061 841",
        "RNA W353012345",
        "NAF 8899B",
        "IRIS 352380101",
        "FINESS 350000022",
        "2024-01-01T00:00:00",
        "0123456789",
        "1 234 567 890 123",
        "01 02 03 04 05",
        "03 05 07 09 11",
        "192.168.10.12",
        "0.6123456789",
        "0,6123456789",
        "pages 01-02-03-04-05",
        "02-03-04-05-06",
        "3 place Sainte-Anne",
        "la loi n° 2016-1321",
        "10 places Crèche",
        "Résidence 12 place",
        "2 square",
        "RSA socle, Martin AAH",
        "Saint-Martin CAF",
        "Nord \u2013 Saint-Martin QPV",
        "Quartier Nord Saint Martin QPV",
        "Francisco-Ferrer ZUS",
        "1er mars 2024 : né",
        "Claude RSA",
        "Paul CAF",
        "ligne Camille SNCF",
        "100 mail Rennes",
        "convention du 06.07.08.09.10",
        "01.02.03.04.05",
        "id 0299867890",
        "1 234 567 890 € ; 02 03 04 05 06",
        "semaines 01 02 03 04 05 06 07",
        "Mme vient avec ses enfants",
        "boulevard du Docteur Roux",
        "JEAN MOULIN ; SIMONE IFF",
        "Monsieur le Maire",
        "+1 234 567 890 €",
        "12 place Sainte-Anne, 2024",
        "identifiant : 0612345678",
    ],
)
def test_likeness_of_a_datum_is_none(text: str) -> None:
    assert [text[found.start : found.end] for found in find(text)] == []


def test_place_of_a_datum_is_that_of_the_text_as_it_was() -> None:
    text = "\ufb01n e\u0301 jeanne\uff20exemple.fr fin"
    (found,) = find(text)
    assert text[found.start : found.end] == "jeanne\uff20exemple.fr"


def test_text_that_names_is_concealed() -> None:
    assert concealed("Tél. 0612345678, id 3") == "Tél. 06••••••••, id 3"
