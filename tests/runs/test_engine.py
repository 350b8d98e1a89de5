from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from papermill.exceptions import PapermillExecutionError

from etabli.runs import engine, kernels


@pytest.fixture
def saves(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of cells that were done at each save of the whole notebook."""
    done: list[int] = []
    plain = engine.NotebookExecutionManager.save

    def counted(self: Any, **kwargs: Any) -> None:
        done.append(sum(cell["metadata"]["papermill"]["status"] == self.COMPLETED for cell in self.nb.cells))
        plain(self, **kwargs)

    monkeypatch.setattr(engine.NotebookExecutionManager, "save", counted)
    return done


def execute(folder: Path, *sources: str) -> Path:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    out = folder / "out.ipynb"
    papermill.execute_notebook(
        notebook,
        out,
        engine_name=engine.NAME,
        kernel_name=kernels.NAME,
        kernel_manager_class=kernels.RunKernelManager,
        progress_bar=False,
    )
    return out


def test_notebook_is_saved_at_the_start_and_the_end(tmp_path: Path, saves: list[int]) -> None:
    out = execute(tmp_path, "print('a')", "print('b')", "print('c')")
    assert saves == [0, 3]
    cells = nbformat.read(out, as_version=4)["cells"]
    assert [cell["outputs"][0]["text"] for cell in cells] == ["a\n", "b\n", "c\n"]


def test_notebook_is_saved_at_intervals(tmp_path: Path, saves: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SAVE_EVERY", 0.0)
    execute(tmp_path, "1", "2", "3")
    assert saves[0] == 0
    assert {1, 2, 3} <= set(saves)


@pytest.mark.parametrize(
    ("cell", "error"), [("1 / 0", PapermillExecutionError), ("import os; os._exit(1)", RuntimeError)]
)
def test_failure_leaves_the_notebook_as_far_as_it_went(tmp_path: Path, cell: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        execute(tmp_path, "print('a')", cell, "print('never')")
    text = (tmp_path / "out.ipynb").read_text(encoding="utf-8")
    assert '"a\\n"' in text
    assert '"never\\n"' not in text
