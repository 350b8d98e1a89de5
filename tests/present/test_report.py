"""The object that a notebook holds: what shows when, what counts once, what is cleared, what is refused."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from matplotlib.figure import Figure

from etabli.agreements import read_agreements
from etabli.disclosure.gate import CLEARANCE_TYPE, OPENING, digest
from etabli.errors import DeclarationError, DisclosureError, EtabliError, MethodError, ParameterError, ReportError
from etabli.methods import profiles, survival
from etabli.methods.results import Table, Test
from etabli.present import report as module
from etabli.present.figures import draw
from etabli.present.report import Report, open_report
from etabli.present.sentences import sentence
from etabli.project import FOLDER_VARIABLE, Project
from etabli.sources.codebook import read_codebook
from etabli.sources.deliveries import find_delivery
from etabli.sources.dummy import make_demo
from etabli.sources.keys import demo_key
from etabli.study import read_study

NOTES: dict[str, Any] = {"title": "les réponses", "scope": "Dossiers", "reading": "Lu"}
Shown = tuple[str, dict[str, Any], bool]


class Screen:
    """A display that remembers: name, bundle, whether it updates."""

    def __init__(self) -> None:
        self.shown: list[Shown] = []

    def __call__(self, bundle: dict[str, Any], *, name: str, update: bool) -> None:
        assert not update or any(each == name for each, _, _ in self.shown)
        self.shown.append((name, bundle, update))

    @property
    def clearance(self) -> dict[str, Any]:
        (found,) = [bundle[CLEARANCE_TYPE] for _, bundle, _ in self.shown if CLEARANCE_TYPE in bundle]
        return dict(found)

    def html(self, name: str) -> str:
        """What stands in a place now."""
        return str([bundle["text/html"] for each, bundle, _ in self.shown if each == name][-1])


@pytest.fixture
def screen() -> Screen:
    return Screen()


class Cells:
    """Says which notebook cell runs, and at which execution."""

    def __init__(self) -> None:
        self.now: tuple[str | None, int] = (None, 0)

    def __call__(self) -> tuple[str | None, int]:
        return self.now


@pytest.fixture
def cells() -> Cells:
    return Cells()


Opened = Callable[..., Report]


@pytest.fixture
def opened(small_project: Project, screen: Screen, cells: Cells) -> Opened:
    """Open the small study's report for an audience, on the remembering display."""

    def make(audience: str = "funder", **parameters: object) -> Report:
        study = read_study(small_project, "essai")
        agreements = read_agreements(small_project, study)
        plan = study.plan({"audience": audience, **parameters})
        deliveries = {
            name: find_delivery(small_project, study, name, plan.edition, provider="example") for name in study.sources
        }
        codebook = read_codebook(small_project, study)
        key = demo_key("essai")
        return Report(study, plan, codebook, deliveries, agreements, screen, key, cells, project=small_project)

    return make


