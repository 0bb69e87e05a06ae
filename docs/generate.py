"""Write docs/cli.md, docs/typologies.md and the tables of docs/enforcement.md from code and data.

`--check` fails if they drifted.
"""

import dataclasses
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parent))

import policy_part
from markers import ROOT, put

from regift.cli import cli
from regift.queries import ALL
from regift.queries.params import key_of
from regift.queries.typology import Typology

WIDTH = 100
ENFORCEMENT = ROOT / "docs" / "enforcement.md"


def commands(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    """Every command's full name and help, depth first, by name."""
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from commands(inner, click.Context(inner, parent=context, info_name=name))


def cli_page() -> str:
    """docs/cli.md: help at a fixed width, whatever the terminal."""
    context = click.Context(
        cli,
        info_name="regift",
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        **cli.context_settings,
    )
    parts = ["# The command line\n\nThe help of every command; `make docs` writes this page.\n"]
    parts += [f"## {name}\n\n```text\n{text}\n```\n" for name, text in commands(cli, context)]
    return "\n".join(parts)


def typology_part(typology: Typology) -> str:
    """One typology: what it is, its parameters, what the rest of regift knows of it."""
    module = sys.modules[typology.find.__module__]
    fields = dataclasses.fields(typology.params)
    rows = [f"| `{key_of(f)}` | `{f.metadata['text']}` | {f.metadata['about']} |" for f in fields]
    table = ["| parameter | default | meaning |", "|---|---|---|", *rows] if rows else []
    known = (
        f"Layer {typology.layer} · family {typology.family} · clauses "
        f"{', '.join(typology.clauses)} · engines {', '.join(typology.engines)} · "
        f"{'a fact of the records' if typology.fact else 'evidence, no fact by itself'} · "
        f"ids `{typology.prefix}-…`"
    )
    return "\n".join(
        [
            f"## {typology.name}\n",
            f"{known}\n",
            f"```text\n{inspect.cleandoc(module.__doc__ or '')}\n```\n",
            *table,
            "",
        ]
    )


def typologies_page() -> str:
    """docs/typologies.md: every typology in the order of the registry."""
    head = (
        "# Typologies\n\n"
        "What each search finds, exactly: the words stand in the file that does the search, and\n"
        "`make docs` writes this page from them. How custody, entities, cases and the rest of the\n"
        "definitions (D-1 to D-17) are meant is in [definitions.md](definitions.md).\n\n"
        "A default shorter than five units of the workspace's clock gives way to its coarse tier\n"
        "(72h to 30d, 24h to 10d, 48h to 15d); `regift config show` lists what is in force.\n"
    )
    return "\n".join([head, *(typology_part(typology) for typology in ALL.values())])


def main(check: bool) -> int:
    """1 if a page had drifted under `check`."""
    fresh = [
        put(ROOT / "docs" / "cli.md", cli_page(), check),
        put(ROOT / "docs" / "typologies.md", typologies_page(), check),
        put(ENFORCEMENT, policy_part.page(ENFORCEMENT), check),
    ]
    return 0 if all(fresh) else 1


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
