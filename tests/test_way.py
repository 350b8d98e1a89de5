"""The whole way, from a delivery to a report, by real papermill runs and real exports.

Everything goes through the command line, in this process, on a project that `etabli new` made.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from etabli.cli import app, joined_parameters
from etabli.project import FOLDER_VARIABLE, Project
from etabli.runs.manifest import hash_outputs
from etabli.terminal import run

SLUG, EDITION = "essai", "2024"
RUN = f"{EDITION}_internal"

Etabli = Callable[..., int]


@pytest.fixture
def etabli(monkeypatch: pytest.MonkeyPatch, small_project: Project) -> Etabli:
    """The command, in the small project."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(small_project.root))
    return lambda *arguments: run(app, joined_parameters(list(arguments)))


@pytest.fixture(scope="session")
def _good_reports(tmp_path_factory: pytest.TempPathFactory, _small_root: Path) -> Path:
    """The small project with both its reports, made once."""
    root = Path(shutil.copytree(_small_root, tmp_path_factory.mktemp("good") / "project"))
    before = os.environ.get(FOLDER_VARIABLE)
    os.environ[FOLDER_VARIABLE] = str(root)
    try:
        assert run(app, ["batch"]) == 0
    finally:
        os.environ.pop(FOLDER_VARIABLE) if before is None else os.environ.update({FOLDER_VARIABLE: before})
    return root


@pytest.fixture
def made(_good_reports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The small project with good reports; each test has its own copy."""
    root = Path(shutil.copytree(_good_reports, tmp_path / "made"))
    monkeypatch.setenv(FOLDER_VARIABLE, str(root))
    return Project(root)


def edit_notebook(project: Project, change: Callable[[nbformat.NotebookNode], None]) -> None:
    path = project.notebooks / "essai.ipynb"
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    nbformat.write(notebook, path)


def add_cell(project: Project, source: str, *, before_last: bool = True, first: bool = False) -> None:
    """Add a cell before or after `report.finish()`, or right after the parameters."""

    def insert(notebook: nbformat.NotebookNode) -> None:
        cell = nbformat.v4.new_code_cell(source)
        notebook["cells"].insert(1 if first else len(notebook["cells"]) - before_last, cell)

    edit_notebook(project, insert)


def delivery(project: Project) -> Path:
    return project.demo(SLUG, EDITION) / "records.csv"


def replace_delivery(project: Project, content: bytes) -> None:
    """Put other bytes in the delivery's place, as a partner would: without a receipt."""
    delivery(project).write_bytes(content)
    (delivery(project).parent / "deliveries.json").unlink()


def folder_of(project: Project, name: str = RUN) -> Path:
    return project.reports / SLUG / name


def leftovers(project: Project) -> list[str]:
    """What a failed run must not leave: work folders, drafts."""
    kept = {".gitkeep", project.batches.name}
    return sorted(path.name for path in project.reports.rglob(".*") if path.name not in kept)


# What works ------------------------------------------------------------------------------------


def test_run_writes_a_whole_report(made: Project) -> None:
    folder = folder_of(made)
    names = ["manifest.json", "report.html", "results.json", "tableaux.xlsx", "tables"]
    assert sorted(path.name for path in folder.iterdir()) == names
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert '<html lang="fr">' in page
    assert page.count("<h1>") == 1
    assert "Document interne — ne pas diffuser" in page
    assert "Données fictives" in page
    assert "Lecture" in page
    assert "Champ" in page
    assert "Source" in page
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))["results"]
    assert {"name", "unit", "n", "value"} <= set(results[0])
    table = (folder / "tables" / "tableau-1.csv").read_bytes()
    assert table.startswith(b"\xef\xbb\xbf")
    assert b";" in table
    assert (made.reports / "index.html").is_file()
    assert leftovers(made) == []


def test_run_for_a_funder_shows_no_internal_banner(made: Project) -> None:
    page = (folder_of(made, f"{EDITION}_funder") / "report.html").read_text(encoding="utf-8")
    assert "Document interne" not in page
    assert "en attente" not in page


