"""What a coalition holds already of the deliveries of a run: what can be neither taken back nor shown anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from etabli.disclosure.parts import Splits
from etabli.disclosure.regions import Region
from etabli.disclosure.statements import Publication, Quantity, Statement, Unit

Interval = tuple[float, float]


@dataclass(frozen=True)
class Held:
    """What was released to a coalition, of some deliveries.

    Parameters
    ----------
    publications
        What the releases tell, oldest first.
    numbers
        The number of each in the ledger.
    """

    publications: tuple[Publication, ...] = ()
    numbers: tuple[int, ...] = ()

    @cached_property
    def told(self) -> Mapping[Quantity, Interval]:
        """What was told: within which bounds; what was told as a ratio alone counts as known, within no bounds."""
        found: dict[Quantity, Interval] = {}
        for each in self._statements():
            for quantity in filter(None, (each.quantity, each.over)):
                low, high = (each.low, each.high) if each.over is None else (0.0, float("inf"))
                before = found.get(quantity, (0.0, float("inf")))
                found[quantity] = (max(low, before[0]), min(high, before[1]))
        return found

    @cached_property
    def bounds(self) -> Mapping[Region, Mapping[Unit, Interval]]:
        """What was told of each region, by unit."""
        found: dict[Region, dict[Unit, Interval]] = {}
        for quantity, interval in self.told.items():
            found.setdefault(quantity.region, {})[quantity.unit] = interval
        return found

    @cached_property
    def hidden(self) -> frozenset[Region]:
        """The regions that were masked, and of which nothing was told: masked once, masked everywhere."""
        masked = {region for each in self.publications for region in each.hidden}
        return frozenset(masked - {quantity.region for quantity in self.told})

    @cached_property
    def regions(self) -> frozenset[Region]:
        """All regions that the releases speak of, masked or not."""
        named = {region for each in self.publications for region in each.states}
        return frozenset(named | {quantity.region for quantity in self.told})

    @cached_property
    def lasting(self) -> frozenset[tuple[str, str]]:
        """The variables that each person keeps in all their rows, by delivery and name, as every release shows."""
        shown = [
            (source, name, variable.lasts)
            for told in self.publications
            for source, variables in told.variables.items()
            for name, variable in variables.items()
        ]
        varying = {(source, name) for source, name, lasts in shown if not lasts}
        return frozenset({(source, name) for source, name, _ in shown} - varying)

    def speaking_of(self, regions: Collection[Region]) -> list[int]:
        """Return the numbers of the releases that tell of one of these regions."""
        return [
            number
            for number, told in zip(self.numbers, self.publications, strict=True)
            if any(each.quantity.region in regions for each in told.statements)
        ]

    def of_report(self, report: str) -> Publication | None:
        """Return what a report told when it was released last; None when it was not."""
        return next((each for each in reversed(self.publications) if each.report == report), None)

    def tells(self, statements: Iterable[Statement]) -> bool:
        """Whether everything that these statements tell was told before."""
        known = {_content(each) for each in self._statements()}
        return all(each.masked or _content(each) in known for each in statements)

    def _statements(self) -> Iterable[Statement]:
        return (each for told in self.publications for each in told.statements if not each.masked)


@dataclass(frozen=True)
class Neighbours:
    """What is held of other editions of the same people: counts that bound those of this one."""

    least: Mapping[Region, int]
    most: Mapping[Region, int]


def neighbours(
    publications: Iterable[Publication],
    editions: Mapping[str, tuple[str, bool]],
    lasting: Collection[tuple[str, str]],
    splits: Mapping[str, Splits],
    regions: Collection[Region],
) -> Neighbours:
    """Return what publications of other editions tell of regions of this one that last from one to the next.

    Parameters
    ----------
    editions
        For the digest of a delivery of another edition: that of the same source in this one, and whether it is a former
        one, of whose people everybody is in this one; else everybody of this one is in it.
    lasting
        Variables that a person keeps in this edition, by digest and name; they last when the other edition shows them
        kept too.
    splits
        How the deliveries of this edition split, by digest: what was told of the parts of a region bounds it too.
    regions
        The regions of this edition.
    """
    least: dict[Region, int] = {}
    most: dict[Region, int] = {}
    for told in publications:
        for each in told.statements:
            source = each.quantity.region.source
            if source not in editions or each.masked or each.over is not None or each.quantity.unit != "people":
                continue
            here, is_former = editions[source]
            known = told.variables.get(source, {})
            if all(name in known and known[name].lasts for name, _ in each.quantity.region.categories):
                region = Region(here, each.quantity.region.categories)
                if is_former:
                    least[region] = max(int(each.low), least.get(region, 0))
                elif each.low == each.high:
                    most[region] = min(int(each.high), most.get(region, int(each.high)))
    wanted = [each for each in regions if all((each.source, name) in lasting for name, _ in each.categories)]
    names = {name for region in (*least, *most) for name, _ in region.categories}
    parts = {
        each: [found for name in sorted(names) if (found := splits[each.source].parts(each, name))]
        for each in wanted
        if each.source in splits
    }
    return Neighbours(
        {each: low for each in wanted if (low := _largest(least, each, parts.get(each, []))) is not None},
        {each: high for each in wanted if (high := _smallest(most, each, parts.get(each, []))) is not None},
    )


def _largest(least: Mapping[Region, int], whole: Region, splits: Iterable[Sequence[Region]]) -> int | None:
    """Return the people that a region must have at least: as it was told, or as its parts add up to."""
    known = [sum(least.get(part, 0) for part in parts) for parts in splits if any(part in least for part in parts)]
    return max([*known, *([least[whole]] if whole in least else [])], default=None)


def _smallest(most: Mapping[Region, int], whole: Region, splits: Iterable[Sequence[Region]]) -> int | None:
    """Return the people that a region can have at most: as it was told, or as all its parts, all told, add up to."""
    known = [sum(most[part] for part in parts) for parts in splits if all(part in most for part in parts)]
    return min([*known, *([most[whole]] if whole in most else [])], default=None)


def held_in(publications: Mapping[int, Publication], sources: Collection[str]) -> Held:
    """Return what publications, by the numbers of their releases, hold of some deliveries, by their digests."""
    kept = {number: each for number, each in publications.items() if not set(sources).isdisjoint(each.sources)}
    return Held(tuple(kept.values()), tuple(kept))


def _content(each: Statement) -> tuple[Quantity, float, float, Quantity | None]:
    return each.quantity, each.low, each.high, each.over
