"""Witnesses: other files that fit all that is shown, and in which a small count is none, or enough.

A witness is a set of moves of single persons, each person moving once. Its price is what it would
change of what is shown: the cheapest one is found by linear programming (HiGHS), moves being priced
in as they are needed, then in whole numbers. It counts only once its people are named, and their
moved states recounted to the last fact.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from etabli.disclosure.mover import Change
from etabli.disclosure.patterns import System
from etabli.disclosure.pool import Moves, Offer
from etabli.disclosure.targets import Open, Target

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MOST_PRICED = 150
"""Moves that one round of pricing brings in."""

MOST_ROUNDS = 60
MOST_CUTS = 6
MOST_HELD = 4000
"""Moves that the programme holds from one target to the next."""

MOST_WHOLE, NEAR = 400, 0.5
"""Moves among which whole numbers are looked for: those in use, and those that cost less than this more."""

MOST_NODES = 200
"""Nodes of the search for whole numbers."""

PATIENCE = 4
"""Rounds of pricing without"""
STALL = 0.02
"""this gain, after which the moves at hand are enough."""
WHOLE = 1e-6
"""Distance from a whole number under which a solution is one."""

UNREACHED = 1e6
"""Price of what a target misses: above that of masking everything."""

PER_MOVE = 1e-3
"""Price of one move: of two witnesses that cost the same masks, the one that moves fewer people."""


@dataclass
class Search:
    """Looks for witnesses in one system: keeps the moves that it has priced in from one target to the next."""

    system: System
    moves: Moves
    work: int = 0
    """Simplex iterations so far."""
    _model: Any = field(init=False)
    _in_model: list[int] = field(default_factory=list)
    _cuts: list[tuple[Floats, int]] = field(default_factory=list)
    _aimed: Flags = field(init=False)
    _needs: _Needs = field(init=False)
    _rows: Any = field(init=False)
    _priced_rows: Any = field(init=False)

    def __post_init__(self) -> None:
        facts = len(self.system.facts)
        self._model = _empty_model(facts)
        self._aimed = np.zeros(4 * facts, dtype=bool)
        self._needs = _needs(self.system, self.moves)
        nothing = sparse.csr_array((1, len(self.moves.limit)))  # the target's row
        self._rows = sparse.csc_array(sparse.vstack([self.moves.effect, nothing])).astype(float)
        for kinds in _alone(self.system, self._needs):
            self._cut(kinds)
        self._refresh()

    def find(self, target: Target, *, up: bool, open_facts: Open) -> list[tuple[int, Change]] | None:
        """Return who moves in the cheapest file found that takes a target to its bound; None when there is none."""
        self._purge()
        self._aim(target, up=up, open_facts=open_facts)
        for _ in range(MOST_CUTS):
            values = self._priced()
            if values is None:
                return None
            chosen = self._whole(values, target, up=up, open_facts=open_facts)
            if chosen is None:
                return None
            assigned, scarce = self._assigned(chosen)
            if scarce is None:
                return assigned
            self._hold(chosen, *scarce)
        return None

    # The linear programme --------------------------------------------------------------------------

    def _aim(self, target: Target, *, up: bool, open_facts: Open) -> None:
        model, facts = self._model, len(self.system.facts)
        sign = 1.0 if up else -1.0
        needed = (target.reach[1] - target.count) if up else (target.count - target.reach[0])
        row = facts
        for column in range(4 * facts):  # the former target's entries
            if self._aimed[column]:
                model.changeCoeff(row, column, 0.0)
        self._aimed[:] = False
        for region, weight in zip(target.regions, target.signs, strict=True):
            for block, direction in ((0, 1), (1, -1), (2, 1), (3, -1)):
                model.changeCoeff(row, block * facts + region, sign * weight * direction)
                self._aimed[block * facts + region] = True
        model.changeRowBounds(row, float(needed), highspy.kHighsInf)
        price = np.where(np.isinf(open_facts.price), 0.0, open_facts.price)
        beyond = np.where(np.isinf(open_facts.price), 0.0, highspy.kHighsInf)
        _set_columns(model, 0, upper=np.maximum(open_facts.high, 0), cost=np.zeros(facts))
        _set_columns(model, facts, upper=np.maximum(-open_facts.low, 0), cost=np.zeros(facts))
        _set_columns(model, 2 * facts, upper=beyond, cost=price)
        _set_columns(model, 3 * facts, upper=np.minimum(beyond, self.system.facts), cost=price)

    def _priced(self) -> Floats | None:
        """Solve, bringing in moves that would lower the price, until none would by much. Return the moves' amounts."""
        first = 4 * len(self.system.facts) + 1
        past: list[float] = []
        for _ in range(MOST_ROUNDS):
            self._model.run()
            self.work += max(1, int(self._model.getInfo().simplex_iteration_count))
            if self._model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                return None
            solution = self._model.getSolution()
            past.append(float(self._model.getInfo().objective_function_value))
            stalled = past[-1] < UNREACHED and len(past) > PATIENCE and past[-1] > past[-1 - PATIENCE] - STALL
            if stalled or not self._bring_in(np.asarray(solution.row_dual)):
                values = np.asarray(solution.col_value)
                return None if values[first - 1] > WHOLE else values[first:]
        return None

    def _bring_in(self, duals: Floats) -> bool:
        reduced = PER_MOVE - self._priced_rows @ duals
        reduced[self._in_model] = 0.0
        wanted = np.flatnonzero(reduced < -1e-7)
        if not len(wanted):
            return False
        for move in wanted[np.lexsort((wanted, np.round(reduced[wanted], 9)))][:MOST_PRICED]:
            start, end = self._rows.indptr[move], self._rows.indptr[move + 1]
            self._add(int(move), self._rows.indices[start:end], self._rows.data[start:end])
        return True

    def _add(self, move: int, rows: Integers, amounts: Floats) -> None:
        self._in_model.append(move)
        self._model.addCol(PER_MOVE, 0.0, float(self.moves.limit[move]), len(rows), rows.astype(np.int32), amounts)

    def _cut(self, kinds: Integers) -> None:
        """Hold the moves that need one of these people, and can have nobody else, to how many they are."""
        among = np.zeros(len(self.system.multiplicity))
        among[kinds] = 1.0
        confined = (self._needs.by_type @ among) == self._needs.size
        moves = np.zeros(len(self.moves.limit))
        np.add.at(moves, self._needs.move[confined], 1.0)
        most = int(self.system.multiplicity[kinds].sum())
        self._cuts.append((moves, most))
        held = np.flatnonzero(moves[self._in_model]) if self._in_model else np.array([], dtype=np.int64)
        columns = (4 * len(self.system.facts) + 1 + held).astype(np.int32)
        amounts = moves[np.array(self._in_model, dtype=np.int64)[held]]
        self._model.addRow(-highspy.kHighsInf, float(most), len(held), columns, amounts)

    def _hold(self, chosen: dict[int, int], move: int, kinds: Integers) -> None:
        """Learn from people that too many moves ask for: a cut where it says so, else that move less often."""
        self._cut(kinds)
        moves, most = self._cuts[-1]
        if sum(moves[each] * times for each, times in chosen.items()) > most:
            self._refresh()
            return
        self._cuts.pop()
        self._model.deleteRows(1, np.array([self._model.getNumRow() - 1], dtype=np.int32))
        self.moves.limit[move] = chosen[move] - 1
        column = 4 * len(self.system.facts) + 1 + self._in_model.index(move)
        self._model.changeColBounds(column, 0.0, float(self.moves.limit[move]))

    def _purge(self) -> None:
        """Let go of moves that cost too much to be of use, when there are many."""
        first = 4 * len(self.system.facts) + 1
        if len(self._in_model) < MOST_HELD:
            return
        solution = self._model.getSolution()
        price = np.asarray(solution.col_dual)[first:]
        value = np.asarray(solution.col_value)[first:]
        kept = np.lexsort((np.arange(len(price)), price, value <= WHOLE))[: MOST_HELD // 2]
        gone = np.setdiff1d(np.arange(len(price)), kept)
        self._model.deleteCols(len(gone), (first + gone).astype(np.int32))
        self._in_model = [self._in_model[i] for i in np.sort(kept)]

    def _refresh(self) -> None:
        """Take new cuts into the columns that are still to be priced in."""
        known = self._rows.shape[0] - len(self.system.facts) - 1
        new = [sparse.csr_array(moves[None, :]) for moves, _ in self._cuts[known:]]
        self._rows = sparse.csc_array(sparse.vstack([self._rows, *new]))
        self._priced_rows = sparse.csr_array(self._rows.T)

    # Whole numbers ---------------------------------------------------------------------------------

    def _whole(self, values: Floats, target: Target, *, up: bool, open_facts: Open) -> dict[int, int] | None:
        """Return how many people make each move, in whole numbers."""
        rounded = np.round(values)
        if np.abs(values - rounded).max(initial=0) <= WHOLE:
            return {self._in_model[i]: int(rounded[i]) for i in np.flatnonzero(rounded)}
        duals = np.asarray(self._model.getSolution().col_dual)[4 * len(self.system.facts) + 1 :]
        near = np.flatnonzero((values > WHOLE) | (duals < NEAR))
        if len(near) > MOST_WHOLE:
            order = np.lexsort((near, duals[near], values[near] <= WHOLE))
            near = np.sort(near[order[:MOST_WHOLE]])
        moves = [self._in_model[i] for i in near]
        return self._solved_whole(moves, target, up=up, open_facts=open_facts)

    def _solved_whole(self, moves: list[int], target: Target, *, up: bool, open_facts: Open) -> dict[int, int] | None:
        effect = sparse.csc_array(self.moves.effect[:, moves])
        used = np.unique(effect.indices)
        used = np.union1d(used, np.array(target.regions, dtype=np.int64))
        model = _quiet()
        count = len(used)
        fixed = np.isinf(open_facts.price[used])
        price = np.where(fixed, 0.0, open_facts.price[used])
        beyond = np.where(fixed, 0.0, highspy.kHighsInf)
        blocks = [
            (np.maximum(open_facts.high[used], 0), np.zeros(count), -1.0),
            (np.maximum(-open_facts.low[used], 0), np.zeros(count), 1.0),
            (beyond, price, -1.0),
            (np.minimum(beyond, self.system.facts[used]), price, 1.0),
        ]
        for _ in range(count):
            model.addRow(0.0, 0.0, 0, [], [])
        for upper, cost, sign in blocks:
            for i in range(count):
                model.addCol(float(cost[i]), 0.0, float(upper[i]), 1, [i], [sign])
        place = {int(fact): i for i, fact in enumerate(used)}
        first = 4 * count
        for column, move in enumerate(moves):
            start, end = effect.indptr[column], effect.indptr[column + 1]
            rows = [place[int(fact)] for fact in effect.indices[start:end]]
            model.addCol(
                PER_MOVE, 0.0, float(self.moves.limit[move]), len(rows), rows, effect.data[start:end].astype(float)
            )
            model.changeColIntegrality(first + column, highspy.HighsVarType.kInteger)
        sign = 1.0 if up else -1.0
        needed = (target.reach[1] - target.count) if up else (target.count - target.reach[0])
        entries = [
            (block * count + place[region], sign * weight * direction)
            for region, weight in zip(target.regions, target.signs, strict=True)
            for block, direction in ((0, 1), (1, -1), (2, 1), (3, -1))
        ]
        model.addRow(float(needed), highspy.kHighsInf, len(entries), [e[0] for e in entries], [e[1] for e in entries])
        for most_of, most in self._cuts:
            held = [(first + column, float(most_of[move])) for column, move in enumerate(moves) if most_of[move]]
            if held:
                model.addRow(-highspy.kHighsInf, float(most), len(held), [h[0] for h in held], [h[1] for h in held])
        model.setOptionValue("mip_max_nodes", MOST_NODES)
        model.setOptionValue("mip_rel_gap", 0.02)
        model.run()
        self.work += max(1, int(model.getInfo().simplex_iteration_count))
        found = np.asarray(model.getSolution().col_value)
        if not len(found) or model.getInfo().primal_solution_status != 2:  # feasible
            return None
        amounts = np.round(found[first:])
        return {move: int(amounts[i]) for i, move in enumerate(moves) if amounts[i]}

    # People ------------------------------------------------------------------------------------------

    def _assigned(self, chosen: dict[int, int]) -> tuple[list[tuple[int, Change]], tuple[int, Integers] | None]:
        """Name a person for each part of each move, nobody twice; else the move that finds none, and whom it needs."""
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
                taken = self._taken(self.moves.offers[move], left, asked)
                if taken is None:
                    return [], (move, self._wanted(move, left))
                for kind, _ in taken:
                    left[kind] -= 1
                assigned += taken
        return assigned, None

    def _taken(self, offers: tuple[Offer, ...], left: Integers, asked: Integers) -> list[tuple[int, Change]] | None:
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

    def _wanted(self, move: int, left: Integers) -> Integers:
        """Return the people of the part of a move that nobody is left for."""
        parts = [
            np.unique(np.concatenate([offer[i].types for offer in self.moves.offers[move]]))
            for i in range(len(self.moves.offers[move][0]))
        ]
        return min(parts, key=lambda kinds: (int(left[kinds].sum()), len(kinds)))


@dataclass(frozen=True, eq=False)
class _Needs:
    """Whom moves need: one line for each part of each move, with the types that could take it."""

    move: Integers
    by_type: Any
    size: Integers


def _needs(system: System, moves: Moves) -> _Needs:
    owners: list[int] = []
    lines, kinds = [], []
    for move, offers in enumerate(moves.offers):
        for i in range(len(offers[0])):
            every = [offer[i].types for offer in offers]
            types = np.unique(np.concatenate(every)) if len(every) > 1 else every[0]
            lines.append(np.full(len(types), len(owners)))
            kinds.append(types)
            owners.append(move)
    rows, columns = np.concatenate(lines), np.concatenate(kinds)
    by_type = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(owners), len(system.multiplicity)))
    return _Needs(np.array(owners, dtype=np.int64), by_type, np.diff(by_type.indptr))


