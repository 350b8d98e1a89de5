"""Proof by attack: random people, random tables, several reports and two editions, protected, then attacked.

`make attack` prints how many cases were tried, in how many the house's own attacker (`disclosure.attacker`) knows a
count of 1 to k − 1 from one report, from all of them, and after `etabli release` had its say: reports each protected by
itself, then each together with those released before it. Then the same for naive protections, so that one sees that the
attacker can bite.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from etabli.disclosure.attacker import Attack, attack
from etabli.disclosure.held import held_in, neighbours
from etabli.disclosure.lattice import Stayers
from etabli.disclosure.parts import Splits
from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import Protected, Protection, protect
from etabli.disclosure.recount import Rows, former_of
from etabli.disclosure.regions import OTHERS, regions_of
from etabli.disclosure.statements import Publication, Quantity, SourceTold, Statement, Variable
from etabli.methods import profiles
from etabli.methods.membership import Population, mark_derived, mark_population, population_of
from etabli.methods.results import MISSING, PEOPLE, Table
from etabli.present.said import lasting_in, statements_of, variables_of

QUARTERS = {"a1": "q1", "a2": "q1", "a3": "q2", "a4": "q2"}
"""The quarter of each area: a hierarchy that everybody knows."""

CODES = {
    "age": ("young", "mid", "old"),
    "area": tuple(QUARTERS),
    "quarter": ("q1", "q2"),
    "channel": ("walk_in", "appointment", "phone"),
}
"""The categories that a codebook declares; the age is missing of some."""


@dataclass(frozen=True)
class Case:
    """Tables of several reports on two editions of one population, in the order of their release."""

    seed: int
    k: int
    reports: tuple[tuple[str, tuple[Table, ...]], ...]
    stayers: tuple[Stayers, ...]
    frames: Mapping[str, pd.DataFrame]
    """The visits themselves, by source: what is true."""

    def people(self, quantity: Quantity, known: Mapping[str, Variable]) -> int:
        """Return the true number of a region: of its people, or of its rows.

        `known` says which categories of a variable are named: the others stand together.
        """
        source = quantity.region.source
        frame = self.frames[source]
        kept = np.ones(len(frame), dtype=bool)
        for name, code in quantity.region.categories:
            is_named = not code.startswith(OTHERS)
            kept &= self._texts[source, name] == code if is_named else self._elsewhere(source, name, code, known)
        return int(frame.loc[kept, "recipient"].nunique() if quantity.unit == "people" else kept.sum())

    @cached_property
    def _texts(self) -> dict[tuple[str, str], np.ndarray]:
        return {
            (source, name): frame[name].astype("str").fillna(MISSING).to_numpy(dtype=str)
            for source, frame in self.frames.items()
            for name in CODES
        }

    def _elsewhere(self, source: str, name: str, code: str, known: Mapping[str, Variable]) -> np.ndarray:
        """Return the rows of no category that is named, within the coarse ones that a code of others stands for."""
        found = ~np.isin(self._texts[source, name], known[name].categories)
        for coarse, codes in known[name].parents.items():
            above = self._texts[source, coarse]
            named = known[coarse].categories if coarse in known else tuple(codes.values())
            found &= above == codes[code] if codes[code] != OTHERS else ~np.isin(above, named)
        return found


Guard = Callable[[Case], list[Publication]]
"""Makes of each report of a case what it tells."""


# Random people and tables ----------------------------------------------------------------------------


def make_case(seed: int) -> Case:
    """Return the case of a seed: 6 to 60 people who come one to four times, by one or several channels.

    In one seed of six everybody happens to come once.
    """
    rng = np.random.default_rng(seed)
    people, newcomers = int(rng.integers(6, 60)), int(rng.integers(0, 6))
    k = int(rng.choice([3, 5]))
    traits = pd.DataFrame(
        {
            "age": rng.choice(["young", "mid", "old", None], people + newcomers, p=[0.5, 0.35, 0.1, 0.05]),
            "area": rng.choice(list(QUARTERS), people + newcomers, p=[0.5, 0.3, 0.15, 0.05]),
        }
    )
    traits["quarter"] = traits["area"].map(QUARTERS)
    first, second = f"s{seed}-1", f"s{seed}-2"
    most = 1 if seed % 6 == 5 else 4
    frames = {first: _visits(rng, traits.iloc[:people], first, most), second: _visits(rng, traits, second, most)}
    reports = []
    for rank in range(int(rng.integers(2, 4))):
        source = first if rank == 0 or rng.random() < 0.5 else second
        tables = tuple(_table(rng, frames[source]) for _ in range(int(rng.integers(1, 4))))
        reports.append((f"essai/{rank}-{source}", tables))
    return Case(seed, k, tuple(reports), (Stayers(first, second),), frames)


def _visits(rng: np.random.Generator, traits: pd.DataFrame, source: str, most: int) -> pd.DataFrame:
    who = np.repeat(np.arange(len(traits)), rng.integers(1, most + 1, len(traits)))
    frame = traits.iloc[who].reset_index(drop=True)
    frame.insert(0, "recipient", who.astype(str))
    channels = rng.choice(["walk_in", "appointment", "phone"], len(who), p=[0.65, 0.3, 0.05])
    made = frame.assign(channel=channels)
    for name, codes in CODES.items():
        made[name] = pd.Categorical(made[name], list(codes))
    marked = mark_population(made, Population(source, optional=frozenset(["age"])))
    return mark_derived(marked, marked, {"quarter": "area"})


def _table(rng: np.random.Generator, frame: pd.DataFrame) -> Table:
    """Return a random table: of all rows, or of those of one category of a variable that it does not show."""
    one, two, three, apart = rng.permutation(list(CODES)).tolist()
    if rng.random() < 0.3:
        frame = _filtered(frame, apart, str(rng.choice(CODES[apart])))
    match int(rng.integers(0, 5)):
        case 0:
            return profiles.distribution(frame, one)
        case 1:
            return profiles.profile_sheet(frame, [one, two], by=three)
        case 2:
            return profiles.totals(frame)
        case _:
            return profiles.crosstab(frame, one, by=two)


def _filtered(frame: pd.DataFrame, name: str, code: str) -> pd.DataFrame:
    """Return the rows of a category, as `report.load` gives them; all rows, where there is none."""
    kept = (frame[name] == code).to_numpy(dtype=bool, na_value=False)
    if not kept.any():
        return frame
    whole = population_of(frame)
    return mark_population(frame[kept].reset_index(drop=True), replace(whole, held=((name, code),)))


# Protections -----------------------------------------------------------------------------------------


def house(case: Case) -> list[Publication]:
    """Return what the house's own protection lets each report tell."""
    policy = Policy("funder", case.k, ("essai",))
    return [_publication(case, name, tables, protect(tables, policy)) for name, tables in case.reports]


