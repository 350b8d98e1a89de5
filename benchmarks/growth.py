"""What one run of `caf-flows` costs as its files grow: CPU seconds, and the memory of its largest process.

    python benchmarks/growth.py                    # 25,000, 250,000 and 1,000,000 visits; about half an hour
    python benchmarks/growth.py --visits 25000     # others
    python benchmarks/growth.py --write            # and keep the figures in results.md

The run stays in the house (`internal`): nothing is protected. Its files are read beforehand (`etabli check`), since a
delivery is converted once. `imports` is what a kernel costs that imports the same and does nothing: the computation is
the rest. The second run finds what the first one computed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from keeping import keep

ROOT = Path(__file__).parent.parent
VISITS = [25_000, 250_000, 1_000_000]
MOST_SECONDS, MOST_GIB = 15.0, 4.0
"""What 25,000 visits may cost beyond the imports, and how large a run of a million may be."""

IMPORTS = "from etabli.methods import contacts, counts, everyone, logit, profiles, representation, returns; "
IMPORTS += "import statsmodels.discrete.discrete_model, etabli.present.figures"


@dataclass(frozen=True)
class Cost:
    """CPU seconds, and MiB of the largest process."""

    cpu: float
    peak: float


def cost_of(words: Sequence[str], project: Path) -> Cost:
    """Return what a command and its children cost: waited for in a process of its own, so that peaks do not mix."""
    told = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], capture_output=True, text=True)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)\n"
        "sys.exit(done.stdout + done.stderr if done.returncode else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", told, *words],
        env={**os.environ, "ETABLI_PROJECT": str(project)},
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stderr[-2000:]}")
    cpu, peak = map(float, done.stdout.split())
    return Cost(cpu, peak)


def row(visits: int, project: Path) -> tuple[str, float, float]:
    """Return the line of a size, its seconds of computation, and the GiB of its largest process."""
    command = [sys.executable, "-m", "etabli"]
    demo = cost_of([*command, "demo", "caf-flows", "--rows", str(visits)], project)
    check = cost_of([*command, "check", "caf-flows"], project)
    imports = cost_of([sys.executable, "-c", IMPORTS], project)
    first, second = (cost_of([*command, "run", "caf-flows"], project) for _ in range(2))
    computed = first.cpu - imports.cpu
    figures = [demo.cpu, demo.peak, check.cpu, check.peak, imports.cpu, computed, first.peak, second.cpu - imports.cpu]
    cells = [f"{each:,.0f}" if each >= 10 else f"{each:.1f}" for each in figures]
    return f"| {visits:,} | {' | '.join(cells)} |", computed, first.peak / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, nargs="*", default=VISITS)
    parser.add_argument("--write", action="store_true", help="keep the figures in results.md")
    asked = parser.parse_args()
    lines = [
        "| visits | demo, CPU s | MiB | checked, CPU s | MiB | imports, CPU s | computed, CPU s | MiB | again, CPU s |",
        "| --- |" + " --- |" * 8,
    ]
    held = []
    for visits in asked.visits:
        with tempfile.TemporaryDirectory() as folder:
            project = Path(folder)
            for name in ("studies", "notebooks", "data/reference"):
                shutil.copytree(ROOT / name, project / name)
            shutil.copy(ROOT / "requirements.lock", project)
            line, seconds, gib = row(visits, project)
        print(line, flush=True)
        lines.append(line)
        held += [seconds <= MOST_SECONDS] if visits <= VISITS[0] else []
        held += [gib <= MOST_GIB] if visits <= VISITS[-1] else []
    asking = f"Asked: {MOST_SECONDS:.0f} s of computation at 25,000 visits, {MOST_GIB:.0f} GiB at a million: "
    lines += ["", asking + ("held." if all(held) else "not held.")]
    print(lines[-1])
    if asked.write:
        keep("growth of a study", "\n".join(lines))
    if not all(held):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
