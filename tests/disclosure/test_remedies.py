"""What is proposed is enough, is little, and lies in the report that is about to leave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from etabli.disclosure.attacker import attack
from etabli.disclosure.regions import region
from etabli.disclosure.remedies import _without, remedy
from etabli.disclosure.statements import Publication, Variable

SOURCE = "d" * 64
AGE = {"age": Variable(("young", "mid", "old"), constant=True)}
Publish = Callable[..., Publication]


def test_report_that_tells_nothing_needs_nothing(publish: Publish) -> None:
    found = remedy(publish({"t": [({}, "people", 40)]}, AGE), [])
    assert (found.regions, found.tables, found.enough) == ((), (), True)


def test_one_more_mask_undoes_a_subtraction(publish: Publish) -> None:
    shown = [({}, "people", 40), ({"age": "young"}, "people", 20), ({"age": "mid"}, "people", 17)]
    new = publish({"t": [*shown, ({"age": "old"}, "people", "s")]}, AGE)
    found = remedy(new, [])
    assert found.enough
    assert len(found.regions) == 1
    assert not found.tables
    assert not attack([new]).holds
    assert attack([_without(new, found.regions, ())]).holds


def test_what_is_held_already_is_not_proposed(publish: Publish) -> None:
    held = publish({"t": [({}, "people", 40)]}, AGE, report="essai/ancien")
    new = publish({"u": [({"adult": "yes"}, "people", 37)]}, AGE, report="essai/nouveau")
    found = remedy(new, [held])
    assert found.regions == (region(SOURCE, {"adult": "yes"}),)
    assert found.enough


@pytest.mark.parametrize("k", [5, 11])
def test_what_is_known_without_the_report_is_said_not_to_be_undone(k: int, publish: Publish) -> None:
    held = publish({"t": [({"age": "old"}, "people", 3)]}, AGE, report="essai/ancien", minimum=k)
    found = remedy(publish({"u": [({}, "people", 40)]}, AGE, minimum=k), [held])
    assert not found.enough


def test_one_more_mask_hides_a_whole_group(publish: Publish) -> None:
    told = publish({"t": [({"age": "old"}, "people", 30), ({"age": "old", "benefit": "rsa"}, "people", 30)]}, {
        **AGE, "benefit": Variable(("rsa", "none"), constant=True)
    })  # fmt: skip
    new = replace(told, sources={SOURCE: replace(told.sources[SOURCE], whole_group=("benefit",))})
    found = remedy(new, [])
    assert found.enough
    assert len(found.regions) == 1
