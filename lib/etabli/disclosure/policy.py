"""The rules of a run: what its data agreements say, for the audience that will read the report.

A threshold is a field of an agreement and names its source; none is a constant of the code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from etabli.agreements import Agreement
from etabli.errors import DisclosureError


@dataclass(frozen=True)
class Policy:
    """The rules of one run.

    Parameters
    ----------
    audience
        Who reads.
    minimum_people
        The strictest of the agreements' minima; 1 for `internal`, to whom no rule applies.
    sources
        The texts that set that minimum.
    """

    audience: str
    minimum_people: int
    sources: tuple[str, ...]

    @property
    def protects(self) -> bool:
        return self.minimum_people > 1


def policy_for(
    agreements: Mapping[str, Agreement] | Iterable[Agreement], audience: str, *, recipient: str = ""
) -> Policy:
    """Return the rules that several agreements set together: the strictest of each.

    Parameters
    ----------
    recipient
        The body that the report is made for, by its key; empty: every body of the audience.

    Raises
    ------
    DisclosureError
        An agreement does not allow the audience, or the body.
    """
    held = list(agreements.values() if isinstance(agreements, Mapping) else agreements)
    for agreement in held:
        if audience not in agreement.audiences:
            raise DisclosureError(
                f"La convention « {agreement.title} » n’autorise pas cette audience.",
                expected=", ".join(agreement.audiences),
                got=audience,
            )
        hold_recipient(agreement, recipient)
    if audience == "internal":
        return Policy(audience, 1, ())
    strictest = max((agreement.minimum_people.value for agreement in held), default=1)
    texts = [a.minimum_people.source for a in held if a.minimum_people.value == strictest]
    return Policy(audience, strictest, tuple(dict.fromkeys(texts)))


def hold_recipient(agreement: Agreement, recipient: str) -> None:
    """Refuse a body that an agreement does not allow; an agreement that names none allows all of its audiences.

    Raises
    ------
    DisclosureError
        It does not.
    """
    if recipient and agreement.recipients and recipient not in agreement.recipients:
        raise DisclosureError(
            f"La convention « {agreement.title} » n’autorise pas ce destinataire.",
            expected=", ".join(agreement.recipients),
            got=recipient,
        )
