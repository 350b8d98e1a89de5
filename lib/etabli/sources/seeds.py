"""Streams of random numbers that have nothing in common: one for each seed, edition, source and chunk of dummy data."""

from __future__ import annotations

from hashlib import sha256

import numpy as np


def stream(seed: int, *names: str, number: int = 0) -> np.random.Generator:
    """Return the random numbers of one part of a draw.

    Names go in as 128 bits of their SHA-256, which no machine and no process computes otherwise, and every key has
    the same length whatever the names: no two keys are written alike (`numpy.random.SeedSequence`).

    Parameters
    ----------
    seed
        Of the whole draw, at least 0.
    names
        Of the part: an edition, a source. Always the same number of them for the same use.
    number
        Of the part among those of these names, from 0.

    Examples
    --------
    >>> one, other = (stream(5, "2024", source).integers(1_000_000) for source in ("visits", "people"))
    >>> bool(one != other), bool(one == stream(5, "2024", "visits").integers(1_000_000))
    (True, True)
    """
    words = [word for name in names for word in np.frombuffer(sha256(name.encode()).digest()[:16], "<u4").tolist()]
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(*words, number)))
