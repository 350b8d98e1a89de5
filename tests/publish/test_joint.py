"""Reports for one body are protected together: what it holds counts, stays told, and stays masked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from etabli.cli import app, joined_parameters
from etabli.disclosure.ledger import Ledger, read_ledger
from etabli.project import FOLDER_VARIABLE, Project, find_project
from etabli.publish.release import Judgement, candidate, judge
from etabli.recipients import read_recipients
from etabli.runs.manifest import hash_outputs, read_manifest
from etabli.terminal import run

ALL, FIRST, LATER = "essai/2024_funder", "essai/2024_funder_group-first", "essai/2025_funder"

BODIES = """
recipients:
  caf: {name: CAF, audience: funder}
  etat: {name: État, audience: funder}
"""

PEOPLE = [("1", "O", 40), ("1", "N", 20), ("2", "O", 3), ("2", "N", 9)]
"""Group, answer, people: three of the second group say yes, which the two reports together would tell."""


def etabli(*arguments: str) -> int:
    return run(app, joined_parameters(list(arguments)))


def released(report: str, to: str) -> None:
    assert etabli("release", report, "--to", to, "--relu-par", "Une collègue") == 0


def made(*arguments: str) -> None:
    assert etabli("run", "essai", "--audience", "funder", *arguments) == 0


def ledger(project: Project) -> Ledger:
    return read_ledger(project.ledger, shown="data/ledger")


def judged(project: Project, report: str, to: str = "caf") -> Judgement:
    told = candidate(project, project.reports / report, to)
    return judge(told, ledger(project), read_recipients(project))


def write_records(path: Path, people: list[tuple[str, str, int]]) -> None:
    rows = [line for group, answer, count in people for line in [(group, answer)] * count]
    lines = ["NUMERO;GROUPE;REPONSE", *(f"{n:05d};{group};{answer}" for n, (group, answer) in enumerate(rows))]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="session")
def _held(tmp_path_factory: pytest.TempPathFactory, _small_root: Path) -> Path:
    root = Path(shutil.copytree(_small_root, tmp_path_factory.mktemp("held") / "project"))
    (root / "studies" / "recipients.yml").write_text(BODIES, encoding="utf-8")
    (path,) = root.rglob("records.csv")
    write_records(path, PEOPLE)
    (path.parent / "deliveries.json").unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(root))
        made("-p", "group", "first")  # before the declared run of everybody, beside which it would be protected
        made()
    return root


@pytest.fixture
def held(_held: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a report on everybody and one on the first group, each protected by itself, none released."""
    root = Path(shutil.copytree(_held, tmp_path / "project"))
    monkeypatch.setenv(FOLDER_VARIABLE, str(root))
    return find_project()


def test_report_that_would_disclose_beside_what_is_held_is_protected_instead_of_refused(held: Project) -> None:
    assert judged(held, FIRST).holds
    released(ALL, "caf")
    assert not judged(held, FIRST).holds  # made before: protected by itself
    made("-p", "group", "first")
    assert judged(held, FIRST).holds
    manifest = read_manifest(held.reports / FIRST, shown=FIRST)
    assert (manifest.releases, manifest.lost) == ([1], [])
    assert any(state == "masked" for state in candidate(held, held.reports / FIRST, "caf").publication.states.values())


def test_what_another_body_holds_masks_nothing(held: Project) -> None:
    released(ALL, "etat")
    before = hash_outputs(held.reports / FIRST)
    made("--recipient", "caf", "-p", "group", "first")
    told = candidate(held, held.reports / "essai/2024_funder-caf_group-first", "caf").publication
    assert set(told.states.values()) == {"shown"}
    assert hash_outputs(held.reports / FIRST) == before


def values_of(project: Project, report: str) -> dict[str, str]:
    """All that a report prints, file by file: its page without the line that says when it was computed."""
    folder = project.reports / report
    page = (folder / "report.html").read_text(encoding="utf-8").splitlines()
    digests = {name: each for name, each in hash_outputs(folder).items() if name != "report.html"}
    return {**digests, "page": "\n".join(line for line in page if "Calculé le" not in line)}


