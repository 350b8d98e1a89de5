"""What a kernel costs to start and to keep, and what a batch of reports costs by each way of running it.

    python benchmarks/kernels.py                  # starts and memory; 24 reports by each way; a few minutes
    python benchmarks/kernels.py --reports 6      # fewer
    python benchmarks/kernels.py --write          # and keep the figures in results.md

CPU is user and system time of the whole process tree; wall time varies with what else the machine does. All
ways run the same notebook (200,000 rows, six figures, two models), without protection.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import nbformat
import psutil
from keeping import keep

IMPORTS = "import matplotlib.pyplot as plt, numpy as np, pandas as pd, seaborn as sns, statsmodels.formula.api as smf"
FIGURE = "sns.{plot}; plt.title('Figure {n}'); plt.show()"
PLOTS = (
    "barplot(data=means, x='age', y='wait', hue='route', errorbar=None)",
    "boxplot(data=visits.head(20_000), x='age', y='wait')",
    "histplot(data=visits, x='wait', bins=60)",
    "lineplot(data=daily, x='day', y='wait')",
    "heatmap(visits.pivot_table(index='age', columns='day', values='wait'))",
    "regplot(data=daily, x='day', y='wait')",
)
CELLS = (
    IMPORTS,
    "seed = 0",
    "rng = np.random.default_rng(seed); n = 200_000\n"
    "visits = pd.DataFrame({'age': rng.integers(0, 6, n), 'route': rng.choice(['rdv', 'accueil'], n),\n"
    "                       'day': rng.integers(0, 90, n), 'wait': rng.gamma(2, 8, n)})\n"
    "visits['long'] = (visits['wait'] + visits['age'] > 25).astype(int)",
    "means = visits.groupby(['age', 'route'], as_index=False)['wait'].mean()\n"
    "daily = visits.groupby('day', as_index=False)['wait'].mean(); means",
    *(FIGURE.format(plot=plot, n=n) for n, plot in enumerate(PLOTS, start=1)),
    "print(smf.logit('long ~ C(age) + C(route)', visits).fit(disp=0).params)",
    "print(smf.ols('wait ~ C(age) + day', visits).fit().params)",
)
ONE_DRAW = "%matplotlib inline\n%config InlineBackend.print_figure_kwargs = {'bbox_inches': None}"
"""No tight box, which draws a figure twice: the figures are laid out before they are shown."""


def notebook(path: Path, *, one_draw: bool = False) -> Path:
    sources = list(CELLS)
    if one_draw:
        sources = [source.replace("plt.show()", "plt.tight_layout(); plt.show()") for source in sources]
        sources.insert(1, ONE_DRAW)
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    next(cell for cell in cells if cell["source"] == "seed = 0")["metadata"]["tags"] = ["parameters"]
    spec = {"name": "python3", "language": "python", "display_name": "Python 3"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec}), path)
    return path


# The ways of running a batch; each is the whole of a process -----------------------------------------


def shell(folder: Path, reports: int) -> None:
    """A loop of two commands."""
    source = notebook(folder / "in.ipynb")
    for seed in range(reports):
        out = folder / f"{seed}.ipynb"
        run = ["papermill", str(source), str(out), "-p", "seed", str(seed)]
        for command in (run, ["nbconvert", "--to", "html", str(out)]):
            subprocess.run([sys.executable, "-m", *command], check=True, capture_output=True)


def papermill(folder: Path, reports: int) -> None:
    """One process calls papermill and nbconvert; each report has a kernel of its own."""
    _each(folder, reports, kernel_name="python3")


def forked(folder: Path, reports: int, *, one_draw: bool = False) -> None:
    """Ours: the same, with forked kernels and few saves."""
    from etabli.runs import engine, forks, kernels

    forks.warm_up(os.environ, str(folder))
    _each(
        folder,
        reports,
        one_draw=one_draw,
        engine_name=engine.NAME,
        kernel_name=kernels.NAME,
        kernel_manager_class=kernels.RunKernelManager,
        extra_arguments=["--HistoryManager.hist_file=:memory:"],
    )


def forked_one_draw(folder: Path, reports: int) -> None:
    """Ours, each figure drawn once."""
    forked(folder, reports, one_draw=True)


def reused(folder: Path, reports: int) -> None:
    """One kernel for all reports: what one leaves, the next one finds."""
    from nbclient import NotebookClient

    source = nbformat.read(notebook(folder / "in.ipynb"), as_version=4)
    client = NotebookClient(source, kernel_name="python3")
    with client.setup_kernel():
        for seed in range(reports):
            client.nb = nbformat.from_dict(source)
            client.nb["cells"][1]["source"] = f"seed = {seed}"
            for index, cell in enumerate(client.nb["cells"]):
                client.execute_cell(cell, index)
            _html(folder, seed, client.nb)


def ploomber(folder: Path, reports: int) -> None:
    """ploomber-engine: the cells run in the process itself, which all reports share."""
    from ploomber_engine import execute_notebook  # type: ignore[import-not-found]  # installed by hand for this row

    source = notebook(folder / "in.ipynb")
    for seed in range(reports):
        made = execute_notebook(source, output_path=None, parameters={"seed": seed}, progress_bar=False)
        _html(folder, seed, made)


def bare(folder: Path, reports: int) -> None:
    """The computation alone: a fork a report, no kernel, tight boxes, nbconvert's own exporter."""
    os.environ["MPLBACKEND"] = "agg"
    exec(IMPORTS, {})
    _exporter()
    for seed in range(reports):
        pid = os.fork()
        if pid == 0:
            _compute(folder, seed)
            os._exit(0)
        if os.waitpid(pid, 0)[1]:
            raise SystemExit("a report failed")


