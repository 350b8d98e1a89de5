"""The commands that guard people, as someone at a terminal meets them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from etabli.cli import app, people
from etabli.project import FOLDER_VARIABLE, KEYS_VARIABLE, Project
from etabli.sources import key_transfer
from etabli.sources.keys import demo_key, read_state
from etabli.terminal import run

PHRASE = "quatre mots sans lien"
Etabli = Callable[..., tuple[int, str]]

pytestmark = pytest.mark.usefixtures("read_here")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def etabli(
    monkeypatch: pytest.MonkeyPatch, small_project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Etabli:
    """Return a function: arguments → exit status, and all that was said on one line."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(small_project.root))
    monkeypatch.setenv(KEYS_VARIABLE, str(tmp_path / "keys"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))  # whoever runs the tests may have keys
    monkeypatch.setattr(key_transfer, "_SCRYPT", {"n": 2**4, "r": 8, "p": 1})
    monkeypatch.setattr(people, "getpass", lambda _: PHRASE)
    monkeypatch.setattr("sys.stdin", _Terminal())

    def call(*arguments: str) -> tuple[int, str]:
        status = run(app, list(arguments))
        captured = capsys.readouterr()
        return status, " ".join((captured.out + captured.err).split())

    return call


def current(project: Project) -> str:
    state = read_state(project)
    assert state is not None
    return state.current


def test_key_is_made_once_shown_by_its_fingerprint_and_rotated(etabli: Etabli, small_project: Project) -> None:
    status, told = etabli("key", "show")
    assert status == 1
    assert "etabli key new" in told
    status, told = etabli("key", "new")
    first = current(small_project)
    assert status == 0
    assert first in told
    assert etabli("key", "new")[0] == 1
    assert etabli("key", "show")[1].startswith(f"{first} — en service, depuis le ")
    status, told = etabli("key", "rotate")
    assert status == 0
    assert "Liens perdus" in told
    assert f"{first} — ancienne" in etabli("key", "show")[1]
    assert current(small_project) != first


def test_lost_key_is_told_by_show(etabli: Etabli, small_project: Project, tmp_path: Path) -> None:
    etabli("key", "new")
    (tmp_path / "keys" / f"{current(small_project)}.json").unlink()
    status, told = etabli("key", "show")
    assert status == 1
    assert "absente de cette machine" in told
    assert "etabli key import" in told


def test_key_is_exported_and_imported(etabli: Etabli, small_project: Project, tmp_path: Path) -> None:
    etabli("key", "new")
    file = tmp_path / "cle.json"
    assert etabli("key", "export", str(file))[0] == 0
    (tmp_path / "keys" / f"{current(small_project)}.json").unlink()
    assert etabli("key", "import", str(file)) == (0, f"clé en service : {current(small_project)}")
    assert etabli("key", "show")[0] == 0


