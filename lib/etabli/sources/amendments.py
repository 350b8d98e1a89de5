"""What a partner's edition writes otherwise, absorbed by the codebook so that notebooks never see it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from etabli.declarations import Declaration
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


def _rests_on(rule: dict[str, Any], absent: tuple[str, ...]) -> bool:
    names = {*(rule.get("unique") or ()), *(rule.get("missing") or ()), *named(rule.get("check") or "")}
    return not names.isdisjoint(absent)
