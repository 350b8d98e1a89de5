"""The rules of a run: what its data agreements say, for the audience that will read the report.

A threshold is a field of an agreement and names its source; none is a constant of the code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import get_args

from etabli.agreements import Agreement, Level
from etabli.errors import DisclosureError

LEVELS: tuple[Level, ...] = get_args(Level)
"""Geographic levels, from the finest to the coarsest."""

LEVELS_IN_WORDS: dict[Level, str] = {
    "iris": "IRIS",
    "quarter": "quartier",
    "commune": "commune",
    "intercommunality": "intercommunalité",
    "department": "département",
    "region": "région",
    "country": "pays",
}


@dataclass(frozen=True)
class Floor:
    """The finest geographic level that an audience may see.

    Parameters
    ----------
    finest
        That level.
    source
        The text that sets it.
    levels
        The level of each variable that has one.
    """

    finest: Level
    source: str
    levels: Mapping[str, Level] = field(default_factory=dict)

    def is_under(self, variable: str) -> bool:
        """Whether a variable is finer than the floor.

        >>> floor = Floor("quarter", "article 4", {"iris": "iris", "home": "quarter"})
        >>> floor.is_under("iris"), floor.is_under("home"), floor.is_under("age")
        (True, False, False)
        """
        return variable in self.levels and LEVELS.index(self.levels[variable]) < LEVELS.index(self.finest)


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
    rounding_base
        Multiple to which counts are rounded, under the method `round`; None: small counts are masked.
    forbidden, forbidden_crossings
        Variables that no result may show, and those that none may show together.
    floor
        The finest geographic level that may be seen; None where no agreement sets one.
    """

    audience: str
    minimum_people: int
    sources: tuple[str, ...]
    whole_group: frozenset[str] = frozenset()
    minimum_denominator: int = 1
    dominance: tuple[tuple[int, float], ...] = ()
    rounding_base: int | None = None
    forbidden: frozenset[str] = frozenset()
    forbidden_crossings: tuple[frozenset[str], ...] = ()
    floor: Floor | None = None

    @property
    def protects(self) -> bool:
        return self.minimum_people > 1


def policy_for(
    agreements: Mapping[str, Agreement] | Iterable[Agreement],
    audience: str,
    *,
    recipient: str = "",
    levels: Mapping[str, Level] | None = None,
) -> Policy:
    """Return the rules that several agreements set together: the strictest of each.

    Parameters
    ----------
    recipient
        The body that the report is made for, by its key; empty: every body of the audience.
    levels
        The geographic level of each variable that has one, as the codebook declares them.

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
    thresholds = [
        each for a in held for each in (a.minimum_people, a.minimum_contributors) if each is not None
    ]  # a row shows a count of people and a sum of rows: the stricter of both holds
    strictest = max((each.value for each in thresholds), default=1)
    texts = [each.source for each in thresholds if each.value == strictest]
    return Policy(
        audience,
        strictest,
        tuple(dict.fromkeys(texts)),
        whole_group=frozenset(name for a in held if a.whole_group for name in a.whole_group.variables),
        minimum_denominator=max((a.minimum_denominator.value for a in held if a.minimum_denominator), default=1),
        dominance=tuple((a.dominance.contributors, a.dominance.percent) for a in held if a.dominance),
        rounding_base=_base(held),
        forbidden=frozenset(n for a in held if a.forbidden_variables for n in a.forbidden_variables.variables),
        forbidden_crossings=tuple(frozenset(each.variables) for a in held for each in a.forbidden_crossings),
        floor=_floor(held, audience, levels or {}),
    )


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


def _floor(agreements: Iterable[Agreement], audience: str, levels: Mapping[str, Level]) -> Floor | None:
    """Return the coarsest of the floors that agreements set for an audience."""
    floors = [floor for each in agreements for floor in each.geographic_floor if audience in floor.audiences]
    if not floors:
        return None
    coarsest = max(floors, key=lambda floor: LEVELS.index(floor.finest))
    return Floor(coarsest.finest, coarsest.source, dict(levels))


def _base(agreements: list[Agreement]) -> int | None:
    """Return the base to which counts are rounded; None when they are masked."""
    strict = [agreement for agreement in agreements if agreement.minimum_people.value > 1]
    methods = {agreement.method for agreement in strict}
    if len(methods) > 1:
        raise DisclosureError(
            "Deux conventions protègent par deux méthodes : ce que l’une masque, l’autre l’arrondirait.",
            expected="la même « method » pour toutes les sources d’un rapport",
            got=" ; ".join(f"{each.title} : {each.method}" for each in strict),
        )
    bases = [agreement.rounding_base.value for agreement in strict if agreement.rounding_base is not None]
    return max(bases, default=None) if methods == {"round"} else None
