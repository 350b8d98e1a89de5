"""What a partner's edition writes otherwise, absorbed by the codebook so that notebooks never see it."""

from __future__ import annotations

import json
from typing import Any

from pydantic import Field

from etabli.declarations import Declaration
from etabli.errors import DeliveryError
from etabli.sources.expressions import named
from etabli.study import Name


class Amendment(Declaration):
    """How the deliveries of one edition, or of several, differ from what the codebook describes."""

    rename: dict[Name, str] = Field(default_factory=dict)
    """The column of a variable in these deliveries, by variable."""
    recode: dict[Name, dict[str, str]] = Field(default_factory=dict)
    """Values to be read as others, by variable: added to its own `recode`."""
    absent: tuple[Name, ...] = ()
    """Variables that these deliveries do not have. The rules that rest on them are passed over."""
    format: dict[str, Any] | None = None
    """How the file is written, in the keys of `format`; the keys that are not named stay."""


def amended(source: dict[str, Any], amendment: Amendment) -> dict[str, Any]:
    """Return the plain declaration of a source as an edition's deliveries are written.

    >>> source = {"variables": {"channel": {"column": "MODE"}, "age": {}}}
    >>> amended(source, Amendment(rename={"channel": "CANAL"}, absent=("age",)))
    {'variables': {'channel': {'column': 'CANAL'}}, 'rules': [], 'format': {}}
    """
    variables = {name: dict(each) for name, each in source["variables"].items() if name not in amendment.absent}
    for name, column in amendment.rename.items():
        if name in variables:
            variables[name]["column"] = column
    for name, values in amendment.recode.items():
        if name in variables:
            variables[name]["recode"] = {**variables[name].get("recode", {}), **values}
    rules = [rule for rule in source.get("rules", ()) if not _rests_on(rule, amendment.absent)]
    plain = {key: value for key, value in source.items() if key != "editions"}
    format_ = {**source.get("format", {}), **(amendment.format or {})}
    return {**plain, "variables": variables, "rules": rules, "format": format_}


def placed(error: DeliveryError, form: str | None) -> DeliveryError:
    """Return the error, its hint told for one edition among others: what is mended for it alone breaks no other.

    Parameters
    ----------
    error
        What hinders the reading of an edition's delivery; others than those that the codebook would mend stay.
    form
        The key of the edition under `editions` of the codebook; None where the study has no other edition.
    """
    if form is None or error.hint is None or "codebook" not in error.hint:
        return error
    keys = "format: {…}" if any(key in error.hint for key in _WRITTEN) else "rename: {variable: COLONNE} ou absent: […]"
    error.hint += (
        f" ; si les autres éditions ne sont pas ainsi, écrivez-le dans codebook.yml sous cette source, "
        f"« editions: {{{json.dumps(form)}: {{{keys}}}}} »"
    )
    return error


_WRITTEN = ("separator", "encoding", "sheet", "decimal", "title_rows", "header_rows")


def _rests_on(rule: dict[str, Any], absent: tuple[str, ...]) -> bool:
    names = {*(rule.get("unique") or ()), *(rule.get("missing") or ()), *named(rule.get("check") or "")}
    return not names.isdisjoint(absent)
