"""A batch under way, as a terminal shows it: done, running, failed, time left, memory, the slowest runs.

Without a terminal, one line a run, for logs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from statistics import mean

import psutil
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table as RichTable
from rich.text import Text

from etabli import french
from etabli.runs.outcome import Outcome
from etabli.study import PlannedRun
from etabli.terminal import tell

_SLOWEST = 3
"""How many of the slowest runs are shown."""

_MOST_SHOWN = 12
"""How many running runs are shown; a cluster has hundreds."""


@dataclass
class LiveView:
    """Shows how a batch goes: the `Watcher` of runs.batch.

    Parameters
    ----------
    console, errors
        Standard output, and the error output.
    expected
        Seconds that each run should take, by its name, where that is known.
    workers
        How many runs go on at once.
    memory
        Bytes that the batch holds on this machine now; asked at each refresh.
    clock
        Seconds, of a clock that does not jump.
    """

    console: Console
    errors: Console
    expected: Mapping[str, float] = field(default_factory=dict)
    workers: int = 1
    memory: Callable[[], int] = lambda: 0
    clock: Callable[[], float] = time.monotonic
    _running: dict[str, float] = field(default_factory=dict)
    _ended: list[Outcome] = field(default_factory=list)
    _of: int = 0
    _ranks: dict[str, int] = field(default_factory=dict)
    _cell: int | None = None
    _live: Live | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Show the board while a batch goes on, where there is a terminal."""
        if not self.console.is_terminal:
            yield
            return
        with Live(get_renderable=self.render, console=self.console, refresh_per_second=2, transient=True) as live:
            self._live = live
            try:
                yield
            finally:
                self._live = None

    # What a batch tells ---------------------------------------------------------------------------

    def started(self, plan: PlannedRun, rank: int, of: int, *, attempt: int) -> None:
        self._of, self._cell = of, None
        self._ranks[str(plan)] = rank
        self._running[str(plan)] = self.clock()
        if attempt > 1:
            self.console.print(f"{self._rank(plan)} [yellow]↻[/yellow] {escape(str(plan))} — essai {attempt}")

    def on_cell(self, done: int) -> None:
        """Take the place of the cell that begins, when one run goes on at a time."""
        self._cell = done + 1

    def ended(self, outcome: Outcome) -> None:
        self._running.pop(str(outcome.plan), None)
        self._ended.append(outcome)
        line = f"{escape(str(outcome.plan))} — {escape(french.duration(outcome.seconds))}"
        if outcome.error is None:
            self.console.print(f"{self._rank(outcome.plan)} [green]✓[/green] {line}")
        else:
            self.errors.print(f"{self._rank(outcome.plan)} [red]✗[/red] {line}")
            tell(outcome.error)

    def _rank(self, plan: PlannedRun) -> str:
        return escape(f"[{self._ranks.get(str(plan), 0)}/{self._of}]")

    # What is shown of it --------------------------------------------------------------------------

    def left(self) -> float | None:
        """Return the seconds that the batch should still take; None while nothing is known."""
        ended = {str(outcome.plan): outcome.seconds for outcome in self._ended}
        if not ended and not self.expected:
            return None
        pace = _pace(ended, self.expected)
        typical = mean(ended.values()) / pace if ended else mean(self.expected.values())
        ahead = sum(max(0.0, pace * self.expected.get(run, typical) - self._spent(run)) for run in self._running)
        waiting = [seconds for run, seconds in self.expected.items() if run not in ended and run not in self._running]
        others = max(0, self._of - len(ended) - len(self._running) - len(waiting))
        return (pace * (sum(waiting) + others * typical) + ahead) / self.workers

    def _spent(self, run: str) -> float:
        return self.clock() - self._running[run]

    def render(self) -> RenderableType:
        """Return the board as it stands now."""
        done = sum(outcome.error is None for outcome in self._ended)
        failed = len(self._ended) - done
        words = [
            french.count(done, "fait", "faits"),
            f"{len(self._running)} en cours",
            french.count(failed, "échec", "échecs"),
        ]
        left, held = self.left(), self.memory()
        words += [] if left is None else [f"encore {french.duration(left)} environ"]
        words += [f"{french.number(held / 2**30, 1)} Go de mémoire"] if held else []
        bar = ProgressBar(total=self._of or 1, completed=len(self._ended), width=30)
        parts: list[RenderableType] = [bar, Text(" · ".join(words))]
        running = RichTable(box=None, show_header=False, padding=(0, 2, 0, 0))
        for run in list(self._running)[:_MOST_SHOWN]:
            cell = f"cellule {self._cell}" if self._cell is not None and len(self._running) == 1 else ""
            running.add_row("▶", escape(run), french.duration(self._spent(run)), cell)
        parts += [running] if self._running else []
        slowest = sorted(self._ended, key=lambda outcome: -outcome.seconds)[:_SLOWEST]
        if len(self._ended) > _SLOWEST:
            named = ", ".join(f"{outcome.plan} ({french.duration(outcome.seconds)})" for outcome in slowest)
            parts.append(Text(f"Les plus longs : {named}", style="dim"))
        return Group(*parts)


def _pace(ended: Mapping[str, float], expected: Mapping[str, float]) -> float:
    """Return how much slower than expected the runs that ended were."""
    known = [(seconds, expected[run]) for run, seconds in ended.items() if run in expected]
    total = sum(foreseen for _, foreseen in known)
    return sum(seconds for seconds, _ in known) / total if total else 1.0


def memory_held() -> int:
    """Return the bytes that this process and its children hold, what they share counted each time."""
    held = 0
    process = psutil.Process()
    for each in [process, *process.children(recursive=True)]:
        with suppress(psutil.Error):
            held += each.memory_info().rss
    return held
