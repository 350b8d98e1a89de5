"""What the terminal shows: progress, lists, verdicts. Live with a terminal, plain lines without one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table as RichTable

from etabli import french
from etabli.project import Project
from etabli.runs.batch import Outcome
from etabli.runs.manifest import FILE, Verdict
from etabli.study import PlannedRun, Study
from etabli.terminal import tell


@dataclass
class Board:
    """Writes to a console: results on standard output, troubles on standard error."""

    console: Console
    errors: Console
    _status: Status | None = None
    _label: str = ""
    _rank: str = field(default="")

    @classmethod
    def for_terminal(cls) -> Board:
        return cls(Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False, soft_wrap=True))

    def say(self, text: str) -> None:
        self.console.print(escape(text))

    def warn(self, text: str) -> None:
        self.errors.print(f"[red]✗[/red] {escape(text)}")

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Show rows under their headings; nothing when there is none."""
        if not rows:
            return
        table = RichTable(box=None, padding=(0, 2, 0, 2), header_style="bold")
        for head in heads:
            table.add_column(head, overflow="fold")
        for row in rows:
            table.add_row(*(escape(french.typography(cell)) for cell in row))
        self.console.print(table, soft_wrap=not self.console.is_terminal)

    # A batch under way: the Watcher of runs.batch -------------------------------------------------

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Show a live line while a batch goes on, where there is a terminal."""
        if not self.console.is_terminal:
            yield
            return
        with self.console.status("") as status:
            self._status = status
            try:
                yield
            finally:
                self._status = None

    def started(self, plan: PlannedRun, rank: int, of: int) -> None:
        self._rank, self._label = f"[{rank}/{of}]", str(plan)
        if self._status is not None:
            self._status.update(escape(f"{self._rank} {plan}"))

    def on_cell(self, done: int) -> None:
        if self._status is not None:
            self._status.update(escape(f"{self._rank} {self._label} — cellule {done + 1}"))

    def ended(self, outcome: Outcome) -> None:
        spent = french.duration(outcome.seconds)
        if outcome.error is None:
            self.console.print(f"{escape(self._rank)} [green]✓[/green] {escape(str(outcome.plan))} — {escape(spent)}")
        else:
            self.errors.print(f"{escape(self._rank)} [red]✗[/red] {escape(str(outcome.plan))} — {escape(spent)}")
            tell(outcome.error)

    def sum_up(self, outcomes: Sequence[Outcome]) -> None:
        good = sum(outcome.error is None for outcome in outcomes)
        bad = len(outcomes) - good
        self.say(french.typography(f"{french.count(good, 'rapport écrit', 'rapports écrits')}" + (
            f", {french.count(bad, 'échec', 'échecs')}" if bad else "") + "."))  # fmt: skip
        for outcome in outcomes:
            if outcome.report is not None and len(outcomes) == 1:
                self.say(f"Rapport : {outcome.report / 'report.html'}")

    # Lists ----------------------------------------------------------------------------------------

    def announce(self, project: Project, plans: Sequence[PlannedRun]) -> None:
        """Say what a batch would do."""
        for plan in plans:
            self.say(f"{plan} ({'existe : serait refait' if self._exists(project, plan) else 'à faire'})")
        self.say(f"{french.count(len(plans), 'passage', 'passages')}, rien n’a été fait.")

    def list_runs(self, project: Project, studies: Sequence[Study]) -> None:
        for study in studies:
            self.console.print(f"[bold]{escape(study.slug)}[/bold] — {escape(french.typography(study.title))}")
            default = {plan.name for plan in study.planned_runs(default_only=True)}
            table = RichTable(box=None, show_header=False, padding=(0, 2, 0, 2))
            for plan in study.planned_runs():
                table.add_row(
                    escape(plan.name),
                    "par défaut" if plan.name in default else "",
                    "rapport fait" if self._exists(project, plan) else "",
                )
            self.console.print(table)

    def _exists(self, project: Project, plan: PlannedRun) -> bool:
        return (project.reports / plan.slug / plan.name / FILE).is_file()

    def tell_verdict(self, verdict: Verdict) -> None:
        """Say what `etabli verify` found."""
        if verdict.intact:
            self.say("Intact : le rapport et ses tableaux sont ceux que le manifeste décrit.")
        for label, names in (("modifié", verdict.changed), ("manquant", verdict.missing), ("ajouté", verdict.added)):
            for name in names:
                self.warn(f"{label} : {name}")
        if verdict.drifted:
            self.say("Un nouveau passage ne dépendrait plus des mêmes choses :")
            for part in verdict.drifted:
                self.say(f"  a changé : {part}")
        else:
            self.say("Un nouveau passage dépendrait exactement des mêmes choses.")
