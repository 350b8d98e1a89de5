from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from etabli.project import Project
from etabli.runs.fingerprint import Survey, fingerprint
from etabli.runs.forecast import Forecast, forecast, size_of
from etabli.runs.manifest import FILE, Manifest
from etabli.runs.standing import Standing, in_words, standing
from etabli.study import PlannedRun, Study, read_study


def make(
    project: Project, study: Study, plan: PlannedRun, *, seconds: float = 2.0, modules: tuple[str, ...] = ()
) -> None:
    """Put a report of one file in the place of a run's."""
    folder = project.reports / plan.slug / plan.name
    folder.mkdir(parents=True)
    (folder / "report.html").write_text("x" * 1000, encoding="utf-8")
    manifest = Manifest(
        study=plan.slug, title="", run=plan.name, parameters=plan.parameters, edition_label="", status="draft",
        choices={}, sources=[], commit=None, dirty=None, versions={}, started="2026-11-25T12:00:00+00:00",
        seconds=seconds, fingerprint=fingerprint(project, study, plan, modules=modules), outputs={"report.html": "…"},
    )  # fmt: skip
    (folder / FILE).write_text(manifest.to_json(), encoding="utf-8")


def stands(project: Project, study: Study, plan: PlannedRun) -> Standing:
    return standing(project, read_study(project, study.slug), plan, Survey())


def test_run_without_report_is_to_be_made(small_project: Project, small_study: Study) -> None:
    found = stands(small_project, small_study, small_study.plan())
    assert found.manifest is None
    assert not found.is_current


def test_report_is_current_until_something_changes(small_project: Project, small_study: Study) -> None:
    plan = small_study.plan()
    make(small_project, small_study, plan, modules=("etabli.methods.audit",))
    found = stands(small_project, small_study, plan)
    assert found.is_current
    assert found.moment == datetime(2026, 11, 25, 12, tzinfo=UTC)
    with (small_project.studies / "essai" / "codebook.yml").open("a", encoding="utf-8") as book:
        book.write("# autre\n")
    assert stands(small_project, small_study, plan).drifted == ("codebook",)
    assert not stands(small_project, small_study, plan).is_current


def test_report_that_lost_a_file_is_to_be_made_again(small_project: Project, small_study: Study) -> None:
    plan = small_study.plan()
    make(small_project, small_study, plan)
    (small_project.reports / "essai" / plan.name / "report.html").unlink()
    found = stands(small_project, small_study, plan)
    assert found.missing == ("report.html",)
    assert not found.is_current


def test_manifest_that_cannot_be_read_is_no_report(small_project: Project, small_study: Study) -> None:
    plan = small_study.plan()
    make(small_project, small_study, plan)
    (small_project.reports / "essai" / plan.name / FILE).write_text("{", encoding="utf-8")
    assert stands(small_project, small_study, plan).manifest is None


@pytest.mark.parametrize(
    "part", ["agreement/a", "source/b", "lib/etabli.methods.odds", "notebook", "parameters", "lock"]
)
def test_parts_have_words(part: str) -> None:
    assert in_words(part) != part


def test_part_of_another_version_is_named_as_it_is() -> None:
    assert in_words("ledger/entry") == "ledger/entry"


def made(name: str, seconds: float | None) -> Standing:
    plan = PlannedRun("essai", (("edition", "2024"), ("audience", "internal")), name)
    found = standing_of(plan)
    if seconds is None:
        return found
    empty = Manifest("essai", "", name, {}, "", "draft", {}, [], None, None, {}, "", seconds, {}, {})
    return replace(found, manifest=empty)


def standing_of(plan: PlannedRun) -> Standing:
    from pathlib import Path

    return Standing(plan, Path("nowhere"), None)


def test_forecast_takes_unknown_runs_for_the_average(empty_project: Project) -> None:
    known = [made("a", 10.0), made("b", 20.0)]
    found = forecast(empty_project, [*known, made("c", None)], [known[1], made("c", None)])
    assert found.seconds == (20.0, 15.0)
    assert found.unknown == 1
    assert found.by_run([known[1], made("c", None)]) == {"essai/b": 20.0, "essai/c": 15.0}


def test_forecast_of_what_was_never_made_is_unknown(empty_project: Project) -> None:
    found = forecast(empty_project, [made("a", None)], [made("a", None)])
    assert found == Forecast(None, None, 1)
    assert found.wall(4) is None
    assert found.by_run([made("a", None)]) == {}


@pytest.mark.parametrize(("workers", "wall"), [(1, 90.0), (2, 60.0), (8, 60.0)])
def test_wall_time_is_shared_out_and_never_under_the_longest_run(workers: int, wall: float) -> None:
    assert Forecast((60.0, 20.0, 10.0), 0, 0).wall(workers) == wall


def test_size_counts_the_files_under_a_folder(small_project: Project, small_study: Study) -> None:
    make(small_project, small_study, small_study.plan())
    folder = small_project.reports / "essai"
    assert size_of(folder) == 1000 + (folder / "2024_internal" / FILE).stat().st_size
    assert size_of(folder / "2024_internal" / "report.html") == 1000
