"""Addresses tell every difference of content, and a store gives back what was made, or nothing."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from etabli import memo
from etabli.addresses import Unaddressable, address_of
from etabli.errors import MethodError
from etabli.memo import pure
from etabli.methods import profiles
from etabli.methods.membership import Membership, Population, mark_population, membership_of
from etabli.project import Project
from etabli.sources.cache import forget


@pytest.fixture(autouse=True)
def _asleep() -> Iterator[None]:
    yield
    memo.sleep()


@pytest.fixture
def store(empty_project: Project) -> memo.Store:
    memo.wake(empty_project, "essai", "2024", {})
    assert memo._awake is not None
    return memo._awake


def address(*parts: object) -> str:
    return address_of(b"", *parts)


def visits() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "recipient": pd.Series(["a", "a", "b", None], dtype="str"),
            "channel": pd.Categorical(["x", "y", "x", None], categories=["x", "y", "z"]),
            "count": pd.array([1, 2, None, 4], dtype="Int64"),
            "late": pd.array([True, None, False, True], dtype="boolean"),
            "wait": [0.5, np.nan, 1.5, 2.0],
            "day": pd.to_datetime(["2024-10-01", "2024-10-02", None, "2024-10-04"]),
        }
    )


CHANGES: dict[str, Any] = {
    "a value": lambda f: f.assign(wait=[0.5, np.nan, 1.5, 2.5]),
    "a missing value": lambda f: f.assign(wait=[0.5, 0.0, 1.5, 2.0]),
    "a text": lambda f: f.assign(recipient=pd.Series(["a", "a", "c", None], dtype="str")),
    "a missing text": lambda f: f.assign(recipient=pd.Series(["a", "a", "b", ""], dtype="str")),
    "where texts are cut": lambda f: f.assign(recipient=pd.Series(["aa", "", "b", None], dtype="str")),
    "a category": lambda f: f.assign(channel=pd.Categorical(["y", "y", "x", None], categories=["x", "y", "z"])),
    "a category that nobody has": lambda f: f.assign(channel=f["channel"].cat.remove_categories("z")),
    "the order of categories": lambda f: f.assign(channel=f["channel"].cat.reorder_categories(["z", "y", "x"])),
    "a type": lambda f: f.assign(count=f["count"].astype("Int32")),
    "what is missing": lambda f: f.assign(late=pd.array([True, False, False, True], dtype="boolean")),
    "a day": lambda f: f.assign(day=f["day"] + pd.Timedelta(days=1)),
    "a name": lambda f: f.rename(columns={"wait": "weight"}),
    "the order of columns": lambda f: f[[*f.columns[1:], f.columns[0]]],
    "the order of rows": lambda f: f.iloc[::-1],
    "the index": lambda f: f.set_axis([4, 5, 6, 7]),
    "fewer rows": lambda f: f.iloc[:3],
    "no row": lambda f: f.iloc[:0],
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_difference_of_a_frame_changes_its_address(change: str) -> None:
    assert address(CHANGES[change](visits())) != address(visits())


SAME: dict[str, Any] = {
    "made again": lambda f: visits(),
    "copied": lambda f: f.copy(),
    "cut from a larger one": lambda f: pd.concat([f, f], ignore_index=True).iloc[:4],
    "in several pieces": lambda f: pd.concat([f.iloc[:2], f.iloc[2:]]).reset_index(drop=True),
    "with something under a missing value": lambda f: f.assign(
        count=pd.arrays.IntegerArray(np.array([1, 2, 77, 4]), np.array([False, False, True, False]))
    ),
}


@pytest.mark.parametrize("case", SAME)
def test_frame_of_the_same_content_has_the_same_address(case: str) -> None:
    same = SAME[case](visits())
    pd.testing.assert_frame_equal(same, visits())
    assert address(same) == address(visits())


@dataclass(frozen=True)
class Thing:
    name: str
    size: int | None = field(default=None, compare=False)


DIFFERENT: list[object] = [
    None, True, 1, 1.0, "1", b"1", "", (), (1,), (1, 2), ((1,), 2), [1, 2],
    {"a": 1}, {"a": 1, "b": 2}, {"b": 2, "a": 1},
    float("nan"), -0.0, 0.0, Thing("a"), Thing("a", 1), Thing("b"), np.float64(1), np.int64(1), np.array([1, 2]),
    np.array([[1, 2]]), np.array([1.0, 2.0]),
    pd.Timestamp("2024-10-01"), pd.Series([1, 2]), pd.Series([1, 2], name="a"),
    ("ab", "c"), ("a", "bc"), ("a", ("b",)),
]  # fmt: skip


def test_values_that_differ_have_different_addresses() -> None:
    assert len({address(each) for each in DIFFERENT}) == len(DIFFERENT)


@given(st.lists(st.lists(st.text(max_size=3), max_size=3), max_size=3), st.data())
def test_only_equal_lists_of_texts_share_an_address(texts: list[list[str]], data: st.DataObject) -> None:
    others = data.draw(st.lists(st.lists(st.text(max_size=3), max_size=3), max_size=3))
    assert (address(texts) == address(others)) is (texts == others)


@pytest.mark.parametrize(
    "value", [object(), lambda: 1, np.array(["a", 1], dtype=object), visits().set_index(["channel", "late"])]
)
def test_what_has_no_content_to_tell_has_no_address(value: object) -> None:
    with pytest.raises(Unaddressable):
        address(value)


def test_salt_is_a_part_of_every_address() -> None:
    assert address_of(b"a", 1) != address_of(b"b", 1)


# The store -------------------------------------------------------------------------------------------

calls: list[object] = []


@pure
def doubled(frame: pd.DataFrame, *, by: int = 2) -> pd.DataFrame:
    calls.append(by)
    return frame * by


@pure
def outer(frame: pd.DataFrame) -> pd.DataFrame:
    return doubled(frame)


def test_asleep_everything_is_computed() -> None:
    calls.clear()
    for _ in range(2):
        doubled(pd.DataFrame({"a": [1]}))
    assert calls == [2, 2]
    assert memo.account() == (0, 0)


def test_awake_a_result_is_computed_once_and_is_a_new_object_each_time(store: memo.Store) -> None:
    calls.clear()
    frame = pd.DataFrame({"a": [1, 2]})
    first, second, third = (doubled(frame) for _ in range(3))
    assert calls == [2]
    assert memo.account() == (2, 1)
    pd.testing.assert_frame_equal(first, second)
    second.loc[0, "a"] = 99
    pd.testing.assert_frame_equal(third, first)
    pd.testing.assert_frame_equal(doubled(frame), first)


def test_other_arguments_are_another_result(store: memo.Store) -> None:
    calls.clear()
    frame = pd.DataFrame({"a": [1]})
    assert doubled(frame, by=3)["a"].tolist() == [3]
    assert doubled(frame)["a"].tolist() == [2]
    assert doubled(frame + 1)["a"].tolist() == [4]
    assert calls == [3, 2, 2]


def test_what_a_result_is_made_of_is_not_kept_beside_it(store: memo.Store) -> None:
    outer(pd.DataFrame({"a": [1]}))
    assert len(list(store.folder.iterdir())) == 1


def test_failure_is_not_kept_and_leaves_the_store_awake(store: memo.Store) -> None:
    @pure
    def failing(number: int) -> int:
        raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            failing(1)
    doubled(pd.DataFrame({"a": [1]}))
    assert memo.account() == (0, 1)


def test_result_without_an_address_is_computed(store: memo.Store) -> None:
    @pure
    def told(anything: object) -> int:
        return 1

    assert told(object()) == 1
    assert memo.account() == (0, 0)


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"", lambda b: b[:40] + b"x" + b[41:]])
def test_damaged_entry_is_made_again(damage: Any, store: memo.Store) -> None:
    frame = pd.DataFrame({"a": [1]})
    doubled(frame)
    (entry,) = store.folder.iterdir()
    entry.write_bytes(damage(entry.read_bytes()))
    assert doubled(frame)["a"].tolist() == [2]
    assert memo.account() == (0, 2)


def test_disk_that_refuses_costs_nothing_but_time(store: memo.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    assert doubled(pd.DataFrame({"a": [1]}))["a"].tolist() == [2]
    assert memo.account() == (0, 0)


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX")
def test_entries_are_their_owners_alone(store: memo.Store) -> None:
    doubled(pd.DataFrame({"a": [1]}))
    (entry,) = store.folder.iterdir()
    assert entry.stat().st_mode & 0o077 == 0
    assert store.folder.stat().st_mode & 0o077 == 0


def test_table_that_knows_its_people_is_kept_here_and_nowhere_else(store: memo.Store) -> None:
    frame = mark_population(visits(), Population("delivery"))
    frame["person"] = pd.Series([f"p{number % 3}" for number in range(len(frame))], dtype="str")
    made = [crosstab(frame) for _ in range(2)]
    assert (store.taken, store.kept) == (1, 1)
    assert made[0].rows.toarray().tolist() == made[1].rows.toarray().tolist()
    assert made[0].people.tolist() == made[1].people.tolist()
    with pytest.raises(MethodError, match="ne s’écrit pas"):
        pickle.dumps(made[1])


def test_frames_of_other_people_have_other_addresses() -> None:
    frames = [mark_population(visits(), Population(source)) for source in ("one", "two")]
    assert len({address(frame) for frame in [*frames, visits()]}) == 3


@memo.pure
def crosstab(frame: pd.DataFrame) -> Membership:
    people, names = pd.factorize(frame["person"])
    counts = sparse.coo_array((np.ones(len(frame), dtype=int), (people, np.arange(len(frame)) % 2)))
    return membership_of(np.asarray(names, dtype=object), counts)


def test_studies_and_editions_share_nothing(empty_project: Project) -> None:
    folders = set()
    for study, edition in [("a", "1"), ("a", "2"), ("b", "1")]:
        memo.wake(empty_project, study, edition, {})
        calls.clear()
        doubled(pd.DataFrame({"a": [1]}))
        assert calls == [2]
        folders |= {path for path in memo.root_of(empty_project).rglob("*/*") if path.is_file()}
    assert len({path.name for path in folders}) == 3


def test_sharing_is_switched_off_by_a_variable(empty_project: Project) -> None:
    memo.wake(empty_project, "a", "1", {memo.OFF_VARIABLE: "0"})
    doubled(pd.DataFrame({"a": [1]}))
    assert memo.account() == (0, 0)
    assert not empty_project.data.exists()


def test_results_of_former_code_go(empty_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    memo.wake(empty_project, "a", "1", {})
    doubled(pd.DataFrame({"a": [1]}))
    monkeypatch.setattr(memo, "code_digest", lambda: "other")
    calls.clear()
    memo.wake(empty_project, "a", "1", {})
    doubled(pd.DataFrame({"a": [1]}))
    assert calls == [2]
    assert len([path for path in memo.folder_of(empty_project, "a", "1").rglob("*") if path.is_file()]) == 1


def test_code_that_changes_under_a_process_ends_its_sharing(
    store: memo.Store, empty_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.DataFrame({"a": [1]})
    doubled(frame)
    monkeypatch.setattr(memo, "code_signature", lambda: ((0, 0),))
    calls.clear()
    doubled(frame)
    doubled(frame + 1)
    assert calls == [2, 2]
    assert memo.account() == (0, 1)
    memo.wake(empty_project, "essai", "2024", {})
    doubled(frame)
    assert calls == [2, 2, 2]
    assert memo.account() == (0, 0)


def test_code_that_changed_since_its_import_is_not_shared(
    empty_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert memo.code_signature() == memo.IMPORTED
    monkeypatch.setattr(memo, "code_signature", lambda: ((0, 0),))  # edited while the kernel imported it
    memo.wake(empty_project, "essai", "2024", {})
    assert memo._awake is None


def test_code_that_vanishes_under_a_process_ends_its_sharing(
    store: memo.Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    doubled(pd.DataFrame({"a": [1]}))
    monkeypatch.setattr(memo, "_code", lambda: (tmp_path / "gone.py",))
    calls.clear()
    doubled(pd.DataFrame({"a": [1]}))
    assert calls == [2]


def test_what_is_computed_while_all_is_forgotten_is_not_kept(store: memo.Store, empty_project: Project) -> None:
    frame = pd.DataFrame({"a": [1]})
    doubled(frame)
    forget(empty_project)  # somebody withdraws
    assert not list(store.folder.rglob("*"))
    doubled(frame)
    assert not store.folder.exists() or not list(store.folder.iterdir())
    memo.wake(empty_project, "essai", "2024", {})  # the next run
    doubled(frame)
    assert memo.account() == (0, 1)


def test_result_that_cannot_be_written_is_returned(store: memo.Store) -> None:
    @pure
    def made(x: int) -> object:
        return lambda: x

    assert made(3)() == 3  # type: ignore[operator]
    assert memo.account() == (0, 0)
    assert not list(store.folder.glob("*"))


@pytest.mark.skipif(sys.platform != "linux", reason="owners and modes of POSIX")
def test_folder_that_others_can_write_is_not_read(store: memo.Store, empty_project: Project) -> None:
    frame = pd.DataFrame({"a": [1]})
    doubled(frame)
    store.folder.chmod(0o777)
    calls.clear()
    doubled(frame)
    assert calls == [2]
    store.folder.parent.chmod(0o777)
    memo.wake(empty_project, "essai", "2024", {})
    assert memo._awake is None


def test_folder_that_is_a_file_costs_nothing_but_time(empty_project: Project) -> None:
    home = memo.folder_of(empty_project, "essai", "2024")
    home.parent.parent.mkdir(parents=True)
    home.parent.write_text("", encoding="utf-8")
    memo.wake(empty_project, "essai", "2024", {})
    assert doubled(pd.DataFrame({"a": [1]}))["a"].tolist() == [2]


def test_values_whose_content_is_not_all_told_have_no_address() -> None:
    for value in (np.ma.array([1, 2], mask=[0, 1]), np.zeros(2, dtype=[("a", "i4"), ("b", "i4")])):
        with pytest.raises(Unaddressable):
            address(value)


def test_name_of_an_index_is_a_part_of_its_content() -> None:
    frame = pd.DataFrame({"a": [1]}, index=pd.Index([3], name="x"))
    assert address(frame) != address(frame.rename_axis("y"))


def test_method_found_again_is_what_it_computed(store: memo.Store) -> None:
    frame = visits()
    made, found = (profiles.crosstab(frame, "channel", by="late", person="recipient") for _ in range(2))
    assert memo.account() == (1, 1)
    pd.testing.assert_frame_equal(made.cells, found.cells)
    assert (made.dimensions, made.measures, made.tests, made.missing) == (
        found.dimensions, found.measures, found.tests, found.missing,
    )  # fmt: skip


def test_code_of_the_salt_is_that_of_methods_figures_and_readers() -> None:
    names = {path.parent.name + "/" + path.name for path in memo._code()}
    assert {"methods/profiles.py", "figures/lines.py", "sources/readers.py", "etabli/french.py"} <= names
    assert all(isinstance(path, Path) for path in memo._code())
