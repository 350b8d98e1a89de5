"""Protects a report together with all that its readers hold: what left before, and the other runs of its edition."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from etabli import memo
from etabli.disclosure.held import Held, neighbours
from etabli.disclosure.ledger import holdings, is_neighbour, neighbouring, read_ledger
from etabli.disclosure.parts import Splits
from etabli.disclosure.plan import NOTHING, Former
from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import Protection, protect, protect_as
from etabli.disclosure.recount import Rows, former_of
from etabli.disclosure.regions import regions_of
from etabli.disclosure.rules import under_floor
from etabli.disclosure.shared import Shelf, decided_for, home_of
from etabli.disclosure.statements import Statement
from etabli.methods.results import Table
from etabli.present.said import lasting_in
from etabli.project import Project
from etabli.recipients import read_recipients
from etabli.sources.deliveries import Delivery
from etabli.sources.pseudonyms import StudyKey
from etabli.study import PlannedRun, Study


@dataclass(frozen=True)
class Together:
    """What a report is protected beside; nothing, for one that stays in the house.

    Parameters
    ----------
    run
        The report, as the ledger names it.
    edition, keeps
        Its edition, and the former one whose people it keeps; empty where it keeps none.
    held
        What those who will read it hold already of its deliveries.
    elsewhere
        What they hold of other editions of the same people.
    shelf
        Where it leaves what it counts for the other runs of its edition; None: it is protected without them.
    """

    run: str = ""
    edition: str = ""
    keeps: str = ""
    held: Held = field(default_factory=Held)
    elsewhere: Held = field(default_factory=Held)
    shelf: Shelf | None = None

    @property
    def releases(self) -> list[int]:
        """The numbers of the releases that count."""
        return sorted({*self.held.numbers, *self.elsewhere.numbers})

    @property
    def decided(self) -> str:
        """The digest of what the shared plan decides of this run; empty where it decides nothing."""
        return "" if self.shelf is None else decided_for(self.shelf.home, self.shelf.run) or ""

    def protect(
        self,
        tables: Sequence[Table],
        policy: Policy,
        *,
        loaded: Mapping[str, str],
        rows: Callable[[], Mapping[str, Rows]],
        statements: Callable[[Protection], list[Statement]],
    ) -> tuple[Protection, Former]:
        """Protect all tables of the report; one that is made again keeps its masks.

        It does when, with the masks that it was released with, it tells nothing new. What it tells anew asks for new
        proofs, beside which what was told stays told, and what was masked stays masked.

        Parameters
        ----------
        loaded
            The sources that were loaded, each with the digest of its delivery.
        rows
            Gives all rows of each delivery that the report counts people of, by digest.
        statements
            Gives what the report tells under some masks.

        Returns
        -------
        tuple of Protection and Former
            With what left before and took part.
        """
        if not policy.protects:
            return protect(tables, policy), NOTHING
        before = self.held.of_report(self.run)
        again = None if before is None else protect_as(tables, policy, before.states)
        if again is not None and self.held.tells(statements(again)):
            return again, NOTHING
        counted = [table for table in tables if table.states_people and under_floor(table, policy) is None]
        if self.shelf is None or not counted:
            former = self._former(counted, loaded, rows)
            return protect(tables, policy, former=former), former
        with self.shelf.locked():
            others = self.shelf.others(counted, policy)
            beside = list(others.values())
            former = self._former([*counted, *(table for each in beside for table in each)], loaded, rows)
            found = protect(tables, policy, former=former, beside=beside, planner=self.shelf.plan)
            if self.shelf.declared:
                self.shelf.leave(counted, policy)
                runs = {**others, self.shelf.run: tuple(counted)}
                self.shelf.decide({run: each for run, each in runs.items() if not self._is_released(run)}, found.plan)
        return found, former

    def _former(
        self, counted: Sequence[Table], loaded: Mapping[str, str], rows: Callable[[], Mapping[str, Rows]]
    ) -> Former:
        """Return what left before, as it bears on what is counted now."""
        own = {region for table in counted for region in regions_of(table)}
        former = former_of(self.held, rows(), own) if self.held.publications else NOTHING
        if self.elsewhere.publications:
            splits = {source: Splits(each.frame, each.person) for source, each in rows().items()}
            bounds = neighbours(
                self.elsewhere.publications,
                self._editions(loaded),
                lasting_in(counted, splits) | self.held.lasting,
                splits,
                own.union(*(regions_of(table) for table in former.tables)),
            )
            former = replace(former, least=bounds.least, most=bounds.most)
        return former

    def _editions(self, loaded: Mapping[str, str]) -> dict[str, tuple[str, bool]]:
        """For each delivery of another edition: that of the same source here, and whether it is a former one."""
        own = set(loaded.values())
        return {
            digest: (loaded[told.name], told.edition == self.keeps)
            for publication in self.elsewhere.publications
            for digest, told in publication.sources.items()
            if told.name in loaded and digest not in own and is_neighbour(told, self.edition, self.keeps)
        }

    def _is_released(self, run: str) -> bool:
        """Whether a run of the study keeps the masks that it left with, whatever is decided of the others."""
        study, _, _ = self.run.partition("/")
        return self.held.of_report(f"{study}/{run}") is not None


def together(
    project: Project, study: Study, plan: PlannedRun, deliveries: Mapping[str, Delivery], key: StudyKey
) -> Together:
    """Return what a run is protected beside, by the ledger and the recipients of the project."""
    if plan.audience == "internal":
        return Together()
    holders = read_recipients(project).holders(plan.audience, plan.recipient)
    held = read_ledger(project.ledger, shown=project.relative(project.ledger)).held_by(holders)
    keeps = study.editions[plan.edition].keeps or ""
    digests = sorted(each.sha256 for each in deliveries.values())
    notebook = sha256((project.notebooks / study.notebook).read_bytes()).hexdigest()
    shelf = Shelf(
        home_of(project, study.slug, plan.edition, holders),
        (memo.code_digest(), notebook, key.fingerprint, *digests),
        plan.name,
        plan.name in {each.name for each in study.planned_runs()},
        memo.Mark.now(project),
    )
    elsewhere = neighbouring(held, study.slug, plan.edition, keeps)
    return Together(str(plan), plan.edition, keeps, holdings(held, set(digests)), elsewhere, shelf)
