"""A report leaves if nothing is known by it: to whom, from which tables, read again by whom."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from etabli.cli import app
from etabli.disclosure.ledger import FILE, Ledger, Release, Review, read_ledger, write_release
from etabli.disclosure.regions import region
from etabli.disclosure.statements import Publication, Quantity, Statement
from etabli.errors import DeliveryError, DisclosureError, ParameterError, ReleaseError, RunError
from etabli.project import KEYS_VARIABLE, Project
from etabli.publish.copies import publish
from etabli.publish.release import Candidate, audit, candidate, judge, refusal, release, stayers_of
from etabli.recipients import Recipients, read_recipients
from etabli.terminal import run

FUNDERS, CAF = "essai/2024_funder", "essai/2024_funder-caf"
DAY = date(2024, 12, 1)
REVIEW = Review("Une collègue", DAY)


def folder(project: Project, report: str) -> Path:
    return project.reports / report


def ledger(project: Project) -> Ledger:
    return read_ledger(project.ledger, shown="data/ledger")


def bodies(project: Project) -> Recipients:
    return read_recipients(project)


def test_report_made_again_without_a_person_who_withdrew_does_not_leave(
    rendered: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the former one, it would differ by that person alone."""
    monkeypatch.setenv(KEYS_VARIABLE, str(tmp_path / "keys"))
    told = candidate(rendered, folder(rendered, FUNDERS), "caf")
    release(rendered, told, review=REVIEW, day=DAY)
    rows = (rendered.demo("essai", "2024") / "records.csv").read_text(encoding="utf-8").splitlines()
    person = rows[1].split(";")[0]
    assert run(app, ["withdraw", person, "--study", "essai"]) == 0
    assert run(app, ["run", "essai", "--audience", "funder"]) == 0
    again = candidate(rendered, folder(rendered, FUNDERS), "caf")
    judged = judge(again, ledger(rendered), bodies(rendered))
    assert not judged.attack.holds
    assert "une personne retirée" in str(refusal(judged, bodies(rendered), shown=FUNDERS).hint)


# What may be a candidate ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("report", "to", "fits"),
    [
        (FUNDERS, "caf", True),
        (FUNDERS, "etat", True),
        (CAF, "caf", True),
        (CAF, "ville", False),
        (FUNDERS, "esc", False),
        ("essai/2024_internal", "caf", False),
    ],
)
def test_report_goes_to_those_for_whom_it_was_made(report: str, to: str, fits: bool, rendered: Project) -> None:
    if fits:
        assert candidate(rendered, folder(rendered, report), to).report == report
    else:
        with pytest.raises(ReleaseError, match="n’a pas été fait pour"):
            candidate(rendered, folder(rendered, report), to)


def test_body_that_is_not_declared_receives_nothing(rendered: Project) -> None:
    with pytest.raises(ParameterError, match="n’est pas déclaré"):
        candidate(rendered, folder(rendered, FUNDERS), "caff")


@pytest.mark.parametrize("name", ["report.html", "results.json", "said.json", "tables/tableau-1.csv"])
def test_report_that_was_changed_does_not_leave(name: str, rendered: Project) -> None:
    path = folder(rendered, FUNDERS) / name
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ReleaseError) as caught:
        candidate(rendered, folder(rendered, FUNDERS), "caf")
    assert caught.value.got == name


def test_body_that_the_agreement_has_come_to_exclude_receives_nothing(rendered: Project) -> None:
    path = rendered.agreements / "essai-data.yml"
    path.write_text(path.read_text(encoding="utf-8") + "recipients: [ville]\n", encoding="utf-8")
    with pytest.raises(DisclosureError, match="n’autorise pas ce destinataire"):
        candidate(rendered, folder(rendered, FUNDERS), "caf")


def test_report_of_an_edition_without_a_name_does_not_leave(rendered: Project) -> None:
    place = folder(rendered, FUNDERS)
    manifest = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
    (place / "manifest.json").write_text(json.dumps({**manifest, "edition_label": "À compléter"}), encoding="utf-8")
    with pytest.raises(ReleaseError, match="son édition n’a pas encore de nom") as caught:
        candidate(rendered, place, "caf")
    assert "studies/essai/study.yml" in str(caught.value)


def test_result_that_nobody_can_place_does_not_leave(rendered: Project) -> None:
    place = folder(rendered, FUNDERS)
    told = json.loads((place / "said.json").read_text(encoding="utf-8"))
    told["regions"][0]["source"] = ""
    (place / "said.json").write_text(json.dumps(told), encoding="utf-8")
    manifest = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
    from etabli.runs.manifest import hash_outputs

    (place / "manifest.json").write_text(json.dumps({**manifest, "outputs": hash_outputs(place)}), encoding="utf-8")
    with pytest.raises(ReleaseError, match="de qui il parle"):
        candidate(rendered, place, "caf")


# The judgement ------------------------------------------------------------------------------------------------


