"""What is masked in one table, beside τ-Argus and « mask the row »: twenty tables, of two and three dimensions.

    python benchmarks/argus.py                # about two minutes
    python benchmarks/argus.py --write        # and keep the figures in results.md

Everybody stands in one cell, as τ-Argus supposes. τ-Argus (`pytauargus`, of the dependency group `test`) asks that a
reader cannot know a small count to within a margin: 30 % of it, at least 1. « same margin » is our engine asked for
that and nothing more, in whole people; « none to k » is the rule of the house, differences of nested regions included.
τ-Argus works in a process and a folder of its own, both gone afterwards: it writes true counts there.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import ceil, floor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from keeping import keep

from etabli.disclosure.moves import all_moves
from etabli.disclosure.patterns import System, build
from etabli.disclosure.plan import BUDGET, seed_of
from etabli.disclosure.suppress import Start, choose
from etabli.disclosure.targets import Target, targets_of
from etabli.methods import profiles
from etabli.methods.membership import Population, mark_population
from etabli.methods.results import Table

K = 5
MARGIN, LEAST_MARGIN = 0.3, 1.0
"""What τ-Argus makes of `FREQ(5,30)`: read in the file that it gives to its solver."""

SECONDS = 60
"""What τ-Argus may spend on one table."""

WORST = 1.1
"""Masked cells of ours for one of τ-Argus, with the same margin: more is a failure."""

Cell = tuple[str, ...]
"""A category of each dimension; empty: all of them together."""


@dataclass(frozen=True)
class Masked:
    """The cells that one way masks, and of how many it says itself that they are not safe, or not proved."""

    cells: set[Cell]
    unsafe: int = 0


@dataclass(frozen=True)
class Case:
    """One table: people, a category each of every dimension."""

    name: str
    people: pd.DataFrame

    @property
    def dimensions(self) -> list[str]:
        return [name for name in self.people.columns if name != "recipient"]


def cases() -> Iterator[Case]:
    """Yield twelve tables of two dimensions and eight of three, one in two of them skewed."""
    for number in range(20):
        random = np.random.default_rng(number)
        flat = number < 12
        levels = (
            (int(random.integers(6, 13)), int(random.integers(4, 9)))
            if flat
            else (int(random.integers(4, 7)), int(random.integers(3, 6)), int(random.integers(2, 4)))
        )
        skewed = number % 2 == 1
        yield Case(
            f"{' × '.join(map(str, levels))}, {'skewed' if skewed else 'even'}", _people(random, levels, skewed=skewed)
        )


def _people(random: np.random.Generator, levels: Sequence[int], *, skewed: bool) -> pd.DataFrame:
    """Return people of whom few, but some, stand in small cells: fewer a cell where all are nearly as likely."""
    size = int(np.prod(levels)) * (20 if skewed else 8)
    columns: dict[str, object] = {"recipient": [f"p{each}" for each in range(size)]}
    for name, number in zip("abc", levels, strict=False):
        weight = np.exp(-(0.5 if skewed else 0.15) * np.arange(number))
        drawn = random.choice(number, size, p=weight / weight.sum())
        columns[name] = pd.Categorical.from_codes(drawn.tolist(), pd.Index([f"{name}{each}" for each in range(number)]))
    return pd.DataFrame(columns)


# Ours ------------------------------------------------------------------------------------------------


def tables_of(case: Case) -> list[Table]:
    """Return a table and all its margins; of three dimensions: a crosstab for all, and one a category of the last."""
    down, across, *last = case.dimensions
    found = [profiles.crosstab(mark_population(case.people, Population("one")), down, by=across)]
    for name in last:
        for code in case.people[name].cat.categories:
            part = case.people[case.people[name] == code].reset_index(drop=True)
            found.append(profiles.crosstab(mark_population(part, Population("one", ((name, code),))), down, by=across))
    return found


def same_margin(system: System, _: Sequence[Table]) -> list[Target]:
    """Return what τ-Argus asks for: small counts, within their margin, in whole people."""
    found = []
    for region in np.flatnonzero((system.people > 0) & (system.people < K)):
        count = int(system.people[region])
        margin = max(LEAST_MARGIN, MARGIN * count)
        found.append(Target((int(region),), (1,), count, (floor(count - margin), ceil(count + margin))))
    return found


def none_to_k(system: System, tables: Sequence[Table]) -> list[Target]:
    return targets_of(system, tables, minimum=K)


def masked_by_us(case: Case, asked: Callable[[System, Sequence[Table]], list[Target]]) -> Masked:
    """Return the cells that our engine masks, withheld ones among them."""
    tables = tables_of(case)
    system = build(tables)
    small = np.asarray((system.people > 0) & (system.people < K), dtype=bool)
    exact = np.zeros(len(system.facts))
    targets = asked(system, tables)
    moves = all_moves(system, targets, small=K)
    start = Start.alone(small, exact, exact)
    plan = choose(system, moves, targets, start, seed=seed_of(system), budget=BUDGET)
    here = [dict(region.categories) for region in system.regions]
    cells = {tuple(here[i].get(name, "") for name in case.dimensions) for i in np.flatnonzero(plan.masked)}
    return Masked(cells, int(plan.withheld.sum()))


# « Mask the row », and τ-Argus -------------------------------------------------------------------------


def counts_of(case: Case) -> Counter[Cell]:
    """Return the people of every cell, margins included."""
    found: Counter[Cell] = Counter()
    for own in case.people[case.dimensions].astype(str).itertuples(index=False):
        for kept in product((True, False), repeat=len(own)):
            found[tuple(code if keep else "" for code, keep in zip(own, kept, strict=True))] += 1
    return found


def masked_by_rows(case: Case) -> Masked:
    """Return all of a row that holds a small count: what is proved of it is nothing."""
    rows = {cell[0] for cell, people in counts_of(case).items() if people < K}
    return Masked({cell for cell in all_cells(case) if cell[0] in rows})


def all_cells(case: Case) -> list[Cell]:
    return list(product(*(["", *case.people[name].cat.categories] for name in case.dimensions)))


def masked_by_argus(case: Case, method: str) -> Masked:
    """Return the cells that τ-Argus masks, by `OPT` or `MOD`, and how many its own audit finds unsafe."""
    with tempfile.TemporaryDirectory(prefix="argus-") as folder:
        given = {
            "columns": {name: case.people[name].astype(str).to_list() for name in case.dimensions},
            "suppress": {"OPT": f"OPT(1,{SECONDS})", "MOD": f"MOD(1,{SECONDS},0,0,0)"}[method],
            "rule": f"FREQ({K},{round(100 * MARGIN)})",
            "folder": folder,
        }
        done = subprocess.run(
            [sys.executable, str(Path(__file__)), "--worker"],
            input=json.dumps(given), capture_output=True, text=True, check=False, cwd=folder, timeout=3 * SECONDS,
        )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"τ-Argus failed on {case.name}:\n{done.stderr}")
    answer = json.loads(done.stdout.splitlines()[-1])
    cells = {tuple("" if code == "Total" else code for code in cell) for cell in answer["masked"]}
    return Masked(cells, answer["unsafe"])


def work() -> None:
    """Protect one table by τ-Argus: what is asked for comes by the standard input, the answer is the last line."""
    from pytauargus import protect

    given = json.load(sys.stdin)
    names = list(given["columns"])
    columns = {**given["columns"], "n": [1.0] * len(given["columns"][names[0]])}
    found: Any = protect(
        columns, names, response="n", safety_rules=given["rule"], suppress=given["suppress"], workdir=given["folder"]
    )
    cells = found.tables[0].dataframe()
    hidden = cells["status"].isin(["U", "M"])
    masked = cells.loc[hidden, names].astype(str).to_numpy().tolist()
    unsafe = sum(bool(each["unsafe"]) for each in found.engine.audit(0))
    print()
    print(json.dumps({"masked": masked, "unsafe": unsafe}))


# Side by side ----------------------------------------------------------------------------------------

WAYS: dict[str, Callable[[Case], Masked]] = {
    "τ-Argus, optimal": lambda case: masked_by_argus(case, "OPT"),
    "τ-Argus, modular": lambda case: masked_by_argus(case, "MOD"),
    "ours, same margin": lambda case: masked_by_us(case, same_margin),
    "ours, none to k": lambda case: masked_by_us(case, none_to_k),
    "« mask the row »": masked_by_rows,
}

HEAD = f"| table of people, k = {K} | cells | small | {' | '.join(WAYS)} |\n| --- | --- | --- |{' --- |' * len(WAYS)}"


@dataclass
class Sums:
    """All tables together: cells, people counted in masked ones, cells that a way says are not safe, seconds."""

    cells: int = 0
    small: int = 0
    people: int = 0
    masked: Counter[str] = field(default_factory=Counter)
    hidden: Counter[str] = field(default_factory=Counter)
    unsafe: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)


def compared(chosen: Sequence[Case], sums: Sums) -> Iterator[str]:
    """Yield one line a table: the share of its cells that each way masks."""
    for case in chosen:
        counts = counts_of(case)
        cells, small = len(all_cells(case)), sum(people < K for people in counts.values())
        sums.cells, sums.small, sums.people = sums.cells + cells, sums.small + small, sums.people + counts.total()
        shares = []
        for name, way in WAYS.items():
            start = time.perf_counter()
            masked = way(case)
            sums.seconds[name] += time.perf_counter() - start
            sums.masked[name] += len(masked.cells)
            sums.hidden[name] += sum(counts[cell] for cell in masked.cells)
            sums.unsafe[name] += masked.unsafe
            shares.append(f"{len(masked.cells) / cells:.1%}")
        yield f"| {case.name} | {cells} | {small} | {' | '.join(shares)} |"


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="keep the figures in results.md")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.worker:
        work()
        return
    sums, lines = Sums(), [HEAD]
    print(HEAD)
    for line in compared(list(cases()), sums):
        lines.append(line)
        print(line, flush=True)
    ends = {
        "all cells": [f"{sums.masked[name] / sums.cells:.1%}" for name in WAYS],
        "all people counted": [f"{sums.hidden[name] / sums.people:.1%}" for name in WAYS],
        "cells not safe, by its own audit": [str(sums.unsafe[name]) for name in list(WAYS)[:-1]] + ["not known"],
        "seconds": [f"{sums.seconds[name]:.0f}" for name in WAYS],
    }
    for name, figures in ends.items():
        lines.append(f"| {name} | {sums.cells} | {sums.small} | {' | '.join(figures)} |")
        print(lines[-1])
    worse = sums.masked["ours, same margin"] / sums.masked["τ-Argus, optimal"]
    lines.append(f"\nMasked cells of ours for one of τ-Argus, with the same margin: {worse:.2f} (at most {WORST}).")
    print(lines[-1])
    if asked.write:
        keep("argus", "\n".join(lines))
    if worse > WORST:
        raise SystemExit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
