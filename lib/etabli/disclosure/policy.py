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
    whole_group
        Variables of which a group must not be known to have all its people in one category.
    minimum_denominator
        Fewest people under a shown share.
    dominance
        Pairs (n, percent): a count of rows is masked when its n largest contributors make so much of it, or more.
    """

    audience: str
    minimum_people: int
    sources: tuple[str, ...]
    whole_group: frozenset[str] = frozenset()
    minimum_denominator: int = 1
    dominance: tuple[tuple[int, float], ...] = ()

    @property
    def protects(self) -> bool:
        return self.minimum_people > 1


def policy_for(agreements: Mapping[str, Agreement] | Iterable[Agreement], audience: str) -> Policy:
    """Return the rules that several agreements set together: the strictest of each.

    Raises
    ------
    DisclosureError
        An agreement does not allow the audience.
    """
    held = list(agreements.values() if isinstance(agreements, Mapping) else agreements)
    for agreement in held:
        if audience not in agreement.audiences:
            raise DisclosureError(
                f"La convention « {agreement.title} » n’autorise pas cette audience.",
                expected=", ".join(agreement.audiences),
                got=audience,
            )
    if audience == "internal":
        return Policy(audience, 1, ())
    strictest = max((agreement.minimum_people.value for agreement in held), default=1)
    texts = [a.minimum_people.source for a in held if a.minimum_people.value == strictest]
    return Policy(audience, strictest, tuple(dict.fromkeys(texts)))
