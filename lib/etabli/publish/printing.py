"""A report printed as PDF by a Chromium that is installed: tagged, with an outline, from its page alone.

The PDF lies beside its report and is no part of it: it can be made again at any time. The manifest keeps its digest,
so that no other one is taken for it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from etabli.disclosure.printed import CREATOR, PRINTED, printed_complaint
from etabli.disclosure.workbook import WORKBOOK
from etabli.errors import RunError
from etabli.project import Project
from etabli.publish.derived import keep, report_page
from etabli.runs.disk import disk_error
from etabli.runs.manifest import Manifest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
"""Names under which Chromium is installed."""

_OF_MACOS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)

SECONDS = 120.0
"""After which a browser that prints is ended: a report takes two or three."""

_OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # it finds no machine
    "--no-pdf-header-footer",  # the style of the report has its own, without path or hour
    "--export-tagged-pdf",
    "--generate-pdf-document-outline",
)

_POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
)
"""No script runs while it is printed, nothing is fetched: internal reports show raw outputs too."""


def print_report(project: Project, folder: Path, *, seconds: float = SECONDS) -> Path:
    """Print a report as PDF, beside it, and return the file.

    Raises
    ------
    RunError
        The folder is not that of a whole report, Chromium is not there, fails or takes too long, the disk refuses.
    GateError
        The PDF holds what no report may.
    """
    manifest, page = report_page(project, folder)
    return keep_print(project, folder, manifest, PRINTED, page, seconds=seconds)


def keep_print(
    project: Project, folder: Path, manifest: Manifest, name: str, page: str, *, seconds: float = SECONDS
) -> Path:
    """Print a page of a report's folder as PDF, beside it, and return the file.

    Raises
    ------
    RunError
        Chromium is not there, fails or takes too long, the disk refuses.
    GateError
        The PDF holds what no report may.
    """
    try:
        content, private = printed(project, folder, manifest, page, seconds=seconds)
        complaint = printed_complaint(content, page=page, private=private)
        return keep(project, folder, manifest, name, content, complaint)
    except OSError as error:
        raise disk_error("Le PDF n’a pas pu être écrit.", error, project, folder / name) from None


def printed(
    project: Project, folder: Path, manifest: Manifest, page: str, *, seconds: float = SECONDS
) -> tuple[bytes, tuple[str, ...]]:
    """Return a page of a report's folder as PDF, which nobody has looked into, and texts that must not be in it.

    Raises
    ------
    RunError
        Chromium is not there, fails or takes too long.
    OSError
        The disk refuses.
    """
    browser = find_browser()
    with tempfile.TemporaryDirectory(prefix="etabli-") as work:
        content = _dated(_printed(browser, page, Path(work), seconds, project.relative(folder)), manifest)
        return content, (str(project.root.resolve()), str(Path.home()), work)


def pages_in(content: bytes) -> int:
    """Return how many pages a PDF of Chromium has.

    >>> pages_in(b"<</Type /Pages /Count 2>> <</Type /Page>> <</Type /Page>>")
    2
    """
    return len(re.findall(rb"/Type /Page\b", content))


def find_browser() -> str:
    """Return the path of an installed Chromium.

    Raises
    ------
    RunError
        There is none.
    """
    found = next(filter(None, map(shutil.which, (*BROWSERS, *_OF_MACOS))), None)
    if found is None:
        raise RunError(
            "Chromium n’est pas installé : le PDF ne peut pas être fait.",
            expected=f"l’une de ces commandes : {', '.join(BROWSERS)}",
            hint="make browser l’installe sous Debian et Ubuntu ; le rapport s’imprime aussi depuis tout navigateur",
        )
    return found


def _printed(browser: str, page: str, work: Path, seconds: float, shown: str) -> bytes:
    """Return the PDF of a page, printed from a folder of its own: no way leads to the files beside it."""
    source, target = work / "page.html", work / PRINTED
    alone = page.replace(f' href="{WORKBOOK}"', "")  # a PDF would hold it from the root of the disk
    source.write_text(alone.replace("<head>", f"<head>{_POLICY}", 1), encoding="utf-8")
    options = [*_OPTIONS, f"--user-data-dir={work / 'profile'}", f"--print-to-pdf={target}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--no-sandbox")  # Chromium refuses to start otherwise; the page runs no script
    surroundings = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP") if name in os.environ}
    with (work / "told").open("wb") as told:
        process = subprocess.Popen(
            [browser, *options, source.as_uri()],
            cwd=work,
            env={**surroundings, "HOME": str(work), "LANG": "fr_FR.UTF-8", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=told,
            start_new_session=True,
        )
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            got = f"rien au bout de {seconds:.0f} secondes"
        else:
            got = f"le statut {process.returncode}"
        finally:
            _end(process)
    if not target.is_file():
        raise RunError("Chromium n’a pas imprimé le rapport.", where=shown, got=got, hint="essayez de nouveau")
    return target.read_bytes()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a browser with all its children, which are a group."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _dated(content: bytes, manifest: Manifest) -> bytes:
    """Return a PDF that tells when its report was made, and not when and on which system it was printed.

    What is replaced keeps its length: places in a PDF are counted from its beginning.
    """
    made = datetime.fromisoformat(manifest.started).strftime("%Y%m%d%H%M%S").encode()
    content = re.sub(rb"(/(?:Creation|Mod)Date \(D:)\d{14}", rb"\g<1>" + made, content)
    return re.sub(rb"/Creator \((?:\\.|[^\\)])*\)", lambda found: _padded(found[0]), content, count=1)


def _padded(former: bytes) -> bytes:
    return (b"/Creator (" + CREATOR + b")").ljust(len(former))
