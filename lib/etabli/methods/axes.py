"""How many axes of a correspondence analysis say more than chance, and are needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etabli.methods.answers import Answers
from etabli.methods.clusters import Floats
from etabli.methods.correspondence import Correspondence, eigenvalues_of

SHUFFLES, SEED = 99, 20_242
"""Files without any association that the axes are held to, and what they are drawn with."""

LEVEL = 0.95
"""Of the eigenvalues that chance gives, those that an axis must exceed."""

ENOUGH = 0.95
"""Share of the modified inertia (Benzécri) beyond which a further axis is not needed for classes: a usual choice of
practice, not a norm."""


@dataclass(frozen=True)
class KeptAxes:
    """How many axes are kept, and why.

    Parameters
    ----------
    chance
        For each axis, the eigenvalue that chance alone exceeds once in twenty (axes,).
    beyond_chance
        How many first axes exceed it.
    needed
        How many first axes make `ENOUGH` of the modified inertia.
    """

    chance: Floats
    beyond_chance: int
    needed: int

    @property
    def number(self) -> int:
        """How many are kept: those that are needed, none of which may be chance."""
        return min(self.beyond_chance, self.needed)


def kept_axes(answers: Answers, analysis: Correspondence) -> KeptAxes:
    """Return which axes are kept: those beyond chance (parallel analysis by permutation), as far as they are needed.

    The answers to each variable are shuffled among the people, each variable by itself: its categories keep their
    numbers, and nothing is associated any more. An axis is beyond chance when its eigenvalue exceeds the 95th
    percentile of those of its rank in 99 such files, and all axes before it do. The more people, the smaller what is
    beyond chance: hence the second condition.

    References
    ----------
    Horn (1965), Psychometrika 30, 179–185; Buja and Eyuboglu (1992), Multivariate Behavioral Research 27, 509–540
    (permutation, percentile).
    """
    people = np.repeat(answers.codes, answers.weights, axis=0)
    rng = np.random.default_rng(SEED)
    size = len(analysis.eigenvalues)
    drawn = np.empty((SHUFFLES, size))
    for place in range(SHUFFLES):
        shuffled = np.column_stack([rng.permutation(each) for each in people.T])
        drawn[place] = eigenvalues_of(shuffled, answers.sizes, analysis.frequencies, analysis.active)[:size]
    chance = np.quantile(drawn, LEVEL, axis=0, method="higher")
    beyond = analysis.eigenvalues > chance
    needed = int((np.cumsum(analysis.benzecri) < ENOUGH - 1e-9).sum()) + 1
    return KeptAxes(chance, int(np.argmin(np.append(beyond, False))), min(needed, size))
