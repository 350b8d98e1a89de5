"""Files of SPSS, Stata, SAS and Parquet as partners send them: what is told of each defect, and what is read."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

from etabli.errors import DeliveryError
from etabli.sources import statistical
from etabli.sources.metadata import Reading
from etabli.sources.readers import read

Received = Callable[..., tuple[pd.DataFrame, Reading]]
SHIPPED = Path(__file__).parent / "shipped"

DAY = date(2024, 12, 31)
COLUMNS: dict[str, list[Any]] = {
    "DOSSIER": ["0012", "0013"],
    "CANAL": ["ATV", "RDV"],
    "COMMUNE": ["35238", "01004"],
    "JOUR": [DAY, DAY],
    "MINUTES": [12.0, None],
    "MONTANT": [480.5, 1.0],
}
WRITE = {
    ".sav": pyreadstat.write_sav,
    ".zsav": partial(pyreadstat.write_sav, compress=True),
    ".dta": pyreadstat.write_dta,
    ".xpt": pyreadstat.write_xport,
    ".por": pyreadstat.write_por,
}


def stored(suffix: str, columns: dict[str, list[Any]] | None = None, **options: Any) -> bytes:
    """Return a file of two visits, some of its columns otherwise."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"visites{suffix}"
        WRITE[suffix](pd.DataFrame({**COLUMNS, **(columns or {})}), path, **options)
        return path.read_bytes()


def parquet(columns: dict[str, Any] | None = None) -> bytes:
    stream = BytesIO()
    table = pa.table({**{name: pa.array(values) for name, values in COLUMNS.items()}, **(columns or {})})
    pq.write_table(table, stream)
    return stream.getvalue()