@pytest.fixture
def told(rendered: Project) -> Candidate:
    return candidate(rendered, folder(rendered, FUNDERS), "caf")


def digest_of(told: Candidate) -> str:
    (digest,) = told.publication.sources
    return digest


def telling(told: Candidate, report: str, *values: tuple[dict[str, str], int]) -> Publication:
    """A report on the same delivery that tells these numbers of people."""
    digest = digest_of(told)
    statements = tuple(
        Statement("tableau-9", Quantity(region(digest, where), "people"), n, n, shown=float(n)) for where, n in values
    )
    return Publication(report, told.publication.sources, {digest: {}}, statements)


def hold(project: Project, publication: Publication, to: str) -> None:
    outputs = {"report.html": publication.report}
    write_release(project.ledger, Release(publication.report, to, DAY, REVIEW, outputs, publication), shown="x")


def total(told: Candidate) -> int:
    for each in told.publication.statements:
        if not each.quantity.region.categories and each.quantity.unit == "people" and each.low == each.high:
            return int(each.low)
    raise AssertionError


def test_first_report_of_a_study_holds(told: Candidate, rendered: Project) -> None:
    judged = judge(told, ledger(rendered), bodies(rendered))
    assert judged.holds
    assert judged.coalition == ()


@pytest.mark.parametrize(
    ("holder", "missing", "refused"),
    [
        ("caf", 4, True),  # all but four: the threshold is five
        ("caf", 5, False),
        ("ville", 4, True),  # shares with the CAF
        ("etat", 4, False),  # shares with nobody
    ],
)
def test_report_that_gives_few_with_what_is_held_is_refused(
    holder: str, missing: int, refused: bool, told: Candidate, rendered: Project
) -> None:
    hold(rendered, telling(told, "autre/2024_funder", ({"adult": "yes"}, total(told) - missing)), holder)
    judged = judge(told, ledger(rendered), bodies(rendered))
    assert judged.holds is not refused
    if refused:
        assert judged.coalition == ("caf", "ville")
        (found,) = judged.attack.findings
        assert (found.low, found.high) == (missing, missing)
        assert {report for report, _ in found.tables} == {FUNDERS, "autre/2024_funder"}
        error = refusal(judged, bodies(rendered), shown="x")
        assert "CAF, Ville" in str(error)
        assert "tableau-9 de autre/2024_funder" in str(error.where)
        assert judged.remedy is not None
        assert judged.remedy.enough
        assert "masquez" in str(error.hint)


def test_withdrawn_release_still_counts_as_known(told: Candidate, rendered: Project) -> None:
    hold(rendered, telling(told, "autre/2024_funder", ({"adult": "yes"}, total(told) - 3)), "caf")
    assert run(app, ["retract", "1", "--reason", "une erreur"]) == 0
    assert ledger(rendered).releases[0].withdrawn is not None
    assert not judge(told, ledger(rendered), bodies(rendered)).holds


def test_what_was_known_before_refuses_no_other_report(told: Candidate, rendered: Project) -> None:
    hold(rendered, telling(told, "autre/2024_funder", ({"adult": "no", "group": "x"}, 2)), "caf")
    assert judge(told, ledger(rendered), bodies(rendered)).holds
    (found,) = [outcome for who, outcome in audit(ledger(rendered), bodies(rendered)) if "caf" in who]
    assert not found.holds


def test_reports_that_contradict_each_other_are_refused(told: Candidate, rendered: Project) -> None:
    hold(rendered, telling(told, "autre/2024_funder", ({}, total(told) + 1)), "caf")
    judged = judge(told, ledger(rendered), bodies(rendered))
    assert "se contredisent" in str(refusal(judged, bodies(rendered), shown="x"))
    assert judged.remedy is None


def test_public_release_is_held_against_every_coalition(told: Candidate, rendered: Project) -> None:
    path = rendered.studies / "recipients.yml"
    path.write_text(path.read_text(encoding="utf-8") + "  public: {name: Public, audience: public}\n", encoding="utf-8")
    hold(rendered, telling(told, "autre/2024_partner", ({"adult": "yes"}, total(told) - 3)), "esc")
    judged = judge(replace(told, recipient="public"), ledger(rendered), bodies(rendered))
    assert not judged.holds
    assert judged.coalition == ("esc", "public")


def test_stayers_are_those_that_a_study_declares(told: Candidate) -> None:
    digest = digest_of(told)
    source = told.publication.sources[digest]
    later = Publication("essai/2025_funder", {"e" * 64: replace(source, edition="2025", keeps="2024")}, {}, ())
    (found,) = stayers_of([told.publication, later])
    assert (found.before, found.after) == (digest, "e" * 64)
    elsewhere = replace(later, report="autre/2025_funder")
    assert stayers_of([told.publication, elsewhere]) == []


# From the command line -------------------------------------------------------------------------------------------


def test_release_without_a_second_reader_writes_nothing(rendered: Project, capsys: Any) -> None:
    assert run(app, ["release", FUNDERS, "--to", "caf"]) == 0
    assert "--relu-par" in capsys.readouterr().out
    assert not (rendered.ledger / FILE).exists()


