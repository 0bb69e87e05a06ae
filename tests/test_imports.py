"""`regift --help` answers at once: it imports nothing heavy; every command and option has help."""

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

HEAVY = {
    "duckdb",
    "ladybug",
    "llvmlite",
    "matplotlib",
    "neo4j",
    "networkx",
    "numba",
    "numpy",
    "pandas",
    "pyarrow",
    "pyspark",
    "scipy",
    "sqlalchemy",
    "xlsxwriter",
}
PROBE = """
import sys
from regift.cli import main
sys.argv = ["regift", *{arguments!r}]
try:
    main()
except SystemExit as leave:
    assert not leave.code, leave.code
print(*sorted({heavy!r} & set(sys.modules)), file=sys.stderr)
"""


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name, groups included."""
    from regift.cli import cli

    def walk(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
        yield name, command
        if isinstance(command, click.Group):
            context = click.Context(command)
            for inner in command.list_commands(context):
                found = command.get_command(context, inner)
                assert found is not None, f"{name} lists {inner} and does not have it"
                yield from walk(f"{name} {inner}".strip(), found)

    yield from walk("", cli)


def imported_by(arguments: list[str]) -> list[str]:
    """Heavy libraries that a run with these arguments has loaded when it ends."""
    child = subprocess.run(
        [sys.executable, "-c", PROBE.format(arguments=arguments, heavy=HEAVY)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    return child.stderr.split()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["-h"]], ids=" ".join)
def test_help_is_light(arguments: list[str]) -> None:
    assert imported_by(arguments) == []


def test_listed_sentence_is_the_commands_own() -> None:
    """`regift --help` prints sentences it holds itself; they say what the commands say."""
    from regift.cli import COMMANDS

    own = {name: command.help for name, command in commands() if name in COMMANDS}
    assert own.keys() == COMMANDS.keys()
    for name, (_, listed) in COMMANDS.items():
        assert " ".join((own[name] or "").split()).startswith(listed)


def test_every_command_and_option_has_help() -> None:
    lacking = []
    for name, command in commands():
        if not command.help:
            lacking.append(f"regift {name}".strip())
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.help:
                lacking.append(f"regift {name} {parameter.opts[0]}")
    assert lacking == []
