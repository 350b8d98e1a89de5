"""The rules of a codebook, made ready to be tried: one for each key that a delivery can break.

Whoever tries them (`checks.tidy` when a study loads its source, `schemas` when `etabli check` looks at a delivery)
calls the same `broken`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from string import ascii_uppercase

import numpy as np
import numpy.typing as npt
import pandas as pd

from etabli import french
from etabli.sources.codebook import Rule, RuleName, Severity, SourceCodebook, Variable
from etabli.sources.columns import Column, Mask
from etabli.sources.conversions import expected
from etabli.sources.letters import are_all


@dataclass(frozen=True)
class Delivered:
    """A delivery's columns, and the line of the file on which each row begins."""

    columns: Mapping[str, Column]
    lines: pd.Index
    referenced: Mapping[str, pd.Index] | None = None
    """The values that exist, by `source.variable`; None where the other sources are not at hand."""

    @property
    def rows(self) -> int:
        return len(self.lines)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The tidy frame: one column a variable, index from 0."""
        with ThreadPoolExecutor() as threads:  # Arrow and numpy let go of the interpreter
            series = threads.map(lambda column: column.series, self.columns.values())
            return pd.DataFrame(dict(zip(self.columns, series, strict=True)), copy=False)


Test = Callable[[Delivered], Mask]


@dataclass(frozen=True)
class Check:
    """One rule of a codebook.

    Parameters
    ----------
    key
        Where the codebook declares it: `variables.age.maximum`, `rules[0].check`.
    kind
        What sort of rule it is, the last word of its key.
    names
        The variables that it rests on; none for a rule over the whole file.
    severity
        Whether it keeps the delivery out.
    sentence
        The rule in French.
    problem
        What a variable that breaks it does, as a verb: « est trop petite ».
    expected
        What was looked for, for a message.
    broken
        Which rows break it. A rule over the whole file answers for all rows together: all, or none.
    measured
        What a rule over the whole file found, as words.
    """

    key: str
    kind: str
    names: tuple[str, ...]
    severity: Severity
    sentence: str
    problem: str
    expected: str
    broken: Test
    measured: Callable[[Delivered], str] | None = None

    @property
    def is_of_the_file(self) -> bool:
        return self.measured is not None


def checks_of(book: SourceCodebook) -> list[Check]:
    """Return the rules of a source: each variable's in the codebook's order, then those of `rules`."""
    own = [check for name, variable in book.variables.items() for check in _variable_checks(name, variable, book)]
    return [*own, *(check for place, rule in enumerate(book.rules) for check in _rule_checks(place, rule, book))]


# Rules of one variable -----------------------------------------------------------------------------


def _variable_checks(name: str, variable: Variable, book: SourceCodebook) -> Iterator[Check]:
    label = f"« {variable.label} »"

    def check(kind: RuleName, sentence: str, problem: str, wanted: str, broken: Test) -> Check:
        severity = variable.severity_of(kind)
        return Check(f"variables.{name}.{kind}", kind, (name,), severity, sentence, problem, wanted, broken)

    def on_values(broken: Callable[[Column], npt.ArrayLike]) -> Test:
        return lambda delivered: delivered.columns[name].on_rows(broken(delivered.columns[name]))

    if variable.required:
        wanted = "une valeur, que le codebook exige"
        yield check("required", f"{label} ne manque jamais", "manque", wanted, on_values(lambda it: it.text.isna()))
    wanted = expected(variable, book.format)
    problem = "n’est pas un code du codebook" if variable.type == "code" else "n’a pas le type prévu"
    broken = on_values(lambda it: _NONE if it.text is it.typed else it.text.notna() & it.typed.isna())
    yield check("type", f"{label} est {_told_type(variable, wanted)}", problem, wanted, broken)
    if variable.minimum is not None:
        wanted, least = f"au moins {_written(variable.minimum)}", _bound(variable.minimum)
        broken = on_values(lambda it: _is_beneath(it, least))
        yield check("minimum", f"{label} vaut {wanted}", "est trop petite", wanted, broken)
    if variable.maximum is not None:
        wanted, most = f"au plus {_written(variable.maximum)}", _bound(variable.maximum)
        broken_above = on_values(lambda it: _is_beyond(it, most))
        yield check("maximum", f"{label} vaut {wanted}", "est trop grande", wanted, broken_above)
    if variable.pattern is not None:
        form, pattern = f"un texte de la forme « {variable.pattern} »", variable.pattern
        shape = on_values(lambda it: without_form(it.text, pattern))
        yield check("pattern", f"{label} a la forme « {pattern} »", "n’a pas la forme prévue", form, shape)
    if variable.unique:
        wanted = "des valeurs toutes différentes"
        yield check("unique", f"{label} n’a jamais deux fois la même valeur", "est répétée", wanted,
                    lambda delivered: repeated([delivered.columns[name].numbered()]))  # fmt: skip
    if variable.references is not None:
        yield _reference(name, variable, variable.references)


def without_form(text: pd.Series, pattern: str) -> npt.ArrayLike:
    """Return which texts lack a form; that none does is told of all together, where the form is that of most codes.

    >>> without_form(pd.Series(["35238", "2A004", None], dtype="str"), "[0-9]{5}").tolist()
    [False, True, False]
    """
    form = _CODE.fullmatch(pattern)
    if form is not None and isinstance(text.dtype, pd.StringDtype):
        signs = form[1].replace("0-9", "0123456789").replace("A-Z", ascii_uppercase)
        if are_all(text, int(form[2]), signs.encode()):
            return _NONE
    return text.notna() & ~text.str.fullmatch(pattern).fillna(False).astype(bool)


def _reference(name: str, variable: Variable, target: str) -> Check:
    def broken(delivered: Delivered) -> Mask:
        column = delivered.columns[name]
        if delivered.referenced is None or target not in delivered.referenced:
            return np.zeros(delivered.rows, dtype=bool)
        return column.on_rows(column.typed.notna() & ~column.typed.astype("str").isin(delivered.referenced[target]))

    sentence = f"« {variable.label} » se trouve dans « {target} »"
    severity = variable.severity_of("references")
    problem = "ne renvoie à rien"
    return Check(f"variables.{name}.references", "references", (name,), severity, sentence, problem,
                 f"une valeur de « {target} »", broken)  # fmt: skip


def _told_type(variable: Variable, wanted: str) -> str:
    if variable.type == "code":
        return "l’un de ses codes"
    return wanted


_CODE = re.compile(r"\[((?:0-9|A-Z|[0-9A-Z])+)\]\{([1-9][0-9]{0,2})\}")
"""So many digits or capitals: the form of an INSEE code, an IRIS, a number."""

_NONE = np.zeros(1, dtype=bool)
"""No value breaks the rule: the usual case, told by the least or the greatest of them."""


def _is_beneath(column: Column, least: float | pd.Timestamp) -> npt.ArrayLike:
    lowest, values = column.extremes[0], column.typed
    return _NONE if pd.isna(lowest) or lowest >= least else (values < least).fillna(False)


def _is_beyond(column: Column, most: float | pd.Timestamp) -> npt.ArrayLike:
    """Return which values are beyond a maximum; a date as maximum of a datetime includes that whole day."""
    highest, values = column.extremes[1], column.typed
    if pd.isna(highest) or highest <= most:
        return _NONE
    beyond = values >= most + pd.Timedelta(days=1) if isinstance(most, pd.Timestamp) else values > most
    return beyond.fillna(False)


def _bound(bound: float | date) -> float | pd.Timestamp:
    return pd.Timestamp(bound) if isinstance(bound, date) else bound


def _written(bound: float | date) -> str:
    if isinstance(bound, date):
        return f"{bound:%d/%m/%Y}"
    return str(int(bound)) if bound.is_integer() else str(bound).replace(".", ",")


def repeated(numbers: list[npt.NDArray[np.int64]]) -> Mask:
    """Return the rows whose numbers, all together, are those of another row; a row with a −1 is no other's."""
    together, known = numbers[0], numbers[0] >= 0
    for others in numbers[1:]:
        known &= others >= 0
        _, together = np.unique(together * (others.max(initial=0) + 2) + others, return_inverse=True)
    counted = np.bincount(together[known], minlength=1) if known.any() else np.zeros(1, dtype="int64")
    return known & (counted[np.where(known, together, 0)] > 1)


