"""Witnesses step by step: the move that costs least now, again and again, with people named as one goes.

It is quick, and finds most witnesses; what it does not find is left to linear programming (`witness`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from etabli.disclosure.mover import Change
from etabli.disclosure.patterns import System
from etabli.disclosure.pool import Moves, Offer
from etabli.disclosure.targets import Open

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

Flags = NDArray[np.bool_]

BARRED = 1e4
"""Price, while one walks, of a fact that must be as it was in the end."""

PER_MOVE = 1e-3
"""Price of one move: of two that cost the same masks, the one that moves fewer people."""


@dataclass
class Steps:
    """Walks from the true file to another one.

    Every walk holds people to one move each; what it returns is still to be proved (`proof.recounted`).
    """

    system: System
    moves: Moves
    work: int = 0
    """Moves looked for so far."""
    _by_fact: Any = field(init=False)

    def __post_init__(self) -> None:
        self._by_fact = sparse.csr_array(self.moves.effect)

    def walk(
        self, aim: Floats, needed: int, open_facts: Open, *, patience: int
    ) -> tuple[list[tuple[int, Change]], Integers] | None:
        """Return who moves, and the facts changed, once `aim · change` is at least `needed`; None when it cannot be.

        Parameters
        ----------
        aim
            The signed weights of the facts that must move.
        open_facts
            What may change, and at what price.
        patience
            Moves to make at most.
        """
        left = self.system.multiplicity.copy()
        change = np.zeros(len(self.system.facts), dtype=np.int64)
        spent = np.zeros(len(self.moves.limit), dtype=bool)
        barred = np.isinf(open_facts.price)
        priced = Open(open_facts.low, open_facts.high, np.where(barred, BARRED, open_facts.price))
        towards = self._touching(np.flatnonzero(aim))
        gain = np.asarray(self.moves.transposed[towards] @ aim)
        towards, gain = towards[gain > 0], gain[gain > 0]
        made: list[tuple[int, Change]] = []
        for _ in range(patience):
            self.work += 1
            reached = round(float(aim @ change))
            outside = _outside(change, priced) & (priced.price > 0)
            if reached < needed:
                move = self._nearest(change, priced, towards, gain, needed - reached, spent)
            elif outside.any():
                move = self._mending(change, priced, aim, reached - needed, outside, spent)
            else:
                break
            if move is None:
                break
            taken = _taken(self.moves.offers[move], left)
            if taken is None:
                spent[move] = True
                continue
            for kind, _ in taken:
                left[kind] -= 1
            start, end = self.moves.effect.indptr[move], self.moves.effect.indptr[move + 1]
            change[self.moves.effect.indices[start:end]] += self.moves.effect.data[start:end]
            made += taken
        if aim @ change < needed or (barred & _outside(change, priced)).any():
            return None
        return made, change

    def _touching(self, facts: Integers) -> Integers:
        """Return the moves that change one of these facts."""
        parts = [self._by_fact.indices[self._by_fact.indptr[f] : self._by_fact.indptr[f + 1]] for f in facts]
        return np.unique(np.concatenate(parts)).astype(np.int64) if parts else np.zeros(0, dtype=np.int64)

    def _nearest(
        self, change: Integers, priced: Open, towards: Integers, gain: Floats, missing: int, spent: Flags
    ) -> int | None:
        """Return the move towards the target for the least price."""
        free = ~spent[towards]
        if not free.any():
            return None
        moves, gains = towards[free], gain[free]
        score = (self._costs(change, priced, moves) + PER_MOVE) / np.minimum(gains, missing)
        return int(moves[score.argmin()])

    def _mending(
        self, change: Integers, priced: Open, aim: Floats, spare: int, outside: Flags, spent: Flags
    ) -> int | None:
        """Return the move that lowers the price most and stays at the target; None when none lowers it."""
        moves = self._touching(np.flatnonzero(outside))
        moves = moves[~spent[moves]]
        moves = moves[np.asarray(self.moves.transposed[moves] @ aim) >= -spare]
        if not len(moves):
            return None
        score = self._costs(change, priced, moves)
        best = int(score.argmin())
        return int(moves[best]) if score[best] < -2 * PER_MOVE else None

    def _costs(self, change: Integers, priced: Open, moves: Integers) -> Floats:
        """Return by how much each of these moves would raise the price of what is changed."""
        lines = self.moves.transposed[moves]
        facts = lines.indices
        low, high = priced.low[facts], priced.high[facts]
        now = change[facts]
        after = now + lines.data
        entry = priced.price[facts] * (((after < low) | (after > high)).astype(float) - ((now < low) | (now > high)))
        return np.asarray(np.add.reduceat(entry, lines.indptr[:-1]))


def _outside(change: Integers, priced: Open) -> Flags:
    return np.asarray((change < priced.low) | (change > priced.high), dtype=bool)


def _taken(offers: tuple[Offer, ...], left: Integers) -> list[tuple[int, Change]] | None:
    """Return people for one move: those of a type that many share."""
    for offer in offers:
        taken: list[tuple[int, Change]] = []
        for part in offer:
            free = left[part.types].copy()
            for kind, _ in taken:
                free[part.types == kind] -= 1
            best = int(free.argmax())
            if free[best] <= 0:
                break
            taken.append((int(part.types[best]), part.change))
        else:
            return taken
    return None
