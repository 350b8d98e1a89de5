"""Chooses what to mask, so that no small count can be known: every one of 1 to k − 1 could be none, or enough.

For each target and each side a witness is looked for: another file that fits all that is shown. What it
changes of what is shown is masked; masks that no proof needs are taken away again. What no witness
proves within the budget is withheld, whole crossings at a time, and told so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from etabli.disclosure.mover import Change, Mover
from etabli.disclosure.patterns import System
from etabli.disclosure.pool import Moves
from etabli.disclosure.proof import Witness, recounted, sums_of
from etabli.disclosure.steps import Steps
from etabli.disclosure.targets import Open, Target
from etabli.disclosure.witness import Search

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

Side = tuple[int, bool]
"""A target, by its number, and whether it must reach up to k (else down to 0)."""

LONGEST_WALK = 120
"""Moves of one walk at most."""

ROWS_WEIGHT = 0.5
"""Price of changing the rows of a region beside that of changing its people: either masks it."""


@dataclass(frozen=True, eq=False)
class Start:
    """What is decided before anything is chosen, by region.

    Parameters
    ----------
    masked
        What is not shown in any case.
    known
        Facts that were told before, and cannot be taken back, whether or not they are shown again.
    former
        Regions that are spoken of by what was told before alone.
    low, high
        How far each fact may be from its true value when it is shown: 0 where it is shown exactly.
    least, most
        How far it may be in any case: what another edition of the same people allows.
    """

    masked: Flags
    known: Flags
    former: Flags
    low: Floats
    high: Floats
    least: Floats
    most: Floats

    @classmethod
    def alone(cls, masked: Flags, low: Floats, high: Floats) -> Start:
        """Return a start where nothing left the house before."""
        facts, regions = np.zeros(len(low), dtype=bool), np.zeros(len(masked), dtype=bool)
        return cls(masked, facts, regions, low, high, np.full(len(low), -np.inf), np.full(len(low), np.inf))


@dataclass(frozen=True, eq=False)
class Plan:
    """What is masked, and what proves that it is enough.

    Parameters
    ----------
    masked
        Regions that are not shown, by number.
    withheld
        Those among them that are masked because something could not be proved.
    targets
        What must not be known.
    proofs
        A witness for each side of each target that is proved. A target of which all regions are withheld with
        everything else needs none.
    open_facts
        What a reader does not know of each fact.
    """

    masked: Flags
    withheld: Flags
    targets: tuple[Target, ...]
    proofs: dict[Side, Witness]
    open_facts: Open

    @property
    def sides(self) -> list[Side]:
        return list(sides_of(self.targets))


def sides_of(targets: Sequence[Target]) -> Iterator[Side]:
    """Yield what must be proved: the far bounds of each target."""
    for number, target in enumerate(targets):
        if target.count > target.reach[0]:
            yield number, False
        if target.count < target.reach[1]:
            yield number, True


def choose(system: System, moves: Moves, targets: Sequence[Target], start: Start, *, seed: int, budget: int) -> Plan:
    """Return what to mask.

    Parameters
    ----------
    system, moves, targets
        What is told, of whom, who they could be, and what must not be known.
    start
        What is decided already.
    seed
        Decides among patterns of masks that are as good.
    budget
        Work to spend, in moves looked for: the same on a slow machine as on a fast one.
    """
    chooser = _Chooser(system, moves, tuple(targets), start, seed, budget)
    chooser.prove()
    chooser.withhold()
    chooser.prune()
    return chooser.plan()


@dataclass
class _Chooser:
    system: System
    moves: Moves
    targets: tuple[Target, ...]
    start: Start
    seed: int
    budget: int
    masked: Flags = field(init=False)
    withheld: Flags = field(init=False)
    proofs: dict[Side, Witness] = field(default_factory=dict)
    _price: Floats = field(init=False)
    _mover: Mover = field(init=False)
    _sums: Any = field(init=False)
    _steps: Steps = field(init=False)
    _search: Search | None = None

    def __post_init__(self) -> None:
        system = self.system
        self.masked = self.start.masked.copy()
        self.withheld = np.zeros(len(self.masked), dtype=bool)
        self._mover, self._steps = Mover(system), Steps(system, self.moves)
        self._sums = sums_of(system, self._mover)
        random = np.random.default_rng(self.seed)
        share = np.sqrt(system.people / max(1, int(system.people.max(initial=1))))
        self._price = (1 + 3 * share) * random.uniform(0.8, 1.25, len(self.masked))

    # What may change ---------------------------------------------------------------------------------

    def open_facts(self, *, closed: bool = False, barred: int | None = None) -> Open:
        """Return what a witness may change now: what is masked for nothing, what is shown at its price, or not at all.

        `closed`: nothing that is shown; `barred`: a region that may not change in any case.
        """
        region, known = self.system.region_of_fact, self.start.known
        free = self.masked[region] & ~known
        price = np.where(np.arange(len(region)) < len(self.masked), 1.0, ROWS_WEIGHT) * self._price[region]
        price[known | closed] = np.inf
        bounded = np.isfinite(self.start.least) | np.isfinite(self.start.most)
        price[free] = np.where(bounded[free], np.inf, 0.0)
        if barred is not None:
            price[region == barred] = np.inf
        low = np.where(free, self.start.least, self.start.low)
        high = np.where(free, self.start.most, self.start.high)
        return Open(low, high, price)

    def prove(self) -> None:
        """Find a witness for every side; mask what it changes."""
        for side in sides_of(self.targets):
            if side not in self.proofs:
                self._prove(side)

    def _prove(self, side: Side, *, spare: int = 0) -> bool:
        known = self._known(side, self.open_facts())
        if known is not None:
            self.proofs[side] = known
            return True
        if self._steps.work > self.budget + spare:
            return False
        witness = self._found(side, self.open_facts(), spare=spare)
        if witness is None:
            return False
        self.masked[witness.regions(self.system, self.open_facts())] = True
        self.proofs[side] = witness
        return True

    def _known(self, side: Side, open_facts: Open) -> Witness | None:
        """Return a witness found before that proves this too, without a further mask."""
        target, up = self.targets[side[0]], side[1]
        for witness in dict.fromkeys(self.proofs.values()):
            if target.attained(witness.change, up=up) and not len(witness.regions(self.system, open_facts)):
                return witness
        return None

    def _found(self, side: Side, open_facts: Open, *, thorough: bool = True, spare: int = 0) -> Witness | None:
        """Return a witness: step by step, else by linear programming; proved, or none."""
        target, up = self.targets[side[0]], side[1]
        aim = target.aim(len(self.system.facts)) * (1 if up else -1)
        needed = target.reach[1] - target.count if up else target.count - target.reach[0]
        walked = self._steps.walk(aim, needed, open_facts, patience=LONGEST_WALK)
        found = self._proved(side, walked[0], open_facts) if walked else None
        if found is not None or not thorough or self._steps.work > self.budget + spare:
            return found
        self._search = self._search or Search(self.system, self.moves)
        before = self._search.work
        moved = self._search.find(target, up=up, open_facts=open_facts)
        self._steps.work += self._search.work - before
        return None if moved is None else self._proved(side, moved, open_facts)

    def _proved(self, side: Side, moved: list[tuple[int, Change]], open_facts: Open) -> Witness | None:
        facts = recounted(self.system, self._mover, moved, self._sums)
        if facts is None:
            return None
        witness = Witness(tuple(moved), facts - self.system.facts)
        if ((witness.change < self.start.least) | (witness.change > self.start.most)).any():
            return None
        target, up = self.targets[side[0]], side[1]
        touched = witness.regions(self.system, open_facts)
        if not target.attained(witness.change, up=up) or self._barred(touched, open_facts):
            return None
        return witness

    def _barred(self, regions: Integers, open_facts: Open) -> bool:
        return bool(np.isinf(open_facts.price[regions]).any())

    # What cannot be proved ---------------------------------------------------------------------------

    def withhold(self) -> None:
        """Withhold lines, then whole crossings, until all that is left is proved; in the last resort, everything.

        It may spend as much work again as the choice of masks: what is withheld makes room for witnesses. What former
        releases alone speak of, and is not proved whatever this report masks, is not its doing: only the crossing
        around it is withheld.
        """
        for side in sides_of(self.targets):
            if side in self.proofs:
                continue
            target, nearest = self.targets[side[0]], None
            for wider, around in enumerate(self._wider(target)):
                self._withhold(around)
                nearest = (self.masked.copy(), self.withheld.copy()) if wider == 1 else nearest
                if self._all_hidden() or self._prove(side, spare=self.budget):
                    break
            if nearest and side not in self.proofs and self._is_former(target):
                self.masked, self.withheld = nearest
        if self._all_hidden():
            return
        if any(
            side not in self.proofs and not self._is_former(self.targets[side[0]]) for side in sides_of(self.targets)
        ):
            self._withhold(np.ones(len(self.masked), dtype=bool))
        elif all(side in self.proofs for side in sides_of(self.targets)):
            self._show_idle()

    def _all_hidden(self) -> bool:
        """Whether nothing is left that this report could still mask."""
        return bool((self.masked | self._settled).all())

    def _is_former(self, target: Target) -> bool:
        return bool((self.start.former | self._settled)[list(target.regions)].all())

    @cached_property
    def _settled(self) -> Flags:
        """Regions of which everything is known already: to mask them would pretend."""
        told = np.ones(len(self.masked), dtype=bool)
        np.logical_and.at(told, self.system.region_of_fact, self.start.known)
        return told

    def _show_idle(self) -> None:
        """Show again what was withheld and no witness changes: by now all is proved, and masks are masks."""
        beyond = np.zeros(len(self.system.facts), dtype=bool)
        for witness in dict.fromkeys(self.proofs.values()):
            beyond |= (witness.change < self.start.low) | (witness.change > self.start.high)
        needed = np.zeros(len(self.masked), dtype=bool)
        needed[self.system.region_of_fact[beyond]] = True
        self.masked &= needed | ~self.withheld
        self.withheld[:] = False

    def _wider(self, target: Target) -> Iterator[Flags]:
        """Yield what to withhold around a target: its lines, its crossings, those that share a variable, all."""
        regions = self.system.regions
        names = [frozenset(dict(region.categories)) for region in regions]
        own = {names[region] for region in target.regions}
        ends = [set(regions[region].categories) for region in target.regions]
        in_own = np.array([name in own for name in names], dtype=bool)
        yield in_own & np.array([any(end & set(region.categories) for end in ends) for region in regions], dtype=bool)
        yield in_own
        shared = frozenset().union(*own)
        yield np.array([bool(name & shared) for name in names], dtype=bool)
        yield np.ones(len(names), dtype=bool)

    def _withhold(self, regions: Flags) -> None:
        new = regions & ~self.masked & ~self._settled
        self.withheld |= new
        self.masked |= new

    # What masks are not needed ----------------------------------------------------------------------

    def prune(self) -> None:
        """Show again what every target can be proved without; then exchange masks for cheaper ones, while it helps.

        Nothing, when a target has no proof: everything is masked for its sake.
        """
        if any(side not in self.proofs for side in sides_of(self.targets)):
            return
        for thrifty in (True, False, False, False, False, False, False):
            shown = 0
            extra = np.flatnonzero(self.masked & ~self.start.masked & ~self.withheld)
            for region in extra[np.argsort(-self._price[extra], kind="stable")]:
                if self._steps.work > self.budget:
                    return
                if self.masked[region]:
                    shown += self._show_again(int(region), thrifty=thrifty)
            if not (shown or thrifty):
                return

    def _show_again(self, region: int, *, thrifty: bool) -> bool:
        """Show a region again, if everything can be proved without it; unless `thrifty`, by masks that cost less."""
        masked, proofs = self.masked.copy(), dict(self.proofs)
        self.masked[region] = False
        facts = self.system.region_of_fact == region
        exact = self.open_facts(closed=thrifty, barred=region)
        low, high = exact.low[facts], exact.high[facts]
        gained = self._price[region]
        for side, witness in proofs.items():
            change = witness.change[facts]
            if not ((change < low) | (change > high)).any():
                continue
            other = self._known(side, exact) or self._found(side, exact, thorough=False)
            if other is not None:
                new = other.regions(self.system, exact)
                gained -= self._price[new].sum()
                self.masked[new] = True
            if other is None or gained <= 0:
                self.masked, self.proofs = masked, proofs
                return False
            self.proofs = {**self.proofs, side: other}
            exact = self.open_facts(closed=thrifty, barred=region)
        return True

    def _serves(self, witness: Witness, side: Side) -> bool:
        return self.targets[side[0]].attained(witness.change, up=side[1])

    def plan(self) -> Plan:
        return Plan(self.masked, self.withheld, self.targets, self.proofs, self.open_facts(closed=True))
