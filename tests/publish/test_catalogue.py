from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from etabli.errors import RunError
from etabli.project import Project
from etabli.publish.catalogue import reports_in, write_catalogue
from etabli.runs.manifest import FILE, Manifest


def report(project: Project, study: str = "essai", run: str = "2024_internal", **changes: Any) -> Path:
    """Put a report in its place, with what the catalogue reads of it."""
    folder = project.reports / study / run
    folder.mkdir(parents=True)
    (folder / "report.html").touch()
    told: dict[str, Any] = {
        "title": f"L’étude {study}",
        "parameters": {"edition": "2024", "audience": run.split("_")[1]},
        "choices": {},
        "edition_label": "4e trimestre 2024",
        "status": "draft",
        "sources": [],
        **changes,
    }
    manifest = Manifest(
        study=study, run=run, commit=None, dirty=None, versions={}, started="2024-10-01T12:00:00+00:00", seconds=1,
        fingerprint={}, outputs={}, **told,
    )  # fmt: skip
    (folder / FILE).write_text(manifest.to_json(), encoding="utf-8")
    return folder


def page(project: Project) -> str:
    return write_catalogue(project).read_text(encoding="utf-8")


def test_catalogue_of_nothing_says_so(empty_project: Project) -> None:
    assert "<p>Aucun rapport.</p>" in page(empty_project)
    assert reports_in(empty_project) == []


def test_catalogue_links_every_report_by_study(empty_project: Project) -> None:
    for study, run in (("b", "2024_internal"), ("a", "2024_public"), ("a", "2024_funder")):
        report(empty_project, study, run)
    html = page(empty_project)
    assert re.findall(r'href="([^"]+)"', html) == [
        "a/2024_funder/report.html", "a/2024_public/report.html", "b/2024_internal/report.html",
    ]  # fmt: skip
    assert re.findall(r"<h2>(.*?)</h2>", html) == ["L’étude a", "L’étude b"]
    assert all(each in html for each in ("Financeurs", "Tout public", "Interne", "Document de travail"))


def test_links_are_told_apart_by_their_text(empty_project: Project) -> None:
    report(empty_project, run="2024_internal", choices={"groupe": "Premier"})
    report(empty_project, run="2024_internal_2", choices={"groupe": "Second"})
    texts = re.findall(r"<a [^>]*>(.*?)</a>", page(empty_project))
    assert len(set(texts)) == 2


def rows(html: str) -> list[list[str]]:
    """The links of each row, cell by cell."""
    body = html.partition("<tbody>")[2].partition("</tbody>")[0]
    return [[",".join(re.findall(r'href="([^"]+)/report.html"', cell)) for cell in re.findall(r"<td.*?</td>", row)[1:]]
            for row in body.split("</tr>")[:-1]]  # fmt: skip


def test_runs_that_differ_by_audience_alone_stand_side_by_side(empty_project: Project) -> None:
    for run in ("2024_public", "2024_internal", "2024_funder"):
        report(empty_project, run=run)
    report(empty_project, run="2024_internal_second", choices={"groupe": "Second"},
           parameters={"edition": "2024", "audience": "internal", "group": "second"})  # fmt: skip
    html = page(empty_project)
    assert re.findall(r'<th scope="col"[^>]*>(.*?)</th>', html) == [
        "Édition", "Choix", "Interne", "Financeurs", "Tout public"
    ]  # fmt: skip
    assert rows(html) == [
        ["essai/2024_internal", "essai/2024_funder", "essai/2024_public"],
        ["essai/2024_internal_second", "", ""],
    ]


def test_report_for_one_body_stands_under_its_audience(empty_project: Project) -> None:
    report(empty_project, run="2024_funder")
    report(empty_project, run="2024_funder-caf", recipient="CAF 35",
           parameters={"edition": "2024", "audience": "funder", "recipient": "caf"})  # fmt: skip
    html = page(empty_project)
    assert rows(html) == [["essai/2024_funder,essai/2024_funder-caf"]]
    assert "CAF 35 : Document de travail" in html.replace("\N{NO-BREAK SPACE}", " ")


def test_fictional_data_is_said(empty_project: Project) -> None:
    report(empty_project, sources=[{"origin": "demo"}])
    assert "(données fictives)" in page(empty_project)


def test_text_of_a_manifest_is_escaped(empty_project: Project) -> None:
    report(empty_project, title="<script>", edition_label="<b>", choices={"a & b": "<i>"})
    html, own, _ = page(empty_project).rpartition("<script>")
    assert own
    assert not re.search(r"<script>|<b>|<i>|a & b", html)
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("trouble", ["no page", "no manifest", "no json", "hidden"])
def test_folder_that_is_no_report_is_left_out(trouble: str, empty_project: Project) -> None:
    folder = report(empty_project)
    report(empty_project, run="2024_funder")
    if trouble == "no page":
        (folder / "report.html").unlink()
    elif trouble == "no manifest":
        (folder / FILE).unlink()
    elif trouble == "no json":
        (folder / FILE).write_text("{", encoding="utf-8")
    else:
        folder.rename(folder.with_name(".2024_internal.abc"))
    assert [path.name for path, _ in reports_in(empty_project)] == ["2024_funder"]


def test_catalogue_is_written_whole(empty_project: Project) -> None:
    report(empty_project)
    path = write_catalogue(empty_project)
    assert path == empty_project.reports / "index.html"
    assert [each.name for each in empty_project.reports.iterdir() if each.is_file()] == ["index.html"]
    assert path.read_bytes() == write_catalogue(empty_project).read_bytes()


def test_catalogue_that_the_disk_refuses_is_told(empty_project: Project) -> None:
    empty_project.reports.touch()  # a file where the folder should be
    with pytest.raises(RunError, match="catalogue"):
        write_catalogue(empty_project)


def test_report_whose_study_changed_or_is_gone_is_to_be_made_again(rendered: Project) -> None:
    assert "À refaire :" not in plain(page(rendered)).partition("<p>«")[0]
    book = rendered.studies / "essai" / "codebook.yml"
    book.write_text(f"{book.read_text(encoding='utf-8')}# relu\n", encoding="utf-8")
    (rendered.reports / "essai" / "2024_internal" / "results.json").unlink()
    html = plain(page(rendered))
    told = re.findall(r'data-audience="(\w+)" data-state="draft late">.*?class="late">(.*?)<', html)
    assert told[0] == ("internal", "À refaire : le codebook, results.json manque")
    assert {told[1], told[2]} == {("funder", "À refaire : le codebook")}
    report(rendered, "disparue", "2024_internal", title="Une étude disparue")
    assert "À refaire : l’étude, ou ses paramètres, ont changé" in plain(page(rendered))


def test_commentary_to_be_read_again_is_told(rendered: Project) -> None:
    path = rendered.reports / "essai" / "2024_internal" / FILE
    told = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**told, "outdated": ["2024.md, ligne 3"]}), encoding="utf-8")
    assert '<span class="late">Commentaire à relire</span>' in page(rendered)


def plain(html: str) -> str:
    return html.replace("\u202f", " ").replace("\xa0", " ")
