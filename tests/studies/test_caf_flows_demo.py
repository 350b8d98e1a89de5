"""The demo data of the visitor-flow study: what was planted comes back."""

import importlib.util
import re
import sys
from datetime import date
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from etabli.declarations import read_declaration
from etabli.methods import contacts, everyone, profiles, representation
from etabli.sources.codebook import Codebook

STUDY = Path(__file__).parents[2] / "studies" / "caf-flows"
SEED = 2024


def load_demo() -> ModuleType:
    folder = [str(STUDY)]
    spec = importlib.util.spec_from_file_location(
        "caf_flows_demo", STUDY / "demo.py", submodule_search_locations=folder
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


demo = load_demo()


@cache
def everything() -> tuple[dict[str, pd.DataFrame], dict]:
    return demo.make("2024-T4", SEED)


def delivery() -> tuple[pd.DataFrame, dict]:
    frames, truth = everything()
    return frames["visits"], truth


def inside(table: profiles.Table, measure: str, truth: float, **categories: str) -> bool:
    measured = table.measure(measure)
    row = table.cells.iloc[table.value(measure, **categories).row]
    return bool(row[measured.low] <= truth <= row[measured.high])


def at_least(repetitions: int) -> int:
    """Fewest successes of a 95 % interval that chance allows once in a thousand."""
    return int(stats.binom.ppf(0.001, repetitions, 0.95))


def test_make_volumes():
    frames, _ = everything()
    assert 23_000 <= len(frames["visits"]) <= 27_000
    assert frames["visits"]["recipient"].nunique() == 10_000
    assert 59_000 <= len(frames["recipients"]) <= 60_000
    assert frames["recipients"]["recipient"].is_unique


def test_make_is_deterministic_and_seeds_differ():
    visits, truth = delivery()
    again, same = demo.make("2024-T4", SEED)
    other, _ = demo.make("2024-T4", SEED + 1)
    for name, frame in again.items():
        pd.testing.assert_frame_equal(frame, everything()[0][name])
    assert same == truth
    assert not other["visits"].equals(visits)


def test_make_visits_stand_in_opening_hours_of_working_days():
    when = delivery()[0]["visited_at"]
    minutes = when.dt.hour * 60 + when.dt.minute
    assert minutes.between(9 * 60, 16 * 60 + 30).all()
    assert (when.dt.day_of_week < 5).all()
    assert when.min() >= pd.Timestamp("2024-10-01")
    assert when.max() < pd.Timestamp("2025-01-01")
    assert not when.dt.strftime("%m-%d").isin(["11-01", "11-11", "12-25"]).any()
    assert len(demo.working_days("2024-T4")) == 63


def test_make_one_visit_a_day_and_constant_profiles():
    visits = delivery()[0].dropna(subset="recipient")
    assert not visits.assign(day=visits["visited_at"].dt.date).duplicated(["recipient", "day"]).any()
    people = profiles.people_by_route(visits, keep=[*demo.LEVELS, "quarter"])
    assert len(people) == 10_000


@pytest.mark.parametrize("edition", ["2024", "2024-T5", "T4-2024", "24-T4"])
def test_make_edition_that_is_not_a_quarter_is_refused(edition):
    with pytest.raises(ValueError, match="2024-T4"):
        demo.make(edition, SEED)


def test_make_holds_a_crossing_of_one_to_four_people():
    people = delivery()[0].drop_duplicates("recipient")
    young_owners = people[(people["age_group"] == "under_25") & (people["housing"] == "owner")]
    assert young_owners["quarter"].value_counts().between(1, 4).any()


@pytest.mark.parametrize("name", ["visits", "appointments", "recipients", "contacts"])
def test_codebook_describes_every_column_in_the_same_codes_and_order(name):
    frame = everything()[0][name]
    source = read_declaration(STUDY / "codebook.yml", Codebook).sources[name]
    assert list(source.variables) == list(frame.columns)
    for column, variable in source.variables.items():
        if variable.type == "code":
            assert list(variable.codes) == list(frame[column].cat.categories), column
        assert variable.required is bool(frame[column].notna().all()), column
    known = frame["recipient"].dropna()
    assert known.map(lambda text: bool(re.fullmatch(source.variables["recipient"].pattern, text))).all()


@pytest.mark.parametrize("name", ["visits", "recipients"])
def test_codebook_delivery_values_can_be_written_in_its_encoding(name):
    source = read_declaration(STUDY / "codebook.yml", Codebook).sources[name]
    for variable in source.variables.values():
        for value in (variable.column, *variable.code_of()):
            assert value.encode(source.format.encoding).decode(source.format.encoding) == value


def test_files_join_and_what_does_not_is_what_was_planted():
    frames, _ = everything()
    visits, known = frames["visits"], set(frames["recipients"]["recipient"])
    people = visits.dropna(subset="recipient").drop_duplicates("recipient")
    orphans = ~people["recipient"].isin(known)
    assert orphans.mean() == pytest.approx(0.03, abs=0.008)
    assert people.loc[orphans, "age_group"].isna().all()
    assert people.loc[~orphans, "age_group"].notna().all()
    assert visits["recipient"].isna().mean() == pytest.approx(0.04, abs=0.006)
    held = frames["appointments"].query("kept == 'held'")
    by_appointment = visits.query("channel == 'appointment'")
    assert sorted(zip(held["recipient"], held["planned_for"], strict=True)) == sorted(
        zip(by_appointment["recipient"], by_appointment["visited_at"], strict=True)
    )


def test_profile_of_a_visitor_is_that_of_the_recipient():
    frames, _ = everything()
    names = [*demo.LEVELS, "quarter"]
    visits = frames["visits"].dropna(subset="age_group").drop_duplicates("recipient").set_index("recipient")[names]
    recipients = frames["recipients"].set_index("recipient").loc[visits.index, names]
    assert (visits.astype(object).fillna("").to_numpy() == recipients.astype(object).fillna("").to_numpy()).all()


def test_blocks_are_made_one_after_the_other_and_share_nobody(monkeypatch):
    monkeypatch.setattr(demo, "BLOCK", 400)
    frames, truth = demo.make("2024-T4", SEED, people=1_000)
    visits, recipients = (list(frames[name]) for name in ("visits", "recipients"))
    assert [each["recipient"].nunique() for each in visits] == [400, 400, 200]
    names = pd.concat(recipients)["recipient"]
    assert names.is_unique
    assert len(names) == pytest.approx(6_000, rel=0.02)
    whole, _ = demo.make("2024-T4", SEED, people=1_000)
    assert set(pd.concat(visits)["recipient"].dropna()) == set(pd.concat(whole["visits"])["recipient"].dropna())
    monkeypatch.setattr(demo, "BLOCK", 1_000)
    _, at_once = demo.make("2024-T4", SEED, people=1_000)
    assert truth["share_appointment"] == pytest.approx(at_once["share_appointment"], rel=0.1)


def test_codebook_labels_every_route():
    route = read_declaration(STUDY / "codebook.yml", Codebook).derived["route"]
    assert list(route.codes) == list(profiles.people_by_route(delivery()[0])["route"].cat.categories)


def test_truth_missing_values_are_about_one_percent_of_people():
    people = everything()[0]["recipients"]
    for name in ("housing", "online_account"):
        assert 0.005 <= people[name].isna().mean() <= 0.015


def test_truth_odds_ratios_come_back():
    visits, truth = delivery()
    table = profiles.odds_ratios(visits, outcome="channel", event="appointment", on=list(demo.LEVELS))
    estimated = table.cells[~table.cells["reference"]]
    found = [
        inside(table, "odds_ratio", truth["odds_ratios"][name][category], variable=name, category=category)
        for name, category in zip(estimated["variable"], estimated["category"], strict=True)
    ]
    assert len(found) == 16
    assert np.mean(found) >= 0.9
    references = table.cells[table.cells["reference"]]
    assert all(
        truth["odds_ratios"][name][category] == 1
        for name, category in zip(references["variable"], references["category"], strict=True)
    )


def test_truth_shares_of_visits_come_back():
    visits, truth = delivery()
    overall = profiles.distribution(visits, "channel")
    by_age = profiles.crosstab(visits, "age_group", by="channel")
    assert inside(overall, "share", truth["share_appointment"], channel="appointment")
    for age, share in truth["share_appointment_by_age_group"].items():
        assert inside(by_age, "share", share, age_group=age, channel="appointment"), age


def test_truth_routes_and_visits_per_recipient_come_back():
    visits, truth = delivery()
    routes = profiles.distribution(profiles.people_by_route(visits), "route")
    for route, share in truth["share_by_route"].items():
        assert inside(routes, "share", share, route=route), route
    assert inside(profiles.totals(visits), "rows_per_person", truth["visits_per_recipient"])
    assert sum(truth["share_by_route"].values()) == pytest.approx(1)


def test_truth_of_repeat_visits_comes_back():
    visits, truth = delivery()
    people = profiles.people_by_route(visits, keep=list(demo.LEVELS))
    ratios = contacts.rate_ratios(people, on=list(demo.LEVELS))
    estimated = ratios.cells[~ratios.cells["reference"]]
    found = [
        inside(ratios, "rate_ratio", truth["rate_ratios"][name][category], variable=name, category=category)
        for name, category in zip(estimated["variable"], estimated["category"], strict=True)
    ]
    assert len(found) == 16
    assert np.mean(found) >= 0.9
    top = contacts.concentration(people)
    assert inside(top, "share_of_visits", truth["share_of_visits_of_top_tenth"], top="top_10")
    assert contacts.against_chance(people).is_significant().holds


def test_truth_of_what_is_seen_before_and_after_a_visit_comes_back():
    frames, truth = everything()
    visits = frames["visits"].dropna(subset="recipient").sort_values(["recipient", "visited_at"])
    for k, share in truth["share_same_request_within"].items():
        assert repeated(visits, int(k)) == pytest.approx(share, abs=0.012), k
    desk = frames["visits"].query("channel == 'walk_in'")
    assert (desk["outcome"] == "no_answer").mean() == pytest.approx(truth["share_gave_up_at_the_desk"], abs=0.007)
    missed = (frames["appointments"]["kept"] == "missed").mean()
    assert missed == pytest.approx(truth["share_missed"], abs=0.012)
    before = contacts_before(visits, frames["contacts"])
    for pattern, share in truth["share_by_contacts_before"].items():
        assert before.get(pattern, 0) == pytest.approx(share, abs=0.015), pattern
    assert sum(truth["share_by_contacts_before"].values()) == pytest.approx(1)


def test_truth_of_who_comes_of_the_territory_comes_back():
    frames, truth = everything()
    names = list(demo.LEVELS)
    table = representation.representation(
        frames["visits"], frames["recipients"], names, within=["age_group", "household"]
    )
    for measure, planted in (("index", "representation"), ("standardised", "representation_standardised")):
        found = []
        for row in table.cells.to_dict("records"):
            expected = truth[planted][row["variable"]][row["category"]][row["channel"]]
            error = np.log(row[f"{measure}_high"] / row[measure]) / 1.96
            found.append(np.log(row[measure] / expected) / error)
        assert len(found) == 66
        assert np.abs(found).max() < 4.5, measure
        assert np.std(found) < 1.8, measure  # estimates of one territory go together


def test_truth_of_visits_with_zeros_comes_back():
    frames, truth = everything()
    days = {"start": date(2024, 10, 1), "end": date(2024, 12, 31)}
    people = everyone.everyone(frames["recipients"], frames["visits"], **days, keep=list(demo.LEVELS))
    assert inside(everyone.dispersions(people), "dispersion", truth["dispersion_with_zeros"], law="with_zeros")
    table = everyone.rate_ratios(people, on=list(demo.LEVELS))
    reference = table.cells[table.cells["reference"]].set_index("variable")["category"]
    for row in table.cells[~table.cells["reference"]].itertuples():
        planted = truth["rate_ratios_with_zeros"][row.variable]
        expected = planted[row.category] / planted[reference[row.variable]]
        error = np.log(row.rate_ratio_high / row.rate_ratio) / 1.96
        assert abs(np.log(row.rate_ratio / expected)) < 4 * error, (row.variable, row.category)


def repeated(visits: pd.DataFrame, k: int) -> float:
    """The share of visits, k days or more before the end, that one of the same person about the same follows."""
    day = visits["visited_at"].dt.normalize()
    pairs = visits.assign(day=day)[["recipient", "request", "day"]]
    later = pairs.reset_index().merge(pairs, on=["recipient", "request"], suffixes=("", "_later"))
    gap = (later["day_later"] - later["day"]).dt.days
    followed = set(later.loc[(gap > 0) & (gap <= k), "index"])
    asked = pairs.index[day <= pd.Timestamp("2024-12-31") - pd.Timedelta(days=k)]
    return float(np.mean([each in followed for each in asked]))


def contacts_before(visits: pd.DataFrame, contacts: pd.DataFrame) -> dict[str, float]:
    first = visits.groupby("recipient")["visited_at"].min().dt.normalize()
    first = first[first >= pd.Timestamp("2024-10-12")]
    own = contacts[contacts["recipient"].isin(first.index)]
    used = own.groupby("recipient")["channel"].agg(lambda each: "_then_".join(sorted(set(each))))
    return used.reindex(first.index).astype(object).fillna("none").value_counts(normalize=True).to_dict()


@pytest.mark.slow
def test_truth_is_covered_over_many_small_deliveries():
    # 150 people: a category of 65 or older holds some eight of them, and the model of six variables has 16 odds ratios
    held: dict[str, list[bool]] = {}
    for seed in range(400):
        frames, truth = demo.make("2024-T4", seed, people=150)
        for name, covered in coverings(frames["visits"], truth):
            held.setdefault(name, []).append(covered)
    rates = {name: sum(each) / len(each) for name, each in held.items()}
    assert len(held["odds of 5 to 10 people"]) >= 300
    for name, each in held.items():
        # independent or not, estimates of one delivery count as one; an interval may hold a little less than it says
        least = stats.binom.ppf(0.001, min(len(each), 400), 0.93) / min(len(each), 400)
        assert rates[name] >= least, (name, rates)
    assert rates["odds of more people"] <= 0.98  # nor are they wide enough to hold anything


def coverings(visits: pd.DataFrame, truth: dict):
    """What is estimated from one delivery, and whether its interval holds the truth planted in it."""
    by_age = profiles.crosstab(visits, "age_group", by="channel")
    for age, share in truth["share_appointment_by_age_group"].items():
        if not np.isnan(
            by_age.cells["share_low"].iloc[by_age.value("share", age_group=age, channel="appointment").row]
        ):
            yield "shares", inside(by_age, "share", share, age_group=age, channel="appointment")
    routes = profiles.distribution(profiles.people_by_route(visits), "route")
    yield "routes", inside(routes, "share", truth["share_by_route"]["both"], route="both")
    yield "visits", inside(profiles.totals(visits), "rows_per_person", truth["visits_per_recipient"])
    people = profiles.people_by_route(visits, keep=["benefit", "online_account"])
    if len(people) >= 100:
        top = contacts.concentration(people)
        yield "concentration", inside(top, "share_of_visits", truth["share_of_visits_of_top_tenth"], top="top_10")
    odds = profiles.odds_ratios(visits, outcome="channel", event="appointment", on=list(demo.LEVELS))
    reference = odds.cells[odds.cells["reference"]].set_index("variable")["category"]
    for row in odds.cells[odds.cells["odds_ratio_low"].notna()].itertuples():
        planted = truth["odds_ratios"][row.variable]
        ratio = planted[row.category] / planted[reference[row.variable]]
        few = "fewer than 5" if row.category_people < 5 else "5 to 10" if row.category_people <= 10 else "more"
        yield f"odds of {few} people", bool(row.odds_ratio_low <= ratio <= row.odds_ratio_high)
