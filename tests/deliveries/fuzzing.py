"""Thousands of damaged files of every format, read in the child: a frame or a message, and nothing else.

    make fuzz                                           # 20,000 files
    python tests/deliveries/fuzzing.py --files 500      # fewer; --first 4321 --files 1: one again

Each file follows from its number (and, in some formats, from the hour that is written in it). A file that ends the child
is told as damaged, which is what the child is for, and is counted; so is one that reaches a limit, tight here (30 s,
2 GiB). An exception of ours that ends the child is a fault. A third of the files is read without a codebook, a third under
one, and a third as a run reads a delivery: the quick way, held to the codebook, and written to the cache.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from random import Random
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import openpyxl
import pandas as pd
import pyreadstat

from etabli.errors import EtabliError
from etabli.sources.codebook import SourceCodebook
from etabli.sources.conversion import Child, Job, Limits
from etabli.sources.pseudonyms import StudyKey

SHIPPED = Path(__file__).parent / "shipped"
LIMITS = Limits(seconds=30, memory=2 << 30)
STOPPED = {"a dépassé": "stopped at a limit", "a fait tomber": "ended the child"}
"""What a file did to the child, by what its message says."""

KEY = StudyKey(bytes(range(32)))

KINDS = ("frame", "refused", *STOPPED.values())

BOOK = SourceCodebook.model_validate(
    {
        "row": {"one": "visite", "many": "visites", "gender": "f"},
        "variables": {
            name.lower(): {
                "column": name,
                "label": name,
                "sensitivity": "open",
                "required": False,
                "missing": ["#N/A"],
                **kind,
            }
            for name, kind in {
                "CODE": {"type": "code", "codes": {"1": "Été", "2": "Œuf"}},
                "COMMUNE": {"type": "text"},
                "JOUR": {"type": "date"},
                "MINUTES": {"type": "integer"},
                "MONTANT": {"type": "number"},
            }.items()
        },
    }
)


def frame() -> pd.DataFrame:
    rows = 40
    return pd.DataFrame(
        {
            "CODE": [1.0, 2.0] * (rows // 2),
            "COMMUNE": ["35238", "2A004", "Été à L’Haÿ", ""] * (rows // 4),
            "JOUR": [date(2024, 1, 1 + place % 28) for place in range(rows)],
            "MINUTES": [float(place) if place % 7 else None for place in range(rows)],
            "MONTANT": [place * 1.37 for place in range(rows)],
        }
    )


def originals(folder: Path) -> dict[str, bytes]:
    """Return a sound file of each format."""
    table, labels = frame(), {"variable_value_labels": {"CODE": {1: "Été", 2: "Œuf"}}}
    pyreadstat.write_sav(table, folder / "v.sav", missing_ranges={"MINUTES": [{"lo": 30, "hi": 39}]}, **labels)
    pyreadstat.write_sav(table, folder / "v.zsav", compress=True, **labels)
    pyreadstat.write_dta(table, folder / "v.dta", **labels)
    pyreadstat.write_xport(table, folder / "v.xpt")
    plain = table.assign(COMMUNE=table["COMMUNE"].str.encode("ascii", "replace").str.decode("ascii"))
    pyreadstat.write_por(plain, folder / "v.por")
    table.to_parquet(folder / "v.parquet")
    text = table.assign(JOUR=[f"{day:%d/%m/%Y}" for day in table["JOUR"]]).to_csv(sep=";", decimal=",", index=False)
    made = {path.suffix: path.read_bytes() for path in sorted(folder.glob("v.*"))}
    return {
        **made,
        ".csv": text.encode("utf-8"),
        ".tsv": text.replace(";", "\t").encode("utf-16"),
        ".txt": text.replace("2A004", '"2A""\n004"').encode("cp1252"),
        ".xlsx": _workbook(table),
        ".ods": _open_document(table),
        ".xls": gzip.decompress((SHIPPED / "testdtype.xls.gz").read_bytes()),
        ".sas7bdat": (SHIPPED / "airline.sas7bdat").read_bytes(),
    }


def _workbook(table: pd.DataFrame) -> bytes:
    book, stream = openpyxl.Workbook(), BytesIO()
    book.active.append(list(table.columns))
    for row in table.itertuples(index=False):
        book.active.append([None if pd.isna(cell) else cell for cell in row])
    book.save(stream)
    return stream.getvalue()


def _open_document(table: pd.DataFrame) -> bytes:
    names, errors = "urn:oasis:names:tc:opendocument:xmlns", "urn:org:documentfoundation:names:experimental:calc"
    cell = '<table:table-cell office:value-type="string" calcext:value-type="{}"><text:p>{}</text:p></table:table-cell>'
    rows = [list(table.columns), *table.astype("str").to_numpy().tolist(), ["#N/A"] * table.shape[1]]
    body = "".join(
        "<table:table-row>"
        + "".join(cell.format("error" if text == "#N/A" else "string", text) for text in row)
        + "</table:table-row>"
        for row in rows
    )
    content = (
        f'<office:document-content xmlns:office="{names}:office:1.0" xmlns:table="{names}:table:1.0" '
        f'xmlns:text="{names}:text:1.0" xmlns:calcext="{errors}:xmlns:calcext:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="F">{body}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr(
            "META-INF/manifest.xml", '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
        )
    return stream.getvalue()


def mutated(content: bytes, random: Random) -> bytes:
    """Return a file with a few wrong bytes, a part cut off, repeated, swapped or zeroed; inside an archive, or around."""
    if content.startswith(b"PK") and random.random() < 0.6:
        return _inside(content, random)
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        if not changed:
            break
        start = random.randrange(len(changed))
        if random.random() < 0.4:
            start = random.randrange(min(len(changed), 600))  # the dictionary of the file
        length = random.choice((1, 2, 4, 8, 64, 512))
        match random.choice((0, 0, 1, 2, 3, 4)) if random.random() < 0.95 else 5:
            case 0:
                changed[start] = random.randrange(256)
            case 1:
                changed[start : start + length] = random.choice((b"\0", b"\xff", b"\x7f")) * length
            case 2:
                del changed[start : start + length]
            case 3:
                changed[start:start] = changed[start : start + length]
            case 4:
                other = random.randrange(len(changed))
                changed[start : start + length] = changed[other : other + length]
            case _:
                del changed[start:]
    return bytes(changed)


def _inside(content: bytes, random: Random) -> bytes:
    """Return an archive of which one member is changed, and its checksum right again."""
    stream = BytesIO()
    try:
        with ZipFile(BytesIO(content)) as archive, ZipFile(stream, "w", ZIP_DEFLATED) as target:
            chosen = random.choice(archive.namelist())
            for name in archive.namelist():
                member = archive.read(name)
                target.writestr(name, mutated(member, random) if name == chosen else member)
    except BadZipFile:
        return content
    return stream.getvalue()


def files(first: int, count: int, folder: Path) -> Iterator[tuple[int, str, bytes]]:
    """Yield number, suffix and bytes of each damaged file."""
    sound = originals(folder)
    suffixes = sorted(sound)
    for number in range(first, first + count):
        suffix = suffixes[number % len(suffixes)]
        yield number, suffix, mutated(sound[suffix], Random(number))


@dataclass
class Outcome:
    """What became of the files, by suffix and kind, and the faults."""

    counts: Counter[tuple[str, str]]
    faults: list[str]

    def __str__(self) -> str:
        lines = ["| format | " + " | ".join(KINDS) + " |", "|---" * (len(KINDS) + 1) + "|"]
        lines += [
            f"| {suffix} | " + " | ".join(str(self.counts[suffix, kind]) for kind in KINDS) + " |"
            for suffix in sorted({suffix for suffix, _ in self.counts})
        ]
        return "\n".join([*lines, *self.faults])


def fuzz(first: int, count: int, folder: Path) -> Outcome:
    """Read damaged files, one after the other, in children."""
    outcome = Outcome(Counter(), [])
    with Child(LIMITS) as child:
        for number, suffix, content in files(first, count, folder):
            path, target = folder / f"damaged{suffix}", folder / "reading"
            path.write_bytes(content)
            target.unlink(missing_ok=True)
            way = number // 13 % 3 if suffix not in {".xls", ".sas7bdat"} else 0  # of other columns
            try:
                child.do(Job(path, path.name, BOOK if way else None, KEY if way == 2 else None), target)
                kind = "frame" if target.is_file() else "neither frame nor message"
            except EtabliError as error:
                kind = next((kind for told, kind in STOPPED.items() if told in error.what), "refused")
                if kind == "ended the child" and (child.exit_code or 0) > 0:
                    outcome.faults.append(f"file {number} ({suffix}): an exception that is not ours")
            except Exception as error:  # noqa: BLE001 – whatever comes here is the fault that is looked for
                kind = type(error).__name__
            if kind not in KINDS:
                outcome.faults.append(f"file {number} ({suffix}): {kind}")
            outcome.counts[suffix, kind] += 1
    return outcome


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="write the damaged files there, and read none")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if asked.keep:
            for number, suffix, content in files(asked.first, asked.files, Path(name)):
                (asked.keep / f"{number}{suffix}").write_bytes(content)
            return
        start = time.monotonic()
        outcome = fuzz(asked.first, asked.files, Path(name))
    print(outcome)
    print(f"{asked.files} files in {time.monotonic() - start:.0f} s; {len(outcome.faults)} fault(s)")
    sys.exit(1 if outcome.faults else 0)


if __name__ == "__main__":
    main()
