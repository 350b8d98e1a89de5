"""« Ce qui a changé depuis la dernière édition »: made of what both reports print, for those who hold both."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterator
from datetime import date
from html import unescape
from typing import Any

import pytest

from etabli.cli import app
from etabli.disclosure.ledger import Release, Review, withdraw, write_release
from etabli.disclosure.statements import Publication
from etabli.editions import add_edition
from etabli.errors import ReleaseError
from etabli.present.changed import NAME, TITLE, changed_since
from etabli.present.previous import Previous, previous_of
from etabli.project import Project
from etabli.publish.excerpts import excerpt
from etabli.publish.parcels import pack
from etabli.publish.release import candidate
from etabli.runs.fingerprint import Survey
from etabli.runs.manifest import read_manifest
from etabli.runs.standing import standing
from etabli.sources.codebook import Codebook, read_codebook
from etabli.sources.dummy import make_demo
from etabli.study import read_study
from etabli.terminal import run

DAY = date(2025, 12, 1)


# What the section says ---------------------------------------------------------------------------------------


def told(name: str, value: object, where: dict[str, str], **rest: Any) -> dict[str, Any]:
    here = {"item": "tableau-2", "name": name, "label": name.capitalize(), "unit": "%", "n": 900}
    return {**here, "where": where, "value": value, **rest}


def section(codebook: Codebook, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> str:
    """Return the words of the section of two lists of results."""
    content = json.dumps({"study": "essai", "parameters": {}, "results": before}).encode()
    previous = Previous("essai/2024_public", "Année 2024", content, release=3)
    made = changed_since(previous, after, edition="Année 2025", report="essai/2025_public", codebook=codebook)
    return unescape(re.sub(r"<[^>]+>", " ", made.html()))


@pytest.fixture
def codebook(small_project: Project) -> Codebook:
    return read_codebook(small_project, read_study(small_project, "essai"))


def spaced(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_change_beyond_the_uncertainty_is_said_and_listed(codebook: Codebook) -> None:
    one, other = told("share", 40.0, {}, interval=[38.0, 42.0]), told("share", 45.5, {}, interval=[43.0, 48.0])
    text = spaced(section(codebook, [one], [other]))
    assert "Sur 1 nombre qui a un intervalle, 1 a changé au-delà de l’incertitude" in text
    assert "Share : 45,5 % [43,0 ; 48,0], contre 40,0 % [38,0 ; 42,0]" in text
    assert "soit 5,5 points de plus" in text
    assert "+5,5 points" in text
    assert "diffusion n° 3" in text


def test_change_within_the_uncertainty_is_counted_and_not_said(codebook: Codebook) -> None:
    one, other = told("share", 40.0, {}, interval=[38.0, 42.0]), told("share", 41.0, {}, interval=[39.0, 43.0])
    text = spaced(section(codebook, [one], [other]))
    assert "aucun n’a changé au-delà de l’incertitude" in text
    assert "1 nombre diffère dans l’incertitude, ce qui n’établit ni hausse ni baisse" in text
    assert "41,0" not in text


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ((92, 91), "n’ont pas la même durée : 91 jours, contre 92 dans l’édition précédente"),
        ((92, 92), "ont le même nombre de jours"),
        ((None, 92), ""),
    ],
)
def test_count_that_changed_is_told_for_what_it_is(codebook: Codebook, days: tuple[int | None, int], said: str) -> None:
    one, other = told("rows", 120, {}, unit="visites"), told("rows", 131, {}, unit="visites")
    content = json.dumps({"study": "essai", "parameters": {}, "results": [one]}).encode()
    previous = Previous("essai/2024_public", "Année 2024", content, days=days[0])
    made = changed_since(previous, [other], edition="Année 2025", report="x", codebook=codebook, days=days[1])
    text = spaced(unescape(re.sub(r"<[^>]+>", " ", made.html())))
    assert "ne se compare pas à ce que fait le hasard" in text
    assert said in text
    assert ("durée" in text or "nombre de jours" in text) is bool(said)


def test_small_number_in_words_and_one_interval_do_not_compare(codebook: Codebook) -> None:
    before = [told("share", "7 sur 13", {}), told("rate", 4.0, {}, interval=[3.0, 5.0])]
    text = spaced(section(codebook, before, [told("share", "9 sur 13", {}), told("rate", 5.0, {})]))
    assert "2 nombres diffèrent sans comparaison possible" in text
    assert "Différents, sans comparaison possible" in text
    assert "dénombrement" not in text


def test_ratio_that_changed_without_an_interval_is_no_count(codebook: Codebook) -> None:
    one, other = told("alpha", 1.5, {}, unit=""), told("alpha", 1.7, {}, unit="")
    assert "compte tout le fichier" not in section(codebook, [one], [other])


def test_what_chance_alone_would_change_establishes_nothing(codebook: Codebook) -> None:
    places = [{"age": str(each)} for each in range(100)]
    before = [told("share", 40.0, where, interval=[38.0, 42.0]) for where in places]
    moved = [told("share", 46.0, where, interval=[44.0, 48.0]) for where in places[:4]]
    text = spaced(section(codebook, before, [*moved, *before[4:]]))
    assert (
        "Sur 100 nombres qui ont un intervalle, 4 ont changé" in text
    )  # those that are printed the same are tested too
    within = [told("share", 40.5, where, interval=[38.5, 42.5]) for where in places[4:]]
    text = spaced(section(codebook, before, [*moved, *within]))
    assert "le seul hasard en ferait 5 environ, au plus : un changement isolé reste à confirmer" in text


def test_one_change_of_few_is_not_set_beside_one_that_chance_would_make(codebook: Codebook) -> None:
    one, other = told("share", 40.0, {}, interval=[38.0, 42.0]), told("share", 46.0, {}, interval=[44.0, 48.0])
    assert "le seul hasard en ferait moins d’un" in spaced(section(codebook, [one], [other]))


def test_ratios_to_another_reference_are_not_compared(codebook: Codebook) -> None:
    def model(reference: str, ratios: dict[str, float]) -> list[dict[str, Any]]:
        found = [told("odds_ratio", 1.0, {"variable": "benefit", "category": reference})]
        for category, ratio in ratios.items():
            where = {"variable": "benefit", "category": category}
            found.append(told("odds_ratio", ratio, where, interval=[ratio * 0.9, ratio * 1.1]))
        return found

    text = spaced(section(codebook, model("a", {"b": 2.0, "c": 3.0}), model("b", {"a": 0.5, "c": 1.5})))
    assert "au-delà" not in text
    assert "changé de définition" in text


def test_new_gone_and_rebased_are_listed(codebook: Codebook) -> None:
    before = [told("gone", 11.5, {}), told("share", 22.5, {})]
    after = [told("new", 33.5, {}), told("share", 44.5, {}, label="Autre part")]
    text = spaced(section(codebook, before, after))
    for words in (
        "Nouveaux New /// 33,5",
        "Plus donnés Gone 11,5 % ///",
        "Définition changée Autre part 22,5 % 44,5 %",
    ):
        assert words.replace("///", "///") in text
    assert "22,0" not in text  # no difference of two definitions


def test_words_of_results_are_no_markup(codebook: Codebook) -> None:
    content = json.dumps({"results": [told("<b>share</b>", 1.5, {})]}).encode()
    made = changed_since(Previous("a", "b", content), [], edition="c", report="d", codebook=codebook)
    assert "<b>share" not in made.html().lower()


# What it must not say ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sign", "shown"), [("s", 4321.0), ("≤\u00a05", 4321.0)])
@pytest.mark.parametrize("hidden", ["before", "after"])
def test_nothing_stands_beside_a_mask(codebook: Codebook, hidden: str, sign: str, shown: float) -> None:
    """Neither the other edition's value, nor its interval, nor a difference."""
    mask = told("share", None, {"age": "young"}, sign=sign, n=None)
    value = told("share", shown, {"age": "young"}, interval=[4000.0, 4500.0])
    total = [told("share", each, {}) for each in (9000.0, 9100.0)]
    sides = ([mask, total[0]], [value, total[1]]) if hidden == "before" else ([value, total[0]], [mask, total[1]])
    text = spaced(section(codebook, *sides))
    for number in ("4 321", "4 000", "4 500", "4 679", "4 779"):
        assert number not in text.replace("\u202f", " ")
    assert "s s non comparable" in text
    assert "1 ne se compare pas" in text


