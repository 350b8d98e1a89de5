"""The command line in French: its help, its errors and its exit statuses.

Typer writes its help and its errors in English and carries its own copy of click, so that no translation
catalogue reaches them. This module is the one place that works around it: it re-words the constants of
`typer.rich_utils`, three methods of each command, and every error. What it relies on is listed in
`HELP_WORDS` and tried by tests/test_terminal.py, which fails when Typer drops or renames any of it.
"""

from __future__ import annotations

import codecs
import io
import os
import re
import sys
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from etabli.errors import EtabliError, suggestion

PROGRAM = "etabli"
MISTAKE = 1
"""Exit status of a mistake told by an `EtabliError`."""
MISUSE = 2
"""Exit status of a command line that does not hold."""
INTERRUPTED = 130
"""Exit status after Ctrl-C: 128 + SIGINT, as shells expect."""

HELP_WORDS: dict[str, str] = {
    "ARGUMENTS_PANEL_TITLE": "Arguments",
    "OPTIONS_PANEL_TITLE": "Options",
    "COMMANDS_PANEL_TITLE": "Commandes",
    "DEFAULT_STRING": "[défaut : {}]",
    "REQUIRED_LONG_STRING": "[obligatoire]",
    "ENVVAR_STRING": "[variable d’environnement : {}]",
    "DEPRECATED_STRING": "(abandonné) ",
}
"""The constants of `typer.rich_utils` that hold words, and what they say here."""

_TYPES = {"int": "entier", "float": "nombre", "str": "texte", "list": "liste", "range": "borné"}
_TYPES |= {"path": "chemin", "file": "fichier", "dir": "dossier", "datetime": "date"}
_TYPES |= dict.fromkeys(["FileText", "FileTextWrite", "FileBinaryRead", "FileBinaryWrite"], "fichier")
_EXPECTED = {"entier": "un nombre entier", "nombre": "un nombre", "texte": "un texte", "chemin": "un chemin"}
_EXPECTED |= {"fichier": "un fichier", "dossier": "un dossier", "date": "une date (2024-10-01)"}
_PATHS = {
    "does not exist.": "ce fichier ou ce dossier n’existe pas",
    "is a file.": "c’est un fichier, et un dossier est attendu",
    "is a directory.": "c’est un dossier, et un fichier est attendu",
    "is not readable.": "ce fichier ou ce dossier ne peut pas être lu",
    "is not writable.": "ce fichier ou ce dossier ne peut pas être écrit",
}
_PLAIN = {"’": "'", "«": '"', "»": '"', "œ": "oe", "Œ": "OE", "€": "EUR", "\u2212": "-", "–": "-", "—": "-", "·": "."}

_PLAIN |= {"⚠": "!"}


def run(app: typer.Typer, arguments: list[str] | None = None) -> int:
    """Run a command and return its exit status; whatever it comes to is told once, in French.

    Parameters
    ----------
    app
        The application, made with `add_completion=False`.
    arguments
        The words after the program's name (default: those of the process).

    Returns
    -------
    int
        0; 1 for an `EtabliError`; 2 for a command line that does not hold; 130 when interrupted; else the status
        of `typer.Exit`, or the whole number that the command returns. A mistake of the program itself is raised.
    """
    _accept_any_character()
    command: Any = typer.main.get_command(app)
    for each in _tree(command):
        _reword(each)
    try:
        with command.make_context(PROGRAM, list(sys.argv[1:] if arguments is None else arguments)) as context:
            result = command.invoke(context)
        sys.stdout.flush()
    except typer.Exit as end:
        return end.exit_code
    except (typer.Abort, KeyboardInterrupt, EOFError):
        tell("Interrompu.")
        return INTERRUPTED
    except EtabliError as error:
        tell(error)
        return MISTAKE
    except typer.TyperException as error:
        if type(error).__name__ != "NoArgsIsHelpError":  # it has shown the help already
            tell(explained(error))
        return error.exit_code
    except BrokenPipeError:  # « etabli … | head »: the reader has left, which is no mistake
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return MISTAKE
    return result if isinstance(result, int) and not isinstance(result, bool) else 0


