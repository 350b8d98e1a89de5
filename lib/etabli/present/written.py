"""What an analyst writes, shown in a report: passages that cite its values, and say so when one of them has changed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, ClassVar

from etabli import french
from etabli.commentary import Commentary, Introduction
from etabli.disclosure.protect import Protection
from etabli.methods.results import Table, Value
from etabli.present.items import Item
from etabli.present.said import Place
from etabli.present.sentences import Sentence

_CHANGED = "Passage à relire : une valeur qu’il cite n’est plus celle pour laquelle il a été écrit."
"""What a reader outside is told: neither the former value nor which one it is."""


@dataclass(frozen=True)
class WrittenItem(Item):
    """A text, passage by passage; what cites a value that has changed says so."""

    passages: tuple[Sentence, ...]

    @property
    @abstractmethod
    def text(self) -> Commentary | Introduction:
        """What was written."""

    @property
    def tables(self) -> list[Table]:
        return [table for passage in self.passages for table in passage.tables]

    def _lines(self, protection: Protection) -> list[str]:
        from nbconvert.filters import markdown2html

        lines: list[str] = []
        for passage in self.passages:
            lines.append(markdown2html(passage.html(protection, self.words)).strip())
            changed = {} if passage.is_masked(protection) else self._changed(passage)
            told = [_CHANGED] if protection.policy.protects and changed else self._told(changed)
            lines += [f'<p class="outdated">{escape(french.typography(each), quote=False)}</p>' for each in told]
        return lines

    def outdated(self, protection: Protection) -> list[str]:
        """Return where the passages stand that cite a value which is not the one for which they were written."""
        return [
            self.text.place(written)
            for written, passage in zip(self.text.passages, self.passages, strict=True)
            if not passage.is_masked(protection) and self._changed(passage)
        ]

    def _changed(self, passage: Sentence) -> dict[str, str]:
        """Return the values that are not as they were noted, as they would be printed for the house."""
        printed = {
            name: self.words.value(value.table, value.row, value.table.measure(value.measure))
            for name, value in passage.values.items()
            if isinstance(value, Value)
        }
        return {name: text for name, text in printed.items() if self.text.differs(name, text)}

    def _told(self, changed: Mapping[str, str]) -> list[str]:
        """Say, to the house, what changed, and what to note once the passage was read again."""
        noted = self.text.noted
        return [
            f"Passage à relire : « {name} » "
            + (f"était « {noted[name]} », est « {now} »." if name in noted else f"(« {now} ») n’est pas noté.")
            + f' Une fois relu, notez-le sous « noted » : {name}: "{now}"'
            for name, now in changed.items()
        ]

    def results(self, protection: Protection) -> list[dict[str, Any]]:
        return self._cited(protection, *self.passages)

    def places(self, protection: Protection) -> list[Place]:
        return self._cited_places(protection, *self.passages)


@dataclass(frozen=True)
class CommentItem(WrittenItem):
    """What an analyst wrote of this edition."""

    prefix: ClassVar[str] = "commentaire"

    commentary: Commentary

    @property
    def text(self) -> Commentary:
        return self.commentary

    @property
    def waiting(self) -> str:
        return "Commentaire"

    def html(self, protection: Protection) -> str:
        head = self.commentary.head
        signed = french.typography(f"Commentaire : {head.author}, {french.date(head.written)}.")
        signature = f'<p class="signed">{escape(signed, quote=False)}</p>'
        return f'<div class="comment" id="{self.name}">{"".join(self._lines(protection))}{signature}</div>'


@dataclass(frozen=True)
class IntroductionItem(WrittenItem):
    """What the readers of a restitution are told first: folded in the report, at the head of the restitution."""

    prefix: ClassVar[str] = "introduction"

    introduction: Introduction

    @property
    def text(self) -> Introduction:
        return self.introduction

    @property
    def waiting(self) -> str:
        return "Introduction d’une restitution"

    def html(self, protection: Protection) -> str:
        title = escape(french.typography(self.introduction.title), quote=False)
        return (
            f'<details class="introduction for-{self.introduction.restitution}" id="{self.name}">'
            f"<summary>Introduction de la restitution «{french.NBSP}<b>{title}</b>{french.NBSP}»</summary>"
            f"{''.join(self._lines(protection))}</details>"
        )
