"""A small language for rules between the variables of a row, read by Python's parser and never run as Python.

`end >= start`, `if status == "owner" then rent is missing`, `end - start <= 365`, `year(birth) > 1900`,
`group in ["a", "b"]`. A value that misses makes a comparison unknown, and an unknown rule is not broken (Kleene's
logic of three values): that something must be there is said by `is not missing`.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from etabli import french
from etabli.errors import suggestion

Mask = npt.NDArray[np.bool_]

LONGEST = 500
"""Characters of an expression at most: a longer one is several rules."""

MOST_LEVELS = 30
"""Levels of brackets and operators at most, far above what a person reads and below what Python refuses."""


class Described(Protocol):
    """What an expression needs to know of a variable: `codebook.Variable` has it."""

    @property
    def label(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def codes(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Truth:
    """For each row, whether something is true, and whether it is false; neither where it is unknown."""

    yes: Mask
    no: Mask


@dataclass(frozen=True)
class Term:
    """A part of an expression: its kind, how it is computed from a frame, and how a sentence writes it."""

    kind: str
    of: Callable[[pd.DataFrame], Any]
    words: str
    codes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    constant: Any = None


@dataclass(frozen=True)
class Expression:
    """A rule between variables, checked against their types.

    Parameters
    ----------
    text
        As the codebook writes it.
    names
        The variables that it rests on, in order of appearance.
    words
        The rule in French.
    presences
        Those of them of which it asks whether they are missing.
    """

    text: str
    names: tuple[str, ...]
    words: str
    presences: tuple[str, ...]
    _term: Term

    def broken(self, frame: pd.DataFrame) -> Mask:
        """Return which rows of a tidy frame break the rule, shape `(len(frame),)`."""
        return cast("Mask", np.broadcast_to(self._term.of(frame).no, len(frame)).copy())


def parse(text: str, variables: Mapping[str, Described]) -> Expression:
    """Return the rule that a text writes.

    Parameters
    ----------
    text
        The expression, at most `LONGEST` characters.
    variables
        The variables of the source, by name.

    Raises
    ------
    ValueError
        It is not an expression of this language, names an unknown variable or code, or compares what cannot be;
        the message, in French, says what is expected.

    Examples
    --------
    >>> from etabli.sources.codebook import Variable
    >>> rent = Variable(label="Loyer", type="number", sensitivity="open", required=False)
    >>> rule = parse("rent > 0", {"rent": rent})
    >>> rule.words, rule.broken(pd.DataFrame({"rent": [1.0, 0.0, None]})).tolist()
    ('« Loyer » > 0', [False, True, False])
    """
    if len(text) > LONGEST:
        raise ValueError(f"une règle d’au plus {LONGEST} caractères")
    condition, consequence = _split(text)
    compiler = _Compiler(variables)
    term = compiler.truth(_tree(consequence), 0)
    if condition is not None:
        term = _implies(compiler.truth(_tree(condition), 0), term)
    if not compiler.names:
        raise ValueError(f"une règle qui porte sur une variable ({suggestion('', variables)})")
    names, presences = (tuple(dict.fromkeys(each)) for each in (compiler.names, compiler.presences))
    return Expression(text, names, term.words, presences, term)


def named(text: str) -> set[str]:
    """Return the words of an expression that may be variables: all that stand outside quotes.

    >>> sorted(named('if status == "owner" then rent is missing'))
    ['if', 'is', 'missing', 'rent', 'status', 'then']
    """
    return set(re.findall(r"[a-z][a-z0-9_]*", _QUOTED.sub(" ", text)))


_QUOTED = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")


def _split(text: str) -> tuple[str | None, str]:
    """Return condition and consequence of « if … then … », words of ours outside quotes put as Python's."""
    pieces = _QUOTED.split(text)
    for place in range(0, len(pieces), 2):
        pieces[place] = re.sub(r"\bis\s+missing\b", "is None", pieces[place])
        pieces[place] = re.sub(r"\bis\s+not\s+missing\b", "is not None", pieces[place])
        pieces[place] = re.sub(r"\bthen\b", "\0", pieces[place])
    found = re.fullmatch(r"\s*if\b([^\0]*)\0([^\0]*)", "".join(pieces), re.DOTALL)
    return (found[1], found[2]) if found else (None, "".join(pieces).replace("\0", " then "))