def tell(message: EtabliError | str) -> None:
    """Write one message on the error output: what is wrong in bold, then its details as labelled lines.

    On a terminal lines are folded under their label, and never at a no-break space; elsewhere they are left whole.
    """
    plain = {"color_system": None} if os.environ.get("NO_COLOR") else {}
    console = Console(stderr=True, highlight=False, **plain)  # type: ignore[arg-type]  # None switches styles off
    what, details = (message, []) if isinstance(message, str) else (message.what, message.details)
    what, details = harmless(what), [(label, harmless(text)) for label, text in details]
    width = console.width if console.is_terminal else sys.maxsize
    console.print(Text(_folded(what, width), style="bold"), soft_wrap=True)
    for label, text in details:
        start = f"  {label} : "
        line = Text(_folded(text, width, start))
        line.stylize("cyan", 0, len(start))
        console.print(line, soft_wrap=True)


_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, moves of the cursor
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles, links, the clipboard
    r"|\x1b[ -/]*[0-~]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters but the tabulation and the end of a line; and those that turn the direction of writing."""


def harmless(text: str) -> str:
    r"""Return a text without what a terminal would obey: an error may quote anything.

    >>> harmless("\x1b[31mrouge\x1b[0m, \x1b]0;titre\x07fin\r")
    'rouge, fin'
    """
    return _CONTROL.sub("", _SEQUENCE.sub("", text))


def _folded(text: str, width: int, start: str = "") -> str:
    fold = partial(textwrap.fill, width=width, break_long_words=False, break_on_hyphens=False)
    first, *others = text.splitlines() or [""]
    under = " " * len(start)
    lines = [fold(first, initial_indent=start, subsequent_indent=under)]
    return "\n".join([*lines, *(fold(each, initial_indent=under, subsequent_indent=under) for each in others)])


def _accept_any_character() -> None:
    """Make both outputs write what their encoding lacks in plain letters, instead of failing."""
    codecs.register_error("etabli.plain", _in_plain_letters)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="etabli.plain")


