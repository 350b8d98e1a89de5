"""One strict pass over delimited text: what is damaged is named with its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from etabli.errors import DeliveryError
from etabli.sources.codebook import SourceCodebook
from etabli.sources.conversions import is_text
from etabli.sources.delimited import read_delimited
from etabli.sources.metadata import LINE

Deliver = Callable[[str | bytes], Path]
Books = Callable[..., SourceCodebook]


def refused(path: Path, book: SourceCodebook) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        read_delimited(path, book, "data/v.csv")
    return raised.value


def test_read_delimited_keeps_text_as_written(deliver: Deliver, visits: SourceCodebook) -> None:
    frame = read_delimited(deliver("DOSSIER;CANAL\n0012;NA\n;nan\n"), visits, "v.csv")[0]
    assert frame.to_dict("list") == {"DOSSIER": ["0012", ""], "CANAL": ["NA", "nan"]}
    assert all(is_text(frame[name]) for name in frame)


def test_read_delimited_quoted_break_and_mark_belong_to_the_cell(deliver: Deliver, visits: SourceCodebook) -> None:
    frame = read_delimited(deliver('\ufeffDOSSIER;CANAL\n"a\nb";"x;""y"""\nc;d\n'), visits, "v.csv")[0]
    assert frame.to_dict("list") == {"DOSSIER": ["a\nb", "c"], "CANAL": ['x;"y"', "d"]}
    assert (frame.index.name, list(frame.index)) == (LINE, [2, 4])


def test_read_delimited_blank_lines_are_passed_over_but_counted(deliver: Deliver, visits: SourceCodebook) -> None:
    frame = read_delimited(deliver("DOSSIER;CANAL\r\n\r\na;b\r\n\r\n"), visits, "v.csv")[0]
    assert list(frame.index) == [3]


@pytest.mark.parametrize(
    ("content", "what", "where", "got"),
    [
        ("DOSSIER;CANAL\na\nb;c\n", "Une ligne a trop peu de champs.", "ligne 2", "1 champ"),
        ("DOSSIER;CANAL\na;b\nc\n", "Le fichier est tronqué à sa dernière ligne.", "ligne 3", "1 champ"),
        ("DOSSIER;CANAL\na;b;c\n", "Une ligne a trop de champs.", "ligne 2", "3 champs"),
        ('DOSSIER;CANAL\n"a\nb";c\nd;e;f\ng;h\n', "Une ligne a trop de champs.", "ligne 4", "3 champs"),
        (
            'DOSSIER;CANAL\na;b\nc;"d\ne;f\n',
            "Un guillemet n’est pas refermé, ou le fichier est tronqué.",
            "ligne 3",
            None,
        ),
        ('DOSSIER;CANAL\na;"b"c\n', "Un guillemet est mal placé.", "ligne 2", None),
        ('"DOSSIER;CANAL\na;b\n', "Un guillemet n’est pas refermé, ou le fichier est tronqué.", "ligne 1", None),
    ],
)
def test_read_delimited_damaged_row_is_named(
    deliver: Deliver, visits: SourceCodebook, content: str, what: str, where: str, got: str | None
) -> None:
    error = refused(deliver(content), visits)
    assert (error.what, error.where, error.got) == (what, f"data/v.csv, {where}", got)


def test_read_delimited_endless_cell_is_an_open_quote(deliver: Deliver, visits: SourceCodebook) -> None:
    error = refused(deliver('DOSSIER;CANAL\na;"' + "b;c\n" * 40_000), visits)
    assert "dépasse 131072 caractères" in error.what
    assert error.where == "data/v.csv, ligne 2"


@pytest.mark.parametrize(
    ("separator", "name", "hint"),
    [(",", "la virgule", '","'), ("\t", "la tabulation", '"\\t"'), ("|", "la barre", '"|"')],
)
def test_read_delimited_other_separator_is_named(
    deliver: Deliver, visits: SourceCodebook, separator: str, name: str, hint: str
) -> None:
    error = refused(deliver(f'"DOSSIER"{separator}"CANAL"\n"a"{separator}"b"\n'), visits)
    assert error.what == "Le séparateur du fichier n’est pas celui du codebook."
    assert error.expected == "le point-virgule"
    assert name in str(error.got)
    assert f"« separator: {hint} »" in str(error.hint)


def test_read_delimited_single_column_may_hold_a_comma(deliver: Deliver, make_book: Books) -> None:
    book = make_book(name={"type": "text", "column": "Nom, prénom"})
    frame = read_delimited(deliver("Nom, prénom\nLe Goff, Anne\n"), book, "v.csv")[0]
    assert frame.to_dict("list") == {"Nom, prénom": ["Le Goff, Anne"]}


def test_read_delimited_tab_can_be_declared(deliver: Deliver, make_book: Books) -> None:
    book = make_book({"separator": "\t"}, a={"type": "text"}, b={"type": "text"})
    assert read_delimited(deliver("a\tb\n1\t2\n"), book, "v.csv")[0].to_dict("list") == {"a": ["1"], "b": ["2"]}