WAYS: dict[str, Callable[[Path, int], None]] = {
    way.__name__: way for way in (bare, forked, forked_one_draw, ploomber, reused, papermill, shell)
}


def _each(folder: Path, reports: int, *, one_draw: bool = False, **options: object) -> None:
    from papermill import execute_notebook

    source = notebook(folder / "in.ipynb", one_draw=one_draw)
    for seed in range(reports):
        made = execute_notebook(
            str(source), str(folder / f"{seed}.ipynb"), parameters={"seed": seed}, progress_bar=False, **options
        )
        _html(folder, seed, made)


def _html(folder: Path, seed: int, made: nbformat.NotebookNode) -> None:
    page, _ = _exporter().from_notebook_node(made)
    (folder / f"{seed}.html").write_text(page, encoding="utf-8")


_kept: list[object] = []


def _exporter() -> Any:
    from nbconvert.exporters import HTMLExporter

    if not _kept:
        _kept.append(HTMLExporter())
    return _kept[0]


def _compute(folder: Path, seed: int) -> None:
    """Run the cells as they are, and put what they show where a kernel would."""
    from base64 import b64encode
    from contextlib import redirect_stdout
    from io import BytesIO, StringIO

    import matplotlib.pyplot as plt

    made = nbformat.read(notebook(folder / f"{seed}.in.ipynb"), as_version=4)
    names: dict[str, object] = {}
    made["cells"][1]["source"] = f"seed = {seed}"
    for cell in made["cells"]:
        with redirect_stdout(StringIO()) as said:
            exec(cell["source"].replace("plt.show()", "None"), names)
        if said.getvalue():
            cell["outputs"].append(nbformat.v4.new_output("stream", text=said.getvalue()))
        for number in plt.get_fignums():
            image = BytesIO()
            plt.figure(number).savefig(image, format="png", bbox_inches="tight")
            data = {"image/png": b64encode(image.getvalue()).decode()}
            cell["outputs"].append(nbformat.v4.new_output("display_data", data))
            plt.close(number)
    _html(folder, seed, made)


# One kernel ------------------------------------------------------------------------------------------


def start(fork: str, code: str, *, times: int) -> tuple[float, float, float]:
    """Return CPU and wall seconds from a start to the end of a first cell, and the memory (MB) of one more kernel."""
    from etabli.runs import forks
    from etabli.runs.kernels import RunKernelManager

    async def one(keep: list[RunKernelManager]) -> tuple[float, float]:
        clock = time.monotonic()
        manager = RunKernelManager()
        await manager.start_kernel(env={**os.environ, forks.FORK_VARIABLE: fork})
        client = manager.client()
        client.start_channels()
        await client.wait_for_ready(timeout=120)
        await client.execute_interactive(code, output_hook=lambda _: None, timeout=120)
        wall = time.monotonic() - clock
        client.stop_channels()
        keep.append(manager)
        assert manager.provisioner is not None
        spent = psutil.Process(manager.provisioner.pid).cpu_times()
        return spent.user + spent.system, wall

    async def several() -> tuple[float, float, float]:
        kept: list[RunKernelManager] = []
        await one(kept)  # the template imports
        before = _memory()
        costs = [await one(kept) for _ in range(times)]
        more = (_memory() - before) / times
        for manager in kept:
            await manager.shutdown_kernel(now=True)
        return median(cpu for cpu, _ in costs), median(wall for _, wall in costs), more

    return asyncio.run(several())


