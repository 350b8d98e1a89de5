"""What can be known of single persons from all that was released: the house's own attacker.

It knows the released values, the categories, which characteristics last, and nothing of the data. For every region,
shown or not, and every difference of nested regions, it asks for the least and the greatest number of people that
fits everything released. A number that must be between 1 and k − 1 is a disclosure; so is a group of which nobody can
be in a category, or out of it, of a variable that an agreement names. It shares no code with the protector but the
table model (`regions`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, inf

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from etabli.disclosure.bounds import TOLERANCE, Infeasible, System, matrix_of
from etabli.disclosure.lattice import MOST_NODES, Aim, Lattice, Stayers
from etabli.disclosure.regions import Region
from etabli.disclosure.statements import Publication, Statement, known_variables

Flags = NDArray[np.bool_]

Table = tuple[str, str]
"""A table that was released: its report, and its name there."""


@dataclass(frozen=True)
class Means:
    """How far the attacker goes.

    Parameters
    ----------
    most_nodes
        Regions of one source that are written out.
    whole_numbers
        Numbers looked at in whole numbers at most, the thinnest first.
    nodes
        Nodes of the search for each of those, for each side: work, not time, so that every machine finds the same.
    """

    most_nodes: int = MOST_NODES
    whole_numbers: int = 60
    nodes: int = 50


@dataclass(frozen=True)
class Finding:
    """A number of people that is known to be from 1 to k − 1; or a group that is known to be wholly in or out.

    Parameters
    ----------
    region
        Where.
    words
        What is known, in French.
    kind
        `region`, `difference` or `group`.
    low, high
        What it is known to be: 0 for a group.
    tables
        The smallest set of tables found that gives it: without any one of them it does not follow.
    """

    region: Region
    words: str
    kind: str
    low: int
    high: int
    tables: tuple[Table, ...] = ()

    def __str__(self) -> str:
        known = f"{self.low}" if self.low == self.high else f"de {self.low} à {self.high}"
        return f"{self.words} : {known} personne{'s' if self.high > 1 else ''}"


@dataclass(frozen=True)
class Attack:
    """What an attack gave.

    Parameters
    ----------
    findings
        What is known and must not be.
    contradiction
        Tables that no file can fit together; empty when some file fits all.
    aims
        How many numbers were asked for.
    unsettled
        How many thin ones were left to fractions, for want of time.
    """

    findings: tuple[Finding, ...]
    contradiction: tuple[Table, ...] = ()
    aims: int = 0
    unsettled: int = 0

    @property
    def holds(self) -> bool:
        """Whether nothing is known that must not be, and nothing is contradicted."""
        return not self.findings and not self.contradiction


_DEFAULT = Means()


def attack(
    publications: Sequence[Publication],
    *,
    exempt: frozenset[str] = frozenset(),
    stayers: Iterable[Stayers] = (),
    explained: int = 10,
    means: Means = _DEFAULT,
) -> Attack:
    """Attack all that was released to a coalition, as one system.

    Parameters
    ----------
    publications
        All that it holds.
    exempt
        Providers that the whole coalition is: their files are no secret to it.
    stayers
        Deliveries of one population that continue one another.
    explained
        Findings of which the tables that give them are looked for, one after the other.
    means
        How far to go.
    """
    found: list[Finding] = []
    wrong: tuple[Table, ...] = ()
    asked = unsettled = 0
    for group in groups(publications, list(stayers)):
        one = Siege(group, exempt, means)
        outcome = one.outcome(explained - len(found))
        found += outcome.findings
        wrong += outcome.contradiction
        asked, unsettled = asked + outcome.aims, unsettled + outcome.unsettled
    return Attack(tuple(found), wrong, asked, unsettled)


@dataclass(frozen=True)
class Group:
    """Sources that hang together, and what is said of them."""

    publications: Sequence[Publication]
    sources: frozenset[str]
    stayers: tuple[Stayers, ...]


def groups(publications: Sequence[Publication], stayers: Sequence[Stayers]) -> list[Group]:
    sources = {digest: frozenset([digest]) for each in publications for digest in each.sources}
    known = [each for each in stayers if each.before in sources and each.after in sources]
    for each in known:
        joined = sources[each.before] | sources[each.after]
        sources.update(dict.fromkeys(joined, joined))
    return [
        Group(publications, group, tuple(each for each in known if each.before in group))
        for group in dict.fromkeys(sources.values())
    ]


@dataclass
class Siege:
    """The attack on one group of sources: what is said of them, and the system that it makes."""

    group: Group
    exempt: frozenset[str]
    means: Means
    tables: list[Table] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    minimum: dict[str, int] = field(default_factory=dict)
    sensitive: dict[str, set[str]] = field(default_factory=dict)
    broken: list[tuple[Aim, int, int]] = field(default_factory=list)
    """After an attack: what is known, and what it is known to be."""

    def __post_init__(self) -> None:
        for publication in self.group.publications:
            for digest, told in publication.sources.items():
                if digest in self.group.sources and told.provider not in self.exempt:
                    self.minimum[digest] = max(told.minimum, self.minimum.get(digest, 1))
                    self.sensitive.setdefault(digest, set()).update(told.whole_group)
            for statement in publication.statements:
                if statement.quantity.region.source in self.group.sources:
                    self.statements.append(statement)
                    self.tables.append((publication.report, statement.item))
        variables = known_variables(self.group.publications)
        self.lattice = Lattice(variables, self.statements, self.group.stayers, self.means.most_nodes)

    def outcome(self, explained: int) -> Attack:
        """Attack, and say of so many findings which tables give them."""
        aims = [aim for aim in self.lattice.aims() if self.minimum.get(aim.region.source, 1) > 1]
        try:
            self.system = self.system_of(range(len(self.statements)))
            self.system.extreme({}, greatest=True)
            self.broken, unsettled = self._broken(aims)
            groups_asked = self.lattice.whole_groups(self.sensitive)
            self.broken += [(aim, 0, 0) for aim in self._whole(groups_asked)]
        except Infeasible:
            return Attack((), self._contradiction(), len(aims), 0)
        self.broken.sort(key=lambda each: (len(each[0].form), len(each[0].region.categories), each[0].words))
        found = [
            Finding(aim.region, aim.words, aim.kind, low, high, self._culprits(aim) if rank < explained else ())
            for rank, (aim, low, high) in enumerate(self.broken)
        ]
        return Attack(tuple(found), (), len(aims) + len(groups_asked), unsettled)

    # What is known ---------------------------------------------------------------------------------

    def _broken(self, aims: Sequence[Aim]) -> tuple[list[tuple[Aim, int, int]], int]:
        """Return the aims that are known to be from 1 to k − 1, with their bounds, and how many are not settled."""
        if not aims:
            return [], 0
        forms = matrix_of([aim.form for aim in aims], self.lattice.size)
        k = np.array([self.minimum[aim.region.source] for aim in aims], dtype=float)
        reach = _Reach(forms, k)
        self._sweep(reach)
        found = []
        for rank in map(int, np.flatnonzero(~reach.safe)):
            if reach.safe[rank]:
                continue
            bounds = self._fractions(aims[rank], reach, float(k[rank]))
            if bounds is not None:
                found.append((aims[rank], *bounds))
        thin, unsettled = self._thin(aims, reach, {id(aim) for aim, _, _ in found}, k)
        return [*found, *thin], unsettled

    def _sweep(self, reach: _Reach, sides: tuple[bool, ...] = (True, False)) -> None:
        """Look at a few files that fit: whatever is none or enough in one of them is not known."""
        for _ in range(MOST_SWEEPS):
            before = reach.open_count
            for greatest in sides:
                weights = (~reach.safe).astype(float)
                if not weights.any():
                    return
                total = reach.forms.T @ weights
                form = {int(i): float(total[i]) for i in np.flatnonzero(total)}
                _, point = self.system.extreme(form, greatest=greatest)
                if point is None:  # something has no end: any file that fits will do
                    _, point = self.system.extreme({}, greatest=True)
                if point is not None:
                    reach.see(point)
            if reach.open_count == before:
                return

    def _fractions(self, aim: Aim, reach: _Reach, k: float) -> tuple[int, int] | None:
        """Return the bounds of an aim if they lie within 1 to k − 1; the files that show otherwise are kept."""
        high, point = self.system.extreme(aim.form, greatest=True)
        if point is not None:
            reach.see(point)
        if high > k - TOLERANCE * 10:
            return None
        low, point = self.system.extreme(aim.form, greatest=False)
        if point is not None:
            reach.see(point)
        if low <= TOLERANCE * 10:
            return None
        return ceil(low - TOLERANCE), floor(high + TOLERANCE)

    def _thin(
        self, aims: Sequence[Aim], reach: _Reach, done: set[int], k: np.ndarray
    ) -> tuple[list[tuple[Aim, int, int]], int]:
        """Look in whole numbers at what fractions leave open by little."""
        if not any(each.over is not None for each in self.statements):
            return [], 0
        most = self.system.reach(reach.forms)[1]
        possible = ~reach.whole & (most < THIN * k) & (most >= 1)
        narrow = [int(r) for r in np.argsort(most, kind="stable") if possible[r] and id(aims[r]) not in done]
        found = []
        for rank in narrow[: self.means.whole_numbers]:
            bounds = self._in_whole_numbers(aims[rank], float(k[rank]))
            if bounds is not None:
                found.append((aims[rank], *bounds))
        return found, len(narrow[self.means.whole_numbers :])

    def _in_whole_numbers(self, aim: Aim, k: float) -> tuple[int, int] | None:
        high = self.system.whole_extreme(aim.form, greatest=True, nodes=self.means.nodes)
        if high > k - 0.5:
            return None
        low = self.system.whole_extreme(aim.form, greatest=False, nodes=self.means.nodes)
        if low < 0.5:
            return None
        return ceil(low - TOLERANCE), floor(high + TOLERANCE)

    def _whole(self, aims: Sequence[Aim]) -> list[Aim]:
        """Return the groups known to hold somebody, and nobody in a category, or out of it."""
        if not aims:
            return []
        forms = matrix_of([aim.form for aim in aims], self.lattice.size)
        reach = _Reach(forms, np.ones(len(aims)), none_is_safe=False)
        self._sweep(reach, sides=(True,))
        left = map(int, np.flatnonzero(~reach.safe))
        return [aims[r] for r in left if not reach.safe[r] and _is_whole_group(self.system, aims[r], reach)]

    # What gives it ---------------------------------------------------------------------------------

    def still_known(self, aim: Aim, kept: Iterable[int]) -> bool:
        """Whether an aim is known from these statements alone, by their ranks: 1 to k − 1 people, or a whole group."""
        k = float(self.minimum[aim.region.source])
        system = self.system_of(kept)
        try:
            if aim.group is not None:
                return _is_whole_group(system, aim)
            if system.extreme(aim.form, greatest=True)[0] > k - TOLERANCE * 10:
                return False
            return system.extreme(aim.form, greatest=False)[0] > TOLERANCE * 10
        except Infeasible:
            return True

    def system_of(self, kept: Iterable[int]) -> System:
        """Return the system of some of the statements, by their ranks, and of what holds of all people."""
        held = np.zeros(len(self.statements) + 1, dtype=bool)
        held[-1] = True  # what is bound by no statement has rank −1
        held[list(kept)] = True
        rows = np.flatnonzero(held[np.array(self.lattice.bound, dtype=np.int64)])
        lattice = self.lattice
        return System(lattice.matrix[rows], lattice.low[rows], lattice.high[rows], lattice.carried())

    def ranks_of(self, tables: Iterable[Table]) -> list[int]:
        """Return the ranks of the statements of these tables."""
        held = set(tables)
        return [rank for rank, table in enumerate(self.tables) if table in held]

    def _culprits(self, aim: Aim) -> tuple[Table, ...]:
        """Return tables that together give what is known of an aim, none of them too many."""
        return self._fewest(lambda tables: self.still_known(aim, self.ranks_of(tables)))

    def _contradiction(self) -> tuple[Table, ...]:
        return self._fewest(lambda tables: not self._fits(tables))

    def _fits(self, tables: Iterable[Table]) -> bool:
        try:
            self.system_of(self.ranks_of(tables)).extreme({}, greatest=True)
        except Infeasible:
            return False
        return True

    def _fewest(self, gives: Callable[[list[Table]], bool]) -> tuple[Table, ...]:
        """Return tables that still give something, none of them too many: halves are left out, then less and less."""
        kept = list(dict.fromkeys(self.tables))
        size = len(kept) // 2
        while size:
            start = 0
            while start < len(kept):
                fewer = kept[:start] + kept[start + size :]
                if gives(fewer):
                    kept = fewer
                else:
                    start += size
            size //= 2
        return tuple(kept)


MOST_SWEEPS = 12

THIN = 3
"""A number that is surely less than so many times k is looked at in whole numbers."""


def _is_whole_group(system: System, aim: Aim, reach: _Reach | None = None) -> bool:
    """Whether a group holds somebody, and nobody of those whom an aim counts, in every file that fits."""
    high, point = system.extreme(aim.form, greatest=True)
    if reach is not None and point is not None:
        reach.see(point)
    if high > 1 - TOLERANCE * 10:
        return False
    return aim.group is not None and system.extreme(aim.group, greatest=False)[0] > TOLERANCE * 10


class _Reach:
    """How far each aim was seen to go, in files that fit."""

    def __init__(self, forms: sparse.csr_array, k: np.ndarray, *, none_is_safe: bool = True) -> None:
        self.forms, self.k, self.none_is_safe = forms, k, none_is_safe
        self.lowest, self.highest = np.full(len(k), inf), np.full(len(k), -inf)
        self.safe = np.zeros(len(k), dtype=bool)
        self.whole = np.zeros(len(k), dtype=bool)
        """Safe by a file in whole numbers."""

    @property
    def open_count(self) -> int:
        return int((~self.safe).sum())

    def see(self, point: np.ndarray) -> None:
        values = self.forms @ point
        np.minimum(self.lowest, values, out=self.lowest)
        np.maximum(self.highest, values, out=self.highest)
        reached = values >= self.k - TOLERANCE * 10
        if self.none_is_safe:
            reached |= values <= TOLERANCE * 10
        self.safe |= reached
        if bool((np.abs(point - np.round(point)) < TOLERANCE).all()):
            self.whole |= reached
