"""What the terminal shows: lists, verdicts, sums. A batch under way is shown by `live`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from etabli import french
from etabli.errors import RunError
from etabli.project import Project
from etabli.runs.forecast import Forecast
from etabli.runs.journal import Account, Ended
from etabli.runs.manifest import FILE, Verdict, read_manifest
from etabli.runs.outcome import Outcome
from etabli.runs.standing import Standing, in_words
from etabli.study import PlannedRun, Study
from etabli.terminal import harmless


@dataclass
class Board:
    """Writes to a console: results on standard output, troubles on standard error."""

    console: Console
    errors: Console

    @classmethod
    def for_terminal(cls) -> Board:
        return cls(Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False, soft_wrap=True))

    def say(self, text: str) -> None:
        self.console.print(escape(harmless(text)))

    def warn(self, text: str) -> None:
        self.errors.print(f"[red]✗[/red] {escape(harmless(text))}")

    def caution(self, text: str) -> None:
        """Show what is to be known, or done later, and does not make a command fail."""
        self.errors.print(f"[yellow]⚠[/yellow] {escape(text)}")

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Show rows under their headings; nothing when there is none."""
        if not rows:
            return
        table = RichTable(box=None, padding=(0, 2, 0, 2), header_style="bold")
        for head in heads:
            table.add_column(head, overflow="fold")
        for row in rows:
            table.add_row(*(escape(french.typography(harmless(cell))) for cell in row))
        self.console.print(table, soft_wrap=not self.console.is_terminal)

    # Batches --------------------------------------------------------------------------------------

    def sum_up(self, outcomes: Sequence[Outcome]) -> None:
        good = sum(outcome.error is None for outcome in outcomes)
        bad = len(outcomes) - good
        self.say(french.typography(f"{french.count(good, 'rapport écrit', 'rapports écrits')}" + (
            f", {french.count(bad, 'échec', 'échecs')}" if bad else "") + "."))  # fmt: skip
        taken = sum(outcome.usage.taken for outcome in outcomes if outcome.usage is not None)
        if taken:
            self.say(
                f"{french.count(taken, 'résultat repris', 'résultats repris')} de ce qui était calculé pour l’édition."
            )
        for outcome in outcomes:
            if outcome.report is not None and len(outcomes) == 1:
                self.say(f"Rapport : {outcome.report / 'report.html'}")

    # Lists ----------------------------------------------------------------------------------------

    def announce(
        self, standings: Sequence[Standing], todo: Sequence[Standing], expected: Forecast, *, workers: int
    ) -> None:
        """Say what a batch would do, and what it should take."""
        made = {str(each.plan) for each in todo}
        for each in standings:
            self.say(f"{each.plan} ({_would(each, made=str(each.plan) in made)})")
        left = [each for each in standings if str(each.plan) not in made]
        current = sum(each.is_current for each in left)
        others = f", {french.count(len(left) - current, 'autre', 'autres')}" if len(left) > current else ""
        self.say(
            f"{french.count(len(todo), 'passage', 'passages')} à faire, {current} à jour{others}, rien n’a été fait."
        )
        if todo:
            self.say(french.typography(_foreseen(expected, workers)))

    def tell_nothing_to_do(self, count: int, *, only_failed: bool) -> None:
        if only_failed:
            self.say("Aucun passage n’a échoué la dernière fois.")
        else:
            self.say(f"Rien à refaire : {french.count(count, 'rapport est à jour', 'rapports sont à jour')}.")

    def tell_overtaken(self, count: int) -> None:
        """Say that runs are made once more, for those that came after them."""
        made = french.count(count, "rapport est refait", "rapports sont refaits")
        self.say(f"{made} : leurs masques dépendent de passages qui sont venus après.")

    def tell_resumed(self, account: Account, *, made: int, todo: int) -> None:
        """Say what is left of a batch that was interrupted."""
        ended = len(account.ended) + made
        self.say(
            f"Reprise du lot {account.batch} : {french.count(ended, 'passage fini', 'passages finis')} sur "
            f"{len(account.asked)}, {todo} à faire."
        )

    def tell_clutter(self, project: Project, clutter: Sequence[Path], *, size: int, removed: bool) -> None:
        """Say what `etabli clean` removes, or would."""
        for path in clutter:
            self.say(f"{'supprimé' if removed else 'serait supprimé'} : {project.relative(path)}")
        self.say(f"{french.count(len(clutter), 'élément', 'éléments')}, {french.number(size / 1e6, 1)}{french.NBSP}Mo.")

    def explain(self, standing: Standing, failure: Ended | None) -> None:
        """Say why a run would be made again, or would not: `etabli why`."""
        if failure is not None:
            self.say(f"{standing.plan} a échoué la dernière fois : {failure.error.get('message', '')}")
            for label, text in failure.error.items():
                if label != "message":
                    self.say(f"  {label} : {text}")
        if standing.manifest is None:
            self.say(f"{standing.plan} est à faire : son rapport n’existe pas.")
        elif standing.is_current:
            self.say(f"{standing.plan} est à jour : rien de ce dont il dépend n’a changé.")
            if failure is not None:
                self.say("  Son rapport date d’avant cet échec, et vaut encore : ce qui l’avait causé n’est plus.")
        else:
            self.say(f"{standing.plan} est à refaire :")
            for part in standing.drifted:
                self.say(f"  a changé : {in_words(part)}")
            for name in standing.missing:
                self.say(f"  manque : {name}")

    def list_runs(self, project: Project, studies: Sequence[Study]) -> None:
        for study in studies:
            self.console.print(f"[bold]{escape(study.slug)}[/bold] — {escape(french.typography(study.title))}")
            default = {plan.name for plan in study.planned_runs(default_only=True)}
            table = RichTable(box=None, show_header=False, padding=(0, 2, 0, 2))
            for plan in study.planned_runs():
                table.add_row(
                    escape(plan.name),
                    "par défaut" if plan.name in default else "",
                    self._made(project, plan),
                )
            self.console.print(table)
            self._list_restitutions(project, study)

    def _list_restitutions(self, project: Project, study: Study) -> None:
        """Show the restitutions of a study: their keys, whose they are, of which run, and whether they were made."""
        from etabli.publish.restitutions import called, file_of, run_of

        if study.restitutions:
            self.say(f"  Restitutions (etabli restitute {study.slug}) :")
        for name in study.restitutions:
            plan = run_of(study, name)
            made = (project.reports / plan.slug / plan.name / file_of(name)).is_file()
            told = f"    {name} : {called(project, study.slug, name)}, de {plan.name}{', faite' if made else ''}"
            self.say(french.typography(told))

    def _made(self, project: Project, plan: PlannedRun) -> str:
        """Say whether a run has a report, and what in it a person must read again."""
        folder = project.reports / plan.slug / plan.name
        if not (folder / FILE).is_file():
            return ""
        try:
            outdated = read_manifest(folder, shown=project.relative(folder)).outdated
        except RunError:  # damaged: `etabli verify` says so
            outdated = []
        places = [Path(each).name for each in outdated]
        return f"rapport fait ; texte à relire : {' ; '.join(places)}" if places else "rapport fait"

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
                self.say(f"  a changé : {in_words(part)}")
        else:
            self.say("Un nouveau passage dépendrait exactement des mêmes choses.")


def _would(standing: Standing, *, made: bool) -> str:
    if standing.manifest is None:
        return "à faire"
    if standing.is_current:
        return "à jour : serait refait" if made else "à jour"
    reasons = [in_words(part) for part in standing.drifted] + [f"{name} manque" for name in standing.missing]
    more = f" et {len(reasons) - 2} autres" if len(reasons) > 3 else ""
    return f"à refaire : {', '.join(reasons[: 2 if more else 3])}{more}"


def _foreseen(expected: Forecast, workers: int) -> str:
    wall = expected.wall(workers)
    if wall is None or expected.disk is None:
        return "Durée et place inconnues : aucun passage semblable n’a encore été fait."
    by = f" avec {workers} processus" if workers > 1 else ""
    never = french.count(expected.unknown, "passage jamais fait, estimé", "passages jamais faits, estimés")
    unknown = f" ; {never} d’après les autres" if expected.unknown else ""
    return f"Prévision : {french.duration(wall)}{by}, {french.number(expected.disk / 1e6, 1)} Mo de rapports{unknown}."