def _alone(system: System, needs: _Needs) -> list[Integers]:
    """Return the types, one at a time, that several moves need and have only."""
    lone = needs.by_type.indices[needs.by_type.indptr[:-1][needs.size == 1]]
    asked = np.bincount(lone, minlength=len(system.multiplicity))
    return [np.array([kind]) for kind in np.flatnonzero(asked > 1)]


def _quiet() -> Any:
    model = highspy.Highs()  # type: ignore[no-untyped-call]  # highspy
    model.setOptionValue("output_flag", False)
    model.setOptionValue("threads", 1)
    model.setOptionValue("random_seed", 0)
    return model


def _empty_model(facts: int) -> Any:
    """Return the programme without moves: one balance a fact, and the target's row.

    Columns: how much each fact goes up, and down, for nothing; up, and down, at a price; what the target misses.
    """
    model = _quiet()
    for _ in range(facts):
        model.addRow(0.0, 0.0, 0, [], [])
    model.addRow(0.0, highspy.kHighsInf, 0, [], [])
    for sign in (-1.0, 1.0, -1.0, 1.0):
        for fact in range(facts):
            model.addCol(0.0, 0.0, 0.0, 1, [fact], [sign])
    model.addCol(UNREACHED, 0.0, highspy.kHighsInf, 1, [facts], [1.0])
    return model


def _set_columns(model: Any, first: int, *, upper: Floats, cost: Floats) -> None:
    columns = np.arange(first, first + len(upper), dtype=np.int32)
    model.changeColsBounds(len(upper), columns, np.zeros(len(upper)), upper.astype(float))
    model.changeColsCost(len(upper), columns, cost.astype(float))
