"""What the code of a notebook may make of words: texts written out, and parameters of the study. No text made of data.

A number that stands in a text passes beside protection, as does a label made of a value. Nor may code choose between
words: which one is said would tell what it was chosen by. Numbers enter a sentence through the places of its template,
conditions through `provided=`. What is given to `report.say`, `report.table` and the like is held to a list of what may
be told: texts written out, parameters, values and conditions of results, sentences made of these. Elsewhere in a cell
the honest ways round are refused. It is no guard against malice: who writes a notebook can read the data anyway.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

Assigned = Mapping[str, Sequence[ast.expr]]
"""For each name of a notebook, all that is assigned to it."""

_MAKERS = frozenset({"str", "repr", "format", "chr", "ascii"})
_METHODS = frozenset({"format", "format_map", "join", "strftime", "isoformat", "to_string", "to_html", "to_markdown"})


def assigned_in(sources: Iterable[str]) -> dict[str, list[ast.expr]]:
    """Return what the cells of a notebook assign to each name, the cell of parameters apart.

    What is bound otherwise (a loop, a walrus, several targets) is bound to `...`, of which nothing may be told.
    """
    found: dict[str, list[ast.expr]] = {}
    for source in sources:
        try:
            tree = ast.parse(source)
        except SyntaxError:
            continue  # the cell is refused for that
        plain = {
            id(target): node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.setdefault(node.id, []).append(plain.get(id(node), ast.Constant(...)))
    return found


def gives_literals(source: str) -> bool:
    """Whether a cell does nothing but give names to values that are written out.

    >>> gives_literals('year = 2024'), gives_literals("n = len(visits)")
    (True, False)
    """
    try:
        lines = ast.parse(source).body
        values = [line.value for line in lines if isinstance(line, ast.Assign | ast.AnnAssign)]
        return len(values) == len(lines) and all(ast.literal_eval(each) is not ... for each in values if each)
    except (SyntaxError, ValueError):
        return False


def wording_complaint(
    source: str, parameters: Collection[str], assigned: Assigned = MappingProxyType({})
) -> str | None:
    """Return what a code cell makes of text that it must not, in French; None when there is nothing of the kind.

    Parameters
    ----------
    source
        The cell.
    parameters
        Names of the study's parameters: their values are no data, unless the notebook assigns others.
    assigned
        What the notebook's cells assign (`assigned_in`).

    Examples
    --------
    >>> wording_complaint('report.say(f"Bilan {year}")', {"year"}) is None
    True
    >>> wording_complaint('report.say(f"{len(rare)} personnes")', {"year"})
    'un texte fabriqué par le code (ligne 1) : un nombre y échapperait au contrôle'
    >>> wording_complaint('report.say("Peu" if len(rare) < 5 else "Beaucoup")', {"year"})
    'un choix fait par le code (ligne 1) : ce qui est dit trahirait ce qui l’a décidé'
    >>> wording_complaint('report.say(visits.head().to_csv())', set())
    'un texte qui n’est ni écrit ni cité d’un résultat (ligne 1) : des données y échapperaient au contrôle'
    """
    parameters = [name for name in parameters if name not in assigned]
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return "une commande de Jupyter (« % » ou « ! »), ou du code qui n’est pas du Python"
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 1)
        if _borrows(node, called):
            return f"une méthode de report appelée par un autre nom (ligne {line}) : ce qu’elle dit ne serait pas relu"
        if _makes_text(node, parameters):
            return f"un texte fabriqué par le code (ligne {line}) : un nombre y échapperait au contrôle"
        if _chooses(node, parameters):
            return f"un choix fait par le code (ligne {line}) : ce qui est dit trahirait ce qui l’a décidé"
    for node in ast.walk(tree):
        if any(not _may_be_told(each, parameters, assigned) for each in _told(node)):
            return (
                f"un texte qui n’est ni écrit ni cité d’un résultat (ligne {getattr(node, 'lineno', 1)}) : "
                "des données y échapperaient au contrôle"
            )
    return None


_TELLING = {"say": 0, "comment": 0, "key_figure": 0, "table": 1, "figure": 1, "map": 1}
"""Methods of a report, and how many of their first arguments are results."""

_VALUES = frozenset({"value", "largest", "smallest", "reference", "of", "choice"})
"""Methods that give a value of a result, or the words of a parameter."""

_DEPTH = 20
"""Names that stand for names, beyond which nobody follows."""


def _told(node: ast.AST) -> list[ast.expr]:
    """Return what a call gives to be told: the arguments of a report's methods, and of `sentence`."""
    match node:
        case ast.Call(func=ast.Attribute(attr=name)) if name in _TELLING:
            return [*node.args[_TELLING[name] :], *(each.value for each in node.keywords if each.arg != "provided")]
        case ast.Call(func=ast.Name(id="sentence")):
            return [*node.args, *(each.value for each in node.keywords if each.arg != "provided")]
    return []


