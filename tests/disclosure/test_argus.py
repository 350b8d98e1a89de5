"""Masks of one table beside τ-Argus: with the same margin, at most a tenth more."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("pytauargus") is None, reason="pytauargus has no wheel for this system"
    ),
]


@pytest.fixture(scope="module")
def argus() -> Any:
    spec = importlib.util.spec_from_file_location("argus_trials", BENCHMARKS / "argus.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(BENCHMARKS))  # as if the script was run: it asks for its neighbour
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(BENCHMARKS))
    return module


@pytest.mark.parametrize("number", [1, 12, 16], ids=["two dimensions", "three dimensions", "three, other sizes"])
def test_same_margin_masks_little_more_than_optimal(argus: Any, number: int) -> None:
    case = list(argus.cases())[number]
    small = {cell for cell in argus.all_cells(case) if 0 < argus.counts_of(case)[cell] < argus.K}
    theirs, ours = argus.masked_by_argus(case, "OPT"), argus.masked_by_us(case, argus.same_margin)
    assert small
    assert small <= theirs.cells
    assert small <= ours.cells
    assert theirs.unsafe == ours.unsafe == 0
    assert len(ours.cells) <= argus.WORST * len(theirs.cells)
    assert len(ours.cells) < len(argus.masked_by_rows(case).cells)