REFUSED = [
    pytest.param(
        stored(".sav")[:-40],
        ".sav",
        {},
        DeliveryError(
            "Le fichier .sav est abîmé ou tronqué.",
            where="visites.sav",
            expected="un fichier .sav complet",
            got="ce que dit la bibliothèque qui le lit : « File did not contain the expected number of rows »",
            hint="redemandez le fichier",
        ),
        id="sav cut inside its rows",
    ),
    pytest.param(
        stored(".sav")[:100],
        ".sav",
        {},
        DeliveryError(
            "Le fichier .sav est abîmé ou tronqué.",
            where="visites.sav",
            expected="un fichier .sav complet",
            got="ce que dit la bibliothèque qui le lit : « Unable to read from file »",
            hint="redemandez le fichier",
        ),
        id="sav cut inside its dictionary",
    ),
    pytest.param(
        stored(".dta")[:-600],
        ".dta",
        {},
        DeliveryError(
            "Le fichier .dta est abîmé ou tronqué.",
            where="visites.dta",
            expected="un fichier .dta complet",
            got="ce que dit la bibliothèque qui le lit : « Unable to read from file »",
            hint="redemandez le fichier",
        ),
        id="dta cut",
    ),
    pytest.param(
        b"DOSSIER;CANAL\n",
        ".sav",
        {},
        DeliveryError(
            "Le fichier .sav est abîmé ou tronqué.",
            where="visites.sav",
            expected="un fichier .sav complet",
            got="ce que dit la bibliothèque qui le lit : « Unable to read from file »",
            hint="un texte ou un autre fichier dont le nom finit en .sav, peut-être ; redemandez le fichier",
        ),
        id="text under the name of a sav",
    ),
    pytest.param(
        stored(".sav"),
        ".dta",
        {},
        DeliveryError(
            "Le fichier .dta est abîmé ou tronqué.",
            where="visites.dta",
            expected="un fichier .dta complet",
            got="ce que dit la bibliothèque qui le lit : « This version of the file format is not supported »",
            hint="un fichier de SPSS (.sav), sous un autre nom : rendez-lui le sien ; redemandez le fichier",
        ),
        id="sav under the name of a dta",
    ),
    pytest.param(
        b"PK\x03\x04" + bytes(600),
        ".sas7bdat",
        {},
        DeliveryError(
            "Le fichier .sas7bdat est abîmé ou tronqué.",
            where="visites.sas7bdat",
            expected="un fichier .sas7bdat complet",
            got="ce que dit la bibliothèque qui le lit : « Invalid file, or file has unsupported features »",
            hint="un classeur ou une archive, sous un autre nom : rendez-lui le sien ; redemandez le fichier",
        ),
        id="workbook under the name of a sas7bdat",
    ),
    pytest.param(
        bytes(5000),
        ".sas7bdat",
        {},
        DeliveryError(
            "Le fichier .sas7bdat est abîmé ou tronqué.",
            where="visites.sas7bdat",
            expected="un fichier .sas7bdat complet",
            got="ce que dit la bibliothèque qui le lit : « Invalid file, or file has unsupported features »",
            hint="redemandez le fichier",
        ),
        id="sas7bdat of zeros",
    ),
    pytest.param(
        b"<stata_dta><header><release>131</release>" + bytes(200),
        ".dta",
        {},
        DeliveryError(
            "Le fichier .dta est abîmé ou tronqué.",
            where="visites.dta",
            expected="un fichier .dta complet",
            got="ce que dit la bibliothèque qui le lit : « Invalid file, or file has unsupported features »",
            hint="redemandez le fichier",
        ),
        id="Stata of tomorrow",
    ),
    pytest.param(
        stored(".sav", {"CANAL": [1.0, 3.0]}, variable_value_labels={"CANAL": {1: "Accueil"}}),
        ".sav",
        {},
        DeliveryError(
            "La variable « channel » (colonne « CANAL ») n’est pas un code du codebook sur 1 ligne.",
            where="visites.sav, ligne 2",
            expected="l’un de : « ATV », « RDV »",
            got="« 3 »",
        ),
        id="code that its labels do not know",
    ),
    pytest.param(
        stored(".sav", {"JOUR": [1e15, 1e20]}, variable_format={"JOUR": "DATE11"}),
        ".sav",
        {},
        DeliveryError(
            "La variable « day » (colonne « JOUR ») n’a pas le type prévu sur 2 lignes.",
            where="visites.sav, lignes 1 et 2",
            expected="une date de la forme « %d/%m/%Y », comme 31/12/2024",
            got="« 1000000000000000 »",
        ),
        id="date beyond the calendar",
    ),
    pytest.param(
        stored(".sav", {"JOUR": ["31/12/2024", "2024-12-31"]}),
        ".sav",
        {},
        DeliveryError(
            "La variable « day » (colonne « JOUR ») n’a pas le type prévu sur 1 ligne.",
            where="visites.sav, ligne 2",
            expected="une date de la forme « %d/%m/%Y », comme 31/12/2024",
            got="« 2024-12-31 »",
        ),
        id="dates kept as text, in two forms",
    ),
    pytest.param(
        stored(".sav", {"DOSSIER": [123456789012345678.0, 1.0]}),
        ".sav",
        {},
        DeliveryError(
            "La colonne « DOSSIER » est en nombres, qui ont perdu les derniers chiffres de ses codes.",
            where="visites.sav, ligne 1",
            expected="des codes enregistrés en texte",
            got="un nombre de plus de 15 chiffres, dont un nombre de ce format ne garde pas les derniers, sur 1 ligne",
            hint="ces chiffres ne se retrouvent pas : redemandez le fichier, cette colonne en texte, ou en CSV",
        ),
        id="code of eighteen digits kept as a number",
    ),
    pytest.param(
        stored(".dta", {"MINUTES": [12.00000839, 1.0]}),
        ".dta",
        {},
        DeliveryError(
            "La variable « minutes » (colonne « MINUTES ») n’a pas le type prévu sur 1 ligne.",
            where="visites.dta, ligne 1",
            expected="un nombre entier",
            got="« 12,00000839 »",
        ),
        id="number kept short by SAS",
    ),
    pytest.param(
        stored(".xpt").replace(b"MINUTES ", b"MINUTE  "),
        ".xpt",
        {},
        DeliveryError(
            "La colonne « MINUTES » manque.",
            where="visites.xpt",
            expected="« DOSSIER », « CANAL », « COMMUNE », « JOUR », « MINUTES », « MONTANT »",
            got="« DOSSIER », « CANAL », « COMMUNE », « JOUR », « MINUTE », « MONTANT »",
            hint="le fichier a une colonne « MINUTE » que le codebook ne décrit pas : est-ce elle ?",
        ),
        id="name cut to eight letters",
    ),
    pytest.param(
        parquet()[:-20],
        ".parquet",
        {},
        DeliveryError(
            "Le fichier Parquet est abîmé ou tronqué.",
            where="visites.parquet",
            expected="un fichier Parquet complet",
            hint="redemandez le fichier",
        ),
        id="parquet cut",
    ),
    pytest.param(
        b"DOSSIER;CANAL\n",
        ".parquet",
        {},
        DeliveryError(
            "Le fichier Parquet est abîmé ou tronqué.",
            where="visites.parquet",
            expected="un fichier Parquet complet",
            hint="redemandez le fichier",
        ),
        id="text under the name of a parquet",
    ),
    pytest.param(
        parquet({"MONTANT": pa.array([[1.0], [2.0]])}),
        ".parquet",
        {},
        DeliveryError(
            "La colonne « MONTANT » est d’un type qui n’entre pas dans un tableau.",
            where="visites.parquet",
            expected="du texte, des nombres, des dates ou des booléens",
            got="list<element: double>",
            hint="faites enregistrer cette colonne en texte ou en nombres, ou demandez le fichier sans elle",
        ),
        id="list in a cell",
    ),
    pytest.param(
        parquet({"MINUTES": pa.array([10, 20], pa.duration("s"))}),
        ".parquet",
        {},
        DeliveryError(
            "La colonne « MINUTES » est d’un type qui n’entre pas dans un tableau.",
            where="visites.parquet",
            expected="du texte, des nombres, des dates ou des booléens",
            got="duration[s]",
            hint="faites enregistrer cette colonne en texte ou en nombres, ou demandez le fichier sans elle",
        ),
        id="duration, whose unit would be lost",
    ),
    *(
        pytest.param(
            parquet({"JOUR": pa.array([0, number], kind)}),
            ".parquet",
            {},
            DeliveryError(
                "La colonne « JOUR » a une date hors du calendrier.",
                where="visites.parquet, ligne 2",
                expected="des dates des années 1 à 9999",
                got=got,
                hint="l’unité de cette colonne est sans doute fausse : faites-la corriger, ou dater en texte",
            ),
            id=f"date beyond the calendar, {kind}",
        )
        for number, kind, got in (
            (2_932_897, pa.date32(), "2\u202f932\u202f897 jours depuis 1970"),
            (-719_163, pa.date32(), "−719\u202f163 jours depuis 1970"),
            (
                253_402_300_800_000,
                pa.timestamp("ms"),
                "253\u202f402\u202f300\u202f800\u202f000 millisecondes depuis 1970",
            ),
        )
    ),
    pytest.param(
        parquet({"__index_level_0__": pa.array([0, 1])}),
        ".parquet",
        {},
        DeliveryError(
            "La colonne « __index_level_0__ » n’est pas dans le codebook.",
            where="visites.parquet",
            expected="« DOSSIER », « CANAL », « COMMUNE », « JOUR », « MINUTES », « MONTANT »",
            got="« __index_level_0__ »",
            hint="décrivez-la dans le codebook, ou retirez-la du fichier (noms connus : DOSSIER, CANAL, COMMUNE, JOUR, MINUTES, MONTANT)",
        ),
        id="index of pandas kept as a column",
    ),
    pytest.param(
        parquet({"MONTANT": pa.array([1.0, float("inf")])}),
        ".parquet",
        {},
        DeliveryError(
            "La variable « amount » (colonne « MONTANT ») n’a pas le type prévu sur 1 ligne.",
            where="visites.parquet, ligne 2",
            expected="un nombre, ses décimales après « , »",
            got="« inf »",
        ),
        id="infinite number",
    ),
    pytest.param(
        parquet({"JOUR": pa.array([datetime(2024, 12, 31, 23, 30)] * 2, pa.timestamp("ns", "Europe/Paris"))}),
        ".parquet",
        {},
        DeliveryError(
            "La variable « day » (colonne « JOUR ») est trop grande sur 2 lignes.",
            where="visites.parquet, lignes 1 et 2",
            expected="au plus 31/12/2024",
            got="« 01/01/2025 »",
        ),
        id="moment whose day is another one in Paris",
    ),
    pytest.param(
        parquet({"DOSSIER": pa.array(["0012", "TOTAL"])}),
        ".parquet",
        {},
        DeliveryError(
            "La dernière ligne est un total, et non une visite.",
            where="visites.parquet, ligne 2",
            expected="des lignes de données seulement",
            got="« TOTAL » dans la colonne « DOSSIER »",
            hint="retirez cette ligne du fichier, ou faites-le extraire sans totaux",
        ),
        id="parquet with a total",
    ),
]


