"""The verdict on one claim that a report makes of its own figures.

Four verdicts, and no other. `holds`: the parts give the figure, as it is rounded. `wrong`: they do not.
`incomplete`: they do not, but parts are missing that could make up the difference. `cannot_be_checked`:
the units differ, a term is not given, or nothing says that the parts make the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from etabli.methods.claims import Claim
from etabli.methods.units import NOUNS, POINTS, SHARE, written

Verdict = Literal["holds", "wrong", "incomplete", "cannot_be_checked"]
VERDICTS: tuple[Verdict, ...] = ("holds", "wrong", "incomplete", "cannot_be_checked")

HAND_ROUNDING = 0.01
"""Relative difference up to which a stated mean may be one that was rounded by hand (675 € for 674.1 €: 0.13 %)."""

HAND_ROUNDINGS = (5, 10, 25, 50, 100)
"""Steps to which a mean may have been rounded by hand: 675 € for 674.1 € is its rounding to 5, and to 25. A choice of
this audit, not a norm: any other figure is wrong. Shares and sums are held to exact rounding."""

_EXACT = 1e-9
"""Relative error of floating point that is no difference."""


@dataclass(frozen=True)
class Finding:
    """What the audit says of one claim."""

    verdict: Verdict
    recomputed: float | None
    reason: str
    """In French, to be read beside the verdict."""


def judge(claim: Claim) -> Finding:
    """Return the verdict on one claim, with the value that its parts give and the reason in French.

    Parts are counts or amounts, never negative: a sum that misses parts can only be too small, so that
    one which already exceeds the stated total is wrong whatever is missing.
    """
    units = _units_that_differ(claim)
    if units:
        return Finding("cannot_be_checked", None, f"unités différentes\u00a0: {', '.join(units)}")
    if claim.stated.value is None:
        return Finding("cannot_be_checked", None, "le chiffre énoncé n’est pas donné")
    recomputed = _recomputed(claim)
    if recomputed is None:
        return Finding("cannot_be_checked", None, "un terme du calcul n’est pas donné, ou vaut zéro au dénominateur")
    return _compared(claim, claim.stated.value, recomputed)


def _compared(claim: Claim, stated: float, recomputed: float) -> Finding:
    gap = abs(stated - recomputed)
    given, expected = len(_given(claim)), claim.parts_expected or len(claim.parts)
    said = f"{_COMPUTED[claim.operation]}\u00a0: {recomputed_text(claim, recomputed)}"
    if gap <= claim.precision / 2 + _EXACT * abs(stated):
        rounded = "" if gap <= _EXACT * abs(stated) else ", soit le chiffre énoncé une fois arrondi"
        return Finding("holds", recomputed, said + rounded + _not_given(expected - given))
    if _is_mean(claim) and gap <= HAND_ROUNDING * abs(recomputed) and _is_rounding(stated, recomputed):
        return Finding("holds", recomputed, f"arrondi à la main\u00a0: {recomputed_text(claim, recomputed)}")
    if claim.operation == "sum" and claim.parts_expected is None:
        return Finding("cannot_be_checked", recomputed, f"{said}\u202f; rien ne dit que ces parts épuisent le tout")
    if given < expected and recomputed < stated:
        return Finding("incomplete", recomputed, f"{said}, sur {given} des {expected} parts seulement")
    return Finding("wrong", recomputed, f"{said}, et non {stated_text(claim, stated)}")


def _is_rounding(stated: float, recomputed: float) -> bool:
    return any(abs(stated - step * round(recomputed / step)) <= _EXACT * abs(stated) for step in HAND_ROUNDINGS)


_COMPUTED = {"sum": "somme des parts", "difference": "différence", "ratio": "quotient"}


def _not_given(parts: int) -> str:
    if parts == 0:
        return ""
    return "\u202f; une part n’est pas donnée" if parts == 1 else f"\u202f; {parts} parts ne sont pas données"


def _given(claim: Claim) -> list[float]:
    return [part.value for part in claim.parts if part.value is not None]


def _recomputed(claim: Claim) -> float | None:
    """Return what the parts give; None when a term of a ratio or a difference, or every part of a sum, is missing."""
    given = _given(claim)
    if claim.operation == "sum":
        return sum(given) if given else None
    if len(given) < len(claim.parts):
        return None
    first, second = given
    if claim.operation == "difference":
        return first - second
    return first / second if second else None


def _units_that_differ(claim: Claim) -> list[str]:
    """Return the French nouns of the units that cannot be compared; empty when they can."""
    compared = [claim.stated, *claim.parts]
    if claim.operation == "ratio":
        compared = list(claim.parts) if claim.stated.unit == SHARE else [claim.stated, claim.parts[0]]
    units = list(dict.fromkeys(figure.unit for figure in compared))
    return [NOUNS.get(unit, unit) for unit in units] if len(units) > 1 else []


def _is_mean(claim: Claim) -> bool:
    return claim.operation == "ratio" and claim.stated.unit != SHARE


def stated_text(claim: Claim, value: float) -> str:
    """Write a stated value as the source shows it."""
    return written(value, claim.stated.unit, step=claim.precision)


def recomputed_text(claim: Claim, value: float) -> str:
    """Write a recomputed value with the digits that tell it from the stated one."""
    return written(value, claim.stated.unit, step=_telling_step(claim, value))


def difference_text(claim: Claim, stated: float, recomputed: float) -> str:
    """Write stated − recomputed: for shares, in points."""
    unit = POINTS if claim.stated.unit == SHARE else claim.stated.unit
    return written(stated - recomputed, unit, step=_telling_step(claim, recomputed))


def _telling_step(claim: Claim, recomputed: float) -> float:
    """Return the coarsest step under the source's precision at which the two values read differently."""
    stated = claim.stated.value
    steps = [claim.precision * finer for finer in (0.1, 0.01, 0.001)]
    unit = claim.stated.unit
    telling = (s for s in steps if stated is None or written(recomputed, unit, step=s) != written(stated, unit, step=s))
    return next(telling, steps[0])
