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
import struct
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, wraps
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from uuid import uuid4

from filelock import FileLock, Timeout

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


class Unaddressable(Exception):  # noqa: N818  # no mistake: it never leaves this module
    """An argument whose content has no address: the result is computed, and not kept."""


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

    It must return a new object, that shares nothing with its arguments. A function of a notebook is computed each
    time: no address knows its code.
    """
    if function.__module__ == "__main__":
        return function
    name = f"{function.__module__}.{function.__qualname__}"

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
    return tuple(sorted([*root.glob("*.py"), *(path for room in ROOMS for path in (root / room).glob("*.py"))]))


IMPORTED = code_signature()
"""The code when this process imported this module, before any that is kept by it: what it has in memory, or older."""


# Addresses -------------------------------------------------------------------------------------------


def address_of(salt: bytes, *parts: object) -> str:
    """Return the address of some values: equal content, of the same types and in the same order, has the same.

    Raises
    ------
    Unaddressable
        A value is of a kind whose content cannot be told.

    Examples
    --------
    >>> address_of(b"", 1, "a") == address_of(b"", 1, "a")
    True
    >>> address_of(b"", 1) == address_of(b"", 1.0)
    False
    """
    digest = hashlib.blake2b(salt, digest_size=24)
    for part in parts:
        for piece in _pieces(part):
            digest.update(struct.pack("<Q", len(piece)))  # where one ends is a part of the content
            digest.update(piece)
    return digest.hexdigest()


def _pieces(value: Any) -> Iterator[bytes]:
    kind = type(value)
    yield f"{kind.__module__}.{kind.__qualname__}".encode()
    if value is None or kind in {bool, int, float, str}:
        yield repr(value).encode("utf-8", "surrogatepass")
    elif kind is bytes:
        yield value
    elif isinstance(value, tuple | list):
        yield str(len(value)).encode()
        yield from _all(value)
    elif isinstance(value, Mapping):
        yield str(len(value)).encode()
        yield from _all(each for item in value.items() for each in item)
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _all((each.name, getattr(value, each.name)) for each in fields(value))
    else:
        yield from _frame_pieces(value)


def _all(values: Iterable[Any]) -> Iterator[bytes]:
    for each in values:
        yield from _pieces(each)


def _frame_pieces(value: Any) -> Iterator[bytes]:
    """Yield what a frame, a column, an index, an array or one of their numbers holds."""
    import numpy as np
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        yield from _pieces(value.attrs)
        yield from _pieces(tuple(value.columns))
        yield from _array_pieces(value.index)
        for place in range(value.shape[1]):
            yield from _array_pieces(value.iloc[:, place])
    elif isinstance(value, pd.Series):
        yield from _pieces(value.attrs)
        yield from _pieces(value.name)
        yield from _array_pieces(value.index)
        yield from _array_pieces(value)
    elif isinstance(value, np.ma.MaskedArray):
        raise Unaddressable("MaskedArray")
    elif isinstance(value, np.ndarray | np.generic):
        yield from _numpy_pieces(np.asarray(value))
    elif isinstance(value, pd.Timestamp | pd.Timedelta):
        yield repr(value).encode()
    else:
        raise Unaddressable(type(value).__name__)


def _array_pieces(column: Any) -> Iterator[bytes]:
    """Yield the content of a column or an index, by its type."""
    import pandas as pd

    if isinstance(column, pd.RangeIndex):
        yield repr(column).encode()
        return
    if isinstance(column, pd.MultiIndex):
        raise Unaddressable("MultiIndex")
    yield repr(column.dtype).encode()
    if isinstance(column, pd.Index):
        yield from _pieces(column.name)
    array = column.array
    if isinstance(column.dtype, pd.CategoricalDtype):
        yield from _array_pieces(column.dtype.categories)
        yield from _numpy_pieces(array.codes)
    elif isinstance(column.dtype, pd.StringDtype):
        yield from _text_pieces(array)
    elif hasattr(array, "_mask"):  # Int64, boolean: what lies under a missing value is nothing
        missing = array.isna()
        yield from _numpy_pieces(missing)
        yield from _numpy_pieces(array._data[~missing])  # noqa: SLF001  # no other way without a copy of objects
    else:
        yield from _numpy_pieces(column.to_numpy())


def _text_pieces(array: Any) -> Iterator[bytes]:
    """Yield texts as Arrow writes them to a file: without what a slice leaves aside, and much faster than singly."""
    import pyarrow as pa

    texts = pa.array(array, from_pandas=True)
    whole = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    batch = pa.record_batch([whole.cast(pa.large_string())], names=["text"])
    out = pa.BufferOutputStream()
    with pa.ipc.new_stream(out, batch.schema) as stream:
        stream.write_batch(batch)
    yield out.getvalue().to_pybytes()


def _numpy_pieces(array: Any) -> Iterator[bytes]:
    import numpy as np

    if array.dtype.hasobject or array.dtype.names:
        raise Unaddressable(str(array.dtype))
    yield f"{array.dtype.str} {array.shape}".encode()
    yield np.ascontiguousarray(array).tobytes()