@pytest.mark.parametrize(("content", "suffix", "changes", "told"), REFUSED)
def test_defect_is_told(
    refusal: Callable[..., str], content: bytes, suffix: str, changes: dict[str, Any], told: DeliveryError
) -> None:
    assert refusal(content, suffix, **changes) == str(told)


LABELS = {"CANAL": {1: "Accueil", 2: "RDV"}}
REFUSAL = {"minutes": {"missing": {".a": "Refus"}}}

READ = [
    *(pytest.param(stored(suffix), suffix, {}, {}, (), id=f"{suffix}, nothing wrong") for suffix in WRITE),
    pytest.param(parquet(), ".parquet", {}, {}, (), id=".parquet, nothing wrong"),
    pytest.param(
        stored(".sav", {"CANAL": [1.0, 2.0]}, variable_value_labels=LABELS),
        ".sav",
        {},
        {},
        ("Colonne « CANAL », cellules lues d’après l’étiquette, et non d’après la valeur : 2.",),
        id="codes known by their labels alone",
    ),
    pytest.param(
        stored(".sav", {"MINUTES": [12.0, 999.0]}, missing_ranges={"MINUTES": [{"lo": 990, "hi": 999}]}),
        ".sav",
        {},
        {},
        (
            "Colonne « MINUTES », cellules déclarées manquantes par le fichier, et non par le codebook, mises à vide : 1.",
        ),
        id="user-missing values in a range",
    ),
    pytest.param(
        stored(".dta", {"MINUTES": [12.0, "a"]}, missing_user_values={"MINUTES": ["a"]}),
        ".dta",
        {},
        {},
        (
            "Colonne « MINUTES », cellules déclarées manquantes par le fichier, et non par le codebook, mises à vide : 1.",
        ),
        id="tagged missing value",
    ),
    pytest.param(
        stored(".dta", {"MINUTES": [12.0, "a"]}, missing_user_values={"MINUTES": ["a"]}),
        ".dta",
        REFUSAL,
        {},
        (),
        id="tagged missing value that the codebook tells",
    ),
    pytest.param(
        stored(".sav", {"COMMUNE": [35238.0, 1004.0]}),
        ".sav",
        {},
        {},
        ("Colonne « COMMUNE », cellules auxquelles le codebook a rendu leurs zéros de tête : 1.",),
        id="codes kept as numbers",
    ),
    pytest.param(
        stored(".sav", {"DOSSIER": ["éé", "0013"]}).replace("éé".encode(), b"\xe9\xe9  "),
        ".sav",
        {},
        {"file": ["éé", "0013"]},
        (),
        id="sav that says UTF-8, and is in cp1252",
    ),
    pytest.param(stored(".sav", {"CANAL": ["ATV     ", "RDV"]}), ".sav", {}, {}, (), id="text filled with spaces"),
    pytest.param(
        parquet({"COMMUNE": pa.array([35238, 1004])}),
        ".parquet",
        {},
        {},
        ("Colonne « COMMUNE », cellules auxquelles le codebook a rendu leurs zéros de tête : 1.",),
        id="parquet with codes kept as numbers",
    ),
    pytest.param(
        parquet({"DOSSIER": pa.array([2**60, 2**60 + 1])}),
        ".parquet",
        {},
        {"file": [str(2**60), str(2**60 + 1)]},
        (),
        id="parquet with whole numbers of nineteen digits",
    ),
    pytest.param(
        parquet({"MONTANT": pa.array(["480.50", "1.00"]).cast(pa.decimal128(10, 2))}),
        ".parquet",
        {},
        {},
        (),
        id="parquet with decimals",
    ),
    pytest.param(
        parquet({"MINUTES": pa.array([12, None]).dictionary_encode()}),
        ".parquet",
        {},
        {},
        (),
        id="parquet with a dictionary of numbers",
    ),
]


