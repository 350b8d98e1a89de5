"""Deliveries are copied in whole, registered once, watched, and destroyed with a proof."""

from __future__ import annotations

import json
import os
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from etabli.agreements import read_all_agreements
from etabli.errors import DeliveryError, DisclosureError
from etabli.project import Project
from etabli.sources import reception
from etabli.sources.receipts import RECEIPT, read_receipt
from etabli.sources.reception import (
    DELETIONS,
    Destroyed,
    Received,
    add_delivery,
    delete_delivery,
    deletions,
    expiring,
    received,
)
from etabli.study import read_study

SIGNED, DAY, EXPIRES, DELETE = date(2025, 1, 1), date(2026, 1, 5), date(2026, 12, 31), date(2027, 12, 31)
SHOWN = "data/raw/example/2025/records.csv"


@pytest.fixture
def project(small_project: Project) -> Project:
    """The small study under a whole agreement, with two editions of real deliveries."""
    study = small_project.studies / "essai" / "study.yml"
    text = study.read_text(encoding="utf-8")
    more = "".join(f'  "{year}": {{label: "{year}", deliveries: raw}}\n' for year in (2025, 2026))
    study.write_text(text.replace("editions:\n", "editions:\n" + more), encoding="utf-8")
    agreement = small_project.agreements / "essai-data.yml"
    agreement.write_text(agreement.read_text(encoding="utf-8") + (
        "legal_basis: x\npurposes: [x]\npeople: [x]\ncategories: [x]\nimpact_assessment: {not_needed: x}\nsecurity: x\n"
        f"signed: {SIGNED}\nexpires: {EXPIRES}\ndelete_by: {DELETE}\ncontact: x\n"
    ), encoding="utf-8")  # fmt: skip
    return small_project


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "recu du partenaire.csv"
    path.write_text("NUMERO;GROUPE;REPONSE\n1;1;O\n", encoding="utf-8")
    return path


def add(
    project: Project, file: Path, *, source: str = "records", edition: str = "2025", day: date = DAY,
    agreement: str | None = None,
) -> Received:  # fmt: skip
    return add_delivery(project, read_study(project, "essai"), file, source, edition, day=day, agreement=agreement)


def standing(project: Project, day: date = DAY) -> list[tuple[str, str]]:
    return [(each.shown, each.standing) for each in received(project, read_all_agreements(project), day=day)]


# Received -----------------------------------------------------------------------------------------


def test_file_is_copied_to_its_place_and_registered(project: Project, file: Path) -> None:
    made = add(project, file)
    path = project.root / SHOWN
    assert path.read_bytes() == file.read_bytes()
    assert made.shown == SHOWN
    entry = read_receipt(path.with_name(RECEIPT), shown="x")["records.csv"]
    assert entry == made.entry
    assert entry.as_json() == {
        "sha256": entry.sha256, "bytes": file.stat().st_size, "received": "2026-01-05", "provider": "example",
        "agreement": "essai-data", "study": "essai", "source": "records",
    }  # fmt: skip
    assert [each.name for each in path.parent.iterdir() if not each.name.endswith(".lock")] == [RECEIPT, "records.csv"]
    assert standing(project) == [(SHOWN, "intact")]


@pytest.mark.parametrize("edition", ["2025", "2026"])
def test_same_content_is_refused_in_any_edition(project: Project, file: Path, edition: str) -> None:
    add(project, file)
    with pytest.raises(DeliveryError, match="déjà enregistrée") as raised:
        add(project, file, edition=edition)
    assert raised.value.where == SHOWN
    assert not (project.raw("example", "2026") / "records.csv").exists()


@pytest.mark.parametrize("registered", [True, False])
def test_nothing_is_replaced_in_silence(project: Project, file: Path, *, registered: bool) -> None:
    path = project.root / SHOWN
    if registered:
        add(project, file)
    else:
        path.parent.mkdir(parents=True)
        path.write_text("autre", encoding="utf-8")
    before = path.read_bytes()
    file.write_text("NUMERO;GROUPE;REPONSE\n2;1;O\n", encoding="utf-8")
    with pytest.raises(DeliveryError, match="tient déjà cette place"):
        add(project, file)
    assert path.read_bytes() == before


