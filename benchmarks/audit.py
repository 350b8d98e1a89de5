"""How long a ledger of many cells is attacked: `python benchmarks/audit.py --cells 5000`.

10,000 people with eight lasting characteristics and a channel, all pairs of them crossed, for everybody and in each
of four quarters, protected one report after the other, until so many distinct regions are shown or masked.
"""

from __future__ import annotations

import argparse
import time
from itertools import combinations, product
from math import ceil

import numpy as np
import pandas as pd
from keeping import keep

from etabli.disclosure.attacker import attack
from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import protect
from etabli.disclosure.statements import Publication, SourceTold
from etabli.methods import profiles
from etabli.methods.membership import Population, mark_population
from etabli.present.said import statements_of, variables_of

PEOPLE, K = 10_000, 5
TRAITS = [f"trait_{n}" for n in range(8)]


def frames(rng: np.random.Generator) -> list[pd.DataFrame]:
    """Everybody's visits, then those of each quarter."""
    who = np.repeat(np.arange(PEOPLE), rng.integers(1, 5, PEOPLE))
    made = pd.DataFrame({"recipient": who.astype(str)})
    for name in TRAITS:
        made[name] = rng.choice(list("abcdef"), PEOPLE, p=[0.4, 0.25, 0.15, 0.1, 0.07, 0.03])[who]
    made["quarter"] = rng.choice(list("wxyz"), PEOPLE)[who]
    made["channel"] = rng.choice(["desk", "phone"], len(who), p=[0.7, 0.3])
    parts = [made[made["quarter"] == code].reset_index(drop=True) for code in "wxyz"]
    marked = [
        mark_population(part, Population("s", (("quarter", code),))) for part, code in zip(parts, "wxyz", strict=True)
    ]
    return [mark_population(made, Population("s")), *marked]


def publications(cells: int) -> tuple[list[Publication], int]:
    """Return reports of one table each, and how many distinct regions they speak of."""
    found, regions = [], set()
    for frame, pair in product(frames(np.random.default_rng(1)), combinations([*TRAITS, "channel"], 2)):
        if len(regions) >= cells:
            break
        table = profiles.crosstab(frame, pair[0], by=pair[1])
        protection = protect([table], Policy("funder", K, ("essai",)))
        places = [("tableau-1", table, row, measure) for row in range(len(table.cells)) for measure in table.measures]
        told = statements_of(places, protection)
        regions |= {each.quantity.region for each in told}
        report = f"essai/{len(found)}"
        found.append(Publication(report, {"s": SourceTold("visits", "caf", K)}, variables_of([table]), tuple(told)))
    return found, len(regions)


HEAD = (
    "| cells | reports | numbers asked for | known | not settled | work, s | wall, s |\n"
    "| --- | --- | --- | --- | --- | --- | --- |"
)


def measured(cells: int) -> str:
    """Return one line: what an attack on so many cells asks for, finds and takes."""
    told, regions = publications(cells)
    start, work = time.monotonic(), time.process_time()
    found = attack(told, explained=0)
    seconds, spent = time.monotonic() - start, time.process_time() - work
    return (
        f"| {regions} | {len(told)} | {found.aims} | {len(found.findings)} | {found.unsettled} "
        f"| {spent:.0f} | {ceil(seconds)} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, nargs="+", default=[250, 500, 1_500, 5_000])
    parser.add_argument("--write", action="store_true", help="keep the figures in results.md")
    asked = parser.parse_args()
    lines = [HEAD]
    print(HEAD)
    for cells in asked.cells:
        lines.append(measured(cells))
        print(lines[-1], flush=True)
    if asked.write:
        keep("audit", "\n".join(lines))


if __name__ == "__main__":
    main()