@pytest.mark.parametrize(("content", "suffix", "changes", "changed", "notes"), READ)
def test_defect_is_read(
    receive: Received, content: bytes, suffix: str, changes: dict[str, Any], changed: dict[str, list[Any]],
    notes: tuple[str, ...],
) -> None:  # fmt: skip
    frame, reading = receive(content, suffix, **changes)
    expected = {
        "file": ["0012", "0013"], "channel": ["walk_in", "appointment"], "commune": ["35238", "01004"],
        "day": ["2024-12-31"] * 2, "minutes": ["12", "<NA>"], "amount": [480.5, 1.0], **changed,
    }  # fmt: skip
    found = frame.assign(day=frame["day"].dt.strftime("%Y-%m-%d"), minutes=frame["minutes"].map(str))
    assert found.to_dict("list") == expected
    assert reading.metadata.notes == notes


@pytest.mark.parametrize("suffix", WRITE)
@pytest.mark.parametrize("rows", [3, 4, 5, 8, 9])
def test_file_of_several_chunks_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, rows: int
) -> None:
    monkeypatch.setattr(statistical, "CHUNK", 4)
    path = tmp_path / f"v{suffix}"
    WRITE[suffix](pd.DataFrame({"A": range(rows), "B": [f"t{each}" for each in range(rows)]}), path)
    frame = read(path, shown=path.name).frame
    assert frame["A"].tolist() == list(range(rows))
    assert frame["B"].tolist() == [f"t{each}" for each in range(rows)]


