"""What changed between two reports, number by number, from what each of them released (`results.json`).

Only printed values are compared: nothing is said here that both reports do not show already.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import zip_longest
from math import hypot, inf, log
from pathlib import Path
from typing import Any, Literal

from etabli import french
from etabli.errors import RunError
from etabli.present import theme
from etabli.present.words import Words
from etabli.sources.codebook import Codebook

RESULTS = "results.json"
"""The file of a report that holds what it released, value by value."""

Kind = Literal["beyond", "within", "exact", "untested", "same", "rebased", "masked", "new", "gone"]

KINDS: dict[Kind, str] = {
    "beyond": "Changés au-delà de l’incertitude",
    "exact": "Changés, sans intervalle (dénombrements exhaustifs, ou valeurs d’un modèle sans intervalle)",
    "untested": "Différents, sans comparaison possible (texte, « 7 sur 13 », ou intervalle dans un seul des deux)",
    "within": "Différents, mais dans l’incertitude",
    "same": "Inchangés",
    "rebased": "Définition changée : les deux ne se comparent pas",
    "masked": "Non comparables : masqués (secret statistique), ou non disponibles dans l’un des deux",
    "new": "Nouveaux",
    "gone": "Disparus",
}
"""What may have become of a number, in French, in the order of interest."""

_ON_LOGARITHMS = {"odds_ratio", "rate_ratio", "index", "standardised", "dispersion"}
"""Ratios, whose intervals are symmetric on the logarithmic scale."""

_UNITS = {"%", "€", "points", "heures", "jours", "minutes"}
"""Units that are written after a number; things that are counted are named by its label."""

_ANY = "value"
"""What a method calls a measure of any kind: another name of the same number says more."""

Place = tuple[str, tuple[tuple[str, str], ...]]
"""A measure, and the categories that it is of."""

Key = tuple[Place, str, str, int]
"""What a number is of, its label and unit, and its rank among those that share them: each is of another whole."""


@dataclass(frozen=True)
class Number:
    """One released value.

    Parameters
    ----------
    name, label, unit
        Of its measure.
    item
        The place of the report that shows it first (`tableau-3`).
    where
        The category that it is of, by dimension; `total` for all of them.
    value
        As printed: a number, « 7 sur 13 », or None where it is masked, impossible or not available.
    interval
        Bounds of its 95 % interval, as printed; None where it has none.
    people
        The people that it rests on; None where it does not say.
    sign
        What stands in its place; empty where a value does.
    """

    name: str
    label: str
    unit: str
    where: Mapping[str, str]
    value: int | float | str | None
    interval: tuple[float, float] | None
    people: int | None
    sign: str
    item: str = ""

    @property
    def is_count(self) -> bool:
        """Whether it counts things: it is whole, and no share, sum or ratio."""
        return isinstance(self.value, int) and self.unit not in _UNITS

    @property
    def is_secret(self) -> bool:
        """Whether statistical secrecy hides it."""
        return self.value is None and (self.sign == theme.MASKED or self.sign.startswith(theme.AT_MOST))


@dataclass(frozen=True)
class Change:
    """One number in two reports, and what became of it; None in the report that does not have it."""

    kind: Kind
    before: Number | None
    after: Number | None

    @property
    def number(self) -> Number:
        """The later of the two, which names it."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def difference(self) -> float | None:
        """After less before, in the unit of the number; None where they do not compare, or one of them is no number."""
        if self.before is None or self.after is None or self.kind in {"rebased", "masked"}:
            return None
        one, other = self.before.value, self.after.value
        return other - one if isinstance(one, int | float) and isinstance(other, int | float) else None

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "difference": self.difference, **{
            side: None if number is None else asdict(number)
            for side, number in (("before", self.before), ("after", self.after))
        }}  # fmt: skip


def changes(before: Path, after: Path, *, shown: tuple[str, str]) -> list[Change]:
    """Return what became of each number between two reports, those of interest first, in the order of the later one.

    Two numbers with intervals differ **beyond** their uncertainty when the interval of their difference leaves out 0:
    that of independent estimates, made of both intervals (Zou and Donner, 2008, Statistics in Medicine 27, MOVER).
    People who are in both editions make the true interval shorter: the answer is then on the side of caution.

    Parameters
    ----------
    before, after
        Folders of two reports of one study: two editions, or two runs of one.
    shown
        How messages name them.

    Raises
    ------
    RunError
        One of them has no `results.json`, or they are of two studies.
    """
    (study, old), (other, new) = (_read(folder, name) for folder, name in zip((before, after), shown, strict=True))
    if study != other:
        raise RunError(
            "Deux études ne se comparent pas.", expected="deux rapports de la même étude", got=f"{study} et {other}"
        )
    return _compared(old, new)