def test_two_masks_are_not_said_to_be_the_same(codebook: Codebook) -> None:
    mask = told("share", None, {"age": "young"}, sign="s", n=None)
    text = spaced(section(codebook, [mask], [mask]))
    assert "inchangé" not in text
    assert "1 ne se compare pas" in text


NUMBER = re.compile(r"[+−]?\d[\d\u202f]*(?:,\d+)?")


def numbers(text: str) -> set[float]:
    return {float(each.replace("\u202f", "").replace(",", ".").lstrip("+−")) for each in NUMBER.findall(text)}


def printed(results: list[dict[str, Any]]) -> Iterator[float]:
    for each in results:
        if isinstance(each["value"], str):
            yield from numbers(each["value"])
        yield from [x for x in (each["value"], *each.get("interval", ())) if isinstance(x, int | float)]


# Which report it is compared with ------------------------------------------------------------------------------


@pytest.fixture
def later(rendered: Project) -> Project:
    """The project with an edition 2025, whose reports are not made yet."""
    study = read_study(rendered, "essai")
    add_edition(rendered, study, "2025", origin="2024", label="Année 2025")
    path = rendered.studies / "essai" / "study.yml"
    head, _, last = path.read_text(encoding="utf-8").rpartition("deliveries: raw")
    path.write_text(f"{head}deliveries: demo{last}", encoding="utf-8")
    study = read_study(rendered, "essai")
    make_demo(rendered, study, read_codebook(rendered, study), "2025", seed=8)
    return rendered


