"""What a batch of reports costs: beside the bare computation, shared, by two workers, by Dask, as it grows, unchanged.

    python benchmarks/batch.py                    # everything; about an hour
    python benchmarks/batch.py --only sharing     # one part (repeat for several)
    python benchmarks/batch.py --small            # few rows, few runs: to see that it works
    python benchmarks/batch.py --write            # and keep the figures in results.md

CPU is user and system time of the whole process tree, orphans included; wall time varies with what else the machine
does. All sides make the reports of the house's own study `caf-flows` with its protection, unless a line says otherwise.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import platform
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from keeping import keep

HERE = Path(__file__).parent
ROOT = HERE.parent

PR_SET_CHILD_SUBREAPER = 36
"""From <linux/prctl.h>: who outlives its parent becomes a child of this process, which is told what it used."""

QUARTERS = (
    "all centre thabor bourg_l_eveque nord maurepas jeanne_d_arc francisco_ferrer sud_gare cleunay villejean blosne"
)
AUDIENCES = ("internal", "partner", "funder", "public")
CLOCK = re.compile(r"\d{1,2} \w+ \d{4}, en [^<]+")
"""When a report was made, and how long it took, as its page says it."""


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    rows: int = 200_000
    different: int = 24
    restitutions: int = 19
    growth: tuple[int, ...] = (24, 96, 384)
    unchanged: int = 500
    planned: int = 10_000


SMALL = Sizes(40_000, 4, 4, (3, 6), 20, 200)


@dataclass(frozen=True)
class Cost:
    """CPU and wall seconds."""

    cpu: float
    wall: float


def measured(act: Callable[[], None]) -> Cost:
    """Return what a call and all the processes that it starts cost, those included that outlive their parents."""
    before, clock, own = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic(), time.process_time()
    act()
    wall = time.monotonic() - clock
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu + time.process_time() - own, wall)


def etabli(project: Path, *words: str, **variables: str) -> None:
    environment = {**os.environ, "ETABLI_PROJECT": str(project), **variables}
    done = subprocess.run(
        [sys.executable, "-m", "etabli", *words],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"etabli {' '.join(words)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


# Projects --------------------------------------------------------------------------------------------


def house(folder: Path, *, rows: int, runs: Sequence[dict[str, str]]) -> Path:
    """Make a project of `caf-flows`, with a text that only a restitution shows, and those runs."""
    for name in ("studies", "notebooks", "data/reference"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "requirements.lock", folder)
    declaration = folder / "studies" / "caf-flows" / "study.yml"
    text = declaration.read_text(encoding="utf-8")
    text = text[: text.index("\nruns:")] + "\nruns:\n"
    text = text.replace("parameters:\n", "parameters:\n  place: {type: text, default: maison, help: restitution}\n", 1)
    for rank, run in enumerate(runs):
        values = ", ".join(f"{name}: {value}" for name, value in run.items())
        text += f"  - parameters: {{{values}}}\n    default: {str(rank == 0).lower()}\n"
    declaration.write_text(text, encoding="utf-8")
    path = folder / "notebooks" / "caf_flows.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if "parameters" in cell["metadata"].get("tags", []):
            source += '\nplace = "maison"'
        source = source.replace("quarter=quarter)", "quarter=quarter, place=place)", int("open_report(" in source))
        cell["source"] = source
    said = 'report.say("Restitution : {place}.", place=report.choice("place"))'
    cell = {"cell_type": "code", "id": "place", "metadata": {}, "outputs": [], "execution_count": None, "source": said}
    notebook["cells"].insert(-1, cell)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    shutil.rmtree(folder / "studies" / "sortir")
    etabli(folder, "demo", "caf-flows", "--rows", str(rows))
    return folder


def small(folder: Path, count: int) -> Path:
    """Make a project of the study that `etabli new` writes, with so many runs."""
    for name in ("studies", "notebooks"):
        (folder / name).mkdir(parents=True)
    shutil.copy(ROOT / "requirements.lock", folder)
    etabli(folder, "new", "essai")
    etabli(folder, "demo", "essai")
    declaration = folder / "studies" / "essai" / "study.yml"
    text = declaration.read_text(encoding="utf-8")
    text = text[: text.index("\nruns:")] + "\nruns:\n  - parameters: {audience: internal}\n    default: true\n"
    text = text.replace("parameters:\n", "parameters:\n  rank: {type: integer, default: 0, help: rang}\n", 1)
    for first in range(1, count, 1000):
        ranks = ", ".join(str(rank) for rank in range(first, min(first + 1000, count)))
        text += f"  - matrix: {{rank: [{ranks}]}}\n"
    declaration.write_text(text, encoding="utf-8")
    path = folder / "notebooks" / "essai.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if "parameters" in cell["metadata"].get("tags", []):
            source += "\nrank = 0"
        cell["source"] = source.replace("group=group)", "group=group, rank=rank)", int("open_report(" in source))
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return folder


def different(count: int) -> list[dict[str, str]]:
    """Runs that compute different things and stay in the house: a quarter each, those of a second tour for a place."""
    quarters = QUARTERS.split()
    tours = ({}, {"place": "second tour"})
    return [
        {"audience": "internal", "quarter": quarters[n % len(quarters)], **tours[n // len(quarters)]}
        for n in range(count)
    ]


def leaving(count: int) -> list[dict[str, str]]:
    """Runs for one audience: whoever holds one may hold all, so that they are protected together."""
    return [{"audience": "funder", "quarter": quarter} for quarter in QUARTERS.split()[:count]]


def restitutions(count: int) -> list[dict[str, str]]:
    return [{"audience": AUDIENCES[n % 4], "place": f"lieu {n + 1}"} for n in range(count)]


def ends(project: Path) -> list[dict[str, float]]:
    """Return what the journal of the last batch says of each run."""
    journal = max((project / "reports" / ".batches").glob("*.jsonl"), key=lambda path: path.stem)
    said = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    return [each for each in said if each["event"] == "ended"]


def pages(project: Path) -> dict[str, str]:
    return {
        path.relative_to(project).as_posix(): CLOCK.sub("…", path.read_text(encoding="utf-8"))
        for path in sorted(project.glob("reports/*/*/**/*"))
        if path.is_file() and path.name != "manifest.json"
    }


# The parts -------------------------------------------------------------------------------------------


def bare(project: Path) -> None:
    """The computation alone: a fork a report, no kernel, no gate, nbconvert's own exporter."""
    subprocess.run(
        [sys.executable, __file__, "--bare", str(project)], cwd=project, check=True,
        env={**os.environ, "ETABLI_PROJECT": str(project), "ETABLI_SHARE": "0", "MPLBACKEND": "agg"},
    )  # fmt: skip


