"""A store of pure results by content address: asleep until `open_report` wakes it, for one edition of one study.

Runs of an edition (audiences, restitutions) differ in what they show, not in what was computed. A result is found again
by what it was made from: the function, the code under it, the libraries, and every argument to the last value. Nothing
must be forgotten because something changed; all is forgotten when a person withdraws or a delivery must go, as
everything in `data/cache`.

Entries hold results, small counts among them: they are their owner's alone (0600), and never serve another study.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, wraps
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from uuid import uuid4

from filelock import FileLock, Timeout

from etabli.absence import passed_on
from etabli.addresses import Unaddressable, address_of
from etabli.project import Project

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Signature = tuple[tuple[int, int], ...]

OFF_VARIABLE = "ETABLI_SHARE"
"""Environment variable: 0 to compute everything in each run."""

LIBRARIES = ("numpy", "pandas", "pyarrow", "scipy", "statsmodels", "matplotlib", "seaborn", "babel")
"""Libraries whose versions are a part of every address, as is Python's."""

FORGOTTEN = ".forgotten"
"""In the folder of all results: changes each time that they are forgotten."""

ROOMS = ("disclosure", "methods", "present", "sources")
"""Rooms whose code is a part of every address: what makes frames and results, decides on masks, and draws."""


@dataclass(frozen=True)
class Mark:
    """What told, at one moment, whether all was forgotten since: `FORGOTTEN`, in the folder of all results."""

    root: Path
    said: str

    @classmethod
    def now(cls, project: Project) -> Mark:
        """Return what the mark says at this moment."""
        root = root_of(project)
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return cls(root, _mark(root))

    @contextmanager
    def held(self) -> Iterator[bool]:
        """Tell whether it still says so, and let nobody change it meanwhile."""
        with _held(self.root):
            yield _mark(self.root) == self.said


