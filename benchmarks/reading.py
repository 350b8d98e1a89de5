"""Reading, as ratios against the plain call of each format on the same file, in one run.

    python benchmarks/reading.py                       # a million rows of twelve columns, then five million rows of CSV
    python benchmarks/reading.py --rows 100000         # fewer
    python benchmarks/reading.py --write               # and keep the figures in results.md

The files are made here, as a partner would send them: 300,000 people, dates, codes, decimals. « Checked » is
`read_tidy` in one process that has its imports: everything that the codebook asks of the delivery. The plain call, the
checked and the cached reading take turns, so that what else the machine does weighs on all three: the ratio is that of
their best turns, and beside it stand those of the luckiest and the unluckiest turn. « Converted » is
what a first run waits for once the child has started: read, checked, pseudonymised, written to the cache. « Cached »
is every later run. polars is shown where it is installed (`pip install polars`): the project does not need it.
"""

from __future__ import annotations

import argparse
import gc
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pyreadstat
from keeping import keep

from etabli.sources.cache import converted, entry_of
from etabli.sources.checks import read_tidy
from etabli.sources.codebook import SourceCodebook
from etabli.sources.conversion import Child, Job
from etabli.sources.pseudonyms import StudyKey

TURNS = {".csv": 9, ".sav": 3, ".dta": 3, ".parquet": 15}
KEY = StudyKey(bytes(range(32)))
BOUNDS = {".csv": 2.5, ".sav": 2.5, ".dta": 2.5, ".parquet": 1.5}
LARGE = 5
"""Times the rows of the other files: the one whose memory is watched."""
MOST = 4 << 30
"""Bytes that a delivery of five million rows may take."""


def book_of(suffix: str) -> SourceCodebook:
    def codes(*names: str) -> dict[str, str]:
        return {name: f"Libellé de {name}" for name in names}

    written = {"separator": ";", "encoding": "utf-8", "decimal": ","} if suffix == ".csv" else {}
    declared = {
        "person": {"type": "identifier", "sensitivity": "identifier", "pattern": "[0-9]{7}"},
        "at": {"type": "datetime", "minimum": "2024-01-01", "maximum": "2024-12-31"},
        "born": {"type": "date", "required": False},
        "channel": {"type": "code", "codes": codes("1", "2", "3")},
        "request": {"type": "code", "codes": codes(*"ABCDEFGH")},
        "sex": {"type": "code", "codes": codes("1", "2"), "missing": ["9"], "required": False},
        "iris": {"type": "text", "pattern": "[0-9]{9}"},
        "commune": {"type": "text", "pattern": "[0-9AB]{5}"},
        "age": {"type": "integer", "minimum": 0, "maximum": 120},
        "minutes": {"type": "number", "minimum": 0},
        "amount": {"type": "number", "required": False},
        "children": {"type": "integer", "required": False, "maximum": 20},
    }
    full = {name: {"label": name, "sensitivity": "open", **each} for name, each in declared.items()}
    noun = {"one": "visite", "many": "visites", "gender": "f"}
    return SourceCodebook.model_validate({"row": noun, "format": written, "variables": full})


def frame_of(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(2024)
    start, first = np.datetime64("2024-01-01", "us"), np.datetime64("1930-01-01", "us")
    iris = np.array([f"{each:09}" for each in range(350010101, 350010901)])
    people = np.array([f"{each:07}" for each in range(300_000)])
    return pd.DataFrame(
        {
            "person": pd.Series(people[rng.integers(0, len(people), rows)], dtype="str"),
            "at": start + rng.integers(0, 366 * 24 * 60 - 1, rows).astype("timedelta64[m]"),
            "born": first + rng.integers(0, 90 * 365, rows).astype("timedelta64[D]"),
            "channel": rng.integers(1, 4, rows).astype("int64"),
            "request": pd.Series(np.array(list("ABCDEFGH"))[rng.integers(0, 8, rows)], dtype="str"),
            "sex": rng.choice([1, 2, 9], rows).astype("int64"),
            "iris": pd.Series(iris[rng.integers(0, len(iris), rows)], dtype="str"),
            "commune": pd.Series(np.array(["01004", "2A004", "35238"])[rng.integers(0, 3, rows)], dtype="str"),
            "age": rng.integers(16, 99, rows).astype("int64"),
            "minutes": rng.gamma(2, 8, rows).round(1),
            "amount": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(480, 90, rows).round(2)),
            "children": np.where(rng.random(rows) < 0.1, np.nan, rng.integers(0, 7, rows)),
        }
    )


def write(frame: pd.DataFrame, path: Path) -> None:
    match path.suffix:
        case ".csv":
            texts = frame.assign(
                at=frame["at"].dt.strftime("%d/%m/%Y %H:%M"), born=frame["born"].dt.strftime("%d/%m/%Y"),
                children=frame["children"].astype("Int64"),
            )  # fmt: skip
            texts.to_csv(path, sep=";", decimal=",", index=False)
        case ".sav":
            labels = {"channel": {1: "Accueil", 2: "Rendez-vous", 3: "Téléphone"}}
            pyreadstat.write_sav(frame, path, variable_value_labels=labels)
        case ".dta":
            pyreadstat.write_dta(frame, path)
        case _:
            frame.astype({"children": "Int64"}).to_parquet(path, index=False)


