"""The units of published figures: how each is written, and what it is called in French."""

from __future__ import annotations

from babel.numbers import format_decimal

from etabli.methods.results import Kind

SHARE, POINTS, EURO = "share", "points", "EUR"
"""A fraction of a whole; a difference of two such fractions; euros."""

NOUNS = {
    "associations": "associations",
    "communes": "communes",
    "groups": "groupes",
    "hours": "heures",
    "indicators": "indicateurs",
    "interviews": "entretiens",
    "meetings": "réunions",
    "members": "membres",
    "offices": "bureaux",
    "premises": "locaux",
    "projects": "projets",
    "quarters": "quartiers",
    "requests": "demandes",
    "rooms": "salles",
    "sites": "sites",
    "structures": "structures",
    "tickets": "billets",
    "users": "utilisateurs",
    "users_at_least": "utilisateurs au moins",
    EURO: "euros",
    SHARE: "parts en pourcentage",
}
"""French plural of each unit of `activity_2024.csv`; `count` has none: it counts what its measure names."""


def kind_of(unit: str) -> Kind:
    """Return how a figure in this unit is written.

    >>> kind_of("EUR"), kind_of("rooms")
    ('amount', 'count')
    """
    kinds: dict[str, Kind] = {SHARE: "share", EURO: "amount"}
    return kinds.get(unit, "count")


def written(value: float, unit: str, *, step: float) -> str:
    """Return a figure as French text, with its sign of unit.

    Parameters
    ----------
    value
        The figure; shares and points are fractions.
    unit
        Its unit: a share is written in %, a difference of shares in points, euros with €, the rest bare.
    step
        Last digit to show, in the figure's unit (1, 0.1, 0.001…). Zeros at the end are not written.

    >>> written(-674.1111, "rooms", step=0.1)
    '−674,1'
    """
    scale = 100 if unit in {SHARE, POINTS} else 1
    digits = max(0, len(f"{step * scale:.6f}".rstrip("0").partition(".")[2]))
    pattern = "#,##0" + ("." + "#" * digits if digits else "")
    number = format_decimal(value * scale, format=pattern, locale="fr").replace("-", "\N{MINUS SIGN}")
    plural = "s" if abs(value * scale) >= 2 else ""
    sign = {SHARE: "\u00a0%", POINTS: f"\u00a0point{plural}", EURO: "\u00a0€"}.get(unit, "")
    return number + sign
