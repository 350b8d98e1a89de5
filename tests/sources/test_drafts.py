"""A drafted codebook: it is valid, reads its delivery, and holds no identity."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd
import pyreadstat
import pytest

from etabli.declarations import parse_declaration, read_declaration
from etabli.errors import DeclarationError, DeliveryError
from etabli.personal_data import find
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
    assert "1 autre valeur" in written
    assert 'value: "b"' in written


def test_draft_keeps_leading_zeros_out_of_numbers(tmp_path: Path) -> None:
    _, book = drafted(tmp_path, "\n".join(["k;g", *[f"0{k};x" for k in range(1, 9)] * 6]))
    assert book.variables["k"].type == "code"


def test_text_of_several_words_or_with_personal_data_is_no_code(tmp_path: Path) -> None:
    texts = ["tél 06 12 34 56 78", "orientée par Mme Le Goff du CCAS", "rappeler l'après-midi", "sans ressources"]
    for column, values in {
        "A": texts,
        "B": ["rappeler demain matin", "voir"],
        "C": ["chez Mme Le Goff", "oui-da"],
    }.items():
        folder = tmp_path / column
        folder.mkdir()
        rows = [f"{values[place % len(values)]};{'ab'[place % 2]}" for place in range(60)]
        written, book = drafted(folder, "\n".join([f"{column};groupe", *rows]))
        assert book.variables[column.lower()].type == "identifier"
        assert not [value for value in values if value in written]
        assert not list(find(written))


def test_code_of_several_words_beside_others_is_left_to_describe(tmp_path: Path) -> None:
    delivery = tmp_path / "v.csv"
    names = ["ALIM", "HYG", "BEBE", "URG", "DIV", "suite à une plainte"]
    delivery.write_text("\n".join(["g;h", *(f"{name};1" for name in names * 9)]), encoding="utf-8")
    written = draft(delivery, shown="v.csv")
    assert "suite à une plainte" not in written
    assert "1 autre valeur" in written
    assert 'value: "ALIM"' in written


def labelled(tmp_path: Path, frame: pd.DataFrame, **told: object) -> tuple[str, SourceCodebook]:
    """The draft of an SPSS file, which must read the file; and its codebook."""
    delivery = tmp_path / "v.sav"
    pyreadstat.write_sav(frame, str(delivery), **told)
    written = draft(delivery, shown="v.sav")
    book = read_declaration(write_draft(written, tmp_path / "codebook.yml"), Codebook).sources["v"]
    tidy(read(delivery, book, shown="v.sav").frame, book, shown="v.sav")
    return written, book


def test_draft_of_labels_keeps_numbers_and_hides_personal_ones(tmp_path: Path) -> None:
    rows = 120
    frame = pd.DataFrame({
        "AGE": [999.0 if k % 20 == 0 else 18 + k % 60 for k in range(rows)],
        "MOTIF": [float(k % 3 + 1) for k in range(rows)],
        "MEDECIN": [float(k % 2 + 1) for k in range(rows)],
        "AVIS": [float(k % 10 + 1) for k in range(rows)],
        "TOUT": [999.0 if k < 3 else 18 + k for k in range(rows)],
    })  # fmt: skip
    written, book = labelled(
        tmp_path,
        frame,
        variable_value_labels={
            "AGE": {999: "NSP"},
            "MOTIF": {1: "Aide au logement", 2: "Santé", 3: "suivi par Mme Le Goff"},
            "MEDECIN": {1: "Dr Le Goff", 2: "Mme Hamon"},
            "AVIS": {1: "pas du tout", 10: "tout à fait"},
            "TOUT": {999: "NSP"},
        },
        missing_ranges={"AGE": [999], "TOUT": [999]},
    )
    age = book.variables["age"]
    assert (age.type, age.missing, age.required, dict(age.codes)) == ("integer", {"999": "NSP"}, False, {})
    assert book.variables["tout"].type == "integer"
    assert [code.label for code in book.variables["avis"].codes.values()][:2] == ["pas du tout", "tout à fait"]
    assert len(book.variables["avis"].codes) == 10
    assert book.variables["medecin"].type == "identifier"
    assert "aide_au_logement" in book.variables["motif"].codes
    assert book.variables["motif"].codes["v_3"].label == "3"
    assert "1 valeur, ou son libellé, porte une donnée personnelle" in written
    assert not list(find(written))
    assert "    format:" not in written


@pytest.mark.parametrize("word", ["NSP", "?", "Non renseigné"])
def test_word_for_missing_among_numbers_is_declared(tmp_path: Path, word: str) -> None:
    rows = [f"{word if k % 30 == 0 else 18 + k % 60};x" for k in range(210)]
    _, book = drafted(tmp_path, "\n".join(["Âge;g", *rows]))
    age = book.variables["age"]
    assert (age.type, list(age.missing), age.required) == ("integer", [word], False)


def test_another_word_among_numbers_is_not_taken_for_missing(tmp_path: Path) -> None:
    rows = [f"{'Zoé' if k % 30 == 0 else 18 + k % 60};x" for k in range(210)]
    written, book = drafted(tmp_path, "\n".join(["Âge;g", *rows]))
    assert book.variables["age"].type == "identifier"
    assert "Zoé" not in written


def test_draft_of_a_workbook_tells_its_sheet_and_no_separator(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = "Demandes"
    for row in (["Extraction"], ["groupe", "age"], *(["ab"[k % 2], 18 + k % 50] for k in range(60))):
        sheet.append(row)
    path = tmp_path / "v.xlsx"
    workbook.save(path)
    written = draft(path, shown="v.xlsx")
    assert 'format: {sheet: "Demandes", header_rows: 1, title_rows: 1}' in written
    assert "à remplacer par le nom de la source dans study.yml" in written


def test_draft_overwrites_nothing(tmp_path: Path) -> None:
    target = tmp_path / "codebook.yml"
    target.write_text("à moi", encoding="utf-8")
    with pytest.raises(DeclarationError, match="n’écrase rien"):
        write_draft("x", target)
    assert target.read_text(encoding="utf-8") == "à moi"


def test_draft_names_two_columns_apart(tmp_path: Path) -> None:
    _, book = drafted(tmp_path, "\n".join(["Âge;age", *["1;2"] * 40]))
    assert list(book.variables) == ["age", "age_2"]


def test_labels_that_say_no_answer_are_missing_among_numbers(tmp_path: Path) -> None:
    rows = 200
    frame = pd.DataFrame({
        "ENFANTS": [(98.0, 99.0)[k % 2] if k % 10 == 0 else float(k % 17) for k in range(rows)],
        "HEURES": [999.0 if k % 25 == 0 else 60.0 if k % 25 == 1 else float(k % 60) for k in range(rows)],
        "ACCORD": [float((1, 2, 9)[k % 3]) for k in range(rows)],
        "PIECES": [99.0 if k % 20 == 0 else float(k % 6) for k in range(rows)],
    })  # fmt: skip
    written, book = labelled(
        tmp_path,
        frame,
        variable_value_labels={
            "ENFANTS": {98: "Ne sait pas", 99: "Refus de répondre"},
            "HEURES": {60: "60 et plus", 999: "Non concerné"},
            "ACCORD": {1: "Oui", 2: "Non", 9: "Ne sait pas"},
            "PIECES": {99: "NSP"},
        },
    )
    children = book.variables["enfants"]
    assert (children.type, children.missing) == ("integer", {"98": "Ne sait pas", "99": "Refus de répondre"})
    assert not children.required
    assert (book.variables["heures"].type, book.variables["heures"].missing) == ("integer", {"999": "Non concerné"})
    assert (book.variables["pieces"].type, book.variables["pieces"].missing) == ("integer", {"99": "NSP"})
    assert '# le fichier étiquette "60" : "60 et plus"' in written
    assert [code.label for code in book.variables["accord"].codes.values()] == ["Oui", "Non", "Ne sait pas"]
    mean = tidy(read(tmp_path / "v.sav", book, shown="v.sav").frame, book, shown="v.sav")["enfants"].mean()
    assert mean == frame["ENFANTS"].where(frame["ENFANTS"] < 98).mean()


@pytest.mark.parametrize("title", ["Test de dépistage du VIH", "Grossesse en cours", "Prise en charge psychologique"])
def test_label_of_the_file_tells_what_is_sensitive(tmp_path: Path, title: str) -> None:
    frame = pd.DataFrame({"Q7": [float(k % 2 + 1) for k in range(60)]})
    _, book = labelled(tmp_path, frame, column_labels=[title], variable_value_labels={"Q7": {1: "Oui", 2: "Non"}})
    assert book.variables["q7"].sensitivity == "sensitive"


def test_answers_of_a_closed_question_are_codes_however_long(tmp_path: Path) -> None:
    answers = ["Plutôt pas d’accord", "Tout à fait d’accord avec la mesure", "Ni l’un ni l’autre"]
    rows = [f"{answers[place % 3]};{place % 30}" for place in range(150)]
    _, book = drafted(tmp_path, "\n".join(["avis;rang", *rows]))
    assert {code.label for code in book.variables["avis"].codes.values()} == set(answers)
    delivery = tmp_path / "v.csv"
    delivery.write_text("\n".join(["avis;rang", *rows, "Mon voisin en parle toujours;0"]), encoding="utf-8")
    written = draft(delivery, shown="v.csv")
    assert 'value: "Plutôt pas d’accord"' in written
    assert "voisin" not in written
    few = tmp_path / "few"
    few.mkdir()
    _, book = drafted(few, "\n".join(["avis;rang", *rows[:99]]))
    assert book.variables["avis"].type == "identifier"


@pytest.mark.parametrize(
    ("value", "form"), [("{:02d}-03-24", "%d-%m-%y"), ("{:02d}.03.24", "%d.%m.%y"), ("2024/03/{:02d}", "%Y/%m/%d")]
)
def test_dates_of_two_digit_years_are_dates(tmp_path: Path, value: str, form: str) -> None:
    rows = [f"{value.format(k % 28 + 1)};{'ab'[k % 2]}" for k in range(60)]
    _, book = drafted(tmp_path, "\n".join(["recu_le;g", *rows]))
    assert (book.variables["recu_le"].type, book.variables["recu_le"].format) == ("date", form)


def test_draft_says_whose_rows_are_when_a_column_is_named_so(tmp_path: Path) -> None:
    rows = [f"A{k % 30:03d};{k % 40};{'ab'[k % 2]}" for k in range(60)]
    written, book = drafted(tmp_path, "\n".join(["N° agent;N° allocataire;groupe", *rows]))
    assert book.person == "n_allocataire"
    assert "# supposé" in written
    assert not book.one_each
    other = tmp_path / "other"
    other.mkdir()
    _, book = drafted(other, "\n".join(["N° agent;courriel;groupe", *(f"A{k};u{k}@exemple.fr;a" for k in range(9))]))
    assert book.person is None


def test_draft_takes_the_person_that_is_named(tmp_path: Path) -> None:
    delivery = tmp_path / "v.csv"
    delivery.write_text("\n".join(["foyer;groupe", *(f"{k % 4};{'ab'[k % 2]}" for k in range(40))]), encoding="utf-8")
    book = parse_declaration(draft(delivery, shown="v.csv", person="groupe"), Codebook, shown="c").sources["v"]
    assert (book.person, book.variables["groupe"].type) == ("groupe", "identifier")
    with pytest.raises(DeliveryError, match="La colonne « Foyer » manque") as caught:
        draft(delivery, shown="v.csv", person="Foyer")
    assert "foyer" in str(caught.value.hint)


@pytest.mark.parametrize(("rows", "one_each"), [(49, False), (50, True)])
def test_draft_says_that_each_person_has_one_row_where_it_is_so(tmp_path: Path, rows: int, one_each: bool) -> None:
    _, book = drafted(tmp_path, "\n".join(["id;groupe", *(f"{k:04d};{'ab'[k % 2]}" for k in range(rows))]))
    assert book.one_each is one_each


@pytest.mark.parametrize(("people", "written"), [(4, False), (5, True)])
def test_value_of_few_people_is_not_written_however_often_they_come(tmp_path: Path, people: int, written: bool) -> None:
    rows = [f"{k % 40:03d};{'ab'[k % 2]}" for k in range(200)] + [f"9{k % people:02d};mari_decede" for k in range(60)]
    delivery = tmp_path / "v.csv"
    delivery.write_text("\n".join(["N° allocataire;situation", *rows]), encoding="utf-8")
    text = draft(delivery, shown="v.csv")
    assert ("mari_decede" in text) is written
    assert ("1 autre valeur" in text) is not written


def test_groups_of_columns_are_not_their_names(tmp_path: Path) -> None:
    delivery = tmp_path / "v.xlsx"
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row in (["Identité", "", "Logement", "Logement"], ["Matricule", "Âge", "Statut", "Pièces en 2024"]):
        sheet.append(row)
    for k in range(60):
        sheet.append([f"M{k}", k, "Locataire", k % 5])
    workbook.save(delivery)
    book = parse_declaration(draft(delivery, shown="v.xlsx"), Codebook, shown="c").sources["v"]
    assert [variable.column for variable in book.variables.values()] == ["Matricule", "Âge", "Statut", "Pièces en 2024"]
    assert len(read(delivery, book, shown="v.xlsx").frame) == 60