def _tree(text: str) -> ast.expr:
    try:
        return ast.parse(" ".join(text.split()), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError('une règle comme « end >= start » ou « if status == "owner" then rent is missing »') from None


def _implies(condition: Term, consequence: Term) -> Term:
    def of(frame: pd.DataFrame) -> Truth:
        one, other = condition.of(frame), consequence.of(frame)
        return Truth(one.no | other.yes, one.yes & other.no)

    return Term("truth", of, f"si {condition.words}, alors {consequence.words}")


_KINDS = {
    "code": "code", "integer": "number", "number": "number", "date": "date", "datetime": "date", "text": "text",
    "boolean": "boolean", "identifier": "text",
}  # fmt: skip

_TOLD = {
    "code": "un code", "number": "un nombre", "date": "une date", "text": "un texte", "boolean": "un oui ou non",
    "truth": "une comparaison", "days": "une durée en jours",
}  # fmt: skip

_COMPARISONS: dict[type[ast.cmpop], tuple[Callable[[Any, Any], Any], str]] = {
    ast.Eq: (operator.eq, "="),
    ast.NotEq: (operator.ne, "≠"),
    ast.Lt: (operator.lt, "<"),
    ast.LtE: (operator.le, "≤"),
    ast.Gt: (operator.gt, ">"),
    ast.GtE: (operator.ge, "≥"),
}

_ARITHMETIC: dict[type[ast.operator], tuple[Callable[[Any, Any], Any], str]] = {
    ast.Add: (operator.add, "+"),
    ast.Sub: (operator.sub, "−"),
    ast.Mult: (operator.mul, "×"),
    ast.Div: (operator.truediv, "÷"),
}

_FUNCTIONS = ("year", "abs")


class _Compiler:
    """Walks the tree once: every node that is not listed here is refused, so that nothing else can be run."""

    def __init__(self, variables: Mapping[str, Described]) -> None:
        self.variables = variables
        self.names: list[str] = []
        self.presences: list[str] = []

    def truth(self, node: ast.expr, level: int) -> Term:
        """Return a term that is true or false; a bare boolean variable is one."""
        term = self.term(node, level)
        if term.kind == "truth":
            return term
        if term.kind == "boolean" and term.constant is None:
            return Term("truth", lambda frame: _truth(term.of(frame) == 1, _known(term.of(frame))), term.words)
        raise ValueError(f"une comparaison, là où la règle écrit « {ast.unparse(node)} »")

    def term(self, node: ast.expr, level: int) -> Term:
        if level > MOST_LEVELS:
            raise ValueError(f"une règle d’au plus {MOST_LEVELS} niveaux")
        match node:
            case ast.BoolOp(op=op, values=values):
                return self._joined([self.truth(each, level + 1) for each in values], isinstance(op, ast.And))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self.truth(operand, level + 1)
                return Term("truth", lambda frame: _not(inner.of(frame)), f"il est faux que {inner.words}")
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._negative(self.term(operand, level + 1), node)
            case ast.Compare():
                return self._compared(node, level)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return self._computed(self.term(left, level + 1), op, self.term(right, level + 1), node)
            case ast.Name(id=name):
                return self._variable(name)
            case ast.Constant(value=str() | int() | float() as value):
                return _constant(value)
            case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]):
                return self._called(name, self.term(argument, level + 1), node)
            case _:
                raise ValueError(
                    "des variables, des valeurs, des comparaisons, and, or, not, in, is missing, + - * / "
                    f"(« {ast.unparse(node)[:60]} » n’en est pas)"
                )

    def _variable(self, name: str) -> Term:
        if name in {"true", "false"} and name not in self.variables:
            return _constant(name == "true")
        if name not in self.variables:
            raise ValueError(f"une variable de la source : « {name} » n’en est pas une ({self._near(name)})")
        self.names.append(name)
        variable = self.variables[name]
        labels = tuple(getattr(code, "label", str(code)) for code in variable.codes.values())
        kind = _KINDS[variable.type]
        return Term(
            kind, lambda frame: _values(frame[name], kind), f"« {variable.label} »", tuple(variable.codes), labels
        )

    def _near(self, name: str) -> str:
        return suggestion(name, self.variables)

    def _joined(self, terms: list[Term], all_of_them: bool) -> Term:
        def of(frame: pd.DataFrame) -> Truth:
            truths = [term.of(frame) for term in terms]
            yes, no = (_all, _any) if all_of_them else (_any, _all)
            return Truth(yes([each.yes for each in truths]), no([each.no for each in truths]))

        return Term("truth", of, (" et " if all_of_them else " ou ").join(term.words for term in terms))

    def _negative(self, term: Term, node: ast.expr) -> Term:
        if term.kind not in {"number", "days"}:
            raise ValueError(f"un nombre après le signe −, dans « {ast.unparse(node)} »")
        constant = None if term.constant is None else -term.constant
        return Term(term.kind, lambda frame: -term.of(frame), f"−{term.words}", constant=constant)

    def _called(self, name: str, term: Term, node: ast.expr) -> Term:
        if name == "year" and term.kind == "date" and term.constant is None:
            return Term("number", lambda frame: _years(term.of(frame)), f"l’année de {term.words}")
        if name == "abs" and term.kind in {"number", "days"}:
            return Term(term.kind, lambda frame: np.abs(term.of(frame)), f"la valeur absolue de {term.words}")
        if name in _FUNCTIONS:
            raise ValueError(f"year(date) ou abs(nombre), là où la règle écrit « {ast.unparse(node)} »")
        raise ValueError(f"l’une des fonctions year, abs ({suggestion(name, _FUNCTIONS)})")

    def _computed(self, left: Term, op: ast.operator, right: Term, node: ast.expr) -> Term:
        function, sign = _ARITHMETIC[type(op)]
        words = f"{left.words} {sign} {right.words}"
        if left.kind == right.kind == "date" and isinstance(op, ast.Sub):
            return Term("days", lambda frame: (left.of(frame) - right.of(frame)) / np.timedelta64(1, "D"), words)
        numbers = {"number", "days"}
        if left.kind == "date" and right.kind in numbers and isinstance(op, ast.Add | ast.Sub):
            return Term("date", lambda frame: function(left.of(frame), _days(right.of(frame))), words)
        if left.kind not in numbers or right.kind not in numbers:
            told = f"{_TOLD[left.kind]} et {_TOLD[right.kind]}"
            raise ValueError(f"un calcul sur des nombres, ou sur des dates : « {ast.unparse(node)} » mêle {told}")

        def of(frame: pd.DataFrame) -> Any:
            with np.errstate(divide="ignore", invalid="ignore"):
                found = function(np.asarray(left.of(frame), "float64"), right.of(frame))
            return np.where(np.isfinite(found), found, np.nan)  # a division by zero is unknown

        return Term("days" if "days" in {left.kind, right.kind} else "number", of, words)

    def _compared(self, node: ast.Compare, level: int) -> Term:
        terms, left = [], node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            terms.append(self._comparison(left, op, right, level + 1))
            left = right
        return terms[0] if len(terms) == 1 else self._joined(terms, True)

    def _comparison(self, left: ast.expr, op: ast.cmpop, right: ast.expr, level: int) -> Term:
        known = len(self.names)
        one = self.term(left, level)
        if isinstance(op, ast.Is | ast.IsNot):
            self.presences += self.names[known:]
            return _presence(one, op, right, self)
        if isinstance(op, ast.In | ast.NotIn):
            return self._membership(one, op, right, level)
        function, sign = _COMPARISONS[type(op)]
        first, second = _alike(one, self.term(right, level), f"{ast.unparse(left)} et {ast.unparse(right)}")
        if first.kind in {"text", "boolean"} and sign not in {"=", "≠"}:
            raise ValueError(f"« == » ou « != » entre des valeurs sans ordre (« {ast.unparse(left)} »)")
        return Term("truth", lambda frame: _compare(function, first.of(frame), second.of(frame)),
                    f"{first.words} {sign} {second.words}")  # fmt: skip

    def _membership(self, one: Term, op: ast.cmpop, right: ast.expr, level: int) -> Term:
        if not isinstance(right, ast.List | ast.Tuple) or not right.elts:
            raise ValueError('une liste de valeurs après « in », comme ["a", "b"]')
        pairs = [_alike(one, self.term(each, level), ast.unparse(each)) for each in right.elts]

        def of(frame: pd.DataFrame) -> Truth:
            truths = [_compare(operator.eq, first.of(frame), second.of(frame)) for first, second in pairs]
            return Truth(_any([each.yes for each in truths]), _all([each.no for each in truths]))

        listed = french.listing([second.words for _, second in pairs], last="ou")
        if isinstance(op, ast.In):
            return Term("truth", of, f"{one.words} vaut {listed}")
        return Term("truth", lambda frame: _not(of(frame)), f"{one.words} ne vaut pas {listed}")