def _in_plain_letters(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    plain = (_PLAIN.get(each) or unicodedata.normalize("NFKD", each).encode("ascii", "ignore") for each in letters)
    return "".join((each if isinstance(each, str) else each.decode()) or "?" for each in plain), error.end


# ---- help


def _tree(command: Any) -> Iterator[Any]:
    yield command
    for each in getattr(command, "commands", {}).values():
        yield from _tree(each)


def _reword(command: Any) -> None:
    """Give one command its French help; Typer makes new commands at each run, so that nothing else changes."""
    command.format_usage = partial(_format_usage, command)
    command.format_help = partial(_format_help, command)
    if hasattr(command, "subcommand_metavar"):
        command.subcommand_metavar = "COMMANDE [ARGUMENTS]…"
    for param in command.params:
        param.display_type = partial(_display_type, param)
    context = command.context_class(command, **command.context_settings)
    option = command.get_help_option(context)
    if option is not None:
        option.help = "Affiche cette aide."
        option.display_type = partial(_display_type, option)


def _format_usage(command: Any, context: Any, formatter: Any) -> None:
    pieces = " ".join(command.collect_usage_pieces(context))
    formatter.write_usage(context.command_path, pieces, prefix="Utilisation : ")


def _format_help(command: Any, context: Any, formatter: Any) -> None:
    from typer import rich_utils  # heavy, and of use to the help alone

    for name, words in HELP_WORDS.items():
        setattr(rich_utils, name, words)
    if os.environ.get("NO_COLOR"):
        rich_utils.COLOR_SYSTEM = None
    type(command).format_help(command, context, formatter)


def _display_type(param: Any, context: Any) -> str:
    shown = str(type(param).display_type(param, context))
    if shown == "<bool>":  # a switch takes no value
        return ""
    if param.type_descriptor.is_choice:
        return shown
    return re.sub(r"[A-Za-z]+", lambda word: _TYPES.get(word[0], word[0]), shown)


# ---- errors


def explained(error: typer.TyperException) -> EtabliError:
    """Return what Typer found wrong in a command line, told in French.

    The kinds of errors are known by the names of their classes, which click and Typer's copy of it share.
    """
    known = (_EXPLANATIONS[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in _EXPLANATIONS)
    what, expected, got, hint = next(known)(error)
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else PROGRAM
    help_line = f"« {path} --help » affiche l’aide"
    return EtabliError(
        what, where=path, expected=expected, got=got, hint=f"{hint} — {help_line}" if hint else help_line
    )


_Explanation = tuple[str, str | None, str | None, str | None]


def _no_such_option(error: Any) -> _Explanation:
    params = error.ctx.command.get_params(error.ctx)
    known = [name for param in params for name in (*param.opts, *param.secondary_opts) if name.startswith("-")]
    return f"Option inconnue : « {error.option_name} ».", None, None, suggestion(error.option_name, known)


def _bad_option_usage(error: Any) -> _Explanation:
    name = error.option_name
    if "does not take" in error.message:
        return f"L’option « {name} » ne prend pas de valeur.", None, None, None
    count = re.search(r"requires (\d+)", error.message)
    return f"L’option « {name} » attend {f'{count[1]} valeurs' if count else 'une valeur'}.", None, None, None


def _bad_argument_usage(error: Any) -> _Explanation:
    found = re.fullmatch(r"Argument '(.*)' takes (\d+) values\.", error.message)
    return (f"L’argument « {found[1]} » attend {found[2]} valeurs." if found else error.message), None, None, None


def _missing(error: Any) -> _Explanation:
    if error.param is None:
        return "Il manque une option ou un argument.", None, None, None
    return f"Il manque {_named(error.param)}.", _expected(error.param, error.ctx), None, error.param.help


def _bad_parameter(error: Any) -> _Explanation:
    """A value that has not its type comes with pydantic's error; any other message is the command's own."""
    what = f"Valeur refusée pour {_named(error.param)}." if error.param is not None else "Valeur refusée."
    for ending, words in _PATHS.items():
        if error.message.endswith(ending):
            path = re.search(r"'(.*)'", error.message)
            return f"{what[:-1]} : {words}.", None, path[1] if path else None, None
    cause = error.__cause__
    if isinstance(cause, OSError):
        return f"{what[:-1]} : ce fichier ne s’ouvre pas.", None, cause.filename, None
    if hasattr(cause, "errors") and error.param is not None:
        got, choices = str(cause.errors()[0]["input"]), _choices(error.param)
        return what, _expected(error.param, error.ctx), got, suggestion(got, choices) if choices else None
    return what, error.message, None, None


def _usage(error: Any) -> _Explanation:
    name = re.match(r"No such command '(.*?)'", error.message)
    if name is not None:
        return f"Commande inconnue : « {name[1]} ».", None, None, suggestion(name[1], _commands(error.ctx))
    if error.message == "Missing command.":
        return "Il manque une commande.", f"l’une de : {', '.join(_commands(error.ctx))}", None, None
    extra = re.fullmatch(r"Got unexpected extra argument\(s\) \((.*)\)", error.message, re.DOTALL)
    if extra is not None:
        return f"Argument en trop : « {extra[1]} ».", None, None, None
    return str(error.message), None, None, None


def _told_already(error: Any) -> _Explanation:
    return str(error.message), None, None, None


_EXPLANATIONS: dict[str, Callable[[Any], _Explanation]] = {
    "NoSuchOption": _no_such_option,
    "BadOptionUsage": _bad_option_usage,
    "BadArgumentUsage": _bad_argument_usage,
    "MissingParameter": _missing,
    "BadParameter": _bad_parameter,
    "UsageError": _usage,
    "TyperException": _told_already,
}


def _commands(context: Any) -> Iterable[str]:
    return [name for name, command in context.command.commands.items() if not command.hidden]


def _named(param: Any) -> str:
    if param.param_type_name == "argument":
        return f"l’argument « {param.display_name_raw} »"
    return f"l’option « {max(param.opts, key=len)} »"


def _choices(param: Any) -> list[str]:
    return [str(getattr(each, "value", each)) for each in param.type_descriptor.choices or ()]


def _expected(param: Any, context: Any) -> str:
    if _choices(param):
        return f"l’une de ces valeurs : {', '.join(_choices(param))}"
    shown = param.display_type(context).strip("<>").removesuffix(" borné")
    low = f"au moins {param.min}" if param.min is not None else None
    high = f"au plus {param.max}" if param.max is not None else None
    return ", ".join(filter(None, [_EXPECTED.get(shown, shown), low, high]))
