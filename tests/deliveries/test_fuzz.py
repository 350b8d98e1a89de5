"""A fixed few hundred of the damaged files of `make fuzz`, and what the harness itself must tell apart."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from random import Random

import pytest

from etabli.sources.conversion import Child
from etabli.sources.readers import READERS, read

_SPEC = importlib.util.spec_from_file_location("fuzzing", Path(__file__).with_name("fuzzing.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
fuzzing = importlib.util.module_from_spec(_SPEC)
sys.modules["fuzzing"] = fuzzing  # dataclasses look for their module
_SPEC.loader.exec_module(fuzzing)

SAME = {".xlsm": ".xlsx"}
"""Formats that are another one under another name."""


def test_every_format_is_damaged(tmp_path: Path) -> None:
    assert set(fuzzing.originals(tmp_path)) == set(READERS) - set(SAME)


def test_originals_are_sound(tmp_path: Path) -> None:
    for suffix, content in fuzzing.originals(tmp_path).items():
        path = tmp_path / f"sound{suffix}"
        path.write_bytes(content)
        assert len(read(path, shown=path.name).frame) >= 4


def test_a_file_follows_from_its_number(tmp_path: Path) -> None:
    hours = {".xlsx", ".ods", ".sav", ".zsav", ".dta", ".xpt", ".por"}  # the hour is written in them
    once, again = (list(fuzzing.files(100, 13, tmp_path)) for _ in range(2))
    assert [each for each in once if each[1] not in hours] == [each for each in again if each[1] not in hours]
    assert fuzzing.mutated(b"a" * 100, Random(5)) == fuzzing.mutated(b"a" * 100, Random(5)) != b"a" * 100


@pytest.mark.slow
def test_damaged_files_give_a_frame_or_a_message(tmp_path: Path) -> None:
    outcome = fuzzing.fuzz(0, 390, tmp_path)
    assert outcome.faults == []
    assert sum(outcome.counts.values()) == 390
    for suffix in set(READERS) - set(SAME):
        assert outcome.counts[suffix, "refused"] > 0
    assert sum(count for (_, kind), count in outcome.counts.items() if kind == "frame") > 50


def test_exception_of_ours_that_ends_the_child_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Child, "do", _broken)
    outcome = fuzzing.fuzz(0, 1, tmp_path)
    assert outcome.faults == ["file 0 (.csv): ZeroDivisionError"]


def _broken(*_: object) -> None:
    raise ZeroDivisionError
