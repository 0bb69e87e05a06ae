"""`regift evaluate`: a generation against a known truth."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from regift.commands.options import json_option, opened, workspace_option
from regift.commands.output import print_json, print_table, say
from regift.ranking.evaluation.baselines import LISTS
from regift.ranking.evaluation.bootstrap import RESAMPLES
from regift.ranking.evaluation.evaluate import BUDGET, OURS, Judged, evaluate
from regift.ranking.evaluation.truth import read_truth
from regift.refresh.run import searched_of

COUNT = click.IntRange(0)
NATURAL = click.IntRange(1)


@click.command()
@click.option(
    "--truth",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="truth.json of `regift simulate`, or your own labels: CSV or JSON, account and label.",
)
@click.option("--at", type=NATURAL, default=100, show_default=True, help="Accounts to judge.")
@click.option(
    "--budget",
    type=NATURAL,
    default=BUDGET,
    show_default=True,
    help="Cases, and accounts, that a reviewer reads from the top.",
)
@click.option("--baselines", is_flag=True, help="Lists that anybody can make, beside ours.")
@click.option(
    "--resamples",
    type=COUNT,
    default=RESAMPLES,
    show_default=True,
    help="Draws of whole rings for the intervals; 0: none.",
)
@click.option("--seed", type=COUNT, default=0, show_default=True, help="Of these draws.")
@click.option("--names", type=COUNT, default=10, show_default=True, help="Names shown.")
@json_option
@workspace_option
def command(
    truth: Path,
    at: int,
    budget: int,
    baselines: bool,
    resamples: int,
    seed: int,
    names: int,
    as_json: bool,
    workspace: Path,
) -> None:
    """Recall, precision, misses and false alarms by name.

    Where a list does not tell accounts apart, measures are the expected value over all their
    orders. Intervals of 95 % come of drawing whole planted rings anew.
    """
    known = read_truth(truth)
    _, settings, manifest, graph = opened(workspace)
    with graph:
        judged = evaluate(
            graph.con,
            known,
            searched_of(manifest),
            at=at,
            budget=budget,
            beside=tuple(LISTS) if baselines else (),
            clock_us=settings.clock_unit_us,
            resamples=resamples,
            seed=seed,
        )
    at = min(at, judged.accounts)
    if as_json:
        made = asdict(judged)
        del made["samples"]
        print_json([{"first": at, **made}])
        return
    tell(judged, at, names)


def tell(judged: Judged, at: int, names: int) -> None:
    """The judgement for people; at most `names` misses and false alarms, and of how many."""
    if judged.recall:
        _tell_recall(judged)
    _tell_lists(judged, at)
    _tell_rest(judged, at)
    _tell_names("missed", judged.misses, ("id", "typology", "variant", "accounts"), names)
    columns = ("rank", "account", "score", "look_alikes", "typologies")
    _tell_names("false alarms", judged.false_alarms, columns, names)


def _tell_recall(judged: Judged) -> None:
    """Instances by typology; those that no search can see whole in columns of their own."""
    searched = [row for row in judged.recall if row["searched"]]
    columns = ["typology", "variant", "planted", "found"]
    lines = []
    for before, what in (
        ("", "planted instances of the typologies searched"),
        ("missing_", "of which the data lacks records"),
        ("beyond_", "that lie beyond the bounds of a search"),
    ):
        found, planted = (
            sum(row[before + key] for row in searched) for key in ("found", "planted")
        )
        if before and planted:
            columns += [f"{before}planted", f"{before}found"]
        if planted or not before:
            lines.append(f"{'and ' if before else ''}found {found} of {planted} {what}")
    print_table(searched, columns)
    click.echo("\n".join(lines))
    for row in judged.recall:
        if not row["searched"]:
            planted = sum(row[f"{before}planted"] for before in ("", "missing_", "beyond_"))
            click.echo(f"not searched: {row['typology']} {row['variant']}, {planted} planted")


def _tell_lists(judged: Judged, at: int) -> None:
    """Average precision of each list, and precision at each place."""
    base = judged.labelled / judged.accounts if judged.accounts else 0.0
    click.echo(
        f"\n{judged.labelled:,} of {judged.accounts:,} accounts are labelled: base rate {base:.4f}"
    )
    if judged.unknown:
        one = judged.unknown == 1
        who = "1 labelled account is" if one else f"{judged.unknown:,} labelled accounts are"
        say(f"{who} on no record: no list can tell {'it' if one else 'them'}")
    rows = []
    for each in judged.lists:
        at_places = [row for row in judged.at if row["list"] == each["list"]]
        rows.append(
            {
                "list": each["list"],
                "average precision": _with_interval(each, "average_precision"),
                "lift": f"{each['lift']:.1f}",
                "in quintiles": f"{each['inside_quintiles']:.3f}",
                "R-precision": f"{each['r_precision']:.3f}",
            }
            | {f"at {row['at']}": f"{row['precision']:.2f}" for row in at_places}
        )
    print_table(rows, list(rows[0]))
    for row in judged.acting:
        click.echo(
            f"{row['labelled']:,} of them act in a pattern whose records are all there: without "
            f"the others average precision {_with_interval(row, 'average_precision')}, R-precision "
            f"{row['r_precision']:.3f}, precision at 100 {row['at_100']:.2f}"
        )
    for line in judged.not_run:
        say(f"not run: {line}")
    (ours,) = (row for row in judged.at if row["list"] == OURS and row["at"] == at)
    click.echo(
        f"{ours['labelled']} of the first {min(at, judged.accounts)} accounts take part in "
        f"something planted or labelled: precision {_with_interval(ours, 'precision')}, "
        f"lift {ours['lift']:.1f}, recall {ours['recall']:.3f}"
    )
    if ours["tied"] > 1:
        click.echo(
            f"place {at} is shared: {ours['tied']:,} accounts of one score, "
            f"{ours['tied_in']:,} of them among the first {at}"
        )


def _tell_rest(judged: Judged, at: int) -> None:
    """Rings within the budget, evidence, transactions and look-alikes."""
    for row in judged.rings:
        click.echo(
            f"{row['reached']} of {row['of']} planted instances are met in the first "
            f"{row['budget']} {row['unit']}s"
        )
    if judged.evidence:
        click.echo(
            f"{judged.evidence['planted']:,} of {judged.evidence['records']:,} records that the "
            f"first {at} accounts rest on are planted"
        )
    for row in judged.transactions:
        click.echo(
            f"records by {row['list']}: average precision {row['average_precision']:.3f} of "
            f"{row['planted']:,} planted among {row['records']:,}"
        )
    met = [row for row in judged.look_alikes if row["among_first"]]
    if judged.look_alikes:
        told = ", ".join(f"{row['among_first']} {row['kind']}" for row in met) or "none"
        click.echo(f"innocent look-alikes among the first {at}: {told}")


def _with_interval(row: Mapping[str, Any], key: str) -> str:
    """A measure, with its interval where there is one.

    >>> _with_interval({"precision": 0.5, "low": 0.4, "high": 0.61}, "precision")
    '0.500 (0.400-0.610)'
    """
    if "low" not in row:
        return f"{row[key]:.3f}"
    return f"{row[key]:.3f} ({row['low']:.3f}-{row['high']:.3f})"


def _tell_names(what: str, rows: list[dict[str, Any]], columns: Iterable[str], names: int) -> None:
    click.echo(f"\n{what}: {len(rows)}")
    if rows[:names]:
        print_table(rows[:names], list(columns))
    if len(rows) > names:
        say(f"{names} of {len(rows)} shown: --names {len(rows)} shows all")
