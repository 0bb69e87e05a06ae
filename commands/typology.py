"""`regift typology`: what can be found, with which parameters, on which engines."""

import dataclasses
import inspect
import sys
from pathlib import Path
from typing import Any

import click

from regift.commands.options import json_option, workspace_option
from regift.commands.output import print_json, print_rows
from regift.graph.snapshot import Settings
from regift.graph.workspace import Workspace
from regift.loaders.errors import UsageError
from regift.queries import ALL
from regift.queries.params import key_of, show
from regift.queries.typology import Typology
from regift.refresh.settings import params_of, read_settings


@click.group()
def command() -> None:
    """What can be found, and with which parameters."""


def _settings(workspace: Path) -> Settings:
    """Of the workspace where there is one, so that the parameters shown are those of its runs."""
    place = Workspace(workspace)
    return read_settings(place) if place.settings_file.is_file() else Settings()


def _row(typology: Typology, settings: Settings) -> dict[str, Any]:
    return {
        "typology": typology.name,
        "layer": typology.layer,
        "clause": ",".join(typology.clauses),
        "parameters": show(params_of(settings, typology.name)),
        "engines": list(typology.engines),
        "text": typology.texts.get("en", ""),
    }


@command.command(name="list")
@json_option
@workspace_option
def list_command(as_json: bool, workspace: Path) -> None:
    """Every typology, one a line."""
    settings = _settings(workspace)
    rows = [_row(typology, settings) for typology in ALL.values()]
    print_rows(rows, as_json, ("typology", "layer", "clause", "text"))


@command.command(name="show")
@click.argument("name")
@json_option
@workspace_option
def show_command(name: str, as_json: bool, workspace: Path) -> None:
    """One typology: definition, parameters, where it may be used."""
    if name not in ALL:
        raise UsageError(f"no typology {name!r}: there are {', '.join(sorted(ALL))}")
    typology, settings = ALL[name], _settings(workspace)
    if as_json:
        print_json([_row(typology, settings)])
        return
    click.echo(inspect.cleandoc(sys.modules[typology.find.__module__].__doc__ or ""))
    click.echo("")
    values = show(params_of(settings, name))
    rows = [
        {
            "parameter": key_of(field),
            "value": values[key_of(field)],
            "meaning": field.metadata["about"],
        }
        for field in dataclasses.fields(typology.params)
    ]
    print_rows(rows, False, ("parameter", "value", "meaning"))
    click.echo(
        f"\nclauses {', '.join(typology.clauses)}; engines {', '.join(typology.engines)}; "
        f"{'a fact of the records' if typology.fact else 'evidence, no fact by itself'}"
    )
