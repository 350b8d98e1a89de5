"""What a recipient's copy holds of a report."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from etabli.publish.copies import _copy


def test_copy_holds_what_a_reader_opens_and_nothing_else(tmp_path: Path) -> None:
    source, target = tmp_path / "report", tmp_path / "copy"
    opened = ["report.html", "results.json", "manifest.json", "tables/figure-1.csv", "figures/figure-1.svg"]
    opened += ["tableaux.xlsx", "report.pdf"]
    for name in [*opened, "said.json", "essai.ipynb", "figures/figure-1.png", "report.docx"]:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name, encoding="utf-8")
    manifest: Any = SimpleNamespace(derived={"report.pdf": sha256(b"report.pdf").hexdigest(), "report.docx": "another"})
    _copy(source, target, manifest)
    found = {path.relative_to(target).as_posix(): path.read_text(encoding="utf-8") for path in target.rglob("*.*")}
    assert found == {name: name for name in opened}
