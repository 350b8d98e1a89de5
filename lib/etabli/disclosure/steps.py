"""Witnesses step by step: the move that costs least now, again and again, with people named as one goes.

It is quick, and finds most witnesses; what it does not find is left to linear programming (`witness`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from etabli.disclosure.moves import Change, Moves, Offer
from etabli.disclosure.patterns import System
from etabli.disclosure.proof import Open

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
    _starts: Integers = field(init=False)

    def __post_init__(self) -> None:
        self._starts = self.moves.effect.indptr[:-1].astype(np.int64)

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
        gain = np.asarray(self.moves.transposed @ aim)
        made: list[tuple[int, Change]] = []
        for _ in range(patience):
            self.work += 1
            reached = int(round(float(aim @ change)))
            if reached >= needed and not (priced.price[_outside(change, priced)] > 0).any():
                break
            move = self._next(change, priced, gain, reached, needed, spent)
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

    def _next(  # noqa: PLR0913, PLR0917  # the state of one walk
        self, change: Integers, priced: Open, gain: Floats, reached: int, needed: int, spent: Flags
    ) -> int | None:
        """Return the best move: towards the target for the least price; once there, one that lowers the price."""
        cost = self._costs(change, priced) + PER_MOVE
        if reached < needed:
            score = np.where((gain > 0) & ~spent, cost / np.maximum(np.minimum(gain, needed - reached), 1), np.inf)
            move = int(score.argmin())
            return move if np.isfinite(score[move]) else None
        score = np.where((reached + gain >= needed) & ~spent, cost, np.inf)
        move = int(score.argmin())
        return move if score[move] < -PER_MOVE else None

    def _costs(self, change: Integers, priced: Open) -> Floats:
        """Return by how much each move would raise the price of what is changed."""
        effect: Any = self.moves.effect
        facts = effect.indices
        low, high = priced.low[facts], priced.high[facts]
        now = change[facts]
        after = now + effect.data
        entry = priced.price[facts] * (((after < low) | (after > high)).astype(float) - ((now < low) | (now > high)))
        return np.asarray(np.add.reduceat(entry, self._starts))


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
