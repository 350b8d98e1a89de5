"""A new edition: lines added to study.yml and nothing else, then what drifted."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date

import pytest

from etabli.cli import app
from etabli.editions import add_edition, period_of
from etabli.errors import DeclarationError
from etabli.project import FOLDER_VARIABLE, Project
from etabli.study import Study, read_study
from etabli.terminal import run

Etabli = Callable[..., int]


@pytest.fixture
def etabli(monkeypatch: pytest.MonkeyPatch, small_project: Project) -> Etabli:
    monkeypatch.setenv(FOLDER_VARIABLE, str(small_project.root))
    return lambda *arguments: run(app, list(arguments))


def deliver(project: Project, change: Callable[[str], str] = lambda text: text) -> None:
    """Put a changed copy of the demo delivery where the partner's file of 2025 is looked for."""
    folder = project.raw("example", "2025")
    folder.mkdir(parents=True, exist_ok=True)
    text = (project.demo("essai", "2024") / "records.csv").read_text(encoding="utf-8")
    (folder / "records.csv").write_text(change(text), encoding="utf-8")
    for path in project.agreements.glob("*.yml"):  # what is asked of an agreement on personal data is not the matter
        told = path.read_text(encoding="utf-8")
        if "personal_data" not in told:
            path.write_text(told + "personal_data: false\n", encoding="utf-8")


def test_new_edition_only_adds_lines(small_project: Project, small_study: Study) -> None:
    path = small_project.studies / "essai" / "study.yml"
    commented = path.read_text(encoding="utf-8").replace("audiences:", "\n# À qui ?\naudiences:")
    path.write_text(commented, encoding="utf-8")
    add_edition(small_project, small_study, "2025", origin="2024")
    before, after = commented.splitlines(), path.read_text(encoding="utf-8").splitlines()
    added = after[: len(after)]
    start = next(place for place, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1])
    added = after[start : start + len(after) - len(before)]
    assert after[:start] + after[start + len(added) :] == before
    assert [line.strip() for line in added] == ["'2025':", "label: '2025'", "deliveries: raw"]
    assert read_study(small_project, "essai").latest_edition == "2025"


@pytest.mark.parametrize(
    ("name", "origin", "told"),
    [
        ("2024", "2024", "existe déjà"),
        ("2025", "2023", "n’existe pas"),
        ("2024 bis", "2024", "Ce nom ne convient pas à une édition"),
    ],
)
def test_new_edition_that_cannot_be_changes_nothing(
    small_project: Project, small_study: Study, name: str, origin: str, told: str
) -> None:
    path = small_project.studies / "essai" / "study.yml"
    before = path.read_bytes()
    with pytest.raises(DeclarationError, match=told):
        add_edition(small_project, small_study, name, origin=origin)
    assert path.read_bytes() == before
    assert not list(path.parent.glob(".study*"))


def test_edition_of_a_one_line_mapping_is_added(small_project: Project, small_study: Study) -> None:
    path = small_project.studies / "essai" / "study.yml"
    text = path.read_text(encoding="utf-8")
    block = text[text.index("editions:") : text.index("audiences:")]
    path.write_text(text.replace(block, 'editions: {"2024": {label: "2024", deliveries: demo}}\n'), encoding="utf-8")
    add_edition(small_project, small_study, "2025", origin="2024", label="Année 2025")
    assert read_study(small_project, "essai").editions["2025"].label == "Année 2025"


