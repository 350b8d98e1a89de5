"""What a typology costs as people are more, step by step, beside prince and scipy, and what protecting it costs.

    python benchmarks/typology.py                  # 1,000, 10,000 and 60,000 people; a minute or two
    python benchmarks/typology.py --people 5000    # others
    python benchmarks/typology.py --write          # and keep the figures in results.md

Eight variables of four categories; four classes, half of the answers drawn at random. CPU seconds of one process.
"""

from __future__ import annotations

import argparse
import resource
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from keeping import keep
from scipy.cluster import hierarchy

from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import protect
from etabli.methods.answers import answers_of
from etabli.methods.axes import kept_axes
from etabli.methods.correspondence import correspondence
from etabli.methods.membership import Population, mark_population
from etabli.methods.partition import by_size, partition
from etabli.methods.stability import adjusted_rand, stability
from etabli.methods.typology import typology

NAMES, NOISE, CLASSES, K = [f"v{n}" for n in range(8)], 0.5, 4, 5
PEOPLE = [1_000, 10_000, 60_000]
MOST_OF_SCIPY = 10_000
"""People beyond whom scipy's hierarchy is not tried: all distances between 10,000 are 400 MB."""


def drawn(people: int) -> tuple[pd.DataFrame, Any]:
    rng = np.random.default_rng(1)
    of = rng.integers(0, CLASSES, people)
    usual = np.array([[(3 * each + place * (each + 1)) % 4 for place in range(8)] for each in range(CLASSES)])
    answers = usual[of]
    is_noise = rng.random(answers.shape) < NOISE
    answers[is_noise] = rng.integers(0, 4, int(is_noise.sum()))
    frame = pd.DataFrame(answers.astype(str), columns=pd.Index(NAMES))
    frame.insert(0, "recipient", [f"p{place:06d}" for place in range(people)])
    return mark_population(frame, Population("d" * 64)), of


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    found = work()
    return found, time.process_time() - start


def measured(people: int) -> list[str]:
    """Return the figures of a line of the table of steps."""
    frame, of = drawn(people)
    answers, patterns = timed(lambda: answers_of(frame, NAMES))
    analysis, axes = timed(lambda: correspondence(answers))
    kept, chance = timed(lambda: kept_axes(answers, analysis))
    points = analysis.people(answers.indicator())[:, : kept.number]
    made, classes = timed(lambda: partition(points, answers.weights))
    labels = by_size(made.labels, answers.weights)
    passive = np.zeros(len(analysis.active), dtype=bool)
    again = {"axes": kept.number, "passive": passive, "number": made.number}
    _, draws = timed(lambda: stability(answers, labels, **again))
    found, whole = timed(lambda: typology(frame, on=NAMES))
    agreement = adjusted_rand(pd.crosstab(found.people["typology"].to_numpy(), of).to_numpy(dtype=float))
    protected, guarded = timed(lambda: protect([found.sizes, found.description], Policy("funder", K, ())))
    masked = protected.of(found.description).masked.mean()
    _, theirs = timed(lambda: of_prince(frame))
    tree = (
        timed(lambda: hierarchy.linkage(points[answers.of_person], method="ward"))[1]
        if people <= MOST_OF_SCIPY
        else None
    )
    steps = [patterns + axes, chance, classes, draws, whole, guarded, theirs]
    return [
        f"{people:,}",
        f"{len(answers.weights):,}",
        *(f"{each:.2f}" for each in steps),
        "–" if tree is None else f"{tree:.2f}",
        f"{agreement:.2f}",
        f"{100 * masked:.0f} %",
    ]


def of_prince(frame: pd.DataFrame) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from prince import MCA

        MCA(n_components=5).fit(frame[NAMES])


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--people", type=int, nargs="*", default=PEOPLE)
    asked.add_argument("--write", action="store_true")
    told = asked.parse_args()
    of_prince(drawn(200)[0])  # its imports, in none of the figures
    head = (
        "people", "different answers", "axes", "chance", "classes", "50 draws", "all of `typology`",
        f"protection (k = {K})", "prince: axes", "scipy: hierarchy", "adjusted Rand", "masked",
    )  # fmt: skip
    lines = [head, ["---"] * len(head), *(measured(each) for each in told.people)]
    text = "\n".join(f"| {' | '.join(each)} |" for each in lines)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    text += f"\n\nCPU seconds; peak of the process, scipy's distances included: {peak:.0f} MiB."
    print(text)
    if told.write:
        keep("typology", text)


if __name__ == "__main__":
    main()
