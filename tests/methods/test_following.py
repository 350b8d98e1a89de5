"""From each contact to the next one: by hand, at the edges of a day and of the period."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.errors import MethodError
from etabli.methods.following import Following, band_codes, gaps, only_followed
from etabli.methods.membership import Population, mark_population, population_of

END = Following("2024-12-31")


def visits(*rows: tuple[str | None, str | None, str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["recipient", "visited_at", "request"])
    frame["visited_at"] = pd.to_datetime(frame["visited_at"], format="ISO8601")
    return mark_population(frame, Population("d" * 64))


def days(frame: pd.DataFrame, following: Following = END, *, same: tuple[str, ...] = ()) -> list[float | None]:
    return [None if np.isnan(each) else float(each) for each in gaps(frame, following, same=same).to_next]


def test_days_are_those_of_the_calendar_and_of_the_next_visit() -> None:
    frame = visits(
        ("a", "2024-10-09 16:29", "x"),
        ("b", "2024-10-01 09:00", "x"),
        ("a", "2024-10-01 16:30", "x"),
        ("a", "2024-10-02 09:00", "y"),
    )
    assert days(frame) == [None, None, 1, 7]
    assert days(frame, same=("request",)) == [None, None, 8, None]
    assert gaps(frame, END).next_row.tolist() == [-1, -1, 3, 0]


def test_same_day_is_no_day_later_or_no_visit_of_its_own() -> None:
    frame = visits(
        ("a", "2024-10-01 09:00", "x"),
        ("a", "2024-10-01 09:00", "x"),
        ("a", "2024-10-01 11:00", "x"),
        ("a", "2024-10-05 11:00", "x"),
    )
    assert days(frame) == [0, 0, 4, None]
    once = Following("2024-12-31", same_day=False)
    assert days(frame, once) == [4, 4, 4, None]
    assert gaps(frame, once).next_row.tolist() == [3, 3, 3, -1]


def test_unknown_person_moment_or_request_is_followed_by_nothing() -> None:
    frame = visits((None, "2024-10-01", "x"), ("a", None, "x"), ("a", "2024-10-01", None), ("a", "2024-10-02", "x"))
    found = gaps(frame, END, same=["request"])
    assert found.known.tolist() == [False, False, False, True]
    assert days(frame, same=("request",)) == [None] * 4
    assert days(frame) == [None, None, 1, None]
    assert band_codes(found, END).tolist() == [-1, -1, -1, 3]


@pytest.mark.parametrize(("later", "band"), [(0, 0), (7, 0), (8, 1), (14, 1), (15, 2), (30, 2), (31, 3)])
def test_band_ends_with_its_day(later: int, band: int) -> None:
    second = str(pd.Timestamp("2024-10-01") + pd.Timedelta(days=later))
    frame = visits(("a", "2024-10-01", "x"), ("a", second, "x"))
    assert band_codes(gaps(frame, END), END)[0] == band


@pytest.mark.parametrize(("day", "kept"), [("2024-11-30", True), ("2024-12-01", True), ("2024-12-02", False)])
def test_rows_are_followed_from_thirty_days_before_the_end(day: str, kept: bool) -> None:
    frame = visits(("a", "2024-10-01", "x"), ("b", f"{day} 16:00", "x"))
    part = only_followed(frame, gaps(frame, END), END)
    assert ("b" in set(part["recipient"])) is kept
    assert population_of(part) == Population("d" * 64, (("followed", "30_days"),), len(part))


def test_frame_without_a_mark_gets_none() -> None:
    frame = pd.DataFrame({"recipient": ["a"], "visited_at": pd.to_datetime(["2024-10-01"])})
    assert not population_of(only_followed(frame, gaps(frame, END), END)).is_known


def test_period_that_is_too_short_has_nothing_to_follow() -> None:
    frame = visits(("a", "2024-12-02", "x"))
    with pytest.raises(MethodError, match="assez longtemps"):
        only_followed(frame, gaps(frame, END), END)


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ({"until": "31/12/2024"}, "pas un jour"),
        ({"within": (14, 7)}, "croissant"),
        ({"within": (7, 7)}, "croissant"),
        ({"within": ()}, "croissant"),
        ({"within": (-1, 7)}, "croissant"),
    ],
)
def test_what_cannot_be_followed_is_refused(held: dict[str, object], message: str) -> None:
    with pytest.raises(MethodError, match=message):
        Following(**{"until": "2024-12-31", **held})  # type: ignore[arg-type]


def test_visits_after_the_end_and_texts_are_refused() -> None:
    with pytest.raises(MethodError, match="après la fin"):
        gaps(visits(("a", "2025-01-01", "x")), END)
    with pytest.raises(MethodError, match="quand les personnes sont venues"):
        gaps(visits(("a", "2024-10-01", "x")).astype({"visited_at": str}), END)


ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 20)), min_size=1, max_size=30)


@given(ROWS, st.randoms())
def test_order_of_the_rows_does_not_matter(rows: list[tuple[str, int]], random: object) -> None:
    made = [(who, str(pd.Timestamp("2024-10-01") + pd.Timedelta(days=day)), "x") for who, day in rows]
    told = sorted(zip(made, days(visits(*made)), strict=True), key=str)
    shuffled = list(made)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert sorted(zip(shuffled, days(visits(*shuffled)), strict=True), key=str) == told