def found(project: Project, **asked: str) -> Previous | None:
    study = read_study(project, "essai")
    return previous_of(project, study, study.plan({"edition": "2025", **asked}))


def released(project: Project, report: str, to: str) -> int:
    manifest = read_manifest(project.reports / report, shown=report)
    publication = Publication(report, {}, {}, ())
    entry = Release(report, to, DAY, Review("Une collègue", DAY), manifest.outputs, publication)
    return write_release(project.ledger, entry, shown="data/ledger")


def test_first_edition_has_none(rendered: Project) -> None:
    study = read_study(rendered, "essai")
    assert previous_of(rendered, study, study.plan({})) is None


def test_report_of_the_house_is_compared_with_what_the_house_has(later: Project) -> None:
    previous = found(later)
    assert previous is not None
    assert previous.report == "essai/2024_internal"
    assert previous.content == (later.reports / "essai/2024_internal/results.json").read_bytes()


def test_real_edition_is_not_compared_with_fictional_data(later: Project) -> None:
    path = later.studies / "essai" / "study.yml"
    head, _, last = path.read_text(encoding="utf-8").rpartition("deliveries: demo")
    path.write_text(f"{head}deliveries: raw{last}", encoding="utf-8")
    refused = found(later)
    assert refused is not None
    assert refused.content == b""
    assert "données fictives" in refused.refusal


def test_report_that_leaves_is_compared_with_what_all_its_readers_hold(later: Project) -> None:
    """The CAF shares with the city; the State with nobody."""
    refused = found(later, audience="funder")
    assert refused is not None
    assert (refused.content, bool(refused.refusal)) == (b"", True)
    released(later, "essai/2024_funder", "caf")
    refused = found(later, audience="funder")
    assert refused is not None
    assert refused.content == b""
    released(later, "essai/2024_funder", "etat")
    held = found(later, audience="funder")
    assert held is not None
    assert (held.release, held.refusal) == (1, "")


def test_report_for_one_body_is_compared_with_what_it_holds(later: Project) -> None:
    number = released(later, "essai/2024_funder-caf", "caf")
    held, other = found(later, audience="funder", recipient="caf"), found(later, audience="funder", recipient="etat")
    assert held is not None
    assert held.release == number
    assert other is not None
    assert other.content == b""
    withdraw(later.ledger, number, day=DAY, reason="erreur", shown="data/ledger")
    taken_back = found(later, audience="funder", recipient="caf")
    assert taken_back is not None
    assert taken_back.content == b""


