"""The command line: a list of commands, each imported only when it is asked for.

`regift --help` must answer at once, so nothing here imports DuckDB, Arrow or Numba; the first
sentence of every command stands in `COMMANDS` and a test holds it equal to the command's own.
"""

import importlib
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import click
from click.exceptions import NoArgsIsHelpError

import regift

COMMANDS: dict[str, tuple[str, str]] = {
    "allow": ("regift.commands.allow", "Accounts that no measure is proposed against."),
    "audit": ("regift.commands.audit", "Check the log of what people decided."),
    "calibrate": ("regift.commands.calibrate", "Learn how much of what is found chance explains."),
    "case": ("regift.commands.case", "Cases: findings that belong together."),
    "certificate": (
        "regift.commands.certificate",
        "Cooperation certificates: who may sell, whose proof is due.",
    ),
    "config": ("regift.commands.config", "Show settings and where each came from."),
    "demo": ("regift.commands.demo", "Show the whole way on a planted world."),
    "enforce": ("regift.commands.enforce", "Measures: plan, decide, hand over, look at again."),
    "evaluate": ("regift.commands.evaluate", "Recall, precision, misses and false alarms by name."),
    "explain": ("regift.commands.explain", "Why a case, an account or a finding is listed."),
    "export": ("regift.commands.export", "Write suspects, findings, cases or graphs to a file."),
    "find": ("regift.commands.find", "Find one typology; a scheduled run's findings are read."),
    "forget": ("regift.commands.forget", "Accounts whose personal data is erased."),
    "gc": ("regift.commands.gc", "Remove files that no kept generation needs."),
    "generations": (
        "regift.commands.generations",
        "Earlier states of the workspace: which are kept, and why.",
    ),
    "inbox": ("regift.commands.inbox", "Load files that appear in folders, once."),
    "link": ("regift.commands.link", "Accounts that stand behind one controller."),
    "load": ("regift.commands.load", "Load records from files."),
    "policy": ("regift.commands.policy", "The rule that measures follow: packs, clauses, ladder."),
    "query": ("regift.commands.query", "Ask the generation in SQL, read-only."),
    "rank": ("regift.commands.rank", "Rank cases, accounts, entities or operators."),
    "refresh": ("regift.commands.refresh", "Take in staged loads and search what they touch."),
    "rejects": ("regift.commands.rejects", "Rows that could not be loaded."),
    "simulate": ("regift.commands.simulate", "Write a simulated world and its truth."),
    "status": ("regift.commands.status", "What the workspace holds and what was searched."),
    "trace": ("regift.commands.trace", "Follow an item or money from hand to hand."),
    "typology": ("regift.commands.typology", "What can be found, and with which parameters."),
    "withdraw": ("regift.commands.withdraw", "Withdraw records by their keys."),
}
"""Name -> module and first sentence of its help."""


class Commands(click.Group):
    """A group that imports a command when it runs or when its own help is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[cmd_name][0]).command
        _leave_pandas_out()
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of `--help`, without importing a single command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-w",
    "--workspace",
    "workspace",
    type=click.Path(),
    help="Workspace folder [env REGIFT_WORKSPACE, default ./regift-workspace].",
)
@click.version_option(regift.__version__, prog_name="regift")
@click.pass_context
def cli(ctx: click.Context, workspace: str | None) -> None:
    """Find circulation beyond first-level gifts in gift and transfer records."""
    ctx.ensure_object(dict)["workspace"] = workspace


class _NoPandas:
    """A finder by which pandas is not installed."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        """Refuse pandas, say nothing of other modules."""
        if name == "pandas":
            raise ModuleNotFoundError(name)


def _leave_pandas_out() -> None:
    """Let Arrow do without pandas, whose import takes 0.25 s of processor time.

    Arrow imports it at the first array that it makes, to know a series when it is given one. No
    command gives it one. So the first array is made here; whoever asks for pandas later gets it.
    """
    if "pyarrow" in sys.modules and "pandas" not in sys.modules:
        sys.meta_path.insert(0, _NoPandas)
        try:
            sys.modules["pyarrow"].array([])
        finally:
            sys.meta_path.remove(_NoPandas)


def _check_text(arguments: list[str]) -> None:
    """Arguments are UTF-8: nothing else can be stored, searched for or written to a log."""
    from regift.loaders.errors import UsageError

    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise UsageError(f"the argument {argument!r} is not UTF-8 text") from None


def _one_line(error: click.ClickException) -> str:
    """What is wrong with the request, and which help page tells how it is meant."""
    message = " ".join(error.format_message().split())
    context = error.ctx if isinstance(error, click.UsageError) else None
    page = f"{context.command_path} --help" if context else "regift --help"
    return f"{message.removesuffix('.')}: see `{page}`"


def _complain(message: str) -> None:
    """One line on stderr, without anything of files or records that a terminal would obey."""
    from regift.commands.output import plain  # brings Arrow, which a help page does not need

    click.echo(f"regift: {plain(' '.join(message.splitlines()))}", err=True)


def _damage(given: Mapping[str, str | Path | None]) -> str | None:
    """What is wrong with the files of the workspace, if that is what DuckDB stumbled over."""
    from regift.graph.store import check_segments, current_manifest
    from regift.graph.workspace import Workspace
    from regift.loaders.errors import RegiftError

    workspace = Workspace(Path(given.get("workspace") or os.devnull))
    try:
        if manifest := current_manifest(workspace):
            check_segments(workspace, manifest)
    except RegiftError as damage:
        return str(damage)
    return None


def main() -> None:
    """Run the command line; a user's mistake is one line on stderr and an exit code."""
    from regift.loaders.errors import RegiftError

    stdout = sys.stdout
    given: dict[str, str | Path | None] = {}
    try:
        _check_text(sys.argv[1:])
        code = cli.main(prog_name="regift", standalone_mode=False, obj=given)
        sys.stdout.flush()
    except NoArgsIsHelpError as error:
        error.show()
        code = error.exit_code
    except click.ClickException as error:
        _complain(_one_line(error))
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("regift: stopped", err=True)
        code = 128 + signal.SIGINT
    except RegiftError as error:
        _complain(str(error))
        code = error.exit_code
    except SystemExit as end:
        # Click leaves with 1 when the reader of our output has gone, and replaces the stream then.
        code = end.code if sys.stdout is stdout else 0
    except BrokenPipeError:
        # The reader of our output has gone: nothing is left to be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _complain(f"{where}{error.strerror or error}")
        code = 1
    except RuntimeError as error:
        if str(error) != "Query interrupted":  # what DuckDB makes of Ctrl-C during a query
            raise
        click.echo("regift: stopped", err=True)
        code = 128 + signal.SIGINT
    except Exception as error:
        if not type(error).__module__.startswith(("duckdb", "_duckdb")):
            raise
        # What DuckDB refuses (memory, disk, a damaged file) is for the user to mend.
        _complain(_damage(given) or str(error).splitlines()[0])
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
