"""Demo deliveries: whole, with their receipt, and in place of the old ones only when they hold."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from etabli.errors import DeliveryError
from etabli.project import Project
from etabli.sources.codebook import Codebook
from etabli.sources.deliveries import RECEIPT, find_delivery, load
from etabli.sources.dummy import DEFAULT_ROWS, TRUTH, make_demo
from etabli.study import Study

DEMO = """
import numpy as np
import pandas as pd

def make(edition, seed):
    channels = ["walk_in", "appointment", "walk_in"]
    return {"visits": pd.DataFrame({"person": ["007", "007", "8"], "channel": channels})}, {"repeat": np.int64(seed)}
"""


def write_demo(project: Project, text: str) -> None:
    (project.studies / "caf-flows" / "demo.py").write_text(text, encoding="utf-8")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_make_demo_draws_from_the_codebook(project: Project, study: Study, codebook: Codebook) -> None:
    paths = make_demo(project, study, codebook, "demo", seed=1)
    folder = project.demo("caf-flows", "demo")
    assert paths == [folder / "visites.csv", folder / TRUTH, folder / RECEIPT]
    found = find_delivery(project, study, "visits", "demo", provider="caf-35")
    assert len(load(found, codebook.sources["visits"], key=bytes(32))) == DEFAULT_ROWS


def test_make_demo_same_seed_gives_the_same_bytes(project: Project, study: Study, codebook: Codebook) -> None:
    folder = project.demo("caf-flows", "demo")
    made = []
    for seed in (1, 1, 2):
        make_demo(project, study, codebook, "demo", seed=seed)
        made.append(contents(folder))
    assert made[0] == made[1] != made[2]
    assert [path.name for path in folder.parent.iterdir()] == ["demo"]


def test_make_demo_takes_the_demo_of_the_study(project: Project, study: Study, codebook: Codebook) -> None:
    write_demo(project, DEMO)
    make_demo(project, study, codebook, "demo", seed=3)
    folder = project.demo("caf-flows", "demo")
    assert (folder / "visites.csv").read_text("utf-8") == "DOSSIER;CANAL\n007;walk_in\n007;RDV\n8;walk_in\n"
    assert json.loads((folder / TRUTH).read_text("utf-8")) == {"repeat": 3}
    assert list(json.loads((folder / RECEIPT).read_text("utf-8"))) == ["visites.csv"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (('"visits":', '"visit":'), "« make » renvoie une source inconnue, « visit »."),
        (('{"visits": pd', '{} if seed else {"visits": pd'), "« make » ne renvoie pas la source « visits »."),
        (('"8"]', "None]"), "La variable « person » (colonne « DOSSIER ») manque sur 1 ligne."),
        (('"appointment"', '"phone"'), "Une valeur n’est pas un code du codebook."),
        (("np.int64(seed)", "object()"), "La vérité plantée ne s’écrit pas en JSON."),
        (("import numpy", "import nmpy"), "Le fichier de démonstration échoue."),
    ],
)
def test_make_demo_mistake_leaves_the_old_files(
    project: Project, study: Study, codebook: Codebook, change: tuple[str, str], what: str
) -> None:
    make_demo(project, study, codebook, "demo", seed=1)
    folder = project.demo("caf-flows", "demo")
    before = contents(folder)
    write_demo(project, DEMO.replace(*change))
    with pytest.raises(DeliveryError) as raised:
        make_demo(project, study, codebook, "demo", seed=1)
    assert raised.value.what == what
    assert contents(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["demo"]


def test_make_demo_interrupted_swap_brings_the_old_files_back(
    project: Project, study: Study, codebook: Codebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_demo(project, study, codebook, "demo", seed=1)
    folder = project.demo("caf-flows", "demo")
    before, replace = contents(folder), os.replace

    def interrupted(source: Path, target: Path) -> None:
        if str(source).endswith(".new"):
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make_demo(project, study, codebook, "demo", seed=2)
    assert contents(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["demo"]


@pytest.mark.parametrize("edition", ["2024-T4", "demos"])
def test_make_demo_of_another_edition_is_refused(
    project: Project, study: Study, codebook: Codebook, edition: str
) -> None:
    with pytest.raises(DeliveryError, match="n’a pas de données de démonstration"):
        make_demo(project, study, codebook, edition, seed=1)
    assert not project.data.exists()
