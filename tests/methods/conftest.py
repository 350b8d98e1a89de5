"""People whose answers follow from a class that nobody is told: what a typology must find again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from etabli.methods.membership import Population, mark_population

Planted = tuple[pd.DataFrame, NDArray[np.int64]]
Plant = Callable[..., Planted]


@pytest.fixture
def plant() -> Plant:
    """Return a maker of people of so many classes, eight variables of four categories, and the class of each.

    Each class answers each variable in its own way; a share `noise` of the answers is drawn at random instead.
    """

    def _plant(people: int, *, noise: float, classes: int = 4, seed: int = 1) -> Planted:
        rng = np.random.default_rng(seed)
        of = rng.integers(0, classes, people)
        usual = np.array([[(3 * each + place * (each + 1)) % 4 for place in range(8)] for each in range(classes)])
        answers = usual[of]
        is_noise = rng.random(answers.shape) < noise
        answers[is_noise] = rng.integers(0, 4, int(is_noise.sum()))
        frame = pd.DataFrame(answers.astype(str), columns=[f"v{place}" for place in range(8)])
        frame.insert(0, "recipient", [f"p{place:06d}" for place in range(people)])
        return mark_population(frame, Population("d" * 64)), of

    return _plant
