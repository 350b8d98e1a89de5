"""What came before a visit: by hand, at the edges of the delay and of the period, against a planted share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import protect
from etabli.errors import MethodError
from etabli.methods import profiles
from etabli.methods.detours import with_before
from etabli.methods.membership import Population, mark_population
from etabli.methods.results import TOTAL

Row = tuple[str | None, float, str | None]


def frame(rows: list[Row], source: str = "d") -> pd.DataFrame:
    made = pd.DataFrame(rows, columns=["recipient", "day", "request"])
    made["visited_at"] = pd.Timestamp("2024-10-01") + pd.to_timedelta(made.pop("day"), unit="D")
    return mark_population(made, Population(source * 64))


def before(visits: list[Row], *files: list[Row], within: int = 7, **held: object) -> list[str | None]:
    found = with_before(
        frame(visits), [frame(each, "e") for each in files], since="2024-10-01", within=within, **held  # type: ignore[arg-type]
    )["preceded"]  # fmt: skip
    return [None if pd.isna(each) else str(each) for each in found]


@pytest.mark.parametrize(
    ("day", "expected"), [(2.9, "no"), (3, "yes"), (9, "yes"), (10.3, "yes"), (10.5, "yes"), (10.6, "no"), (11, "no")]
)
def test_contact_counts_from_seven_days_before_to_the_moment_of_the_visit(day: float, expected: str) -> None:
    assert before([("a", 10.5, "x")], [("a", day, "x")]) == [expected]


def test_contact_of_another_request_or_person_does_not_count() -> None:
    visits: list[Row] = [("a", 10, "x")]
    assert before(visits, [("a", 9, "y"), ("b", 9, "x"), (None, 9, "x"), ("a", 9, None)]) == ["no"]
    assert before(visits, [("a", 9, "y")], same=()) == ["yes"]


def test_contacts_are_looked_for_in_all_files_and_visits_do_not_count() -> None:
    visits: list[Row] = [("a", 10, "x"), ("a", 12, "x"), ("b", 12, "x")]
    assert before(visits) == ["no", "no", "no"]
    assert before(visits, [("b", 11, "x")], [("a", 11, "x")]) == ["no", "yes", "yes"]


@pytest.mark.parametrize(("day", "kept"), [(6.9, 0), (7, 1), (8, 1)])
def test_visits_with_too_short_a_past_are_left_out(day: float, kept: int) -> None:
    found = with_before(frame([("a", day, "x"), ("b", 30, "x")]), [], since="2024-10-01", within=7)
    assert found["recipient"].eq("a").sum() == kept
    assert profiles.distribution(found, "preceded").held == {"looked_back": "7_days"}


def test_visit_without_person_or_request_has_no_answer() -> None:
    assert before([(None, 10, "x"), ("a", 10, None), ("a", 10, "x")], [("a", 9, "x")]) == [None, None, "yes"]


def test_period_that_begins_later_or_is_too_short_is_refused() -> None:
    with pytest.raises(MethodError, match="avant le début"):
        with_before(frame([("a", 0, "x")]), [], since="2024-10-02", within=0)
    with pytest.raises(MethodError, match="assez de jours"):
        with_before(frame([("a", 6, "x")]), [], since="2024-10-01", within=7)
    with pytest.raises(MethodError, match="pas un jour"):
        with_before(frame([("a", 6, "x")]), [], since="octobre", within=7)


@pytest.mark.slow
def test_interval_holds_the_planted_share_as_often_as_it_says() -> None:
    """Each person tries elsewhere before a visit with a chance of their own; 40 % of the visits, on average."""
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        who = np.repeat(np.arange(150), rng.integers(1, 7, 150))
        day = rng.permuted(np.tile(np.arange(10, 90, 10), (150, 1)), axis=1)
        rank = np.arange(len(who)) - np.searchsorted(who, who)
        tried = rng.random(len(who)) < rng.beta(2, 3, 150)[who]
        visits: list[Row] = [(f"p{w}", float(day[w, r]), "x") for w, r in zip(who, rank, strict=True)]
        calls = [(each[0], each[1] - 3, "x") for each, has in zip(visits, tried, strict=True) if has]
        found = with_before(frame(visits), [frame(calls, "e")], since="2024-10-01", within=7)
        row = profiles.crosstab(found, "request", by="preceded").cells.query("preceded == 'yes'").iloc[0]
        held += row["share_low"] <= 0.4 <= row["share_high"]
    assert 0.90 <= held / 200 <= 0.995


def test_few_detours_are_masked() -> None:
    """Three had called before, of 60 for one request: the share and its base would tell them."""
    visits: list[Row] = [(f"{r}{n}", 20, r) for r in "xy" for n in range(60)]
    calls: list[Row] = [(f"x{n}", 18, "x") for n in range(3)] + [(f"y{n}", 18, "y") for n in range(25)]
    found = with_before(frame(visits), [frame(calls, "e")], since="2024-10-01", within=7)
    table = profiles.crosstab(found, "request", by="preceded")
    shown = protect([table], Policy("funder", 5, ("convention",))).of(table)
    cells = table.cells.assign(hidden=shown.masked).set_index(["request", "preceded"])["hidden"]
    assert cells["x", "yes"]
    assert cells["x", "no"] or cells["x", TOTAL]
