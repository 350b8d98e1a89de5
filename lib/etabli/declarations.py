"""Declared files: YAML read into a frozen model, with errors that name file and line.

`study.yml`, `codebook.yml` and the agreements are all read here, so that a mistake in any of
them is told the same way: file, line, key, expected, got, nearest known name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from etabli.errors import DeclarationError, nearest, suggestion

Model = TypeVar("Model", bound=BaseModel)


class Declaration(BaseModel):
    """Base of all declared models: frozen, and strict about unknown keys and types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, str_strip_whitespace=True)


TO_FILL = "à compléter"
"""How a text begins that a new study, agreement or edition leaves to a person."""


def is_to_fill(text: str) -> bool:
    """Whether a text is one that a person has still to write.

    >>> is_to_fill("À compléter : la question"), is_to_fill("Combien de dossiers à compléter ?")
    (True, False)
    """
    return text.casefold().startswith(TO_FILL)


def unfilled(declared: BaseModel) -> list[str]:
    """Return the keys whose text still says « À compléter », from the top."""

    def within(value: object, place: str) -> Iterator[str]:
        if isinstance(value, str) and is_to_fill(value):
            yield place
        elif isinstance(value, dict):
            for key, each in value.items():
                yield from within(each, f"{place}.{key}" if place else str(key))
        elif isinstance(value, list | tuple):
            for rank, each in enumerate(value, start=1):
                yield from within(each, f"{place}[{rank}]")

    return list(within(declared.model_dump(), ""))


Complaint = tuple[tuple[str | int, ...], str]
"""The place of a key under a model, and what is expected there."""


def misplaced(complaints: Iterable[Complaint]) -> ValidationError:
    """Return the error of a model that finds something wrong at places under it, so that their lines can be named."""
    details = [
        InitErrorDetails(
            type=PydanticCustomError("value_error", "{error}", {"error": text, "told": True}), loc=place, input=None
        )
        for place, text in complaints
    ]
    return ValidationError.from_exception_data("declaration", details)


def read_declaration(path: Path, model: type[Model], *, shown: str | None = None) -> Model:
    """Read a YAML file into `model`.

    Parameters
    ----------
    path
        The file.
    model
        A pydantic model.
    shown
        How messages name the file (default: its name).

    Raises
    ------
    DeclarationError
        The file is missing, is not YAML, or does not fit the model.
    """
    name = shown or path.name
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DeclarationError(f"{name} manque.", where=name) from None
    except UnicodeDecodeError as error:
        raise DeclarationError(
            f"{name} n’est pas écrit en UTF-8.", where=f"{name}, octet {error.start}", hint="enregistrez-le en UTF-8"
        ) from None
    return parse_declaration(text, model, shown=name)


def parse_declaration(text: str, model: type[Model], *, shown: str) -> Model:
    """Read YAML into `model`.

    Parameters
    ----------
    text
        The YAML.
    model
        A pydantic model.
    shown
        How messages name what it comes from.

    Raises
    ------
    DeclarationError
        It is not YAML, or does not fit the model.
    """
    name = shown
    tree = _parse(text, name)
    if not isinstance(tree, CommentedMap):
        raise DeclarationError(
            f"{name} ne déclare rien.", where=name, expected="des clés et des valeurs", got=_short(tree)
        )
    try:
        return model.model_validate(_Plain(name).of(tree))
    except ValidationError as error:
        raise _explain(error, tree, model, name) from None


def place_of(path: Path, keys: Iterable[str | int], *, shown: str) -> str:
    """Return where a key stands in a YAML file that was read already: the file, as it is shown, and the line."""
    _, line = _locate(_parse(path.read_text(encoding="utf-8"), shown), tuple(keys))
    return f"{shown}, ligne {line}" if line else shown


