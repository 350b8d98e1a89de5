"""The categories that no table names, within those that their coarser variables name."""

from __future__ import annotations

from etabli.disclosure.others import resolved
from etabli.disclosure.regions import OTHERS
from etabli.disclosure.statements import Variable

AREAS = {"a1": "q1", "a2": "q1", "a3": "q2"}


def test_variable_that_follows_from_none_has_others_of_one_kind() -> None:
    known = {"age": Variable(("old", OTHERS), True), "sex": Variable(("f", "m"), True)}
    assert resolved(known) == known


def test_coarse_categories_that_nothing_names_are_among_the_others() -> None:
    known = {"area": Variable(("a1", "a3"), True, {"quarter": AREAS}), "quarter": Variable(("q1", OTHERS), True)}
    assert resolved(known)["area"].parents["quarter"] == {"a1": "q1", "a2": "q1", "a3": OTHERS}


def test_others_are_split_by_every_coarse_variable() -> None:
    area = Variable(("a1", OTHERS), True, {"quarter": AREAS, "side": {"a1": "left"}})
    found = resolved({"area": area, "quarter": Variable(("q1", "q2"), True)})["area"]
    assert found.categories == ("a1", *(f"{OTHERS} : {q}, {s}" for q in ("q1", "q2") for s in ("left", OTHERS)))
    assert found.parents["side"][f"{OTHERS} : q2, left"] == "left"
    assert found.parents["quarter"][f"{OTHERS} : q2, left"] == "q2"


def test_two_filters_leave_the_others_of_both_and_a_table_leaves_none() -> None:
    one, other = Variable(("a", OTHERS), True), Variable(("b", OTHERS), True)
    assert one.joined(other).categories == ("a", "b", OTHERS)
    assert one.joined(Variable(("a", "b", "c"), True)).categories == ("a", "b", "c")