def test_report_is_released_once_copied_and_audited(rendered: Project, tmp_path: Path, capsys: Any) -> None:
    asked = ["release", FUNDERS, "--to", "caf", "--relu-par", "Une collègue"]
    assert run(app, asked) == 0
    assert run(app, asked) == 1
    assert "déjà rendu" in capsys.readouterr().err
    (written,) = ledger(rendered).releases
    assert (written.report, written.recipient, written.review.name) == (FUNDERS, "caf", "Une collègue")
    assert run(app, ["publish", "--to", "caf", str(tmp_path / "caf")]) == 0
    copied = sorted(p.relative_to(tmp_path / "caf").as_posix() for p in (tmp_path / "caf").rglob("*") if p.is_file())
    assert copied == [
        f"{FUNDERS}/manifest.json",
        f"{FUNDERS}/report.html",
        f"{FUNDERS}/results.json",
        f"{FUNDERS}/tableaux.xlsx",
        f"{FUNDERS}/tables/tableau-1.csv",
        "index.html",
    ]
    page = (tmp_path / "caf" / "index.html").read_text(encoding="utf-8")
    assert "Rapports rendus à CAF" in page
    assert "internal" not in page.partition("<body>")[2].replace('class="banner internal"', "")
    assert run(app, ["audit"]) == 0
    assert "rien de connu" in capsys.readouterr().out


def test_audit_of_an_empty_ledger_says_so(rendered: Project, capsys: Any) -> None:
    assert run(app, ["audit"]) == 0
    assert "Rien n’est encore sorti" in capsys.readouterr().out


def test_release_judged_with_another_ledger_is_not_written(rendered: Project, told: Candidate) -> None:
    """Two at once: each was safe with what was known, and the second is judged again with the first."""
    before = ledger(rendered)
    release(rendered, told, review=REVIEW, day=DAY, judged_with=before)
    other = replace(told, manifest=replace(told.manifest, outputs={"report.html": "f" * 64}))
    with pytest.raises(DeliveryError, match="allongé pendant"):
        release(rendered, other, review=REVIEW, day=DAY, judged_with=before)
    assert len(ledger(rendered).releases) == 1
    release(rendered, other, review=REVIEW, day=DAY, judged_with=ledger(rendered))


def test_report_that_changed_since_its_release_is_not_copied(
    rendered: Project, told: Candidate, tmp_path: Path
) -> None:
    release(rendered, told, review=REVIEW, day=DAY)
    path = folder(rendered, FUNDERS) / "tables" / "tableau-1.csv"
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(ReleaseError) as caught:
        publish(rendered, ledger(rendered), bodies(rendered), "caf", tmp_path / "caf")
    assert caught.value.got == "tables/tableau-1.csv"
    assert not (tmp_path / "caf").exists()


def test_nothing_is_copied_for_whom_nothing_was_released(rendered: Project, told: Candidate, tmp_path: Path) -> None:
    release(rendered, told, review=REVIEW, day=DAY)
    with pytest.raises(ReleaseError, match="Rien n’a été rendu à Ville"):
        publish(rendered, ledger(rendered), bodies(rendered), "ville", tmp_path / "ville")


def test_copy_does_not_go_among_the_reports_of_the_house(rendered: Project, told: Candidate) -> None:
    release(rendered, told, review=REVIEW, day=DAY)
    with pytest.raises(ReleaseError, match="parmi les rapports"):
        publish(rendered, ledger(rendered), bodies(rendered), "caf", rendered.reports / "caf")


def test_copy_that_holds_a_withdrawn_report_is_told(rendered: Project, told: Candidate, tmp_path: Path) -> None:
    number = release(rendered, told, review=REVIEW, day=DAY).number
    publish(rendered, ledger(rendered), bodies(rendered), "caf", tmp_path / "caf")
    own = candidate(rendered, folder(rendered, CAF), "caf")
    release(rendered, own, review=REVIEW, day=DAY)
    assert run(app, ["retract", str(number), "--reason", "remplacé"]) == 0
    made = publish(rendered, ledger(rendered), bodies(rendered), "caf", tmp_path / "caf")
    assert [each.name for each in made.folders] == ["2024_funder-caf"]
    assert [each.name for each in made.withdrawn] == ["2024_funder"]
    assert "2024_funder/report.html" not in (tmp_path / "caf" / "index.html").read_text(encoding="utf-8")


def test_disk_that_refuses_leaves_no_half_copy(
    rendered: Project, told: Candidate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(rendered, told, review=REVIEW, day=DAY)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left")

    monkeypatch.setattr("shutil.copyfile", refuse)
    with pytest.raises(RunError, match="n’a pas pu être écrite"):
        publish(rendered, ledger(rendered), bodies(rendered), "caf", tmp_path / "caf")
    assert not (tmp_path / "caf" / FUNDERS).exists()