def beside_bare(folder: Path, sizes: Sizes) -> list[str]:
    """Different reports, one after the other, and the bare computation of the same: none protected, then all."""
    out = [
        f"| different reports, {sizes.rows} rows, nothing shared | CPU a report | of bare | wall | made |",
        "|---|---|---|---|---|",
    ]
    for title, runs, asked in (
        ("that stay in the house: neither side protects", different(sizes.different), " (asked: ≤ 1.1)"),
        ("for a funder: both sides protect each beside the others", leaving(sizes.different // 2), ""),
    ):
        project, count = house(folder / runs[0]["audience"], rows=sizes.rows, runs=runs), len(runs)
        etabli(project, "run", "caf-flows", "--audience", "internal", ETABLI_SHARE="0")  # the delivery is converted
        plain = measured(lambda project=project: bare(project))  # type: ignore[misc]  # mypy reads no default of a lambda
        shutil.rmtree(project / "data" / "cache" / "plans", ignore_errors=True)
        ours = measured(lambda project=project: etabli(project, "batch", "--workers", "1", "--force", ETABLI_SHARE="0"))  # type: ignore[misc]  # as above
        ratio, made = f"{ours.cpu / plain.cpu:.2f}{asked}", len(ends(project))
        out += [
            f"| {count} {title}: the bare computation | {plain.cpu / count:.2f} | 1 | {plain.wall:.0f} | {count} |",
            f"| `etabli batch --workers 1` | {ours.cpu / count:.2f} | {ratio} | {ours.wall:.0f} | {made} |",
        ]
    return [
        *out,
        "",
        "A report is made once more where another of its coalition, made later, asks for other masks in it.",
    ]


def sharing(folder: Path, sizes: Sizes) -> list[str]:
    """Restitutions of one edition, with and without sharing."""
    count = sizes.restitutions
    project = house(folder / "p", rows=sizes.rows, runs=restitutions(count))
    etabli(project, "run", "caf-flows", ETABLI_SHARE="0")  # the delivery is converted
    one = measured(lambda: etabli(project, "run", "caf-flows", "--audience", "funder", ETABLI_SHARE="0"))
    off = measured(lambda: etabli(project, "batch", "--workers", "1", "--force", ETABLI_SHARE="0"))
    apart = pages(project)
    on = measured(lambda: etabli(project, "batch", "--workers", "1", "--force"))
    if {name: page for name, page in pages(project).items() if name in apart} != apart:
        raise SystemExit("reports differ with sharing")
    each = " ".join(f"{run['cpu_seconds']:.1f}" for run in ends(project))
    single = off.cpu / count
    return [
        f"| {count} restitutions of one edition, {sizes.rows} rows, protection included | CPU seconds | wall |",
        "|---|---|---|",
        f"| one report, alone (a command of its own) | {one.cpu:.1f} | {one.wall:.0f} |",
        f"| all, sharing off | {off.cpu:.0f}: {single:.2f} a report | {off.wall:.0f} |",
        f"| all, sharing on | {on.cpu:.0f}: **{on.cpu / single:.1f} ×** one report of the batch (asked: ≤ 8) "
        f"| {on.wall:.0f} |",
        "",
        f"Each, with sharing on: {each}. All files identical to those made with sharing off, times apart.",
    ]


def workers(folder: Path, sizes: Sizes) -> list[str]:
    """One worker, two, and two of a Dask cluster, which stands before a batch and after it."""
    count = sizes.different
    project = house(folder / "p", rows=sizes.rows, runs=different(count))
    etabli(project, "run", "caf-flows", ETABLI_SHARE="0")
    off = {"ETABLI_SHARE": "0"}
    one = measured(lambda: etabli(project, "batch", "--workers", "1", "--force", **off))
    two = measured(lambda: etabli(project, "batch", "--workers", "2", "--force", **off))

    def by_dask() -> None:
        with dask(folder, 2, off) as address:
            etabli(project, "batch", "--scheduler", address, "--force", **off)

    def idle() -> None:
        with dask(folder, 2, off):
            time.sleep(10)

    cluster, start = measured(by_dask), measured(idle)
    own = cluster.cpu - start.cpu
    free = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return [
        f"| {count} different reports, {sizes.rows} rows | CPU seconds | ratio | wall | faster |",
        "|---|---|---|---|---|",
        f"| one worker | {one.cpu:.0f} | 1 | {one.wall:.0f} | 1 |",
        f"| two (loky) | {two.cpu:.0f} | {two.cpu / one.cpu:.2f} of one (asked: ≤ 1.08) | {two.wall:.0f} "
        f"| {one.wall / two.wall:.2f} × (asked: ≥ 1.6 where two cores are free) |",
        f"| two of Dask | {own:.0f} | {own / two.cpu:.2f} of loky (asked: ≤ 1.2) | {cluster.wall:.0f} with its start "
        f"| {one.wall / cluster.wall:.2f} × |",
        "",
        f"The cluster alone, started, left idle for ten seconds and stopped: {start.cpu:.1f} CPU seconds, beside "
        f"those of its line; with them {cluster.cpu / two.cpu:.2f} of loky.",
        f"{os.cpu_count()} cores; load average at the end {free}: above 2, another process had a part of them.",
    ]


@contextmanager
def dask(folder: Path, count: int, variables: dict[str, str]) -> Iterator[str]:
    """A scheduler and its workers on this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    commands = [["scheduler", "--host", address, "--no-dashboard"]]
    commands += [["worker", address, "--nthreads", "1", "--no-dashboard", "--local-directory", str(folder)]] * count
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "dask", *words], cwd=folder, env={**os.environ, **variables},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for words in commands
    ]  # fmt: skip
    try:
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def growth(folder: Path, sizes: Sizes) -> list[str]:
    """Batches of more and more small runs."""
    out = [
        "| small runs | CPU seconds a run | of which outside the runs | wall beside cells, a run |",
        "|---|---|---|---|",
    ]
    for count in sizes.growth:
        project = small(folder / str(count), count)
        cost = measured(lambda project=project: etabli(project, "batch", "--workers", "1", ETABLI_SHARE="0"))  # type: ignore[misc]  # mypy reads no default of a lambda
        runs = ends(project)
        cells = sum(run["cells"] for run in runs)
        wall = sum(run["seconds"] for run in runs) - cells
        kernels = sum(run["cpu_seconds"] for run in runs)
        out.append(f"| {count} | {cost.cpu / count:.2f} | {(cost.cpu - kernels) / count:.2f} | {wall / count:.2f} |")
    return out


def unchanged(folder: Path, sizes: Sizes) -> list[str]:
    """Reports that stand, and runs that are only planned."""
    project = small(folder / "unchanged", sizes.unchanged)
    etabli(project, "batch", "--default", "--workers", "1")
    multiply(project)
    told = measured(lambda: etabli(project, "batch"))
    if len(list((project / "reports" / ".batches").glob("*.jsonl"))) != 1:
        raise SystemExit("reports were made again")
    planned = small(folder / "planned", sizes.planned)
    listed = measured(lambda: etabli(planned, "batch", "--dry-run"))
    return [
        "| nothing to compute | CPU seconds | wall seconds | asked |", "|---|---|---|---|",
        f"| {sizes.unchanged} reports, unchanged | {told.cpu:.2f} | {told.wall:.2f} | < 3 |",
        f"| {sizes.planned} planned runs, listed and fingerprinted | {listed.cpu:.2f} | {listed.wall:.2f} | < 20 |",
    ]  # fmt: skip


def multiply(project: Path) -> None:
    """Put the one report that was made in the place of every run, with the fingerprint of that run."""
    from etabli.project import Project
    from etabli.runs.fingerprint import Survey, fingerprint, modules_of
    from etabli.runs.manifest import FILE, read_manifest
    from etabli.study import read_study

    here = Project(project)
    study = read_study(here, "essai")
    made = here.reports / "essai" / study.plan().name
    manifest = read_manifest(made, shown="")
    survey = Survey()
    for plan in study.planned_runs():
        folder = made.with_name(plan.name)
        if folder != made:
            shutil.copytree(made, folder)
        taken = fingerprint(here, study, plan, modules=modules_of(manifest.fingerprint), survey=survey)
        told = replace(manifest, run=plan.name, parameters=plan.parameters, fingerprint=taken)
        (folder / FILE).write_text(told.to_json(), encoding="utf-8")


PARTS: dict[str, Callable[[Path, Sizes], list[str]]] = {
    "bare": beside_bare,
    "sharing": sharing,
    "workers": workers,
    "growth": growth,
    "unchanged": unchanged,
}


# The bare computation --------------------------------------------------------------------------------


def compute_all(project: Path) -> None:
    """Make every declared run of `caf-flows` without a kernel, each in a fork of this process."""
    import matplotlib.pyplot as plt  # noqa: F401  # before the forks, as the template does
    import nbformat
    import seaborn as sns  # noqa: F401  # before the forks, as the template does
    import statsmodels.formula.api as smf  # noqa: F401  # before the forks, as the template does
    from nbconvert.exporters import HTMLExporter

    from etabli.present import report
    from etabli.project import Project
    from etabli.study import read_study

    study = read_study(Project(project), "caf-flows")
    exporter = HTMLExporter()
    for rank, plan in enumerate(study.planned_runs()):
        pid = os.fork()
        if pid == 0:
            shown: list[dict[str, object]] = []

            def show(
                bundle: dict[str, object], *, name: str, update: bool, shown: list[dict[str, object]] = shown
            ) -> None:  # what a notebook's place is called is of no use here
                del name, update
                shown.append(bundle)

            report.show_in_notebook = show
            made = nbformat.read(project / "notebooks" / study.notebook, as_version=4)
            names: dict[str, object] = {}
            for cell in made["cells"]:
                if cell["cell_type"] == "code":
                    exec(cell["source"], names)
                    if "parameters" in cell["metadata"].get("tags", []):
                        names.update(plan.parameters)
                    cell["outputs"] = [
                        nbformat.v4.new_output("display_data", bundle) for bundle in shown if "text/html" in bundle
                    ]
                    shown.clear()
            page, _ = exporter.from_notebook_node(made)
            (project / f"bare-{rank}.html").write_text(page, encoding="utf-8")
            os._exit(0)
        if os.waitpid(pid, 0)[1]:
            raise SystemExit("a report failed")


# The report ------------------------------------------------------------------------------------------


def lines(parts: Sequence[str], sizes: Sizes) -> list[str]:
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    out = [f"Python {platform.python_version()}, {os.cpu_count()} cores, load average {load} at the start."]
    for part in parts:
        with tempfile.TemporaryDirectory() as folder:
            found = PARTS[part](Path(folder), sizes)
        print("\n".join(found), file=sys.stderr)
        out += ["", *found]
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=sorted(PARTS))
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.bare:
        compute_all(asked.bare)
        return
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    text = "\n".join(lines(asked.only or list(PARTS), SMALL if asked.small else Sizes()))
    print(text)
    if asked.write:
        keep("batch", text)


if __name__ == "__main__":
    main()