def changes_between(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[Change]:
    """Return what became of each number between two lists of released values, as `results.json` holds them.

    Raises
    ------
    KeyError, TypeError
        One of them is no such list.
    """
    return _compared(*(_once(_number(each) for each in told if "p_value" not in each) for told in (before, after)))


def _compared(old: Mapping[Key, Number], new: Mapping[Key, Number]) -> list[Change]:
    """Return what became of each number: of those that one side alone has, some are the same under another label."""
    shared = {key[:3] for numbers in (old, new) for key in numbers if key[3] > 1}
    former, own = _references(old), _references(new)
    moved = {model for model in former.keys() & own.keys() if former[model] != own[model]}

    def is_apart(key: Key, number: Number) -> bool:
        return key[:3] in shared or (number.name, number.label, number.where.get("variable", "")) in moved

    found = [
        Change(_kind_among(old[key], number, is_apart=is_apart(key, number)), old[key], number)
        for key, number in new.items()
        if key in old
    ]
    gone, come = (_by_place(one, beside=other) for one, other in ((old, new), (new, old)))
    secret = {key[0] for numbers in (old, new) for key, number in numbers.items() if number.is_secret}
    both = {key[0] for key in old} & {key[0] for key in new}
    for place in dict.fromkeys([*come, *gone]):
        for before, after in zip_longest(gone.get(place, []), come.get(place, [])):
            if place in secret and place in both:  # which of those that share a place is masked is not told
                kind: Kind = "masked"
            elif before is None or after is None:
                kind = "new" if before is None else "gone"
            else:
                kind = "rebased"
            found.append(Change(kind, before, after))
    order = list(KINDS)
    return sorted(_each_once(found), key=lambda change: order.index(change.kind))


def _each_once(found: Sequence[Change]) -> list[Change]:
    """Return changes without those that say one again: the same numbers of the same category, of one label or of none.

    A sentence and a table may make one number by two methods. What is masked, or another number now, is left as it is.
    """
    kept = set[int]()
    alike: dict[object, list[str]] = {}
    for change in sorted(found, key=lambda each: each.number.name == _ANY):
        labels, label = alike.setdefault(_as_read(change), []), change.number.label
        is_again = label in labels or (labels and label == theme.MEASURES[_ANY])
        if change.kind in {"masked", "rebased"} or not is_again:
            labels.append(label)
            kept.add(id(change))
    return [each for each in found if id(each) in kept]


def _as_read(change: Change) -> object:
    """Return what a reader sees of a change, its label apart."""
    sides = (None if each is None else (each.value, each.interval, each.unit) for each in (change.before, change.after))
    where = tuple(sorted(pair for pair in change.number.where.items() if pair[1] != "total"))
    return change.kind, where, *sides


def _by_place(numbers: Mapping[Key, Number], *, beside: Mapping[Key, Number]) -> dict[Place, list[Number]]:
    """Return by place the numbers that the other side does not have."""
    found: dict[Place, list[Number]] = {}
    for key, number in numbers.items():
        if key not in beside:
            found.setdefault(key[0], []).append(number)
    return found


def is_tested(change: Change) -> bool:
    """Whether both numbers have an interval, so that chance alone could have set them apart."""
    sides = (change.before, change.after)
    return change.kind in {"beyond", "within", "same"} and all(each is not None and each.interval for each in sides)


def _references(numbers: Mapping[Key, Number]) -> dict[tuple[str, str, str], str]:
    """Return the reference category of each variable of a model, by measure, label and variable: its ratio is 1."""
    return {
        (number.name, number.label, number.where["variable"]): number.where["category"]
        for number in numbers.values()
        if {"variable", "category"} <= number.where.keys() and number.value == 1 and number.interval is None
    }


def _kind_among(before: Number, after: Number, *, is_apart: bool) -> Kind:
    """Return what became of a number; of several that share a name nothing tells which became which.

    Ratios to another reference are others too.
    """
    kind = _kind(before, after)
    return "rebased" if is_apart and kind in {"beyond", "within", "exact", "untested"} else kind


def _kind(before: Number, after: Number) -> Kind:
    """Return what became of a number that both have, under one label and in one unit."""
    if before.is_secret or after.is_secret:  # whatever its sign: two masks say nothing of what they hide
        return "masked"
    if before.value is None or after.value is None:
        return "same" if before.sign == after.sign else "masked"
    if before.value == after.value:
        return "same"
    if isinstance(before.value, str) or isinstance(after.value, str):
        return "untested"  # « 7 sur 13 »: too few for an interval, and no number to take the other from
    if before.interval is None or after.interval is None:
        return "exact" if before.interval is after.interval else "untested"
    return "beyond" if _differ(before, after) else "within"


def _differ(before: Number, after: Number) -> bool:
    """Whether the interval of the difference of two estimates leaves out 0."""
    on = _logarithm if after.name in _ON_LOGARITHMS else float
    one, other = (on(float(number.value or 0)) for number in (before, after))
    (low_one, high_one), (low_other, high_other) = (
        tuple(on(bound) for bound in number.interval or ()) for number in (before, after)
    )
    if other >= one:
        return other - one > hypot(high_one - one, other - low_other)
    return one - other > hypot(one - low_one, high_other - other)


def _logarithm(x: float) -> float:
    return log(x) if x > 0 else -inf


def _read(folder: Path, shown: str) -> tuple[str, dict[Key, Number]]:
    """Return the study of a report, and its numbers."""
    path = folder / RESULTS
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        numbers = _once(_number(each) for each in told["results"] if "p_value" not in each)
        study = str(told["study"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            "Les résultats d’un rapport ne se lisent pas.",
            where=f"{shown}/{RESULTS}",
            got=type(error).__name__,
            hint="refaites ce rapport : etabli run",
        ) from None
    return study, numbers


def _once(numbers: Iterable[Number]) -> dict[Key, Number]:
    """Return numbers by what they are of, each once: tables and sentences repeat them."""
    found: dict[Key, Number] = {}
    seen: dict[Place, list[Number]] = {}
    for number in numbers:
        place = (number.name, tuple(sorted(number.where.items())))
        alike = seen.setdefault(place, [])
        if not any(_repeats(number, each) for each in alike):
            alike.append(number)
            labelled = [each for each in alike if (each.label, each.unit) == (number.label, number.unit)]
            found[(place, number.label, number.unit, len(labelled))] = number
    return found


def _repeats(number: Number, other: Number) -> bool:
    """Whether a number is another one again, in a sentence or a figure, which may call it otherwise; else it is of
    another whole. Two signs are two numbers where their labels differ.
    """
    told = (number.value, number.interval) == (other.value, other.interval)
    return told and (number.value is not None or number.label == other.label)


def _number(told: Mapping[str, Any]) -> Number:
    interval = told.get("interval")
    known = interval is not None and all(isinstance(bound, int | float) for bound in interval)
    return Number(
        told["name"], told["label"], told["unit"], dict(told["where"]), told["value"],
        (interval[0], interval[1]) if interval is not None and known else None, told.get("n"), told.get("sign", ""),
        str(told.get("item", "")),
    )  # fmt: skip


def sides_of(before: Path, after: Path) -> tuple[str, str]:
    """Return what tells two reports of one study apart, as a reader says it: their editions, else their runs.

    Both are those that `changes` compared: their results were read.
    """
    told = [json.loads((folder / RESULTS).read_text(encoding="utf-8")) for folder in (before, after)]
    one, other = ([str(each.get(key, "")) for each in told] for key in ("edition", "run"))
    names = one if one[0] != one[1] else other
    return names[0], names[1]


def study_of(folder: Path, *, shown: str) -> str:
    """Return the study of a report.

    Raises
    ------
    RunError
        It has no `results.json`.
    """
    return _read(folder, shown)[0]


def counted(found: Sequence[Change]) -> dict[Kind, int]:
    """Return how many numbers there are of each kind, those that there are."""
    counts = {kind: sum(change.kind == kind for change in found) for kind in KINDS}
    return {kind: count for kind, count in counts.items() if count}


@dataclass(frozen=True)
class Line:
    """One change in French: what it is of, before, after, and by how much."""

    what: str
    before: str
    after: str
    difference: str


def in_words(change: Change, codebook: Codebook) -> Line:
    """Return a change in the words of the study's codebook."""
    number = change.number
    return Line(
        _named(number, codebook),
        _written(change.before),
        _written(change.after),
        "" if change.difference is None else _signed(change.difference, number),
    )


def _named(number: Number, codebook: Codebook) -> str:
    words, where = Words(codebook, None), dict(number.where)
    if {"variable", "category"} <= where.keys():
        where = {**{k: v for k, v in where.items() if k not in {"variable", "category"}},
                 where["variable"]: where["category"]}  # fmt: skip
    told = [
        f"{french.uncapitalised(words.dimension(name))} : {words.label(name, code)}"
        for name, code in where.items()
        if code != "total"
    ]
    return french.typography(f"{number.label} ({' ; '.join(told)})" if told else number.label)


def _written(number: Number | None) -> str:
    if number is None:
        return ""
    bounds = interval_of(number)
    return value_of(number) if bounds is None else f"{value_of(number)} {bounds}"


def value_of(number: Number) -> str:
    """Return a released number as printed, or its sign; with its unit, unless its label says that."""
    if number.value is None:
        return number.sign
    if isinstance(number.value, str):
        return number.value
    return f"{plain(number.value)}{_unit_after(number.value, number)}"


def _unit_after(value: float, number: Number) -> str:
    """Return the unit as it is written after a value, in the singular under 2; empty where the label says it."""
    if number.unit not in _UNITS or number.unit in number.label.lower():
        return ""
    return f"{french.NBSP}{number.unit.removesuffix('s') if abs(value) < 2 else number.unit}"


def interval_of(number: Number) -> str | None:
    """Return its 95 % interval as printed, None where it has none."""
    if number.interval is None:
        return None
    low, high = map(plain, number.interval)
    return f"[{low}{french.NNBSP}; {high}]"


def plain(x: float) -> str:
    """Return a released number with the decimals that it was printed with: results keep them, but for a last zero."""
    return french.number(x, 0 if isinstance(x, int) else max(1, len(f"{x:.2f}".rstrip("0").partition(".")[2])))


def _signed(difference: float, number: Number) -> str:
    """Return a difference with its sign and unit: that of two percentages is in points."""
    of = replace(number, unit="points", label="") if number.unit == "%" else number
    return f"{'+' if difference > 0 else ''}{plain(difference)}{_unit_after(difference, of)}"
