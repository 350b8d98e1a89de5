"""Files read in a child process: what they give, and what happens when they end it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from etabli.errors import DeliveryError, EtabliError
from etabli.project import Project
from etabli.sources import cache as caches
from etabli.sources import delimited
from etabli.sources.cache import cache_folder, converted, entry_of, forget
from etabli.sources.codebook import FileFormat, SourceCodebook
from etabli.sources.conversion import Child, Job, Limits, read_apart
from etabli.sources.pseudonyms import StudyKey
from etabli.sources.writers import write_delivery

KEY, OTHER_KEY = StudyKey(b"0123456789abcdef"), StudyKey(b"fedcba9876543210")
FORMATS = [".csv", ".sav", ".zsav", ".dta", ".xpt", ".xlsx", ".parquet"]


def book() -> SourceCodebook:
    person = {"label": "Dossier", "type": "identifier", "sensitivity": "identifier"}
    group = {"label": "Groupe", "type": "code", "sensitivity": "open", "codes": {"a": {"label": "Été", "value": "1"}}}
    return SourceCodebook.model_validate(
        {
            "row": {"one": "visite", "many": "visites", "gender": "f"},
            "person": "person",
            "people": {"one": "personne", "many": "personnes", "gender": "f"},
            "variables": {
                "person": person,
                "grp": group,
                "age": {"label": "Âge", "type": "integer", "sensitivity": "open", "required": False},
            },
        }
    )


def frame() -> pd.DataFrame:
    ages = pd.array([30, None, 41], dtype="Int64")
    return pd.DataFrame({"person": ["D0012", "D0013", "D0012"], "grp": "a", "age": ages})


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    with Child(Limits(seconds=60)) as started:
        yield started


@pytest.mark.parametrize("encoding", [None, "utf-8", "cp1252"])
@pytest.mark.parametrize("place", ["early", "before the sample’s end", "before a block’s end", "late"])
def test_wrong_byte_anywhere_in_a_large_text_does_not_end_the_child(
    child: Child, tmp_path: Path, place: str, encoding: str | None
) -> None:
    """Guessed, the encoding is that of Windows; declared as UTF-8, it is refused with the line."""
    held = book().model_copy(update={"format": FileFormat.model_validate({"encoding": encoding} if encoding else {})})
    row = b"D0012;1;30\n"
    text = bytearray(b"person;grp;age\n" + row * (5 << 18))
    at = {
        "early": 17, "before the sample’s end": delimited._SAMPLE - 1, "before a block’s end": (3 << 20) - 1,
        "late": len(text) - 9,
    }[place]  # fmt: skip
    start = (at - 15) // len(row) * len(row) + 15
    text[start] = 0xC3  # the « Ã » of Windows, half a letter of UTF-8
    (tmp_path / "v.csv").write_bytes(text)
    said = ""
    try:
        child.do(Job(tmp_path / "v.csv", "v.csv", held, KEY), tmp_path / "out.parquet")
    except DeliveryError as error:
        said = str(error)
    assert ("pas écrit en utf-8" in said) == (encoding == "utf-8"), said
    assert not said or f"ligne {(start - 15) // len(row) + 2}" in said
    assert child.exit_code is None


@pytest.mark.parametrize("suffix", FORMATS)
def test_delivery_is_converted_checked_and_pseudonymised(child: Child, tmp_path: Path, suffix: str) -> None:
    path, target = tmp_path / f"v{suffix}", tmp_path / "v.parquet"
    write_delivery(frame(), book(), path)
    child.do(Job(path, path.name, book(), KEY), tmp_path / "out.parquet")
    found = pd.read_parquet(tmp_path / "out.parquet")
    assert found["age"].tolist()[::2] == [30, 41]
    assert found["grp"].to_list() == [0, 0, 0]  # places of codes, which the cache gives back
    assert found["person"].nunique() == 2
    assert "D0012" not in (tmp_path / "out.parquet").read_bytes().decode("latin-1")
    assert target.exists() == (suffix == ".parquet")


def test_error_of_the_reader_comes_back_whole(child: Child, tmp_path: Path) -> None:
    path = tmp_path / "v.csv"
    path.write_text("person;grp;age\nD0012;1;vieux\n", encoding="utf-8")
    with pytest.raises(DeliveryError, match="n’a pas le type prévu") as refused:
        child.do(Job(path, "v.csv", book(), KEY), tmp_path / "out")
    assert refused.value.where == "v.csv, ligne 2"


def test_mutated_files_give_a_frame_or_a_message(tmp_path: Path) -> None:
    random, outcomes = np.random.default_rng(7), []
    originals = {}
    for suffix in (".sav", ".dta", ".xlsx", ".parquet"):
        write_delivery(frame(), book(), tmp_path / f"v{suffix}")
        originals[suffix] = (tmp_path / f"v{suffix}").read_bytes()
    with Child(Limits(seconds=30)) as reading:
        for number in range(60):
            suffix = list(originals)[number % len(originals)]
            content = bytearray(originals[suffix])
            for place in random.integers(0, len(content), 1 + number % 8):
                content[place] = int(random.integers(0, 256))
            if number % 5 == 0:
                del content[int(random.integers(1, len(content))) :]
            path = tmp_path / f"mutated{suffix}"
            path.write_bytes(content)
            try:
                reading.do(Job(path, path.name), tmp_path / "out")
                outcomes.append("frame")
            except EtabliError as error:
                outcomes.append(str(error))
    assert "frame" in outcomes
    assert any("mutated" in told for told in outcomes)


def test_file_that_takes_too_long_is_told(tmp_path: Path) -> None:
    path = tmp_path / "v.csv"
    path.write_text("a;b\n" + "1;2\n" * 2_000_000, encoding="utf-8")
    with Child(Limits(seconds=60)) as slow:
        slow.limits = Limits(seconds=0.01)
        with pytest.raises(DeliveryError, match=r"temps|longtemps|durée"):
            slow.do(Job(path, "v.csv"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_child_that_died_is_told_and_started_again(tmp_path: Path) -> None:
    path = tmp_path / "v.csv"
    path.write_text("a;b\n1;2\n", encoding="utf-8")
    with Child() as mortal:
        assert mortal._process is not None
        mortal._process.kill()
        mortal._process.wait()
        with pytest.raises(DeliveryError):
            mortal.do(Job(path, "v.csv"), tmp_path / "out")
        mortal.do(Job(path, "v.csv"), tmp_path / "out")
    assert (tmp_path / "out").exists()


def test_reading_without_a_codebook_tells_its_guesses(tmp_path: Path) -> None:
    path = tmp_path / "v.csv"
    path.write_bytes("commune;montant\n01004;1 234,50\n2A004;12,00\n".encode("latin-1"))
    reading = read_apart(path, shown="v.csv")
    assert reading.frame["commune"].astype(str).to_list() == ["01004", "2A004"]
    assert {guess.subject for guess in reading.metadata.guesses} >= {"separator", "encoding"}


# Cache ---------------------------------------------------------------------------------------------


def test_cached_conversion_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "v.sav"
    write_delivery(frame(), book(), path)
    entry = entry_of(tmp_path / "cache", "v", "0" * 64, book(), key=KEY)
    job = Job(path, "v.sav", book(), KEY)
    first = converted(entry, job)

    def never(*_: object) -> None:
        raise AssertionError("a child was started")

    monkeypatch.setattr(caches, "Child", never)
    pd.testing.assert_frame_equal(converted(entry, job), first)
    assert first["grp"].tolist() == ["a", "a", "a"]
    assert first["grp"].cat.categories.tolist() == ["a"]
    assert first.dtypes.astype(str).to_dict() == {"person": "str", "grp": "category", "age": "Int64"}
    assert [each.suffix for each in entry.folder.iterdir() if each.suffix == ".part"] == []


def test_entry_depends_on_file_codebook_and_key() -> None:
    folder, other = Path("x"), book().model_copy(update={"person": None, "people": None})
    made = entry_of(folder, "v", "0" * 64, book(), key=KEY)
    differing = [
        entry_of(folder, "v", "1" * 64, book(), key=KEY),
        entry_of(folder, "v", "0" * 64, other, key=KEY),
        entry_of(folder, "v", "0" * 64, book(), key=OTHER_KEY),
    ]
    assert made.path not in {each.path for each in differing}
    assert made == entry_of(folder, "v", "0" * 64, book(), key=KEY)
    assert KEY.secret.hex() not in json.dumps(str(made.path))


def _cut(path: Path) -> None:
    path.write_bytes(b"PAR1 not whole")


def _with_a_place_that_is_no_code(path: Path) -> None:
    ages = pd.array([30, None, 41], dtype="Int64")
    told = pd.DataFrame({"person": ["aaaa"] * 3, "grp": pd.Series([0, 1, -1], dtype="int8"), "age": ages})
    told.to_parquet(path)


@pytest.mark.parametrize("damage", [_cut, _with_a_place_that_is_no_code])
def test_damaged_entry_is_made_again(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    path = tmp_path / "v.csv"
    write_delivery(frame(), book(), path)
    entry = entry_of(tmp_path / "cache", "v", "0" * 64, book(), key=KEY)
    entry.folder.mkdir()
    damage(entry.path)
    assert converted(entry, Job(path, "v.csv", book(), KEY))["grp"].tolist() == ["a", "a", "a"]


def test_missing_code_is_missing_in_the_cache_too(tmp_path: Path) -> None:
    declared = book().variables["grp"].model_copy(update={"required": False})
    lax = book().model_copy(update={"variables": {**book().variables, "grp": declared}})
    path = tmp_path / "v.csv"
    write_delivery(frame().assign(grp=pd.Series(["a", None, "a"], dtype="str")), lax, path)
    found = converted(entry_of(tmp_path / "cache", "v", "0" * 64, lax, key=KEY), Job(path, "v.csv", lax, KEY))
    assert found["grp"].isna().tolist() == [False, True, False]


def test_entry_depends_on_who_withdrew() -> None:
    without = StudyKey(KEY.secret, frozenset({KEY.pseudonym("D0012", "person")}))
    paths = {entry_of(Path("x"), "v", "0" * 64, book(), key=key).path for key in (KEY, without)}
    assert len(paths) == 2


def test_forgotten_cache_keeps_public_files_alone(small_project: Project) -> None:
    folder = cache_folder(small_project, "essai")
    for path in (folder / "v-1.parquet", small_project.cache / "memo.json", small_project.public / "a" / "public.csv"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    forget(small_project)
    assert [each.name for each in small_project.cache.rglob("[!.]*") if each.is_file()] == ["public.csv"]


def test_conversion_during_which_the_cache_forgets_is_not_kept(
    small_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, folder = tmp_path / "v.csv", cache_folder(small_project, "essai")
    write_delivery(frame(), book(), path)
    do, asked = Child.do, []

    def withdrawn_meanwhile(child: Child, job: Job, target: Path) -> None:
        do(child, job, target)
        if not asked:
            forget(small_project)
        asked.append(target)

    monkeypatch.setattr(Child, "do", withdrawn_meanwhile)
    entry, job = entry_of(folder, "v", "0" * 64, book(), key=KEY), Job(path, "v.csv", book(), KEY)
    assert len(converted(entry, job)) == 3
    assert not list(small_project.cache.rglob("*.par*"))
    assert len(converted(entry, job)) == 3
    assert entry.path.is_file()


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps rights in other ways than modes")
def test_cache_is_for_its_owner_alone(small_project: Project, tmp_path: Path) -> None:
    path, folder = tmp_path / "v.csv", cache_folder(small_project, "essai")
    write_delivery(frame(), book(), path)
    entry = entry_of(folder, "v", "0" * 64, book(), key=KEY)
    converted(entry, Job(path, "v.csv", book(), KEY))
    assert [each.stat().st_mode & 0o777 for each in (folder, entry.path)] == [0o700, 0o600]
