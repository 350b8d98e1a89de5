"""What changed between two deliveries, each measure at its threshold, and nothing of anybody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from etabli import french
from etabli.errors import DeliveryError
from etabli.sources.codebook import SourceCodebook
from etabli.sources.distances import variation
from etabli.sources.drift import FALSE_ALARMS, Drift, compare
from etabli.sources.readers import read_columns

CODES = {"desk": {"label": "Accueil", "value": "ACC"}, "phone": {"label": "Téléphone", "value": "TEL"}}
EXCHANGED = {"ACC": "phone", "TEL": "desk"}
"""The recode that puts each of the two codes where the other was."""


def book_of(**variables: dict[str, Any]) -> SourceCodebook:
    full = {
        name: {"label": name.title(), "column": name.upper(), "required": False,
               "sensitivity": "identifier" if each["type"] == "identifier" else "open", **each}
        for name, each in variables.items()
    }  # fmt: skip
    return SourceCodebook.model_validate({"row": {"one": "l", "many": "l", "gender": "f"}, "variables": full})


def drift(book: SourceCodebook, old: dict[str, list[str]], new: dict[str, list[str]]) -> Drift:
    return compare("visits", pd.DataFrame(old, dtype="str"), pd.DataFrame(new, dtype="str"), book, book)


def told(found: Drift) -> str:
    return "\n".join(f"{change.subject}: {change.told}" for change in found.changes)


def test_same_deliveries_do_not_drift() -> None:
    book, data = book_of(channel={"type": "code", "codes": CODES}), {"CHANNEL": ["ACC", "TEL"]}
    assert drift(book, data, data).changes == ()


def test_renamed_gone_and_new_columns_are_told_apart() -> None:
    book = book_of(channel={"type": "text"}, age={"type": "integer"})
    found = drift(book, {"CHANNEL": ["a"], "AGE": ["1"]}, {"CHANNELS": ["a"], "QPV": ["1"]})
    assert found.rename == {"channel": "CHANNELS"}
    assert found.absent == ("age",)
    assert "« QPV » est nouvelle" in told(found)
    assert found.blocks


def test_new_code_is_told_with_the_line_that_recodes_it() -> None:
    book = book_of(channel={"type": "code", "codes": CODES})
    found = drift(book, {"CHANNEL": ["ACC", "TEL"]}, {"CHANNEL": ["Acceuil"] * 5 + ["TEL"] * 5 + ["Dupont"]})
    assert found.recode == {"channel": {"Acceuil": "desk"}}
    assert "Dupont" not in told(found)
    assert found.blocks


def test_codes_of_a_sensitive_variable_are_not_told() -> None:
    book = book_of(channel={"type": "code", "codes": CODES, "sensitivity": "sensitive"})
    found = drift(book, {"CHANNEL": ["ACC"]}, {"CHANNEL": ["SECRET"] * 9})
    assert "SECRET" not in told(found)
    assert found.recode == {}
    assert found.blocks


def coded(desks: int, of: int) -> dict[str, list[str]]:
    return {"CHANNEL": ["ACC"] * desks + ["TEL"] * (of - desks)}


@pytest.mark.parametrize(("desks", "moved"), [(5_500, False), (5_501, True), (4_500, False), (4_499, True)])
def test_distribution_is_told_beyond_its_threshold(desks: int, moved: bool) -> None:
    book = book_of(channel={"type": "code", "codes": CODES})
    assert ("variation totale" in told(drift(book, coded(5_000, 10_000), coded(desks, 10_000)))) is moved


@pytest.mark.parametrize(("desks", "moved"), [(62, False), (70, True)])
def test_distribution_is_told_beyond_chance(desks: int, moved: bool) -> None:
    """Of 100 rows, a share of one half has a standard error of 5 points, and so has each of the two."""
    book = book_of(channel={"type": "code", "codes": CODES})
    assert ("variation totale" in told(drift(book, coded(50, 100), coded(desks, 100)))) is moved


def test_distribution_rests_on_people_and_not_on_their_rows() -> None:
    """What 1 000 rows would prove, 20 people of 50 rows each do not."""
    people, alone = {"person": {"type": "identifier"}}, {"channel": {"type": "code", "codes": CODES}}
    old = {
        "PERSON": [f"A{n % 20}" for n in range(1_000)],
        "CHANNEL": ["ACC" if n % 20 < 10 else "TEL" for n in range(1_000)],
    }
    new = {
        "PERSON": [f"B{n % 20}" for n in range(1_000)],
        "CHANNEL": ["ACC" if n % 20 < 14 else "TEL" for n in range(1_000)],
    }
    assert "variation totale" in told(drift(book_of(**alone), old, new))
    assert "variation totale" not in told(drift(book_of(**people, **alone), old, new))


@pytest.mark.parametrize(("rows", "changed"), [(1_200, False), (1_201, True), (800, False), (799, True)])
def test_volume_is_told_beyond_its_threshold(rows: int, changed: bool) -> None:
    book = book_of(town={"type": "text"})
    assert ("volume" in told(drift(book, {"TOWN": ["x"] * 1_000}, {"TOWN": ["x"] * rows}))) is changed


@pytest.mark.parametrize(("rows", "changed"), [(60, False), (100, True)])
def test_volume_is_told_beyond_chance(rows: int, changed: bool) -> None:
    book = book_of(town={"type": "text"})
    assert ("volume" in told(drift(book, {"TOWN": ["x"] * 40}, {"TOWN": ["x"] * rows}))) is changed


@pytest.mark.parametrize(("missing", "changed"), [(50, False), (51, True)])
def test_missing_share_is_told_beyond_its_threshold(missing: int, changed: bool) -> None:
    book = book_of(town={"type": "text"})
    new = [""] * missing + ["x"] * (1_000 - missing)
    assert ("manquantes" in told(drift(book, {"TOWN": ["x"] * 1_000}, {"TOWN": new}))) is changed


@pytest.mark.parametrize(("had", "said"), [(3, False), (40, True)])
def test_code_that_vanished_is_told_beyond_chance(had: int, said: bool) -> None:
    book = book_of(channel={"type": "code", "codes": CODES})
    assert (
        "plus aucune ligne pour « Téléphone »" in told(drift(book, coded(1_000 - had, 1_000), coded(1_000, 1_000)))
    ) is said


def test_range_is_told_by_percentiles() -> None:
    book = book_of(age={"type": "integer"})
    old, new = [str(age) for age in range(100)], [str(age * 10) for age in range(100)]
    assert "98\u00a0% des valeurs" in told(drift(book, {"AGE": old}, {"AGE": new})).replace(" %", "\u00a0%")


def numbers(values: NDArray[np.float64]) -> dict[str, list[str]]:
    return {"X": [f"{value:.2f}".replace(".", ",") for value in values]}


def test_numbers_whose_centre_moved_are_told() -> None:
    """Neither the 1st nor the 99th percentile moves when most people are young, or when all amounts fall by 17 %."""
    random, book = np.random.default_rng(1), book_of(x={"type": "number"})
    ages, young = random.integers(18, 90, 2_000), random.integers(18, 30, 2_000)
    mixed = np.where(random.random(2_000) < 0.8, young, random.integers(18, 90, 2_000))
    assert "Kolmogorov-Smirnov" in told(drift(book, numbers(ages), numbers(mixed)))
    amounts, others = random.lognormal(6.5, 1, 8_000), random.lognormal(6.5, 1, 8_000)
    assert "Kolmogorov-Smirnov" in told(drift(book, numbers(amounts), numbers(others * 0.83)))
    assert told(drift(book, numbers(amounts), numbers(others))) == ""


def test_distance_of_numbers_is_that_of_scipy() -> None:
    random, book = np.random.default_rng(2), book_of(x={"type": "number"})
    old, new = random.normal(0, 1, 150).round(2), random.normal(1, 1, 150).round(2)
    expected = french.number(stats.ks_2samp(old, new).statistic, 2)
    assert f"Smirnov {expected} " in told(drift(book, numbers(old), numbers(new)))


def test_booleans_and_patterned_texts_are_compared() -> None:
    book = book_of(here={"type": "boolean"}, town={"type": "text", "pattern": "[0-9]{5}"}, note={"type": "text"})
    old = {"HERE": ["oui"] * 20 + ["non"] * 180, "TOWN": ["35238"] * 200, "NOTE": ["a"] * 200}
    new = {"HERE": ["oui"] * 180 + ["non"] * 20, "TOWN": ["44109"] * 200, "NOTE": ["b"] * 200}
    found = drift(book, old, new)
    assert [change.subject for change in found.changes] == ["here", "town"]
    assert "44109" not in told(found)


@pytest.mark.parametrize(("kept", "said"), [(100, False), (55, False), (20, True), (0, True)])
@pytest.mark.parametrize("sensitivity", ["open", "sensitive"])
def test_codes_of_one_frequency_that_were_swapped_are_told_by_who_stayed(
    kept: int, said: bool, sensitivity: str
) -> None:
    """No share moves, but people who had one code have the other."""
    book = book_of(person={"type": "identifier"}, x={"type": "code", "codes": CODES, "sensitivity": sensitivity})
    old, other = ["ACC", "TEL"] * 50, ["TEL", "ACC"] * 50
    people = [f"P{number}" for number in range(100)]
    new = [*old[:kept], *other[kept:]]
    drifted = drift(book, {"PERSON": people, "X": old}, {"PERSON": people, "X": new})
    found = told(drifted)
    assert drifted.recode == ({"x": EXCHANGED} if said and sensitivity == "open" else {})
    assert ("intervertis" in found) is said
    assert ("Accueil" in found) is (said and sensitivity == "open")
    if drifted.recode:
        mended = book_of(
            person={"type": "identifier"}, x={"type": "code", "codes": CODES, "recode": drifted.recode["x"]}
        )
        frames = [pd.DataFrame({"PERSON": people, "X": values}, dtype="str") for values in (old, new)]
        assert "intervertis" not in told(compare("visits", *frames, book, mended))
    assert "répartition" not in found


@pytest.mark.parametrize("kind", [{"type": "number"}, {"type": "date"}, {"type": "code", "codes": CODES}])
def test_sensitive_variable_is_told_by_its_distance_alone(kind: dict[str, Any]) -> None:
    values = {"number": ["10", "77"], "date": ["01/02/2001", "07/07/1977"], "code": ["ACC", "TEL"]}[kind["type"]]
    book = book_of(x={**kind, "sensitivity": "sensitive"})
    found = told(drift(book, {"X": [values[0]] * 100}, {"X": [values[1]] * 100}))
    assert "la répartition a bougé" in found or kind["type"] == "date"
    assert not any(value in found for value in (*values, "Accueil", "1977", "2001"))


def days(start: str, rows: int, random: np.random.Generator, length: int = 90) -> dict[str, list[str]]:
    drawn = pd.Timestamp(start) + pd.to_timedelta(random.integers(0, length, rows), unit="D")
    return {"DAY": list(drawn.strftime("%d/%m/%Y"))}


@pytest.mark.parametrize(
    ("start", "said"), [("2025-01-01", False), ("2024-10-01", True), ("2024-07-01", True), ("2023-10-01", True)]
)
def test_delivery_that_is_not_newer_is_told(start: str, said: bool) -> None:
    random, book = np.random.default_rng(3), book_of(day={"type": "date"})
    found = drift(book, days("2024-10-01", 1_000, random), days(start, 1_000, random))
    assert ("aucune date plus récente" in told(found)) is said
    assert "répartition" not in told(found)


def test_dates_are_compared_from_the_beginning_of_their_period() -> None:
    random, book = np.random.default_rng(4), book_of(day={"type": "date"})
    old = days("2024-10-01", 1_000, random)
    assert "répartition" in told(drift(book, old, days("2025-01-01", 1_000, random, length=59)))  # March misses


def test_births_need_not_be_newer_but_may_move() -> None:
    random, book = np.random.default_rng(5), book_of(day={"type": "date"})
    old, same = (days("1940-01-01", 1_000, random, length=25_000) for _ in range(2))
    assert told(drift(book, old, same)) == ""
    assert "répartition" in told(drift(book, old, days("1965-01-01", 1_000, random, length=16_000)))


def test_empty_delivery_is_called_empty() -> None:
    book = book_of(channel={"type": "code", "codes": CODES})
    assert told(drift(book, coded(5, 10), {"CHANNEL": []})) == "volume: la livraison est vide : rien à comparer"
    assert drift(book, coded(5, 10), {"CHANNEL": []}).blocks
    assert not drift(book, {"CHANNEL": []}, coded(5, 10)).blocks


def test_column_without_a_value_has_no_distribution() -> None:
    book = book_of(channel={"type": "code", "codes": CODES}, x={"type": "number"})
    old, new = ({"CHANNEL": [code] * 100, "X": [number] * 100} for code, number in (("ACC", "1"), ("", "")))
    assert {change.told.split(" :")[0] for change in drift(book, old, new).changes} == {"valeurs manquantes"}


STORED = pd.DataFrame(
    {"DEP": [1.0, 35.0, 75.0, 35.0] * 50, "Q": [1.0, 2.0, 9.0, 1.0] * 50, "R": [100.0, 200.0, 99_999.0, 300.0] * 50}
)


@pytest.fixture
def stored_book() -> SourceCodebook:
    answers = {"yes": {"label": "Oui", "value": "1"}, "no": {"label": "Non", "value": "2"}}
    return book_of(
        dep={"type": "code", "codes": {"01": "Ain", "35": "Ille-et-Vilaine", "75": "Paris"}},
        q={"type": "code", "codes": answers},
        r={"type": "number"},
    )


def reread(path: Path, book: SourceCodebook, other: Path | None = None) -> Drift:
    old, new = (read_columns(each, book, shown=each.name) for each in (path, other or path))
    return compare("visits", old.frame, new.frame, book, book, described=(old.metadata, new.metadata))


def test_values_that_a_file_calls_missing_and_zeros_that_it_lost_do_not_block(
    tmp_path: Path, stored_book: SourceCodebook
) -> None:
    path = tmp_path / "q.sav"
    pyreadstat.write_sav(STORED, path, missing_ranges={"Q": [9], "R": [99_999]})
    found = reread(path, stored_book)
    assert found.changes == ()
    assert found.recode == {}


def test_missing_values_of_a_file_count_as_missing(tmp_path: Path, stored_book: SourceCodebook) -> None:
    old, new = tmp_path / "old.sav", tmp_path / "new.sav"
    pyreadstat.write_sav(STORED, old, missing_ranges={"Q": [9], "R": [99_999]})
    pyreadstat.write_sav(STORED.assign(R=250.0), new, missing_ranges={"Q": [9], "R": [99_999]})
    found = reread(old, stored_book, new)
    assert "r: valeurs manquantes : 25,0 %, puis 0,0 %" in told(found).replace("\u00a0", " ")
    assert "99" not in told(found).replace("98", "")


def test_codes_that_are_read_by_their_labels_do_not_block(tmp_path: Path) -> None:
    path = tmp_path / "q.dta"
    pyreadstat.write_dta(pd.DataFrame({"Q": [1.0, 2.0] * 50}), path, variable_value_labels={"Q": {1: "a", 2: "b"}})
    assert reread(path, book_of(q={"type": "code", "codes": {"a": "A", "b": "B"}})).changes == ()


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet"])
def test_dates_that_a_file_stores_do_not_block(tmp_path: Path, suffix: str) -> None:
    book = book_of(day={"type": "date"}, moment={"type": "datetime"}, x={"type": "number"})
    paths = []
    for year in ("2024", "2025"):
        days = pd.date_range(f"{year}-01-01", periods=90)
        frame = pd.DataFrame({"DAY": days, "MOMENT": days + pd.Timedelta(hours=10), "X": np.arange(90) + 0.5})
        paths.append(tmp_path / f"{year}{suffix}")
        frame.to_excel(paths[-1], index=False) if suffix == ".xlsx" else frame.to_parquet(paths[-1])
    assert reread(paths[0], book, paths[1]).changes == ()


def test_codes_that_lost_their_digits_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "q.sav"
    pyreadstat.write_sav(pd.DataFrame({"ID": [1e17, 2e17]}), path)
    with pytest.raises(DeliveryError, match="derniers chiffres"):
        reread(path, book_of(id={"type": "identifier"}))


def population(random: np.random.Generator, people: int, quarter: str) -> dict[str, list[str]]:
    """Draw a delivery: who comes, how often (a few come much more), and what they are each time that they come."""
    of = np.repeat(random.choice(3 * people, people, replace=False), 1 + random.negative_binomial(0.8, 0.35, people))
    own = np.random.default_rng(0)  # the same people are the same in every delivery
    size = 3 * people
    profile, age = own.choice(13, size), own.integers(18, 90, size)
    amount, seldom = own.lognormal(6.5, 1, size), own.random(size) < 0.01
    here = np.where(random.random(len(of)) < 0.7, random.random(len(of)) < 0.4, of % 2 == 0)
    return {
        "PERSON": [f"P{number}" for number in of],
        "QUARTER": [f"q{place}" for place in profile[of]],
        "RARE": ["TEL" if each else "ACC" for each in seldom[of]],
        "AGE": list(age[of].astype(str)),
        "AMOUNT": numbers(amount[of])["X"],
        "HERE": ["oui" if each else "non" for each in here],
        "ANSWER": list(np.where(random.random(len(of)) < 0.1, "", np.where(here, "ACC", "TEL"))),
        **days(quarter, len(of), random),
    }


POPULATION: dict[str, dict[str, Any]] = {
    "person": {"type": "identifier"},
    "quarter": {"type": "code", "codes": {f"q{place}": f"Quartier {place}" for place in range(13)}},
    "rare": {"type": "code", "codes": CODES},
    "age": {"type": "integer"},
    "amount": {"type": "number", "sensitivity": "sensitive"},
    "here": {"type": "boolean"},
    "answer": {"type": "code", "codes": CODES},
    "day": {"type": "date"},
}


@pytest.mark.parametrize(
    ("people", "editions"),
    [(25, 40), pytest.param(60, 300, marks=pytest.mark.slow), pytest.param(300, 150, marks=pytest.mark.slow)],
)
def test_nothing_is_told_of_what_did_not_drift(people: int, editions: int) -> None:
    """Two deliveries of one population, people coming back or not: alarms are as rare as promised."""
    book, alarms = book_of(**POPULATION), 0
    for seed in range(editions):
        random = np.random.default_rng([people, seed])
        old, new = (population(random, people, quarter) for quarter in ("2024-10-01", "2025-01-01"))
        alarms += any(change.subject != "person" for change in drift(book, old, new).changes)
    assert alarms <= stats.binom.ppf(0.999, editions, FALSE_ALARMS)


def test_overlap_of_identifiers_is_a_share_and_no_identifier() -> None:
    book = book_of(person={"type": "identifier"})
    found = told(drift(book, {"PERSON": ["P1", "P2"]}, {"PERSON": ["P2", "P3"]}))
    assert "50,0" in found
    assert "P2" not in found
    assert "même livraison" in told(drift(book, {"PERSON": ["P1"]}, {"PERSON": ["P1"]}))


shares = st.lists(st.integers(0, 20), min_size=1, max_size=6).filter(sum).map(lambda n: pd.Series(n) / sum(n))


@given(shares, shares)
def test_total_variation_is_a_distance_between_0_and_1(one: pd.Series, other: pd.Series) -> None:
    left, right = (shares_of(each) for each in one.align(other, fill_value=0.0))
    assert variation(left, left) == pytest.approx(0)
    assert variation(left, right) == pytest.approx(variation(right, left))
    assert -1e-9 <= variation(left, right)[0] <= 1 + 1e-9


def shares_of(values: pd.Series) -> NDArray[np.float64]:
    """Return one draw of classes, the last two (« of another type », « missing ») empty."""
    return np.array([[*values, 0, 0]], dtype="float64")
