"""Files one under the other: codes of all, in their order."""

from __future__ import annotations

import pandas as pd

from etabli.methods.stacks import categorical, stacked

AT = pd.to_datetime(["2024-10-01", "2024-10-02"])


def test_categories_are_those_of_all_files_in_their_order() -> None:
    desk = pd.DataFrame({"who": ["a", None], "at": AT, "channel": pd.Categorical(["y", None], ["y", "x"])})
    phone = pd.DataFrame({"who": ["b", "a"], "at": AT[::-1], "channel": ["x", "phone"], "other": [1, 2]})
    found = stacked([desk, phone], "who", "at", ["channel"])
    assert found.columns.to_list() == ["who", "at", "channel"]
    assert found["channel"].cat.categories.to_list() == ["y", "x", "phone"]
    assert found["channel"].astype(object).where(found["channel"].notna(), None).to_list() == ["y", None, "x", "phone"]
    assert found["at"].to_list() == [*AT, *AT[::-1]]
    assert found.attrs == {}


def test_code_of_nothing_is_missing() -> None:
    assert categorical(pd.Series([0, -1]).to_numpy(), ["a"]).isna().tolist() == [False, True]
