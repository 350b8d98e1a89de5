"""Agreements: every rule names its source, a real delivery is read only while the agreement allows it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from etabli.agreements import ASKED, Agreement, hold_study, read_agreements, read_all_agreements
from etabli.errors import DeclarationError, DisclosureError
from etabli.project import Project
from etabli.study import Study

SIGNED, EXPIRES, DELETE = date(2025, 1, 1), date(2026, 12, 31), date(2027, 12, 31)
LEAST: dict[str, Any] = {
    "title": "Convention",
    "provider": "caf-35",
    "studies": ["essai"],
    "audiences": ["internal", "funder"],
    "minimum_people": {"value": 5, "source": "article 4"},
}
WHOLE: dict[str, Any] = {
    **LEAST,
    "legal_basis": "mission d’intérêt public",
    "purposes": ["connaître les visites"],
    "people": ["allocataires"],
    "categories": ["visites"],
    "impact_assessment": {"reference": "AIPD 12"},
    "security": "poste chiffré",
    "signed": SIGNED,
    "expires": EXPIRES,
    "delete_by": DELETE,
    "contact": "service études",
}


def agreement(**changes: Any) -> Agreement:
    return Agreement.model_validate({**WHOLE, **changes})


@pytest.mark.parametrize(
    ("day", "refusal"),
    [
        (SIGNED - timedelta(1), "n’est pas encore signée"),
        (SIGNED, None),
        (EXPIRES, None),
        (EXPIRES + timedelta(1), "a expiré"),
    ],
)
def test_delivery_is_read_from_the_day_of_signature_to_the_last_day(day: date, refusal: str | None) -> None:
    if refusal is None:
        agreement().hold_for_delivery(day, shown="x.yml")
        return
    with pytest.raises(DisclosureError, match=refusal) as raised:
        agreement().hold_for_delivery(day, shown="x.yml")
    assert (raised.value.where, raised.value.got) == ("x.yml", f"{day:%d/%m/%Y}")


@pytest.mark.parametrize("name", ASKED)
def test_real_delivery_asks_for_every_key_of_the_record(name: str) -> None:
    lacking = Agreement.model_validate({key: value for key, value in WHOLE.items() if key != name})
    assert lacking.gaps() == [name]
    with pytest.raises(DisclosureError, match="n’est pas complète") as raised:
        lacking.hold_for_delivery(SIGNED, shown="x.yml")
    assert raised.value.expected == name


def test_figures_that_hold_no_person_ask_for_nothing() -> None:
    public = Agreement.model_validate({**LEAST, "personal_data": False})
    public.hold_for_delivery(SIGNED, shown="x.yml")
    with pytest.raises(DisclosureError, match="a expiré"):
        Agreement.model_validate({**LEAST, "personal_data": False, "expires": EXPIRES}).hold_for_delivery(
            EXPIRES + timedelta(1), shown="x.yml"
        )


def test_study_that_the_agreement_does_not_name_is_refused() -> None:
    hold_study(agreement(), "essai", shown="x.yml")
    with pytest.raises(DisclosureError, match="n’autorise pas l’étude « autre »"):
        hold_study(agreement(), "autre", shown="x.yml")


@pytest.mark.parametrize(
    "rule",
    [
        {"minimum_people": {"value": 5}},
        {"minimum_people": {"value": 0, "source": "x"}},
        {"minimum_people": {"value": 5, "source": ""}},
        {"minimum_contributors": {"value": 3}},
        {"minimum_denominator": {"value": 3}},
        {"rounding_base": {"value": 5}},
        {"dominance": {"contributors": 1, "percent": 85}},
        {"dominance": {"contributors": 1, "percent": 0, "source": "x"}},
        {"whole_group": {"variables": ["benefit"]}},
        {"forbidden_variables": {"variables": [], "source": "x"}},
        {"forbidden_crossings": [{"variables": ["benefit"], "source": "x"}]},
        {"geographic_floor": [{"audiences": ["public"], "finest": "iris"}]},
        {"geographic_floor": [{"audiences": ["public"], "finest": "maison", "source": "x"}]},
        {"method": "round"},
        {"impact_assessment": {}},
        {"impact_assessment": {"reference": "x", "not_needed": "y"}},
        {"signed": EXPIRES + timedelta(1)},
        {"delete_by": EXPIRES - timedelta(1)},
    ],
)
def test_rule_without_its_source_or_out_of_bounds_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        agreement(**rule)


def test_rules_of_the_engine_are_read() -> None:
    read = agreement(
        minimum_contributors={"value": 3, "source": "x"},
        dominance={"contributors": 1, "percent": 85, "source": "x"},
        minimum_denominator={"value": 11, "source": "x"},
        rounding_base={"value": 5, "source": "x"},
        method="round",
        whole_group={"variables": ["benefit"], "source": "x"},
        forbidden_variables={"variables": ["nationality"], "source": "x"},
        forbidden_crossings=[{"variables": ["benefit", "iris"], "source": "x"}],
        geographic_floor=[{"audiences": ["public"], "finest": "quarter", "source": "x"}],
    )
    assert read.dominance is not None
    assert read.geographic_floor[0].finest == "quarter"


def test_one_geographic_floor_an_audience() -> None:
    floor = {"audiences": ["public"], "finest": "quarter", "source": "x"}
    with pytest.raises(ValidationError, match="un seul plancher"):
        agreement(geographic_floor=[floor, floor])


def test_agreements_of_a_study_are_read_and_held(small_project: Project, small_study: Study) -> None:
    assert list(read_agreements(small_project, small_study)) == ["essai-data"]
    path = small_project.agreements / "essai-data.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("studies: [essai]", "studies: [autre]"), encoding="utf-8")
    with pytest.raises(DisclosureError, match="n’autorise pas l’étude « essai »") as raised:
        read_agreements(small_project, small_study)
    assert raised.value.where == "studies/agreements/essai-data.yml"
    path.write_text(text + "seuil: 3\n", encoding="utf-8")
    with pytest.raises(DeclarationError, match="seuil"):
        read_all_agreements(small_project)
