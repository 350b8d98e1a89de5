"""`jupyter nbconvert --template etabli`: the page of an executed notebook, made as `etabli run` makes it, or nothing.

The installed template (`nbconvert/etabli/`) has no page of its own. Its `conf.json` names the preprocessor below, which
nbconvert calls after all others; the template prints the page that it leaves. There is no other way past the gate.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from nbconvert.nbconvertapp import NbConvertApp
from nbconvert.preprocessors import Preprocessor
from nbformat.v4 import new_notebook

from etabli.agreements import read_agreements
from etabli.disclosure.gate import clearance_of
from etabli.disclosure.policy import policy_for
from etabli.errors import EtabliError, RunError
from etabli.project import Project, find_project
from etabli.publish.export import REPORT, hold_for_leaving, write_report
from etabli.runs.execute import Executed, held, manifest_of
from etabli.runs.manifest import now_utc
from etabli.runs.outcome import Usage
from etabli.sources.admission import hold_edition
from etabli.study import read_study

PAGE = "etabli_page"
"""Name under which the installed template finds the page."""


class WholePage(Preprocessor):
    """Puts the page of an executed notebook in nbconvert's resources, and hands nothing else of it on."""

    def preprocess(self, notebook: Any, resources: Any) -> tuple[Any, Any]:
        """Return an empty notebook, and the resources with the page.

        Raises
        ------
        EtabliError
            The notebook was not executed to its end, or something of it may not leave. The command
            `jupyter nbconvert` ends with that message and status 1, and writes nothing.
        """
        shown = f"{resources.get('metadata', {}).get('name') or 'notebook'}.ipynb"
        try:
            resources[PAGE] = page_of(find_project(), notebook, shown=shown)
        except EtabliError as error:
            if NbConvertApp.initialized():  # the command: its own report of an error is a traceback
                raise SystemExit(str(error)) from None
            raise
        return new_notebook(), resources


def page_of(project: Project, notebook: Any, *, shown: str) -> str:
    """Return the page of an executed notebook, held as all files of a report are.

    Parameters
    ----------
    notebook
        An executed notebook of a study of the project; the run is the one that its report was opened for.
    shown
        How messages name it.

    Raises
    ------
    EtabliError
        It was not executed to its end, its study or agreements do not allow it today, or something may not leave.
    """
    executed = _executed(project, notebook, shown)
    with tempfile.TemporaryDirectory(prefix="etabli-") as work:
        staged = Path(work) / "report"
        write_report(executed, staged, with_workbook=False)
        hold_for_leaving(project, executed.study, executed.plan, staged)
        return (staged / REPORT).read_text(encoding="utf-8")


def _executed(project: Project, notebook: Any, shown: str) -> Executed:
    """Return an executed notebook as a run would have."""
    payload = clearance_of(notebook, shown=shown).payload
    try:
        study = read_study(project, payload["study"])
        plan = study.plan(payload["parameters"])
        policy_for(list(read_agreements(project, study).values()), plan.audience, recipient=plan.recipient)
        hold_edition(project, study, plan.edition, day=date.today())  # noqa: DTZ011  # an agreement's days are local
        clearance = held(notebook, plan, shown=shown)
        started, seconds = _times(notebook, shown)
        manifest = manifest_of(study, plan, clearance, started=now_utc(started), seconds=seconds)
    except KeyError as error:
        raise RunError(
            "La clôture de ce notebook n’est pas de cette version d’etabli.",
            where=shown,
            expected=f"un champ {error}",
            hint="exécutez-le de nouveau",
        ) from None
    return Executed(study, plan, notebook, clearance, manifest, Usage(0.0, None, 0.0, ""))


def _times(notebook: Any, shown: str) -> tuple[datetime, float]:
    """Return when a notebook was executed, and in how many seconds, as papermill or nbconvert noted it in it."""
    cells = [each["metadata"].get("execution", {}) for each in notebook["cells"] if each["cell_type"] == "code"]
    noted = notebook["metadata"].get("papermill", {})
    begun = noted.get("start_time") or next((each[_BEGUN] for each in cells if _BEGUN in each), None)
    ended = noted.get("end_time") or next((each[_ENDED] for each in reversed(cells) if _ENDED in each), None)
    try:
        started, stopped = (datetime.fromisoformat(str(each)).astimezone(UTC) for each in (begun, ended))
    except ValueError:
        raise RunError(
            "Ce notebook ne dit pas quand il a été exécuté.",
            where=shown,
            hint="exécutez-le par papermill, ou par jupyter nbconvert --execute",
        ) from None
    return started, round((stopped - started).total_seconds(), 1)


_BEGUN, _ENDED = "iopub.execute_input", "shell.execute_reply"
