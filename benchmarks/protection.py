"""What protection masks beyond small counts, how long it takes, and how it grows; beside masking whole rows.

    python benchmarks/protection.py                # five and ten tables at k = 5 and 11: some minutes
    python benchmarks/protection.py --growth       # systems of 250, 500, 1,500 and 5,000 regions: about ten minutes
    python benchmarks/protection.py --growth 1500  # one of them
    python benchmarks/protection.py --write        # and keep the figures in results.md

People stand in several columns of every table (channel, request). « people »: tables that show people alone;
« visits »: tables that show visits beside people, which leaves fewer files possible. CPU is of this process.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from keeping import keep

from etabli.disclosure.patterns import build
from etabli.disclosure.plan import plan_for
from etabli.disclosure.policy import Policy
from etabli.disclosure.regions import Region
from etabli.methods import profiles
from etabli.methods.cells import PEOPLE_COUNT
from etabli.methods.results import Table

FIVE = (("area", "request"), ("age", "request"), ("status", "channel"), ("area", "channel"), ("home", "channel"))
TEN = (*FIVE, ("home", "request"), ("age", "channel"), ("status", "request"), ("area", "age"), ("area", "home"))
GROWTH = {
    250: (1, FIVE),
    500: (1, TEN),
    1_500: (2, (*TEN[:7], TEN[8])),
    5_000: (4, (*TEN[:4], *TEN[5:8])),
}
"""By number of regions, about: how many times the categories, and the tables. Always of 10,000 people."""

LEVELS = {"area": 12, "age": 7, "status": 6, "home": 5, "channel": 4, "request": 7}
STEEPNESS = {"area": 0.45, "age": 0.7, "status": 0.9, "home": 0.8, "channel": 1.3, "request": 1.0}
"""How much rarer each category is than the one before it (log of their ratio): few are left in the last ones."""


def made(seed: int, people: int, *, wider: int = 1) -> pd.DataFrame:
    """Return visits: age, area, status and home are a person's, channel and request a visit's."""
    random = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), 1 + random.poisson(1.5, people))
    columns: dict[str, object] = {"recipient": [f"p{each}" for each in who]}
    for name, levels in LEVELS.items():
        number = levels * wider
        weight = np.exp(-STEEPNESS[name] * np.arange(number) / wider)
        own = name not in {"channel", "request"}
        drawn = random.choice(number, people if own else len(who), p=weight / weight.sum())
        labels = pd.Index([f"{name}{each}" for each in range(number)])
        columns[name] = pd.Categorical.from_codes((drawn[who] if own else drawn).tolist(), labels)
    return pd.DataFrame(columns)


def tables_of(visits: pd.DataFrame, pairs: Sequence[tuple[str, str]], *, visits_too: bool) -> list[Table]:
    found = [profiles.crosstab(visits, down, by=across) for down, across in pairs]
    return found if visits_too else [replace(table, measures=(PEOPLE_COUNT,)) for table in found]


@dataclass(frozen=True)
class Measured:
    """One system protected: shares are of its regions.

    `proved` is of the bounds that small counts and differences must attain; `held` of the regions that are not small:
    shown, or masked with proof.
    """

    regions: int
    small: int
    extra: float
    withheld: float
    people: float
    by_rows: float
    proved: float
    held: float
    cpu: float
    wall: float

    def line(self, name: str) -> str:
        figures = (
            f"{self.regions} | {self.small} | {self.extra:.1%} | {self.people:.1%} | {self.withheld:.1%} "
            f"| {self.by_rows:.1%} | {self.cpu:.0f} | {self.wall:.0f}"
        )
        return f"| {name} | {figures} |"

    def growth_line(self, name: str) -> str:
        figures = (
            f"{self.regions} | {self.small} | {self.proved:.1%} | {self.withheld:.1%} | {self.extra:.1%} "
            f"| {self.held:.1%} | {self.cpu:.0f} | {self.wall:.0f}"
        )
        return f"| {name} | {figures} |"


def measured(tables: Sequence[Table], k: int, *, dominance: tuple[tuple[int, float], ...] = ()) -> Measured:
    wall, cpu = time.perf_counter(), time.process_time()
    plan = plan_for(tables, Policy("funder", k, ("benchmark",), dominance=dominance))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    system = build(tables)
    people = dict(zip(system.regions, system.people.tolist(), strict=True))
    small = {region for region, number in people.items() if 0 < number < k}
    withheld = sum(plan.withheld.values())
    extra = [region for region, hidden in plan.masked.items() if hidden and region not in small]
    return Measured(
        regions=len(people),
        small=len(small),
        extra=len(extra) / len(people),
        withheld=withheld / len(people),
        people=sum(people[region] for region in extra) / sum(people.values()),
        by_rows=_masked_by_rows(people, small),
        proved=plan.proved / plan.asked if plan.asked else 1.0,
        held=1 - withheld / (len(people) - len(small)),
        cpu=cpu,
        wall=wall,
    )


def _masked_by_rows(people: dict[Region, int], small: set[Region]) -> float:
    """Return what « mask the row » hides beyond small counts: the whole line of each small cell, not proved at all."""
    lines = {pair for region in small for pair in region.categories[:1]}
    return sum(region not in small and any(p in lines for p in region.categories) for region in people) / len(people)


HEAD = (
    "| system | regions | small | masked beyond | of all people counted | withheld | « mask the row » "
    "| CPU, s | wall, s |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


GROWTH_HEAD = (
    "| system | regions | small | proved | withheld | masked beyond | shown or proved | CPU, s | wall, s |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


def usual(seeds: int) -> Iterator[str]:
    """Yield a line for five and for ten tables, of people alone and with visits, at k = 5 and 11."""
    yield HEAD
    for seed in range(1, seeds + 1):
        visits = made(seed, 10_000)
        for name, pairs in (("five tables", FIVE), ("ten tables", TEN)):
            for visits_too in (False, True):
                tables = tables_of(visits, pairs, visits_too=visits_too)
                unit = "visits" if visits_too else "people"
                for k in (5, 11):
                    yield measured(tables, k).line(f"{name}, {unit}, k = {k}, file {seed}")
        tables = tables_of(visits, FIVE, visits_too=True)
        yield measured(tables, 5, dominance=((1, 80.0),)).line(f"five tables, visits, k = 5, nobody 80 %, file {seed}")


def growth(sizes: Sequence[int]) -> Iterator[str]:
    """Yield a line for each size, of people alone at k = 5."""
    yield GROWTH_HEAD
    for size in sizes:
        wider, pairs = GROWTH[size]
        tables = tables_of(made(1, 10_000, wider=wider), pairs, visits_too=False)
        yield measured(tables, 5).growth_line(f"{len(pairs)} tables, categories × {wider}")


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--growth", type=int, nargs="*", choices=GROWTH, help="systems of so many regions instead; all, if none is said"
    )
    parser.add_argument("--seeds", type=int, default=1, help="how many files of people")
    parser.add_argument("--write", action="store_true", help="keep the figures in results.md")
    chosen = parser.parse_args(arguments)
    lines = []
    for line in usual(chosen.seeds) if chosen.growth is None else growth(chosen.growth or list(GROWTH)):
        lines.append(line)
        print(line, flush=True)
    if chosen.write:
        keep("protection" if chosen.growth is None else "growth", "\n".join(lines))


if __name__ == "__main__":
    main(sys.argv[1:])
