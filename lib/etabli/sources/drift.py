"""What a partner changed from one edition to the next, told before anything runs.

Two deliveries are compared as their codebook reads them: columns, codes, ranges, missing values, volumes,
distributions, and the people that both hold. A distance is told when it is beyond a threshold, below which nobody would
mind it, and beyond what chance does between two deliveries of one population (`permutation`). No value of an
identifying, sensitive or free-text column is ever told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
import pandas as pd

from etabli import french
from etabli.errors import nearest
from etabli.sources import distances
from etabli.sources.codebook import SourceCodebook, Variable
from etabli.sources.columns import Column, prepare
from etabli.sources.comparisons import MOST_VOLUME, comparison_of
from etabli.sources.metadata import Column as Described
from etabli.sources.metadata import Metadata
from etabli.sources.permutation import People, people_of
from etabli.sources.quality import FEWEST_ROWS, shape
from etabli.sources.readers import completed
from etabli.sources.shaping import hold_digits, shaped
from etabli.sources.swaps import Swap, swaps

FALSE_ALARMS = 0.05
"""Probability, at most, that anything at all is told of the distributions, the missing values and the volumes of an
edition of which nothing drifted: shared out among all that is compared (Bonferroni)."""


_NEWER = 0.05
"""Part of the span of its dates by which a new edition is later than the one before, at least: less is chance."""


@dataclass(frozen=True)
class Change:
    """One thing that changed; `blocks` when the new delivery cannot be read as the codebook stands."""

    subject: str
    told: str
    blocks: bool = False


@dataclass(frozen=True)
class Drift:
    """What changed in one source, and the lines of codebook.yml that would absorb it."""

    source: str
    changes: tuple[Change, ...]
    rename: dict[str, str] = field(default_factory=dict)
    recode: dict[str, dict[str, str]] = field(default_factory=dict)
    absent: tuple[str, ...] = ()

    @property
    def blocks(self) -> bool:
        return any(change.blocks for change in self.changes)

    @property
    def needs_lines(self) -> bool:
        return bool(self.rename or self.recode or self.absent)


def compare(
    source: str,
    old: pd.DataFrame,
    new: pd.DataFrame,
    old_book: SourceCodebook,
    new_book: SourceCodebook,
    *,
    described: tuple[Metadata | None, Metadata | None] = (None, None),
    false_alarms: float = FALSE_ALARMS,
) -> Drift:
    """Return what changed in a source from one delivery to the next.

    Parameters
    ----------
    source
        Its name.
    old, new
        The two deliveries as their reader returns them, or as text, under their own column names.
    old_book, new_book
        The codebook as each edition is written.
    described
        What each file says of itself: labels, missing values.
    false_alarms
        Probability, at most, that chance alone has something told of this source.

    Raises
    ------
    DeliveryError
        A file stores codes as numbers that have lost digits.
    """
    if old.empty or new.empty:
        which = "la livraison" if new.empty else "celle de l’édition d’avant"
        return Drift(source, (Change("volume", f"{which} est vide : rien à comparer", new.empty),))
    moves = _column_moves(list(new.columns), new_book)
    shown = f"source « {source} »"
    old_book, new_book = (
        book if told is None else completed(book, told)
        for book, told in zip((old_book, new_book), described, strict=True)
    )
    before = _Delivery(old, old_book, described[0], shown)
    after = _Delivery(new, new_book, described[1], shown, moves.rename)
    compared = {
        name: (before.column(name), after.column(name))
        for name in new_book.variables
        if before.holds(name) and after.holds(name)
    }
    people = people_of(*_person(new_book, compared), (len(old), len(new)))
    comparisons = {name: comparison_of(new_book.variables[name], *pair) for name, pair in compared.items()}
    swappable = [name for name in compared if new_book.variables[name].type in {"code", "boolean"}]
    level = false_alarms / (1 + len(swappable) + sum(len(each.statistics) for each in comparisons.values()))
    changes = [*_column_changes(moves, new_book), *_volume(people, level)]
    recode: dict[str, dict[str, str]] = {}
    for name, pair in compared.items():
        variable = new_book.variables[name]
        changes.extend(_unknown_values(name, variable, pair[1]))
        changes.extend(Change(name, told) for told in comparisons[name].told(people, level))
        found = list(swaps(people, *pair, level=level)) if name in swappable else []
        changes.extend(_swapped(name, variable, found))
        if variable.type == "identifier":
            changes.extend(_overlap(name, *pair))
        elif variable.type in {"date", "datetime"}:
            changes.extend(_age(name, variable, *pair))
        proposed = {**_unswapped(variable, found), **_recodes(variable, pair[1])}
        if proposed:
            recode[name] = proposed
    return Drift(source, tuple(changes), moves.rename, recode, moves.absent)


@dataclass(frozen=True)
class _Delivery:
    """One of the two deliveries, and its columns as its codebook reads them."""

    frame: pd.DataFrame
    book: SourceCodebook
    described: Metadata | None
    shown: str
    rename: dict[str, str] = field(default_factory=dict)

    def _named(self, name: str) -> str:
        return self.rename.get(name, self.book.variables[name].column or name)

    def holds(self, name: str) -> bool:
        return name in self.book.variables and self._named(name) in self.frame.columns

    def column(self, name: str) -> Column:
        found, variable = self._named(name), self.book.variables[name]
        values, described = self.frame[found], Described(found)
        if self.described is not None:
            described = self.described.column(found)
            hold_digits(values, variable, described, self.described.format, self.shown)
        read, _ = shaped(values, variable, described, self.book.format, self.shown)
        return prepare(read, variable, self.book.format)


def _person(book: SourceCodebook, compared: dict[str, tuple[Column, Column]]) -> tuple[Column | None, Column | None]:
    """Return the columns that say whose a row is: the person, else the first thing that is identified."""
    identifiers = [name for name, variable in book.variables.items() if variable.type == "identifier"]
    return next((compared[name] for name in (book.person, *identifiers) if name in compared), (None, None))


@dataclass(frozen=True)
class _Moves:
    rename: dict[str, str]
    absent: tuple[str, ...]
    gone: tuple[str, ...]
    added: tuple[str, ...]


def _column_moves(found: list[str], book: SourceCodebook) -> _Moves:
    """Tell columns that are gone from those that seem renamed, the nearest name that is not taken."""
    known = {name: variable.column or name for name, variable in book.variables.items()}
    added = [column for column in found if column not in known.values()]
    rename: dict[str, str] = {}
    gone = []
    for name, column in known.items():
        if column in found:
            continue
        free = [each for each in added if each not in rename.values()]
        close = nearest(column, free) or nearest(name, free) or nearest(book.variables[name].label, free)
        if close is not None:
            rename[name] = close
        else:
            gone.append(name)
    absent = tuple(name for name in gone if not book.variables[name].required and name != book.person)
    return _Moves(rename, absent, tuple(gone), tuple(each for each in added if each not in rename.values()))


def _column_changes(moves: _Moves, book: SourceCodebook) -> Iterator[Change]:
    for name, column in moves.rename.items():
        was = book.variables[name].column or name
        yield Change(name, f"la colonne « {was} » manque ; « {column} » semble la remplacer", True)
    for name in moves.gone:
        yield Change(name, f"la colonne « {book.variables[name].column or name} » manque", True)
    for column in moves.added:
        yield Change(column, f"la colonne « {column} » est nouvelle, le codebook ne la décrit pas", True)


def _volume(people: People, level: float) -> Iterator[Change]:
    """Tell a volume that moved more than people who come or not do: a Poisson number of them, each with their rows."""
    before, after = len(people.old), len(people.new)
    change = after / before - 1
    noise = NormalDist().inv_cdf(1 - level / 2) * float(np.square(people.row_changes).sum()) ** 0.5
    if abs(change) > MOST_VOLUME and abs(after - before) > noise:
        rows = f"{french.count(before, 'ligne', 'lignes')}, puis {french.number(after)}"
        yield Change("volume", f"{rows} ({french.signed_percent(change)})")


def _unknown_values(name: str, variable: Variable, after: Column) -> Iterator[Change]:
    wrong = np.asarray(after.text.notna() & after.typed.isna())
    rows = int(after.counts[wrong].sum())
    if not rows:
        return
    count = french.count(rows, "ligne", "lignes")
    if variable.type != "code":
        yield Change(name, f"{count} n’ont pas le type prévu", True)
        return
    if variable.sensitivity == "sensitive":
        yield Change(name, f"des codes inconnus, sur {count} (non affichés : variable sensible)", True)
        return
    told = [
        f"« {value} »" if counted >= FEWEST_ROWS else f"un code de la forme {shape(value)}"
        for value, counted in zip(after.text[wrong], after.counts[wrong], strict=True)
    ]
    yield Change(name, f"codes nouveaux, sur {count} : {', '.join(list(dict.fromkeys(told))[:8])}", True)


def _swapped(name: str, variable: Variable, found: Iterable[Swap]) -> Iterator[Change]:
    for swap in found:
        which = "deux codes"
        if variable.sensitivity != "sensitive":
            labels = (variable.codes[str(code)].label for code in swap.pair) if variable.codes else ("oui", "non")
            which = " et ".join(f"« {label} »" for label in labels)
        people = f"{french.number(swap.crossed)} des {french.number(swap.people)} personnes des deux éditions"
        yield Change(name, f"{which} semblent intervertis : {people} sont passées de l’un à l’autre")


def _unswapped(variable: Variable, found: Sequence[Swap]) -> dict[str, str]:
    """Return, for each value of two codes in one another's place, the other code; none where a code is in two pairs."""
    if variable.type != "code" or variable.sensitivity == "sensitive":
        return {}
    pairs = [(str(one), str(other)) for one, other in (swap.pair for swap in found)]
    times = Counter(code for pair in pairs for code in pair)
    both = [
        (one, other) for pair in pairs if max(times[code] for code in pair) == 1 for one, other in (pair, pair[::-1])
    ]
    return {variable.codes[one].value or one: other for one, other in both}


