"""What is to be proved, and what proves it: another file that fits all that is shown, recounted to the last fact.

It does not look at what a move was said to change: only at where everyone stands afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from etabli.disclosure.mover import Change, Mover
from etabli.disclosure.patterns import System
from etabli.disclosure.targets import Open

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Witness:
    """Another file: who moves, and how all facts change."""

    moved: tuple[tuple[int, Change], ...]
    """One entry a person: their type and their change."""
    change: Integers

    def regions(self, system: System, open_facts: Open) -> Integers:
        """Return the regions of which it changes a fact beyond what is free to change."""
        outside = (self.change < open_facts.low) | (self.change > open_facts.high)
        return np.unique(system.region_of_fact[outside])


def recounted(system: System, mover: Mover, moved: Sequence[tuple[int, Change]], sums: Any) -> Integers | None:
    """Return all facts after people moved, counted from states; None when a move is not possible for its person.

    Parameters
    ----------
    moved
        One entry a person: their type and their change.
    sums
        What holds in the state of everyone (`sums_of`); it must hold in the states after the moves.
    """
    left = system.multiplicity.copy()
    rows: list[int] = []
    columns: list[int] = []
    values: list[int] = []
    for number, (kind, change) in enumerate(moved):
        after = mover.apply(_state(system, kind), mover.values_of(kind), change)
        if after is None:
            return None
        if change.present is not True:
            left[kind] -= 1
        if left[kind] < 0:
            return None
        rows += [number] * len(after)
        columns += list(after)
        values += list(after.values())
    others = sparse.csr_array((values, (rows, columns)), shape=(len(moved), len(system.places)), dtype=np.int64)
    if (others @ sums.T).count_nonzero():
        return None
    return system.count(system.states, left) + system.count(others, np.ones(len(moved), dtype=np.int64))


def _state(system: System, kind: int) -> dict[int, int]:
    start, end = system.states.indptr[kind], system.states.indptr[kind + 1]
    return dict(zip(system.states.indices[start:end].tolist(), system.states.data[start:end].tolist(), strict=True))


def sums_of(system: System, mover: Mover) -> Any:
    """Return the sums that hold for everyone: a place is the sum of those that name one more variable.

    One line a sum, one column a place; its product with the state of anyone is 0.
    """
    rows: list[int] = []
    columns: list[int] = []
    values: list[int] = []
    count = 0
    for name in system.codes:
        members, wholes = mover.families(name)[1], mover.wholes(name)
        for number in sorted(mover.complete(name)):
            rows += [count] * (len(members[number]) + 1)
            columns += [wholes[number], *members[number].values()]
            values += [-1] + [1] * len(members[number])
            count += 1
    return sparse.csr_array((values, (rows, columns)), shape=(count, len(system.places)), dtype=np.int64)
