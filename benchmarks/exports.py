"""Our page beside nbconvert's own `lab` and `classic`, of one executed notebook with ten figures, in one run.

    python benchmarks/exports.py             # prints the table
    python benchmarks/exports.py --write     # and keeps it in results.md

The notebook is that of the visitor flows, for inside readers, on demo data, with figures until there are ten.
« Export » is the best of several conversions in a warm process, for ours with its French typography. « First paint »
is what Chromium says of the page from the disk, the median of several; requests are those for another address.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from keeping import keep
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
FIGURES, REPEATS, MOST = 10, 7, 1_000_000
"""Figures of the notebook, times that each thing is done, bytes that our page may weigh."""


def copied(folder: Path) -> Path:
    """Return a project of the study alone, its notebook with ten figures."""
    root = folder / "project"
    for name in ("studies", "notebooks", "data/reference"):
        shutil.copytree(ROOT / name, root / name)
    shutil.copy(ROOT / "requirements.lock", root)
    path = root / "notebooks" / "caf_flows.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = notebook["cells"]
    drawn = [place for place, cell in enumerate(cells) if "".join(cell["source"]).startswith("report.figure(")]
    last = drawn[-1]
    for number in range(FIGURES - len(drawn)):
        source = "".join(cells[drawn[number % len(drawn)]]["source"])
        source = source.replace('title="', f'title="Encore ({number + 1}) : ', 1)
        cells.insert(last + 1, {**cells[last], "id": f"again-{number}", "source": source.splitlines(keepends=True)})
    path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1), encoding="utf-8")
    return root


def executed_in(root: Path) -> Any:
    os.environ["ETABLI_PROJECT"] = str(root)
    from etabli.project import Project
    from etabli.runs.execute import execute
    from etabli.sources.codebook import read_codebook
    from etabli.sources.dummy import make_demo
    from etabli.study import read_study

    project = Project(root)
    study = read_study(project, "caf-flows")
    make_demo(project, study, read_codebook(project, study, edition="2024-T4"), "2024-T4", seed=2024)
    work = root / "work"
    work.mkdir()
    return execute(project, study.plan({"audience": "internal"}), work=work)


def exporters(executed: Any) -> dict[str, Callable[[], str]]:
    from nbconvert.exporters import HTMLExporter

    from etabli.publish.export import to_html

    own = {name: HTMLExporter(template_name=name) for name in ("lab", "classic")}
    return {
        "etabli": lambda: to_html(executed),
        **{name: (lambda each=each: str(each.from_notebook_node(executed.notebook)[0])) for name, each in own.items()},
    }


def timed(call: Callable[[], str]) -> tuple[float, str]:
    best, text = float("inf"), ""
    for _ in range(REPEATS):
        gc.collect()
        start = time.perf_counter()
        text = call()
        best = min(best, time.perf_counter() - start)
    return best, text


def seen(browser: Browser, path: Path) -> tuple[int, int, float]:
    """Return axe's violations of a page, its requests, and the seconds to its first paint."""
    violations, requests, paints = 0, 0, []
    for round_ in range(REPEATS):
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        asked: list[str] = []
        tab.on("request", lambda request, asked=asked: asked.append(request.url))
        tab.route("http*://**", lambda route: route.abort())
        tab.goto(path.as_uri())
        tab.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0")
        paints.append(tab.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") / 1000)
        if round_ == 0:
            requests = sum(1 for url in asked if url.startswith("http"))
            violations = len(Axe().run(tab).response["violations"])
        tab.close()
    return violations, requests, statistics.median(paints)


def lines(folder: Path) -> list[str]:
    executed = executed_in(copied(folder))
    found: dict[str, tuple[int, int, int, float, float]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, export in exporters(executed).items():
            seconds, text = timed(export)
            path = folder / f"{name}.html"
            path.write_text(text, encoding="utf-8")
            violations, requests, paint = seen(browser, path)
            found[name] = (violations, requests, path.stat().st_size, seconds, paint)
        browser.close()
    ours = found["etabli"]
    out = [
        "| template | violations | requests | bytes | export, s | ÷ ours | first paint, s | ÷ ours |",
        "|---" * 8 + "|",
    ]
    for name, (violations, requests, size, seconds, paint) in found.items():
        measured = (f"{size:,}", f"{seconds:.3f}", f"{seconds / ours[3]:.2f}", f"{paint:.3f}", f"{paint / ours[4]:.2f}")
        out.append(f"| {name} | {violations} | {requests} | {' | '.join(measured)} |")
    held = ours[0] == 0 and ours[1] == 0 and ours[2] < MOST and ours[3] <= found["lab"][3]
    told = "held" if held else "not held"
    return [*out, "", f"Asked: no violation, no request, under {MOST:,} bytes, exported no slower than `lab`: {told}."]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = "\n".join(lines(Path(folder)))
    print(text)
    if asked.write:
        keep("exports", text)


if __name__ == "__main__":
    main()