@pytest.mark.parametrize("change", ["a byte", "another run", "no results"])
def test_results_that_are_not_those_that_were_released_are_not_compared(later: Project, change: str) -> None:
    released(later, "essai/2024_funder-caf", "caf")
    path = later.reports / "essai/2024_funder-caf/results.json"
    if change == "a byte":
        path.write_bytes(path.read_bytes() + b"\n")
    elif change == "another run":
        path.write_bytes((later.reports / "essai/2024_internal/results.json").read_bytes())
    else:
        path.write_text("{", encoding="utf-8")
    previous = found(later, audience="funder", recipient="caf")
    assert previous is not None
    assert previous.content == b""


# The report ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_report_for_one_body_tells_what_changed_and_no_more_than_both_print(later: Project) -> None:
    number = released(later, "essai/2024_funder-caf", "caf")
    agreement = later.agreements / "essai-data.yml"
    agreement.write_text(agreement.read_text(encoding="utf-8").replace("value: 5", "value: 220"), encoding="utf-8")
    assert run(app, ["run", "essai", "--edition", "2025", "--recipient", "caf"]) == 0
    folders = [later.reports / f"essai/{edition}_funder-caf" for edition in ("2024", "2025")]
    page = (folders[1] / "report.html").read_text(encoding="utf-8")
    assert f'<a href="#{NAME}">{TITLE}</a>' in page
    assert page.index(f'id="{NAME}"') < page.index('id="glossaire"')
    sheet = page[page.index('id="tracabilite"') :]
    assert re.search(rf"diffusion n°\s{number}\b", sheet)
    before, after = (json.loads((each / "results.json").read_text(encoding="utf-8"))["results"] for each in folders)
    known = {round(each, 4) for each in (*printed(before), *printed(after))}
    differences = {round(abs(x - y), 4) for x in printed(before) for y in printed(after)}
    own = page[page.index(f'id="{NAME}"') : page.index("</main>")]
    words = spaced(unescape(re.sub(r"<[^>]+>", " ", own)))
    counts = {float(each) for each in (*range(20), 2024, 2025)}  # of lines and of tables; editions
    said = numbers(words)
    assert said - known - differences <= counts
    masked = [each["where"] for each in after if each.get("sign") == "s"]
    assert masked  # else nothing was tried
    hidden = {round(x, 4) for each in before if each["where"] in masked for x in printed([each])}
    shown = {round(x, 4) for x in printed([each for each in (*before, *after) if each["where"] not in masked])}
    assert hidden - shown  # the former values of what is masked now: they stand in the former report, and not here
    assert not said & (hidden - shown - differences - counts)
    assert "s s non comparable" in words
    assert (folders[1] / f"tables/{NAME}.csv").is_file()
    hold_its_copies(later, page)


def hold_its_copies(project: Project, page: str) -> None:
    """What else is made of the report: its standing, its parcel, its slides."""
    study, former = read_study(project, "essai"), project.reports / "essai/2024_funder-caf/results.json"
    plan = study.plan({"edition": "2025", "audience": "funder", "recipient": "caf"})
    with tarfile.open(fileobj=io.BytesIO(pack(project, [plan], encrypted=True))) as parcel:
        assert "reports/essai/2024_funder-caf/results.json" in parcel.getnames()
    assert NAME in excerpt(page, "slides")
    question = study.questions[0].id
    assert NAME not in excerpt(page, "slides", [question])  # it tells of all questions

    def is_current() -> bool:
        return standing(project, study, plan, Survey()).is_current

    assert is_current()
    content = former.read_bytes()
    former.unlink()
    assert is_current()  # reports may be deleted at any time
    former.write_bytes(content)
    folder = project.reports / "essai/2025_funder-caf"
    assert candidate(project, folder, "caf").report == "essai/2025_funder-caf"
    withdraw(project.ledger, 1, day=DAY, reason="erreur", shown="data/ledger")
    assert not is_current()  # what was taken back is not told again
    with pytest.raises(ReleaseError, match="n’ont pas reçu, ou n’ont plus"):
        candidate(project, folder, "caf")


@pytest.mark.slow
def test_report_without_a_former_one_that_its_readers_hold_says_so_in_its_sheet(later: Project) -> None:
    assert run(app, ["run", "essai", "--edition", "2025", "--recipient", "caf"]) == 0
    page = (later.reports / "essai/2025_funder-caf/report.html").read_text(encoding="utf-8")
    assert NAME not in page
    assert "non comparé" in page[page.index('id="tracabilite"') :]
