"""The `etabli` command, in French: one module a noun, one thin function a command; the work is done below."""

from __future__ import annotations

from typing import Annotated

import typer

from etabli.cli import batches, codebooks, deliveries, people, releases, reports, studies

app = typer.Typer(
    name="etabli",
    help="L’établi des études sociales : une étude déclarée une fois, rejouée sur chaque livraison.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _say_version(*, asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"etabli {version('etabli')}")
        raise typer.Exit


@app.callback()
def main(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Dit la version d’etabli.",
            is_eager=True,
            callback=lambda value: _say_version(asked=value),
        ),
    ] = False,
) -> None:
    """L’établi des études sociales : une étude déclarée une fois, rejouée sur chaque livraison."""


def joined_parameters(arguments: list[str]) -> list[str]:
    """Write each `-p NAME VALUE` as `-p NAME=VALUE`: typer has no repeated option of two values.

    >>> joined_parameters(["run", "sortir", "-p", "year", "2022", "-p", "a=b"])
    ['run', 'sortir', '-p', 'year=2022', '-p', 'a=b']
    """
    rest, joined = list(arguments), []
    while rest:
        word = rest.pop(0)
        joined.append(word)
        if word in reports.PARAMETER and len(rest) >= 2 and "=" not in rest[0]:
            name, value = rest.pop(0), rest.pop(0)
            joined.append(f"{name}={value}")
    return joined


# The order of `etabli --help`.
app.command("run")(reports.run_one)
app.command("batch")(batches.run_many)
app.command("list")(reports.list_runs)
app.command("why")(batches.explain_run)
app.command("diff")(reports.compare_reports)
app.command("verify")(reports.verify_report)
app.command("pdf")(reports.print_reports)
app.command("docx")(reports.write_documents)
app.command("restitute")(reports.restitute)
app.command("release")(releases.release_report)
app.command("publish")(releases.publish_reports)
app.command("audit")(releases.audit_releases)
app.command("retract")(releases.retract_release)
app.add_typer(deliveries.app, name="deliveries")
app.command("register")(deliveries.write_processing_register)
app.add_typer(people.keys, name="key")
app.command("withdraw")(people.withdraw)
app.command("scan")(people.scan)
app.command("clean")(batches.clean)
app.command("demo")(studies.make_demo_data)
app.command("new")(studies.new_study)
app.add_typer(codebooks.codebook, name="codebook")
app.command("check")(codebooks.check_deliveries)
app.add_typer(codebooks.edition, name="edition")
app.command("schema")(studies.write_schemas)
app.command("notebooks")(studies.check_notebooks)
app.command("lab", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})(studies.lab)