PLAIN: dict[str, Callable[[Path], object]] = {
    ".csv": lambda path: pd.read_csv(path, sep=";", decimal=","),
    ".sav": pyreadstat.read_sav,
    ".dta": pyreadstat.read_dta,
    ".parquet": pd.read_parquet,
}


def timed(call: Callable[[], object], repeats: int) -> float:
    best = float("inf")
    for _ in range(repeats):
        gc.collect()
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best


def in_turns(calls: Sequence[Callable[[], object]], turns: int) -> np.ndarray:
    """Return the seconds of each call (columns) in each turn (rows)."""
    return np.array([[timed(call, 1) for call in calls] for _ in range(turns)])


def ratio(seconds: np.ndarray, place: int) -> tuple[float, str]:
    """Return how many times the first call another one takes: of the best of each, and told with its spread."""
    found, each = float(seconds[:, place].min() / seconds[:, 0].min()), seconds[:, place] / seconds[:, 0]
    return found, f"**{found:.2f}** ({each.min():.2f}–{each.max():.2f})"


def polars_time(path: Path, repeats: int) -> str:
    try:
        import polars as pl
    except ImportError:
        return "–"
    readers: dict[str, Callable[[], object]] = {
        ".csv": lambda: pl.read_csv(path, separator=";", decimal_comma=True),
        ".parquet": lambda: pl.read_parquet(path),
    }
    return f"{timed(readers[path.suffix], repeats):.2f}" if path.suffix in readers else "–"


def row(path: Path, folder: Path) -> str:
    suffix, book = path.suffix, book_of(path.suffix)
    job, digest = Job(path, path.name, book, KEY), sha256(path.read_bytes()).hexdigest()
    with Child() as child:
        whole = timed(lambda: child.do(job, folder / "whole"), 2)
        peak = child.peak
    entry = entry_of(folder / "cache", "visits", digest, book, key=KEY)
    converted(entry, job)
    calls = (
        lambda: PLAIN[suffix](path), lambda: read_tidy(path, book, shown=path.name), lambda: converted(entry, job),
    )  # fmt: skip
    seconds = in_turns(calls, TURNS[suffix])
    plain, first, cached = seconds.min(axis=0)
    (checked, told), (again, told_again) = ratio(seconds, 1), ratio(seconds, 2)
    held = checked <= BOUNDS[suffix] and again <= 1
    cells = (
        suffix, f"{plain:.2f}", f"{first:.2f}", told, f"{BOUNDS[suffix]}", f"{whole:.2f}", f"{whole / plain:.2f}",
        f"{cached:.2f}", told_again, polars_time(path, TURNS[suffix]),
        f"{peak / 2**20:.0f}", "yes" if held else "no",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def large(frame: pd.DataFrame, folder: Path) -> str:
    """Return what a delivery of several times the rows takes in the child."""
    path = folder / "large.csv"
    write(frame, path)
    text = path.read_bytes()
    header, _, rows = text.partition(b"\n")
    with path.open("wb") as file:
        file.write(header + b"\n")
        for _ in range(LARGE):
            file.write(rows)
    del text, rows
    with Child() as child:
        seconds = timed(lambda: child.do(Job(path, path.name, book_of(".csv"), KEY), folder / "large.parquet"), 1)
        peak = child.peak
    size, count = path.stat().st_size / 2**20, LARGE * len(frame)
    return (
        f"{count:,} rows of CSV ({size:.0f} MiB): converted in {seconds:.1f} s; peak of the child "
        f"{peak / 2**30:.2f} GiB, bound {MOST / 2**30:.0f} GiB: {'held' if peak <= MOST else 'not held'}."
    )


def lines(rows: int) -> list[str]:
    frame = frame_of(rows)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = timed(lambda: Child().__enter__().stop(), 2)
        out = [
            f"{rows:,} rows, {frame.shape[1]} columns; seconds, best of {min(TURNS.values())} to "
            f"{max(TURNS.values())} turns; {os.cpu_count()} cores, load {psutil.getloadavg()[0]:.1f} at the start. "
            f"Start of the child, in none of the figures below: {start:.2f} s.",
            "",
            "| file | plain | checked | ratio | bound | converted | ratio | cached | ratio | polars | MiB | held |",
            "|---|---|---|---|---|---|---|---|---|---|---|---|",
        ]
        print("\n".join(out), flush=True)
        for suffix in PLAIN:
            path = folder / f"visits{suffix}"
            write(frame, path)
            out.append(row(path, folder))
            print(out[-1], flush=True)
        out += ["", large(frame, folder)]
        print("\n".join(out[-2:]))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    text = "\n".join(lines(asked.rows))
    if asked.write:
        keep("reading", text)


if __name__ == "__main__":
    main()
