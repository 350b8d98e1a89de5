"""How long visits took at the desk, where a file tells when the person was called and when the visit ended."""

from __future__ import annotations

import pandas as pd

from etabli.errors import MethodError
from etabli.memo import pure
from etabli.methods.clusters import column
from etabli.methods.membership import mark_derived

MINUTES = "minutes"
"""The variable that says how long a visit took."""

_LONGEST = 8 * 60
"""Minutes beyond which a visit did not take that long: its end was not entered on the day."""


@pure
def with_minutes(visits: pd.DataFrame, *, called: str = "called_at", ended: str = "ended_at") -> pd.DataFrame:
    """Return the visits with how long each took at the desk.

    Parameters
    ----------
    visits
        One row a visit.
    called, ended
        When the person was called, and when the visit ended (`datetime64`).

    Returns
    -------
    pandas.DataFrame
        The same rows, marked as they were, with `minutes` (float): missing where either moment is, where the end is
        before the call, or more than 8 hours after it.

    Raises
    ------
    MethodError
        A column does not exist, or is no moment.

    Examples
    --------
    >>> visits = pd.DataFrame({name: pd.to_datetime([f"2024-10-01 {at}"]) for name, at in
    ...     (("called_at", "09:10"), ("ended_at", "09:25"))})
    >>> with_minutes(visits)["minutes"].to_list()
    [15.0]
    """
    for name in (called, ended):
        if not pd.api.types.is_datetime64_any_dtype(column(visits, name)):
            raise MethodError(f"La variable « {name} » n’est pas un moment.", expected="des dates avec leur heure")
    minutes = (visits[ended] - visits[called]).dt.total_seconds() / 60
    return mark_derived(visits.assign(**{MINUTES: minutes.where(minutes.between(0, _LONGEST))}), visits, {})
