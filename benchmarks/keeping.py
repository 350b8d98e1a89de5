"""What every benchmark of this folder does with its figures: they stand in results.md, a section each."""

from __future__ import annotations

from pathlib import Path

RESULTS = Path(__file__).with_name("results.md")


def keep(section: str, text: str) -> None:
    """Put figures in their section of results.md, in the place of the former ones."""
    mark = f"<!-- {section} -->"
    before, _, after = RESULTS.read_text(encoding="utf-8").split(mark)
    RESULTS.write_text(f"{before}{mark}\n{text}\n{mark}{after}", encoding="utf-8")
