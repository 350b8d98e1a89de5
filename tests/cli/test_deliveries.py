"""The commands that keep deliveries, as someone at a terminal meets them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from etabli.cli import app, codebooks, deliveries
from etabli.project import FOLDER_VARIABLE, KEYS_VARIABLE, Project
from etabli.terminal import run

Etabli = Callable[..., tuple[int, str]]


@pytest.fixture
def project(small_project: Project) -> Project:
    study = small_project.studies / "essai" / "study.yml"
    text = study.read_text(encoding="utf-8")
    text = text.replace("commissioner: À compléter", "commissioner: Direction")
    study.write_text(text.replace("editions:\n", 'editions:\n  "2025": {label: "2025", deliveries: raw}\n'), "utf-8")
    agreement = small_project.agreements / "essai-data.yml"
    agreement.write_text(agreement.read_text(encoding="utf-8") + (
        "legal_basis: x\npurposes: [x]\npeople: [x]\ncategories: [x]\nimpact_assessment: {not_needed: x}\nsecurity: x\n"
        "signed: 2025-01-01\nexpires: 2026-12-31\ndelete_by: 2027-12-31\ncontact: x\n"
    ), encoding="utf-8")  # fmt: skip
    return small_project


@pytest.fixture
def etabli(
    monkeypatch: pytest.MonkeyPatch, project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Etabli:
    """Return a function: arguments and the day → exit status, and all that was said on one line."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(project.root))
    monkeypatch.setenv(KEYS_VARIABLE, str(tmp_path / "keys"))

    def call(*arguments: str, day: date = date(2026, 1, 5)) -> tuple[int, str]:
        for module in (codebooks, deliveries):
            monkeypatch.setattr(module, "today", lambda: day)
        status = run(app, list(arguments))
        captured = capsys.readouterr()
        return status, " ".join((captured.out + captured.err).replace("\u00a0", " ").split())

    return call


@pytest.fixture
def received(etabli: Etabli, tmp_path: Path) -> str:
    file = tmp_path / "recu.csv"
    file.write_text("NUMERO;GROUPE;REPONSE\n1;1;O\n", encoding="utf-8")
    status, told = etabli(
        "deliveries", "add", str(file), "--study", "essai", "--source", "records", "--edition", "2025"
    )
    assert status == 0
    assert told.startswith("reçu : data/raw/example/2025/records.csv, ")
    return "example/2025/records.csv"


def test_kept_delivery_is_listed_in_peace(etabli: Etabli, received: str) -> None:
    status, told = etabli("deliveries")
    assert status == 0
    assert f"data/raw/{received} — intacte, reçue le 05/01/2026" in told
    assert "1 livraison" in told


@pytest.mark.parametrize(
    ("day", "status", "said"),
    [
        (date(2026, 10, 31), 0, None),
        (date(2026, 11, 1), 0, "expire dans 60 jours (31/12/2026)"),
        (date(2026, 12, 31), 0, "expire dans 0 jour (31/12/2026)"),
        (date(2027, 1, 1), 1, "a expiré (31/12/2026)"),
        (date(2028, 1, 1), 1, "à détruire : data/raw/example/2025/records.csv (au plus tard le 31/12/2027)"),
    ],
)
def test_list_tells_what_expires_and_what_must_go(
    etabli: Etabli, received: str, day: date, status: int, said: str | None
) -> None:
    found, told = etabli("deliveries", day=day)
    assert found == status
    assert said in told if said else "convention" not in told


def test_changed_delivery_ends_in_error(etabli: Etabli, project: Project, received: str) -> None:
    (project.deliveries / received).write_text("x", encoding="utf-8")
    status, told = etabli("deliveries")
    assert status == 1
    assert "modifiée depuis sa réception" in told


def test_destroyed_delivery_leaves_its_proof(etabli: Etabli, project: Project, received: str) -> None:
    status, told = etabli("deliveries", "delete", received, "--reason", "fin de la convention")
    assert status == 0
    assert "preuve dans data/ledger/deletions.jsonl" in told
    assert not (project.deliveries / received).exists()
    status, told = etabli("deliveries")
    assert (status, told) == (0, "0 livraison ; 1 destruction prouvée.")


def test_register_says_what_is_left_to_fill(etabli: Etabli, project: Project) -> None:
    status, told = etabli("register")
    assert status == 0
    assert "écrit : reports/register/registre.html" in told
    assert "à compléter" not in told
    path = project.agreements / "essai-data.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("contact: x\n", ""), encoding="utf-8")
    assert "1 case à compléter dans les conventions" in etabli("register")[1]


def test_register_counts_a_commissioner_that_nobody_has_named_yet(etabli: Etabli, project: Project) -> None:
    path = project.studies / "essai" / "study.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("Direction", "À compléter"), encoding="utf-8")
    status, told = etabli("register")
    assert status == 0
    assert "⚠ 1 case à compléter dans les conventions et les études" in told
    assert "✗" not in told


def test_delivery_received_without_a_key_says_so(etabli: Etabli, tmp_path: Path) -> None:
    file = tmp_path / "recu.csv"
    file.write_text("NUMERO;GROUPE;REPONSE\n1;1;O\n", encoding="utf-8")
    told = etabli("deliveries", "add", str(file), "--study", "essai", "--source", "records", "--edition", "2025")[1]
    assert "⚠ ce projet n’a pas de clé de pseudonymes" in told
    assert "« etabli key new --first »" in told
    assert etabli("key", "new", "--first")[0] == 0


def test_missing_file_is_named_whole_and_a_missing_reason_is_told(etabli: Etabli, tmp_path: Path) -> None:
    file = tmp_path / "absent.csv"
    told = etabli("deliveries", "add", str(file), "--study", "essai", "--source", "records", "--edition", "2025")[1]
    assert f"où : {file}" in told
    assert "conseil : La raison, que la preuve gardera." in etabli("deliveries", "delete", "x")[1]


def test_check_warns_of_a_receipt_that_is_gone(etabli: Etabli, project: Project, received: str) -> None:
    assert "reçu" not in etabli("check", "essai", "--edition", "2025")[1]
    (project.deliveries / received).with_name("deliveries.json").unlink()
    status, told = etabli("check", "essai", "--edition", "2025")
    assert status == 0
    assert "⚠ Cette livraison n’a pas de reçu" in told


@pytest.mark.parametrize(("left", "word"), [(None, "manque"), ("autre\n1\n", "refusée")])
def test_check_tells_a_missing_delivery_from_a_refused_one(
    etabli: Etabli, project: Project, received: str, left: str | None, word: str
) -> None:
    path = project.deliveries / received
    path.unlink()
    if left is not None:
        path.write_text(left, encoding="utf-8")
    status, told = etabli("check", "essai", "--edition", "2025")
    assert status == 1
    assert f"✗ records : {word}" in told


def test_check_of_a_real_delivery_says_that_the_key_is_missing(etabli: Etabli, received: str) -> None:
    _, told = etabli("check", "essai", "--edition", "2025")
    assert "ce projet n’a pas de clé de pseudonymes" in told
    etabli("key", "new", "--first")
    assert "clé de pseudonymes" not in etabli("check", "essai", "--edition", "2025")[1]


def test_check_of_fictional_data_asks_for_no_key(etabli: Etabli, project: Project) -> None:
    assert etabli("demo", "essai")[0] == 0
    status, told = etabli("check", "essai", "--edition", "2024")
    assert status == 0, told
    assert "clé" not in told
