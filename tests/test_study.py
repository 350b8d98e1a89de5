"""A study is read whole or not at all; a run gets typed parameters and a folder that any system can hold."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from ruamel.yaml import YAML

from etabli.errors import DeclarationError, ParameterError, ProjectError
from etabli.project import Project
from etabli.sources.deliveries import RECEIPT
from etabli.sources.dummy import TRUTH
from etabli.study import AUDIENCES, Parameter, Study, is_slug, json_schema, read_study

DECLARED: dict[str, Any] = {
    "title": "Une étude",
    "commissioner": "La CAF",
    "contact": {"name": "Le pôle"},
    "questions": [{"id": "a", "text": "Qui vient ?"}],
    "notebook": "essai.ipynb",
    "parameters": {
        "channel": {"type": "choice", "default": "all", "help": "canal", "choices": ["all", "walk_in"]},
        "year": {"type": "integer", "default": 2024, "help": "année", "minimum": 2020, "maximum": 2030},
        "rate": {"type": "number", "default": 0.5, "help": "taux", "minimum": 0, "maximum": 1},
        "note": {"type": "text", "default": "rien", "help": "note"},
        "demo": {"type": "boolean", "default": False, "help": "fictif"},
    },
    "sources": {"visits": {"file": "v.csv", "agreement": "caf", "description": "Fichier"}},
    "editions": {"2023": {"label": "2023", "deliveries": "raw"}, "2024": {"label": "2024", "deliveries": "demo"}},
    "audiences": ["internal", "funder"],
    "runs": [{"parameters": {"audience": "internal"}, "default": True}],
}
SHOWN = "studies/essai/study.yml"


def declare(project: Project, slug: str = "essai", **changes: Any) -> Path:
    """Write a study; `a__b=` changes the key b under a, None takes a key away."""
    tree = copy.deepcopy(DECLARED)
    for name, value in changes.items():
        *above, last = name.split("__")
        node = tree
        for key in above:
            node = node[key]
        if value is None:
            del node[last]
        else:
            node[last] = value
    path = project.studies / slug / "study.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(tree, file)
    return path


def line_of(project: Project, key: str) -> int:
    lines = (project.studies / "essai" / "study.yml").read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if line.strip(" '\":") == key)


def declared(project: Project, **changes: Any) -> Study:
    declare(project, **changes)
    return read_study(project, "essai")


def refused(project: Project, **changes: Any) -> DeclarationError:
    with pytest.raises(DeclarationError) as caught:
        declared(project, **changes)
    return caught.value


# The declaration ---------------------------------------------------------------------------------


def test_study_is_read_under_its_folders_name(empty_project: Project) -> None:
    study = declared(empty_project)
    assert (study.slug, study.title, study.status) == ("essai", "Une étude", "draft")
    assert study.latest_edition == "2024"
    assert list(study.parameters) == ["channel", "year", "rate", "note", "demo"]


def test_study_is_frozen(empty_project: Project) -> None:
    study = declared(empty_project)
    with pytest.raises(ValidationError, match="frozen"):
        study.title = "autre"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        study.parameters["year"].default = 1999  # type: ignore[misc]


def test_unknown_study_is_told(empty_project: Project) -> None:
    declare(empty_project)
    with pytest.raises(ProjectError) as caught:
        read_study(empty_project, "esai")
    assert caught.value.hint == "vouliez-vous dire « essai » ?"


@pytest.mark.parametrize("slug", ["Essai", "2024-x", "a_b", "a--b", "-a", "a-", "été", "a b", ""])
def test_name_that_is_no_slug(slug: str) -> None:
    assert not is_slug(slug)


@pytest.mark.parametrize("slug", ["a", "caf-flows", "a1-2b", "lien-social\n"[:-1]])
def test_name_that_is_a_slug(slug: str) -> None:
    assert is_slug(slug)


def test_folder_that_is_no_slug_is_refused(empty_project: Project) -> None:
    declare(empty_project, "Mon_Essai")
    with pytest.raises(DeclarationError) as caught:
        read_study(empty_project, "Mon_Essai")
    assert (caught.value.where, caught.value.got) == ("studies/Mon_Essai/study.yml", "Mon_Essai")


@pytest.mark.parametrize(
    ("changes", "what", "expected"),
    [
        ({"title": None}, "La clé « title » manque.", None),
        ({"contact__email": ""}, "Valeur refusée pour « contact.email ».", "un texte qui n’est pas vide"),
        ({"questions": []}, "Valeur refusée pour « questions ».", "au moins un élément"),
        ({"notebook": "../x.ipynb"}, "Valeur refusée pour « notebook ».", "un texte de la forme prévue"),
        ({"time_limit_minutes": 0}, "Valeur refusée pour « time_limit_minutes ».", "un nombre plus grand"),
        ({"sources__visits__agreement": "CAF 35"}, "Valeur refusée pour « sources.visits.agreement ».", None),
        ({"sources__visits__file": "../v.csv"}, "Valeur refusée pour « sources.visits ».", "un nom de fichier sans"),
        ({"sources__visits__file": "a\\v.csv"}, "Valeur refusée pour « sources.visits ».", "un nom de fichier sans"),
        (
            {"editions__2024__deliveries": "web"},
            "Valeur refusée pour « editions.2024.deliveries ».",
            "« demo », « raw »",
        ),
        ({"parameters__channel__choices": None}, "Valeur refusée pour « parameters.channel ».", "« choices »"),
        ({"parameters__year__default": 2019}, "Valeur refusée pour « parameters.year ».", "au moins 2020"),
        ({"parameters__year__default": 2031}, "Valeur refusée pour « parameters.year ».", "au plus 2030"),
        ({"parameters__channel__default": "rdv"}, "Valeur refusée pour « parameters.channel ».", "l’un de : all, walk"),
        ({"parameters__channel__labels": {"x": "X"}}, "Valeur refusée pour « parameters.channel ».", "en trop : x"),
        ({"parameters__edition": DECLARED["parameters"]["note"]}, "Déclaration incohérente.", "autres que edition"),
    ],
)
def test_declaration_that_does_not_hold(
    changes: dict[str, Any], what: str, expected: str | None, empty_project: Project
) -> None:
    error = refused(empty_project, **changes)
    assert error.what == what
    assert str(error.where).startswith(SHOWN)
    assert (expected or "") in (error.expected or "")


def test_audience_that_does_not_exist_is_refused(empty_project: Project) -> None:
    error = refused(empty_project, audiences=["internal", "press"])
    assert (error.what, error.got) == ("Valeur refusée pour « audiences.1 ».", "« press »")


def test_questions_with_one_name_are_refused(empty_project: Project) -> None:
    error = refused(empty_project, questions=[{"id": "a", "text": "x"}, {"id": "a", "text": "y"}])
    assert error.expected == "des questions aux identifiants tous différents"


@pytest.mark.parametrize("name", ["../../hors", "a/b", "a..b", ".cache", "été", "x" * 41, "a b", "a-", "a\\b"])
def test_edition_that_is_no_folder_name_is_refused(name: str, empty_project: Project) -> None:
    error = refused(empty_project, editions={name: {"label": "x", "deliveries": "demo"}})
    assert error.what == f"Valeur refusée pour « editions.{name} »."
    assert str(error.expected).startswith("un nom d’édition en lettres sans accent")
    assert error.where == f"{SHOWN}, ligne {line_of(empty_project, name)}"


@pytest.mark.parametrize("file", ["..", ".", "../v.csv", "a/v.csv", "a\\v.csv", "v\0.csv", "c:v.csv", "v?.csv"])
def test_file_that_is_no_plain_name_is_refused(file: str, empty_project: Project) -> None:
    error = refused(empty_project, sources__visits__file=file)
    assert error.expected == "un nom de fichier sans dossier (le dossier vient de l’édition)"


@pytest.mark.parametrize("file", [RECEIPT, TRUTH, "Deliveries.JSON"])
def test_file_that_the_house_writes_is_refused(file: str, empty_project: Project) -> None:
    assert "que l’outil écrit lui-même" in str(refused(empty_project, sources__visits__file=file).expected)


def test_matrix_of_millions_of_runs_is_refused(empty_project: Project) -> None:
    names = ["year", "rate", "note", "channel"]
    error = refused(empty_project, runs=[{"matrix": {name: list(range(100)) for name in names}, "default": True}])
    assert error.expected == "une matrice d’au plus 1000 passages"


@pytest.mark.parametrize("minutes", [0, -1, 1441, float("inf"), float("nan")])
def test_time_limit_out_of_bounds_is_refused(minutes: float, empty_project: Project) -> None:
    assert refused(empty_project, time_limit_minutes=minutes).what == "Valeur refusée pour « time_limit_minutes »."


def test_edition_that_ends_before_it_starts_is_refused(empty_project: Project) -> None:
    one_day = {"label": "x", "deliveries": "raw", "start": "2024-10-01", "end": "2024-10-01"}
    assert declared(empty_project, editions={"2024": one_day}).editions["2024"].start is not None
    error = refused(empty_project, editions={"2024": {**one_day, "end": "2024-09-30"}})
    assert error.expected == "une fin qui ne précède pas le début"


# Parameters of a run -----------------------------------------------------------------------------


def test_run_without_wishes_takes_the_defaults(empty_project: Project) -> None:
    own = {"channel": "all", "year": 2024, "rate": 0.5, "note": "rien", "demo": False}
    settled = declared(empty_project).settle({})
    assert settled == {"edition": "2024", "audience": "internal", "recipient": "", **own}
    assert list(settled) == ["edition", "audience", "recipient", *own]


@pytest.mark.parametrize(
    ("name", "asked", "expected"),
    [
        ("year", "2022", 2022),
        ("year", " 2022 ", 2022),
        ("rate", "0,25", 0.25),
        ("rate", "1", 1.0),
        ("rate", 1, 1.0),
        ("note", "2022", "2022"),
        ("note", "", ""),
        ("demo", "oui", True),
        ("demo", "Non", False),
        ("demo", "TRUE", True),
        ("channel", "walk_in", "walk_in"),
    ],
)
def test_text_is_taken_in_the_parameters_type(
    name: str, asked: object, expected: object, empty_project: Project
) -> None:
    settled = declared(empty_project).settle({name: asked})
    assert settled[name] == expected
    assert type(settled[name]) is type(expected)


def test_choice_of_numbers_is_found_by_its_text() -> None:
    parameter = Parameter(type="choice", default=1, help="x", choices=(1, 2))
    assert parameter.typed("2") == 2


@pytest.mark.parametrize(
    ("name", "asked", "expected"),
    [
        ("year", "2022.5", "un nombre entier"),
        ("year", 2022.5, "un nombre entier"),
        ("year", True, "un nombre entier"),
        ("year", 2019, "au moins 2020"),
        ("year", 2031, "au plus 2030"),
        ("year", None, "un nombre entier"),
        ("rate", "beaucoup", "un nombre"),
        ("rate", "nan", "un nombre"),
        ("rate", "1.01", "au plus 1"),
        ("note", 3, "un texte"),
        ("demo", "peut-être", "true ou false"),
        ("demo", 1, "true ou false"),
        ("channel", "rdv", "l’un de : all, walk_in"),
        ("edition", "2022", "l’un de : 2023, 2024"),
        ("audience", "public", "l’un de : internal, funder"),
    ],
)
def test_value_that_does_not_do_is_refused(name: str, asked: object, expected: str, empty_project: Project) -> None:
    with pytest.raises(ParameterError) as caught:
        declared(empty_project).settle({name: asked})
    assert caught.value.what == f"Valeur refusée pour le paramètre « {name} » de l’étude « essai »."
    assert (caught.value.expected, caught.value.got) == (expected, f"« {asked} »")


@pytest.mark.parametrize("year", [2020, 2030])
def test_value_at_its_bound_is_taken(year: int, empty_project: Project) -> None:
    assert declared(empty_project).settle({"year": year})["year"] == year


def test_unknown_parameter_names_its_neighbour(empty_project: Project) -> None:
    with pytest.raises(ParameterError) as caught:
        declared(empty_project).settle({"audiance": "funder"})
    assert caught.value.hint == "vouliez-vous dire « audience » ?"
    assert caught.value.expected == "edition, audience, recipient, channel, year, rate, note, demo"


def test_recipient_stands_in_the_name_of_its_run(empty_project: Project) -> None:
    study = declared(empty_project)
    assert study.plan({"audience": "funder", "recipient": "caf-35"}).name == "2024_funder-caf-35"
    assert study.plan({"audience": "funder", "recipient": "caf-35"}).recipient == "caf-35"
    assert study.plan({"audience": "funder", "note": "caf-35"}).name != "2024_funder-caf-35"


@pytest.mark.parametrize("asked", [{"recipient": "caf-35"}, {"audience": "funder", "recipient": "CAF 35"}])
def test_recipient_of_no_audience_or_no_name_is_refused(asked: dict[str, str], empty_project: Project) -> None:
    with pytest.raises(ParameterError, match="« recipient »"):
        declared(empty_project).plan(asked)


def test_edition_keeps_the_people_of_a_declared_one(empty_project: Project) -> None:
    editions = {
        "2023": {"label": "2023", "deliveries": "raw"},
        "2024": {"label": "2024", "deliveries": "demo", "keeps": "2023"},
    }
    assert declared(empty_project, editions=editions).editions["2024"].keeps == "2023"
    editions["2024"]["keeps"] = "2032"
    with pytest.raises(DeclarationError, match="« keeps »"):
        declared(empty_project, editions=editions)


def test_label_of_a_choice(empty_project: Project) -> None:
    study = declared(empty_project, parameters__channel__labels={"walk_in": "Tout venant"})
    channel = study.parameters["channel"]
    assert (channel.label("walk_in"), channel.label("all")) == ("Tout venant", "all")


# Runs and their names ----------------------------------------------------------------------------


def test_run_is_named_by_what_differs_from_the_defaults(empty_project: Project) -> None:
    study = declared(empty_project)
    assert study.plan().name == "2024_internal"
    assert study.plan({"audience": "funder", "channel": "walk_in"}).name == "2024_funder_channel-walk_in"
    assert study.plan({"year": "2022", "edition": "2023"}).name == "2023_internal_year-2022"
    assert str(study.plan()) == "essai/2024_internal"


def test_planned_run_says_its_parameters(empty_project: Project) -> None:
    plan = declared(empty_project).plan({"year": "2022"})
    assert (plan.edition, plan.audience, plan.parameters["year"]) == ("2024", "internal", 2022)


TEXTS = st.text(st.characters(codec="utf-8"), max_size=150)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(TEXTS, TEXTS)
def test_run_names_are_file_safe_and_tell_runs_apart(one: str, other: str) -> None:
    study = Study(slug="essai", **DECLARED)
    first, second = study.plan({"note": one}).name, study.plan({"note": other}).name
    assert re.fullmatch(r"[A-Za-z0-9._~-]{1,120}", first)
    assert not first.endswith((".", " "))
    assert (first.casefold() == second.casefold()) == (one == other)


@pytest.mark.parametrize(
    "pair", [("été", "ete"), ("a/b", "a-b"), ("A", "a"), ("rien ", "rien"), ("x" * 200, "x" * 201)]
)
def test_values_that_lose_letters_keep_their_own_folders(pair: tuple[str, str], empty_project: Project) -> None:
    study = declared(empty_project)
    names = [study.plan({"note": note}).name for note in pair]
    assert names[0].casefold() != names[1].casefold()  # Windows and macOS do not tell capitals apart


def test_matrix_makes_every_combination(empty_project: Project) -> None:
    runs = [
        {"parameters": {"audience": "internal"}, "default": True},
        {"parameters": {"audience": "funder"}, "matrix": {"year": [2022, 2023], "channel": ["all", "walk_in"]}},
    ]
    plans = declared(empty_project, runs=runs).planned_runs()
    found = [(plan.audience, plan.parameters["year"], plan.parameters["channel"]) for plan in plans]
    assert found == [
        ("internal", 2024, "all"),
        ("funder", 2022, "all"),
        ("funder", 2022, "walk_in"),
        ("funder", 2023, "all"),
        ("funder", 2023, "walk_in"),
    ]
    assert len({plan.name for plan in plans}) == len(plans)


def test_run_declared_twice_is_planned_once(empty_project: Project) -> None:
    runs = [{"parameters": {}, "default": True}, {"parameters": {"audience": "internal", "year": 2024}}]
    assert [plan.name for plan in declared(empty_project, runs=runs).planned_runs()] == ["2024_internal"]


@pytest.mark.parametrize(("years", "holds"), [([2020, 2021, 2022], True), ([2020, 2021, 2022, 2023], False)])
def test_default_runs_are_three_at_most(years: list[int], holds: bool, empty_project: Project) -> None:
    runs = [{"matrix": {"year": years}, "default": True}]
    if holds:
        assert len(declared(empty_project, runs=runs).planned_runs(default_only=True)) == 3
    else:
        error = refused(empty_project, runs=runs)
        assert (error.expected, error.got) == ("de 1 à 3 passages marqués « default: true »", "4")


def test_study_without_default_run_is_refused(empty_project: Project) -> None:
    assert refused(empty_project, runs=[{"parameters": {}}]).got == "0"


def test_declared_run_that_does_not_hold_is_refused(empty_project: Project) -> None:
    error = refused(empty_project, runs=[{"parameters": {"audiance": "funder"}, "default": True}])
    assert error.what.startswith("Un passage déclaré sous « runs » ne tient pas")
    assert (error.where, error.hint) == (SHOWN, "vouliez-vous dire « audience » ?")


def test_schema_knows_the_keys_of_the_declaration() -> None:
    schema = json_schema()
    assert set(DECLARED) <= set(schema["properties"])
    assert "slug" not in schema["properties"]
    assert schema["additionalProperties"] is False


def test_audiences_are_those_of_the_house() -> None:
    assert AUDIENCES == ("internal", "partner", "funder", "public")