def test_released_report_made_again_is_the_same(held: Project) -> None:
    """Whatever its body has come to hold since: it keeps the masks that it left with."""
    released(ALL, "caf")
    made("-p", "group", "first")
    released(FIRST, "caf")
    before = {report: values_of(held, report) for report in (ALL, FIRST)}
    made()
    made("-p", "group", "first")
    assert {report: values_of(held, report) for report in (ALL, FIRST)} == before
    assert read_manifest(held.reports / ALL, shown=ALL).releases == [1, 2]
    assert judged(held, ALL).holds
    assert judged(held, FIRST).holds


def test_run_is_to_be_made_again_once_its_readers_hold_something_else(
    held: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    released(ALL, "caf")
    capsys.readouterr()
    etabli("why", FIRST)
    assert "le registre des diffusions a changé" in capsys.readouterr().out
    etabli("why", ALL)  # its own release changes nothing for it
    assert "registre" not in capsys.readouterr().out


# Runs of one edition ---------------------------------------------------------------------------------------


@pytest.fixture
def declared(_held: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The same project without a report; its study declares both runs."""
    root = Path(shutil.copytree(_held, tmp_path / "declared"))
    shutil.rmtree(root / "reports")
    shutil.rmtree(root / "data" / "cache")
    path = root / "studies" / "essai" / "study.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "  - parameters: {audience: funder, group: first}\n", encoding="utf-8")
    monkeypatch.setenv(FOLDER_VARIABLE, str(root))
    return find_project()


@pytest.mark.slow
def test_runs_of_an_edition_share_one_plan_whatever_their_order(declared: Project) -> None:
    made("-p", "group", "first")  # alone: it masks nothing
    assert set(candidate(declared, declared.reports / FIRST, "caf").publication.states.values()) == {"shown"}
    assert etabli("batch", "--workers", "1") == 0
    forwards = {report: values_of(declared, report) for report in (ALL, FIRST)}
    shutil.rmtree(declared.reports)
    shutil.rmtree(declared.cache)
    made()
    made("-p", "group", "first")
    assert etabli("batch", "--workers", "1") == 0
    assert {report: values_of(declared, report) for report in (ALL, FIRST)} == forwards
    hidden = [candidate(declared, declared.reports / report, "caf").publication.hidden for report in (ALL, FIRST)]
    assert any(hidden)
    released(ALL, "caf")
    assert judged(declared, FIRST).holds


@pytest.mark.slow
def test_run_that_another_one_overtook_is_made_again_by_the_batch(
    declared: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert etabli("batch", "--workers", "1") == 0
    capsys.readouterr()
    assert etabli("batch", "--workers", "1") == 0
    assert "Rien à refaire" in capsys.readouterr().out
    shutil.rmtree(declared.cache)  # what it held can be made again: nothing is old for its want
    assert etabli("batch", "--workers", "1") == 0
    assert "Rien à refaire" in capsys.readouterr().out


# Editions of the same people -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_few_who_came_since_a_released_edition_are_not_known(held: Project) -> None:
    path = held.studies / "essai" / "study.yml"
    text = path.read_text(encoding="utf-8")
    later = "editions:\n  '2025': {label: '2025', deliveries: demo, keeps: '2024'}"
    path.write_text(text.replace("editions:", later, 1), encoding="utf-8")
    write_records(held.demo("essai", "2025") / "records.csv", [*PEOPLE, ("1", "N", 2)])
    made("-p", "edition", "2025")
    released(ALL, "caf")
    assert not judged(held, LATER).holds
    assert etabli("why", LATER) == 0
    made("-p", "edition", "2025")
    assert read_manifest(held.reports / LATER, shown=LATER).releases == [1]
    assert candidate(held, held.reports / LATER, "caf").publication.hidden
    assert judged(held, LATER).holds
