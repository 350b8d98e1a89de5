"""A study's demo.py: run by its path, its mistakes told in one message."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from etabli.errors import DeliveryError
from etabli.sources.planted import plant

GOOD = """
from __future__ import annotations
from dataclasses import dataclass
import pandas as pd

@dataclass
class Truth:
    n: int

def make(edition: str, seed: int):
    return {"visits": pd.DataFrame({"person": [edition]})}, {"n": Truth(seed).n}
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "demo.py"
    path.write_text(text, encoding="utf-8")
    return path


def test_plant_returns_frames_and_truth(tmp_path: Path) -> None:
    before = set(sys.modules)
    frames, truth = plant(write(tmp_path, GOOD), "studies/x/demo.py", "demo", 7)
    assert frames["visits"]["person"].tolist() == ["demo"]
    assert truth == {"n": 7}
    assert not [name for name in set(sys.modules) - before if name.startswith("etabli_demo")]


@pytest.mark.parametrize(
    ("text", "what", "where"),
    [
        ("x = 1\n", "Le fichier de démonstration ne définit pas « make ».", "studies/x/demo.py"),
        ("make = 3\n", "Le fichier de démonstration ne définit pas « make ».", "studies/x/demo.py"),
        ("x = 1\nx = = 2\n", "Le fichier de démonstration échoue.", "studies/x/demo.py, ligne 2"),
        ("\nimport absent_module\n", "Le fichier de démonstration échoue.", "studies/x/demo.py, ligne 2"),
        (
            "def make(edition, seed):\n    x = 1\n    return x / 0\n",
            "Le fichier de démonstration échoue.",
            "studies/x/demo.py, ligne 3",
        ),
        (
            "def make(edition):\n    return {}, {}\n",
            "Le fichier de démonstration échoue.",
            "studies/x/demo.py, ligne 1",
        ),
        ("def make(edition, seed):\n    return {}\n", "« make » ne renvoie pas ce qu’il faut.", "studies/x/demo.py"),
        (
            "def make(edition, seed):\n    return {'v': 1}, {}\n",
            "« make » ne renvoie pas ce qu’il faut.",
            "studies/x/demo.py",
        ),
    ],
)
def test_plant_wrong_demo_is_one_message(tmp_path: Path, text: str, what: str, where: str) -> None:
    with pytest.raises(DeliveryError) as raised:
        plant(write(tmp_path, text), "studies/x/demo.py", "demo", 1)
    assert (raised.value.what, raised.value.where) == (what, where)


def test_plant_failure_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError) as raised:
        plant(write(tmp_path, "def make(edition, seed):\n    return 1 / 0\n"), "studies/x/demo.py", "demo", 1)
    assert "ZeroDivisionError" in str(raised.value.got)