def test_edition_that_drifts_is_absorbed_by_the_lines_it_proposes(
    etabli: Etabli, small_project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")  # a table of the terminal breaks its lines otherwise
    deliver(small_project, lambda text: text.replace("GROUPE", "GROUPES").replace(";O\n", ";Oui\n"))
    assert etabli("edition", "new", "essai", "2025") == 1
    said = capsys.readouterr().out
    assert "« GROUPES » semble la remplacer" in said.replace("\u00a0", " ")
    lines = said[said.index("sources:") :].split("\n\n")[0]
    proposed = "\n".join(line for line in lines.splitlines()[2:] if line.startswith("    "))
    path = small_project.studies / "essai" / "codebook.yml"
    text = path.read_text(encoding="utf-8")
    assert etabli("check", "essai") == 1
    path.write_text(text.replace("    variables:\n", f"{proposed}\n    variables:\n"), encoding="utf-8")
    capsys.readouterr()
    assert etabli("edition", "new", "essai", "2025") == 0
    assert "semble" not in capsys.readouterr().out
    assert etabli("check", "essai") == 0


def test_edition_of_a_workbook_is_compared_as_it_is_read(
    etabli: Etabli, small_project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """A workbook stores dates, not texts: they were all called of the wrong type."""
    folder = small_project.studies / "essai"
    for name, old, new in (
        ("study.yml", "records.csv", "records.xlsx"),
        (
            "study.yml",
            "audiences:",
            "  '2025': {label: '2025', start: 2025-01-01, end: 2025-12-31, deliveries: demo}\naudiences:",
        ),
        (
            "codebook.yml",
            "    variables:\n",
            "    variables:\n      day: {label: Jour, type: date, sensitivity: open}\n",
        ),
    ):
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    assert etabli("demo", "essai") == 0
    capsys.readouterr()
    assert etabli("edition", "new", "essai", "2025", "--from", "2024") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "bloque" not in said.replace("Rien ne bloque", "")
    assert "0,0 % des identifiants" in said.replace("\u00a0", " ")


def test_check_writes_an_internal_report_that_no_catalogue_lists(
    etabli: Etabli, small_project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert etabli("check", "essai") == 0
    folder = small_project.reports / "essai" / "quality" / "2024"
    page = (folder / "quality.html").read_text(encoding="utf-8")
    assert "ne pas diffuser" in page
    assert 'lang="fr"' in page
    assert sorted(path.name for path in folder.iterdir()) == ["quality.html", "quality.json"]
    assert "toutes les règles sont suivies" in capsys.readouterr().out
    from etabli.publish.catalogue import reports_in

    assert reports_in(small_project) == []


def test_check_that_blocks_ends_with_status_1_and_tells_no_identity(
    etabli: Etabli, small_project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(small_project, lambda text: text.replace(";O\n", ";Durand<b>\n", 1))
    shutil.copytree(small_project.raw("example", "2025"), small_project.demo("essai", "2024"), dirs_exist_ok=True)
    (small_project.demo("essai", "2024") / "deliveries.json").unlink()
    assert etabli("check", "essai", "--edition", "2024") == 1
    told = capsys.readouterr()
    page = (small_project.reports / "essai" / "quality" / "2024" / "quality.html").read_text(encoding="utf-8")
    assert "bloque" in told.out
    assert "Durand" not in told.out + told.err + page


def test_codebook_init_writes_beside_and_overwrites_nothing(
    etabli: Etabli, small_project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    file = small_project.demo("essai", "2024") / "records.csv"
    assert etabli("codebook", "init", str(file)) == 0
    assert (file.parent / "codebook.yml").is_file()
    assert etabli("codebook", "init", str(file)) != 0
    assert "n’écrase rien" in capsys.readouterr().err


def test_new_edition_without_its_file_is_declared_and_says_what_is_next(
    etabli: Etabli, small_project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert etabli("edition", "new", "essai", "2025") == 0
    told = capsys.readouterr().out
    assert "L’édition 2025 est déclarée" in told
    assert "etabli deliveries add FICHIER --study essai --source records --edition 2025" in told
    assert "2025" in read_study(small_project, "essai").editions
    deliver(small_project)
    shutil.rmtree(small_project.demo("essai", "2024"))
    assert etabli("edition", "new", "essai", "2026") == 0
    capsys.readouterr()
    assert etabli("edition", "new", "essai", "2025") == 1  # what it is compared with, the one before, must be there
    told = capsys.readouterr().err
    assert "data/demo/essai/2024/records.csv" in told
    assert "pour comparer à une autre édition que 2024 : --from" in told


@pytest.mark.parametrize(
    ("change", "encoding", "lines"),
    [
        (lambda text: text.replace(";", ","), "utf-8", '{"2025": {"format": {"separator": ","}}}'),
        (lambda text: text.replace(";O", ";é"), "cp1252", '{"2025": {"format": {"encoding": "cp1252"}}}'),
    ],
)
def test_edition_written_otherwise_is_told_the_lines_that_read_it(
    etabli: Etabli, small_project: Project, capsys: pytest.CaptureFixture[str],
    change: Callable[[str], str], encoding: str, lines: str,
) -> None:  # fmt: skip
    deliver(small_project, change)
    path = small_project.raw("example", "2025") / "records.csv"
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    assert etabli("edition", "new", "essai", "2025") == 1
    assert f"« editions: {lines} »" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "label", "start", "end"),
    [
        ("2024", "2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("2025-T4", "4e trimestre 2025", date(2025, 10, 1), date(2025, 12, 31)),
        ("2024-S1", "1er semestre 2024", date(2024, 1, 1), date(2024, 6, 30)),
        ("2024-02", "février 2024", date(2024, 2, 1), date(2024, 2, 29)),
    ],
)
def test_name_of_an_edition_says_its_period(name: str, label: str, start: date, end: date) -> None:
    period = period_of(name)
    assert period is not None
    assert (period.label.replace("\u00a0", " "), period.start, period.end) == (label, start, end)


@pytest.mark.parametrize("name", ["2024-S3", "2024-13", "essai", "2024-T5", "24-T1", "2024-T1-bis"])
def test_name_that_says_no_period_is_left_to_complete(name: str) -> None:
    assert period_of(name) is None


def test_new_edition_has_the_label_and_dates_of_its_name(small_project: Project) -> None:
    path = small_project.studies / "essai" / "study.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("deliveries: demo", "start: 2024-01-01\n    end: 2024-12-31\n    deliveries: demo"), "utf-8"
    )
    add_edition(small_project, read_study(small_project, "essai"), "2025-T1", origin="2024")
    added = read_study(small_project, "essai").editions["2025-T1"]
    assert (added.label, added.start, added.end) == ("1er trimestre 2025", date(2025, 1, 1), date(2025, 3, 31))
    add_edition(small_project, read_study(small_project, "essai"), "vague-2", origin="2024")
    other = read_study(small_project, "essai").editions["vague-2"]
    assert (other.label, other.start) == ("À compléter", None)
