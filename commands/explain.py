"""`regift explain`: why a case, an account or a finding is listed, and what it would be without."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from regift.commands.options import json_option, opened, workspace_option
from regift.commands.output import cell, plain, print_json, print_table, say_cut
from regift.commands.wording import headed, lang_option, line_option, some
from regift.ranking.explain import Asked
from regift.ranking.explain_finding import explain
from regift.ranking.texts import say, word
from regift.refresh.counterfactuals import counterfactuals
from regift.refresh.run import truncated_of

SHOWN_ROWS = 12
"""Rows of each part that people see; --json has all, and the heading says how many there are."""

TOLD = {
    "decided": "decided",
    "counterfactuals": "counterfactuals",
    "why_not": "why not",
    "ties": "linked to measured accounts",
    "unchecked": "not checked",
}
"""Parts that are sentences, with their headings."""
CODES = ("role", "measure")


@click.command()
@click.argument("name")
@click.option(
    "--without",
    "things",
    multiple=True,
    metavar="KIND:ID",
    help="What it would be without record:ID, account:ID, finding:ID or an identifier such as "
    "device:d-91; may be given several times, each by itself.",
)
@line_option
@lang_option
@json_option
@workspace_option
def command(
    name: str, things: tuple[str, ...], line: Decimal, lang: str, as_json: bool, workspace: Path
) -> None:
    """Why a case, an account or a finding is listed.

    NAME is an account, the id of a finding, or the id of a case or a prefix of it. Terms add up to
    the score; each names the findings and records it stands on. Of an account that is not above
    the line it says why not. --without searches and scores again, in memory; by itself it does so
    for the identifiers that hold the unit together.
    """
    place, _, manifest, graph = opened(workspace)
    with graph:
        asked = Asked(line, lang, manifest.run)
        found = explain(graph.con, name, asked)
        found["counterfactuals"] = counterfactuals(
            place, manifest, graph, found, list(things), asked
        )
        found["clears"] = _with_things(found, asked)
    truncated = truncated_of(manifest)
    if as_json:
        print_json([{**found, "truncated": truncated}])
        return
    tell(found, asked)
    for typology, cut in truncated.items():
        say_cut(cut, what=f"{typology} was ")


def _with_things(found: dict[str, Any], asked: Asked) -> dict[str, Any] | None:
    """What would clear it, with the things without one of which it is below the line."""
    clears: dict[str, Any] | None = found.get("clears")
    if clears is None:
        return None
    enough = [
        {
            "without": each["without"],
            "text": say(
                asked.lang, "clears_thing", thing=each["without"], score=each["score"],
                line=asked.line,
            ),
        }
        for each in found["counterfactuals"]
        if each["score"] is not None and not each["above_line"]
    ]  # fmt: skip
    return clears | {"things": enough}


def tell_case(con: Any, name: str, asked: Asked | None = None) -> None:
    """The explanation of a case, an account or a finding for people."""
    asked = asked or Asked()
    tell(explain(con, name, asked), asked)


def tell(found: dict[str, Any], asked: Asked) -> None:
    """An explanation for people: the score, its terms, and what each part rests on."""
    lang = asked.lang
    _heading(found, asked)
    for term in found["terms"]:
        click.echo(plain(f"  {term['term']}: {term['text']}"))
        records = [each["record"] if isinstance(each, dict) else each for each in term["records"]]
        for part, names in (("findings", term["findings"]), ("records", records)):
            click.echo(plain(f"         {word(lang, part)} {some(names, lang)}"))
    if found["terms"] and "minimal" in found:
        minimal, clears = found["minimal"], found["clears"]
        click.echo(plain("  " + _least(minimal, asked)))
        if clears:
            click.echo(plain(f"  {clears['text']}"))
            click.echo(plain(f"         {word(lang, 'findings')} {some(clears['findings'], lang)}"))
            for each in clears.get("things", ()):
                click.echo(plain(f"  {each['text']}"))
    if "switches" in found:
        click.echo(plain("  " + say(lang, "readings", **found["readings"])))
        mattered = [
            f"`{each['key']} = {each['value']}`: {each['why']}" for each in found["switches"]
        ]
        _sentences("switches", mattered, lang)
    for part, heading in TOLD.items():
        _sentences(heading, [each["text"] for each in found.get(part) or []], lang)
    without = "score without" if "unit" in found else "case score without"
    for part in ("accounts", "findings", "evidence", "without", "related"):
        _part(part, {"without": without}.get(part, part), found.get(part) or [], lang)


def _heading(found: dict[str, Any], asked: Asked) -> None:
    lang, side = asked.lang, asked.side(found["score"])
    told = {"score": f"{found['score']:.1f}", "place": side, "line": asked.line}
    if "unit" not in found:
        click.echo(plain(say(lang, "finding", id=found["finding"], **told)))
        return
    unit, id = word(lang, found["unit"]), found["id"]
    key = "unit" if found["rank"] else "unlisted"
    click.echo(plain(say(lang, key, unit=unit, id=id, rank=found["rank"], **told)))
    if found["rank"]:
        measure = word(lang, found["measure"]) if found["measure"] else None
        said = "proposed" if measure else "none_proposed"
        click.echo(plain("  " + say(lang, said, measure=measure, why=found["why"])))


def _least(minimal: dict[str, Any] | None, asked: Asked) -> str:
    """The fewest records that keep it above the line, the first few by name."""
    if minimal is None:
        return say(asked.lang, "minimal_none", line=asked.line)
    records = [each["record"] for each in minimal["records"]]
    return say(
        asked.lang, "minimal", n=len(records), of=minimal["of"], score=minimal["score"],
        line=asked.line, records=some(records, asked.lang),
    )  # fmt: skip


def _sentences(heading: str, lines: list[str], lang: str) -> None:
    if lines:
        click.echo(f"\n  {_named(heading, len(lines), lang)}")
        for line in lines[:SHOWN_ROWS]:
            click.echo(plain(f"  {line}"))


def _part(part: str, heading: str, rows: list[dict[str, Any]], lang: str) -> None:
    if not rows:
        return
    click.echo(f"\n  {_named(heading, len(rows), lang)}")
    left_out = ("nano_nats", "why", "parts") if part != "related" else ()
    shown = [
        {key: value for key, value in row.items() if key not in left_out}
        for row in rows[:SHOWN_ROWS]
    ]
    for row in shown:
        if "complete" in row:
            row["complete"] = word(lang, cell(row["complete"]))
    made = headed(shown, lang, CODES)
    print_table(made, list(made[0]))


def _named(heading: str, rows: int, lang: str) -> str:
    name = word(lang, heading)
    return name if rows <= SHOWN_ROWS else say(
        lang, "part_of", name=name, shown=SHOWN_ROWS, of=rows
    )  # fmt: skip
