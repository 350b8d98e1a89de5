"""Append-only files: a changed or missing line is said, two writers lose nothing."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from etabli.errors import DeliveryError
from etabli.sources.chain import append, entries


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "ledger" / "lines.jsonl"
    for number in range(4):
        append(path, {"number": number, "word": "é"}, shown="lines")
    return path


def test_lines_are_read_as_they_were_written(path: Path) -> None:
    assert entries(path, shown="lines") == [{"number": number, "word": "é"} for number in range(4)]


def test_file_that_is_not_there_has_no_line(tmp_path: Path) -> None:
    assert entries(tmp_path / "none.jsonl", shown="none") == []


@pytest.mark.parametrize("broken", ["changed", "removed", "swapped", "half"])
def test_broken_chain_is_said_and_never_gone_on_with(path: Path, broken: str) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    if broken == "changed":
        lines[1] = json.dumps({**json.loads(lines[1]), "number": 7}, ensure_ascii=False, sort_keys=True)
    elif broken == "removed":
        del lines[1]
    elif broken == "swapped":
        lines[1], lines[2] = lines[2], lines[1]
    else:
        lines[3] = lines[3][:20]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(DeliveryError, match="a été modifié") as raised:
        entries(path, shown="lines")
    assert str(raised.value.where).startswith("lines, ligne ")
    with pytest.raises(DeliveryError, match="a été modifié"):
        append(path, {"number": 9}, shown="lines")


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: append(path, {"number": number}, shown="lines"), range(20)))
    assert sorted(each["number"] for each in entries(path, shown="lines")) == list(range(20))