def _parse(text: str, name: str) -> Any:
    try:
        return YAML(typ="rt").load(StringIO(text))
    except DuplicateKeyError as error:
        raise DeclarationError(
            "Une clé est écrite deux fois.",
            where=_at(name, error),
            got=_duplicate_key(error),
        ) from None
    except MarkedYAMLError as error:
        raise DeclarationError(
            f"{name} n’est pas du YAML valable.",
            where=_at(name, error),
            hint="vérifiez les retraits, les deux-points et les guillemets de cette ligne",
        ) from None
    except YAMLError:
        raise DeclarationError(f"{name} n’est pas du YAML valable.", where=name) from None
    except RecursionError:
        raise _too_much(name) from None
    except ValueError:  # YAML takes 2024-13-01 for a date, and fails to make one of it
        line = _line_of_impossible_date(text)
        if line is None:
            raise DeclarationError(f"Un nombre de {name} est trop long pour en être un.", where=name) from None
        raise DeclarationError(
            "Une date n’existe pas.", where=f"{name}, ligne {line}", expected=_EXPECTED["date_type"]
        ) from None


def _duplicate_key(error: MarkedYAMLError) -> str | None:
    found = re.match(r'found duplicate key "(.*?)" with value', error.problem or "")
    return f"« {found[1]} »" if found else None


def _line_of_impossible_date(text: str) -> int | None:
    for number, line in enumerate(text.splitlines(), start=1):
        for year, month, day in re.findall(r"\b(\d{4})-(\d\d?)-(\d\d?)\b", line):
            try:
                date(int(year), int(month), int(day))
            except ValueError:
                return number
    return None


