"""All tables of a report as one workbook: the values of its CSV files, and words that its page says."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Any

from etabli.disclosure.exported import sheet_name
from etabli.disclosure.workbook import (
    CONTENTS,
    CONTENTS_HEAD,
    NOTES,
    NOTES_HEAD,
    OF_NOTES,
    TO_CITE,
    WARNING,
    Book,
    Number,
    Sheet,
    number,
    write,
)
from etabli.publish.context import citation, context
from etabli.runs.execute import Executed


def workbook_of(executed: Executed) -> bytes | None:
    """Return the workbook of a report; None for a report without a table."""
    payload, told = executed.clearance.payload, context(executed)
    tables = {name: text for name, text in payload["files"].items() if name.endswith(".csv")}
    if not tables:
        return None
    sheets = [_table(name, text, payload["sheets"][name]) for name, text in tables.items()]
    scopes = [payload["sheets"][name]["scope"] for name in tables]
    listed = [(each.name, each.title, scope) for each, scope in zip(sheets, scopes, strict=True)]
    contents = Sheet(CONTENTS, told["title"], CONTENTS_HEAD, (*listed, (NOTES, *OF_NOTES)))
    notes = Sheet(NOTES, told["title"], NOTES_HEAD, tuple(_notes(executed, told)))
    return write(Book((contents, *sheets, notes)))


def _table(name: str, text: str, told: dict[str, Any]) -> Sheet:
    head, *rows = csv.reader(StringIO(text), delimiter=";")
    return Sheet(
        sheet_name(name),
        told["title"],
        tuple(map(_bare, head)),
        tuple(tuple(map(_value, row, told["units"])) for row in rows),
        tuple(told["notes"]),
    )


def _value(text: str, unit: str | None) -> str | Number:
    return _bare(text) if unit is None else number(_bare(text), unit)


def _bare(text: str) -> str:
    """Return words without the apostrophe that keeps a spreadsheet from computing them: a workbook tells text apart.

    >>> _bare("'=A1"), _bare("'n'importe")
    ('=A1', "'n'importe")
    """
    return text[1:] if text[:1] == "'" and text[1:2] in {"=", "+", "-", "@", "\t", "\r"} else text


def _notes(executed: Executed, told: dict[str, Any]) -> list[tuple[str, str]]:
    banners = [(WARNING, text) for _, text in told["banners"]]
    sources = [(name, text) for name, text in told["sheet"] if name.startswith("Source")]
    secrecy = [("Secret statistique", text) for text in told["disclosure"]]
    return [*banners, *told["cover"], *secrecy, *sources, (TO_CITE, citation(executed))]
