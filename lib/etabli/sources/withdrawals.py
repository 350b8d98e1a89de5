"""Who took their consent back: by pseudonym, in a file that only grows, never in git.

`data/ledger/withdrawals.jsonl` stands where a team shares what must be remembered: a withdrawal that only
one machine knows would be forgotten by the others. It holds no identity; without the key it names nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from etabli.project import Project
from etabli.sources.chain import append, entries

WITHDRAWALS = "withdrawals.jsonl"


@dataclass(frozen=True)
class Withdrawal:
    """One person, in one study, under one key.

    Parameters
    ----------
    study
        The study's slug.
    key
        Fingerprint of the project's key, or `demo`.
    pseudonym
        The person, in that study under that key.
    day
        When it was recorded.
    deliveries
        SHA-256 of the deliveries that held the person then: what lists reports and releases.
    """

    study: str
    key: str
    pseudonym: str
    day: date
    deliveries: tuple[str, ...]


def read_withdrawals(project: Project, study: str | None = None) -> list[Withdrawal]:
    """Return the withdrawals of a study, or of all, in the order in which they were recorded.

    Raises
    ------
    DeliveryError
        The file was changed by something else than `record`.
    """
    path = project.ledger / WITHDRAWALS
    told = entries(path, shown=project.relative(path))
    found = [
        Withdrawal(
            each["study"],
            each["key"],
            each["pseudonym"],
            date.fromisoformat(each["day"]),
            tuple(each["deliveries"]),
        )
        for each in told
    ]
    return [each for each in found if study is None or each.study == study]


def record(project: Project, withdrawal: Withdrawal) -> None:
    """Add a withdrawal; the same person under the same key is recorded once."""
    known = read_withdrawals(project, withdrawal.study)
    if any((each.key, each.pseudonym) == (withdrawal.key, withdrawal.pseudonym) for each in known):
        return
    path = project.ledger / WITHDRAWALS
    told = {
        "study": withdrawal.study,
        "key": withdrawal.key,
        "pseudonym": withdrawal.pseudonym,
        "day": withdrawal.day.isoformat(),
        "deliveries": list(withdrawal.deliveries),
    }
    append(path, told, shown=project.relative(path))


def digest(withdrawals: Iterable[Withdrawal]) -> str:
    """Return what a run's fingerprint says of the withdrawals that it knew: a digest, which names nobody."""
    told = "\n".join(f"{each.key} {each.pseudonym}" for each in withdrawals)
    return sha256(told.encode("ascii")).hexdigest()