def _at(name: str, error: MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    return f"{name}, ligne {mark.line + 1}" if mark else name


MOST_NODES, MOST_LEVELS = 100_000, 50
"""What a declaration may hold at most. Ten lines of YAML that repeat each other by aliases make a billion values."""


class _Plain:
    """Turns ruamel's nodes into plain dicts and lists, keys as text."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes = 0

    def of(self, node: Any, level: int = 0) -> Any:
        self.nodes += 1
        if self.nodes > MOST_NODES or level > MOST_LEVELS:
            raise _too_much(self.name)
        if isinstance(node, CommentedMap):
            return {self._key(key): self.of(value, level + 1) for key, value in node.items()}
        if isinstance(node, CommentedSeq):
            return [self.of(value, level + 1) for value in node]
        if node is None or isinstance(node, str | int | float | date):
            return node
        raise DeclarationError(f"{self.name} emploie une balise YAML (« ! »), que rien ici ne lit.", where=self.name)

    def _key(self, key: object) -> str:
        return key if isinstance(key, str) else str(self.of(key))


def _too_much(name: str) -> DeclarationError:
    return DeclarationError(
        f"{name} déclare plus qu’une étude ne peut.",
        where=name,
        expected=f"au plus {MOST_NODES} valeurs, sur {MOST_LEVELS} niveaux",
        hint="cherchez un renvoi (« * ») qui se répète ou se contient lui-même",
    )


def _explain(error: ValidationError, tree: CommentedMap, model: type[BaseModel], name: str) -> DeclarationError:
    """Turn one of pydantic's complaints into a French message; say how many more there are.

    A key that resembles a known one comes first: it is what the key that misses is really called.
    """
    complaints = error.errors(include_url=False)
    first, *others = sorted(complaints, key=lambda each: not _is_misspelt(each, model))
    path, line = _locate(tree, tuple(part for part in first["loc"] if part != _OF_A_KEY))
    key = ".".join(str(part) for part in path)
    what, expected, hint = _words(first, key, model)
    if others:
        hint = " ; ".join(filter(None, [hint, _others(len(others))]))
    got = None if _says_enough(first) else _short(first.get("input"))
    return DeclarationError(
        what, where=f"{name}, ligne {line}" if line else name, expected=expected, got=got, hint=hint or None
    )


def _others(count: int) -> str:
    return "une autre erreur dans ce fichier" if count == 1 else f"{count} autres erreurs dans ce fichier"


def _says_enough(problem: Any) -> bool:
    """Whether there is nothing to show of what was found; a complaint of `misplaced` quotes it itself."""
    return problem["type"] in {"missing", "extra_forbidden"} or "told" in problem.get("ctx", {})


_OF_A_KEY = "[key]"
"""What pydantic puts at the end of a place when it is the key that does not do."""


def _is_misspelt(problem: Any, model: type[BaseModel]) -> bool:
    loc = problem["loc"]
    return problem["type"] == "extra_forbidden" and nearest(loc[-1], _fields(model, loc[:-1])) is not None


def _words(problem: Any, key: str, model: type[BaseModel]) -> tuple[str, str | None, str | None]:
    kind, context, last = problem["type"], problem.get("ctx", {}), key.rpartition(".")[2]
    if kind == "extra_forbidden":
        return f"Clé inconnue : « {key} ».", None, suggestion(last, _fields(model, problem["loc"][:-1]))
    if kind == "missing":
        return f"La clé « {key} » manque.", None, None
    if kind in {"literal_error", "enum"}:
        return f"Valeur refusée pour « {key} ».", _quoted(context["expected"]), None
    if kind == "value_error":
        return f"Valeur refusée pour « {key} »." if key else "Déclaration incohérente.", str(context["error"]), None
    if kind == "union_tag_invalid":
        return f"Valeur refusée pour « {key} ».", str(context["expected_tags"]), None
    return f"Valeur refusée pour « {key} ».", _EXPECTED.get(kind, "une valeur de la forme prévue"), None


def _quoted(expected: str) -> str:
    return re.sub(r"'([^']*)'", r"« \1 »", expected).replace(" or ", " ou ")


_EXPECTED = {
    "string_type": "un texte (entre guillemets si ce sont des chiffres)",
    "int_type": "un nombre entier",
    "int_parsing": "un nombre entier",
    "int_from_float": "un nombre entier",
    "int_parsing_size": "un nombre entier plus petit",
    "float_type": "un nombre",
    "float_parsing": "un nombre",
    "bool_type": "true ou false",
    "bool_parsing": "true ou false",
    "list_type": "une liste",
    "tuple_type": "une liste",
    "dict_type": "des clés et des valeurs",
    "model_type": "des clés et des valeurs",
    "model_attributes_type": "des clés et des valeurs",
    "date_from_datetime_parsing": "une date (2024-10-01)",
    "date_type": "une date (2024-10-01)",
    "date_parsing": "une date (2024-10-01)",
    "too_short": "au moins un élément",
    "string_too_short": "un texte qui n’est pas vide",
    "string_too_long": "un texte plus court",
    "string_unicode": "un texte dont tous les caractères existent",
    "string_pattern_mismatch": "un texte de la forme prévue",
    "greater_than_equal": "un nombre plus grand",
    "greater_than": "un nombre plus grand",
    "less_than_equal": "un nombre plus petit",
    "finite_number": "un nombre fini",
}


def _fields(model: type[BaseModel], loc: tuple[Any, ...]) -> list[str]:
    """Return the keys that `model` knows at `loc`; a list index or a free key is passed over."""
    here: Any = model
    for part in loc:
        if isinstance(here, type) and issubclass(here, BaseModel) and part in here.model_fields:
            here = here.model_fields[part].annotation
        here = _inner(here)
    return list(here.model_fields) if isinstance(here, type) and issubclass(here, BaseModel) else []


def _inner(annotation: Any) -> Any:
    """Return the model inside `tuple[X, ...]`, `dict[str, X]`, `X | None`."""
    while not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        models = [each for each in get_args(annotation) if each is not type(None) and each is not Ellipsis]
        if not models:
            return annotation
        annotation = models[-1]
    return annotation


def _locate(tree: Any, loc: tuple[Any, ...]) -> tuple[tuple[Any, ...], int | None]:
    """Return the part of `loc` that stands in the file, and its line (from 1)."""
    node, line, path = tree, None, []
    for part in loc:
        if isinstance(node, CommentedMap):
            real = next((key for key in node if str(key) == str(part)), None)
            if real is None:
                path.append(part)
                break
            line = node.lc.key(real)[0] + 1
            node = node[real]
        elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
            line = node.lc.item(part)[0] + 1
            node = node[part]
        else:  # a tag that pydantic adds for unions: it is not in the file
            continue
        path.append(part)
    return tuple(path), line or (tree.lc.line + 1 if tree.lc else None)


def _short(value: Any) -> str:
    if value is None:
        return "rien"
    text = repr(value) if not isinstance(value, str) else f"« {value} »"
    return text if len(text) <= 80 else text[:77] + "…"
