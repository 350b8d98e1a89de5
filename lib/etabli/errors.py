"""Every exception of the workbench.

An error that a researcher meets is one message in French: what happened, where, what was
expected, what was found, and a hint. Its traceback is of no use to them, so the command line
prints the message alone and IPython is told to do the same.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches


class EtabliError(Exception):
    """A mistake that the user can mend, told in one message.

    Parameters
    ----------
    what
        What is wrong, as a French sentence.
    where
        File, line, cell or column.
    expected, got
        What was looked for and what was found instead.
    hint
        What to do about it.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        expected: str | None = None,
        got: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what, self.where, self.expected, self.got, self.hint = what, where, expected, got, hint

    @property
    def details(self) -> list[tuple[str, str]]:
        """The labelled lines under the first one, in reading order."""
        lines = [("où", self.where), ("attendu", self.expected), ("reçu", self.got), ("conseil", self.hint)]
        return [(label, text) for label, text in lines if text]

    def __str__(self) -> str:
        return "\n".join([self.what, *(f"  {label} : {text}" for label, text in self.details)])

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.where, self.expected, self.got, self.hint)

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback."""
        return [f"{type(self).__name__}: {self}"]


def _rebuild(kind: type[EtabliError], what: str, *rest: str | None) -> EtabliError:
    where, expected, got, hint = rest
    return kind(what, where=where, expected=expected, got=got, hint=hint)


class ProjectError(EtabliError):
    """The project's folders are not where they should be."""


class DeclarationError(EtabliError):
    """A declared file (study.yml, codebook.yml, an agreement) is not what it should be."""


class NotebookError(EtabliError):
    """A notebook is not the thin notebook of a study."""


class ParameterError(EtabliError):
    """A run asks for a parameter, or a value, that the study does not have."""


class DeliveryError(EtabliError):
    """A partner's file is missing, damaged, or not what its codebook says."""


class KeyringError(EtabliError):
    """The key of the pseudonyms is missing, is not the project's, or does not open."""


class MethodError(EtabliError):
    """A method was called on data that it cannot answer for."""


class DisclosureError(EtabliError):
    """A result has no rule under which it may leave."""


class GateError(EtabliError):
    """An output of the notebook may not leave the house."""


class PersonalDataError(EtabliError):
    """A file that should betray nobody holds what names or reaches a person."""


class RunError(EtabliError):
    """A run did not reach its report."""


class ReportError(EtabliError):
    """A report was asked for something that it cannot do."""


def nearest(name: object, known: Iterable[object]) -> str | None:
    """Return the known name closest to `name`, or None when nothing is close. Case and accents do not count.

    >>> nearest("AUDIANCE", ["edition", "audience"])
    'audience'
    """
    names = {_folded(str(each)): str(each) for each in reversed(list(known))}
    found = get_close_matches(_folded(str(name)), list(names), n=1, cutoff=0.6)
    return names[found[0]] if found else None


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold() or name


def suggestion(name: object, known: Iterable[object]) -> str:
    """Return a hint: the nearest known name, else the list of them.

    >>> suggestion("audiance", ["edition", "audience"])
    'vouliez-vous dire « audience » ?'
    """
    names = [str(each) for each in known]
    close = nearest(name, names)
    if close is not None:
        return f"vouliez-vous dire « {close} » ?"
    return f"noms connus : {', '.join(names)}" if names else "aucun nom n’est connu ici"
