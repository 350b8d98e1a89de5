"""Receipts say what came, and are read whether `etabli` registered it or only hashed it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from etabli.errors import DeliveryError
from etabli.sources.receipts import RECEIPT, Entry, read_receipt, save_receipt

BARE = Entry("0" * 64, 3)
FULL = Entry("1" * 64, 4, date(2026, 1, 5), "caf-35", "caf-visits", "essai", "visits")


def test_receipt_is_read_as_it_was_written(tmp_path: Path) -> None:
    save_receipt(tmp_path / RECEIPT, {"b.csv": FULL, "é.csv": BARE})
    assert read_receipt(tmp_path / RECEIPT, shown="x") == {"b.csv": FULL, "é.csv": BARE}
    assert [path.name for path in tmp_path.iterdir()] == [RECEIPT]


def test_receipt_of_digests_alone_is_read(tmp_path: Path) -> None:
    (tmp_path / RECEIPT).write_text(json.dumps({"a.csv": {"sha256": "0" * 64, "bytes": 3}}), encoding="utf-8")
    assert read_receipt(tmp_path / RECEIPT, shown="x") == {"a.csv": BARE}


@pytest.mark.parametrize(
    "text", ["", "[]", '{"a": 1}', '{"a": {"sha256": "0"}}', '{"a": {"sha256": "0", "bytes": 1, "received": "hier"}}']
)
def test_damaged_receipt_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / RECEIPT).write_text(text, encoding="utf-8")
    with pytest.raises(DeliveryError, match="abîmé"):
        read_receipt(tmp_path / RECEIPT, shown="x")
