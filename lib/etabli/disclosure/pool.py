"""Moves: changes of one or two persons, merged by what they change of the facts, with all who could make them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from etabli.disclosure.mover import Change
from etabli.disclosure.patterns import System

Integers = NDArray[np.int64]

Effect = tuple[tuple[int, int], ...]
"""Facts that change, each with how much, in order."""

LONGEST = 40
"""Facts that a useful move changes at most: what changes more is hard to balance."""


@dataclass(frozen=True)
class Part:
    """One person's part in a move: who could take it, and what becomes of them."""

    types: Integers
    change: Change


Offer = tuple[Part, ...]
"""One way to make a move: by one person, or by two who exchange a category."""


@dataclass(frozen=True)
class Moves:
    """All moves of a system, merged by what they change.

    `effect` is facts × moves (csc); `limit` how often each could be made; `offers` by whom.
    """

    effect: Any
    limit: Integers
    offers: tuple[tuple[Offer, ...], ...]

    @cached_property
    def transposed(self) -> Any:
        return sparse.csr_array(self.effect.T)


def merged(system: System, offers: dict[Effect, list[Offer]]) -> Moves:
    """Return the moves of a system from their offers, by effect."""
    keys = sorted(offers)
    limit = np.array([_capacity(system, offers[key]) for key in keys], dtype=np.int64)
    entries = [(fact, column, amount) for column, key in enumerate(keys) for fact, amount in key]
    fact, column, amount = np.array(entries, dtype=np.int64).reshape(-1, 3).T
    shape = (len(system.region_of_fact), len(keys))
    effect = sparse.csc_array(sparse.coo_array((amount, (fact, column)), shape=shape))
    return Moves(effect, limit, tuple(tuple(offers[key]) for key in keys))


def _capacity(system: System, offers: Sequence[Offer]) -> int:
    """Return how often a move can be made at most: by all its offers, and by the people of each part together."""
    each = sum(min(int(system.multiplicity[part.types].sum()) for part in offer) for offer in offers)
    if len(offers) == 1:
        return each
    together = [
        int(system.multiplicity[np.unique(np.concatenate([offer[i].types for offer in offers]))].sum())
        for i in range(len(offers[0]))
    ]
    return min(each, *together)