def _memory() -> float:
    """Return the proportional set size of all descendants, in megabytes: shared pages are counted once."""
    me = psutil.Process()
    return sum(each.memory_full_info().pss for each in me.children(recursive=True)) / 1e6


# The report ------------------------------------------------------------------------------------------


def measured(way: str, reports: int) -> tuple[float, float]:
    """Run one way in a process of its own; return CPU and wall seconds of its whole tree."""
    with tempfile.TemporaryDirectory() as folder:
        clock = time.monotonic()
        command = [sys.executable, __file__, "--way", way, "--folder", folder, "--reports", str(reports)]
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "PLOOMBER_STATS_ENABLED": "false",
        }
        process = subprocess.Popen(command, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{way}: failed")
        if len(list(Path(folder).glob("*.html"))) != reports:
            raise SystemExit(f"{way}: reports are missing")
        return usage.ru_utime + usage.ru_stime, time.monotonic() - clock


def lines(reports: int, times: int) -> list[str]:
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    out = [f"Python {platform.python_version()}, {os.cpu_count()} cores, load average {load} at the start.", ""]
    out += ["| one kernel, to the end of its first cell | cold | forked | ratio | asked |", "|---|---|---|---|---|"]
    for label, code, asked in (("`1`", "1", 0.5), ("the imports", IMPORTS, 0.15)):
        cold, warm = start("0", code, times=times), start("1", code, times=times)
        out.append(f"| CPU seconds, {label} | {cold[0]:.2f} | {warm[0]:.2f} | {warm[0] / cold[0]:.2f} | ≤ {asked} |")
        out.append(f"| wall seconds, {label} | {cold[1]:.2f} | {warm[1]:.2f} | {warm[1] / cold[1]:.2f} | |")
    out.append(f"| one more kernel, MB of memory | {cold[2]:.0f} | {warm[2]:.0f} | {warm[2] / cold[2]:.2f} | ≤ 0.4 |")
    return [*out, "", *ways_beside(reports)]


def ways_beside(reports: int) -> list[str]:
    """Return what each way costs, in two tours of half the reports, the second in the opposite order."""
    half = reports // 2
    known = [way for way in WAYS if way != "ploomber" or find_spec("ploomber_engine") is not None]
    costs: dict[str, list[tuple[float, float]]] = {way: [] for way in known}
    for tour in (known, known[::-1]):
        for way in tour:
            costs[way].append(measured(way, half))
            print(way, costs[way][-1], file=sys.stderr)
    out = [
        f"| {2 * half} reports, in two tours | CPU seconds a report | of `bare` | in each tour | wall seconds in all |",
        "|---|---|---|---|---|",
    ]
    reference = [cpu for cpu, _ in costs["bare"]]
    for way in known:
        words = str(WAYS[way].__doc__).splitlines()[0].rstrip(".")
        cpu = [each for each, _ in costs[way]]
        row = (
            f"`{way}`: {words[0].lower()}{words[1:]}",
            f"{sum(cpu) / half / 2:.2f}",
            f"{sum(cpu) / sum(reference):.2f}",
            ", ".join(f"{own / plain:.2f}" for own, plain in zip(cpu, reference, strict=True)),
            f"{sum(wall for _, wall in costs[way]):.0f}",
        )
        out.append(f"| {' | '.join(row)} |")
    if "ploomber" not in known:
        out.append("| `ploomber`: `pip install ploomber-engine` for this row | | | | |")
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=24)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--way", choices=sorted(WAYS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.way:
        WAYS[asked.way](asked.folder, asked.reports)
        return
    text = "\n".join(lines(asked.reports, asked.starts))
    print(text)
    if asked.write:
        keep("kernels", text)


if __name__ == "__main__":
    main()
