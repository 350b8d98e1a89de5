"""The reports of the house's own studies, as their readers get them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from etabli import french
from etabli.cli import app
from etabli.disclosure.ledger import Ledger
from etabli.methods.seasons import DAILY
from etabli.present import theme
from etabli.project import FOLDER_VARIABLE, Project
from etabli.publish.release import candidate, judge
from etabli.recipients import read_recipients
from etabli.terminal import run as run_command

RUNS = (
    "caf-flows/2024-T4_internal",
    "caf-flows/2024-T4_funder",
    "caf-flows/2024-T4_public",
    "sortir/2024_public",
    "sortir/2024_internal",
    "sortir/2024_public_year-2022",
)

pytestmark = pytest.mark.slow


_NO_PROSE = {"style", "script", "pre"}
"""Elements whose text is no prose; `pre` holds code, folded, in internal reports alone."""


class _Visible(HTMLParser):
    """Collects the text that a reader sees."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in _NO_PROSE

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in _NO_PROSE

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.texts.append(data.strip())


def page(project: Project, run: str) -> str:
    return (project.reports / run / "report.html").read_text(encoding="utf-8")


def visible(project: Project, run: str) -> list[str]:
    reader = _Visible()
    reader.feed(page(project, run))
    return reader.texts


def results(project: Project, run: str) -> list[dict[str, Any]]:
    text = (project.reports / run / "results.json").read_text(encoding="utf-8")
    return list(json.loads(text)["results"])


def prose(project: Project, run: str) -> list[str]:
    """The visible text but for the traceability sheet, which holds versions and digests."""
    texts = visible(project, run)
    return texts[: -texts[::-1].index("Fiche de traçabilité") - 1]  # the contents name it too