def _presence(term: Term, op: ast.cmpop, right: ast.expr, compiler: _Compiler) -> Term:
    if not (isinstance(right, ast.Constant) and right.value is None) or term.kind == "truth":
        raise ValueError("« is missing » ou « is not missing » après une variable")
    assert compiler is not None

    def of(frame: pd.DataFrame) -> Truth:
        known = np.broadcast_to(_known(term.of(frame)), len(frame))
        return Truth(~known, known)

    if isinstance(op, ast.Is):
        return Term("truth", of, f"{term.words} manque")
    return Term("truth", lambda frame: _not(of(frame)), f"{term.words} ne manque pas")


def _alike(left: Term, right: Term, shown: str) -> tuple[Term, Term]:
    """Return two terms that can be compared: a text beside a code or a date is taken for one."""
    if left.constant is not None and right.constant is None:
        right, left = _alike(right, left, shown)
        return left, right
    if right.constant is not None and isinstance(right.constant, str):
        right = _as_code(left, right) if left.kind == "code" else _as_date(right) if left.kind == "date" else right
    kinds = {"number" if term.kind == "days" else term.kind for term in (left, right)}
    if len(kinds) > 1 or "truth" in kinds:
        told = f"{_TOLD[left.kind]} et {_TOLD[right.kind]}"
        raise ValueError(f"deux valeurs du même genre : « {shown} » compare {told}")
    if left.kind == "code" and left.codes != right.codes:
        raise ValueError(f"deux variables qui ont les mêmes codes : « {shown} » n’en sont pas")
    return left, right


