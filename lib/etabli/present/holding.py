"""What a result must be to stand in a report that leaves: of declared categories, of people who are known."""

from __future__ import annotations

from collections.abc import Collection

from etabli.errors import ReportError
from etabli.methods.results import MISSING, TOTAL, Table
from etabli.sources.codebook import Codebook


def hold_categories(table: Table, codebook: Codebook) -> None:
    """Refuse a table of raw values: a category is one that the codebook declares, for it is shown even when masked.

    Raises
    ------
    ReportError
        A dimension is no variable of the codebook with codes, or holds something else than its codes.
    """
    for name in table.keys:
        if name == "variable":
            continue
        stack = table.cells["variable"].astype(str) if name == "category" and "variable" in table.keys else None
        for place, code in enumerate(table.cells[name].astype(str)):
            variable = codebook.variable(name if stack is None else stack.iloc[place])
            if code not in {TOTAL, MISSING} and (variable is None or code not in variable.codes):
                raise ReportError(
                    f"Un résultat porte des valeurs brutes de « {name} » : elles se liraient même masquées.",
                    expected="des modalités que le codebook déclare, sous « codes » ou « derived »",
                    got="(valeur non affichée)",
                    hint="regroupez la variable en modalités déclarées avant de la compter",
                )


def hold_population(table: Table, deliveries: Collection[str]) -> None:
    """Refuse a result of which nobody knows whose rows it counts: its people would be had by difference.

    Parameters
    ----------
    deliveries
        The digests of those that were loaded.

    Raises
    ------
    ReportError
        Rows left, or came into, the frame after `load`.
    """
    if table.membership is not None and table.source not in deliveries:
        raise ReportError(
            "Un résultat compte des lignes dont on ne sait plus d’où elles viennent : il ne peut pas sortir.",
            where=", ".join(table.keys) or ", ".join(measure.name for measure in table.measures),
            expected="toutes les lignes de report.load, ou un filtre que report.load pose : variable=modalité",
            got="des lignes ôtées, ajoutées ou assemblées dans le notebook",
            hint='par exemple : visits = report.load("visits", channel="walk_in")',
        )