@pytest.mark.parametrize("run", RUNS)
def test_every_default_run_has_its_report(house: Project, run: str) -> None:
    assert page(house, run).lower().startswith("<!doctype html>")
    assert f'href="{run}/report.html"' in (house.reports / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("run", RUNS)
def test_text_speaks_no_machine_english(house: Project, run: str) -> None:
    words = re.compile(r"\b(NaN|nan|None|True|False|dtype|count|holds|wrong|walk_in|appointment|__\w+)\b")
    found = [text for text in prose(house, run) if words.search(text)]
    assert found == []


@pytest.mark.parametrize("run", RUNS)
def test_every_released_number_has_a_french_label(house: Project, run: str) -> None:
    """A label of the notebook, the codebook or the theme: never the name that the method gives to its column."""
    named = {(each["name"], each["label"]) for each in results(house, run) if "p_value" not in each}
    ours = set(theme.MEASURES.values())
    assert [name for name, label in named if label == french.capitalised(name) and label not in ours] == []
    assert [label for _, label in named if "_" in label] == []


@pytest.mark.parametrize("run", RUNS)
def test_text_has_french_typography(house: Project, run: str) -> None:
    for text in prose(house, run):
        named = re.sub(r"RGAA 4\.1|WCAG 2\.1|Licence Ouverte 2\.0", "", text)
        assert not re.search(r"\d\.\d", named), f"decimal point: {text}"
        assert not re.search(r"\w'\w", text), f"straight apostrophe: {text}"
        assert not re.search(r" [:;!?%»]", text), f"ordinary space before a sign: {text}"
        assert not re.search(r"« ", text), f"ordinary space after an opening quote: {text}"
        assert not re.search(r"(?<!\w)-\d", text), f"hyphen for a minus sign: {text}"


@pytest.mark.parametrize("run", RUNS)
def test_every_figure_and_table_has_its_notes(house: Project, run: str) -> None:
    text = page(house, run)
    blocks = re.split(r'(?=<(?:figure|div class="table"|p class="table") id=")', text)[1:]
    shown = [block for block in blocks if not block.startswith("<p")]  # a table without any value is one sentence
    assert len(shown) >= 3
    assert len(set(re.findall(r'<(?:figure|div class="table"|p class="table") id="([^"]+)"', text))) == len(blocks)
    assert text.count('<div class="notes">') == len(shown)
    for block in shown:
        for note in ("Lecture", "Champ", "Source"):
            assert len(re.findall(rf"<b>{note}\u00a0:</b> \S", block)) == 1, block[:60]


def test_sortir_says_the_published_figures(house: Project) -> None:
    text = " ".join(visible(house, "sortir/2024_public"))
    for figure in ("57\u202f403", "34\u202f358", "131\u202f426", "15\u202f710", "14\u202f453", "96,4\u00a0%"):
        assert figure in text
    assert "en hausse de 3,3\u00a0%" in text
    assert "entre 2023 et 2024" in text.lower()
    assert "rien n’est estimé à partir d’un échantillon" in text


def test_sortir_2022_names_2019_and_reads_a_fall_as_a_fall(house: Project) -> None:
    text = " ".join(visible(house, "sortir/2024_public_year-2022"))
    assert "entre 2019 et 2022" in text.lower()
    assert "en baisse de 8,9\u00a0%" in text  # users: 27,249 after 29,900
    assert "n.d." in text


def test_sortir_audit_has_all_four_verdicts(house: Project) -> None:
    verdicts = {result["value"] for result in results(house, "sortir/2024_public") if result["name"] == "verdict"}
    assert verdicts == {"holds", "wrong", "incomplete", "cannot_be_checked"}


MODELS = {
    *("odds_ratio", "rate_ratio", "share_of_visits", "expected_poisson", "expected_negative_binomial"),
    *("index", "standardised", "share_territory", "share_visitors", "dispersion"),
    *("share_again", "desk_hours", "share_back", "median_days"),
}
"""What says of no category how many people are in it: made of everybody, or of the table that it rests on."""


def test_caf_flows_names_the_questions_to_come(house: Project) -> None:
    texts = visible(house, "caf-flows/2024-T4_funder")
    assert sum(text.startswith("À venir") for text in texts) == 2


def test_caf_flows_gives_the_planted_truth_back(house: Project) -> None:
    truth = json.loads((house.demo("caf-flows", "2024-T4") / "truth.json").read_text(encoding="utf-8"))
    found = results(house, "caf-flows/2024-T4_internal")
    planted = {
        (variable, category): ratio
        for variable, ratios in truth["odds_ratios"].items()
        for category, ratio in ratios.items()
    }
    estimated = {
        (each["where"]["variable"], each["where"]["category"]): each["interval"]
        for each in found
        if each["name"] == "odds_ratio" and each["item"].startswith("figure") and each["interval"][0] is not None
    }
    inside = [low - 0.005 <= planted[key] <= high + 0.005 for key, (low, high) in estimated.items()]
    assert len(inside) >= 15
    assert sum(inside) / len(inside) >= 0.9


@pytest.mark.parametrize("run", ["caf-flows/2024-T4_funder", "caf-flows/2024-T4_public"])
def test_no_shown_value_rests_on_fewer_people_than_the_threshold(house: Project, run: str) -> None:
    for result in results(house, run):
        assert result["n"] is None or result["n"] == 0 or result["n"] >= 5, result
        if result["n"] is None:  # masked, or a model that leaves people out
            assert result.get("sign") == "s" or result["name"] in {
                *MODELS,
                DAILY,
                "test de Wald",
                "test du χ² de Pearson",
            }, result


@pytest.mark.parametrize("run", [run for run in RUNS if "internal" not in run])
def test_report_that_leaves_may_be_released_as_the_first_of_all(house: Project, run: str) -> None:
    audience = run.split("_")[1]
    bodies = read_recipients(house)
    recipient = next(slug for slug, body in bodies.recipients.items() if body.audience == audience)
    told = candidate(house, house.reports / run, recipient)
    judged = judge(told, Ledger(()), bodies)
    assert judged.attack.contradiction == ()
    assert judged.attack.findings == ()


@pytest.mark.parametrize("run", RUNS)
def test_nothing_of_the_machine_is_in_the_report(house: Project, run: str) -> None:
    folder: Path = house.reports / run
    for path in folder.rglob("*"):
        if path.is_file():
            text = path.read_bytes().decode("utf-8", "replace")  # a workbook is stored as it is, not packed
            for trace in (str(house.root), str(Path.home()), "Traceback", "DEMO0"):
                assert trace not in text, f"{trace} in {path.name}"


@pytest.fixture(scope="module")
def quarter(house: Project) -> str:
    """A small quarter without a priority quarter: shares of few people, tests that do not reject, a share of nobody."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(house.root))
        assert run_command(app, ["run", "caf-flows", "-p", "quarter=jeanne_d_arc"]) == 0
    return "caf-flows/2024-T4_internal_quarter-jeanne_d_arc"


def spaced(project: Project, name: str) -> list[str]:
    """The visible text, its no-break spaces made plain."""
    return [text.replace("\u00a0", " ").replace("\u202f", " ") for text in prose(project, name)]


def test_share_of_few_people_is_counts_with_their_words(house: Project, quarter: str) -> None:
    texts = spaced(house, quarter)
    counted = [text for text in texts if re.search(r" sur \d", text)]
    assert any(re.fullmatch(r"\d+ visites? sur \d+ \(\d+ allocataires\)", text) for text in counted)
    for text in counted:
        assert not re.search(r"\d sur \d", re.sub(r"\d+ (?:visites?|allocataires?) sur \d+", "", text)), text
        assert not re.search(r"\) des (?:visites|allocataires)", text), text


def test_share_of_nobody_cannot_exist(house: Project, quarter: str) -> None:
    rows = {
        (each["item"], each["where"]["channel"]): each
        for each in results(house, quarter)
        if each["name"] == "share"
        and (each["where"].get("variable"), each["where"].get("category")) == ("priority_quarter", "yes")
    }
    assert rows
    assert {(each["value"], each["sign"]) for each in rows.values()} == {(None, "///")}


def test_sentences_begin_with_a_capital(house: Project, quarter: str) -> None:
    for name in (quarter, *RUNS):
        paragraphs = re.findall(r"<(?:p|h2|h3)(?: id=[^>]*)?>([^<]+)", page(house, name))
        assert paragraphs
        assert [text for text in paragraphs if text.strip() and text.strip()[0].islower()] == []
        assert [text for text in paragraphs if re.search(r"[.?] [a-zà-ü]", text)] == []


def test_figure_and_table_of_one_variable_say_one_p_value(house: Project, quarter: str) -> None:
    tests = [each for each in results(house, quarter) if "p_value" in each]
    sheet = [each for each in tests if each["where"] == {"variable": "age_group"} and each["item"] == "tableau-1"]
    alone = [each for each in tests if each["where"] == {} and each["item"] == "figure-1"]
    assert len(sheet) == len(alone) == 1
    assert (sheet[0]["p_value"], sheet[0]["degrees"]) == (alone[0]["p_value"], alone[0]["degrees"])
    assert "Holm" in alone[0]["note"]


def test_what_no_test_carries_is_not_said_to_differ(house: Project, quarter: str) -> None:
    text = " ".join(spaced(house, quarter))
    assert "l’écart entre prestations n’est pas établi" in text
    assert "n’est significatif selon aucune des caractéristiques dont le test est montré" in text


@pytest.fixture(scope="module")
def lacking(house: Project) -> Iterator[str]:
    """The small quarter, on an edition to which only the visits came."""
    folder = house.demo("caf-flows", "2024-T4")
    receipt = folder / "deliveries.json"
    kept = {path: path.read_bytes() for path in folder.iterdir() if path.name != "visites.csv"}
    for path in kept:
        path.unlink()
    told = {name: entry for name, entry in json.loads(kept[receipt]).items() if name == "visites.csv"}
    receipt.write_text(json.dumps(told), encoding="utf-8")
    run = ["run", "caf-flows", "-p", "quarter=centre"]
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(FOLDER_VARIABLE, str(house.root))
            assert run_command(app, run) == 0
        yield "caf-flows/2024-T4_internal_quarter-centre"
    finally:
        for path, content in kept.items():
            path.write_bytes(content)


def test_edition_of_visits_alone_says_which_questions_it_leaves(house: Project, lacking: str) -> None:
    text = " ".join(spaced(house, lacking))
    assert text.count("Cette édition n’a pas le fichier") == 3  # recipients, appointments, contacts
    assert "qui vient plus, ou moins, que sa part dans l’ensemble des allocataires du territoire (question a)" in text
    assert "Sans lui, ce rapport ne dit pas la part des rendez-vous manqués." in text
    assert "Sans ce fichier, pas de réponse" in text
    names = {each["name"] for each in results(house, lacking)}
    assert {"odds_ratio", "share_of_visits"} <= names  # what rests on visits is there
    assert not {"index", "standardised", "dispersion"} & names
