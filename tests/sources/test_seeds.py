"""Streams of random numbers: the same on every machine, and no two alike."""

from __future__ import annotations

from itertools import product

import numpy as np

from etabli.sources.seeds import stream


def test_stream_is_the_same_everywhere() -> None:
    assert stream(5, "2024", "visits", number=1).integers(1_000_000, size=3).tolist() == [841949, 48414, 321465]


def test_no_two_streams_are_alike() -> None:
    keys = list(product((0, 1, 2**32, 2**32 + 1), ("", "2024", "2025"), ("", "visits", "2024"), (0, 1, 2)))
    first = [int(stream(seed, *names, number=number).integers(2**62)) for seed, *names, number in keys]
    assert len(set(first)) == len(keys)


def test_zero_is_a_part_of_its_own() -> None:
    """`default_rng(5)` and `default_rng([5, 0])` are one stream: a number of 0 must not vanish in the key."""
    assert np.random.default_rng(5).random() == np.random.default_rng([5, 0]).random()
    assert stream(5).random() != np.random.default_rng(5).random()
    assert stream(5, "a").random() != stream(5, "a", number=1).random()
