"""Names proposed for classes: of what is shown alone, with the codebook's labels, none where nothing stands out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import protect, with_masks
from etabli.errors import ReportError
from etabli.french import NBSP
from etabli.methods.profiles import distribution
from etabli.methods.results import TOTAL, Table
from etabli.methods.typology_tables import Classed, described
from etabli.present.class_names import MOST, can_name, proposed_name
from etabli.present.sentences import sentence
from etabli.present.words import Words
from etabli.sources.codebook import Codebook

OPEN = Policy("internal", 1, ())


def described_of(answers: dict[str, list[str]], of: list[str]) -> Table:
    frame = pd.DataFrame({"recipient": range(len(of)), **answers, "typology": of})
    return described(Classed(frame, "recipient", "typology"), list(answers), are_tested=False)


@pytest.fixture
def table() -> Table:
    """Class 1: young, at the walk-in desk; class 2: old, by appointment; class 3: as everybody."""
    ages = ["young"] * 40 + ["old"] * 40 + ["young"] * 20 + ["old"] * 20
    channels = ["walk_in"] * 35 + ["appointment"] * 40 + ["walk_in"] * 5 + ["walk_in", "appointment"] * 20
    return described_of({"age": ages, "channel": channels}, ["1"] * 40 + ["2"] * 40 + ["3"] * 40)


def named(table: Table, of: str, words: Words) -> str:
    rows = np.flatnonzero((table.cells["typology"] == of) & (table.cells["category"] == TOTAL))
    return proposed_name(table, int(rows[0]), words)


def test_name_is_made_of_what_is_over_represented(table: Table, words: Words) -> None:
    assert named(table, "1", words) == "moins de 30 ans et tout venant"
    assert named(table, "2", words) == "ancien et rendez-vous"
    assert named(table, "3", words) == "sans trait dominant"


def test_masked_category_is_in_no_name(table: Table, words: Words) -> None:
    """And the name is what the other categories make it, as if it were not there."""
    mask = ((table.cells["category"] == "young") & (table.cells["typology"] == "1")).to_numpy()
    shown = with_masks([table], OPEN, [mask]).of(table).table
    assert named(shown, "1", words) == "tout venant"


def test_name_is_the_same_whatever_a_mask_hides(words: Words) -> None:
    names = set()
    for few in range(5):
        ages = ["young"] * few + ["old"] * (60 - few) + ["young"] * 50 + ["old"] * 50
        table = described_of({"age": ages}, ["1"] * 60 + ["2"] * 100)
        mask = (table.cells["typology"] == "1") & (table.cells["category"] != TOTAL)
        names.add(named(with_masks([table], OPEN, [mask.to_numpy()]).of(table).table, "1", words))
    assert names == {"sans trait dominant"}


def test_name_has_few_categories_of_different_variables(words: Words) -> None:
    of = ["1"] * 50 + ["2"] * 50
    answers = {f"v{n}": ["x"] * (50 - n) + ["y"] * (50 + n) for n in range(5)}
    assert named(described_of(answers, of), "1", words).count("x") == MOST


def test_plain_label_is_named_with_its_variable(words: Words) -> None:
    code = {"type": "code", "sensitivity": "open", "label": "Compte en ligne", "codes": {"y": "Oui", "n": "Non"}}
    book = Codebook.model_validate({"sources": words.codebook.sources, "derived": {"online": code}})
    told = Words(book, words.source)
    table = described_of({"online": ["y"] * 50 + ["n"] * 50}, ["1"] * 50 + ["2"] * 50)
    assert named(table, "2", told) == "compte en ligne : non"


def test_sentence_tells_the_name_of_a_protected_class(table: Table, words: Words) -> None:
    made = sentence(
        "Classe {x.typology} : « {x.category:name} ».",
        x=table.value("people", variable=TOTAL, category=TOTAL, typology="1"),
    )
    assert made.fill(protect([table], OPEN), words) == (
        f"Classe 1{NBSP}: «{NBSP}moins de 30 ans et tout venant{NBSP}»."
    )


def test_table_that_describes_no_classes_names_none() -> None:
    ages = distribution(pd.DataFrame({"recipient": range(9), "age": [*"aaabbbccc"]}), "age")
    assert not can_name(ages)
    with pytest.raises(ReportError, match="ne décrit pas des classes"):
        sentence("{x.age:name}", x=ages.value("people", age="a"))
