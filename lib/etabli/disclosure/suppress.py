"""Chooses what to mask, so that no small count can be known: every one of 1 to k − 1 could be none, or enough."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from etabli.disclosure.moves import Impossible, Moves, all_moves
from etabli.disclosure.patterns import System
from etabli.disclosure.regions import nested
from etabli.disclosure.witness import Open, Search, Target, Witness

Flags = NDArray[np.bool_]


def small_targets(system: System, k: int) -> Iterator[Target]:
    people = system.people
    for region in np.flatnonzero((people > 0) & (people < k)):
        yield Target((int(region),), (1,), int(people[region]), (0, k))
    number = {name: i for i, name in enumerate(system.regions)}
    by_version: dict[int, list[Any]] = {}
    for version, region in system.regions:
        by_version.setdefault(version, []).append(region)
    for version, regions in by_version.items():
        for outer, inner in nested(regions):
            wide, narrow = number[version, outer], number[version, inner]
            rest = int(people[wide] - people[narrow])
            if 0 < rest < k:
                yield Target((wide, narrow), (1, -1), rest, (0, k))