def _as_code(variable: Term, text: Term) -> Term:
    if text.constant not in variable.codes:
        near = suggestion(text.constant, variable.codes)
        raise ValueError(f"un code de {variable.words} : « {text.constant} » n’en est pas un ({near})")
    place = variable.codes.index(text.constant)
    return Term("code", lambda _: place, f"« {variable.labels[place]} »", variable.codes, constant=place)


def _as_date(text: Term) -> Term:
    try:
        day = date.fromisoformat(text.constant)
    except ValueError:
        raise ValueError(f'une date comme "2024-10-01", là où la règle écrit « {text.constant} »') from None
    moment = np.datetime64(day, "us")
    return Term("date", lambda _: moment, f"le {french.date(day)}", constant=moment)


def _constant(value: str | float | bool) -> Term:
    if isinstance(value, bool):
        return Term("boolean", lambda _: float(value), "oui" if value else "non", constant=value)
    if isinstance(value, str):
        return Term("text", lambda _: value, f"« {value} »", constant=value)
    return Term("number", lambda _: float(value), f"{value:g}".replace(".", ","), constant=value)


def _values(series: pd.Series, kind: str) -> Any:
    """Return the values of a column of a tidy frame: positions of codes, floats, datetimes or texts."""
    if kind == "code":
        return series.cat.codes.to_numpy()
    if kind == "date":
        return series.to_numpy(dtype="datetime64[us]")
    if kind == "text":
        return series.to_numpy(dtype=object)
    return series.to_numpy(dtype="float64", na_value=np.nan)


def _known(values: Any) -> Any:
    """Return where a value is there; codes at position −1 miss."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "i":
        return values >= 0
    return ~np.asarray(pd.isna(values))


def _compare(function: Callable[[Any, Any], Any], left: Any, right: Any) -> Truth:
    return _truth(function(left, right), _known(left) & _known(right))


def _truth(found: Any, known: Any) -> Truth:
    told = np.asarray(found, dtype=bool)
    return Truth(told & known, ~told & known)


def _not(truth: Truth) -> Truth:
    return Truth(truth.no, truth.yes)


def _all(masks: Iterable[Mask]) -> Mask:
    return cast("Mask", np.logical_and.reduce(np.broadcast_arrays(*masks)))


def _any(masks: Iterable[Mask]) -> Mask:
    return cast("Mask", np.logical_or.reduce(np.broadcast_arrays(*masks)))


def _years(moments: Any) -> Any:
    years = moments.astype("datetime64[Y]").astype("int64") + 1970
    return np.where(np.isnat(moments), np.nan, years)


def _days(number: Any) -> Any:
    """Return a number of days as a time difference; an unknown number gives an unknown one."""
    days = np.asarray(number, "float64")
    return np.where(np.isnan(days), np.timedelta64("NaT"), (np.nan_to_num(days) * 86_400e6).astype("timedelta64[us]"))
