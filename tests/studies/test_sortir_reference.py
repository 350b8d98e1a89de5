"""The carried figures are those that the activity report 2024 prints, and the study's declarations fit them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from etabli.methods.results import TOTAL
from etabli.notebook import hold_against_study, hygiene_faults, read_notebook
from etabli.project import find_project
from etabli.sources.codebook import Codebook, read_codebook
from etabli.study import Study, read_study

PROJECT = find_project(Path(__file__))


@pytest.fixture(scope="module")
def study() -> Study:
    return read_study(PROJECT, "sortir")


@pytest.fixture(scope="module")
def codebook(study: Study) -> Codebook:
    return read_codebook(PROJECT, study)


@pytest.fixture
def sortir() -> pd.DataFrame:
    return pd.read_csv(PROJECT.reference / "sortir.csv")


@pytest.mark.parametrize(
    ("measure", "totals"),
    [
        ("registered", [47223, 53348, 55572, 57403]),
        ("users", [29900, 27249, 32734, 34358]),
        ("one_off_uses", [121812, 90150, 122513, 131426]),
        ("regular_activities", [14179, 12699, 15046, 15710]),
    ],
)
def test_totals_are_the_printed_ones_and_the_sum_of_their_parts(
    sortir: pd.DataFrame, measure: str, totals: list[int]
) -> None:
    chosen = sortir[sortir["measure"] == measure]
    stated = chosen[chosen["audience"] == "total"].set_index("year")["value"]
    parts = chosen[chosen["audience"] != "total"].groupby("year")["value"].sum()
    assert stated.to_dict() == dict(zip([2019, 2022, 2023, 2024], totals, strict=True))
    assert parts.to_dict() == stated.to_dict()


def test_we_ker_2019_is_absent_and_group_outings_have_no_parts(sortir: pd.DataFrame) -> None:
    assert sortir[(sortir["audience"] == "we_ker") & (sortir["year"] == 2019)].empty
    assert set(sortir.loc[sortir["measure"] == "group_outings", "audience"]) == {"total"}


def test_years_are_the_choices_of_the_study(sortir: pd.DataFrame, study: Study) -> None:
    assert study.parameters["year"].choices == tuple(sorted(sortir["year"].unique()))


@pytest.mark.parametrize("source", ["sortir", "activity", "claims"])
def test_columns_are_those_of_the_codebook(source: str, study: Study, codebook: Codebook) -> None:
    frame = pd.read_csv(PROJECT.reference / study.sources[source].file)
    assert list(frame.columns) == list(codebook.sources[source].variables)


@pytest.mark.parametrize("source", ["sortir", "activity", "claims"])
def test_values_are_those_that_the_codebook_allows(source: str, study: Study, codebook: Codebook) -> None:
    frame = pd.read_csv(PROJECT.reference / study.sources[source].file)
    for name, variable in codebook.sources[source].variables.items():
        values = frame[name]
        assert not variable.required or values.notna().all(), name
        if variable.codes:
            assert set(values) <= set(variable.codes), name
        if variable.pattern:
            assert values.str.fullmatch(variable.pattern).all(), name


def test_every_claim_has_its_label(codebook: Codebook) -> None:
    claims = pd.read_csv(PROJECT.reference / "activity_2024_claims.csv")
    assert list(claims["claim"]) == list(codebook.sources["claims"].variables["claim"].codes)


def test_runs_cover_every_year_and_three_are_made_by_default(study: Study) -> None:
    runs = study.planned_runs()
    assert {run.parameters["year"] for run in runs} == {2019, 2022, 2023, 2024}
    assert [run.name for run in study.planned_runs(default_only=True)] == [
        "2024_public",
        "2024_internal",
        "2024_public_year-2022",
    ]


def test_notebook_is_thin_and_declares_the_parameters_of_the_study(study: Study) -> None:
    notebook = read_notebook(PROJECT.notebooks / study.notebook)
    hold_against_study(notebook, study, shown=study.notebook)
    assert hygiene_faults(notebook, shown=study.notebook) == []


def test_notebook_answers_every_question_in_order(study: Study) -> None:
    notebook = read_notebook(PROJECT.notebooks / study.notebook)
    text = "\n".join(cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code")
    places = [text.index(f'question="{question.id}"') for question in study.questions]
    assert places == sorted(places)


def test_total_has_a_label_in_the_delivery_code(codebook: Codebook) -> None:
    audience = codebook.sources["sortir"].variables["audience"]
    assert "total" in audience.codes
    assert TOTAL not in audience.codes
