"""All that was ever released, to whom: a file that only grows, chained line to line, outside `reports/`.

It holds what was printed and where, region by region. It holds no true count and no identity. A release that is
withdrawn stays known: who has read it has read it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from etabli.disclosure.held import Held, held_in
from etabli.disclosure.statements import Publication, SourceTold, publication_of
from etabli.errors import DisclosureError, suggestion
from etabli.sources.chain import append, read_chain

FILE = "releases.jsonl"


@dataclass(frozen=True)
class Review:
    """A second person's check: who read the report again before it left, and when."""

    name: str
    day: date


@dataclass(frozen=True)
class Release:
    """A report that left the house.

    Parameters
    ----------
    report
        `<study>/<run>`.
    recipient
        The body that received it, by its key.
    day
        When.
    review
        The second person's check.
    outputs
        SHA-256 of each of its files: the report that was checked, and no other.
    publication
        What it tells.
    number
        Its line in the ledger, from 1; 0 for one that is not written yet.
    withdrawn
        The day on which it was withdrawn, or None.
    """

    report: str
    recipient: str
    day: date
    review: Review
    outputs: Mapping[str, str]
    publication: Publication
    number: int = 0
    withdrawn: date | None = None

    @property
    def study(self) -> str:
        return self.report.partition("/")[0]

    def __str__(self) -> str:
        state = ", retirée" if self.withdrawn else ""
        return f"n° {self.number} : {self.report} → {self.recipient}, {self.day:%d/%m/%Y}{state}"


@dataclass(frozen=True)
class Ledger:
    """What a ledger holds: its releases, oldest first, and whether its last line was half written."""

    releases: tuple[Release, ...]
    torn: bool = False
    last: str | None = field(default=None, compare=False)
    """The digest of its last line, by which a release is decided."""

    def held_by(self, holders: Collection[str]) -> list[Release]:
        """Return what these bodies hold together: a withdrawn release too, each report as often as it was released."""
        return [release for release in self.releases if release.recipient in holders]

    def of(self, report: str, recipient: str | None = None) -> list[Release]:
        """Return the releases of a report, to one body or to all."""
        return [r for r in self.releases if r.report == report and recipient in (None, r.recipient)]

    def release(self, number: int) -> Release:
        """Return a release by its number.

        Raises
        ------
        DisclosureError
            There is no such release.
        """
        for each in self.releases:
            if each.number == number:
                return each
        raise DisclosureError(
            f"Le registre n’a pas de diffusion n° {number}.",
            hint=suggestion(number, [each.number for each in self.releases]),
        )


def read_ledger(folder: Path, *, shown: str) -> Ledger:
    """Read a ledger; a folder without one holds no release.

    Raises
    ------
    DeliveryError
        The file was changed by something else than `write_release` or `withdraw`.
    DisclosureError
        A line is not what the ledger holds.
    """
    chain = read_chain(folder / FILE, shown=f"{shown}/{FILE}")
    releases: dict[int, Release] = {}
    for number, told in enumerate(chain.entries, start=1):
        where = f"{shown}/{FILE}, ligne {number}"
        try:
            match told["kind"]:
                case "release":
                    releases[number] = _release(told, number, where)
                case "withdrawal":
                    former = releases[told["release"]]
                    releases[told["release"]] = _withdrawn(former, date.fromisoformat(told["day"]))
                case _:
                    raise ValueError
        except (KeyError, TypeError, ValueError):
            raise DisclosureError(
                "Une ligne du registre n’est ni une diffusion ni un retrait.",
                where=where,
                hint="une version plus récente d’etabli l’a peut-être écrite",
            ) from None
    return Ledger(tuple(releases.values()), chain.torn, chain.last)


def write_release(folder: Path, release: Release, *, shown: str, after: str | None = None) -> int:
    """Add a release, on disk before this returns, and return its number.

    Parameters
    ----------
    after
        The last line of the ledger that it was judged with (`Ledger.last`).

    Raises
    ------
    DeliveryError
        The file is damaged, held by another process, or holds more than what the release was judged with.
    """
    told: dict[str, Any] = {
        "kind": "release",
        "report": release.report,
        "recipient": release.recipient,
        "day": release.day.isoformat(),
        "review": {"name": release.review.name, "day": release.review.day.isoformat()},
        "outputs": dict(release.outputs),
        "publication": release.publication.to_json(),
    }
    return append(folder / FILE, told, shown=f"{shown}/{FILE}", after=after)


def withdraw(folder: Path, number: int, *, day: date, reason: str, shown: str) -> Release:
    """Add the withdrawal of a release, and return the release as it now stands. It stays known.

    Raises
    ------
    DisclosureError
        There is no such release, or it is withdrawn already.
    """
    release = read_ledger(folder, shown=shown).release(number)
    if release.withdrawn is not None:
        raise DisclosureError(
            f"La diffusion n° {number} est déjà retirée.", got=f"retirée le {release.withdrawn:%d/%m/%Y}"
        )
    told = {"kind": "withdrawal", "release": number, "day": day.isoformat(), "reason": reason}
    append(folder / FILE, told, shown=f"{shown}/{FILE}")
    return _withdrawn(release, day)


def publications_of(releases: Iterable[Release]) -> list[Publication]:
    """Return what releases tell, each report as it stood once: one released to two bodies tells nothing twice."""
    return [release.publication for release in _once(releases)]


def holdings(releases: Iterable[Release], sources: Collection[str]) -> Held:
    """Return what releases hold of some deliveries, by their digests, each report as it stood once."""
    return held_in({release.number: release.publication for release in _once(releases)}, sources)


def neighbouring(releases: Iterable[Release], study: str, edition: str, keeps: str) -> Held:
    """Return what releases hold of the editions of a study whose people this one keeps, or that keep those of this one.

    Parameters
    ----------
    edition, keeps
        This edition, and the one of which everybody is still in it; empty where the study knows of none.
    """
    kept = [
        each
        for each in _once(releases)
        if each.study == study and any(is_neighbour(told, edition, keeps) for told in each.publication.sources.values())
    ]
    return Held(tuple(each.publication for each in kept), tuple(each.number for each in kept))


def is_neighbour(told: SourceTold, edition: str, keeps: str) -> bool:
    """Whether a delivery is of an edition whose people last into this one, or into which those of this one do."""
    return bool(keeps and told.edition == keeps) or told.keeps == edition


def _once(releases: Iterable[Release]) -> list[Release]:
    return list({str(sorted(release.outputs.items())): release for release in releases}.values())


def _release(told: Mapping[str, Any], number: int, where: str) -> Release:
    return Release(
        told["report"],
        told["recipient"],
        date.fromisoformat(told["day"]),
        Review(told["review"]["name"], date.fromisoformat(told["review"]["day"])),
        dict(told["outputs"]),
        publication_of(told["publication"], shown=where),
        number,
    )


def _withdrawn(release: Release, day: date) -> Release:
    return Release(**{**vars(release), "withdrawn": day})