def _age(name: str, variable: Variable, before: Column, after: Column) -> Iterator[Change]:
    """Tell a delivery whose days are no later than those of the edition before; days of no period need not be."""
    was, now = (distances.months(each.typed)[each.places] for each in (before, after))
    was, now = was[np.isfinite(was)], now[np.isfinite(now)]
    if not len(was) or not len(now):
        return
    low, high = np.quantile(was, [distances.TAIL, 1 - distances.TAIL])
    least = high + _NEWER * (high - low) if distances.is_of_a_period(was) else low
    if np.quantile(now, 1 - distances.TAIL) <= least:
        latest = before.series.dropna().quantile(1 - distances.TAIL)
        day = "" if variable.sensitivity == "sensitive" else f" ({latest:%d/%m/%Y})"
        told = f"aucune date plus récente que dans l’édition d’avant{day} : même livraison, ou plus ancienne ?"
        yield Change(name, told)


def _overlap(name: str, before: Column, after: Column) -> Iterator[Change]:
    old, new = before.typed.dropna().unique(), after.typed.dropna().unique()
    common = len(pd.Index(new).intersection(pd.Index(old)))
    if not len(new):
        return
    share = french.percent(common / len(new))
    if len(old) and common == len(new) == len(old):
        yield Change(name, f"exactement les mêmes {french.number(common)} identifiants : même livraison ?")
    else:
        yield Change(name, f"{share} des identifiants étaient déjà dans l’édition d’avant")


def _recodes(variable: Variable, after: Column) -> dict[str, str]:
    """Return, for each unknown code that may be told, the code whose value or label is nearest."""
    if variable.type != "code" or variable.sensitivity == "sensitive":
        return {}
    wrong = np.asarray(after.text.notna() & after.typed.isna())
    proposed = {}
    for value, counted in zip(after.text[wrong], after.counts[wrong], strict=True):
        if counted >= FEWEST_ROWS:
            proposed[str(value)] = _nearest_code(str(value), variable) or "?"
    return proposed


def _nearest_code(value: str, variable: Variable) -> str | None:
    written = {key: name for name, code in variable.codes.items() for key in (name, code.value or name, code.label)}
    close = nearest(value, written)
    return written[close] if close else None
