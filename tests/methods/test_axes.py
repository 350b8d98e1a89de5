"""Axes beyond chance: none where nothing is associated, those of the classes where there are classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from etabli.methods.answers import answers_of
from etabli.methods.axes import KeptAxes, kept_axes
from etabli.methods.correspondence import correspondence

Plant = Callable[..., tuple[pd.DataFrame, Any]]


def kept(frame: pd.DataFrame) -> KeptAxes:
    answers = answers_of(frame, [name for name in frame if name != "recipient"])
    return kept_axes(answers, correspondence(answers))


def test_nothing_is_found_where_nothing_is_associated() -> None:
    """Forty files: at 5 % each, more than six findings would come once in 150 times."""
    rng = np.random.default_rng(11)
    found = 0
    for _ in range(40):
        frame = pd.DataFrame(rng.integers(0, 3, (200, 5)).astype(str), columns=[*"abcde"])
        found += kept(frame).number > 0
    assert found <= 6


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_classes_make_as_many_axes_less_one(classes: int, plant: Plant) -> None:
    frame, _ = plant(1_500, classes=classes, noise=0.4)
    assert kept(frame).number == classes - 1


def test_axis_beyond_chance_that_is_not_needed_is_not_kept() -> None:
    assert KeptAxes(np.array([0.2, 0.2, 0.2]), beyond_chance=3, needed=2).number == 2
    assert KeptAxes(np.array([0.2, 0.2, 0.2]), beyond_chance=1, needed=2).number == 1