def joint(case: Case) -> list[Publication]:
    """Return what each report tells when it is protected together with those before it, all of them released."""
    policy = Policy("funder", case.k, ("essai",))
    rows = {source: Rows(frame, "recipient") for source, frame in case.frames.items()}
    found: list[Publication] = []
    for name, tables in case.reports:
        held = held_in(dict(enumerate(found)), {table.source for table in tables})
        own = {region for table in tables for region in regions_of(table)}
        former = former_of(held, rows, own)
        editions = {each.before: (each.after, True) for each in case.stayers}
        editions |= {each.after: (each.before, False) for each in case.stayers}
        bounds = neighbours(
            found,
            editions,
            lasting_in(tables, _splits(case)) | held.lasting,
            _splits(case),
            own.union(*(regions_of(table) for table in former.tables)),
        )
        former = replace(former, least=bounds.least, most=bounds.most)
        found.append(_publication(case, name, tables, protect(tables, policy, former=former)))
    return found


def primary_only(case: Case) -> list[Publication]:
    """Mask the small counts, and nothing else."""
    return _masked(case, lambda table: _small(table, case.k))


def whole_rows(case: Case) -> list[Publication]:
    """Mask the whole row of every small count."""

    def mask(table: Table) -> np.ndarray:
        hidden = _small(table, case.k)
        down = [name for name in table.keys if name != table.keys[-1]]
        if not down:
            return hidden
        rows = table.cells[down].astype(str).agg("|".join, axis=1)
        return rows.isin(set(rows[hidden])).to_numpy()

    return _masked(case, mask)


