"""« Ce qui a changé depuis la dernière édition »: the section that sets a report beside the one before.

It is made of the printed values of both, and of nothing else: it has no way to what a mask hides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from etabli import french
from etabli.present import theme
from etabli.present.changes import (
    Change,
    Kind,
    Number,
    changes_between,
    counted,
    in_words,
    interval_of,
    is_tested,
    value_of,
)
from etabli.present.previous import Previous
from etabli.present.tables import Cell, Column, Grid, Row, meaning, to_csv, to_html, units_of
from etabli.sources.codebook import Codebook

NAME = "changements-1"
"""Of its output, its anchor, and its file."""

TITLE = "Ce qui a changé depuis la dernière édition"

LISTED: tuple[Kind, ...] = ("beyond", "exact", "untested", "rebased", "new", "gone", "masked")
"""What its table lists; what differs within the uncertainty, or not at all, is counted."""

MOST_SENTENCES = 6
"""Changes that are said in a sentence each; the table has all of them."""

BY_CHANCE = 0.05
"""The part of unchanged numbers that pass an interval of 95 % by chance."""

_OF_COUNTS = (
    "Un dénombrement compte tout le fichier : son changement est un fait, non une estimation. Il ne dit pas sa cause, "
    "qui peut être une période plus longue ou plus de jours d’ouverture, et ne se compare pas à ce que fait le hasard."
)
_GROUPS: Mapping[Kind, str] = {
    "beyond": "Changés au-delà de l’incertitude",
    "exact": "Changés, sans intervalle",
    "untested": "Différents, sans comparaison possible",
    "rebased": "Définition changée",
    "new": "Nouveaux",
    "gone": "Plus donnés",
    "masked": "Non comparables",
}


@dataclass(frozen=True)
class Changed:
    """The section of one report.

    Parameters
    ----------
    previous
        The report that it is compared with.
    edition
        The edition of this one, as a reader says it.
    report
        This one, as `study/run`.
    changes
        What became of each number.
    codebook
        The study's words.
    """

    previous: Previous
    edition: str
    report: str
    changes: Sequence[Change]
    codebook: Codebook
    days: int | None = None
    """Of the period of this one, closed days among them; None where study.yml does not say."""

    def html(self) -> str:
        """Return the section: what changed in sentences, then in a table."""
        found = [f'<h2 id="{NAME}">{TITLE}</h2>', *(f"<p>{_escaped(each)}</p>" for each in self._sentences())]
        said = [f"<li>{_escaped(self._said(each))}</li>" for each in self._of("beyond")[:MOST_SENTENCES]]
        if said:
            found.append(f"<ul>{''.join(said)}</ul>")
        grid = self.grid
        if grid.rows:
            table = to_html(grid, caption=f"<b>{_escaped(self._caption)}</b>", name=self._caption)
            notes = "".join(
                f"<p><b>{name}{french.NBSP}:</b> {escape(text, quote=False)}</p>" for name, text in self._notes
            )
            found.append(f'<div class="table" id="{NAME}-tableau">{table}<div class="notes">{notes}</div></div>')
        return "".join(found)

    def files(self) -> dict[str, str]:
        """Return its table as a file, by name; nothing where it has none."""
        return {f"{NAME}.csv": to_csv(self.grid)} if self.grid.rows else {}

    def sheets(self) -> dict[str, dict[str, Any]]:
        """Return what a workbook says around it."""
        if not self.grid.rows:
            return {}
        notes = [f"{name}{french.NBSP}: {text}" for name, text in self._notes]
        told = {"title": self._caption, "scope": "", "notes": notes, "units": units_of(self.grid)}
        return {f"{NAME}.csv": told}

    @property
    def grid(self) -> Grid:
        """Its table: one line a number, in groups by what became of it."""
        columns = [Column(each, is_text=True) for each in (self.previous.edition, self.edition, "Écart", "Où")]
        rows = [self._row(each) for kind in LISTED for each in self._of(kind)]
        return Grid("Nombre", tuple(columns), tuple(rows))

    def _of(self, kind: Kind) -> list[Change]:
        return [each for each in self.changes if each.kind == kind]

    def _row(self, change: Change) -> Row:
        line = in_words(change, self.codebook)
        sides = [_cell(change.before), _cell(change.after)]
        difference = line.difference or ("non comparable" if change.kind in {"masked", "rebased"} else theme.IMPOSSIBLE)
        if _is_secret(change):  # not even the side that is shown: nothing here stands beside a mask
            sides = [Cell(theme.MASKED, is_text=True)] * 2
        place = Cell(_place(change), is_text=True)
        return Row(line.what, (*sides, Cell(difference, is_text=True), place), group=_GROUPS[change.kind])

    @property
    def _caption(self) -> str:
        return french.typography(f"Nombres qui ont changé, de « {self.previous.edition} » à « {self.edition} »")

    @property
    def _notes(self) -> list[tuple[str, str]]:
        grid = self.grid
        used = dict.fromkeys(cell.text for row in grid.rows for cell in row.cells if meaning(cell.text))
        signs = f"{french.NNBSP}; ".join(f"{sign}{french.NBSP}: {meaning(sign)}" for sign in used)
        masked = "Une ligne non comparable porte « s » dans ses deux colonnes, quelle que soit l’édition où elle l’est."
        read = next((each for each in self.changes if each.kind in {"beyond", "exact"}), None)
        notes = [
            ("Signes", signs),
            ("Lecture", "" if read is None else self._said(read)),
            (
                "Note",
                " ".join(filter(None, [self._told_of_counts, masked if any(map(_is_secret, self.changes)) else ""])),
            ),
            ("Champ", "les nombres que montre l’un des deux rapports, tels qu’il les imprime."),
            ("Source", f"rapports {self.previous.report} et {self.report} ; {theme.CALCULATIONS}."),
        ]
        return [(name, french.typography(text)) for name, text in notes if text]

    @property
    def _told_of_counts(self) -> str:
        """What a count that changed is, beside the length of both periods; empty where none did."""
        if not any(each.number.is_count for each in self._of("exact")):
            return ""
        before, after = self.previous.days, self.days
        length = ""
        if before is not None and after is not None:
            days = f"{french.count(after, 'jour', 'jours')}, contre {french.number(before)} dans l’édition précédente"
            length = (
                " Les deux périodes ont le même nombre de jours."
                if before == after
                else (f" Les deux périodes n’ont pas la même durée : {days}.")
            )
        return f"{_OF_COUNTS}{length}"

    def _sentences(self) -> list[str]:
        """Say what the report is compared with, how many numbers became what, and what chance alone would do."""
        counts = counted(self.changes)
        held = f" (diffusion n° {self.previous.release})" if self.previous.release else ""
        found = [
            f"Ce rapport est comparé à celui de l’édition précédente, « {self.previous.edition} »{held}, nombre à "
            "nombre, tels que les deux les impriment."
        ]
        tested = sum(is_tested(each) for each in self.changes)
        if tested:
            found.append(said_of_tested(counts.get("beyond", 0), tested))
        others = [tell(counts[kind]) for kind, tell in _COUNTED.items() if kind in counts]
        if others:
            found.append(french.capitalised(f"{' ; '.join(others)}."))
        return found

    def _said(self, change: Change) -> str:
        """Say a change as a sentence: after, before, and by how much."""
        line, difference = in_words(change, self.codebook), change.difference
        moved = ""
        if difference:
            size = line.difference.lstrip(f"+{french.MINUS}")
            moved = f", soit {size} {'de plus' if difference > 0 else 'de moins'}"
        after, before = (_written(each) for each in (change.after, change.before))
        return f"{line.what} : {after}, contre {before} dans l’édition précédente{moved}."


def changed_since(
    previous: Previous,
    results: Sequence[Mapping[str, Any]],
    *,
    edition: str,
    report: str,
    codebook: Codebook,
    days: int | None = None,
) -> Changed:
    """Return the section of a report.

    Parameters
    ----------
    previous
        The report of the edition before; it is to be compared.
    results
        What this one releases, as `results.json` holds it.
    edition, report, days
        Of this one.
    """
    return Changed(previous, edition, report, changes_between(previous.results, results), codebook, days)


def said_of_tested(beyond: int, tested: int) -> str:
    """Say how many of the numbers with an interval changed beyond it, beside what chance alone would make of them.

    At most: people who are in both editions, and digits that are not printed, make such changes rarer.
    """
    compared = french.count(tested, "nombre qui a un intervalle", "nombres qui ont un intervalle")
    if beyond == 0:
        return f"Sur {compared}, aucun n’a changé au-delà de l’incertitude."
    head, expected = french.count(beyond, "a changé", "ont changé"), tested * BY_CHANCE
    chance = "moins d’un" if expected < 1 else f"{french.number(expected)} environ, au plus"
    return (
        f"Sur {compared}, {head} au-delà de l’incertitude. Sans aucun changement, le seul hasard en ferait {chance} : "
        "un changement isolé reste à confirmer."
    )


def _counted_as(one: str, many: str) -> Callable[[int], str]:
    return lambda number: french.count(number, one, many)


_COUNTED: Mapping[Kind, Callable[[int], str]] = {
    "within": _counted_as(
        "nombre diffère dans l’incertitude, ce qui n’établit ni hausse ni baisse",
        "nombres diffèrent dans l’incertitude, ce qui n’établit ni hausse ni baisse",
    ),
    "exact": _counted_as(
        "nombre sans intervalle a changé (dénombrement, ou valeur d’un modèle)",
        "nombres sans intervalle ont changé (dénombrements, ou valeurs d’un modèle)",
    ),
    "untested": _counted_as(
        "nombre diffère sans comparaison possible (texte, petit effectif écrit « 7 sur 13 », ou intervalle dans "
        "une seule édition)",
        "nombres diffèrent sans comparaison possible (textes, petits effectifs écrits « 7 sur 13 », ou intervalle dans "
        "une seule édition)",
    ),
    "same": _counted_as("est inchangé", "sont inchangés"),
    "rebased": _counted_as(
        "a changé de définition et ne se compare pas", "ont changé de définition et ne se comparent pas"
    ),
    "new": _counted_as("est nouveau", "sont nouveaux"),
    "gone": _counted_as("n’est plus donné", "ne sont plus donnés"),
    "masked": _counted_as(
        "ne se compare pas, masqué par le secret statistique ou non disponible dans l’une des deux éditions",
        "ne se comparent pas, masqués par le secret statistique ou non disponibles dans l’une des deux éditions",
    ),
}


def _place(change: Change) -> str:
    """Return the table, figure or text that shows a number, in the report that has it."""
    kind, _, number = change.number.item.partition("-")
    name = f"{kind} {number}" if kind in {"tableau", "figure", "carte"} else "texte"
    return f"{name} (édition précédente)" if change.after is None else name


def _is_secret(change: Change) -> bool:
    """Whether statistical secrecy hides one of two numbers, or one that stands in the same place."""
    return change.kind == "masked" and any(each is None or each.is_secret for each in (change.before, change.after))


def _cell(number: Number | None) -> Cell:
    if number is None:
        return Cell(theme.IMPOSSIBLE, is_text=True)
    return Cell(value_of(number), interval_of(number), is_text=True)


def _written(number: Number | None) -> str:
    assert number is not None  # said of changes alone, which both have
    interval = interval_of(number)
    return value_of(number) if interval is None else f"{value_of(number)} {interval}"


def _escaped(text: str) -> str:
    return escape(french.typography(text), quote=False)
