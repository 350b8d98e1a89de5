from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from etabli.project import Project
from etabli.runs.code import ABSENT, closure
from etabli.runs.fingerprint import Fingerprint, Survey, differing, fingerprint, modules_of, with_modules
from etabli.study import read_study

MODULES = ("etabli.methods.profiles", "etabli.disclosure.protect")


def taken(project: Project, **asked: object) -> Fingerprint:
    study = read_study(project, "essai")
    return fingerprint(project, study, study.plan(asked), modules=MODULES)


def append(path: Path, text: str = "\n# autre\n") -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_fingerprint_names_all_that_a_run_depends_on(small_project: Project) -> None:
    parts = list(taken(small_project))
    assert [part for part in parts if not part.startswith("lib/")] == [
        "agreement/essai-data",
        "codebook",
        "lock",
        "notebook",
        "parameters",
        "recipients",
        "source/records",
        "study",
    ]
    assert {"lib/etabli.methods.profiles", "lib/etabli.present.report", "lib/etabli.publish.export"} <= set(parts)
    assert "lib/etabli.methods.audit" not in parts  # another study's


def test_fingerprint_is_the_same_twice(small_project: Project) -> None:
    assert taken(small_project) == taken(small_project)


def replace(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


CHANGES: dict[str, Callable[[Project], object]] = {
    "notebook": lambda p: append(p.notebooks / "essai.ipynb", " "),
    "study": lambda p: replace(p.studies / "essai" / "study.yml", "Une étude d’essai", "Un essai"),
    "codebook": lambda p: append(p.studies / "essai" / "codebook.yml"),
    "agreement/essai-data": lambda p: append(p.agreements / "essai-data.yml"),
    "lock": lambda p: p.lock.write_text("pandas==3.0", encoding="utf-8"),
    "source/records": lambda p: (p.demo("essai", "2024") / "records.csv").unlink(),
}


@pytest.mark.parametrize("part", CHANGES)
def test_change_shows_in_its_own_part_only(part: str, small_project: Project) -> None:
    before = taken(small_project)
    CHANGES[part](small_project)
    assert differing(before, taken(small_project)) == [part]


def test_ground_of_maps_is_a_part_of_a_run_that_draws_one(small_project: Project) -> None:
    ground = small_project.grounds / "ville.yml"
    ground.parent.mkdir(parents=True)
    ground.write_text("title: a", encoding="utf-8")
    assert "ground/ville" not in taken(small_project)
    replace(small_project.notebooks / "essai.ipynb", "report.finish()", 'report.map(answers)\\n",\n "report.finish()')
    before = taken(small_project)
    append(ground)
    assert differing(before, taken(small_project)) == ["ground/ville"]


def test_delivery_of_other_bytes_is_a_difference(small_project: Project) -> None:
    before = taken(small_project)
    folder = small_project.demo("essai", "2024")
    (folder / "deliveries.json").unlink()  # a receipt would refuse the new bytes
    append(folder / "records.csv", "9999;1;O\n")
    assert differing(before, taken(small_project)) == ["source/records"]


def test_delivery_that_its_receipt_refuses_is_absent(small_project: Project) -> None:
    append(small_project.demo("essai", "2024") / "records.csv", "9999;1;O\n")
    assert taken(small_project)["source/records"] == ABSENT


NO_CHANGES: dict[str, tuple[str, str]] = {
    "a comment": ("title:", "# a comment\ntitle:"),
    "another edition": ("editions:", "editions:\n  '2025': {label: '2025', deliveries: demo}"),
    "a limit of time": ("notebook:", "time_limit_minutes: 3\nnotebook:"),
    "a run that is no longer declared": ("  - parameters: {audience: funder}\n    default: true\n", ""),
}


@pytest.mark.parametrize("case", NO_CHANGES)
def test_what_does_not_concern_a_run_does_not_change_it(case: str, small_project: Project) -> None:
    before = taken(small_project)
    replace(small_project.studies / "essai" / "study.yml", *NO_CHANGES[case])
    assert differing(before, taken(small_project)) == []


def test_own_edition_concerns_a_run(small_project: Project) -> None:
    before = taken(small_project)
    replace(small_project.studies / "essai" / "study.yml", 'label: "2024"', "label: An 2024")
    assert differing(before, taken(small_project)) == ["study"]


def test_survey_is_looked_at_once_for_an_edition(small_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    study, survey = read_study(small_project, "essai"), Survey()
    first = fingerprint(small_project, study, study.plan(), survey=survey)
    (small_project.notebooks / "essai.ipynb").unlink()  # nobody looks again
    second = fingerprint(small_project, study, study.plan({"audience": "funder"}), survey=survey)
    assert differing(first, second) == ["parameters", "recipients"]
    assert list(survey.editions) == [("essai", "2024")]


def test_modules_that_the_notebook_had_imported_are_added_with_all_they_reach() -> None:
    found = with_modules({"lock": "1"}, ["etabli.methods.audit"])
    assert set(modules_of(found)) == set(closure(["etabli.methods.audit"]))
    assert with_modules(found, ["etabli.methods.audit"]) == found


def test_parameters_are_a_part(small_project: Project) -> None:
    assert differing(taken(small_project), taken(small_project, group="first")) == ["parameters"]
    assert differing(taken(small_project), taken(small_project, audience="funder")) == ["parameters", "recipients"]


BODIES = """
coalitions: {pilotage: Pilotage}
recipients:
  caf: {name: CAF, audience: funder, coalitions: [pilotage]}
  ville: {name: Ville, audience: funder}
  esc: {name: ESC, audience: partner}
"""


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        (("name: Ville, audience: funder", "name: Ville, audience: funder, coalitions: [pilotage]"), True),
        (("esc: {name: ESC,", "esc: {name: Espaces,"), False),
        (("name: ESC, audience: partner", "name: ESC, audience: public"), True),
    ],
)
def test_run_depends_on_those_who_will_hold_its_report(
    change: tuple[str, str], differs: bool, small_project: Project
) -> None:
    path = small_project.studies / "recipients.yml"
    path.write_text(BODIES, encoding="utf-8")
    before = taken(small_project, audience="funder", recipient="caf")
    path.write_text(BODIES.replace(*change), encoding="utf-8")
    after = taken(small_project, audience="funder", recipient="caf")
    assert differing(before, after) == (["recipients"] if differs else [])


def test_module_that_is_gone_is_absent(small_project: Project) -> None:
    study = read_study(small_project, "essai")
    found = fingerprint(small_project, study, study.plan(), modules=["etabli.gone"])
    assert found["lib/etabli.gone"] == ABSENT


def test_differing_parts_are_those_of_both_sides() -> None:
    assert differing({"a": "1", "b": "2"}, {"b": "3", "c": "4"}) == ["a", "b", "c"]
    assert differing({"a": ABSENT}, {}) == []