@dataclass
class Store:
    """The results of one edition of a study.

    Parameters
    ----------
    folder
        Where they lie.
    salt
        What all addresses depend on.
    code
        The files of the code, when this process imported it: once one has changed, nothing is taken or kept any more.
    mark
        As it was before any frame was loaded: once it changes, nothing is kept, for it may hold the person.
    taken, kept
        How many results were found, and how many were added.
    """

    folder: Path
    salt: bytes
    code: Signature | None
    mark: Mark
    taken: int = 0
    kept: int = 0

    def find(self, address: str) -> Any:
        """Return what is kept under an address, a new object each time.

        Raises
        ------
        KeyError
            Nothing whole is.
        """
        if self.code is None or code_signature() != self.code or not _is_ours(self.folder):
            raise KeyError(address)
        try:
            content = (self.folder / address).read_bytes()
            digest, body = content[:32], content[32:]
            if hashlib.sha256(body).digest() != digest:
                raise KeyError(address)
            result = pickle.loads(body)  # noqa: S301  # from a folder that is this user's, and nobody else can write
        except (OSError, pickle.PickleError, EOFError, ImportError, AttributeError, ValueError):
            raise KeyError(address) from None
        self.taken += 1
        return result

    def keep(self, address: str, result: object) -> None:
        """Keep a result, whole or not at all; what refuses it, a disk or the result itself, costs nothing but time."""
        if self.code is None or code_signature() != self.code:
            return  # made by code that is no longer, or not yet, what the address says
        try:
            body = _written(result)
            self.folder.mkdir(exist_ok=True, mode=0o700)
            if not _is_ours(self.folder):
                return
            staged = self.folder / f"{address}.{uuid4().hex}.part"
            with open(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:  # noqa: PTH123
                out.write(hashlib.sha256(body).digest() + body)
            with self.mark.held() as is_wanted:
                if is_wanted:
                    staged.replace(self.folder / address)
            if not is_wanted:
                staged.unlink(missing_ok=True)
                return
        except (OSError, Timeout, pickle.PickleError, AttributeError, TypeError):
            return
        self.kept += 1


class _Pickler(pickle.Pickler):
    """Writes what refuses to be written anywhere else, and says by `kept_privately` how it may be written here."""

    def reducer_override(self, value: object) -> Any:
        kept = getattr(type(value), "kept_privately", None)
        return NotImplemented if kept is None else kept(value)


def _written(result: object) -> bytes:
    out = BytesIO()
    _Pickler(out, protocol=5).dump(result)
    return out.getvalue()


_awake: Store | None = None
_is_inside = False


def root_of(project: Project) -> Path:
    """Return where all results lie."""
    return project.cache / "results"


def folder_of(project: Project, study: str, edition: str) -> Path:
    """Return where the results of an edition lie."""
    return root_of(project) / study / edition


def forget(project: Project) -> None:
    """Remove all results; what a run computes meanwhile, perhaps of somebody who must go, is not kept."""
    root = root_of(project)
    if not root.is_dir():
        return
    with _held(root):
        for each in root.iterdir():
            if each.is_dir():
                shutil.rmtree(each, ignore_errors=True)
        staged = root / f"{FORGOTTEN}.{uuid4().hex}"
        staged.write_text(uuid4().hex, encoding="ascii")
        staged.replace(root / FORGOTTEN)


def _held(root: Path) -> FileLock:
    return FileLock(root / f"{FORGOTTEN}.lock", timeout=10)


def _mark(root: Path) -> str:
    path = root / FORGOTTEN
    return path.read_text(encoding="ascii") if path.is_file() else ""


def _is_ours(folder: Path) -> bool:
    """Whether a folder is this user's, and nobody else can write into it: what lies there is unpickled."""
    found = folder.lstat() if folder.exists() else None
    if found is None or not hasattr(os, "getuid"):
        return found is not None
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022


def wake(project: Project, study: str, edition: str, environment: Mapping[str, str]) -> None:
    """Share results from now on with the other runs of an edition, in this process.

    Not when the code has changed since this process imported it: what it has in memory is then not what lies on the
    disk. Nor where another user could write what is to be read.
    """
    global _awake  # noqa: PLW0603  # one report is open in a kernel
    _awake = None
    if environment.get(OFF_VARIABLE) == "0" or IMPORTED is None or code_signature() != IMPORTED:
        return
    home, root = folder_of(project, study, edition), root_of(project)
    try:
        mark = Mark.now(project)
        for folder in (home.parent, home):
            folder.mkdir(exist_ok=True, mode=0o700)
        salt = _salt(study, edition)
    except OSError:
        return
    if all(_is_ours(folder) for folder in (root, home.parent, home)):
        _awake = Store(home / salt.hex()[:16], salt, IMPORTED, mark)
        _remove_others(home, but=_awake.folder)


def _remove_others(home: Path, *, but: Path) -> None:
    """Remove the results of former code: nobody will ask for them."""
    for folder in home.glob("*"):
        if folder != but:
            shutil.rmtree(folder, ignore_errors=True)


def sleep() -> None:
    """Share nothing any more."""
    global _awake  # noqa: PLW0603
    _awake = None


def account() -> tuple[int, int]:
    """Return how many results were taken from the store, and how many were added, since it woke."""
    return (0, 0) if _awake is None else (_awake.taken, _awake.kept)


def pure(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Mark a function whose result depends on its arguments alone, and is worth keeping.

    It must return a new object, that shares nothing with its arguments. What is made of a source that is not there is
    not there either (`absence`). A function of a notebook is computed each
    time: no address knows its code.
    """
    if function.__module__ == "__main__":
        return function
    name = f"{function.__module__}.{function.__qualname__}"

    @passed_on
    @wraps(function)
    def found_or_made(*arguments: Parameters.args, **named: Parameters.kwargs) -> Result:
        store = _awake
        if store is None or _is_inside:  # what a result is made of is not kept beside it
            return function(*arguments, **named)
        try:
            address = address_of(store.salt, name, arguments, sorted(named.items()))
        except Unaddressable:
            return function(*arguments, **named)
        try:
            result: Result = store.find(address)
        except KeyError:
            with _inside():
                result = function(*arguments, **named)
            store.keep(address, result)
        return result

    return found_or_made


@contextmanager
def _inside() -> Iterator[None]:
    global _is_inside  # noqa: PLW0603
    _is_inside = True
    try:
        yield
    finally:
        _is_inside = False


def _salt(study: str, edition: str) -> bytes:
    parts = [study, edition, sys.version, *(f"{name} {version(name)}" for name in LIBRARIES), code_digest()]
    return hashlib.sha256("\0".join(parts).encode()).digest()


def code_digest() -> str:
    """Return the digest of the code that results depend on."""
    digest = hashlib.sha256()
    for path in _code():
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def code_signature() -> Signature | None:
    """Return what tells at a look whether that code has changed: time and size of each file; None when one is gone."""
    try:
        found = [path.stat() for path in _code()]
    except OSError:
        return None
    return tuple((each.st_mtime_ns, each.st_size) for each in found)


@cache
def _code() -> tuple[Path, ...]:
    root = Path(__file__).parent
    return tuple(sorted([*root.glob("*.py"), *(path for room in ROOMS for path in (root / room).rglob("*.py"))]))


IMPORTED = code_signature()
"""The code when this process imported this module, before any that is kept by it: what it has in memory, or older."""
