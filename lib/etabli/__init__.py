"""etabli: a study is declared once, run as a notebook on any delivery, and leaves as a report that betrays nobody.

A notebook needs two names from here; methods come from `etabli.methods`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from etabli.present.report import open_report
    from etabli.present.sentences import sentence

__all__ = ["open_report", "sentence"]


def __getattr__(name: str) -> Any:
    # imported when asked for: the command line must not pay for pandas
    if name == "open_report":
        from etabli.present.report import open_report

        return open_report
    if name == "sentence":
        from etabli.present.sentences import sentence

        return sentence
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
