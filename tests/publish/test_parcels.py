"""What comes back from a worker that nobody vouches for: the report that was asked for, or nothing."""

from __future__ import annotations

import io
import json
import tarfile
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from etabli.errors import InfrastructureError, RunError
from etabli.project import Project
from etabli.publish import parcels
from etabli.runs.manifest import FILE, verify
from etabli.runs.outcome import Usage
from etabli.study import PlannedRun, read_study

USAGE = {
    "cpu_seconds": 1.5, "peak_bytes": None, "cell_seconds": 1.0, "slowest": "cellule 3", "taken": 1, "kept": 0,
    "worker": "m-1",
}  # fmt: skip

Told = dict[str, Any]


def planned(project: Project, audience: str = "funder") -> PlannedRun:
    return read_study(project, "essai").plan({"audience": audience})


def sent(content: bytes | str) -> str:
    """Return a file as a worker sends it."""
    return b64encode(content.encode() if isinstance(content, str) else content).decode()


def page_of(said: Told) -> str:
    return b64decode(said["files"]["report.html"]).decode()


def told(project: Project, audience: str = "funder") -> Told:
    """What an honest worker says of a report."""
    folder = project.reports / "essai" / planned(project, audience).name
    files = {p.relative_to(folder).as_posix(): sent(p.read_bytes()) for p in folder.rglob("*") if p.is_file()}
    return {"files": files, "usage": dict(USAGE)}


def received(project: Project, said: object, audience: str = "funder") -> Any:
    sent = json.dumps(said).encode() if isinstance(said, dict) else said
    return parcels.receive(project, planned(project, audience), sent)


def everything(project: Project) -> dict[str, bytes]:
    places = (project.root, project.root.parent)
    return {str(path): path.read_bytes() for place in places for path in place.rglob("*") if path.is_file()}


def test_report_is_put_whole_in_place_of_the_former(rendered: Project) -> None:
    place = rendered.reports / "essai" / planned(rendered).name
    said = told(rendered)
    (place / "old.txt").touch()
    (place.parent / f"{place.name}.failed.ipynb").touch()
    made = received(rendered, said)
    assert (made.folder, made.usage) == (place, Usage(1.5, None, 1.0, "cellule 3", 1, 0, "m-1"))
    assert verify(rendered, place).intact
    assert not (place.parent / f"{place.name}.failed.ipynb").exists()


def with_digest(said: Told, name: str, text: str | bytes) -> None:
    """Change a file of a report, and its digest in the manifest."""
    said["files"][name] = sent(text)
    manifest = json.loads(b64decode(said["files"][FILE]))
    manifest["outputs"][name] = sha256(text.encode() if isinstance(text, str) else text).hexdigest()
    said["files"][FILE] = sent(json.dumps(manifest))


def with_manifest(said: Told, **changed: Any) -> None:
    said["files"][FILE] = sent(json.dumps(json.loads(b64decode(said["files"][FILE])) | changed))


