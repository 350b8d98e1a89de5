"""Who receives, who shares with whom, and whose holdings a report must be protected against."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.errors import DeclarationError, ParameterError
from etabli.project import Project
from etabli.recipients import Recipient, Recipients, read_recipients, recipient_of
from etabli.study import Study

DECLARED = """
coalitions:
  pilotage: Comité de pilotage
  quartier: Réunion de quartier
recipients:
  caf: {name: CAF, audience: funder, provides: [example], coalitions: [pilotage]}
  ville: {name: Ville, audience: funder, coalitions: [pilotage, quartier]}
  centre: {name: Centre social, audience: partner, coalitions: [quartier]}
  etat: {name: État, audience: funder}
  public: {name: Tout public, audience: public}
"""


def declare(project: Project, text: str = DECLARED) -> None:
    (project.studies / "recipients.yml").write_text(text, encoding="utf-8")


@pytest.fixture
def bodies(small_project: Project) -> Recipients:
    declare(small_project)
    return read_recipients(small_project)


def test_project_without_the_file_has_no_named_body(small_project: Project) -> None:
    assert read_recipients(small_project) == Recipients()


def test_sharing_goes_on_from_circle_to_circle(bodies: Recipients) -> None:
    assert bodies.sharing("caf") == {"caf", "ville", "centre"}
    assert bodies.sharing("etat") == {"etat"}


@given(st.dictionaries(st.sampled_from("abcdef"), st.sets(st.sampled_from("xyz")), min_size=1))
def test_sharing_is_the_same_seen_from_all_who_share(circles: dict[str, set[str]]) -> None:
    bodies = Recipients(
        coalitions={name: name for name in "xyz"},
        recipients={k: Recipient(name=k, audience="funder", coalitions=tuple(v)) for k, v in circles.items()},
    )
    for slug in circles:
        assert slug in bodies.sharing(slug)
        assert all(bodies.sharing(other) == bodies.sharing(slug) for other in bodies.sharing(slug))


@pytest.mark.parametrize(
    ("audience", "recipient", "expected"),
    [
        ("funder", "etat", {"etat", "public"}),
        ("funder", "caf", {"caf", "ville", "centre", "public"}),
        ("funder", "", {"caf", "ville", "centre", "etat", "public"}),
        ("partner", "", {"caf", "ville", "centre", "public"}),
        ("public", "", {"public"}),
    ],
)
def test_holders_are_a_coalition_with_the_public(
    audience: str, recipient: str, expected: set[str], bodies: Recipients
) -> None:
    assert bodies.holders(audience, recipient) == expected


def test_every_coalition_is_told_once(bodies: Recipients) -> None:
    assert sorted(map(sorted, bodies.coalitions_of_all())) == [
        ["caf", "centre", "public", "ville"],
        ["etat", "public"],
        ["public"],
    ]


@pytest.mark.parametrize(
    ("holders", "known"), [({"caf", "public"}, {"example"}), ({"caf", "ville", "public"}, set()), ({"public"}, set())]
)
def test_file_is_known_only_to_a_coalition_of_its_providers(
    holders: set[str], known: set[str], bodies: Recipients
) -> None:
    assert bodies.providers(holders) == known


@pytest.mark.parametrize(
    ("before", "after", "words", "hint"),
    [
        ("audience: public", "audience: internal", "« recipients.public.audience »", None),
        ("[quartier]", "[quartiers]", "vouliez-vous dire « quartier » ?", None),
        ("audience: partner", "audiance: partner", "« recipients.centre.audiance »", "audience"),
        ("  etat:", "  État:", "recipients", None),
    ],
)
def test_mistake_in_the_file_names_its_place(
    before: str, after: str, words: str, hint: str | None, small_project: Project
) -> None:
    declare(small_project, DECLARED.replace(before, after))
    with pytest.raises(DeclarationError) as caught:
        read_recipients(small_project)
    assert words in str(caught.value)
    assert "studies/recipients.yml, ligne" in str(caught.value.where)
    assert hint is None or hint in str(caught.value.hint)


def test_provider_of_no_agreement_is_refused(small_project: Project) -> None:
    declare(small_project, DECLARED.replace("[example]", "[exemple]"))
    with pytest.raises(ParameterError) as caught:
        read_recipients(small_project)
    assert (caught.value.got, caught.value.hint) == ("exemple", "vouliez-vous dire « example » ?")


def test_unknown_body_names_its_neighbour(bodies: Recipients) -> None:
    with pytest.raises(ParameterError) as caught:
        bodies.recipient("vile")
    assert caught.value.hint == "vouliez-vous dire « ville » ?"


def test_run_is_for_a_body_of_its_audience(bodies: Recipients, small_study: Study) -> None:
    assert recipient_of(bodies, small_study.plan({"audience": "funder"})) is None
    found = recipient_of(bodies, small_study.plan({"audience": "funder", "recipient": "etat"}))
    assert found is not None
    assert found.name == "État"
    with pytest.raises(ParameterError) as caught:
        recipient_of(bodies, small_study.plan({"audience": "funder", "recipient": "centre"}))
    assert (caught.value.expected, caught.value.got) == ("audience partner", "audience funder")