def test_file_that_was_laid_there_by_hand_is_registered(project: Project, file: Path) -> None:
    path = project.root / SHOWN
    path.parent.mkdir(parents=True)
    path.write_bytes(file.read_bytes())
    assert standing(project) == [(SHOWN, "unregistered")]
    add(project, file)
    assert standing(project) == [(SHOWN, "intact")]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"source": "record"}, "n’a pas la source « record »"),
        ({"edition": "2027"}, "n’a pas l’édition « 2027 »"),
        ({"edition": "2024"}, "ne lit pas de livraison"),
        ({"agreement": "autre"}, "sous une autre convention"),
    ],
)
def test_name_that_does_not_fit_is_refused(project: Project, file: Path, asked: dict[str, str], told: str) -> None:
    with pytest.raises(DeliveryError, match=told):
        add(project, file, **asked)  # type: ignore[arg-type]
    assert not project.deliveries.exists()


def test_agreement_that_is_announced_is_held_to_the_study(project: Project, file: Path) -> None:
    assert add(project, file, agreement="essai-data").entry is not None


@pytest.mark.parametrize("day", [SIGNED - timedelta(1), EXPIRES + timedelta(1)])
def test_delivery_outside_the_agreement_is_refused(project: Project, file: Path, day: date) -> None:
    with pytest.raises(DisclosureError):
        add(project, file, day=day)
    assert not project.deliveries.exists()


def test_other_format_and_absent_file_are_refused(project: Project, file: Path) -> None:
    with pytest.raises(DeliveryError, match="n’a pas le format"):
        add(project, file.rename(file.with_suffix(".sav")))
    with pytest.raises(DeliveryError, match="n’existe pas"):
        add(project, file)


# Watched ------------------------------------------------------------------------------------------


def test_changed_and_missing_files_are_told(project: Project, file: Path) -> None:
    add(project, file)
    path = project.root / SHOWN
    path.write_text("autre", encoding="utf-8")
    assert standing(project) == [(SHOWN, "changed")]
    path.unlink()
    assert standing(project) == [(SHOWN, "missing")]


@pytest.mark.parametrize(("day", "overdue"), [(DELETE, None), (DELETE + timedelta(1), DELETE)])
def test_delivery_is_to_be_destroyed_after_its_last_day(
    project: Project, file: Path, day: date, overdue: date | None
) -> None:
    add(project, file)
    (found,) = received(project, read_all_agreements(project), day=day)
    assert found.overdue == overdue


@pytest.mark.parametrize(
    ("day", "told"),
    [(EXPIRES - timedelta(61), False), (EXPIRES - timedelta(60), True), (EXPIRES + timedelta(400), True)],
)
def test_agreement_that_expires_soon_is_told(project: Project, day: date, *, told: bool) -> None:
    found = expiring(read_all_agreements(project), day=day, within=60)
    assert [slug for slug, _ in found] == (["essai-data"] if told else [])


# Destroyed ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [SHOWN, "example/2025/records.csv"])
def test_destroyed_delivery_leaves_a_proof_and_nothing_else(project: Project, file: Path, name: str) -> None:
    made = add(project, file)
    kept = project.cache / "deliveries" / "essai" / "records-1.parquet"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"x")
    assert delete_delivery(project, name, day=DELETE, reason="fin de la convention") == Destroyed(made.entry, ())
    assert not (project.root / SHOWN).exists()
    assert not kept.exists()
    assert standing(project) == []
    assert made.entry is not None
    assert deletions(project) == [
        {"file": SHOWN, **made.entry.as_json(), "deleted": "2027-12-31", "reason": "fin de la convention"}
    ]
    add(project, file)  # its place is free again


def test_quality_reports_of_a_destroyed_delivery_go_with_it(project: Project, file: Path) -> None:
    made = add(project, file)
    assert made.entry is not None
    for edition, digest in (("2025", made.entry.sha256), ("2024", "0" * 64)):
        folder = project.reports / "essai" / "quality" / edition
        folder.mkdir(parents=True)
        told = {"sources": [{"source": "records", "sha256": digest}]}
        (folder / "quality.json").write_text(json.dumps(told), encoding="utf-8")
    gone = delete_delivery(project, SHOWN, day=DELETE, reason="x")
    assert gone.pages == ("reports/essai/quality/2025",)
    assert [each.name for each in (project.reports / "essai" / "quality").iterdir()] == ["2024"]


