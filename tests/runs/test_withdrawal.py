"""A person takes their consent back: who is meant, what goes with them, what is listed, what is forgotten."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from etabli.errors import DeliveryError, DisclosureError, KeyringError, RunError
from etabli.present.report import open_report
from etabli.project import FOLDER_VARIABLE, KEYS_VARIABLE, Project
from etabli.runs import execute
from etabli.runs.fingerprint import fingerprint
from etabli.runs.journal import begin, journals, page_of_batch
from etabli.runs.manifest import FILE, Manifest, now_utc, versions
from etabli.runs.outcome import Outcome as RunOutcome
from etabli.runs.withdrawal import Outcome, withdraw
from etabli.sources.admission import hold_edition
from etabli.sources.cache import cache_folder
from etabli.sources.codebook import read_codebook
from etabli.sources.deliveries import write_receipt
from etabli.sources.dummy import make_demo
from etabli.sources.keys import Keyring, demo_key, make_key, rotate_key, study_key
from etabli.sources.receipts import digest_of
from etabli.sources.withdrawals import read_withdrawals
from etabli.study import PlannedRun, read_study

pytestmark = pytest.mark.usefixtures("read_here")

DAY = date(2026, 11, 25)
OWN = Path(__file__).resolve().parents[2]


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keyring:
    monkeypatch.setenv(KEYS_VARIABLE, str(tmp_path / "keys"))
    return Keyring(tmp_path / "keys")


@pytest.fixture
def project(small_project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv(FOLDER_VARIABLE, str(small_project.root))
    return small_project


def gone(project: Project, person: str, keyring: Keyring, *, absent: bool = False, slug: str = "essai") -> Outcome:
    return withdraw(project, read_study(project, slug), person, keyring, day=DAY, absent=absent)


def records(project: Project) -> pd.DataFrame:
    """The rows as they lie in the delivery."""
    return pd.read_csv(project.demo("essai", "2024") / "records.csv", sep=";", dtype="str")


def someone(project: Project) -> str:
    """The identifier that has the most rows."""
    return str(records(project)["NUMERO"].value_counts().index[0])


def loaded(source: str = "records", slug: str = "essai", edition: str = "2024", **parameters: object) -> pd.DataFrame:
    return open_report(slug, edition=edition, audience="internal", **parameters).load(source)


def essai(source: str = "records") -> pd.DataFrame:
    return loaded(source, group="all")


def manifest_of(project: Project, name: str) -> Path:
    """Write the manifest that a run of now would leave."""
    study = read_study(project, "essai")
    digest = digest_of(project.demo("essai", "2024") / "records.csv", "records.csv")
    source = {"name": "records", "origin": "demo", "sha256": digest}
    told = Manifest(
        study="essai", title="x", run=name, parameters={}, choices={}, edition_label="2024", status="draft",
        sources=[source], commit=None, dirty=None, versions=versions(),
        started=now_utc(datetime(2026, 1, 1, tzinfo=UTC)), seconds=1,
        fingerprint=fingerprint(project, study, study.plan(), modules=()), outputs={},
    )  # fmt: skip
    folder = project.reports / "essai" / name
    folder.mkdir(parents=True)
    (folder / FILE).write_text(told.to_json(), encoding="utf-8")
    return folder


# Who is meant ------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["identifier", "pseudonym"])
def test_rows_of_the_person_and_no_others_are_gone(project: Project, keyring: Keyring, by: str) -> None:
    person, before = someone(project), essai()
    name = demo_key("essai").pseudonym(person, "person")
    theirs = int((records(project)["NUMERO"] == person).sum())
    outcome = gone(project, person if by == "identifier" else name, keyring)
    assert outcome.pseudonyms == (name,)
    assert outcome.held == (("data/demo/essai/2024/records.csv", theirs),)
    after = essai()
    assert len(before) - len(after) == theirs > 1
    assert set(before["person"]) - set(after["person"]) == {name}
    pd.testing.assert_frame_equal(after, before[before["person"] != name].reset_index(drop=True))


def test_withdrawal_keeps_no_identity(project: Project, keyring: Keyring) -> None:
    person = someone(project)
    gone(project, person, keyring)
    written = "".join(path.read_text(encoding="utf-8") for path in project.ledger.iterdir())
    assert person not in written
    assert demo_key("essai").pseudonym(person, "person") in written


def test_unknown_person_is_refused_and_not_recorded(project: Project, keyring: Keyring) -> None:
    with pytest.raises(DeliveryError, match="ne contient cette personne") as raised:
        gone(project, "personne", keyring)
    assert "personne" not in str(raised.value.got)
    assert read_withdrawals(project) == []


def test_absent_person_is_real_and_asks_for_the_key_of_the_project(project: Project, keyring: Keyring) -> None:
    with pytest.raises(KeyringError, match="n’a pas de clé"):
        gone(project, "personne", keyring, absent=True)
    assert read_withdrawals(project) == []
    make_key(project, keyring, day=DAY)
    outcome = gone(project, "personne", keyring, absent=True)
    assert outcome.pseudonyms == (study_key(project, keyring, "essai").pseudonym("personne", "person"),)
    assert outcome.held == ()


def test_absent_person_is_recorded_for_later(real: Project, keyring: Keyring) -> None:
    make_key(real, keyring, day=DAY)
    outcome = gone(real, "personne", keyring, absent=True)
    assert outcome.held == ()
    path = real.raw("example", "2024") / "records.csv"
    path.write_text(path.read_text(encoding="utf-8") + "personne;1;O\n", encoding="utf-8")
    assert study_key(real, keyring, "essai").pseudonym("personne", "person") == outcome.pseudonyms[0]
    assert outcome.pseudonyms[0] not in set(essai()["person"])


def test_second_withdrawal_of_a_person_changes_nothing(project: Project, keyring: Keyring) -> None:
    person = someone(project)
    first, again = gone(project, person, keyring), gone(project, person, keyring)
    assert (first.since, again.since) == (None, DAY)
    assert first == replace(again, since=None)
    assert len(read_withdrawals(project)) == 1


# What is forgotten and listed --------------------------------------------------------------------


def test_caches_forget_the_person(project: Project, keyring: Keyring) -> None:
    name = demo_key("essai").pseudonym(someone(project), "person").encode()
    essai()
    (cached,) = cache_folder(project, "essai").glob("*.parquet")
    assert pd.read_parquet(cached)["person"].eq(name.decode()).any()
    gone(project, someone(project), keyring)
    assert not list(project.cache.rglob("*.parquet"))
    essai()
    held = [pd.read_parquet(path)["person"] for path in project.cache.rglob("*.parquet")]
    assert held
    assert not any(each.eq(name.decode()).any() for each in held)


def test_reports_made_with_the_person_are_listed_until_made_again(project: Project, keyring: Keyring) -> None:
    manifest_of(project, "avant")
    assert gone(project, someone(project), keyring).reports == ("reports/essai/avant",)
    manifest_of(project, "apres")
    other = str(records(project)["NUMERO"].value_counts().index[1])
    assert gone(project, other, keyring).reports == ("reports/essai/apres", "reports/essai/avant")
    assert gone(project, someone(project), keyring).reports == ("reports/essai/avant",)


def test_report_from_another_delivery_is_not_listed(project: Project, keyring: Keyring) -> None:
    path = manifest_of(project, "ailleurs") / FILE
    told = json.loads(path.read_text(encoding="utf-8"))
    told["sources"][0]["sha256"] = "0" * 64
    path.write_text(json.dumps(told), encoding="utf-8")
    assert gone(project, someone(project), keyring).reports == ()


def test_releases_from_the_delivery_are_listed(project: Project, keyring: Keyring) -> None:
    digest = json.loads((project.demo("essai", "2024") / "deliveries.json").read_text(encoding="utf-8"))
    project.ledger.mkdir()
    lines = [json.dumps({"released": "x", "sources": [each]}) for each in ("0" * 64, digest["records.csv"]["sha256"])]
    (project.ledger / "releases.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert gone(project, someone(project), keyring).releases == ("data/ledger/releases.jsonl, ligne 2",)


def test_run_says_by_a_digest_which_withdrawals_it_knew(project: Project, keyring: Keyring) -> None:
    study = read_study(project, "essai")
    before = fingerprint(project, study, study.plan(), modules=())
    gone(project, someone(project), keyring)
    after = fingerprint(project, study, study.plan(), modules=())
    assert "withdrawals" not in before
    assert before == {part: value for part, value in after.items() if part != "withdrawals"}
    assert demo_key("essai").pseudonym(someone(project), "person") not in json.dumps(after)


def test_run_during_which_someone_withdraws_is_no_report(
    project: Project, keyring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execute, "_papermill", lambda *_: gone(project, someone(project), keyring))
    with pytest.raises(RunError, match="pendant le passage"):
        execute.execute(project, read_study(project, "essai").plan(), work=tmp_path)


# Other sources, real deliveries, other keys -------------------------------------------------------


@pytest.fixture
def linked(project: Project) -> Project:
    """The small study reads a second file, whose rows name a record of the first and no person."""
    study, book = (project.studies / "essai" / name for name in ("study.yml", "codebook.yml"))
    study.write_text(study.read_text(encoding="utf-8").replace("editions:", (
        "  steps:\n    file: steps.csv\n    agreement: essai-data\n    description: Suites données\neditions:"
    ), 1), encoding="utf-8")  # fmt: skip
    number = "{label: Dossier, type: identifier, sensitivity: identifier, column: DOSSIER"
    book.write_text(book.read_text(encoding="utf-8").replace(
        "    variables:\n", f"    variables:\n      record: {number}}}\n", 1
    ) + (
        "  steps:\n    row: {one: suite, many: suites, gender: f}\n    variables:\n"
        f"      record: {number}, references: records.record}}\n"
    ), encoding="utf-8")  # fmt: skip
    folder = project.demo("essai", "2024")
    shutil.rmtree(folder)
    folder.mkdir()
    people = ["A", "A", "B", "C"]
    rows = [f"{number};{person};1;O" for number, person in enumerate(people)]
    (folder / "records.csv").write_text("\n".join(["DOSSIER;NUMERO;GROUPE;REPONSE", *rows]) + "\n", encoding="utf-8")
    (folder / "steps.csv").write_text("DOSSIER\n0\n1\n1\n2\n3\n", encoding="utf-8")
    return project


def test_rows_that_refer_to_the_person_alone_are_gone_too(linked: Project, keyring: Keyring) -> None:
    outcome = gone(linked, "A", keyring)
    assert [count for _, count in outcome.held] == [2, 3]
    assert len(essai("records")) == 2
    assert essai("steps")["record"].tolist() == [demo_key("essai").pseudonym(number, "record") for number in "23"]


def test_rows_of_a_later_delivery_are_gone_too(linked: Project, keyring: Keyring) -> None:
    gone(linked, "A", keyring)
    folder = linked.demo("essai", "2024")
    (folder / "records.csv").write_text("DOSSIER;NUMERO;GROUPE;REPONSE\n7;A;1;O\n8;B;1;O\n", encoding="utf-8")
    (folder / "steps.csv").write_text("DOSSIER\n7\n8\n", encoding="utf-8")
    assert essai("steps")["record"].tolist() == [demo_key("essai").pseudonym("8", "record")]


def next_edition(project: Project, *lines: str) -> Path:
    """A later edition, 2025, whose surveys tell of visits that the first edition says whose they are."""
    study = project.studies / "essai" / "study.yml"
    text = study.read_text(encoding="utf-8")
    study.write_text(text.replace("editions:\n", 'editions:\n  "2025": {label: "2025", deliveries: demo}\n'), "utf-8")
    folder = project.demo("essai", "2025")
    folder.mkdir()
    (folder / "records.csv").write_text("DOSSIER;NUMERO;GROUPE;REPONSE\n9;C;1;O\n", encoding="utf-8")
    (folder / "steps.csv").write_text("\n".join(["DOSSIER", *lines]) + "\n", encoding="utf-8")
    return folder


def later_steps() -> list[str]:
    found: list[str] = loaded("steps", edition="2025", group="all")["record"].tolist()
    return found


def test_rows_of_another_edition_are_gone_even_once_the_first_is_destroyed(linked: Project, keyring: Keyring) -> None:
    next_edition(linked, "0", "2", "9")
    assert [count for _, count in sorted(gone(linked, "A", keyring).held)] == [2, 3, 1]
    left = [demo_key("essai").pseudonym(number, "record") for number in "29"]
    assert later_steps() == left
    shutil.rmtree(linked.demo("essai", "2024"))
    assert later_steps() == left


def test_rows_that_a_later_delivery_of_another_edition_gives_to_the_person_are_gone(
    linked: Project, keyring: Keyring
) -> None:
    gone(linked, "A", keyring)
    next_edition(linked, "7", "9")
    path = linked.demo("essai", "2024") / "records.csv"
    path.write_text(path.read_text(encoding="utf-8") + "7;A;1;O\n", encoding="utf-8")
    (path.parent / "steps.csv").unlink()
    assert later_steps() == [demo_key("essai").pseudonym("9", "record")]


def test_record_of_the_number_of_the_person_stays(linked: Project, keyring: Keyring) -> None:
    folder = linked.demo("essai", "2024")
    (folder / "records.csv").write_text("DOSSIER;NUMERO;GROUPE;REPONSE\n0;1;1;O\n1;B;1;O\n", encoding="utf-8")
    (folder / "steps.csv").write_text("DOSSIER\n0\n1\n", encoding="utf-8")
    assert [count for _, count in gone(linked, "1", keyring).held] == [1, 1]
    assert essai("records")["record"].tolist() == [demo_key("essai").pseudonym("1", "record")]


def test_record_shared_with_others_stays(linked: Project, keyring: Keyring) -> None:
    path = linked.demo("essai", "2024") / "records.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("2;B;1;O", "0;B;1;O"), encoding="utf-8")
    gone(linked, "A", keyring)
    assert demo_key("essai").pseudonym("0", "record") in set(essai("steps")["record"])


@pytest.fixture
def real(project: Project) -> Project:
    """The small study reads a real delivery, under a complete agreement, in two editions."""
    study = project.studies / "essai" / "study.yml"
    text = study.read_text(encoding="utf-8").replace("deliveries: demo", "deliveries: raw")
    study.write_text(text.replace("editions:\n", 'editions:\n  "2023": {label: "2023", deliveries: raw}\n'), "utf-8")
    agreement = project.agreements / "essai-data.yml"
    agreement.write_text(agreement.read_text(encoding="utf-8") + (
        "legal_basis: x\npurposes: [x]\npeople: [x]\ncategories: [x]\nimpact_assessment: {not_needed: x}\nsecurity: x\n"
        "signed: 2020-01-01\nexpires: 2999-01-01\ndelete_by: 2999-01-01\ncontact: x\n"
    ), encoding="utf-8")  # fmt: skip
    for edition in ("2023", "2024"):
        folder = project.raw("example", edition)
        folder.mkdir(parents=True)
        shutil.copy(project.demo("essai", "2024") / "records.csv", folder)
    return project


def test_real_delivery_asks_for_the_key_of_the_project(real: Project, keyring: Keyring) -> None:
    with pytest.raises(KeyringError, match="n’a pas de clé"):
        essai()
    make_key(real, keyring, day=DAY)
    name = study_key(real, keyring, "essai").pseudonym(someone(real), "person")
    assert name in set(essai()["person"]) & set(loaded(edition="2023", group="all")["person"])
    gone(real, someone(real), keyring)
    assert name not in set(essai()["person"]) | set(loaded(edition="2023", group="all")["person"])


def test_rotated_key_does_not_bring_the_person_back(real: Project, keyring: Keyring) -> None:
    make_key(real, keyring, day=DAY)
    before = essai()["person"].nunique()
    gone(real, someone(real), keyring)
    former = set(essai()["person"])
    rotate_key(real, keyring, day=DAY)
    after = essai()["person"]
    assert after.nunique() == before - 1
    assert not former & set(after)
    assert study_key(real, keyring, "essai").pseudonym(someone(real), "person") not in set(after)


@pytest.mark.parametrize("present", [True, False])
def test_pseudonym_from_before_a_rotation_withdraws_the_person(
    real: Project, keyring: Keyring, *, present: bool
) -> None:
    make_key(real, keyring, day=DAY)
    person = someone(real)
    name = study_key(real, keyring, "essai").pseudonym(person, "person")
    rotate_key(real, keyring, day=DAY)
    others = essai()["person"].nunique() - 1
    paths = [real.raw("example", edition) / "records.csv" for edition in ("2023", "2024")]
    bytes_ = paths[0].read_bytes()
    for path in paths if not present else ():
        path.unlink()
    assert gone(real, name, keyring, absent=not present).pseudonyms == (name,)
    for path in paths:
        path.write_bytes(bytes_)
    assert essai()["person"].nunique() == others
    assert study_key(real, keyring, "essai").pseudonym(person, "person") not in set(essai()["person"])


def test_pseudonym_that_a_key_that_is_not_here_may_have_made_is_not_recorded(real: Project, keyring: Keyring) -> None:
    former = make_key(real, keyring, day=DAY)
    rotate_key(real, keyring, day=DAY)
    keyring.path(former).unlink()
    with pytest.raises(KeyringError, match="n’est pas sur cette machine"):
        gone(real, "a" * 16, keyring, absent=True)
    assert read_withdrawals(real) == []


def test_person_found_in_fictional_data_is_gone_from_a_real_delivery_to_come(real: Project, keyring: Keyring) -> None:
    make_key(real, keyring, day=DAY)
    study = real.studies / "essai" / "study.yml"
    text = study.read_text(encoding="utf-8")
    study.write_text(text.replace("deliveries: raw", "deliveries: demo", 1), encoding="utf-8")
    shutil.copytree(real.demo("essai", "2024"), real.demo("essai", "2023"))
    path, person = real.raw("example", "2024") / "records.csv", someone(real)
    content = path.read_bytes()
    path.unlink()
    gone(real, person, keyring)
    path.write_bytes(content)
    assert study_key(real, keyring, "essai").pseudonym(person, "person") not in set(essai()["person"])


@pytest.mark.parametrize("held_by", ["both", "demo", "raw", "none"])
def test_real_identifier_is_never_recorded_under_the_open_key(real: Project, keyring: Keyring, held_by: str) -> None:
    name = make_key(real, keyring, day=DAY)
    person = someone(real)
    study = real.studies / "essai" / "study.yml"
    text = study.read_text(encoding="utf-8")
    study.write_text(text.replace("deliveries: raw", "deliveries: demo", 1), encoding="utf-8")
    if held_by in {"both", "demo"}:
        shutil.copytree(real.demo("essai", "2024"), real.demo("essai", "2023"))
    if held_by in {"demo", "none"}:
        (real.raw("example", "2024") / "records.csv").unlink()
    gone(real, person, keyring, absent=held_by == "none")
    assert {each.key for each in read_withdrawals(real)} == {name}
    written = "".join(path.read_text(encoding="utf-8") for path in real.ledger.iterdir())
    assert demo_key("essai").pseudonym(person, "person") not in written


def test_study_that_reads_real_deliveries_asks_for_the_key_even_of_someone_fictional(
    real: Project, keyring: Keyring
) -> None:
    study = real.studies / "essai" / "study.yml"
    text = study.read_text(encoding="utf-8")
    study.write_text(text.replace("deliveries: raw", "deliveries: demo", 1), encoding="utf-8")
    shutil.copytree(real.demo("essai", "2024"), real.demo("essai", "2023"))
    shutil.rmtree(real.deliveries)
    with pytest.raises(KeyringError, match="n’a pas de clé"):
        gone(real, someone(real), keyring)
    assert read_withdrawals(real) == []


def test_report_from_a_destroyed_delivery_is_told_apart(real: Project, keyring: Keyring) -> None:
    make_key(real, keyring, day=DAY)
    folder = manifest_of(real, "avant")
    told = json.loads((folder / FILE).read_text(encoding="utf-8"))
    told["sources"][0]["sha256"] = "0" * 64
    (folder / FILE).write_text(json.dumps(told), encoding="utf-8")
    outcome = gone(real, someone(real), keyring)
    assert (outcome.reports, outcome.uncertain) == ((), ("reports/essai/avant",))


def test_altered_delivery_is_named(real: Project, keyring: Keyring) -> None:
    make_key(real, keyring, day=DAY)
    write_receipt(real.raw("example", "2023"), ["records.csv"])
    with (real.raw("example", "2023") / "records.csv").open("a", encoding="utf-8") as file:
        file.write("x;1;O\n")
    assert gone(real, someone(real), keyring).unread == ("data/raw/example/2023/records.csv",)


def test_delivery_that_comes_later_lists_its_reports_when_the_person_is_withdrawn_again(
    project: Project, keyring: Keyring
) -> None:
    person = someone(project)
    gone(project, person, keyring, absent=True)
    path = project.demo("essai", "2024") / "records.csv"
    (path.parent / "deliveries.json").unlink()
    path.write_bytes(path.read_bytes() + f"{person};1;O\n".encode())
    folder = manifest_of(project, "ailleurs")
    told = json.loads((folder / FILE).read_text(encoding="utf-8"))
    del told["fingerprint"]["withdrawals"]
    (folder / FILE).write_text(json.dumps(told), encoding="utf-8")
    assert gone(project, person, keyring).reports == ("reports/essai/ailleurs",)


def test_failed_notebooks_and_pages_of_quality_are_listed(project: Project, keyring: Keyring) -> None:
    folder = project.reports / "essai"
    (folder / "quality" / "2024").mkdir(parents=True)
    (folder / "quality" / "2019").mkdir()
    (folder / "x.failed.ipynb").write_text("{}", encoding="utf-8")
    outcome = gone(project, someone(project), keyring)
    assert outcome.traces == ("reports/essai/x.failed.ipynb", "reports/essai/quality/2024")


def test_journals_that_quote_a_failed_run_of_the_study_are_listed(project: Project, keyring: Keyring) -> None:
    for second, slug in enumerate(("essai", "autre")):
        plan = PlannedRun(slug, (), "x")
        with begin(project, [plan], current=0, now=lambda s=second: datetime(2026, 1, 1, 0, 0, s, tzinfo=UTC)) as told:
            told.ended(RunOutcome(plan, None, RunError("raté"), 1.0))
    path = journals(project)[0]
    page_of_batch(project, path.stem).touch()
    outcome = gone(project, someone(project), keyring)
    assert outcome.traces == (f"reports/.batches/{path.name}", f"reports/batch-{path.stem}.html")


def test_pages_of_quality_of_a_delivery_that_is_gone_are_listed(real: Project, keyring: Keyring) -> None:
    make_key(real, keyring, day=DAY)
    held = real.raw("example", "2024") / "records.csv"
    digests = {"2021": "0" * 64, "2022": digest_of(held, "records.csv"), "2024": "1" * 64}
    for edition, digest in digests.items():
        folder = real.reports / "essai" / "quality" / edition
        folder.mkdir(parents=True)
        told = {"sources": [{"source": "records", "sha256": digest}]}
        (folder / "quality.json").write_text(json.dumps(told), encoding="utf-8")
    outcome = gone(real, someone(real), keyring)
    assert outcome.uncertain == ("reports/essai/quality/2021",)
    assert outcome.traces == ("reports/essai/quality/2024", "reports/essai/quality/2022")


def test_ledger_that_is_gone_brings_nobody_back(real: Project, keyring: Keyring) -> None:
    make_key(real, keyring, day=DAY)
    gone(real, someone(real), keyring)
    for path in real.ledger.glob("*withdrawals*"):
        path.unlink()
    with pytest.raises(KeyringError, match="registre des retraits est en retard"):
        essai()


def test_delivery_is_held_to_the_agreement_that_it_came_under(real: Project, keyring: Keyring) -> None:
    make_key(real, keyring, day=DAY)
    receipt = write_receipt(real.raw("example", "2024"), ["records.csv"])
    told = json.loads(receipt.read_text(encoding="utf-8"))
    told["records.csv"]["agreement"] = "duo"
    receipt.write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(DisclosureError, match="sous une autre convention"):
        essai()
    with pytest.raises(DisclosureError, match="sous une autre convention"):
        hold_edition(real, read_study(real, "essai"), "2024", day=DAY)
    hold_edition(real, read_study(real, "essai"), "2023", day=DAY)
    with pytest.raises(DisclosureError, match="a expiré"):
        hold_edition(real, read_study(real, "essai"), "2023", day=date(2999, 1, 2))


@pytest.mark.parametrize("registered", [True, False])
def test_manifest_says_whether_a_delivery_is_registered(real: Project, keyring: Keyring, *, registered: bool) -> None:
    make_key(real, keyring, day=DAY)
    if registered:
        write_receipt(real.raw("example", "2024"), ["records.csv"])
    report = open_report("essai", edition="2024", audience="internal", group="all")
    assert report._described("records")["registered"] is registered


def test_delivery_that_cannot_be_read_is_said(real: Project, keyring: Keyring) -> None:
    make_key(real, keyring, day=DAY)
    (real.raw("example", "2023") / "records.csv").write_text("autre\n1\n", encoding="utf-8")
    assert gone(real, someone(real), keyring).unread == ("data/raw/example/2023/records.csv",)


# The study of visits ------------------------------------------------------------------------------


def test_visits_of_a_withdrawn_recipient_are_counted_by_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keyring: Keyring
) -> None:
    root = tmp_path / "house"
    for name in ("studies", "notebooks"):
        shutil.copytree(OWN / name, root / name)
    monkeypatch.setenv(FOLDER_VARIABLE, str(root))
    project = Project(root)
    study = read_study(project, "caf-flows")
    make_demo(project, study, read_codebook(project, study), "2024-T4", seed=1, rows=2_000)
    before = loaded("visits", "caf-flows", "2024-T4", quarter="all")
    person = before["recipient"].value_counts().index[0]
    theirs = before[before["recipient"] == person]
    assert len(theirs) > 1
    files = {Path(source.file).name: name for name, source in study.sources.items()}
    read = {name: loaded(name, "caf-flows", "2024-T4", quarter="all")["recipient"] for name in study.sources}
    rows = {name: int((people == person).sum()) for name, people in read.items()}
    outcome = gone(project, str(person), keyring, slug="caf-flows")
    assert {files[Path(shown).name]: count for shown, count in outcome.held} == {
        name: count for name, count in rows.items() if count
    }
    assert rows["visits"] == len(theirs)
    after = loaded("visits", "caf-flows", "2024-T4", quarter="all")
    assert after["recipient"].nunique() == before["recipient"].nunique() - 1
    for variable in ("channel", "request", "quarter", "age_group"):
        counts = before[variable].value_counts().sub(theirs[variable].value_counts(), fill_value=0)
        assert counts.astype(int).to_dict() == after[variable].value_counts().to_dict()