# Files that SAS wrote ------------------------------------------------------------------------------


def test_sas_file_gives_its_labels_and_numbers() -> None:
    reading = read(SHIPPED / "airline.sas7bdat", shown="airline.sas7bdat")
    assert reading.frame.shape == (32, 6)
    assert [column.label for column in reading.metadata.columns] == [
        "year", "level of output", "wage rate", "interest rate", "labor input", "capital input",
    ]  # fmt: skip
    assert reading.metadata.encoding == "WINDOWS-1252"
    assert reading.frame["YEAR"].round(3).tolist() == list(range(1948, 1980))
    assert reading.frame["Y"].head(2).round(3).tolist() == [1.214, 1.354]  # airline.csv of the same wheel


def test_sas_dates_and_moments_are_dates(tmp_path: Path) -> None:
    path = tmp_path / "datetime.sas7bdat"
    path.write_bytes(gzip.decompress((SHIPPED / "datetime.sas7bdat.gz").read_bytes()))
    reading = read(path, shown=path.name)
    assert reading.frame["Date1"].dt.strftime("%Y-%m-%d").tolist() == [
        "1677-09-22", "1960-01-01", "2016-02-29", "2262-04-11",
    ]  # fmt: skip
    assert reading.frame["DateTimeHi"].map(str).tolist()[2] == "2016-02-29 23:59:59.123456"
    assert [column.display for column in reading.metadata.columns[:2]] == ["YYMMDD10", "DATE7"]


def test_sas_file_cut_is_told(tmp_path: Path) -> None:
    path = tmp_path / "airline.sas7bdat"
    path.write_bytes((SHIPPED / "airline.sas7bdat").read_bytes()[:3000])
    with pytest.raises(DeliveryError, match=r"Le fichier \.sas7bdat est abîmé ou tronqué"):
        read(path, shown=path.name)
