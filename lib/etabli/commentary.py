"""What an analyst writes: of an edition, or to the readers of a restitution. Both are passages that cite values.

The first are files of `studies/<slug>/commentary/`, one an edition and territory (`2024-T4.md`,
`2024-T4_quarter-nord.md`): who wrote it and when, the values as they were then, and paragraphs in Markdown where
`{name}` stands for a value that the notebook gives to `report.comment`. The others stand under `introduction` in
`study.yml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
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

    @property
    def noted(self) -> dict[str, str]:
        return self.head.noted

    def place(self, passage: Passage) -> str:
        """Return where a passage stands."""
        return f"{self.shown}, ligne {passage.line}"

    def differs(self, name: str, printed: str) -> bool:
        """Whether a value is printed otherwise than when this was written, or was not noted then."""
        noted = self.noted.get(name)
        return noted is None or _plain(noted) != _plain(printed)


@dataclass(frozen=True)
class Introduction:
    """What the readers of a restitution are told first.

    Parameters
    ----------
    restitution, title
        Its key in `study.yml`, and for whom it is.
    shown
        How messages name the file.
    passages
        Its paragraphs, by their rank.
    noted
        Values that it was written for, as they were printed; those that it cites and does not note may change.
    """

    restitution: str
    title: str
    shown: str
    passages: tuple[Passage, ...]
    noted: Mapping[str, str]

    def place(self, passage: Passage) -> str:
        """Return where a passage stands."""
        return f"{self.shown}, introduction de « {self.restitution} », paragraphe {passage.line}"

    def differs(self, name: str, printed: str) -> bool:
        """Whether a value that was noted is printed otherwise now."""
        return name in self.noted and _plain(self.noted[name]) != _plain(printed)


def introductions(project: Project, study: Study, plan: PlannedRun) -> tuple[Introduction, ...]:
    """Return the introductions of the restitutions that are made of a run, in the order of `study.yml`."""
    shown = project.relative(project.studies / study.slug / "study.yml")
    return tuple(
        Introduction(name, each.title, shown, _paragraphs(each.introduction), each.noted)
        for name, each in study.restitutions.items()
        if each.introduction and study.plan(each.parameters).name == plan.name
    )


def _paragraphs(text: str) -> tuple[Passage, ...]:
    parts = (part.strip("\n") for part in re.split(r"\n\s*\n", text))
    return tuple(Passage(part, rank) for rank, part in enumerate(filter(str.strip, parts), start=1))


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
