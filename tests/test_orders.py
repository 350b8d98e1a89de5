"""What a batch says before it is made."""

from __future__ import annotations

import pytest

from etabli.board import Board
from etabli.orders import tell_unfilled
from etabli.project import Project
from etabli.study import Study


@pytest.mark.parametrize(("audience", "warned"), [("internal", False), ("funder", True)])
def test_report_for_others_from_an_unfilled_study_is_warned_of(
    small_project: Project, small_study: Study, capsys: pytest.CaptureFixture[str], audience: str, *, warned: bool
) -> None:
    plan = small_study.plan({"audience": audience})
    tell_unfilled(small_project, Board.for_terminal(), [plan, plan])
    told = capsys.readouterr().err
    assert told.count("studies/essai/study.yml : encore « À compléter »") == warned
    assert told.count("commissioner") == warned
    assert told.count("minimum_people.source") == warned