def test_manifest_says_where_a_report_comes_from(made: Project) -> None:
    manifest = json.loads((folder_of(made) / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["parameters"] == {"edition": EDITION, "audience": "internal", "recipient": "", "group": "all"}
    assert manifest["sources"][0]["file"] == f"data/demo/{SLUG}/{EDITION}/records.csv"
    assert len(manifest["sources"][0]["sha256"]) == 64
    assert {"python", "pandas", "papermill", "nbconvert"} <= set(manifest["versions"])
    assert {"notebook", "parameters", "lock", "source/records", "lib/etabli.methods.profiles"} <= set(
        manifest["fingerprint"]
    )
    assert manifest["outputs"] == hash_outputs(folder_of(made))
    assert str(made.root) not in (folder_of(made) / "manifest.json").read_text(encoding="utf-8")


def test_same_run_twice_gives_the_same_results(made: Project, etabli_at: Etabli) -> None:
    before = (folder_of(made) / "results.json").read_bytes()
    assert etabli_at("run", SLUG) == 0
    assert (folder_of(made) / "results.json").read_bytes() == before


def test_withdrawn_person_is_in_no_later_run(
    made: Project, etabli_at: Etabli, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line.split(";") for line in delivery(made).read_text(encoding="utf-8").splitlines()[1:]]
    person = next(number for number, *_ in lines if sum(number == other[0] for other in lines) > 1)
    theirs = [line for line in lines if line[0] == person]
    rows, people = counts(made, "rows"), counts(made, "people")
    assert etabli_at("withdraw", person, "--study", SLUG) == 0
    captured = capsys.readouterr()
    told = " ".join((captured.out + captured.err).split())
    assert f"{len(theirs)} lignes" in told
    assert all(f"reports/{SLUG}/{EDITION}_{audience}" in told for audience in ("internal", "funder"))
    assert person not in told

    assert etabli_at("run", SLUG) == 0
    for answer, value in (("yes", "O"), ("no", "N")):
        gone = sum(line[2] == value for line in theirs)
        assert counts(made, "rows")[answer] == rows[answer] - gone
        assert counts(made, "people")[answer] == people[answer] - (gone > 0)
    assert counts(made, "rows")["total"] == rows["total"] - len(theirs)
    assert counts(made, "people")["total"] == people["total"] - 1

    capsys.readouterr()
    assert etabli_at("withdraw", person, "--study", SLUG) == 0
    told = capsys.readouterr().err
    assert f"{EDITION}_internal" not in told  # made again without them
    assert f"{EDITION}_funder" in told


def test_report_that_holds_personal_data_is_not_exported(
    made: Project, etabli_at: Etabli, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder_of(made) / "report.html").read_bytes()
    book = made.studies / SLUG / "codebook.yml"
    text = book.read_text(encoding="utf-8")
    book.write_text(text.replace("label: Réponse", "label: Réponse (Mme Kermarrec, 06 12 34 56 78)"), encoding="utf-8")
    assert etabli_at("run", SLUG) == 1
    told = capsys.readouterr().err
    assert "Le rapport contient une donnée personnelle." in told
    assert f"étude {SLUG}, passage {RUN} ; report.html" in told
    assert "06 •• •• •• ••" in told
    assert "34 56" not in told
    assert (folder_of(made) / "report.html").read_bytes() == before
    assert leftovers(made) == []


def counts(project: Project, name: str) -> dict[str, int]:
    """One measure of the table of answers, by answer."""
    results = json.loads((folder_of(project) / "results.json").read_text(encoding="utf-8"))["results"]
    return {
        each["where"]["answer"]: each["value"]
        for each in results
        if each["item"] == "tableau-1" and each["name"] == name
    }


@pytest.fixture
def etabli_at(made: Project) -> Etabli:
    """The command, in the project that has good reports."""
    return lambda *arguments: run(app, joined_parameters(list(arguments)))


def test_verify_intact_then_altered_then_drifted(
    made: Project, etabli_at: Etabli, capsys: pytest.CaptureFixture[str]
) -> None:
    assert etabli_at("verify", f"{SLUG}/{RUN}") == 0
    assert "Intact" in capsys.readouterr().out
    (made.notebooks / "essai.ipynb").write_text(
        (made.notebooks / "essai.ipynb").read_text(encoding="utf-8") + "\n", encoding="utf-8"
    )
    assert etabli_at("verify", f"{SLUG}/{RUN}") == 0
    assert "a changé : le notebook" in capsys.readouterr().out
    (folder_of(made) / "tables" / "tableau-1.csv").write_text("x", encoding="utf-8")
    assert etabli_at("verify", f"{SLUG}/{RUN}") == 1
    assert "modifié : tables/tableau-1.csv" in capsys.readouterr().err


def test_plain_papermill_runs_the_notebook(made: Project, tmp_path: Path) -> None:
    out = tmp_path / "out.ipynb"
    command = [sys.executable, "-m", "papermill", "notebooks/essai.ipynb", str(out), "-p", "audience", "funder"]
    done = subprocess.run(command, cwd=made.root, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    text = out.read_text(encoding="utf-8")
    assert "application/vnd.etabli.clearance+json" in text
    assert "en attente" not in text


def test_batch_dry_run_does_nothing(etabli: Etabli, small_project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert etabli("batch", "--dry-run") == 0
    assert "2 passages à faire, 0 à jour, rien n’a été fait" in capsys.readouterr().out
    assert not small_project.reports.exists()


# What a user gets wrong ------------------------------------------------------------------------


def test_unknown_parameter_is_refused_and_names_the_nearest(
    etabli: Etabli, small_project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert etabli("run", SLUG, "-p", "audiance", "funder") == 1
    message = capsys.readouterr().err
    assert "audiance" in message
    assert "vouliez-vous dire « audience » ?" in message
    assert not small_project.reports.exists()


def refused(project: Project, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run, and check what must hold whenever a run is refused; return the message."""
    folder = folder_of(project)
    before = hash_outputs(folder)
    status = run(app, joined_parameters(list(arguments or ("run", SLUG))))
    message = capsys.readouterr().err
    assert status == 1, message
    assert "Traceback" not in message
    assert hash_outputs(folder) == before, "an earlier good report was touched"
    assert leftovers(project) == []
    return message


GOOD = b"NUMERO;GROUPE;REPONSE\n1;1;O\n2;2;N\n"

BAD_DELIVERIES: dict[str, tuple[bytes, list[str]]] = {
    "truncated": (b"NUMERO;GROUPE;REPONSE\n1;1;O\n2;", ["ligne 3"]),
    "wrong_encoding": ("NUMERO;GROUPE;REPONSE\né1;1;O\n".encode("latin-1"), ["utf-8"]),
    "missing_column": (b"NUMERO;GROUPE\n1;1\n", ["REPONSE"]),
    "duplicate_column": (b"NUMERO;GROUPE;REPONSE;REPONSE\n1;1;O;O\n", ["REPONSE"]),
    "value_outside_codes": (b"NUMERO;GROUPE;REPONSE\n1;1;O\n2;9;N\n", ["ligne 3", "9"]),
    "empty_file": (b"", ["vide"]),
    "header_only": (b"NUMERO;GROUPE;REPONSE\n", ["aucune ligne"]),
}


@pytest.mark.parametrize("case", BAD_DELIVERIES)
def test_bad_delivery_is_told_and_touches_nothing(case: str, made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    content, words = BAD_DELIVERIES[case]
    replace_delivery(made, content)
    message = refused(made, capsys)
    assert f"data/demo/{SLUG}/{EDITION}/records.csv" in message
    for word in words:
        assert word.lower() in message.lower()


def test_missing_delivery_says_how_to_make_it(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    delivery(made).unlink()
    message = refused(made, capsys)
    assert f"etabli demo {SLUG}" in message


def test_delivery_changed_since_its_receipt_is_refused(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    content = delivery(made).read_bytes()
    delivery(made).write_bytes(content[: len(content) // 2])
    assert "tronqué" in refused(made, capsys)


def test_study_that_is_not_yaml(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    (made.studies / SLUG / "study.yml").write_text("title: [\n", encoding="utf-8")
    message = refused(made, capsys)
    assert f"studies/{SLUG}/study.yml, ligne" in message


def test_notebook_without_parameters_cell(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    edit_notebook(made, lambda notebook: notebook["cells"][1]["metadata"].pop("tags"))
    assert "cellule de paramètres" in refused(made, capsys)


def test_notebook_parameters_differ_from_the_study(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    def change(notebook: nbformat.NotebookNode) -> None:
        notebook["cells"][1]["source"] = notebook["cells"][1]["source"].replace('"all"', '"first"')

    edit_notebook(made, change)
    assert "« group »" in refused(made, capsys)


def test_raw_frame_in_a_funders_run_is_refused_naming_the_cell(
    made: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    before = hash_outputs(folder_of(made, f"{EDITION}_funder"))
    add_cell(made, "records.head()")
    message = refused(made, capsys, "run", SLUG, "--audience", "funder")
    assert "« records.head() »" in message
    assert "cellule 12" in message  # as the notebook is written: papermill's injected cell is not counted
    assert hash_outputs(folder_of(made, f"{EDITION}_funder")) == before


def test_raw_frame_in_an_internal_run_is_let_pass(made: Project, etabli_at: Etabli) -> None:
    add_cell(made, "records.head()")
    assert etabli_at("run", SLUG) == 0


def test_failing_cell_says_study_run_cell_and_keeps_the_notebook(
    made: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    add_cell(made, "1 / 0")
    message = refused(made, capsys)
    for word in (
        f"étude {SLUG}",
        f"passage {RUN}",
        "notebooks/essai.ipynb",
        "cellule 12 (« 1 / 0 »)",
        "division by zero",
    ):
        assert word in message
    kept = made.reports / SLUG / f"{RUN}.failed.ipynb"
    assert made.relative(kept) in message
    assert kept.stat().st_mode & 0o077 == 0  # it shows what a report may not: for nobody else


def test_good_run_clears_the_notebook_of_a_failed_one(made: Project, etabli_at: Etabli) -> None:
    kept = made.reports / SLUG / f"{RUN}.failed.ipynb"
    kept.write_text("{}", encoding="utf-8")
    assert etabli_at("run", SLUG) == 0
    assert not kept.exists()


def test_error_of_ours_in_a_cell_is_told_whole(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    add_cell(made, 'report.load("record")')
    message = refused(made, capsys)
    assert "vouliez-vous dire « records » ?" in message


def test_kernel_that_dies(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    add_cell(made, "import os; os._exit(1)")
    message = refused(made, capsys)
    assert "noyau Python du notebook est mort" in message
    assert "os._exit(1)" in message


def test_cell_that_never_ends(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    path = made.studies / SLUG / "study.yml"
    path.write_text(path.read_text(encoding="utf-8") + "time_limit_minutes: 0.12\n", encoding="utf-8")
    add_cell(made, "while True: pass", first=True)  # before the imports, which take all the time of a busy machine
    message = refused(made, capsys)
    assert "durée limite" in message
    assert "while True" in message


def test_report_that_shows_nothing_fails(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    def change(notebook: nbformat.NotebookNode) -> None:
        notebook["cells"] = [cell for cell in notebook["cells"] if "report.table" not in cell["source"]]
        notebook["cells"] = [cell for cell in notebook["cells"] if "report.key_figure" not in cell["source"]]

    edit_notebook(made, change)
    assert "ne montre rien" in refused(made, capsys)


def test_notebook_without_finish_is_not_exported(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    edit_notebook(made, lambda notebook: notebook["cells"].pop())
    assert "report.finish()" in refused(made, capsys)


def test_full_disk_leaves_the_earlier_report(
    made: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Path.write_text

    def full(self: Path, *arguments: object, **options: object) -> int:
        if self.name == "results.json":
            raise OSError(errno.ENOSPC, "No space left on device")
        return plain(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", full)
    message = refused(made, capsys)
    assert "n’a pas pu être écrit" in message
    assert f"reports/{SLUG}/{RUN}" in message


def test_reports_folder_that_cannot_be_written(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(made.reports)
    made.reports.write_text("not a folder", encoding="utf-8")
    assert run(app, ["run", SLUG]) == 1
    assert "n’a pas pu être écrit" in capsys.readouterr().err
    assert made.reports.read_text(encoding="utf-8") == "not a folder"


def test_batch_goes_on_after_a_failure(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    before = hash_outputs(folder_of(made, f"{EDITION}_funder"))
    add_cell(made, 'print("x")')
    assert run(app, ["batch"]) == 1  # print may not leave for a funder; internal may
    said = capsys.readouterr()
    assert "1 rapport écrit, 1 échec" in said.out
    assert "print" in said.err
    assert hash_outputs(folder_of(made, f"{EDITION}_funder")) == before


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT to another process group is POSIX")
def test_interrupted_batch_leaves_what_was_good(made: Project) -> None:
    before = hash_outputs(folder_of(made))
    add_cell(made, "import time; time.sleep(60)")
    process = subprocess.Popen(
        [sys.executable, "-m", "etabli", "batch"],
        cwd=made.root,
        env={**os.environ, FOLDER_VARIABLE: str(made.root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    work = wait_for(lambda: next(made.reports.glob(f"{SLUG}/.*/essai.ipynb"), None))
    wait_for(lambda: "2024" in work.read_text(encoding="utf-8") and kernels_of(process.pid))
    time.sleep(1)
    kernels = kernels_of(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Interrompu" in said
    assert "Traceback" not in said
    assert hash_outputs(folder_of(made)) == before
    assert leftovers(made) == []
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in kernels))


def kernels_of(pid: int) -> list[int]:
    """Processes that a process started."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(each) for each in children.read_text().split()] if children.exists() else []


def wait_for(found: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError("it did not come")
