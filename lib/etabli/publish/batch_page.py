"""The page of a batch, `reports/batch-<date>.html`: what was made, when, by how many, and what it took."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from urllib.parse import quote

from etabli import french
from etabli.personal_data import concealed
from etabli.present import theme
from etabli.present.logo import signature
from etabli.project import Project
from etabli.publish.catalogue import INDEX
from etabli.publish.export import REPORT
from etabli.publish.style import style
from etabli.runs.disk import disk_error, private
from etabli.runs.journal import Account, Ended, page_of_batch

WIDTH, LANE, MARGIN = 960, 16, 24
"""Of the timeline, in pixels of its own: its width, the height of a lane, the room for the hours under it."""

_DONE, _FAILED = f'fill="{theme.ACCENT}"', f'fill="{theme.SERIES[1]}" stroke="{theme.INK}" stroke-dasharray="3 2"'

STYLE = ".cover, main { max-width: 76rem } td.words { overflow-wrap: anywhere; min-width: 14rem }"
"""What this page asks beyond the style of reports: a wide table, whose last column quotes code."""

HEADS = ("Passage", "Début", "Durée", "Calcul", "Mémoire", "Essais", "Repris", "Cellule la plus longue")


@dataclass(frozen=True)
class Bar:
    """One run on the timeline: from when to when, in seconds from the first, and in which lane."""

    run: str
    start: float
    end: float
    lane: int
    failed: bool


def write_batch_page(project: Project, account: Account) -> Path:
    """Write the page of a batch, which is its owner's alone, and return it.

    Raises
    ------
    RunError
        The disk refuses it.
    """
    target = page_of_batch(project, account.batch)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with open(draft, "w", encoding="utf-8", newline="\n", opener=private) as out:  # Path.open has no opener
            out.write(_page(project, account))
        draft.replace(target)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise disk_error("La page du lot n’a pas pu être écrite.", error, project, target) from None
    return target


def bars(account: Account) -> list[Bar]:
    """Return the runs that were begun and ended, in the order of their start, laid in as few lanes as they need."""
    spans = sorted(
        (account.begun[run], max(ended.moment, account.begun[run]), run, ended.status == "failed")
        for run, ended in account.ended.items()
        if run in account.begun
    )
    lanes: list[datetime] = []
    found = []
    for start, end, run, failed in spans:
        lane = next((place for place, free in enumerate(lanes) if free <= start), len(lanes))
        lanes[lane : lane + 1] = [end]
        first = spans[0][0]
        found.append(Bar(run, (start - first).total_seconds(), (end - first).total_seconds(), lane, failed))
    return found


def _page(project: Project, account: Account) -> str:
    title = f"Lot du {_moment(account.started)}"
    drawn = bars(account)
    parts = [f"<p>{escape(_summary(account, drawn))}</p>", _timeline(drawn) if drawn else "", _table(project, account)]
    body = french.typography("\n".join(parts))
    return (
        f'<!doctype html>\n<html lang="fr">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)} – {escape(theme.ORGANISATION)}</title>\n"
        f"<style>{style()}{STYLE}</style>\n</head>\n<body>\n"
        f'<aside class="banners" aria-label="Avertissement"><p class="banner internal">'
        f"Page interne de la maison — ne pas diffuser</p></aside>\n"
        f'<header class="cover">{signature()}<h1>{escape(title)}</h1>'
        f"</header>\n<main>\n{body}\n"
        f'<p><a href="{INDEX}">Tous les rapports</a></p>\n</main>\n</body>\n</html>\n'
    )


def _moment(at: datetime) -> str:
    return french.day_and_time(at.astimezone().replace(tzinfo=None))


def _summary(account: Account, drawn: Sequence[Bar]) -> str:
    failed = len(account.failed)
    made = len(account.ended) - failed
    words = [french.count(made, "rapport écrit", "rapports écrits"), french.count(failed, "échec", "échecs")]
    left = len(account.asked) - len(account.ended)
    words += [french.count(left, "passage n’a pas été fait", "passages n’ont pas été faits")] if left else []
    if account.current:
        words.append(french.count(account.current, "rapport était à jour", "rapports étaient à jour"))
    text = ", ".join(words) + "."
    if drawn:
        several = 1 + max(bar.lane for bar in drawn)
        text += f" Durée : {french.duration(max(bar.end for bar in drawn))}, jusqu’à {several} à la fois ;"
        measured = [ended.cpu_seconds for ended in account.ended.values() if ended.cpu_seconds is not None]
        text += f" calcul : {french.duration(sum(measured))}." if measured else " calcul non mesuré."
    peaks = [ended.peak_bytes for ended in account.ended.values() if ended.peak_bytes]
    text += f" Le plus grand noyau a tenu {_size(max(peaks))}." if peaks else ""
    return text


def _timeline(drawn: Sequence[Bar]) -> str:
    """The runs over time, one bar a run; the table under it says the same in words."""
    span = max(bar.end for bar in drawn) or 1.0
    height = LANE * (1 + max(bar.lane for bar in drawn))
    shapes = [
        f'<rect x="{bar.start / span * WIDTH:.1f}" y="{bar.lane * LANE + 1}" '
        f'width="{max(1.0, (bar.end - bar.start) / span * WIDTH - 1):.1f}" height="{LANE - 2}" '
        f"{_FAILED if bar.failed else _DONE}><title>{escape(bar.run)}, {french.duration(bar.end - bar.start)}"
        f"{', échec' if bar.failed else ''}</title></rect>"
        for bar in drawn
    ]
    ticks = [
        f'<text x="{part * WIDTH:.0f}" y="{height + 16}" text-anchor="{anchor}" font-size="12" fill="{theme.MUTED}">'
        f"{french.duration(part * span)}</text>"
        for part, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end"))
    ]
    name = f"Déroulement : {french.count(len(drawn), 'passage', 'passages')} en {french.duration(span)}"
    box = f'viewBox="0 0 {WIDTH} {height + MARGIN}" width="100%"'
    return (
        f"<figure><figcaption>Déroulement du lot : une barre par passage, les échecs en orange et cernés.</figcaption>"
        f'<div class="drawing tall"><svg role="img" xmlns="http://www.w3.org/2000/svg" {box}>'
        f"<title>{escape(name)}</title>{''.join(shapes)}{''.join(ticks)}</svg></div></figure>"
    )


def _table(project: Project, account: Account) -> str:
    heads = "".join(f'<th scope="col">{name}</th>' for name in HEADS)
    order = sorted(account.ended.values(), key=lambda ended: (ended.status != "failed", -ended.seconds))
    rows = "".join(_row(project, account, ended) for ended in order)
    return (
        f'<h2>Passages</h2><div class="scroll" role="region" tabindex="0" aria-label="Passages du lot">'
        f'<table class="reports"><caption class="unseen">Passages du lot, les échecs d’abord, puis les longs</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(project: Project, account: Account, ended: Ended) -> str:
    begun = account.begun.get(ended.run)
    told = (
        "Échec : " + " ; ".join(text.rstrip(".") for text in ended.error.values())
        if ended.status == "failed"
        else ended.slowest
    )
    told = concealed(told)  # journals of former versions quote as they found
    cells = [
        "" if begun is None else french.hours(begun.astimezone().time()),
        french.duration(ended.seconds),
        "" if ended.cpu_seconds is None else french.duration(ended.cpu_seconds),
        "" if not ended.peak_bytes else _size(ended.peak_bytes),
        str(ended.attempts),
        str(ended.taken) if ended.taken else "",
    ]
    label = escape(ended.run)
    if (project.reports / ended.run / REPORT).is_file():
        label = f'<a href="{quote(f"{ended.run}/{REPORT}")}">{label}</a>'
    return (
        f'<tr><th scope="row">{label}</th>'
        + "".join(f'<td class="text">{escape(cell)}</td>' for cell in cells)
        + f'<td class="text words">{escape(told)}</td></tr>'
    )


def _size(count: int) -> str:
    return f"{french.number(count / 1e6)}{french.NBSP}Mo"
