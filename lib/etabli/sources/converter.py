"""The child in which deliveries are read: `python -m etabli.sources.converter`, one job a line, one answer a line.

A broken file may end this process, fill its memory or never end: the parent (`conversion`) watches and tells.
Jobs come by standard input, so that a pseudonym key stands in no argument and no environment.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from etabli.errors import EtabliError
from etabli.sources.checks import read_tidy
from etabli.sources.codebook import SourceCodebook
from etabli.sources.native import repeats
from etabli.sources.pseudonyms import StudyKey, carried, pseudonymise
from etabli.sources.readers import read
from etabli.sources.serving import limit_memory, peak_memory, serve


def answer(job: dict[str, Any]) -> dict[str, Any]:
    """Do one job: read a file, and write the frame where the job says; return what the parent must know."""
    limit_memory(job["memory"])
    path, book = Path(job["path"]), job["book"] and SourceCodebook.model_validate_json(job["book"])
    try:
        if job["key"] is None:
            reading = read(path, book, shown=job["shown"])
            Path(job["target"]).write_bytes(pickle.dumps(reading, protocol=5))
            rows = len(reading.frame)
        else:
            rows = convert(path, book, StudyKey.from_json(job["key"]), shown=job["shown"], target=Path(job["target"]))
    except EtabliError as error:
        rest = (error.what, error.where, error.expected, error.got, error.hint)
        return {"error": [type(error).__name__, *rest]}
    except MemoryError:
        return {"limit": "memory"}
    return {"rows": rows, "peak": peak_memory()}


def convert(path: Path, book: SourceCodebook, key: StudyKey, *, shown: str, target: Path) -> int:
    """Read, check and pseudonymise a delivery, write it as Parquet, and return how many rows it had.

    A code is written as its place in the codebook, −1 where it misses, which is what is quickest to read again; a
    column whose values repeat, as a dictionary of them.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    frame = read_tidy(path, book, shown=shown, coded=True)
    known = pseudonymise(frame, book, key=key)
    places = {name: known[name].cat.codes for name in carried(book) if book.variables[name].type == "code"}
    table = pa.Table.from_pandas(known.assign(**places), preserve_index=False)
    repeated = [name for name, column in zip(table.column_names, table.columns, strict=True) if repeats(column)]
    pq.write_table(table, target, compression="lz4", use_dictionary=repeated, write_statistics=False)
    return len(frame)


if __name__ == "__main__":
    serve(answer)
