"""What to mask further in a report, so that nothing is known any more: the least that was found.

Regions are masked whole, wherever the report shows them. Where no single region undoes a finding, its table is named:
a coarser crossing of it is what helps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf

from etabli.disclosure.attacker import Means, Siege, attack, groups
from etabli.disclosure.lattice import Aim, Stayers
from etabli.disclosure.regions import Region
from etabli.disclosure.statements import MASKED, Publication

MOST_ROUNDS = 6
MOST_TRIED = 40
"""Regions tried for one finding: those nearest to it."""


@dataclass(frozen=True)
class Remedy:
    """What to mask.

    Parameters
    ----------
    regions
        Regions that the report should not show.
    tables
        Tables that it should not show, or in coarser categories.
    enough
        Whether the attacker knows nothing any more when that is done.
    """

    regions: tuple[Region, ...]
    tables: tuple[str, ...]
    enough: bool


def remedy(
    new: Publication,
    held: Sequence[Publication],
    *,
    exempt: frozenset[str] = frozenset(),
    stayers: Iterable[Stayers] = (),
    means: Means | None = None,
) -> Remedy:
    """Return what a report should mask, beside all that its recipient holds, for nothing to be known.

    Parameters
    ----------
    new
        What the report tells.
    held
        What is held already: it cannot be taken back.
    exempt, stayers, means
        As for `attack`.
    """
    effort, known = means or Means(), list(stayers)
    regions: list[Region] = []
    tables: list[str] = []
    for _ in range(MOST_ROUNDS):
        left = _without(new, regions, tables)
        fresh = _undone(left, held, exempt, known, effort)
        if fresh is None:
            return Remedy(_needed(new, held, regions, tables, exempt, known, effort), tuple(tables), enough=True)
        if not any(fresh):
            break
        regions += fresh[0]
        tables += fresh[1]
    enough = attack(
        [*held, _without(new, regions, tables)], exempt=exempt, stayers=known, explained=0, means=effort
    ).holds
    return Remedy(tuple(regions), tuple(tables), enough)


def _undone(
    new: Publication, held: Sequence[Publication], exempt: frozenset[str], stayers: list[Stayers], means: Means
) -> tuple[list[Region], list[str]] | None:
    """Return regions and tables whose masking undoes each finding, one by one; None when nothing is found."""
    regions: list[Region] = []
    tables: list[str] = []
    found = False
    for group in groups([*held, new], stayers):
        siege = Siege(group, exempt, means)
        outcome = siege.outcome(0)
        found |= not outcome.holds
        for aim, _, _ in siege.broken:
            _undo(siege, aim, new.report, regions, tables)
    return (list(dict.fromkeys(regions)), list(dict.fromkeys(tables))) if found else None


def _undo(siege: Siege, aim: Aim, report: str, regions: list[Region], tables: list[str]) -> None:
    """Add the first region, or table, of the report without which an aim is not known, to those chosen already."""
    everything = [
        rank
        for rank, (name, item) in enumerate(siege.tables)
        if not (name == report and (item in tables or _speaks_of(siege, rank, regions)))
    ]
    if not siege.still_known(aim, everything):
        return
    own = [rank for rank in everything if siege.tables[rank][0] == report and not siege.statements[rank].masked]
    shown = dict.fromkeys(siege.statements[rank].quantity.region for rank in own)
    for region in sorted(shown, key=lambda each: _distance(each, aim.region))[:MOST_TRIED]:
        if not siege.still_known(aim, [rank for rank in everything if not _speaks_of(siege, rank, [region])]):
            regions.append(region)
            return
    for item in dict.fromkeys(siege.tables[rank][1] for rank in own):
        if not siege.still_known(aim, [rank for rank in everything if siege.tables[rank] != (report, item)]):
            tables.append(item)
            return
    tables += [item for item in dict.fromkeys(siege.tables[rank][1] for rank in own) if item not in tables]


def _speaks_of(siege: Siege, rank: int, regions: Sequence[Region]) -> bool:
    statement = siege.statements[rank]
    return statement.quantity.region in regions or (statement.over is not None and statement.over.region in regions)


def _distance(region: Region, aim: Region) -> tuple[int, int, str]:
    """Order regions: the nearest to what is known first, the finer before the coarser."""
    one, other = set(region.categories), set(aim.categories)
    return len(one ^ other), -len(one), str(region)


def _without(new: Publication, regions: Sequence[Region], tables: Sequence[str]) -> Publication:
    """Return a publication in which these regions are masked and these tables are not there."""
    kept = [
        replace(each, low=0, high=inf, over=None, shown=MASKED)
        if each.quantity.region in regions or (each.over is not None and each.over.region in regions)
        else each
        for each in new.statements
        if each.item not in tables
    ]
    return replace(new, statements=tuple(kept))


def _needed(
    new: Publication,
    held: Sequence[Publication],
    regions: Sequence[Region],
    tables: Sequence[str],
    exempt: frozenset[str],
    stayers: list[Stayers],
    means: Means,
) -> tuple[Region, ...]:
    """Return the regions without those that later ones made needless."""
    kept = list(dict.fromkeys(regions))
    for each in kept[:-1] if len(kept) <= MOST_ROUNDS else []:
        fewer = [other for other in kept if other != each]
        left = _without(new, fewer, tables)
        if attack([*held, left], exempt=exempt, stayers=stayers, explained=0, means=means).holds:
            kept = fewer
    return tuple(kept)
