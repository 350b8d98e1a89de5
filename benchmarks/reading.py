"""Reading, as ratios against the plain call of each format on the same file, in one run: `make bench`.

The file is made here: a million rows of twelve columns, as a partner would send them. Each side is the best of
`REPEATS`. The child's start is printed apart; a first read is what the child does from then on, written cache included.
"""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pyreadstat

from etabli.sources.cache import converted, entry_of
from etabli.sources.codebook import SourceCodebook
from etabli.sources.conversion import Child, Job
from etabli.sources.deliveries import Delivery, load

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
REPEATS = 3
KEY = bytes(range(32))
RESULTS = Path(__file__).with_name("results.md")
BOUNDS = {".csv": 2.5, ".sav": 2.5, ".dta": 2.5, ".parquet": 1.5}


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


def timed(call: Callable[[], object], repeats: int = REPEATS) -> float:
    best = float("inf")
    for _ in range(repeats):
        gc.collect()
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best


def polars_time(path: Path) -> str:
    try:
        import polars
    except ImportError:
        return "–"
    readers = {
        ".csv": lambda: polars.read_csv(path, separator=";", decimal_comma=True),
        ".parquet": lambda: polars.read_parquet(path),
    }
    return f"{timed(readers[path.suffix]):.2f} s" if path.suffix in readers else "–"


def row(path: Path, folder: Path) -> str:
    suffix, book = path.suffix, book_of(path.suffix)
    plain = timed(lambda: PLAIN[suffix](path), 2 if suffix in {".sav", ".dta"} else REPEATS)
    digest = sha256(path.read_bytes()).hexdigest()
    job, target = Job(path, path.name, book, KEY), folder / "first.parquet"
    with Child() as child:
        if suffix == ".parquet":
            delivery = Delivery("visits", path, path.name, digest, path.stat().st_size, "raw")
            first = timed(lambda: load(delivery, book, key=KEY))
            peak = psutil.Process().memory_info().rss
        else:
            child.do(Job(path, path.name, book, KEY), target) if suffix == ".csv" else None
            first = timed(lambda: child.do(job, target), 1 if suffix in {".sav", ".dta"} else 2)
            peak = child.peak
    entry = entry_of(folder / "cache", "visits", digest, book, key=KEY)
    converted(entry, job)
    cached = timed(lambda: converted(entry, job))
    good = first / plain <= BOUNDS[suffix] and cached <= plain * (1.05 if suffix == ".parquet" else 1)
    return (
        f"| {suffix} | {plain:.2f} s | {first:.2f} s | {first / plain:.2f} × | {BOUNDS[suffix]} × | {cached:.2f} s |"
        f" {cached / plain:.2f} × | {polars_time(path)} | {peak / 2**20:.0f} MiB | {'yes' if good else 'NO'} |"
    )


def main() -> None:
    frame = frame_of(ROWS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = timed(lambda: Child().__enter__().stop())
        lines = [
            f"{ROWS:,} rows × {frame.shape[1]} columns; best of {REPEATS} (two for sav and dta); start of the child: {start:.2f} s.",
            "",
            "| format | plain call | first read, checked | ratio | bound | cached | ratio | polars | peak of the child | held |",
            "|---|---|---|---|---|---|---|---|---|---|",
        ]
        print("\n".join(lines))
        for suffix in PLAIN:
            path = folder / f"visits{suffix}"
            write(frame, path)
            lines.append(row(path, folder))
            print(lines[-1], flush=True)
    keep(lines)


def keep(lines: list[str]) -> None:
    """Put this run's figures in place of the former ones, and leave the other benchmarks' alone."""
    title = "## Reading (benchmarks/reading.py)"
    former = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else "# Results of the benchmarks\n"
    before, _, rest = former.partition(f"\n{title}\n")
    after = "\n## " + rest.partition("\n## ")[2] if "\n## " in rest else ""
    said = f"\n{title}\n\nRun of {date.today():%Y-%m-%d}. " + "\n".join(lines) + "\n"
    RESULTS.write_text(before.rstrip("\n") + "\n" + said + after, encoding="utf-8")


if __name__ == "__main__":
    main()
