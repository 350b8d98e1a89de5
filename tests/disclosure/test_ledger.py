"""What was released is never forgotten: not a withdrawn release, not one line of two writers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from etabli.disclosure.held import Held
from etabli.disclosure.ledger import (
    FILE,
    Ledger,
    Release,
    Review,
    holdings,
    neighbouring,
    publications_of,
    read_ledger,
    withdraw,
    write_release,
)
from etabli.disclosure.statements import Publication, Variable
from etabli.errors import DeliveryError, DisclosureError

Publish = Callable[..., Publication]
DAY = date(2024, 11, 4)
REVIEW = Review("Une collègue", date(2024, 11, 3))
SHOWN = "data/ledger"


@pytest.fixture
def told(publish: Publish) -> Publication:
    table = [({}, "people", 40), ({"age": "young"}, "people", "s")]
    return publish({"tableau-1": table}, {"age": Variable(("young", "old"), True)})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


def release(told: Publication, recipient: str = "caf", report: str = "essai/2024_funder", digest: str = "a") -> Release:
    return Release(report, recipient, DAY, REVIEW, {"report.html": digest}, told)


def test_folder_without_a_ledger_holds_nothing(folder: Path) -> None:
    assert read_ledger(folder, shown=SHOWN) == Ledger(())


def test_release_comes_back_as_it_was_written(folder: Path, told: Publication) -> None:
    number = write_release(folder, release(told), shown=SHOWN)
    (found,) = read_ledger(folder, shown=SHOWN).releases
    assert found == Release(**{**vars(release(told)), "number": number})
    assert str(found) == "n° 1 : essai/2024_funder → caf, 04/11/2024"


def test_ledger_holds_regions_and_printed_values_only(folder: Path, told: Publication) -> None:
    write_release(folder, release(told), shown=SHOWN)
    line = json.loads((folder / FILE).read_text(encoding="utf-8"))
    assert sorted(line) == ["day", "kind", "outputs", "previous", "publication", "recipient", "report", "review"]
    assert [each["shown"] for each in line["publication"]["statements"]] == [40, "s"]
    assert set(line["publication"]["statements"][1]) == {"item", "region", "unit", "shown"}


def test_withdrawn_release_stays_known(folder: Path, told: Publication) -> None:
    number = write_release(folder, release(told), shown=SHOWN)
    gone = withdraw(folder, number, day=date(2025, 1, 2), reason="une erreur de champ", shown=SHOWN)
    ledger = read_ledger(folder, shown=SHOWN)
    assert gone.withdrawn == ledger.release(number).withdrawn == date(2025, 1, 2)
    assert ledger.held_by({"caf"}) == [gone]
    assert str(gone).endswith("04/11/2024, retirée")
    with pytest.raises(DisclosureError, match="déjà retirée"):
        withdraw(folder, number, day=date(2025, 1, 3), reason="encore", shown=SHOWN)


def test_release_that_does_not_exist_is_not_withdrawn(folder: Path, told: Publication) -> None:
    write_release(folder, release(told), shown=SHOWN)
    before = (folder / FILE).read_bytes()
    with pytest.raises(DisclosureError, match="pas de diffusion n° 7"):
        withdraw(folder, 7, day=DAY, reason="", shown=SHOWN)
    assert (folder / FILE).read_bytes() == before


def test_holders_hold_what_any_of_them_received(folder: Path, told: Publication) -> None:
    for recipient in ("caf", "ville", "public", "etat"):
        write_release(folder, release(told, recipient), shown=SHOWN)
    held = read_ledger(folder, shown=SHOWN).held_by({"caf", "public"})
    assert [each.recipient for each in held] == ["caf", "public"]


def test_holdings_are_of_the_deliveries_asked_for_and_each_report_once(folder: Path, told: Publication) -> None:
    for recipient in ("caf", "ville"):
        write_release(folder, release(told, recipient), shown=SHOWN)
    releases = read_ledger(folder, shown=SHOWN).releases
    assert holdings(releases, {"d" * 64}) == Held((told,), (2,))
    assert holdings(releases, {"e" * 64}) == Held()


@pytest.mark.parametrize(
    ("edition", "keeps", "found"),
    [("2025", "2024", [1]), ("2025", "", []), ("2023", "", [1]), ("2026", "2025", []), ("2024", "", [])],
)
def test_neighbouring_editions_are_those_that_keep_everybody(
    edition: str, keeps: str, found: list[int], folder: Path, told: Publication
) -> None:
    sources = {digest: replace(each, edition="2024", keeps="2023") for digest, each in told.sources.items()}
    write_release(folder, release(replace(told, sources=sources)), shown=SHOWN)
    releases = read_ledger(folder, shown=SHOWN).releases
    assert list(neighbouring(releases, "essai", edition, keeps).numbers) == found
    assert neighbouring(releases, "autre", edition, keeps) == Held()


def test_same_report_released_twice_tells_once(told: Publication) -> None:
    same = [release(told, "caf"), release(told, "ville")]
    assert publications_of(same) == [told]
    assert len(publications_of([*same, release(told, "etat", digest="b")])) == 2


def test_changed_ledger_is_refused(folder: Path, told: Publication) -> None:
    for recipient in ("caf", "ville"):
        write_release(folder, release(told, recipient), shown=SHOWN)
    path = folder / FILE
    path.write_text(path.read_text(encoding="utf-8").replace('"recipient": "caf"', '"recipient": "etat"'), "utf-8")
    with pytest.raises(DeliveryError, match="a été modifié"):
        read_ledger(folder, shown=SHOWN)


def test_half_written_release_is_told(folder: Path, told: Publication) -> None:
    write_release(folder, release(told), shown=SHOWN)
    with (folder / FILE).open("ab") as file:
        file.write(b'{"kind": "rel')
    ledger = read_ledger(folder, shown=SHOWN)
    assert (len(ledger.releases), ledger.torn) == (1, True)