# Rules of a source ---------------------------------------------------------------------------------


def _rule_checks(place: int, rule: Rule, book: SourceCodebook) -> Iterator[Check]:
    if rule.check is not None:
        yield _expression(place, rule, book)
    elif rule.unique is not None:
        yield _together(place, rule, rule.unique, book)
    elif rule.rows is not None:
        yield _row_count(place, rule)
    else:
        for name, most in (rule.missing or {}).items():
            yield _missing_share(place, rule, name, most, book)


def _expression(place: int, rule: Rule, book: SourceCodebook) -> Check:
    expression = book.expression(rule)
    sentence = rule.sentence or expression.words
    return Check(f"rules[{place}].check", "check", expression.names, rule.severity, sentence, "ne suit pas la règle",
                 sentence, lambda delivered: expression.broken(delivered.frame))  # fmt: skip


def _together(place: int, rule: Rule, names: tuple[str, ...], book: SourceCodebook) -> Check:
    labels = french.listing([f"« {book.variables[name].label} »" for name in names])
    sentence = rule.sentence or f"deux lignes n’ont jamais les mêmes {labels}"
    return Check(f"rules[{place}].unique", "unique", names, rule.severity, sentence, "est répétée",
                 "des lignes toutes différentes",
                 lambda delivered: repeated([delivered.columns[name].numbered() for name in names]))  # fmt: skip


def _row_count(place: int, rule: Rule) -> Check:
    assert rule.rows is not None
    least, most = rule.rows.minimum, rule.rows.maximum
    told = [f"au moins {french.number(least)}" if least is not None else "",
            f"au plus {french.number(most)}" if most is not None else ""]  # fmt: skip
    wanted = f"{french.listing([each for each in told if each])} lignes"

    def broken(delivered: Delivered) -> Mask:
        fits = (least is None or delivered.rows >= least) and (most is None or delivered.rows <= most)
        return np.full(delivered.rows, not fits)

    return Check(f"rules[{place}].rows", "rows", (), rule.severity, rule.sentence or f"le fichier a {wanted}",
                 "n’a pas le nombre de lignes prévu", wanted, broken,
                 lambda delivered: french.count(delivered.rows, "ligne", "lignes"))  # fmt: skip


def _missing_share(place: int, rule: Rule, name: str, most: float, book: SourceCodebook) -> Check:
    def share(delivered: Delivered) -> float:
        column = delivered.columns[name]
        return float(column.counts[np.asarray(column.text.isna())].sum()) / max(1, delivered.rows)

    wanted = f"au plus {french.percent(most)} de valeurs manquantes"
    sentence = rule.sentence or f"« {book.variables[name].label} » a {wanted}"
    return Check(f"rules[{place}].missing.{name}", "missing", (name,), rule.severity, sentence,
                 "manque trop souvent", wanted,
                 lambda delivered: np.full(delivered.rows, share(delivered) > most),
                 lambda delivered: french.percent(share(delivered)))  # fmt: skip
