"""What a run's code is, held against what Python imports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from etabli.runs import code
from etabli.runs.code import ABSENT, ROOTS, closure, imported_by

OWN = Path(__file__).resolve().parents[2]


def imported_in_fact(*names: str) -> set[str]:
    """Return the modules of etabli that a fresh Python has after importing those."""
    program = f"import sys, {', '.join(names)}; print(*(m for m in sys.modules if m.split('.')[0] == 'etabli'))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("name", [*ROOTS, "etabli.methods.profiles", "etabli.methods.odds"])
def test_closure_holds_all_that_python_imports(name: str) -> None:
    assert imported_in_fact(name) <= set(closure([name]))


def test_closure_holds_what_runs_in_other_processes_and_what_rooms_hold() -> None:
    found = closure(ROOTS)
    assert {"etabli.sources.converter", "etabli.runs.template"} <= set(found)  # python -m, and by its path
    assert "etabli.publish/template/report/report.css" in found
    assert "etabli.runs/kernelspecs/etabli/kernel.json" in found
    assert ABSENT not in found.values()


def test_closure_leaves_out_what_a_run_never_reaches() -> None:
    assert not {"etabli.board", "etabli.cli", "etabli.orders", "etabli.methods.audit"} & set(closure(ROOTS))


def test_closure_names_a_module_that_does_not_exist() -> None:
    assert closure(["etabli.gone"])["etabli.gone"] == ABSENT


def test_module_of_another_package_is_none_of_ours() -> None:
    assert code.path_of("pandas") is None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("from etabli import french", ["etabli", "etabli.french"]),
        ("from etabli.methods import (\n    profiles,  # why\n    odds as o,\n)", None),
        ("import etabli.methods.profiles as p, pandas", ["etabli.methods.profiles"]),
        ("    from etabli.runs import engine", ["etabli.runs", "etabli.runs.engine"]),
        ("from pandas import etabli", []),
        ("from etablissement import french", []),
    ],
)
def test_imports_are_read_in_every_form(text: str, names: list[str] | None) -> None:
    found = list(code._imports(text))
    if names is None:
        assert {"etabli.methods", "etabli.methods.profiles", "etabli.methods.odds"} <= set(found)
    else:
        assert found == names


def test_notebook_imports_are_those_of_its_code() -> None:
    notebook = json.loads((OWN / "notebooks" / "caf_flows.ipynb").read_text(encoding="utf-8"))
    methods = ["", ".arrivals", ".contacts", ".detours", ".durations", ".everyone", ".profiles"]
    methods += [".repeats", ".representation", ".returns", ".seasons", ".following"]
    assert imported_by(notebook) == ["etabli", *(f"etabli.methods{each}" for each in methods)]
    prose = {"cells": [{"cell_type": "markdown", "source": "from etabli import french"}]}
    assert imported_by(prose) == []


def test_code_that_changes_under_a_process_keeps_the_digest_that_the_process_has_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "late.py"
    module.write_text("a = 1", encoding="utf-8")
    monkeypatch.setattr(code, "path_of", lambda name: module if name == "etabli.late" else None)
    monkeypatch.setattr(code, "_room", lambda path: ("etabli",))
    before = closure(["etabli.late"])
    module.write_text("a = 2", encoding="utf-8")
    assert closure(["etabli.late"]) == before
