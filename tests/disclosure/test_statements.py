from __future__ import annotations

import json
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.disclosure.regions import region
from etabli.disclosure.statements import (
    MASKED,
    Publication,
    Quantity,
    SourceTold,
    Statement,
    Variable,
    known_variables,
    publication_of,
)
from etabli.errors import DisclosureError

names = st.text("abc", min_size=1, max_size=2)
regions = st.dictionaries(names, names, max_size=3).map(lambda categories: region("s", categories))
quantities = st.builds(Quantity, regions, st.sampled_from(["people", "rows"]))
counts = st.builds(lambda item, q, n: Statement(item, q, n, n, shown=float(n)), names, quantities, st.integers(0, 99))
masks = st.builds(lambda item, q: Statement(item, q, 0, inf, shown=MASKED), names, quantities)
ratios = st.builds(
    lambda item, q, over: Statement(item, q, 0.6255, 0.6265, over=over, shown=62.6), names, quantities, quantities
)
variables = st.builds(
    Variable,
    st.lists(names, min_size=1, unique=True).map(tuple),
    st.booleans(),
    st.just({}) | st.just({"quarter": {"a": "x"}}),
    st.none() | st.just(("channel", {"both": ("a", "b")})),
)


@given(
    st.lists(counts | masks | ratios, max_size=8).map(tuple),
    st.dictionaries(names, variables, max_size=3),
    st.lists(names, max_size=2).map(tuple),
)
def test_publication_comes_back_from_json(
    statements: tuple[Statement, ...], known: dict[str, Variable], groups: tuple[str, ...]
) -> None:
    told = Publication(
        "essai/2024", {"s": SourceTold("v", "caf", 5, "2024", whole_group=groups)}, {"s": known}, statements
    )
    assert publication_of(json.loads(json.dumps(told.to_json())), shown="x") == told


@pytest.mark.parametrize("key", ["report", "sources", "variables", "regions", "statements"])
def test_publication_without_a_part_is_refused(key: str) -> None:
    told = Publication("essai/2024", {}, {}, (Statement("t", Quantity(region("s", {}), "rows"), 1, 1, shown=1.0),))
    plain = {name: value for name, value in told.to_json().items() if name != key}
    with pytest.raises(DisclosureError, match="n’est pas lisible"):
        publication_of(plain, shown="said.json")


def test_mask_says_nothing() -> None:
    mask = Statement("t", Quantity(region("s", {}), "people"), 0, inf, shown=MASKED)
    assert mask.masked
    (told,) = Publication("r", {}, {}, (mask,)).to_json()["statements"]
    assert set(told) == {"item", "region", "unit", "shown"}


def test_variable_that_varies_in_one_report_varies() -> None:
    one = Publication("a", {}, {"s": {"age": Variable(("x", "y"), True)}}, ())
    other = Publication("b", {}, {"s": {"age": Variable(("y", "z"), False)}}, ())
    assert known_variables([one, other]) == {"s": {"age": Variable(("x", "y", "z"), False)}}
