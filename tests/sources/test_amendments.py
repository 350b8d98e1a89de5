"""A partner's edition: renamed, recoded and absent columns are absorbed by the codebook, and misspelt ones told."""

from __future__ import annotations

from pathlib import Path

import pytest

from etabli.declarations import read_declaration
from etabli.errors import DeclarationError, DeliveryError
from etabli.sources.amendments import placed
from etabli.sources.checks import tidy
from etabli.sources.codebook import Codebook
from etabli.sources.readers import read

TEXT = """\
sources:
  visits:
    row: {one: visite, many: visites, gender: f}
    variables:
      channel:
        label: Canal
        type: code
        sensitivity: open
        column: CANAL
        codes: {desk: {label: Accueil, value: A}, phone: {label: Téléphone, value: T}}
      age: {label: Âge, type: integer, sensitivity: open, column: AGE, required: false}
    rules:
      - check: age >= 0
    editions:
      2025-T1:
        rename: {channel: MODE}
        recode: {channel: {GUICHET: desk}}
        absent: [age]
        format: {separator: ","}
"""


def book_of(tmp_path: Path, text: str = TEXT) -> Codebook:
    path = tmp_path / "codebook.yml"
    path.write_text(text, encoding="utf-8")
    return read_declaration(path, Codebook)


def test_edition_is_read_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "v.csv"
    path.write_text("MODE\nGUICHET\nT\n", encoding="utf-8")
    book = book_of(tmp_path).for_edition("2025-T1").sources["visits"]
    frame = tidy(read(path, book, shown="v.csv").frame, book, shown="v.csv")
    assert frame.astype(str).to_dict("list") == {"channel": ["desk", "phone"]}
    assert book.format.separator == ","
    assert book.rules == ()


def test_another_edition_is_read_as_the_codebook_says(tmp_path: Path) -> None:
    book = book_of(tmp_path)
    plain = book.for_edition("2024").sources["visits"]
    assert (plain.variables, plain.rules) == (book.sources["visits"].variables, book.sources["visits"].rules)


@pytest.mark.parametrize(
    ("was", "now", "line", "key", "expected"),
    [
        ("age >= 0", "agee >= 0", 13, "rules.0.check", "vouliez-vous dire « age »"),
        ("{channel: MODE}", "{chanel: MODE}", 16, "editions.2025-T1.rename", "vouliez-vous dire « channel »"),
        ("absent: [age]", "absent: [agee]", 18, "editions.2025-T1.absent", "vouliez-vous dire « age »"),
        ("GUICHET: desk", "GUICHET: des", 15, "editions.2025-T1", "vouliez-vous dire « desk »"),
        ('separator: ","', "separator: ab", 15, "editions.2025-T1", ""),
    ],
)  # fmt: skip
def test_mistake_names_file_line_key_and_the_nearest(
    tmp_path: Path, was: str, now: str, line: int, key: str, expected: str
) -> None:
    with pytest.raises(DeclarationError) as raised:
        book_of(tmp_path, TEXT.replace(was, now))
    assert raised.value.what == f"Valeur refusée pour « sources.visits.{key} »."
    assert raised.value.where == f"codebook.yml, ligne {line}"
    assert expected in (raised.value.expected or "")


@pytest.mark.parametrize(
    ("hint", "keys"),
    [
        ("déclarez « encoding: cp1252 » dans le codebook", "format: {…}"),
        (
            "corrigez « column » dans le codebook, ou redemandez le fichier",
            "rename: {variable: COLONNE} ou absent: […]",
        ),
    ],
)
def test_hint_names_the_edition_that_alone_differs(hint: str, keys: str) -> None:
    told = placed(DeliveryError("x", hint=hint), "2026-T2")
    assert told.hint == (
        f"{hint} ; si les autres éditions ne sont pas ainsi, écrivez-le dans codebook.yml sous cette source, "
        f'« editions: {{"2026-T2": {{{keys}}}}} »'
    )
    assert placed(DeliveryError("x", hint=hint), None).hint == hint
    assert placed(DeliveryError("x", hint="redemandez le fichier"), "2026-T2").hint == "redemandez le fichier"
