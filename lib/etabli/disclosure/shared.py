"""The plan that the declared runs of an edition share for one coalition, whatever the order in which they are made.

A run leaves in the cache what it counts, takes what the others left, and has masks chosen for all of them. What is
masked depends on which runs there are: a run that was made before another one came is no longer current once that one
would mask something else in it, and is made again.
"""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import combinations
from pathlib import Path

from filelock import FileLock

from etabli import memo
from etabli.disclosure.plan import NOTHING, Former, RegionMasks, plan_for
from etabli.disclosure.policy import Policy
from etabli.disclosure.regions import Region, regions_of
from etabli.methods.results import Table
from etabli.project import Project

_DECIDED = "decided.json"
_RUN, _TABLE, _PLAN = ".run", ".table", ".plan"
"""What lies on a shelf: which tables a run counts, by their contents; a table; what was decided of some of them."""


def folder_of(project: Project, study: str, edition: str) -> Path:
    """Return where all that the runs of an edition leave for one another lies."""
    return project.cache / "plans" / study / edition


def home_of(project: Project, study: str, edition: str, holders: Collection[str]) -> Path:
    """Return where the runs of an edition leave what they count, for those who will hold their reports."""
    coalition = sha256(json.dumps(sorted(holders)).encode()).hexdigest()[:16]
    return folder_of(project, study, edition) / coalition


def decided_for(home: Path, run: str) -> str | None:
    """Return the digest of what was decided last of the regions of a run; None when nothing was, or is known of it."""
    found = [_decided(path).get(run) for path in sorted(home.glob(f"*/{_DECIDED}"))]
    return next((each for each in found if each is not None), None)


def _decided(path: Path) -> dict[str, str]:
    """Return the decisions that a file holds; none of a file that is gone, or not whole: the next run decides again."""
    try:
        return {str(run): str(digest) for run, digest in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError):
        return {}


