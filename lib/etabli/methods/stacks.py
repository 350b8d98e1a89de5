"""Contacts of several files, one under the other: visits at the desk, contacts online, by phone.

They are put together to be looked through, never to be counted: a count tells of the rows of one delivery, and a stack
has none. Columns of person, moment, channel and request must have the same names in all files.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from etabli.methods.clusters import Integers, column, encode
from etabli.methods.following import moments_of


def stacked(frames: Sequence[pd.DataFrame], person: str, at: str, coded: Sequence[str]) -> pd.DataFrame:
    """Return the rows of several files one under the other: person, moment, and variables with the codes of all."""
    columns: dict[str, object] = {
        person: np.concatenate([column(each, person).to_numpy(dtype=object) for each in frames]),
        at: pd.concat([moments_of(each, at) for each in frames], ignore_index=True),
    }
    for name in coded:
        each = [encode(frame, name) for frame in frames]
        levels = list(dict.fromkeys(level for one in each for level in one.levels))
        places = [np.array([*(levels.index(level) for level in one.levels), -1], dtype=np.int64) for one in each]
        codes = np.concatenate([place[one.codes] for place, one in zip(places, each, strict=True)])
        columns[name] = categorical(codes, levels)
    return pd.DataFrame(columns)


def categorical(codes: Integers, names: Sequence[str]) -> pd.Categorical[str]:
    """Return codes as categories, −1 being missing."""
    return pd.Categorical.from_codes(codes.tolist(), categories=pd.Index(list(names)))
