"""Withdrawals are recorded once, in order, without an identity."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from etabli.errors import DeliveryError
from etabli.project import Project
from etabli.sources.withdrawals import WITHDRAWALS, Withdrawal, digest, read_withdrawals, record

ONE = Withdrawal("essai", "demo", "a" * 16, date(2026, 1, 5), ("0" * 64,))
OTHER = replace(ONE, study="autre", pseudonym="b" * 16)


def test_withdrawals_are_read_by_study(empty_project: Project) -> None:
    for each in (ONE, OTHER):
        record(empty_project, each)
    assert read_withdrawals(empty_project) == [ONE, OTHER]
    assert read_withdrawals(empty_project, "essai") == [ONE]


def test_same_person_is_recorded_once(empty_project: Project) -> None:
    record(empty_project, ONE)
    record(empty_project, replace(ONE, day=date(2026, 2, 1)))
    assert read_withdrawals(empty_project) == [ONE]
    record(empty_project, replace(ONE, key="0" * 16))
    assert len(read_withdrawals(empty_project)) == 2


def test_withdrawal_that_was_taken_out_is_said(empty_project: Project) -> None:
    for each in (ONE, OTHER):
        record(empty_project, each)
    path = empty_project.ledger / WITHDRAWALS
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[1:]), encoding="utf-8")
    with pytest.raises(DeliveryError, match="a été modifié"):
        read_withdrawals(empty_project)


def test_digest_tells_withdrawals_apart_and_names_nobody() -> None:
    assert len({digest([]), digest([ONE]), digest([ONE, OTHER])}) == 3
    assert ONE.pseudonym not in digest([ONE])
