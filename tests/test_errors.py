from __future__ import annotations

import pickle
from collections.abc import Iterator

import pytest

from etabli import errors
from etabli.errors import DeliveryError, EtabliError, nearest, suggestion


def _kinds(kind: type[EtabliError]) -> Iterator[type[EtabliError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


def test_error_says_its_details_in_reading_order() -> None:
    error = EtabliError("Il manque.", hint="déposez-le", got="rien", expected="un fichier", where="data")
    assert str(error) == "Il manque.\n  où : data\n  attendu : un fichier\n  reçu : rien\n  conseil : déposez-le"


def test_error_leaves_out_what_it_does_not_know() -> None:
    assert str(EtabliError("Il manque.", where="")) == "Il manque."
    assert EtabliError("Il manque.", got="rien").details == [("reçu", "rien")]


@pytest.mark.parametrize("kind", list(dict.fromkeys(_kinds(EtabliError))))
def test_error_survives_the_way_between_processes(kind: type[EtabliError]) -> None:
    error = kind("Il manque.", where="ici", expected="un", got="deux", hint="voyez")
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is kind
    assert str(back) == str(error)


def test_ipython_shows_the_message_without_traceback() -> None:
    assert DeliveryError("Il manque.", where="ici")._render_traceback_() == ["DeliveryError: Il manque.\n  où : ici"]


def test_every_exception_of_the_module_has_the_one_base() -> None:
    own = [each for each in vars(errors).values() if isinstance(each, type) and each.__module__ == errors.__name__]
    assert own
    assert all(issubclass(each, EtabliError) for each in own)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("audiance", "audience"),
        ("Édition", "edition"),
        ("EDITION", "edition"),
        ("editions", "edition"),
        ("xyz", None),
        ("", None),
        (2024, "2024"),
    ],
)
def test_nearest_name(name: object, expected: str | None) -> None:
    assert nearest(name, ["edition", "audience", 2024]) == expected


def test_nearest_of_nothing_is_nothing() -> None:
    assert nearest("audience", []) is None


def test_nearest_keeps_the_known_name_as_written() -> None:
    assert nearest("dematerialise", ["Dématérialisé"]) == "Dématérialisé"


def test_nearest_of_names_that_fold_alike_is_the_first() -> None:
    assert nearest("âge", ["Age", "âge"]) == "Age"


def test_suggestion_lists_the_names_when_none_is_close() -> None:
    assert suggestion("xyz", ["edition", "audience"]) == "noms connus : edition, audience"
    assert suggestion("xyz", []) == "aucun nom n’est connu ici"
    assert suggestion("audiance", iter(["edition", "audience"])) == "vouliez-vous dire « audience » ?"


@pytest.mark.parametrize(
    ("name", "known", "found"),
    [("Libelle", ["Libellé"], "Libellé"), ("été", [], None), ("«»", ["a", "«»"], "«»")],
)
def test_nearest_passes_over_accents(name: str, known: list[str], found: str | None) -> None:
    assert nearest(name, known) == found