HOSTILE: dict[str, tuple[Callable[[Told], object], str]] = {
    "a way out of the folder": (
        lambda said: said["files"].update({"../../../../ESCAPED.txt": sent("x")}), "pas le rapport demandé"
    ),
    "an absolute path": (lambda said: said["files"].update({"/tmp/ESCAPED.txt": sent("x")}), "pas le rapport demandé"),
    "a hidden file": (lambda said: said["files"].update({".bashrc": sent("x")}), "pas le rapport demandé"),
    "a name and a line more": (
        lambda said: said["files"].update({"tables/tableau-9.csv\n": sent("x")}), "pas le rapport demandé"
    ),
    "no manifest": (lambda said: said["files"].pop(FILE), "n’est pas celui d’un rapport"),
    "no file": (lambda said: said["files"].clear(), "n’est pas celui d’un rapport"),
    "no files": (lambda said: said.pop("files"), "n’est pas celui d’un rapport"),
    "a page that the manifest does not tell": (
        lambda said: said["files"].update({"report.html": sent("<p>autre</p>")}), "pas le rapport demandé"
    ),
    "a file too few": (lambda said: said["files"].pop("results.json"), "pas le rapport demandé"),
    "a report without a page": (
        lambda said: (said["files"].pop("report.html"), with_manifest(said, outputs={})), "pas le rapport demandé"
    ),
    "another run": (lambda said: with_manifest(said, run="2024_internal"), "pas le rapport demandé"),
    "another study": (lambda said: with_manifest(said, study="autre"), "pas le rapport demandé"),
    "other parameters": (lambda said: with_manifest(said, parameters={}), "pas le rapport demandé"),
    "a manifest of numbers": (lambda said: with_manifest(said, fingerprint=3, sources=4), "pas le rapport demandé"),
    "a manifest without a date": (lambda said: with_manifest(said, started="hier"), "pas le rapport demandé"),
    "a manifest with a field more": (lambda said: with_manifest(said, more=1), "illisible"),
    "code in the page": (
        lambda said: with_digest(said, "report.html", "<script>alert(1)</script>"), "quitter la maison"
    ),
    "personal data": (
        lambda said: with_digest(said, "report.html", page_of(said) + "<p>06 12 34 56 78</p>"), "donnée personnelle"
    ),
    "bytes that are not text": (lambda said: said["files"].update({"report.html": 3}), "pas le rapport demandé"),
    "text that is not base64": (lambda said: said["files"].update({"report.html": "<p>"}), "pas le rapport demandé"),
    "another workbook": (lambda said: with_digest(said, "tableaux.xlsx", b"PK"), "quitter la maison"),
    "half a letter": (lambda said: said["files"].update({"report.html": "\ud800"}), "pas le rapport demandé"),
    "usage of another kind": (lambda said: said.update(usage={"cpu_seconds": "x"}), "pas le rapport demandé"),
    "usage without end": (lambda said: said["usage"].update(cpu_seconds=float("inf")), "pas le rapport demandé"),
    "an error of another kind": (lambda said: said.update(error={"what": 3}), "pas le rapport demandé"),
    "a list": (lambda said: said.update(error=[1]), "pas le rapport demandé"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_not_the_report_is_refused_and_writes_nothing(case: str, rendered: Project) -> None:
    spoil, what = HOSTILE[case]
    said = told(rendered)
    spoil(said)
    rendered.batches.mkdir(exist_ok=True)
    before = everything(rendered)
    with pytest.raises(RunError, match=what):
        received(rendered, said)
    assert everything(rendered) == before
    assert not Path("/tmp/ESCAPED.txt").exists()


@pytest.mark.parametrize("sent", [None, 3, "texte", b"{", b"[]", b"[" * 100_000, b"\xff", b'{"files": NaN}'])
def test_what_is_no_json_is_refused(sent: object, rendered: Project) -> None:
    with pytest.raises(RunError, match="pas le rapport demandé"):
        received(rendered, sent)


class Armed(bytes):
    """Bytes that are more than bytes."""

    def decode(self, *_: Any) -> str:
        raise AssertionError


def test_object_that_is_not_plain_bytes_is_not_read(rendered: Project) -> None:
    with pytest.raises(RunError, match="pas le rapport demandé"):
        received(rendered, Armed(json.dumps(told(rendered)).encode()))


@pytest.mark.parametrize(("lost", "kind"), [(True, InfrastructureError), (False, RunError)])
def test_error_of_a_worker_is_told_here(lost: bool, kind: type[RunError], rendered: Project) -> None:
    words = {"what": "Raté.", "where": "cellule 2", "expected": None, "got": "x", "hint": None}
    with pytest.raises(RunError) as caught:
        received(rendered, {"error": {"lost": lost, **words}})
    assert type(caught.value) is kind
    assert {name: getattr(caught.value, name) for name in words} == words


def test_run_that_fails_on_a_worker_comes_back_as_bytes(
    rendered: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fails(*_: object) -> None:
        raise InfrastructureError("Perdu.", where="ici")

    monkeypatch.setattr(parcels, "make_report", fails)
    monkeypatch.setattr(parcels, "_unpacked", lambda _: tmp_path)
    sent = parcels.make_parcel(b"", planned(rendered))
    assert type(sent) is bytes
    with pytest.raises(InfrastructureError, match=r"^Perdu\."):
        received(rendered, sent)


def test_delivery_that_is_a_link_travels_as_its_content(rendered: Project, tmp_path: Path) -> None:
    path = rendered.demo("essai", "2024") / "records.csv"
    content = path.read_bytes()
    path.replace(tmp_path / "elsewhere.csv")
    path.symlink_to(tmp_path / "elsewhere.csv")
    parcel = parcels.pack(rendered, [planned(rendered)], encrypted=False)
    folder = parcels._unpacked(parcel)
    assert (folder / path.relative_to(rendered.root)).read_bytes() == content
    with tarfile.open(fileobj=io.BytesIO(parcel)) as archive:
        assert all(each.isreg() for each in archive)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("../x", tarfile.REGTYPE), ("/tmp/x", tarfile.REGTYPE), ("a", tarfile.SYMTYPE), ("a", tarfile.CHRTYPE)],
)
def test_parcel_that_leaves_its_folder_is_refused(name: str, kind: bytes) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(InfrastructureError, match="abîmé"):
        parcels._unpacked(stream.getvalue())


def test_grounds_of_maps_travel(rendered: Project) -> None:
    ground = rendered.grounds / "ville.yml"
    ground.parent.mkdir(parents=True)
    ground.write_text("title: a", encoding="utf-8")
    folder = parcels._unpacked(parcels.pack(rendered, [planned(rendered)], encrypted=False))
    assert (folder / "data" / "reference" / "maps" / "ville.yml").read_text(encoding="utf-8") == "title: a"


def test_link_to_a_real_delivery_does_not_travel_in_clear(rendered: Project) -> None:
    path, raw = rendered.demo("essai", "2024") / "records.csv", rendered.raw("exemple", "2024") / "records.csv"
    raw.parent.mkdir(parents=True)
    path.replace(raw)
    path.symlink_to(raw)
    with pytest.raises(RunError, match="en clair"):
        parcels.pack(rendered, [planned(rendered)], encrypted=False)
