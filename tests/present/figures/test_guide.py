"""The guide shows each kind of figure as the code draws it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from etabli.present.figures import KINDS

GUIDE = Path(__file__).parents[3] / "docs" / "guide"


@pytest.fixture(scope="module")
def pictures() -> Any:
    spec = importlib.util.spec_from_file_location("figures_of_the_guide", GUIDE.parent / "figures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module.pictures()
    del sys.modules[spec.name]


def test_guide_has_an_example_of_each_kind(pictures: Any) -> None:
    assert pictures.keys() == KINDS.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_picture_and_its_alternative_are_those_of_the_code(kind: str, pictures: Any) -> None:
    picture, said = pictures[kind]
    name = f"{kind}.svg" if isinstance(picture, str) else f"{kind}.png"
    kept = (GUIDE / "figures" / name).read_bytes()
    assert kept == (picture.encode() if isinstance(picture, str) else picture), "python docs/figures.py"
    page = (GUIDE / "figures.md").read_text(encoding="utf-8")
    assert f"![{said}](figures/{name})" in page
    assert f"| `{kind}` |" in page
