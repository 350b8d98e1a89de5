"""The command line speaks French, whatever it comes to."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

import pytest
import typer
from typer import rich_utils

from etabli import terminal
from etabli.errors import EtabliError, ProjectError
from etabli.french import NBSP

ENGLISH = re.compile(
    r"\b(usage:|commands?\b(?! )|error|missing|no such|try|default|required|show this|invalid|input|should|requires"
    r"|does not|unexpected|extra|did you|aborted|env var|deprecated|path|file\w*|directory|int|str|bool|float|value)\b",
    re.IGNORECASE,
)
"""Words of Typer, click and pydantic that no reader should meet."""


class Audience(Enum):
    internal = "internal"
    public = "public"


app = typer.Typer(add_completion=False, no_args_is_help=True, help="Un exemple.")
nested = typer.Typer(no_args_is_help=True, help="Des commandes rangées ensemble.")
app.add_typer(nested, name="ensemble")


@nested.command("dire")
def nested_say(mot: str) -> None:
    """Dit un mot."""
    typer.echo(mot)


@app.command("faire")
def do(  # one parameter of each kind that Typer describes in its own way
    etude: Annotated[str, typer.Argument(help="Le nom de l’étude.")],
    edition: Annotated[str, typer.Option(help="L’édition.", envvar="DEMO_EDITION", show_envvar=True)] = "2024-T4",
    audience: Annotated[Audience, typer.Option(help="Qui lit.")] = Audience.internal,
    canal: Annotated[Literal["rdv", "tous"], typer.Option(help="Le canal.")] = "tous",
    seuil: Annotated[int, typer.Option(min=2, max=9, help="Le seuil.")] = 5,
    part: Annotated[float, typer.Option(help="Une part.")] = 0.5,
    jour: Annotated[datetime | None, typer.Option(help="Un jour.")] = None,
    fichier: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Un fichier.")] = None,
    dossier: Annotated[Path | None, typer.Option(exists=True, file_okay=False, help="Un dossier.")] = None,
    texte: Annotated[typer.FileText | None, typer.Option(help="Un texte à lire.")] = None,
    bornes: Annotated[tuple[int, int], typer.Option(help="Deux bornes.")] = (1, 2),
    vite: Annotated[bool, typer.Option("--vite", help="Plus vite.")] = False,
    cle: Annotated[list[str] | None, typer.Option(help="Des clés.")] = None,
) -> None:
    """Fait une chose."""
    typer.echo(f"{etude} {edition} {seuil}")


@app.command("devoir", deprecated=True)
def must(nom: Annotated[str, typer.Option(help="Un nom.")]) -> None:
    """Exige un nom."""
    typer.echo(nom)


@app.command("couple")
def pair(deux: Annotated[tuple[int, int], typer.Argument(help="Deux nombres.")]) -> None:
    """Prend deux nombres."""
    typer.echo(str(deux))


@app.command("finir")
def end(comment: str) -> int:
    """Finit d’une façon ou d’une autre."""
    if comment == "erreur":
        raise ProjectError("L’étude « x » n’existe pas.", where="studies", hint="vouliez-vous dire « y » ?")
    if comment == "interruption":
        raise KeyboardInterrupt
    if comment == "abandon":
        raise typer.Abort
    if comment == "refus":
        raise typer.BadParameter("un mot que la commande connaît")
    if comment == "sept":
        raise typer.Exit(7)
    if comment == "panne":
        raise ZeroDivisionError("une faute du programme")
    return 3


Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.delenv("FORCE_COLOR", raising=False)


def fails(capsys: Capture, *arguments: str) -> str:
    """Run a command line that does not hold; return the one message that it gives."""
    assert terminal.run(app, list(arguments)) == terminal.MISUSE
    out, err = capsys.readouterr()
    assert out == ""
    assert not ENGLISH.search(err.replace("--help", "")), err
    return err


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["faire", "--help"], ["devoir", "--help"], ["couple", "--help"], ["ensemble", "--help"]],
    ids=" ".join,
)
def test_help_has_no_english_word(capsys: Capture, arguments: list[str]) -> None:
    assert terminal.run(app, arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "Utilisation : etabli" in out
    assert "Affiche cette aide." in out
    assert not ENGLISH.search(out.replace("--help", "")), out


def test_help_of_a_command_says_types_defaults_and_duties(capsys: Capture) -> None:
    terminal.run(app, ["faire", "--help"])
    out = capsys.readouterr().out
    for words in ("<texte>", "<entier borné>", "<nombre>", "<fichier>", "<dossier>", "<internal|public>", "x<=9"):
        assert words in out
    for words in ("[défaut : 2024-T4]", "[obligatoire]", "[variable d’environnement : DEMO_EDITION]"):
        assert words in out


def test_help_of_a_group_lists_its_commands(capsys: Capture) -> None:
    terminal.run(app, ["--help"])
    out = capsys.readouterr().out
    assert "COMMANDE [ARGUMENTS]…" in out
    assert "Commandes" in out
    assert "(abandonné)" in out
    assert "completion" not in out


def test_no_arguments_show_the_help_once(capsys: Capture) -> None:
    assert terminal.run(app, []) == terminal.MISUSE
    out, err = capsys.readouterr()
    assert out.count("Utilisation") == 1
    assert err == ""


@pytest.mark.parametrize("name", terminal.HELP_WORDS)
def test_typer_still_has_the_constant(name: str) -> None:
    assert isinstance(getattr(rich_utils, name), str)
    assert name in Path(rich_utils.__file__).read_text(encoding="utf-8").replace(f"{name} =", "", 1)


def test_typer_still_has_a_color_system() -> None:
    assert hasattr(rich_utils, "COLOR_SYSTEM")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["fiare"], ["Commande inconnue : « fiare ».", "vouliez-vous dire « faire » ?"]),
        (["zzz"], ["Commande inconnue : « zzz ».", "noms connus : ", "faire"]),
        (["faire", "x", "--edtion", "y"], ["Option inconnue : « --edtion ».", "« --edition »", "où : etabli faire"]),
        (["faire"], ["Il manque l’argument « etude ».", "Le nom de l’étude."]),
        (["devoir"], ["Il manque l’option « --nom ».", "un texte"]),
        (["faire", "x", "y", "z"], ["Argument en trop : « y z »."]),
        (["faire", "x", "--vite=1"], ["L’option « --vite » ne prend pas de valeur."]),
        (["faire", "x", "--edition"], ["L’option « --edition » attend une valeur."]),
        (["faire", "x", "--bornes", "1"], ["L’option « --bornes » attend 2 valeurs."]),
        (["couple", "1"], ["L’argument « deux » attend 2 valeurs."]),
        (
            ["faire", "x", "--seuil", "deux"],
            ["pour l’option « --seuil ».", "un nombre entier, au moins 2", "reçu : deux"],
        ),
        (["faire", "x", "--seuil", "1"], ["attendu : un nombre entier, au moins 2, au plus 9", "reçu : 1"]),
        (["faire", "x", "--seuil", "10"], ["reçu : 10"]),
        (["faire", "x", "--part", "q"], ["attendu : un nombre", "reçu : q"]),
        (["faire", "x", "--jour", "q"], ["reçu : q"]),
        (["faire", "x", "--audience", "publc"], ["internal, public", "vouliez-vous dire « public » ?"]),
        (["faire", "x", "--canal", "q"], ["rdv, tous"]),
        (["faire", "x", "--fichier", "absent"], ["ce fichier ou ce dossier n’existe pas", "reçu : absent"]),
        (["faire", "x", "--fichier", "."], ["c’est un dossier, et un fichier est attendu"]),
        (["faire", "x", "--dossier", __file__], ["c’est un fichier, et un dossier est attendu"]),
        (["faire", "x", "--texte", "absent"], ["ce fichier ne s’ouvre pas", "reçu : absent"]),
        (["finir", "refus"], ["Valeur refusée.", "un mot que la commande connaît"]),
        (["ensemble", "dier"], ["Commande inconnue : « dier ».", "où : etabli ensemble"]),
    ],
    ids=lambda each: " ".join(each[:4]) if isinstance(each, list) else "",
)
def test_misuse_is_told_in_french(capsys: Capture, arguments: list[str], words: list[str]) -> None:
    err = fails(capsys, *arguments)
    for each in words:
        assert each in err
    assert "--help » affiche l’aide" in err


def test_missing_command_lists_the_commands(capsys: Capture) -> None:
    plain = typer.Typer(add_completion=False)
    plain.command("un")(lambda: None)
    plain.command("deux")(lambda: None)
    assert terminal.run(plain, []) == terminal.MISUSE
    assert "l’une de : un, deux" in capsys.readouterr().err


def test_boundary_values_are_accepted(capsys: Capture) -> None:
    for seuil in ("2", "9"):
        assert terminal.run(app, ["faire", "x", "--seuil", seuil]) == 0
    assert capsys.readouterr().out == "x 2024-T4 2\nx 2024-T4 9\n"


def test_mistake_is_one_message_without_a_traceback(capsys: Capture) -> None:
    assert terminal.run(app, ["finir", "erreur"]) == terminal.MISTAKE
    assert capsys.readouterr().err == (
        "L’étude « x » n’existe pas.\n  où : studies\n  conseil : vouliez-vous dire « y » ?\n"
    )


@pytest.mark.parametrize("how", ["interruption", "abandon"])
def test_interruption_has_the_status_that_shells_expect(capsys: Capture, how: str) -> None:
    assert terminal.run(app, ["finir", how]) == 130
    assert capsys.readouterr().err == "Interrompu.\n"


def test_exit_status_is_passed_through() -> None:
    assert terminal.run(app, ["finir", "sept"]) == 7
    assert terminal.run(app, ["finir", "autre"]) == 3


def test_fault_of_the_program_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        terminal.run(app, ["finir", "panne"])


def test_message_on_a_terminal_is_folded_under_its_label(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "31")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    terminal.tell(EtabliError("Une part.", expected=f"un pourcentage sous 12{NBSP}% du total"))
    assert capsys.readouterr().err == f"Une part.\n  attendu : un pourcentage sous\n            12{NBSP}% du total\n"


def test_message_off_a_terminal_keeps_its_lines_whole(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    path = "studies/" + "x" * 60 + "/study.yml"
    terminal.tell(EtabliError("Une [chose].", where=path + " et la suite", got="deux\nlignes"))
    assert capsys.readouterr().err == f"Une [chose].\n  où : {path} et la suite\n  reçu : deux\n         lignes\n"


def test_message_gives_no_order_to_the_terminal(capsys: Capture) -> None:
    osc, csi = "\x1b]52;c;bWFs\x07", "\x1b[2J\x1b[31m"
    terminal.tell(EtabliError(f"Une{csi} chose.", got=f"{osc}a\x1b]0;t\x1b\\b\x9b2Jc\r\x08d\u202ee\nf"))
    told = capsys.readouterr().err
    assert told.splitlines() == ["Une chose.", "  reçu : ab2Jcde", "         f"]


def test_message_on_a_terminal_has_its_first_line_in_bold(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal.tell(EtabliError("Une chose.", where="ici"))
    assert capsys.readouterr().err.startswith("\x1b[1mUne chose.\x1b[0m\n")


SCRIPT = """
import sys, typer
from etabli import terminal
app = typer.Typer(add_completion=False)
@app.command("un")
def one():
    "Affiche les « étés » d’une œuvre."
    for i in range(20000):
        typer.echo("été « œuvre » 25\u202f000 €")
@app.command("deux")
def two(): pass
sys.exit(terminal.run(app))
"""


def run_script(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    settings = {**os.environ, **environment}
    command = [sys.executable, "-c", SCRIPT, *arguments]
    return subprocess.run(command, env=settings, capture_output=True, check=False, timeout=60)


def test_ascii_terminal_reads_plain_letters() -> None:
    done = run_script("--help", PYTHONIOENCODING="ascii", COLUMNS="80")
    assert done.returncode == 0, done.stderr
    assert b'Affiche les " etes " d\'une oeuvre.' in done.stdout
    wrong = run_script("trois", PYTHONIOENCODING="ascii")
    assert wrong.returncode == terminal.MISUSE
    assert wrong.stderr.startswith(b'Commande inconnue : " trois ".')


def test_windows_code_page_keeps_the_accents_that_it_has() -> None:
    done = run_script("un", PYTHONIOENCODING="cp1252")
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode("cp1252").splitlines()[0] == "été « œuvre » 25 000 €"


def test_reader_that_leaves_early_is_no_crash() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "un"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == terminal.MISTAKE