def test_phrases_that_differ_export_nothing(etabli: Etabli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    phrases = iter([PHRASE, PHRASE + "s"])
    monkeypatch.setattr(people, "getpass", lambda _: next(phrases))
    etabli("key", "new")
    status, told = etabli("key", "export", str(tmp_path / "cle.json"))
    assert status == 1
    assert "phrases diffèrent" in told
    assert not (tmp_path / "cle.json").exists()


def test_person_is_asked_for_without_being_shown(
    etabli: Etabli, small_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (small_project.demo("essai", "2024") / "records.csv").read_text(encoding="utf-8").splitlines()
    person = lines[1].split(";")[0]
    monkeypatch.setattr(people, "getpass", lambda _: person)
    status, told = etabli("withdraw", "--study", "essai")
    assert status == 0
    assert told.startswith(f"retrait enregistré : {demo_key('essai').pseudonym(person, 'person')}")
    assert person not in told
    status, told = etabli("withdraw", "inconnue", "--study", "essai")
    assert status == 1
    assert "inconnue" not in told


def test_second_withdrawal_says_that_it_is_one(etabli: Etabli, small_project: Project) -> None:
    lines = (small_project.demo("essai", "2024") / "records.csv").read_text(encoding="utf-8").splitlines()
    person = lines[1].split(";")[0]
    assert etabli("withdraw", person, "--study", "essai")[1].startswith("retrait enregistré : ")
    assert etabli("withdraw", person, "--study", "essai")[1].startswith("retrait déjà enregistré, le ")


@pytest.mark.parametrize("arguments", [("key", "export", "cle.json"), ("withdraw", "--study", "essai")])
def test_what_is_secret_is_read_plainly_without_a_terminal(
    etabli: Etabli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    etabli("key", "new")
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    status, told = etabli(*arguments)
    assert status == 1
    assert told.startswith("Rien n’a été saisi.")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PHRASE}\n"))
    status, told = etabli(*arguments)
    assert "Rien n’a été saisi" not in told
    assert status == (0 if arguments[0] == "key" else 1)
    assert (tmp_path / "cle.json").is_file() == (arguments[0] == "key")


def test_scan_tells_hits_and_ends_in_error(etabli: Etabli, small_project: Project, tmp_path: Path) -> None:
    status, told = etabli("scan")
    assert status == 0
    assert told.endswith("aucune donnée personnelle.")
    (small_project.notebooks / "note.md").write_text("rappeler le 06 12 34 56 78", encoding="utf-8")
    status, told = etabli("scan")
    assert status == 1
    assert "notebooks/note.md, ligne 1 : numéro de téléphone, « 06 •• •• •• •• »" in told
    assert "34" not in told
    assert etabli("scan", str(small_project.studies))[0] == 0
    status, told = etabli("scan", str(tmp_path / "absent"))
    assert status == 1
    assert "n’existe pas" in told


def test_scan_looks_into_journals_and_what_a_kill_cut_short(etabli: Etabli, small_project: Project) -> None:
    small_project.batches.mkdir(parents=True)
    journal = small_project.batches / "2026-01-01T00h00m00.jsonl"
    journal.write_text(
        '{"event": "closed", "error": "a\u2028b"}\n{"event": "ended", "error": "06 12 34 56', encoding="utf-8"
    )
    assert etabli("scan", str(small_project.reports))[0] == 0
    with journal.open("a", encoding="utf-8") as out:
        out.write(' 78"')
    status, told = etabli("scan", str(small_project.reports))
    assert status == 1
    assert f"reports/.batches/{journal.name}, ligne 2 : numéro de téléphone" in told


def test_scan_says_what_it_cannot_read(etabli: Etabli, tmp_path: Path) -> None:
    (tmp_path / "lot").mkdir()
    (tmp_path / "lot" / "a.png").write_bytes(b"x")
    (tmp_path / "lot" / "a.json").write_bytes(b"{")
    status, told = etabli("scan", str(tmp_path / "lot"))
    assert status == 1
    assert "1 d’un format qui ne s’examine pas" in told
    assert "n’a pas pu être examiné" in told
    assert told.startswith("0 fichier examiné, 1 d’un format")
    assert "aucune donnée personnelle" in told


def test_scan_of_a_file_with_many_hits_tells_the_first(etabli: Etabli, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("06 12 34 56 78\n" * (people.SHOWN + 1), encoding="utf-8")
    status, told = etabli("scan", str(tmp_path / "a.txt"))
    assert status == 1
    assert "et 1 autre" in told
    assert told.count("numéro de téléphone") == people.SHOWN


def test_scan_exempts_declared_contacts(etabli: Etabli, small_project: Project) -> None:
    study = small_project.studies / "essai" / "study.yml"
    text = study.read_text(encoding="utf-8")
    study.write_text(text.replace("contact:\n", "contact:\n  email: pole@exemple.fr\n", 1), encoding="utf-8")
    assert etabli("scan", str(small_project.studies))[0] == 0
