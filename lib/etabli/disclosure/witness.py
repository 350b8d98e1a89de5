"""Witnesses by programming: where walking finds none, the cheapest moves by linear programme, then in whole numbers.

Each person moves once: a set of moves that asks for more people than there are is cut off (Hall), and
the programme is solved again. HiGHS is called through scipy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse

from etabli.disclosure.mover import Change
from etabli.disclosure.patterns import System
from etabli.disclosure.pool import Moves, Offer
from etabli.disclosure.steps import BARRED
from etabli.disclosure.targets import Open, Target

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

MOST_CUTS = 4
"""Times that a programme is solved again after a cut."""

MOST_WHOLE = 400
"""Moves among which whole numbers are looked for: those in use, and those that would cost least to bring in."""

MOST_TRIED = 60_000
"""Moves of one programme: beyond, those that cost least by themselves, and those that change the target."""

MOST_NODES = 200
"""Nodes of the search for whole numbers."""

PER_MOVE = 1e-3
"""Price of one move: of two witnesses that cost the same masks, the one that moves fewer people."""

WORK = 200
"""What one programme costs beside one step of a walk."""


@dataclass(frozen=True, eq=False)
class _Cut:
    """Moves that can have these people only, and how many there are."""

    moves: Integers
    most: int


@dataclass
class Search:
    """Looks for witnesses in one system."""

    system: System
    moves: Moves
    work: int = 0
    """Work so far, in steps of a walk."""

    def find(self, target: Target, *, up: bool, open_facts: Open) -> list[tuple[int, Change]] | None:
        """Return who moves in the cheapest file found that takes a target to its bound; None when there is none."""
        cuts: list[_Cut] = []
        everything = self._tried(target, open_facts)
        for _ in range(MOST_CUTS):
            self.work += WORK
            reduced = self._solved(everything, cuts, target, up=up, open_facts=open_facts)
            if reduced is None:
                return None
            likely = everything[np.lexsort((everything, reduced))][:MOST_WHOLE]
            self.work += WORK
            chosen = self._solved_whole(np.sort(likely), cuts, target, up=up, open_facts=open_facts)
            if chosen is None:
                return None
            assigned, scarce = self._assigned(chosen)
            if scarce is None:
                return assigned
            cuts.append(self._cut(scarce))
        return None

    def _tried(self, target: Target, open_facts: Open) -> Integers:
        """Return the moves that are let into the programmes."""
        everything = np.arange(len(self.moves.limit), dtype=np.int64)
        if len(everything) <= MOST_TRIED:
            return everything
        size = abs(self.moves.transposed)
        cost = np.asarray(size @ np.where(np.isinf(open_facts.price), BARRED, open_facts.price))
        aimed = np.asarray(size[:, list(target.facts)].sum(axis=1)).ravel() > 0
        return np.sort(np.lexsort((everything, cost, ~aimed))[:MOST_TRIED])

    # Programmes --------------------------------------------------------------------------------------

    def _solved(
        self, moves: Integers, cuts: list[_Cut], target: Target, *, up: bool, open_facts: Open
    ) -> Floats | None:
        """Return what each move would cost beyond the best, 0 or less for those in use; None without a solution."""
        form = self._form(moves, cuts, target, up=up, open_facts=open_facts)
        found = optimize.linprog(
            form.cost,
            A_ub=form.at_most,
            b_ub=form.most,
            A_eq=form.balance,
            b_eq=np.zeros(form.balance.shape[0]),
            bounds=np.column_stack([form.low, form.high]),
            method="highs",
        )
        if found.x is None or found.status != 0:
            return None
        used = np.asarray(found.x[: len(moves)])
        return np.where(used > 0, -used, np.asarray(found.lower.marginals[: len(moves)]))

    def _solved_whole(
        self, moves: Integers, cuts: list[_Cut], target: Target, *, up: bool, open_facts: Open
    ) -> dict[int, int] | None:
        """Return how many people make each move, in whole numbers."""
        form = self._form(moves, cuts, target, up=up, open_facts=open_facts)
        whole = np.zeros(len(form.cost))
        whole[: len(moves)] = 1
        found = optimize.milp(
            form.cost,
            integrality=whole,
            bounds=optimize.Bounds(form.low, form.high),
            constraints=[
                optimize.LinearConstraint(form.balance, 0.0, 0.0),
                optimize.LinearConstraint(form.at_most, -np.inf, form.most),
            ],
            options={"node_limit": MOST_NODES, "mip_rel_gap": 0.02},
        )
        if found.x is None:
            return None
        amounts = np.round(found.x[: len(moves)]).astype(int)
        return {int(move): int(times) for move, times in zip(moves, amounts, strict=True) if times}

    def _form(self, moves: Integers, cuts: list[_Cut], target: Target, *, up: bool, open_facts: Open) -> _Form:
        """Write the programme: moves, then for each fact what it moves for nothing, up at a price, and down."""
        facts = len(self.system.facts)
        effect = sparse.csc_array(self.moves.effect[:, moves]).astype(float)
        eye = sparse.eye_array(facts, format="csc")
        balance = sparse.hstack([effect, -eye, -eye, eye], format="csc")
        aim = target.aim(facts) * (1.0 if up else -1.0)
        needed = (target.reach[1] - target.count) if up else (target.count - target.reach[0])
        towards = sparse.csr_array(-(effect.T @ aim)[None, :])
        place = {int(move): i for i, move in enumerate(moves)}
        lines, most = [towards], [-float(needed)]
        for cut in cuts:
            line = np.zeros((1, len(moves)))
            line[0, [place[int(move)] for move in cut.moves if int(move) in place]] = 1.0
            lines.append(sparse.csr_array(line))
            most.append(float(cut.most))
        left = sparse.vstack(lines)
        at_most = sparse.hstack([left, sparse.csr_array((left.shape[0], 3 * facts))], format="csc")
        price = np.where(np.isinf(open_facts.price), 0.0, open_facts.price)
        beyond = np.where(np.isinf(open_facts.price), 0.0, np.inf)
        return _Form(
            cost=np.concatenate([np.full(len(moves), PER_MOVE), np.zeros(facts), price, price]),
            low=np.concatenate([np.zeros(len(moves)), open_facts.low, np.zeros(2 * facts)]),
            high=np.concatenate([self.moves.limit[moves].astype(float), open_facts.high, beyond, beyond]),
            balance=balance,
            at_most=at_most,
            most=np.array(most),
        )

    def _cut(self, types: Integers) -> _Cut:
        """Hold the moves that can have nobody but these people to how many they are."""
        among = np.zeros(len(self.system.multiplicity), dtype=bool)
        among[types] = True
        confined = []
        for move in np.unique(self._users[types].indices):
            offers = self.moves.offers[move]
            if any(all(among[offer[i].types].all() for offer in offers) for i in range(len(offers[0]))):
                confined.append(move)
        return _Cut(np.array(confined, dtype=np.int64), int(self.system.multiplicity[types].sum()))

    @cached_property
    def _users(self) -> Any:
        """Types × moves (csr): who could take a part in the first offer of each move."""
        firsts = [np.concatenate([part.types for part in offers[0]]) for offers in self.moves.offers]
        move = np.repeat(np.arange(len(firsts)), [len(types) for types in firsts])
        entries = (np.ones(len(move), dtype=bool), (np.concatenate(firsts), move))
        return sparse.csr_array(sparse.coo_array(entries, shape=(len(self.system.multiplicity), len(firsts))))

    # People ------------------------------------------------------------------------------------------

    def _assigned(self, chosen: Mapping[int, int]) -> tuple[list[tuple[int, Change]], Integers | None]:
        """Name a person for each part of each move, nobody twice; else return the people whom too many moves need."""
        left = self.system.multiplicity.copy()
        asked = np.zeros(len(left), dtype=np.int64)
        for move in chosen:
            for offer in self.moves.offers[move]:
                for part in offer:
                    asked[part.types] += 1
        few = {move: sum(int(left[p.types].sum()) for o in self.moves.offers[move] for p in o) for move in chosen}
        assigned: list[tuple[int, Change]] = []
        for move in sorted(chosen, key=lambda each: (few[each], each)):
            for _ in range(chosen[move]):
                taken = _taken(self.moves.offers[move], left, asked)
                if taken is None:
                    return [], self._wanted(move, left)
                for kind, _ in taken:
                    left[kind] -= 1
                assigned += taken
        return assigned, None

    def _wanted(self, move: int, left: Integers) -> Integers:
        """Return the people of the part of a move that nobody is left for."""
        offers = self.moves.offers[move]
        parts = [np.unique(np.concatenate([offer[i].types for offer in offers])) for i in range(len(offers[0]))]
        return min(parts, key=lambda kinds: (int(left[kinds].sum()), len(kinds)))


@dataclass(frozen=True, eq=False)
class _Form:
    """A programme: least cost, balances that are 0, sums that are at most so much, bounds."""

    cost: Floats
    low: Floats
    high: Floats
    balance: sparse.csc_array
    at_most: sparse.csc_array
    most: Floats


def _taken(offers: tuple[Offer, ...], left: Integers, asked: Integers) -> list[tuple[int, Change]] | None:
    """Return the people of the first offer that still has them: those whom the fewest other moves ask for."""
    for offer in offers:
        taken: list[tuple[int, Change]] = []
        for part in offer:
            free = [int(kind) for kind in part.types if left[kind] > sum(kind == other for other, _ in taken)]
            if not free:
                break
            taken.append((min(free, key=lambda kind: (asked[kind], kind)), part.change))
        else:
            return taken
    return None