@pytest.mark.parametrize("registered", [True, False])
def test_destruction_that_was_stopped_leaves_a_digest_and_is_ended(
    project: Project, file: Path, monkeypatch: pytest.MonkeyPatch, *, registered: bool
) -> None:
    add(project, file)
    if not registered:
        (project.root / SHOWN).with_name(RECEIPT).unlink()

    def stop(_: Project) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(reception, "forget", stop)
        with pytest.raises(KeyboardInterrupt):
            delete_delivery(project, SHOWN, day=DAY, reason="x")
    assert not (project.root / SHOWN).exists()
    digest = sha256(file.read_bytes()).hexdigest()
    assert digest in (project.ledger / DELETIONS).read_text(encoding="utf-8")
    assert deletions(project) == []
    delete_delivery(project, SHOWN, day=DELETE, reason="x")
    assert [(each["sha256"], each["deleted"]) for each in deletions(project)] == [(digest, "2027-12-31")]
    with pytest.raises(DeliveryError, match="n’existe pas"):
        delete_delivery(project, SHOWN, day=DELETE, reason="x")


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps rights in other ways than modes")
def test_delivery_receipt_and_proof_are_for_their_owner_alone(project: Project, file: Path) -> None:
    file.chmod(0o600)
    add(project, file)
    path = project.root / SHOWN
    assert [each.stat().st_mode & 0o777 for each in (project.deliveries, path.parent)] == [0o700, 0o700]
    assert [each.stat().st_mode & 0o777 for each in (path, path.with_name(RECEIPT))] == [0o600, 0o600]
    delete_delivery(project, SHOWN, day=DAY, reason="x")
    assert project.ledger.stat().st_mode & 0o777 == 0o700
    assert (project.ledger / DELETIONS).stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps rights in other ways than modes")
def test_ledger_that_a_group_shares_stays_open_to_it(project: Project, file: Path) -> None:
    add(project, file)
    project.ledger.mkdir()
    project.ledger.chmod(0o770)
    delete_delivery(project, SHOWN, day=DAY, reason="x")
    assert (project.ledger / DELETIONS).stat().st_mode & 0o777 == 0o660


def test_missing_and_unregistered_files_have_a_proof_too(project: Project, file: Path) -> None:
    made = add(project, file)
    (project.root / SHOWN).unlink()
    delete_delivery(project, SHOWN, day=DAY, reason="perdue")
    (project.root / SHOWN).write_bytes(file.read_bytes())
    delete_delivery(project, SHOWN, day=DAY, reason="déposée par erreur")
    assert made.entry is not None
    assert [(each["sha256"], each["reason"]) for each in deletions(project)] == [
        (made.entry.sha256, "perdue"), (made.entry.sha256, "déposée par erreur"),
    ]  # fmt: skip


def test_proof_tells_the_file_that_was_destroyed(project: Project, file: Path) -> None:
    add(project, file)
    (project.root / SHOWN).write_bytes(b"changed")
    delete_delivery(project, SHOWN, day=DAY, reason="x")
    (proof,) = deletions(project)
    assert (proof["sha256"], proof["bytes"], proof["received"]) == (sha256(b"changed").hexdigest(), 7, "2026-01-05")


@pytest.mark.parametrize(
    "name", ["example/2025/autre.csv", "", ".", "..", "../../studies/essai/study.yml", f"example/2025/{RECEIPT}"]
)
def test_what_is_no_delivery_is_not_destroyed(project: Project, file: Path, name: str) -> None:
    add(project, file)
    with pytest.raises(DeliveryError, match="n’existe pas"):
        delete_delivery(project, name, day=DAY, reason="x")
    assert (project.studies / "essai" / "study.yml").is_file()
    assert standing(project) == [(SHOWN, "intact")]
    assert deletions(project) == []


def test_absolute_path_outside_is_not_destroyed(project: Project, file: Path) -> None:
    with pytest.raises(DeliveryError, match="n’existe pas"):
        delete_delivery(project, str(file), day=DAY, reason="x")
    assert file.is_file()