def rounded(case: Case) -> list[Publication]:
    """Round every count to a multiple of 5, up or down at random, anew in each table; zeros stay."""
    rng = np.random.default_rng(case.seed)
    found = []
    for name, tables in case.reports:
        told: list[Statement] = []
        for rank, table in enumerate(tables):
            rows = table.membership.totals if table.membership is not None else np.zeros(0)
            for region, people, visits in zip(regions_of(table), table.cells[PEOPLE], rows, strict=True):
                told += [_rounded(rng, f"tableau-{rank + 1}", Quantity(region, "people"), int(people))]
                told += [_rounded(rng, f"tableau-{rank + 1}", Quantity(region, "rows"), int(visits))]
        found.append(_told(case, name, tables, told))
    return found


def _rounded(rng: np.random.Generator, item: str, quantity: Quantity, value: int) -> Statement:
    shown = 5 * (value // 5 + int(rng.random() < (value % 5) / 5))
    return Statement(item, quantity, max(0, shown - 4), shown + 4, shown=float(shown))


def _small(table: Table, k: int) -> np.ndarray:
    people = table.cells[PEOPLE].to_numpy(dtype=float)
    return (people > 0) & (people < k)


@dataclass(frozen=True)
class _Masks:
    """A protection that masks what it is told to."""

    policy: Policy
    by_table: dict[int, Protected]

    def of(self, table: Table) -> Protected:
        return self.by_table[id(table)]


def _masked(case: Case, mask: Callable[[Table], np.ndarray]) -> list[Publication]:
    found = []
    for name, tables in case.reports:
        masks = _Masks(
            Policy("funder", case.k, ("essai",)), {id(table): Protected(table, mask(table), ()) for table in tables}
        )
        found.append(_publication(case, name, tables, masks))
    return found


def _publication(case: Case, name: str, tables: Sequence[Table], protection: object) -> Publication:
    places = [
        (f"tableau-{rank + 1}", table, row, measure)
        for rank, table in enumerate(tables)
        for row in range(len(table.cells))
        for measure in table.measures
    ]
    states = protection.plan.states if isinstance(protection, Protection) else {}
    told = _told(case, name, tables, statements_of(places, protection))  # type: ignore[arg-type]  # naive masks too
    return replace(told, states=states)


def _told(case: Case, name: str, tables: Sequence[Table], statements: Sequence[Statement]) -> Publication:
    source = tables[0].source
    known = {
        digest: {each: _with_hierarchy(each, variable) for each, variable in variables.items()}
        for digest, variables in variables_of(tables, _splits(case)).items()
    }
    return Publication(name, {source: SourceTold("visits", "caf", case.k)}, known, tuple(statements))


def _splits(case: Case) -> dict[str, Splits]:
    return {source: Splits(frame, "recipient") for source, frame in case.frames.items()}


def _with_hierarchy(name: str, variable: Variable) -> Variable:
    return replace(variable, parents={"quarter": QUARTERS}) if name == "area" else variable


# The attack ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What became of a case: reports that betray alone, together, and those that a release would refuse."""

    alone: bool
    together: bool
    withheld: int
    after_release: bool
    attack: Attack


def try_case(case: Case, guard: Guard) -> Outcome:
    """Protect the reports of a case and attack them: each alone, all together, and one after the other as released."""
    told = guard(case)
    whole = _attack(case, told)
    if whole.holds:  # what all of them do not tell, none of them tells
        return Outcome(False, False, 0, False, whole)
    released = _released(case, told)
    alone = any(not _attack(case, [each]).holds for each in told)
    return Outcome(alone, True, len(told) - len(released), not _attack(case, released).holds, whole)


def _released(case: Case, told: Sequence[Publication]) -> list[Publication]:
    """Return the reports that a release, one after the other, does not refuse."""
    released: list[Publication] = []
    for each in told:
        if _attack(case, [*released, each]).holds:
            released.append(each)
    return released


@dataclass(frozen=True)
class Together:
    """What became of a case whose reports were protected together with those before them.

    Parameters
    ----------
    within
        Whether reports of one edition betray together.
    refused
        How many a release refuses, for what those of both tell to who knows that everybody of the first stays.
    after_release
        Whether what it lets go betrays.
    states
        How many regions are shown, masked, withheld.
    seconds
        What protection took.
    """

    within: bool
    refused: int
    after_release: bool
    states: Counter[str]
    seconds: float


def try_together(case: Case) -> Together:
    """Protect the reports of a case together, and attack them."""
    start = time.monotonic()
    told = joint(case)
    seconds = time.monotonic() - start
    states = Counter(state for each in told for state in each.states.values())
    within = not attack(told, explained=0).holds
    released = _released(case, told)
    after_release = len(released) < len(told) and not _attack(case, released).holds
    return Together(within, len(told) - len(released), after_release, states, seconds)


def _attack(case: Case, told: Sequence[Publication]) -> Attack:
    return attack(told, stayers=case.stayers, explained=0)


NAIVE: dict[str, Guard] = {"primary only": primary_only, "mask the row": whole_rows, "random rounding": rounded}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="seed of the first case")
    parser.add_argument("--naive", type=int, default=60, help="cases of each naive protection")
    asked = parser.parse_args()
    start = time.monotonic()
    seeds = range(asked.first, asked.first + asked.cases)
    outcomes: dict[int, Outcome] = {}
    for seed in seeds:
        outcomes[seed] = try_case(make_case(seed), house)
        if len(outcomes) % 50 == 0:
            _print("house, so far", outcomes.values(), time.monotonic() - start)
    _print("house, each report by itself", outcomes.values(), time.monotonic() - start)
    alone = [seed for seed, each in outcomes.items() if each.alone]
    if alone:
        print("  seeds of which one report betrays alone:", *alone[:20], "…" if len(alone) > 20 else "")
        kinds = Counter(finding.kind for each in outcomes.values() for finding in each.attack.findings)
        print("  known from all together:", dict(kinds))
    together = [try_together(make_case(seed)) for seed in seeds]
    _print_together(together)
    for name, guard in NAIVE.items():
        start, few = time.monotonic(), [make_case(seed) for seed in seeds[: asked.naive]]
        bitten = sum(not attack(guard(case), stayers=case.stayers, explained=0).holds for case in few)
        print(f"{name}: {bitten} of {len(few)} broken ({time.monotonic() - start:.0f} s)", flush=True)
    if any(each.after_release for each in outcomes.values()) or any(
        each.within or each.after_release for each in together
    ):
        raise SystemExit(1)


def _print(name: str, outcomes: Iterable[Outcome], seconds: float) -> None:
    held = list(outcomes)
    reports = sum(each.withheld for each in held)
    print(
        f"{name}: {len(held)} cases, {sum(each.alone for each in held)} broken by one report, "
        f"{sum(each.together for each in held)} by all together; released one by one: {reports} reports withheld, "
        f"{sum(each.after_release for each in held)} broken ({seconds:.0f} s)",
        flush=True,
    )


def _print_together(held: Sequence[Together]) -> None:
    states = sum((each.states for each in held), Counter[str]())
    print(
        f"house, with what was released before: {len(held)} cases, {sum(each.within for each in held)} broken by all "
        f"reports of one edition together; released one by one: {sum(each.refused for each in held)} reports withheld "
        f"for what those of two tell, {sum(each.after_release for each in held)} broken; of {states.total()} regions "
        f"{states['masked']} masked, {states['withheld']} withheld ({sum(each.seconds for each in held):.0f} s)",
        flush=True,
    )


if __name__ == "__main__":
    main()
