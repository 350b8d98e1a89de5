"""The code that a run depends on: the modules of `etabli` that its notebook and its export reach, by their imports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import etabli

PACKAGE = "etabli"

ROOTS = ("etabli.present.report", "etabli.publish.export")
"""What every run goes through, and no notebook imports by name."""

ABSENT = "absent"

_IMPORT = re.compile(
    rf"^[ \t]*(?:from[ \t]+({PACKAGE}(?:\.\w+)*)[ \t]+import[ \t]+(\([^)]*\)|[^\n#]*)|import[ \t]+([^\n#]*))",
    re.MULTILINE,
)
"""The imports of a module, those inside functions too. Relative ones are not the house's; text that looks like one, in
a docstring, adds a dependency and loses none. An `ast.parse` of the same files takes fifty times as long."""

_NAMED = re.compile(rf"[\"']({PACKAGE}(?:\.\w+)+)[\"']")
"""A module named in a text: what is run by `python -m`, or opened by `importlib.resources`."""

_BESIDE = re.compile(r"[\"'](\w+)\.py[\"']")
"""A file named in a text: what is run by its path, from beside the module that names it."""

_NAME = re.compile(r"\w+")


def closure(names: Iterable[str], *, within: str = PACKAGE) -> dict[str, str]:
    """Return the digest of each module that those reach, themselves included, and of the files of their rooms.

    What a run imports late, or runs in another process, changes its report as well: it is reached too.

    Parameters
    ----------
    names
        Modules of `etabli`; one that does not exist has the digest `ABSENT`.
    within
        The package whose modules are followed, and no others.

    Returns
    -------
    dict
        SHA-256 by module, and by `<room>/<file>` for what a room holds beside its modules (templates, styles).

    Examples
    --------
    >>> "etabli.errors" in closure(["etabli.project"])
    True
    >>> closure(["etabli.gone"])["etabli.gone"]
    'absent'
    """
    found: dict[str, str] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found or not f"{name}.".startswith(f"{within}."):
            continue
        path = path_of(name)
        if path is None:
            found[name] = ABSENT
            continue
        found[name], reached = _read(path)
        if path.name == "__init__.py" and name != PACKAGE:
            found |= {f"{name}/{part}": digest for part, digest in _belongings(path.parent)}
        waiting += [each for each in (*_parents(name), *reached) if path_of(each) is not None]
    return found


def imported_by(notebook: Mapping[str, Any]) -> list[str]:
    """Return the modules of `etabli` that the cells of a notebook import, in order."""
    cells = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    names = [name for source in cells for name in _imports(source if isinstance(source, str) else "".join(source))]
    return [name for name in dict.fromkeys(names) if path_of(name) is not None]


@cache
def path_of(name: str) -> Path | None:
    """Return the file of a module of `etabli`; None when there is none."""
    first, *rest = name.split(".")
    place = Path(etabli.__file__).parent.joinpath(*rest)
    candidates = (place / "__init__.py", place.with_suffix(".py")) if rest else (place / "__init__.py",)
    return next((path for path in candidates if first == PACKAGE and path.is_file()), None)


@cache
def _read(path: Path) -> tuple[str, tuple[str, ...]]:
    """Return the digest of a module, and the names that it may import.

    Read once a process: code that changes under a batch is not the code that its workers have in memory. Their reports
    then say the former digest, and are made again by the next batch.
    """
    content = path.read_bytes()
    text = content.decode("utf-8")
    beside = [".".join((*_room(path), name)) for name in _BESIDE.findall(text)]
    return sha256(content).hexdigest(), tuple(dict.fromkeys([*_imports(text), *_NAMED.findall(text), *beside]))


def _imports(text: str) -> Iterator[str]:
    for room, names, plain in _IMPORT.findall(text):
        if room:
            yield room
            yield from (f"{room}.{name}" for name in _NAME.findall(names))
        else:
            yield from (each for each in re.findall(r"[\w.]+", plain) if each.split(".")[0] == PACKAGE)


def _room(path: Path) -> tuple[str, ...]:
    return (PACKAGE, *path.parent.relative_to(Path(etabli.__file__).parent).parts)


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def _belongings(room: Path) -> Iterator[tuple[str, str]]:
    """Yield what a room holds beside its modules, and its digest."""
    for path in sorted(room.rglob("*")):
        if path.is_file() and path.suffix not in {".py", ".pyc"}:
            yield path.relative_to(room).as_posix(), sha256(path.read_bytes()).hexdigest()
