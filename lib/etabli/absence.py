"""What a report makes of a source that its edition lacks: nothing, and says so.

`report.load` gives an `Absent` in the place of the frame; methods pass it on in the place of their results
(`passed_on`), and the report says once, where the first of them would stand, what it can no longer tell. A notebook has
no `if`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar, cast

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Absent:
    """A frame, a result, a value or a condition that would have been made of a source that is not there.

    Parameters
    ----------
    source
        Its name in `study.yml`.

    Examples
    --------
    >>> Absent("recipients").value("share", age="old").of("people")
    Absent(source='recipients')
    """

    source: str

    def value(self, *_: object, **__: object) -> Absent:
        """Return what is asked of it: nothing either."""
        return self

    of = largest = smallest = reference = is_significant = ranks_apart = value


def absent_among(values: Iterable[object]) -> Absent | None:
    """Return the first of some values that is absent, or in a list among them; None where none is."""
    for each in values:
        found = absent_among(each) if isinstance(each, list | tuple) else each
        if isinstance(found, Absent):
            return found
    return None


def passed_on(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Return a function that gives back, in the place of its result, an argument that is absent."""

    @wraps(function)
    def made_or_absent(*arguments: Parameters.args, **named: Parameters.kwargs) -> Result:
        absent = absent_among((*arguments, *named.values()))
        return function(*arguments, **named) if absent is None else cast("Result", absent)

    return made_or_absent