@dataclass(frozen=True)
class Shelf:
    """Where one run leaves what it counts, and finds what the others left.

    Parameters
    ----------
    home
        Of its edition and coalition (`home_of`).
    made_with
        All that the tables there depend on: code, notebook, deliveries, key. Those of another time are removed.
    run
        The run's name.
    declared
        Whether `study.yml` declares it: what was only tried out masks nothing in the others.
    mark
        As it was before any frame was loaded: who withdrew since is not left there.
    """

    home: Path
    made_with: tuple[str, ...]
    run: str
    declared: bool
    mark: memo.Mark

    @property
    def folder(self) -> Path:
        return self.home / sha256("\0".join(self.made_with).encode()).hexdigest()[:16]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the place: one run at a time decides."""
        self.home.mkdir(parents=True, exist_ok=True)
        with FileLock(self.home / "lock"):
            for other in self.home.iterdir():
                if other.is_dir() and other != self.folder:
                    shutil.rmtree(other, ignore_errors=True)
            self.folder.mkdir(exist_ok=True, mode=0o700)
            yield

    def others(self, tables: Sequence[Table], policy: Policy) -> dict[str, tuple[Table, ...]]:
        """Return the tables of the other runs that stand under the same rules, by run.

        Runs that call other people by one name (a parameter says what « often » means) have no plan in common: whoever
        is of them is left out, and is protected alone.
        """
        own = {table.content: table for table in tables}
        known = dict(own)
        left = self._left(policy, known)
        if known.keys() == own.keys():
            return left
        counted = {run: _standing(each) for run, each in {**left, self.run: tables}.items()}
        apart = {
            run
            for one, other in combinations(counted, 2)
            if any(counted[one][each] != counted[other][each] for each in counted[one].keys() & counted[other].keys())
            for run in (one, other)
        }
        return {} if self.run in apart else {run: each for run, each in left.items() if run not in apart}

    def _left(self, policy: Policy, known: dict[str, Table]) -> dict[str, tuple[Table, ...]]:
        """Return what the others left, by run; a table that is known already, by its content, is not read again."""
        store, found = self._store(), {}
        for path in sorted(self.folder.glob(f"*{_RUN}")):
            run = path.name.removesuffix(_RUN)
            try:
                rules, contents = store.find(path.name)
                if run != self.run and rules == rules_of(policy):
                    known.update({each: self._found(store, each) for each in contents if each not in known})
                    found[run] = tuple(known[each] for each in contents)
            except (KeyError, pickle.UnpicklingError):
                continue  # damaged, or of other code: that run leaves it anew
        return found

    def _found(self, store: memo.Store, content: str) -> Table:
        """Return a table that a run left; one that is damaged is removed, so that it is left anew."""
        name = f"{content}{_TABLE}"
        try:
            table: Table = store.find(name)
        except KeyError:
            (self.folder / name).unlink(missing_ok=True)
            raise
        return table

    def leave(self, tables: Sequence[Table], policy: Policy) -> None:
        """Leave what the run counts, for the others: each table once, however many runs count it."""
        store = self._store()
        for table in tables:
            if not (self.folder / f"{table.content}{_TABLE}").is_file():
                store.keep(f"{table.content}{_TABLE}", table)
        store.keep(f"{self.run}{_RUN}", (rules_of(policy), [table.content for table in tables]))

    def decide(self, runs: Mapping[str, Sequence[Table]], plan: RegionMasks) -> None:
        """Write what was decided of each run."""
        path, draft = self.folder / _DECIDED, self.folder / f".{_DECIDED}"
        told = {**_decided(path), **{run: digest_of(tables, plan) for run, tables in runs.items()}}
        draft.write_text(json.dumps(told), encoding="utf-8")
        draft.replace(path)

    def plan(
        self, tables: Sequence[Table], policy: Policy, *, former: Former = NOTHING, reports: int = 1
    ) -> RegionMasks:
        """Return what `plan_for` decides, kept for the very same tables beside the same releases."""
        store, address = self._store(), f"{_address(tables, policy, former, reports)}{_PLAN}"
        try:
            plan: RegionMasks = store.find(address)
        except KeyError:
            plan = plan_for(tables, policy, former=former, reports=reports)
            store.keep(address, plan)
        return plan

    def _store(self) -> memo.Store:
        return memo.Store(self.folder, b"", memo.IMPORTED, self.mark)


def _standing(tables: Sequence[Table]) -> dict[Region, tuple[int, int]]:
    """Return what tells who stands in each region of some tables."""
    found: dict[Region, tuple[int, int]] = {}
    for table in tables:
        if table.membership is not None:
            found.update(zip(regions_of(table), table.membership.standing, strict=True))
    return found


def _address(tables: Sequence[Table], policy: Policy, former: Former, reports: int) -> str:
    """Return what tells all that a plan depends on, but for the code, from anything else."""
    counted = [each.content for each in tables], [each.content for each in former.tables]
    sets = [sorted(each, key=repr) for each in (former.told, former.hidden, former.lost)]
    bounds = sorted(former.least.items()), sorted(former.most.items())
    return sha256(repr((rules_of(policy), reports, counted, sets, bounds)).encode()).hexdigest()


def rules_of(policy: Policy) -> str:
    """Return what masks depend on in the rules: who reads, and which places they may see, is not of it."""
    left_out = {"audience", "sources", "floor", "forbidden", "forbidden_crossings"}
    told = {name: value for name, value in vars(policy).items() if name not in left_out}
    return repr({**told, "whole_group": sorted(policy.whole_group)})


def digest_of(tables: Sequence[Table], plan: RegionMasks) -> str:
    """Return the digest of what was decided of the regions of some tables."""
    own: set[Region] = {region for table in tables for region in regions_of(table)}
    told = [(each.source, each.categories, plan.states[each]) for each in sorted(own)]
    return sha256(repr(told).encode()).hexdigest()
