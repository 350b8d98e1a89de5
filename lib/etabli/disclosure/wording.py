"""What the code of a notebook may make of words: texts written out, and parameters of the study. No text made of data.

A number that stands in a text passes beside protection, as does a label made of a value. Nor may code choose between
words: which one is said would tell what it was chosen by. Numbers enter a sentence through the places of its template,
conditions through `provided=`; this module refuses the honest ways round them. It is no guard against malice: who
writes a notebook can read the data anyway.
"""

from __future__ import annotations

import ast
from collections.abc import Collection

_MAKERS = frozenset({"str", "repr", "format", "chr", "ascii"})
_METHODS = frozenset({"format", "format_map", "join", "strftime", "isoformat", "to_string", "to_html", "to_markdown"})


def wording_complaint(source: str, parameters: Collection[str]) -> str | None:
    """Return what a code cell makes of text that it must not, in French; None when there is nothing of the kind.

    Parameters
    ----------
    source
        The cell.
    parameters
        Names of the study's parameters: their values are no data.

    Examples
    --------
    >>> wording_complaint('report.say(f"Bilan {year}")', {"year"}) is None
    True
    >>> wording_complaint('report.say(f"{len(rare)} personnes")', {"year"})
    'un texte fabriqué par le code (ligne 1) : un nombre y échapperait au contrôle'
    >>> wording_complaint('report.say("Peu" if len(rare) < 5 else "Beaucoup")', {"year"})
    'un choix fait par le code (ligne 1) : ce qui est dit trahirait ce qui l’a décidé'
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return "une commande de Jupyter (« % » ou « ! »), ou du code qui n’est pas du Python"
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 1)
        if _makes_text(node, parameters):
            return f"un texte fabriqué par le code (ligne {line}) : un nombre y échapperait au contrôle"
        if _chooses(node, parameters):
            return f"un choix fait par le code (ligne {line}) : ce qui est dit trahirait ce qui l’a décidé"
    return None


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
    return isinstance(node, _CHOICES)


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
