"""What a partner changed from one edition to the next, told before anything runs.

Two deliveries are compared as they are written: columns, codes, ranges, missing values, volumes, distributions, and
the people that both hold. No value of an identifying or free-text column is ever told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from etabli import french
from etabli.errors import nearest
from etabli.sources.codebook import SourceCodebook, Variable
from etabli.sources.columns import Column, prepare
from etabli.sources.quality import FEWEST_ROWS, shape

MOST_VARIATION = 0.10
"""Total variation distance (half the sum of the absolute differences of shares) from which a distribution is told to
have moved: a tenth of the rows would have to change category."""

MOST_VOLUME = 0.20
"""Relative change of the number of rows from which a volume is told."""

MOST_MISSING = 0.05
"""Change of the share of missing values, as a fraction, from which it is told."""


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


def total_variation(one: pd.Series, other: pd.Series) -> float:
    """Return the total variation distance between two sets of shares: half the sum of their absolute differences.

    Parameters
    ----------
    one, other
        Shares that add up to 1, indexed by category; a category that misses has share 0.

    Returns
    -------
    float
        0 when they are equal, 1 when they have no category in common.

    Examples
    --------
    >>> round(total_variation(pd.Series({"a": 0.5, "b": 0.5}), pd.Series({"a": 0.8, "b": 0.2})), 2)
    0.3
    """
    left, right = one.align(other, fill_value=0.0)
    return float((left - right).abs().sum() / 2)


def compare(
    source: str,
    old: pd.DataFrame,
    new: pd.DataFrame,
    old_book: SourceCodebook,
    new_book: SourceCodebook,
) -> Drift:
    """Return what changed in a source from one delivery to the next.

    Parameters
    ----------
    source
        Its name.
    old, new
        The two deliveries as text, under their own column names.
    old_book, new_book
        The codebook as each edition is written.
    """
    moves = _column_moves(list(new.columns), new_book)
    changes = [*_column_changes(moves, new_book), *_volume(len(old), len(new))]
    recode: dict[str, dict[str, str]] = {}
    for name, variable in new_book.variables.items():
        was = old_book.variables.get(name)
        here = moves.rename.get(name, variable.column or name)
        if was is None or here not in new.columns or (was.column or name) not in old.columns:
            continue
        before = prepare(old[was.column or name], was, old_book.format)
        after = prepare(new[here], variable, new_book.format)
        changes.extend(_variable_changes(name, variable, before, after))
        proposed = _recodes(variable, after)
        if proposed:
            recode[name] = proposed
    return Drift(source, tuple(changes), moves.rename, recode, moves.absent)


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


def _volume(before: int, after: int) -> Iterator[Change]:
    change = after / before - 1 if before else 0.0
    told = f"{french.count(before, 'ligne', 'lignes')}, puis {french.number(after)} ({french.signed_percent(change)})"
    if abs(change) > MOST_VOLUME:
        yield Change("volume", told)


def _variable_changes(name: str, variable: Variable, before: Column, after: Column) -> Iterator[Change]:
    yield from _unknown_values(name, variable, after)
    lost, missing = _missing_share(before), _missing_share(after)
    if abs(missing - lost) > MOST_MISSING:
        yield Change(name, f"valeurs manquantes : {french.percent(lost)}, puis {french.percent(missing)}")
    if variable.type == "identifier":
        yield from _overlap(name, before, after)
    elif variable.type == "code":
        yield from _distribution(name, variable, before, after)
    elif variable.type in {"integer", "number", "date", "datetime"} and variable.sensitivity != "sensitive":
        yield from _range(name, variable, before, after)


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


def _distribution(name: str, variable: Variable, before: Column, after: Column) -> Iterator[Change]:
    one, other = _shares(before), _shares(after)
    vanished = [code for code in one.index if one[code] > 0 and other.get(code, 0) == 0]
    if vanished and variable.sensitivity != "sensitive":
        labels = french.listing([f"« {variable.codes[str(code)].label} »" for code in vanished])
        yield Change(name, f"plus aucune ligne pour {labels}")
    distance = total_variation(one, other)
    if distance > MOST_VARIATION:
        yield Change(
            name,
            f"la répartition a bougé : variation totale {french.number(distance, 2)} "
            f"(seuil {french.number(MOST_VARIATION, 2)})",
        )


def _shares(column: Column) -> pd.Series:
    return column.series.value_counts(normalize=True, dropna=True)


def _range(name: str, variable: Variable, before: Column, after: Column) -> Iterator[Change]:
    """Tell the 1st and 99th percentiles when they leave one another: extremes would be one person's."""
    one, other = before.series.dropna(), after.series.dropna()
    if one.empty or other.empty:
        return
    (low, high), (new_low, new_high) = (each.quantile([0.01, 0.99]) for each in (one, other))
    moved = new_high < low or new_low > high
    if variable.type not in {"date", "datetime"}:
        width = float(high - low) or max(abs(float(high)), 1.0)
        moved = max(abs(float(new_low - low)), abs(float(new_high - high))) > MOST_VOLUME * width
        if moved:
            told = [french.number(float(each), 1) for each in (low, high, new_low, new_high)]
            yield Change(name, f"98 % des valeurs de {told[0]} à {told[1]}, puis de {told[2]} à {told[3]}")
    elif not moved and new_high <= high:
        yield Change(name, f"aucune date plus récente que dans l’édition d’avant ({high:%d/%m/%Y}) : même livraison ?")


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


def _missing_share(column: Column) -> float:
    return float(column.counts[np.asarray(column.text.isna())].sum() / max(1, column.counts.sum()))


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