@pytest.fixture
def with_two_sources(small_project: Project) -> None:
    """The small study reads a second file, of the same form."""
    edit(small_project.studies / "essai" / "study.yml", "editions:", (
        "  others:\n    file: others.csv\n    agreement: essai-data\n    description: Autre fichier\neditions:"
    ))  # fmt: skip
    path = small_project.studies / "essai" / "codebook.yml"
    first = path.read_text(encoding="utf-8").split("sources:\n")[1]
    path.write_text("sources:\n" + first + first.replace("  records:", "  others:"), encoding="utf-8")
    study = read_study(small_project, "essai")
    make_demo(small_project, study, read_codebook(small_project, study), "2024", seed=3)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def answers(frame: pd.DataFrame) -> Table:
    return profiles.distribution(frame, "answer", person="person")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A delivery in which three people said no, forty said yes, and nine did not answer."""
    answer = pd.Categorical(["no"] * 3 + ["yes"] * 40 + [None] * 9, categories=["yes", "no"])
    frame = pd.DataFrame({"person": [f"p{n}" for n in range(len(answer))], "answer": answer})
    monkeypatch.setattr(module, "load", lambda *_, **__: frame)


# When things show --------------------------------------------------------------------------------


def test_internal_shows_at_once(opened: Opened, screen: Screen) -> None:
    report = opened("internal")
    report.table(answers(report.load("records")), **NOTES)
    assert "<td>" in screen.html("tableau-1")
    before = len(screen.shown)
    report.finish()
    assert [name for name, _, _ in screen.shown[before:]] == ["finish"]


def test_internal_figure_is_drawn_once(opened: Opened, screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    plain = Figure.draw
    monkeypatch.setattr(Figure, "draw", lambda self, renderer: drawn.append(self) or plain(self, renderer))
    draw.cache_clear()
    report = opened("internal")
    report.figure(answers(report.load("records")), kind="bars", measure="rows", **NOTES)
    report.finish()
    assert len(drawn) == 1
    assert screen.clearance["cleared"]["figure-1"] == digest(screen.html("figure-1"))


def test_funder_waits_until_the_end(opened: Opened, screen: Screen) -> None:
    report = opened()
    table = answers(report.load("records"))
    report.say("{n} dossiers", n=table.value("rows"))
    report.key_figure(table.value("people"), label="personnes")
    report.table(table, **NOTES)
    report.figure(table, kind="bars", measure="rows", **NOTES)
    names = ["texte-1", "chiffre-1", "tableau-1", "figure-1"]
    for name in names:
        assert "en attente de report.finish()" in screen.html(name)
    report.finish()
    assert [name for name, _, update in screen.shown if update] == names
    for name in names:
        assert "en attente" not in screen.html(name)


def test_waiting_place_holds_no_number(opened: Opened, screen: Screen) -> None:
    report = opened()
    table = answers(report.load("records"))
    report.table(table, title=sentence("{n} dossiers", n=table.value("rows")), scope="x", reading="y")
    assert screen.html("tableau-1") == '<p class="waiting">Tableau 1 : en attente de report.finish().</p>'


@pytest.mark.parametrize("audience", ["internal", "funder"])
def test_what_stands_at_the_end_is_what_is_cleared(audience: str, opened: Opened, screen: Screen) -> None:
    report = opened(audience)
    report.announce()
    table = answers(report.load("records"))
    report.say("Les réponses", level=2, question="a")
    report.table(table, **NOTES)
    report.finish()
    cleared = screen.clearance["cleared"]
    assert set(cleared) == {OPENING, "texte-1", "tableau-1"}
    assert all(cleared[name] == digest(screen.html(name)) for name in cleared)


@pytest.mark.usefixtures("few")
def test_tables_of_one_report_are_protected_together(opened: Opened, screen: Screen) -> None:
    """What is masked in one table is masked in the other."""
    report = opened()
    frame = report.load("records")
    report.table(answers(frame), **NOTES)
    report.table(answers(frame), **NOTES)
    report.finish()
    assert all("<td>s</td>" in screen.html(f"tableau-{number}") for number in (1, 2))
    assert screen.clearance["payload"]["masked_rows"] == 4


@pytest.mark.usefixtures("few")
def test_masked_value_is_nowhere_in_what_leaves(opened: Opened, screen: Screen) -> None:
    report = opened()
    table = answers(report.load("records"))
    report.say("{n} non", n=table.value("people", answer="no"))
    report.table(table, **NOTES)
    report.finish()
    assert screen.html("texte-1").startswith("<p>Non diffusé")
    hidden = [r for r in screen.clearance["payload"]["results"] if r["where"].get("answer") == "no"]
    assert hidden
    assert all(r["value"] is None and r["sign"] == "s" for r in hidden)


@pytest.mark.parametrize("audience", ["funder", "internal"])
def test_rows_chosen_in_the_notebook_do_not_leave(audience: str, opened: Opened, screen: Screen) -> None:
    """A filter that nobody knows of: the people of the rest would be had by difference."""
    report = opened(audience)
    frame = report.load("records")
    report.table(answers(frame[frame["answer"] == "yes"]), **NOTES)
    if audience == "internal":
        report.finish()
        assert screen.clearance
    else:
        with pytest.raises(ReportError, match="lignes dont on ne sait plus"):
            report.finish()


def test_frame_that_lost_its_mark_does_not_leave(opened: Opened) -> None:
    report = opened()
    frame = pd.DataFrame(report.load("records").to_dict())
    report.table(answers(frame), **NOTES)
    with pytest.raises(ReportError, match="lignes dont on ne sait plus"):
        report.finish()


@pytest.mark.usefixtures("few")
def test_choice_of_words_is_withheld_with_the_test_that_made_it(opened: Opened, screen: Screen) -> None:
    report = opened()
    table = answers(report.load("records"))
    tested = replace(table, tests=(Test("test", 9.0, (1.0,), 0.001, 43),))
    report.say("Un écart", provided=tested.is_significant(), otherwise="Pas d’écart")
    report.say("Un écart", provided=table.is_significant(), otherwise="Pas d’écart")
    report.finish()
    assert screen.html("texte-1").startswith("<p>Non diffusé")
    assert screen.html("texte-2") == "<p>Pas d’écart</p>"  # no test: nothing that the data chose


def test_result_under_the_geographic_floor_is_named_and_the_rest_leaves(
    opened: Opened, screen: Screen, small_project: Project
) -> None:
    edit(small_project.studies / "essai" / "codebook.yml", "column: GROUPE", "column: GROUPE\n        level: iris")
    path = small_project.agreements / "essai-data.yml"
    floor = "geographic_floor: [{audiences: [funder], finest: quarter, source: Article 4.}]\n"
    path.write_text(path.read_text(encoding="utf-8") + floor, encoding="utf-8")
    report = opened()
    frame = report.load("records")
    groups = profiles.distribution(frame, "group", person="person")
    report.table(groups, **NOTES)
    report.figure(groups, kind="bars", measure="share", **NOTES)
    ground_of(small_project)
    report.map(groups, ground="ville", measure="rows", **NOTES)
    report.table(answers(frame), **NOTES)
    report.say("{n} dossiers", n=groups.value("rows", group="first"))
    report.finish()
    for name, said in (("tableau-1", "Tableau 1"), ("figure-1", "Figure 1"), ("carte-1", "Carte 1")):
        assert screen.html(name).startswith(f'<p class="table" id="{name}"><b>{said}.</b> non diffusé, trop fin')
        assert "(IRIS)" in screen.html(name)
    assert screen.html("texte-1").startswith("<p>Non diffusé")
    assert "<td>" in screen.html("tableau-2")
    payload = screen.clearance["payload"]
    assert payload["refused"] == ["Tableau 1", "Figure 1", "Carte 1"]
    assert {each["item"] for each in payload["results"]} == {"tableau-2"}
    assert list(payload["files"]) == ["tableau-2.csv"]
    assert {name for told in payload["said"]["variables"].values() for name in told} == {"answer"}


def ground_of(project: Project) -> None:
    """Give a project the map of its two groups."""
    project.grounds.mkdir(parents=True)
    text = "title: La ville\nplaces: {one: groupe, many: groupes}\nsource: carte en carreaux\ntiles:\n"
    tiles = '  "1": {name: Un, column: 1, row: 1}\n  second: {name: Deux, column: 2, row: 1}\n'
    (project.grounds / "ville.yml").write_text(text + tiles, encoding="utf-8")


def test_map_is_a_table_that_is_protected_like_any_other(
    opened: Opened, screen: Screen, small_project: Project
) -> None:
    edit(small_project.studies / "essai" / "codebook.yml", "column: GROUPE", "column: GROUPE\n        level: quarter")
    ground_of(small_project)
    report = opened()
    groups = profiles.distribution(report.load("records"), "group", person="person")
    report.map(groups, ground="ville", measure="people", **NOTES)
    assert screen.html("carte-1") == '<p class="waiting">Carte 1 : en attente de report.finish().</p>'
    report.finish()
    html = screen.html("carte-1")
    assert "<b>Carte\u00a01.</b>" in html
    assert "Données de la carte\u00a01" in html
    assert "Fond\u00a0: carte en carreaux." in html
    payload = screen.clearance["payload"]
    assert set(payload["files"]) == {"carte-1.csv", "carte-1.svg"}
    assert payload["files"]["carte-1.svg"].strip() in html
    assert {each["item"] for each in payload["results"]} == {"carte-1"}
    assert payload["said"]["statements"]


# A cell that runs again --------------------------------------------------------------------------


def test_cell_run_again_counts_once(opened: Opened, screen: Screen, cells: Cells) -> None:
    report = opened()
    table = answers(report.load("records"))
    for execution in (1, 2, 3):
        cells.now = ("a", execution)
        report.table(table, **NOTES)
        report.table(table, **NOTES)
    report.finish()
    assert screen.clearance["payload"]["shown"] == 2
    assert sorted(screen.clearance["payload"]["files"]) == ["tableau-1.csv", "tableau-2.csv"]


def test_other_cells_stay_when_one_runs_again(opened: Opened, screen: Screen, cells: Cells) -> None:
    report = opened()
    report.load("records")
    for cell in (("a", 1), ("b", 2), ("a", 3)):
        cells.now = cell
        report.say(f"De {cell[0]}, {cell[1]}")
    report.finish()
    cleared = set(screen.clearance["cleared"]) - {OPENING}
    assert len(cleared) == 2
    assert {screen.html(name) for name in cleared} == {"<p>De b, 2</p>", "<p>De a, 3</p>"}


def test_outside_a_notebook_every_item_counts(opened: Opened, screen: Screen) -> None:
    report = opened()
    report.load("records")
    report.say("un")
    report.say("un")
    report.finish()
    assert set(screen.clearance["cleared"]) == {OPENING, "texte-1", "texte-2"}


# What leaves -------------------------------------------------------------------------------------


def test_payload_says_what_the_report_is(opened: Opened, screen: Screen) -> None:
    report = opened(group="first")
    table = answers(report.load("records", group="first"))
    report.say("{n} dossiers", n=table.value("rows"), level=2, question="a")
    report.table(table, **NOTES)
    report.finish()
    payload = screen.clearance["payload"]
    assert (payload["study"], payload["run"], payload["shown"]) == ("essai", "2024_funder_group-first", 1)
    assert payload["parameters"] == {"edition": "2024", "audience": "funder", "recipient": "", "group": "first"}
    assert payload["policy"]["minimum_people"] == 5
    assert payload["answered"]["a"]["anchor"] == "texte-1"
    assert payload["answered"]["a"]["finding"].endswith("dossiers")
    assert "etabli.methods.profiles" in payload["modules"]
    (source,) = payload["sources"]
    assert (source["name"], source["origin"], source["file"]) == ("records", "demo", "data/demo/essai/2024/records.csv")
    assert len(source["sha256"]) == 64


def test_results_carry_the_printed_precision_only(opened: Opened, screen: Screen) -> None:
    report = opened()
    table = answers(report.load("records", group="first"))
    report.table(table, **NOTES)
    report.finish()
    shares = [r for r in screen.clearance["payload"]["results"] if r["name"] == "share"]
    exact = table.value("share", answer="yes").number
    assert isinstance(exact, float)
    assert round(exact * 100, 1) != exact * 100
    for each in shares:
        assert each["value"] == round(each["value"], 0 if each["n"] < 1000 else 1)
        assert all(bound is None or bound == round(bound, 1) for bound in each["interval"])


def test_demo_data_is_called_fictional(opened: Opened, screen: Screen) -> None:
    report = opened("internal")
    report.table(answers(report.load("records")), **NOTES)
    assert "(données fictives)" in screen.html("tableau-1")


def test_source_that_was_not_read_sets_no_rule(opened: Opened, screen: Screen) -> None:
    report = opened()
    report.say("Rien n’a été lu.")
    report.finish()
    assert screen.clearance["payload"]["sources"] == []
    assert screen.clearance["payload"]["policy"]["minimum_people"] == 1


# Loading -----------------------------------------------------------------------------------------


def test_source_is_loaded_under_pseudonyms(opened: Opened, small_project: Project) -> None:
    frame = opened().load("records")
    raw = pd.read_csv(small_project.demo("essai", "2024") / "records.csv", sep=";", dtype=str)
    assert len(frame) == len(raw)
    assert not set(frame["person"]) & set(raw["NUMERO"])
    assert frame["person"].nunique() == raw["NUMERO"].nunique()


def test_pseudonyms_last_from_one_report_to_the_next(opened: Opened) -> None:
    assert opened().load("records")["person"].equals(opened().load("records")["person"])


def test_reports_of_two_studies_share_no_pseudonym(opened: Opened) -> None:
    other = opened()
    other.key = demo_key("autre")
    assert not set(opened().load("records")["person"]) & set(other.load("records")["person"])


def test_load_keeps_the_rows_that_are_asked_for(opened: Opened) -> None:
    report = opened()
    everyone, first = report.load("records"), report.load("records", group="first")
    assert set(first["group"]) == {"first"}
    assert len(first) == int((everyone["group"] == "first").sum())
    assert list(first.index) == list(range(len(first)))
    assert len(report.load("records", group="all")) == len(everyone)
    assert len(report.load("records", group="first", answer="no")) == int((first["answer"] == "no").sum())


@pytest.mark.parametrize(
    ("source", "where", "hint"),
    [
        ("record", {}, "vouliez-vous dire « records » ?"),
        ("records", {"groups": "first"}, "vouliez-vous dire « group » ?"),
        ("records", {"groups": "all"}, "vouliez-vous dire « group » ?"),
    ],
)
def test_load_of_what_is_not_there_names_its_neighbour(
    source: str, where: dict[str, str], hint: str, opened: Opened
) -> None:
    with pytest.raises(ReportError) as caught:
        opened().load(source, **where)
    assert caught.value.hint == hint


def test_load_that_leaves_no_row_is_refused(opened: Opened) -> None:
    with pytest.raises(ReportError) as caught:
        opened().load("records", group="third")
    assert caught.value.got == "group = third"


# Several sources ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("with_two_sources")
def test_result_of_several_sources_names_its_own(opened: Opened, screen: Screen) -> None:
    report = opened("internal")
    table = answers(report.load("others"))
    report.load("records")
    report.table(table, **NOTES)
    assert "Autre fichier" in screen.html("tableau-1")
    with pytest.raises(ReportError) as caught:
        report.table(replace(table, source=""), **NOTES)
    assert caught.value.expected == "source= l’un de : others, records"
    report.table(replace(table, source=""), **NOTES, source="others")
    assert "Autre fichier" in screen.html("tableau-2")


@pytest.mark.usefixtures("with_two_sources")
def test_result_that_rests_on_two_sources_names_both(opened: Opened, screen: Screen) -> None:
    report = opened("internal")
    table = replace(answers(report.load("records")), rests_on=(answers(report.load("others")),))
    report.table(table, **NOTES)
    assert re.search(r"Source.*Fichier[^;]*; Autre fichier", screen.html("tableau-1"))


@pytest.mark.usefixtures("with_two_sources")
def test_count_in_words_needs_its_source_too(opened: Opened) -> None:
    report = opened("internal")
    table = answers(report.load("records"))
    report.load("others")
    unknown = replace(table, source="")
    with pytest.raises(ReportError, match="De quelle source"):
        report.say("{n:noun}", n=unknown.value("rows"))
    report.say("{n:noun}", n=unknown.value("rows"), source="records")
    report.say("{n:noun}", n=table.value("rows"))


@pytest.fixture
def without_others(with_two_sources: None, small_project: Project) -> None:
    """An edition of the small study to which the second file never came, and which does without."""
    edit(small_project.studies / "essai" / "study.yml", "    description: Autre fichier", (
        "    description: Autre fichier\n    without: qui d’autre a répondu (question 1)"
    ))  # fmt: skip
    folder = small_project.demo("essai", "2024")
    (folder / "others.csv").unlink()
    receipt = json.loads((folder / "deliveries.json").read_text(encoding="utf-8"))
    receipt.pop("others.csv")
    (folder / "deliveries.json").write_text(json.dumps(receipt), encoding="utf-8")


@pytest.mark.usefixtures("without_others")
@pytest.mark.parametrize("audience", ["internal", "funder"])
def test_edition_without_a_source_says_what_it_cannot_tell(
    small_project: Project, screen: Screen, audience: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(small_project.root))
    report = replace(open_report("essai", edition="2024", audience=audience, group="all"), show=screen)
    report.table(answers(report.load("records")), **NOTES)
    others = report.load("others", group="all")
    found = answers(others)
    largest = found.largest("share")
    report.say("{x:of des réponses}", x=largest, level=2, otherwise="Rien à comparer")
    report.say("{x:of}", x=largest, provided=found.is_significant(), otherwise=sentence("{p:p}", p=largest))
    report.key_figure(found.value("people"), label="personnes")
    report.table(found, **NOTES)
    report.figure(found, kind="bars", measure="share", **NOTES)
    report.comment(people=found.value("people"))
    report.finish()
    told = [screen.html(name) for name, _, _ in screen.shown if name.startswith("absence")]
    page = " ".join(told)
    assert "Sans ce fichier, pas de réponse : Autre fichier</h2>" in page.replace("\u00a0", " ")
    assert page.count("ne dit pas qui d’autre a répondu (question 1).") == len(told) // 2
    assert "Rien à comparer" not in page
    assert [source["name"] for source in screen.clearance["payload"]["sources"]] == ["records"]
    assert not [each for each in screen.clearance["payload"]["results"] if each["item"].startswith("figure")]


@pytest.mark.usefixtures("with_two_sources")
def test_edition_that_lost_a_file_is_not_one_that_does_without(
    small_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(small_project.root))
    edit(small_project.studies / "essai" / "study.yml", "    description: Autre fichier", (
        "    description: Autre fichier\n    without: le reste"
    ))  # fmt: skip
    (small_project.demo("essai", "2024") / "others.csv").unlink()  # its receipt tells of it
    with pytest.raises(EtabliError, match="manque"):
        open_report("essai", edition="2024", audience="internal", group="all")


def test_result_before_any_source_is_refused(opened: Opened) -> None:
    table = Table(pd.DataFrame({"rows": [3], "people": [3]}), (), ())
    with pytest.raises(ReportError) as caught:
        opened("internal").table(table, **NOTES)
    assert caught.value.expected == "une source chargée par report.load"


@pytest.mark.usefixtures("with_two_sources")
def test_source_that_was_not_loaded_is_refused(opened: Opened) -> None:
    report = opened("internal")
    table = answers(report.load("records"))
    with pytest.raises(ReportError, match="n’a pas été chargée"):
        report.table(table, **NOTES, source="others")


# What a notebook may not ask ---------------------------------------------------------------------


def test_mistakes_of_a_notebook_are_told(opened: Opened) -> None:
    report = opened()
    table = answers(report.load("records"))
    attempts: list[tuple[Callable[[], object], type[EtabliError]]] = [
        (lambda: report.say("x", level=1), ReportError),
        (lambda: report.say("x", level=2, question="z"), ReportError),
        (lambda: report.say("{x}", x=12), ReportError),  # type: ignore[arg-type]
        (lambda: report.choice("groups"), ReportError),
        (lambda: report.table(table, **NOTES, measures=["row"]), MethodError),
        (lambda: report.figure(table, kind="bars", measure="row", **NOTES), MethodError),
    ]
    for attempt, kind in attempts:
        with pytest.raises(kind):
            attempt()


@pytest.mark.parametrize("audience", ["internal", "funder"])
def test_figure_that_cannot_be_drawn_is_refused_in_its_own_cell(audience: str, opened: Opened) -> None:
    report = opened(audience)
    table = answers(report.load("records"))
    with pytest.raises(ReportError):
        report.figure(table, kind="pie", measure="rows", **NOTES)  # type: ignore[arg-type]
    with pytest.raises(ReportError):
        report.figure(table, kind="bars", measure="rows", where={"groupe": "first"}, **NOTES)


def test_words_of_the_run(opened: Opened) -> None:
    report = opened(group="first")
    assert (report.edition, report.choice("group")) == ("2024", "Premier groupe")


# Opening -----------------------------------------------------------------------------------------


@pytest.fixture
def at_home(small_project: Project, screen: Screen, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv(FOLDER_VARIABLE, str(small_project.root))
    monkeypatch.setattr(module, "show_in_notebook", screen)
    return small_project


def test_report_opens_and_says_what_it_is(at_home: Project, screen: Screen) -> None:
    report = open_report("essai", edition="2024", audience="funder", group="all")
    assert report.plan.name == "2024_funder"
    assert screen.html(OPENING) == "<p>Une étude d’essai — 2024 — audience\u00a0: Financeurs</p>"


RECIPIENTS = (
    "recipients: {caf-35: {name: CAF d’Ille-et-Vilaine, audience: funder}, esc: {name: ESC, audience: partner}}"
)


def test_report_for_a_named_body_says_so(at_home: Project, screen: Screen) -> None:
    (at_home.studies / "recipients.yml").write_text(RECIPIENTS, encoding="utf-8")
    report = open_report("essai", edition="2024", audience="funder", recipient="caf-35", group="all")
    assert report.plan.name == "2024_funder-caf-35"
    assert "Financeurs (CAF d’Ille-et-Vilaine)" in screen.html(OPENING)


@pytest.mark.parametrize(("recipient", "got"), [("caf-53", "caf-53"), ("esc", "audience funder")])
def test_report_for_a_body_that_is_not_of_its_audience_is_refused(recipient: str, got: str, at_home: Project) -> None:
    (at_home.studies / "recipients.yml").write_text(RECIPIENTS, encoding="utf-8")
    with pytest.raises(ParameterError) as caught:
        open_report("essai", edition="2024", audience="funder", recipient=recipient, group="all")
    assert caught.value.got == got


def test_body_that_an_agreement_does_not_name_is_refused(at_home: Project, screen: Screen) -> None:
    (at_home.studies / "recipients.yml").write_text(RECIPIENTS, encoding="utf-8")
    edit(at_home.agreements / "essai-data.yml", "[internal, funder]", "[internal, funder]\nrecipients: [ville]")
    with pytest.raises(DisclosureError) as caught:
        open_report("essai", edition="2024", audience="funder", recipient="caf-35", group="all")
    assert (caught.value.expected, caught.value.got) == ("ville", "caf-35")
    assert screen.shown == []


def test_report_without_all_parameters_is_refused(at_home: Project) -> None:
    with pytest.raises(ReportError) as caught:
        open_report("essai", edition="2024", audience="funder")
    assert caught.value.expected == "group=group"


def test_report_with_an_unknown_parameter_is_refused(at_home: Project) -> None:
    with pytest.raises(ParameterError) as caught:
        open_report("essai", edition="2024", audience="funder", groupe="all")
    assert caught.value.hint == "vouliez-vous dire « group » ?"


@pytest.mark.parametrize("audience", ["public", "partner"])
def test_audience_that_the_study_does_not_have_is_refused(audience: str, at_home: Project) -> None:
    with pytest.raises(ParameterError):
        open_report("essai", edition="2024", audience=audience, group="all")


def test_audience_that_an_agreement_closes_is_refused(at_home: Project, screen: Screen) -> None:
    edit(at_home.agreements / "essai-data.yml", "[internal, funder]", "[internal]")
    with pytest.raises(DisclosureError) as caught:
        open_report("essai", edition="2024", audience="funder", group="all")
    assert caught.value.got == "funder"
    assert screen.shown == []


def test_threshold_without_its_source_is_refused(at_home: Project) -> None:
    path = at_home.agreements / "essai-data.yml"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if "source:" not in line]
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"minimum_people\.source"):
        open_report("essai", edition="2024", audience="internal", group="all")


# What may not leave ------------------------------------------------------------------------------


def waits(report: Report) -> Table:
    """How long people wait, invented from the order of the records."""
    records = report.load("records")
    people = records["person"].dropna().unique()
    frame = pd.DataFrame({"person": people, "days": range(len(people)), "left": [True] * len(people)})
    return survival.survival(frame, "days", event="left", person="person")


def test_step_curve_is_a_picture_in_the_house(opened: Opened, screen: Screen) -> None:
    report = opened("internal")
    report.figure(waits(report), kind="steps", measure="survival", **NOTES)
    report.finish()
    html, files = screen.html("figure-1"), screen.clearance["payload"]["files"]
    assert '<img alt="Courbes en escalier' in html
    assert "<svg" not in html
    assert b64decode(files["figure-1.png"]).startswith(b"\x89PNG")
    assert "À risque" in files["figure-1.csv"]


@pytest.mark.parametrize("audience", ["funder"])
def test_step_curve_does_not_leave(audience: str, opened: Opened, screen: Screen) -> None:
    report = opened(audience)
    curve = waits(report)
    for show in (
        lambda: report.figure(curve, kind="steps", measure="survival", **NOTES),
        lambda: report.table(curve, measures=["at_risk"], **NOTES),
        lambda: report.say("{x} attendent encore", x=curve.value("survival", days=0)),
    ):
        with pytest.raises(DisclosureError, match="ne peut pas encore quitter la maison") as caught:
            show()
        assert caught.value.got == "survival"
    assert screen.shown == []
