"""Public files: fetched once from a server (here, on this machine), held to their digest, read again without one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from etabli.errors import DeliveryError
from etabli.project import MIRROR_VARIABLE, Project
from etabli.sources.deliveries import find_delivery
from etabli.sources.public import fetch, mirrored
from etabli.study import PublicFile, Study

CONTENT = b"commune;population\n35238;222485\n"


class Server(ThreadingHTTPServer):
    """Serves one content at some paths, and remembers what was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content, self.asked = CONTENT, []  # type: ignore[var-annotated]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        found = self.path.endswith("/communes.csv")
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(self.server.content if found else b"")

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    served = Server()
    threading.Thread(target=served.serve_forever, args=(0.01,), daemon=True).start()
    yield served
    served.shutdown()
    served.server_close()


def declared(server: Server, content: bytes = CONTENT, path: str = "/data/communes.csv") -> PublicFile:
    return PublicFile(url=server.address + path, sha256=sha256(content).hexdigest(), licence="Licence Ouverte 2.0")


def test_file_is_fetched_once_and_then_read_without_the_server(server: Server, tmp_path: Path) -> None:
    public = declared(server)
    path = fetch(public, tmp_path, "communes.csv")
    assert path.read_bytes() == CONTENT
    assert path.name == "communes.csv"
    server.shutdown()
    assert fetch(public, tmp_path, "communes.csv") == path
    assert server.asked == ["/data/communes.csv"]


def test_other_content_is_refused_and_not_kept(server: Server, tmp_path: Path) -> None:
    server.content = b"page d'erreur"
    with pytest.raises(DeliveryError, match="n’est pas celui que l’étude déclare") as raised:
        fetch(declared(server), tmp_path, "communes.csv")
    assert sha256(CONTENT).hexdigest()[:12] in str(raised.value.expected)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_damaged_copy_is_fetched_again(server: Server, tmp_path: Path) -> None:
    path = fetch(declared(server), tmp_path, "communes.csv")
    path.write_bytes(b"x")
    assert fetch(declared(server), tmp_path, "communes.csv").read_bytes() == CONTENT
    assert len(server.asked) == 2


def test_new_version_leaves_the_former_one(server: Server, tmp_path: Path) -> None:
    former = fetch(declared(server), tmp_path, "communes.csv")
    server.content = b"commune;population\n35238;230000\n"
    assert fetch(declared(server, server.content), tmp_path, "communes.csv").read_bytes() == server.content
    assert former.read_bytes() == CONTENT


def test_absent_file_and_absent_server_are_told_apart(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="n’a pas pu être téléchargé") as raised:
        fetch(declared(server, path="/ailleurs.csv"), tmp_path, "communes.csv")
    assert raised.value.got == "le serveur répond « 404 »"
    public = declared(server)
    server.shutdown()
    server.server_close()
    with pytest.raises(DeliveryError, match="n’a pas pu être téléchargé") as raised:
        fetch(public, tmp_path, "communes.csv")
    assert raised.value.got == "le serveur ne répond pas"
    assert MIRROR_VARIABLE in str(raised.value.hint)


def test_mirror_stands_for_the_host(server: Server, tmp_path: Path) -> None:
    public = PublicFile(
        url="https://www.insee.invalid/data/communes.csv", sha256=sha256(CONTENT).hexdigest(), licence="Licence Ouverte"
    )
    assert mirrored(public.url, server.address) == f"{server.address}/www.insee.invalid/data/communes.csv"
    assert fetch(public, tmp_path, "communes.csv", mirror=server.address).read_bytes() == CONTENT
    assert server.asked == ["/www.insee.invalid/data/communes.csv"]


@pytest.mark.parametrize(("edition", "origin"), [("2024-T4", "public"), ("public", "public"), ("demo", "demo")])
def test_public_source_is_found_by_fetching_it_except_among_fictional_data(
    server: Server, project: Project, study: Study, monkeypatch: pytest.MonkeyPatch, edition: str, origin: str
) -> None:
    monkeypatch.delenv(MIRROR_VARIABLE, raising=False)
    source = study.sources["visits"].model_copy(update={"file": "communes.csv", "public": declared(server)})
    public = study.model_copy(update={"sources": {"visits": source}})
    folder = project.demo("caf-flows", "demo")
    folder.mkdir(parents=True)
    (folder / "communes.csv").write_bytes(b"demo")
    found = find_delivery(project, public, "visits", edition, provider="insee")
    assert found.origin == origin
    assert bool(server.asked) is (origin == "public")
    if origin == "public":
        assert found.shown.startswith("data/cache/public/")


@pytest.mark.parametrize("url", ["ftp://a/b", "http://a", "file:///etc/passwd", "https://a/b c"])
def test_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        PublicFile(url=url, sha256="0" * 64, licence="x")
