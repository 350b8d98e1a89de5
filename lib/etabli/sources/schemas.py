"""The codebook as a pandera schema: what `etabli check` validates a whole delivery with, every rule at once.

The rules are those of `rules`, the same functions that `checks.tidy` calls; pandera adds the types of the columns,
runs them all without stopping at the first (lazy), and keeps the account. See decision 0007.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from etabli.errors import DeliveryError
from etabli.sources.checks import Fault
from etabli.sources.codebook import SourceCodebook, Variable
from etabli.sources.columns import Mask
from etabli.sources.rules import Check, Delivered

MOST_CASES = 1
"""Failures that pandera copies a rule: their values may betray a person, and the lines are known without them."""

_TYPES = {
    "integer": "Int64", "number": "float64", "date": "datetime64[us]", "datetime": "datetime64[us]",
    "boolean": "boolean", "text": "str", "identifier": "str",
}  # fmt: skip


def schema_of(
    delivered: Delivered,
    book: SourceCodebook,
    checks: Iterable[Check],
    *,
    kept: Callable[[Check, Mask], None] = lambda _, __: None,
) -> pa.DataFrameSchema:
    """Return the schema of a source's tidy frame: the type of each column, and every rule.

    Parameters
    ----------
    delivered
        The columns that the rules are tried on.
    book
        The codebook of the source.
    checks
        Its rules (`rules.checks_of`).
    kept
        Called with each rule and the rows that break it, when the schema validates a frame.
    """

    def holds(check: Check) -> Callable[[pd.DataFrame], pd.Series]:
        def of(_: pd.DataFrame) -> pd.Series:
            broken = check.broken(delivered)
            kept(check, broken)
            return pd.Series(~broken)

        return of

    return pa.DataFrameSchema(
        {name: pa.Column(_type(variable), nullable=True) for name, variable in book.variables.items()},
        checks=[pa.Check(holds(check), name=check.key, ignore_na=False, n_failure_cases=MOST_CASES,
                         raise_warning=False) for check in checks],
        strict=True,
        ordered=True,
    )  # fmt: skip


def validate(delivered: Delivered, book: SourceCodebook, checks: Iterable[Check]) -> list[Fault]:
    """Return the rules that some rows break, as pandera finds them, in the order of `checks`.

    Raises
    ------
    DeliveryError
        A column has not the type that its variable promises: that is a fault of ours, and nothing may rest on it.
    """
    found: dict[str, Fault] = {}
    every = list(checks)
    schema = schema_of(delivered, book, every, kept=lambda check, rows: found.update({check.key: Fault(check, rows)}))
    try:
        schema.validate(delivered.frame, lazy=True)
    except SchemaErrors as errors:
        failed = set(errors.failure_cases["check"])
    else:
        failed = set()
    known = {check.key for check in every}
    if not failed <= known:
        raise DeliveryError(
            "Les colonnes lues n’ont pas le type que le codebook promet.",
            expected="un type pandas par type de variable",
            got=", ".join(sorted(str(each) for each in failed - known)),
            hint="c’est une faute d’etabli : signalez-la avec ce message",
        )
    return [found[check.key] for check in every if check.key in failed]


def _type(variable: Variable) -> object:
    if variable.type == "code":
        return pd.CategoricalDtype(list(variable.codes))
    return _TYPES[variable.type]
