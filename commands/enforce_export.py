"""`regift enforce export`: approved measures as an action file for the enforcement system."""

from pathlib import Path

import click
import pyarrow as pa

from regift.commands.options import quiet_option, workspace_option
from regift.commands.output import plain, say
from regift.enforcement import action_file, handover, policy
from regift.enforcement.action_file import ActionFile
from regift.enforcement.casebook import Casebook
from regift.exports import FORMATS
from regift.exports.target import published, target_of
from regift.graph.store import manifest_of
from regift.graph.workspace import Workspace, now_us, utc_text
from regift.loaders.errors import UsageError
from regift.queries.params import calendar_us

KINDS = ("jsonl", "csv")
WAIT_S = 30.0
"""An export waits so long for another one: each takes as long as writing its file."""
TEXTS = (
    "key", "action", "account", "step", "clause", "effective_at", "due_at", "until_at", "reason",
    "grounds", "dossier", "case", "decided_by", "approved_by", "ended_by",
)  # fmt: skip


@click.command()
@click.option("-o", "--output", default="-", show_default=True, help="File, or - for the output.")
@click.option("--format", "kind", type=click.Choice(KINDS), help="By default the suffix says.")
@click.option(
    "--jitter", default="0d", show_default=True, metavar="TIME",
    help="Spread over which new measures take effect, e.g. 3d; needs --seed.",
)  # fmt: skip
@click.option("--seed", help="What the spread is made from; who knows it can undo the spread.")
@click.option("--again", metavar="NAME", help="Write an earlier file again; nothing else is done.")
@quiet_option
@workspace_option
def export(
    output: str,
    kind: str | None,
    jitter: str,
    seed: str | None,
    again: str | None,
    quiet: bool,
    workspace: Path,
) -> None:
    """Write what was approved, extended and ended as an action file, and record that.

    One that was cut short is finished first: the same bytes. Every action has a key by which the
    receiving system does it once.
    """
    jitter_us = calendar_us(jitter)
    if jitter_us and not seed:
        raise UsageError("--jitter needs --seed: the same seed spreads the same measures alike")
    place = Workspace.open(workspace)
    chosen = kind or _kind_of(output)

    def hand_over(file: ActionFile) -> None:
        _write(file, output, chosen)

    with place.lock("enforce-export", WAIT_S), Casebook.open(place.casebook) as casebook:
        if again is not None:
            file = handover.read(place, again)
            hand_over(file)
            casebook.note("export", {"list": "actions", "filter": again})
            say(f"{again} written again to {output}", quiet)
            return
        file_or_none = handover.unfinished(place, casebook)
        if file_or_none is None:
            file_or_none = _begun(place, casebook, jitter_us, seed or "")
        else:
            say(f"{file_or_none.name} was begun and not finished: it is now", quiet)
        for each in action_file.held(casebook, now_us()):
            say(
                plain(
                    f"held back: measure {each.number} ({each.step} against {each.account}), "
                    "which is on the allow-list: `regift allow remove`, or `regift case reverse`"
                ),
                quiet,
            )
        if file_or_none is None:
            say("nothing to hand over: no measure was approved, extended or ended since", quiet)
            return
        handover.finish(place, casebook, file_or_none, hand_over)
        left = len(action_file.waiting(casebook, now_us()))
    _tell(file_or_none, output, left, quiet)


def _begun(place: Workspace, casebook: Casebook, jitter_us: int, seed: str) -> ActionFile | None:
    now = now_us()
    actions = action_file.waiting(casebook, now, jitter_us, seed)
    if not actions:
        return None
    applied = handover.applied_functions(place, casebook, actions)
    pack, manifest = policy.in_use(place), manifest_of(place, None)
    file = action_file.made(casebook, actions, pack, manifest, now, applied)
    handover.begin(place, file, actions)
    return file


def _kind_of(output: str) -> str:
    for name in KINDS:
        if output == "-" or output.endswith(f".{name}"):
            return name
    raise UsageError(f"{output} does not say its format: add --format {', '.join(KINDS)}")


def _write(file: ActionFile, output: str, kind: str) -> None:
    target = target_of(output)
    if kind == "jsonl":
        with published(target) as written:
            written.write(file.content)
        return
    header, actions = file.header, file.actions
    table = pa.table(
        {
            **{key: pa.array([each[key] for each in actions], pa.string()) for key in TEXTS},
            "measure": pa.array([each["measure"] for each in actions], pa.int64()),
            "functions": pa.array([each["functions"] for each in actions], pa.list_(pa.string())),
            **{
                key: pa.array([header[key]] * len(actions), pa.string())
                for key in ("action_file", "policy", "made_at")
            },
        }
    )
    about = {"filter": "everything", "truncated": "nothing", "audit_head": header["audit_head"]}
    FORMATS["csv"].write(table, target, {**about, "generation": str(header["generation"])})


def _tell(file: ActionFile, output: str, left: int, quiet: bool) -> None:
    count = dict.fromkeys(("apply", "extend", "lift"), 0)
    for each in file.actions:
        count[each["action"]] += 1
    told = ", ".join(f"{n:,} to {action}" for action, n in count.items() if n)
    say(plain(f"{file.name}: {told}, written to {output}"), quiet)
    say(f"times in it are meant by the clock ({utc_text(now_us())})", quiet)
    if left:
        say(f"{left:,} more wait since it was begun: `regift enforce export` again", quiet)