def _may_be_told(node: ast.expr | None, parameters: Collection[str], assigned: Assigned, depth: int = _DEPTH) -> bool:
    match node:
        case ast.Constant():
            return node.value is not ...
        case ast.JoinedStr() | ast.Call(func=ast.Name(id="sentence" | "str")):
            return True  # its own parts are held by themselves
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in _VALUES
        case ast.Attribute(value=ast.Name(), attr="edition"):
            return True
        case ast.Name(id=name):
            bound = assigned.get(name, ())
            is_known = bool(bound) and depth > 0
            return name in parameters or (
                is_known and all(_may_be_told(each, parameters, assigned, depth - 1) for each in bound)
            )
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return all(_may_be_told(each, parameters, assigned, depth) for each in parts)
        case ast.Dict(keys=keys, values=values):
            return all(_may_be_told(each, parameters, assigned, depth) for each in (*keys, *values))
    return False


def _borrows(node: ast.AST, called: Collection[int]) -> bool:
    """Whether code takes a method of the report without calling it there, to call it by another name."""
    match node:
        case ast.Attribute(value=ast.Name(id="report"), attr=name) if name in _TELLING:
            return id(node) not in called
        case ast.Call(func=ast.Name(id="getattr"), args=[ast.Name(id="report"), *_]):
            return True
    return False


def _tells(node: ast.AST) -> bool:
    return any(isinstance(each, ast.Call) and _told(each) for each in ast.walk(node))


def _is_picked(node: ast.AST) -> bool:
    """Whether a category is picked by code, and not written out: by a place in a list, a comparison, a result."""
    return any(isinstance(each, ast.Subscript | ast.Compare) for each in ast.walk(node))


_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_ASKED = frozenset({"value", "largest", "smallest", "reference"})
_CHOICES = (ast.If, ast.IfExp, ast.While, ast.For, ast.Match, ast.Try, ast.BoolOp, ast.Lambda, ast.FunctionDef)
_CONDITIONS = frozenset({"is_significant", "ranks_apart"})
"""Methods of results that give a condition with what it rests on; protection then decides."""


def _chooses(node: ast.AST, parameters: Collection[str]) -> bool:
    match node:
        case ast.keyword(arg="provided", value=ast.Constant()):
            return False
        case ast.keyword(arg="provided", value=ast.Call(func=ast.Attribute(attr=name))):
            return name not in _CONDITIONS
        case ast.keyword(arg="provided", value=ast.Compare(left=left, comparators=others)):
            return not all(_is_fixed(each, parameters) for each in (left, *others))
        case ast.keyword(arg="provided"):
            return True
        case ast.Call(func=ast.Attribute(attr=name)) if name in _ASKED:
            return any(_is_picked(each) for each in (*node.args, *(word.value for word in node.keywords)))
    return isinstance(node, _CHOICES) or (isinstance(node, _COMPREHENSIONS) and _tells(node))


def _is_fixed(node: ast.AST, parameters: Collection[str]) -> bool:
    """Whether a term of a comparison is the same whatever the data: a parameter, a number, a constant of a module."""
    match node:
        case ast.Constant():
            return True
        case ast.Attribute(value=ast.Name(), attr=name):
            return name.isupper()
    return _is_parameter(node, parameters)


def _makes_text(node: ast.AST, parameters: Collection[str]) -> bool:
    match node:
        case ast.JoinedStr(values=values):
            holes = [value.value for value in values if isinstance(value, ast.FormattedValue)]
            return not all(_is_parameter(hole, parameters) for hole in holes)
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in _MAKERS:
            return not all(_is_parameter(argument, parameters) for argument in arguments)
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in _METHODS
        case ast.BinOp(left=left, op=ast.Add() | ast.Mod(), right=right):
            return _is_text(left) or _is_text(right)
    return False


def _is_parameter(node: ast.AST, parameters: Collection[str]) -> bool:
    return isinstance(node, ast.Name) and node.id in parameters


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
