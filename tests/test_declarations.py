"""A mistake in a declared file is one message: file, line, expected, got, nearest known name."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field, ValidationError

from etabli.declarations import Declaration, read_declaration, unfilled
from etabli.errors import DeclarationError

SHOWN = "studies/x/study.yml"


class Contact(Declaration):
    name: str
    email: str | None = None


class Row(Declaration):
    label: str
    people: int = Field(default=1, ge=1)


class Thing(Declaration):
    title: str
    status: Literal["draft", "final"] = "draft"
    contact: Contact | None = None
    rows: tuple[Row, ...] = ()
    named: dict[str, Row] = Field(default_factory=dict)
    weight: float = 1
    shown: bool = True
    day: date | None = None


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "study.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def refused(folder: Path, text: str | bytes) -> DeclarationError:
    with pytest.raises(DeclarationError) as caught:
        read_declaration(write(folder, text), Thing, shown=SHOWN)
    return caught.value


GOOD = """title: " Une étude "
status: final
contact: {name: Ana}
rows:
  - label: a
named:
  1: {label: b, people: 3}
weight: 0.5
shown: false
day: 2024-10-01
"""


def test_declaration_is_read_with_its_types(tmp_path: Path) -> None:
    thing = read_declaration(write(tmp_path, GOOD), Thing)
    assert thing.title == "Une étude"
    assert (thing.contact, thing.rows) == (Contact(name="Ana"), (Row(label="a"),))
    assert thing.named == {"1": Row(label="b", people=3)}
    assert (thing.weight, thing.shown, thing.day) == (0.5, False, date(2024, 10, 1))


def test_declaration_is_frozen(tmp_path: Path) -> None:
    thing = read_declaration(write(tmp_path, GOOD), Thing)
    with pytest.raises(ValidationError, match="frozen"):
        thing.title = "autre"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "key", "line", "hint"),
    [
        ("title: a\ntitel: b\n", "titel", 2, "vouliez-vous dire « title » ?"),
        ("title: a\nzz: b\n", "zz", 2, "noms connus : title, status, contact, rows, named, weight, shown, day"),
        ("title: a\ncontact:\n  name: x\n  emial: y\n", "contact.emial", 4, "vouliez-vous dire « email » ?"),
        ("title: a\nrows:\n  - label: x\n    peple: 2\n", "rows.0.peple", 4, "vouliez-vous dire « people » ?"),
        ("title: a\nnamed:\n  one: {lable: x, label: x}\n", "named.one.lable", 3, "vouliez-vous dire « label » ?"),
    ],
)
def test_unknown_key_names_its_neighbour(text: str, key: str, line: int, hint: str, tmp_path: Path) -> None:
    error = refused(tmp_path, text)
    assert error.what == f"Clé inconnue : « {key} »."
    assert (error.where, error.got, error.hint) == (f"{SHOWN}, ligne {line}", None, hint)


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("status: draft\n", "title", 1),
        ("title: a\ncontact:\n  email: y\n", "contact.name", 2),
        ("title: a\nrows:\n  - label: x\n  - people: 3\n", "rows.1.label", 4),
    ],
)
def test_missing_key_is_named_where_it_should_stand(text: str, key: str, line: int, tmp_path: Path) -> None:
    error = refused(tmp_path, text)
    assert (error.what, error.where) == (f"La clé « {key} » manque.", f"{SHOWN}, ligne {line}")


TEXT = "un texte (entre guillemets si ce sont des chiffres)"


@pytest.mark.parametrize(
    ("text", "key", "expected", "got"),
    [
        ("title: 12\n", "title", TEXT, "12"),
        ("title:\n", "title", TEXT, "rien"),
        ("weight: lourd\ntitle: a\n", "weight", "un nombre", "« lourd »"),
        ("shown: peut-être\ntitle: a\n", "shown", "true ou false", "« peut-être »"),
        ("rows: {label: x}\ntitle: a\n", "rows", "une liste", "{'label': 'x'}"),
        ("contact: Ana\ntitle: a\n", "contact", "des clés et des valeurs", "« Ana »"),
        ("named: [x]\ntitle: a\n", "named", "des clés et des valeurs", "['x']"),
        ("status: done\ntitle: a\n", "status", "« draft » ou « final »", "« done »"),
        ("day: octobre\ntitle: a\n", "day", "une date (2024-10-01)", "« octobre »"),
        ("rows: [{label: x, people: 1.5}]\ntitle: a\n", "rows.0.people", "un nombre entier", "1.5"),
        ("rows: [{label: x, people: 0}]\ntitle: a\n", "rows.0.people", "un nombre plus grand", "0"),
    ],
)
def test_value_of_the_wrong_kind_is_refused(text: str, key: str, expected: str, got: str, tmp_path: Path) -> None:
    error = refused(tmp_path, text)
    assert (error.what, error.where) == (f"Valeur refusée pour « {key} ».", f"{SHOWN}, ligne 1")
    assert (error.expected, error.got) == (expected, got)


def test_number_at_its_bound_is_taken(tmp_path: Path) -> None:
    thing = read_declaration(write(tmp_path, "title: a\nrows: [{label: x, people: 1}]\n"), Thing)
    assert thing.rows == (Row(label="x", people=1),)


def test_date_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, "title: a\n# le 2024-12-31\nday: 2024-13-01\n")
    assert (error.what, error.where) == ("Une date n’existe pas.", f"{SHOWN}, ligne 3")


def test_first_of_several_mistakes_says_how_many_follow(tmp_path: Path) -> None:
    error = refused(tmp_path, "titel: a\nstatus: done\n")
    assert error.what == "Clé inconnue : « titel »."  # and not « title » manque: it is what that key is called here
    assert error.hint == "vouliez-vous dire « title » ? ; 2 autres erreurs dans ce fichier"


def test_key_written_twice_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, "title: a\nstatus: draft\ntitle: b\n")
    assert (error.what, error.where) == ("Une clé est écrite deux fois.", f"{SHOWN}, ligne 3")
    assert "« title »" in str(error.got)


@pytest.mark.parametrize(
    ("text", "line"),
    [("title: a\nrows: [x\nstatus: draft\n", 3), ("title: a\n\tstatus: draft\n", 2), ("title: 'a\n", 2)],
    ids=["bracket", "tab", "quote"],
)
def test_text_that_is_not_yaml_is_refused(text: str, line: int, tmp_path: Path) -> None:
    error = refused(tmp_path, text)
    assert error.what == f"{SHOWN} n’est pas du YAML valable."
    assert error.where == f"{SHOWN}, ligne {line}"


def test_control_character_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, b"title: a\x00b\n")
    assert error.what == f"{SHOWN} n’est pas du YAML valable."


def test_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, "title: été\n".encode("latin-1"))
    assert error.what == f"{SHOWN} n’est pas écrit en UTF-8."
    assert error.where == f"{SHOWN}, octet 7"


@pytest.mark.parametrize(
    ("text", "got"),
    [("", "rien"), ("# un commentaire\n", "rien"), ("- a\n- b\n", "['a', 'b']"), ("bonjour\n", "« bonjour »")],
    ids=["empty", "comment", "list", "text"],
)
def test_file_without_keys_is_refused(text: str, got: str, tmp_path: Path) -> None:
    error = refused(tmp_path, text)
    assert error.what == f"{SHOWN} ne déclare rien."
    assert (error.where, error.expected, error.got) == (SHOWN, "des clés et des valeurs", got)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"absent\.yml manque"):
        read_declaration(tmp_path / "absent.yml", Thing)


def test_long_value_is_cut(tmp_path: Path) -> None:
    error = refused(tmp_path, f"title: a\nweight: {'x' * 200}\n")
    assert len(str(error.got)) == 78
    assert str(error.got).endswith("…")


@pytest.mark.parametrize(
    "unsafe",
    ["!!python/object/apply:os.getcwd []", "!!python/name:os.system", "!!binary aGVsbG8=", "!!set {a, b}", "!x y"],
)
def test_yaml_runs_no_code_and_takes_no_tag(unsafe: str, tmp_path: Path) -> None:
    what = refused(tmp_path, f"title: {unsafe}\n").what
    assert what in {"Valeur refusée pour « title ».", f"{SHOWN} emploie une balise YAML (« ! »), que rien ici ne lit."}


TEN = ", ".join(["*{}"] * 10)
BOMB = "title: a\nnamed:\n  a: &a [x]\n" + "".join(
    f"  {name}: &{name} [{TEN.format(*[before] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [BOMB, "&t\ntitle: *t\n", "title: " + "[" * 5_000 + "]" * 5_000, "title: " + "[" * 60 + "]" * 60],
    ids=["aliases that multiply", "an alias of itself", "five thousand levels", "sixty levels"],
)
def test_declaration_larger_than_any_is_refused(text: str, tmp_path: Path) -> None:
    assert refused(tmp_path, text).what == f"{SHOWN} déclare plus qu’une étude ne peut."


def test_number_of_five_thousand_digits_is_not_told_as_a_date(tmp_path: Path) -> None:
    assert refused(tmp_path, f"weight: {'9' * 5_000}\n").what == f"Un nombre de {SHOWN} est trop long pour en être un."


def test_keys_left_to_fill_are_named() -> None:
    class Part(Declaration):
        source: str
        values: tuple[str, ...] = ()

    class Whole(Declaration):
        name: str
        part: Part

    told = Whole(name="À compléter", part=Part(source="à compléter : le texte", values=("x", "À COMPLÉTER")))
    assert unfilled(told) == ["name", "part.source", "part.values[2]"]
    assert unfilled(Whole(name="x", part=Part(source="reste à compléter"))) == []
