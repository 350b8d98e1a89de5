"""What an analyst writes of an edition, in `studies/<slug>/commentary/`: passages that cite values of the report.

A file a edition and territory (`2024-T4.md`, `2024-T4_quarter-nord.md`): who wrote it and when, the values as they were
then, and paragraphs in Markdown where `{name}` stands for a value that the notebook gives to `report.comment`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import Field

from etabli.declarations import Declaration, parse_declaration
from etabli.errors import DeclarationError, suggestion
from etabli.project import Project
from etabli.study import PlannedRun, Study

FOLDER = "commentary"
_FENCE = "---"


class Head(Declaration):
    """What stands between the two lines of hyphens.

    Parameters
    ----------
    author, written
        Who wrote it, and on which day.
    noted
        The values that it cites, as they were printed then.
    """

    author: str
    written: date
    noted: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True)
class Passage:
    """A paragraph, or a list: its Markdown, and the line on which it begins."""

    text: str
    line: int


@dataclass(frozen=True)
class Commentary:
    """A whole file.

    Parameters
    ----------
    shown
        How messages name it.
    head, passages
        What it holds.
    """

    shown: str
    head: Head
    passages: tuple[Passage, ...]

    def differs(self, name: str, printed: str) -> bool:
        """Whether a value is printed otherwise than when this was written, or was not noted then."""
        noted = self.head.noted.get(name)
        return noted is None or _plain(noted) != _plain(printed)


def path_of(project: Project, study: Study, plan: PlannedRun) -> Path:
    """Return where the commentary of a run lies, if one was written: the same for all who read it."""
    return project.studies / study.slug / FOLDER / f"{study.territory_name(plan)}.md"


def read_commentary(project: Project, study: Study, plan: PlannedRun) -> Commentary | None:
    """Read the commentary of a run; None when nobody wrote one.

    Raises
    ------
    DeclarationError
        The file does not hold, or one of its neighbours is named after no edition.
    """
    path = path_of(project, study, plan)
    _hold_names(project, study, path.parent)
    if not path.is_file():
        return None
    shown = project.relative(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise DeclarationError("Ce commentaire n’est pas écrit en UTF-8.", where=shown) from None
    if lines[:1] != [_FENCE] or _FENCE not in lines[1:]:
        raise DeclarationError(
            "Ce commentaire ne dit pas qui l’a écrit.",
            where=f"{shown}, ligne 1",
            expected="entre deux lignes « --- » : author, written (AAAA-MM-JJ), noted",
        )
    end = lines.index(_FENCE, 1)
    text = "\n".join(["", *lines[1:end]])  # an empty line: the others keep their numbers
    head = parse_declaration(text, Head, shown=shown)
    return Commentary(shown, head, tuple(_passages(lines, end + 1, shown)))


def _hold_names(project: Project, study: Study, folder: Path) -> None:
    for path in sorted(folder.glob("*.md")):
        edition = path.stem.partition("_")[0]
        if edition not in study.editions:
            raise DeclarationError(
                f"Ce commentaire porte le nom d’une édition inconnue : « {edition} ».",
                where=project.relative(path),
                expected=f"l’une de : {', '.join(study.editions)}",
                hint=suggestion(edition, study.editions),
            )


def _passages(lines: list[str], start: int, shown: str) -> Iterator[Passage]:
    kept: list[str] = []
    for number, line in enumerate([*lines[start:], ""], start=start + 1):
        if line.startswith("#"):
            raise DeclarationError(
                "Un commentaire n’a pas de titre : le rapport a les siens.",
                where=f"{shown}, ligne {number}",
                expected="des paragraphes ou des listes, séparés par une ligne vide",
            )
        if line.strip():
            kept.append(line)
        elif kept:
            yield Passage("\n".join(kept), number - len(kept))
            kept = []


def _plain(printed: str) -> str:
    """Return a printed value with ordinary spaces and signs, as somebody may have typed it."""
    return re.sub(r"\s+", " ", printed.replace("\u2212", "-")).strip()
