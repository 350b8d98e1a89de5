"""A name for a class of people, proposed from what it has more of than others: a start for who writes, no more.

It is made of what a protected table shows and of nothing else: a category whose cell is masked is never in a name, and
that it is not says nothing.
"""

from __future__ import annotations

import pandas as pd

from etabli import french
from etabli.methods.results import MISSING, TOTAL, Table
from etabli.present import theme
from etabli.present.words import Words

MOST = 3
"""Categories of a name: as many as a reader takes in."""

LEAST = 1.96
"""Test value under which a category is not over-represented: two-sided 5 % of a normal law."""

NO_NAME = "sans trait dominant"
_PLAIN = {"oui", "non", "autre", theme.MISSING_LABEL.lower()}
"""Labels that say nothing without that of their variable."""


def can_name(table: Table) -> bool:
    """Whether a table describes classes: test values by variable, category and class."""
    return len(table.keys) == 3 and table.keys[:2] == ("variable", "category") and "v_test" in table.cells


def proposed_name(table: Table, row: int, words: Words) -> str:
    """Return a name for the class at which a row of a protected table stands, in French, small initial.

    Up to three categories, of as many variables, by falling test value as it is printed: « 25-34 ans, personne seule et
    RSA ». A category is named with its variable where its label alone would not say (« compte en ligne : non »).

    Parameters
    ----------
    table
        As `methods.typology` describes classes (`can_name`), protected.
    """
    by = table.keys[2]
    cells = table.cells.reset_index(drop=True)
    tested = pd.to_numeric(cells["v_test"], errors="coerce").round(1)
    is_told = ~cells["category"].astype(str).isin([TOTAL, MISSING])
    here = is_told & (cells[by].astype(str) == str(table.at(by, row))) & (tested >= LEAST)
    order = tested[here].sort_values(ascending=False, kind="stable").index
    first = cells.loc[order].drop_duplicates("variable").index[:MOST]
    labels = [_label(table, int(each), words) for each in first]
    return french.listing(labels) if labels else NO_NAME


def _label(table: Table, row: int, words: Words) -> str:
    label = words.category(table, row, "category", in_sentence=True)
    if label.lower() not in _PLAIN:
        return label
    variable = words.category(table, row, "variable", in_sentence=True)
    return f"{french.uncapitalised(variable)} : {french.uncapitalised(label)}"
