from __future__ import annotations

import pytest

from etabli.agreements import Agreement, Level, Threshold, read_agreements
from etabli.disclosure.policy import Policy, policy_for
from etabli.errors import DeclarationError, DisclosureError
from etabli.project import Project
from etabli.study import Study, read_study


def agreement(
    minimum: int, text: str, *, audiences: tuple[str, ...] = ("internal", "funder"), **rules: object
) -> Agreement:
    return Agreement.model_validate(
        {
            "title": f"Convention {text}",
            "provider": "caf",
            "studies": ["essai"],
            "audiences": audiences,
            "minimum_people": {"value": minimum, "source": text},
            **rules,
        }
    )


def test_strictest_agreement_sets_the_minimum_and_its_source() -> None:
    held = [agreement(5, "article 5"), agreement(11, "article 11"), agreement(11, "annexe 2")]
    assert policy_for(held, "funder") == Policy("funder", 11, ("article 11", "annexe 2"))


def test_same_source_is_named_once() -> None:
    assert policy_for([agreement(5, "article 5"), agreement(5, "article 5")], "funder").sources == ("article 5",)


def test_agreements_by_name_are_read_as_a_list_is() -> None:
    assert policy_for({"a": agreement(7, "article 7")}, "funder").minimum_people == 7


def test_rules_of_all_agreements_hold_together() -> None:
    one = agreement(
        5,
        "article 5",
        whole_group={"variables": ["benefit"], "source": "a"},
        minimum_denominator={"value": 20, "source": "b"},
        dominance={"contributors": 1, "percent": 85, "source": "c"},
    )
    other = agreement(
        3,
        "article 3",
        whole_group={"variables": ["housing"], "source": "a"},
        minimum_denominator={"value": 30, "source": "b"},
        forbidden_variables={"variables": ["nationality"], "source": "d"},
        forbidden_crossings=[{"variables": ["age", "quarter"], "source": "e"}],
    )
    policy = policy_for([one, other], "funder")
    assert policy.whole_group == {"benefit", "housing"}
    assert policy.minimum_denominator == 30
    assert policy.dominance == ((1, 85.0),)
    assert policy.forbidden == {"nationality"}
    assert policy.forbidden_crossings == (frozenset({"age", "quarter"}),)


def test_contributors_of_a_sum_raise_the_minimum_of_people() -> None:
    policy = policy_for([agreement(5, "article 5", minimum_contributors={"value": 7, "source": "article 7"})], "funder")
    assert (policy.minimum_people, policy.sources) == (7, ("article 7",))


def floored(finest: str, *audiences: str, text: str = "article 4") -> Agreement:
    return agreement(5, "a", geographic_floor=[{"audiences": audiences, "finest": finest, "source": text}])


@pytest.mark.parametrize(
    ("level", "under"), [("iris", True), ("quarter", False), ("commune", False), ("country", False)]
)
def test_variable_at_the_floor(level: Level, under: bool) -> None:
    floor = policy_for([floored("quarter", "funder")], "funder", levels={"home": level}).floor
    assert floor is not None
    assert floor.is_under("home") is under
    assert not floor.is_under("age")


def test_coarsest_floor_holds_for_its_audience_alone() -> None:
    held = [floored("quarter", "funder"), floored("commune", "funder", text="annexe 2"), floored("region", "public")]
    floor = policy_for(held, "funder").floor
    assert floor is not None
    assert (floor.finest, floor.source) == ("commune", "annexe 2")
    assert policy_for([floored("region", "public")], "funder").floor is None
    assert policy_for(held, "internal").floor is None


def test_largest_base_rounds_for_all() -> None:
    held = [agreement(5, "a", method="round", rounding_base={"value": base, "source": "a"}) for base in (5, 11)]
    assert policy_for(held, "funder").rounding_base == 11
    assert policy_for([agreement(5, "a")], "funder").rounding_base is None


def test_two_methods_in_one_report_are_refused() -> None:
    rounding = agreement(5, "a", method="round", rounding_base={"value": 5, "source": "a"})
    with pytest.raises(DisclosureError, match="deux méthodes"):
        policy_for([agreement(5, "b"), rounding], "funder")
    assert policy_for([agreement(1, "public"), rounding], "funder").rounding_base == 5


def test_internal_has_no_rule() -> None:
    policy = policy_for([agreement(5, "article 5")], "internal")
    assert policy == Policy("internal", 1, ())
    assert not policy.protects


@pytest.mark.parametrize(("minimum", "protects"), [(1, False), (2, True)])
def test_policy_protects_from_two_people_on(minimum: int, protects: bool) -> None:
    assert policy_for([agreement(minimum, "article")], "funder").protects is protects


@pytest.mark.parametrize(
    ("named", "recipient", "allowed"),
    [((), "caf-35", True), (("caf-35",), "caf-35", True), (("caf-35",), "", True), (("caf-35",), "etat", False)],
)
def test_agreement_names_the_bodies_that_it_allows(named: tuple[str, ...], recipient: str, allowed: bool) -> None:
    held = [agreement(5, "article 5").model_copy(update={"recipients": named})]
    if allowed:
        assert policy_for(held, "funder", recipient=recipient).minimum_people == 5
    else:
        with pytest.raises(DisclosureError, match="n’autorise pas ce destinataire"):
            policy_for(held, "funder", recipient=recipient)


def test_audience_that_one_agreement_closes_is_refused() -> None:
    held = [agreement(5, "ouverte"), agreement(5, "fermée", audiences=("internal",))]
    with pytest.raises(DisclosureError) as caught:
        policy_for(held, "funder")
    assert "Convention fermée" in caught.value.what
    assert (caught.value.expected, caught.value.got) == ("internal", "funder")


def test_internal_is_refused_where_no_agreement_opens_it() -> None:
    with pytest.raises(DisclosureError):
        policy_for([agreement(5, "fermée", audiences=("funder",))], "internal")


def test_threshold_below_one_is_refused() -> None:
    assert Threshold(value=1, source="article").value == 1
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        Threshold(value=0, source="article")


def test_agreements_of_a_study_are_read(small_project: Project, small_study: Study) -> None:
    assert read_agreements(small_project, small_study)["essai-data"].minimum_people.value == 5


def test_agreement_that_is_missing_is_named(small_project: Project, small_study: Study) -> None:
    (small_project.agreements / "essai-data.yml").unlink()
    with pytest.raises(DeclarationError, match=r"essai-data\.yml manque"):
        read_agreements(small_project, small_study)


def test_agreement_of_another_study_is_refused(small_project: Project, small_study: Study) -> None:
    path = small_project.agreements / "essai-data.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("[essai]", "[autre]"), encoding="utf-8")
    with pytest.raises(DisclosureError) as caught:
        read_agreements(small_project, small_study)
    assert (caught.value.where, caught.value.expected, caught.value.got) == (
        "studies/agreements/essai-data.yml",
        "autre",
        "essai",
    )


def test_threshold_without_its_source_is_refused(small_project: Project) -> None:
    path = small_project.agreements / "essai-data.yml"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line for line in lines if "source:" not in line), encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        read_agreements(small_project, read_study(small_project, "essai"))
    assert caught.value.what == "La clé « minimum_people.source » manque."
    assert caught.value.where == "studies/agreements/essai-data.yml, ligne 6"
