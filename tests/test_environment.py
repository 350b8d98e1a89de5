"""environment.yml, pyproject.toml and requirements.lock ask for the same packages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
FIXED = ("jupyterlab", "pandas", "statsmodels", "seaborn", "papermill", "nbconvert", "pyreadstat")
"""The packages that the commissioner fixed."""
CONDA_NAMES = {"matplotlib-base": "matplotlib"}
"""What conda-forge calls by another name."""

Bounds = dict[str, SpecifierSet]


def declared() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def asked(requirements: list[str]) -> Bounds:
    parsed = [Requirement(each) for each in requirements]
    return {canonicalize_name(each.name): each.specifier for each in parsed}


def all_asked() -> Bounds:
    project = declared()
    groups = [each for group in project["dependency-groups"].values() for each in group]
    return asked([*project["project"]["dependencies"], *groups])


def conda() -> tuple[Bounds, list[str], dict[str, Any]]:
    environment = YAML(typ="safe").load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *plain, last = environment["dependencies"]
    named = [re.sub(r"^[\w.-]+", lambda found: CONDA_NAMES.get(found[0], found[0]), each) for each in plain]
    return asked(named), last["pip"], environment


def locked() -> dict[str, list[Requirement]]:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    found: dict[str, list[Requirement]] = {}
    for line in text.splitlines():
        if line and not line.startswith(("#", " ")):
            requirement = Requirement(line.rstrip(" \\"))
            found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def test_environment_asks_for_what_pyproject_asks() -> None:
    bounds, from_pip, _ = conda()
    assert bounds.pop("python") == SpecifierSet(declared()["project"]["requires-python"])
    assert "pip" in bounds
    del bounds["pip"]
    assert from_pip[-1] == "-e ."
    assert bounds | asked(from_pip[:-1]) == all_asked()
    assert not set(bounds) & set(asked(from_pip[:-1]))


def test_environment_takes_packages_from_conda_forge_alone() -> None:
    assert conda()[2]["channels"] == ["conda-forge", "nodefaults"]


@pytest.mark.parametrize("name", FIXED)
def test_fixed_package_is_everywhere(name: str) -> None:
    assert name in asked(declared()["project"]["dependencies"])
    assert name in conda()[0]
    assert name in locked()


@pytest.mark.parametrize("name", sorted(all_asked()))
def test_lock_satisfies_pyproject(name: str) -> None:
    versions = [next(iter(each.specifier)).version for each in locked()[name]]
    assert versions
    assert all(Version(version) in all_asked()[name] for version in versions)


def test_lock_pins_and_hashes_every_package() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[A-Za-z0-9])", text)[1:]
    assert len(entries) == sum(len(each) for each in locked().values())
    for entry in entries:
        assert re.match(r"\S+==\S+", entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


def test_lock_says_no_address() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host| @ |file:", text)


def test_licence_is_the_declared_one() -> None:
    assert declared()["project"]["license"] == "EUPL-1.2"
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "EUROPEAN UNION PUBLIC LICENCE v. 1.2" in text
    assert "15. Applicable Law" in text
