"""`regift evaluate`: a generation against a known truth."""

from pathlib import Path

import click

from regift.commands.options import json_option, opened, workspace_option
from regift.commands.output import print_json, print_table, say
from regift.ranking.evaluate import Judged, evaluate, read_truth
from regift.refresh.run import searched_of


@click.command()
@click.option(
    "--truth",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="truth.json of `regift simulate`.",
)
@click.option(
    "--at", type=click.IntRange(1), default=100, show_default=True, help="Accounts to judge."
)
@click.option("--names", type=click.IntRange(0), default=10, show_default=True, help="Names shown.")
@json_option
@workspace_option
def command(truth: Path, at: int, names: int, as_json: bool, workspace: Path) -> None:
    """Recall, precision, misses and false alarms by name."""
    known = read_truth(truth)
    _, _, manifest, graph = opened(workspace)
    with graph:
        judged = evaluate(graph.con, known, at, searched_of(manifest))
    if as_json:
        hits, ranked = judged.precision
        print_json(
            [
                {
                    "recall": judged.recall,
                    "at": at,
                    "ranked": ranked,
                    "planted_among_them": hits,
                    "misses": judged.misses,
                    "false_alarms": judged.false_alarms,
                }
            ]
        )
        return
    tell(judged, names)


def tell(judged: Judged, names: int) -> None:
    """The judgement for people; at most `names` misses and false alarms, and of how many."""
    searched = [row for row in judged.recall if row["searched"]]
    print_table(searched, ("typology", "variant", "planted", "found"))
    found, planted = sum(row["found"] for row in searched), sum(row["planted"] for row in searched)
    click.echo(f"found {found} of {planted} planted instances of the typologies searched")
    for row in judged.recall:
        if not row["searched"]:
            click.echo(
                f"not searched: {row['typology']} {row['variant']}, {row['planted']} planted"
            )
    hits, ranked = judged.precision
    share = f" ({100 * hits // ranked} %)" if ranked else ""
    click.echo(
        f"\n{hits} of the first {ranked} ranked accounts take part in something planted{share}"
    )
    for what, rows, columns in (
        ("missed", judged.misses, ("id", "typology", "variant", "accounts")),
        (
            "false alarms",
            judged.false_alarms,
            ("rank", "account", "score", "look_alikes", "typologies"),
        ),
    ):
        click.echo(f"\n{what}: {len(rows)}")
        if rows[:names]:
            print_table(rows[:names], columns)
        if len(rows) > names:
            say(f"{names} of {len(rows)} shown: --names {len(rows)} shows all")
