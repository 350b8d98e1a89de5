"""A study's statistics held to simulation: is the truth inside its interval as often as it should be?

    python benchmarks/validate.py                    # 400 deliveries of each study that declares `validation.py`
    python benchmarks/validate.py --draws 20 --dry   # fewer, printed and not kept

Each draw is a delivery with a planted truth, and another in which there is nothing to find. What comes of them stands
in `docs/validation/<study>.md` and `.json`, with the digest of the methods that they cover: a test refuses results that
are older than these. Seeds are 0, 1, 2… for the first and 1,000,000 and on for the second, whatever comes out.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import os
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

from scipy import stats

from etabli.runs.code import closure, imported_by

ROOT = Path(__file__).resolve().parents[1]
STUDIES, PAGES = ROOT / "studies", ROOT / "docs" / "validation"
DRAWS, NULL_SEED, LEVEL, REPEATED = 400, 1_000_000, 0.95, 3
"""Deliveries drawn, first seed of those with nothing to find, nominal coverage, draws that CI makes again."""

Drawn = list[tuple[str, float, float, float, float]]


@dataclass(frozen=True)
class Figure:
    """What became of one figure over all deliveries.

    Parameters
    ----------
    truth, bias
        Mean of the truth, and of the estimate less the truth.
    held, drawn
        In how many deliveries its interval holds the truth, of those in which it has one.
    low, high
        Exact 95 % interval of the coverage.
    outcome
        `holds`, `wide` (the coverage is surely above 95 %), `fails` (surely below, all figures taken together).
    """

    name: str
    truth: float
    bias: float
    held: int
    drawn: int
    low: float
    high: float
    outcome: str


@dataclass(frozen=True)
class Finding:
    """How often something was found where there is nothing."""

    name: str
    found: int
    drawn: int
    low: float
    high: float
    outcome: str


def judge(name: str, truths: list[float], errors: list[float], held: int, figures: int) -> Figure:
    """Hold the coverage of a figure to 95 %: it fails when its exact interval, adjusted for all figures, lies below."""
    drawn = len(errors)
    low, high = exact(held, drawn, 0.95)
    surely_low, surely_high = exact(held, drawn, 1 - 0.05 / figures)
    outcome = "fails" if surely_high < LEVEL else "wide" if surely_low > LEVEL else "holds"
    return Figure(name, math.fsum(truths) / drawn, math.fsum(errors) / drawn, held, drawn, low, high, outcome)


def judge_null(name: str, found: int, drawn: int, figures: int) -> Finding:
    """Hold a share of false findings to 5 %: it fails when its exact interval, adjusted, lies wholly above."""
    low, high = exact(found, drawn, 0.95)
    surely_low, _ = exact(found, drawn, 1 - 0.05 / figures)
    return Finding(name, found, drawn, low, high, "fails" if surely_low > 1 - LEVEL else "holds")


def exact(successes: int, trials: int, confidence: float) -> tuple[float, float]:
    """Return the Clopper-Pearson interval of a proportion.

    >>> [round(each, 4) for each in exact(380, 400, 0.95)]
    [0.9238, 0.9692]
    """
    tail = (1 - confidence) / 2
    low = stats.beta.ppf(tail, successes, trials - successes + 1) if successes else 0.0
    high = stats.beta.ppf(1 - tail, successes + 1, trials - successes) if successes < trials else 1.0
    return float(low), float(high)


def studies() -> list[str]:
    """Return the studies that declare a validation."""
    return sorted(path.parent.name for path in STUDIES.glob("*/validation.py"))


def fingerprint(slug: str) -> str:
    """Return the digest of all that the results of a study depend on: its demo data, its figures, the methods."""
    told = sha256()
    for path in sorted((STUDIES / slug).glob("*.py")):
        told.update(path.read_bytes())
    text = (STUDIES / slug / "validation.py").read_text(encoding="utf-8")
    reached = closure(imported_by({"cells": [{"cell_type": "code", "source": text}]}), within="etabli.methods")
    for name, digest in sorted(reached.items()):
        told.update(f"{name} {digest}".encode())
    return told.hexdigest()


@cache
def load(slug: str, name: str) -> ModuleType:
    path, known = STUDIES / slug / f"{name}.py", f"{slug.replace('-', '_')}_{name}"
    spec = importlib.util.spec_from_file_location(known, path, submodule_search_locations=[str(path.parent)])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def draw(slug: str, seed: int) -> Drawn:
    return list(load(slug, "validation").planted(load(slug, "demo").make, seed))


def draw_null(slug: str, seed: int) -> list[tuple[str, bool]]:
    return list(load(slug, "validation").null(load(slug, "demo").make, NULL_SEED + seed))


def validate(slug: str, draws: int) -> dict[str, Any]:
    """Return the results of a study, as they are kept."""
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        planted = list(workers.map(partial(draw, slug), range(draws), chunksize=4))
        nothing = list(workers.map(partial(draw_null, slug), range(draws), chunksize=4))
    figures, findings = judged(planted), judged_null(nothing)
    return {
        "study": slug,
        "draws": draws,
        "people": load(slug, "validation").PEOPLE,
        "fingerprint": fingerprint(slug),
        "first": [
            [[name, *(_kept(value) for value in values)] for name, *values in each] for each in planted[:REPEATED]
        ],
        "figures": [asdict(each) for each in figures],
        "null": [asdict(each) for each in findings],
    }


def judged(planted: Iterable[Drawn]) -> list[Figure]:
    truths: dict[str, list[float]] = {}
    errors: dict[str, list[float]] = {}
    held: dict[str, int] = {}
    for name, truth, estimate, low, high in (each for drawn in planted for each in drawn):
        if math.isfinite(low) and math.isfinite(high):  # elsewhere no interval is printed
            truths.setdefault(name, []).append(truth)
            errors.setdefault(name, []).append(estimate - truth)
            held[name] = held.get(name, 0) + (low <= truth <= high)
    return [judge(name, truths[name], errors[name], held[name], len(truths)) for name in truths]


def judged_null(nothing: Iterable[list[tuple[str, bool]]]) -> list[Finding]:
    found: dict[str, list[bool]] = {}
    for name, is_found in (each for drawn in nothing for each in drawn):
        found.setdefault(name, []).append(is_found)
    return [judge_null(name, sum(each), len(each), len(found)) for name, each in found.items()]


def _kept(value: float) -> float | None:
    return float(f"{value:.9g}") if math.isfinite(value) else None


def page(results: dict[str, Any]) -> str:
    """Return the page of a study's results."""
    reasons = load(results["study"], "validation").REASONS
    lines = [
        f"# Validation of {results['study']}",
        "",
        f"`make validate` drew {results['draws']} deliveries of {results['people']:,} people with a planted truth, and "
        "as many with nothing to find. A figure fails when the exact interval of its coverage, adjusted for the "
        f"{len(results['figures'])} figures, lies wholly below 95 %; it is wide when it lies wholly above. Ratios are "
        "judged on their logarithms. Seeds: 0 and on, 1,000,000 and on, set before anything was drawn.",
        "",
        "| figure | truth (mean) | bias | deliveries | coverage | its exact 95 % interval | outcome |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in results["figures"]:
        why = next((reason for start, reason in reasons.items() if each["name"].startswith(start)), "")
        told = f"wide{f': {why}' if why else ''}" if each["outcome"] == "wide" else each["outcome"]
        lines.append(
            f"| {each['name']} | {each['truth']:.4f} | {each['bias']:+.4f} | {each['drawn']} | "
            f"{each['held'] / each['drawn']:.1%} | {each['low']:.1%} – {each['high']:.1%} | {told} |"
        )
    lines += ["", "| found where there is nothing | deliveries | share | its exact 95 % interval | outcome |"]
    lines += ["|---|---|---|---|---|"]
    for each in results["null"]:
        lines.append(
            f"| {each['name']} | {each['drawn']} | {each['found'] / each['drawn']:.1%} | "
            f"{each['low']:.1%} – {each['high']:.1%} | {each['outcome']} |"
        )
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--study", choices=studies(), action="append")
    parser.add_argument("--dry", action="store_true", help="print the page, keep nothing")
    asked = parser.parse_args()
    failed = False
    for slug in asked.study or studies():
        start = time.monotonic()
        results = validate(slug, asked.draws)
        text = page(results)
        print(f"{text}\n{slug}: {time.monotonic() - start:.0f} s", flush=True)
        failed |= any(each["outcome"] == "fails" for each in (*results["figures"], *results["null"]))
        if not asked.dry:
            PAGES.mkdir(exist_ok=True)
            (PAGES / f"{slug}.md").write_text(text, encoding="utf-8")
            kept = json.dumps(results, indent=1, ensure_ascii=False)
            (PAGES / f"{slug}.json").write_text(f"{kept}\n", encoding="utf-8")
    raise SystemExit(int(failed))


if __name__ == "__main__":
    main()
