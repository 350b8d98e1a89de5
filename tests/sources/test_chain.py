"""A file that only grows: nothing is lost between two writers, nothing is changed unsaid."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from etabli.errors import DeliveryError
from etabli.sources.chain import append, entries, read_chain

SHOWN = "data/ledger/x.jsonl"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger" / "x.jsonl"


def fill(path: Path, count: int = 3) -> None:
    for number in range(count):
        append(path, {"n": number, "nom": "éà"}, shown=SHOWN)


def test_no_file_holds_nothing(path: Path) -> None:
    assert entries(path, shown=SHOWN) == []


def test_lines_come_back_in_order(path: Path) -> None:
    fill(path)
    assert entries(path, shown=SHOWN) == [{"n": n, "nom": "éà"} for n in range(3)]
    assert append(path, {"n": 3}, shown=SHOWN) == 4


def change(path: Path, number: int, before: str, after: str) -> None:
    lines = path.read_text(encoding="utf-8").split("\n")
    lines[number - 1] = lines[number - 1].replace(before, after)
    path.write_text("\n".join(lines), encoding="utf-8", newline="\n")


@pytest.mark.parametrize("number", [1, 2, 3])
def test_changed_line_is_told(number: int, path: Path) -> None:
    fill(path)
    change(path, number, f'"n": {number - 1}', '"n": 9')
    with pytest.raises(DeliveryError) as caught:
        entries(path, shown=SHOWN)
    assert str(caught.value.where) == f"{SHOWN}, ligne {min(number + 1, 3)}"


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_lines_cut_off_the_end_are_told(kept: int, path: Path) -> None:
    fill(path)
    lines = path.read_bytes().split(b"\n")[:kept]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    with pytest.raises(DeliveryError) as caught:
        entries(path, shown=SHOWN)
    assert (caught.value.expected, caught.value.got) == ("au moins 3 lignes", str(kept))


def test_swapped_lines_are_told(path: Path) -> None:
    fill(path)
    one, two, three, _ = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([two, one, three, b""]))
    with pytest.raises(DeliveryError, match="ligne 1"):
        entries(path, shown=SHOWN)


def test_nothing_is_added_to_a_changed_file(path: Path) -> None:
    fill(path)
    change(path, 2, '"n": 1', '"n": 9')
    before = path.read_bytes()
    with pytest.raises(DeliveryError):
        append(path, {"n": 3}, shown=SHOWN)
    assert path.read_bytes() == before


def test_half_written_last_line_is_left_out_and_told(path: Path) -> None:
    fill(path)
    with path.open("ab") as file:
        file.write('{"n": 3, "nom": "é'.encode()[:-1])
    chain = read_chain(path, shown=SHOWN)
    assert ([each["n"] for each in chain.entries], chain.torn) == ([0, 1, 2], True)


def test_next_line_stands_where_the_half_written_one_was(path: Path) -> None:
    fill(path)
    with path.open("ab") as file:
        file.write(b'{"n": 3, "no')
    append(path, {"n": 4}, shown=SHOWN)
    chain = read_chain(path, shown=SHOWN)
    assert ([each["n"] for each in chain.entries], chain.torn) == ([0, 1, 2, 4], False)
    assert path.with_name("x.jsonl.torn-4").read_bytes() == b'{"n": 3, "no'


def test_line_written_before_its_head_was_noted_is_kept(path: Path) -> None:
    fill(path)
    head = path.with_name(".x.jsonl.head")
    behind = head.read_bytes()
    append(path, {"n": 3}, shown=SHOWN)
    head.write_bytes(behind)
    assert len(entries(path, shown=SHOWN)) == 4


WRITER = """
import sys
from pathlib import Path
from etabli.sources.chain import append
for number in range(15):
    append(Path(sys.argv[1]), {"writer": int(sys.argv[2]), "n": number}, shown="x")
"""


def test_two_writers_at_once_lose_nothing(path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(each)]) for each in range(2)]
    assert [each.wait(timeout=120) for each in writers] == [0, 0]
    found = entries(path, shown=SHOWN)
    assert sorted((each["writer"], each["n"]) for each in found) == [(w, n) for w in range(2) for n in range(15)]


def test_line_decided_by_another_last_one_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "chain.jsonl"
    empty = read_chain(path, shown="x").last
    assert append(path, {"n": 1}, shown="x", after=empty) == 1
    with pytest.raises(DeliveryError, match="allongé pendant"):
        append(path, {"n": 2}, shown="x", after=empty)
    assert [each["n"] for each in entries(path, shown="x")] == [1]
    assert append(path, {"n": 2}, shown="x", after=read_chain(path, shown="x").last) == 2


def test_note_of_the_last_line_that_is_rubbish_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "chain.jsonl"
    append(path, {"n": 1}, shown="x")
    (tmp_path / ".chain.jsonl.head").write_text("rien", encoding="ascii")
    with pytest.raises(DeliveryError, match="a été modifié"):
        entries(path, shown="x")
