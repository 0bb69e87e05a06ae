"""AMLSim as real input: what the list of accounts is worth there, beside two trivial lists.

    python benchmarks/amlsim.py [--data ../shared/data] [--write | --check]

Loads each run of the simulator by its declared format into a new workspace whose clock is a day,
refreshes, ranks accounts and compares with the simulator's labels, which are read for nothing else.
The same searches over the same transfers with permuted times (seed 0) say how much chance finds.
Prints Markdown; `--write` puts it into README.md, `--check` fails when it differs from what is
there. Where the data is not beside the checkout a line says so, and nothing is changed.

Average precision: sum over labelled accounts of the precision at their place, divided by all that
are labelled; an account that a list leaves out adds nothing. Ties of the trivial lists: account id.
"""

import argparse
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

import regift
from regift.commands.options import opened
from regift.exports.frames import Generation
from regift.graph.snapshot import Snapshot, snapshot_from_rows
from regift.graph.staging import LoadRequest, stage
from regift.graph.workspace import Workspace
from regift.loaders.read import ReadOptions
from regift.queries import ALL
from regift.queries.money_cycle import Params, count_cycles
from regift.queries.params import duration_us
from regift.ranking.evaluate import evaluate
from regift.refresh.run import refresh, searched_of
from regift.refresh.settings import params_of, settings_of

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs"))

from markers import parted, put  # noqa: E402
from planned import TYPOLOGIES  # noqa: E402

RUNS_20K = ("20K_cycle200", "20K_fanin200", "20K_fanin200cycle200")
FIRST = (50, 100, 200)
SEED = 0
CLOCK = {"clock": {"unit": "1d"}}
SEARCHES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("`pass_through`", "pass_through", {}),
    ("`money_cycle`", "money_cycle", {}),
    ("`money_cycle`, keep=0, max_length=0", "money_cycle", {"keep": "0", "max_length": "0"}),
)

_LABELLED_20K = "SELECT nodeid FROM read_csv($file, all_varchar=true) WHERE isFraud = '1'"
_ALERTS_1K = """
    SELECT alert_id, list(tran_id ORDER BY tran_id),
           list_distinct(flatten(list([orig_acct, bene_acct]))),
           CASE WHEN count(DISTINCT bene_acct) = 1 THEN 'fan_in'
                WHEN count(DISTINCT orig_acct) = 1 THEN 'fan_out'
                ELSE 'money_cycle' END
    FROM read_csv($file, all_varchar=true) WHERE is_sar = 'True' GROUP BY alert_id ORDER BY 1
"""
_SIZES = """
    WITH ends AS (
        SELECT source AS account, target AS other, amount_minor FROM payments
        UNION ALL SELECT target, source, amount_minor FROM payments)
    SELECT account, count(DISTINCT other) AS counterparties, sum(amount_minor) AS amount
    FROM ends GROUP BY account
"""
_PARTS = """
    SELECT account, bool_or(role IN ('member', 'relay')) AS acts
    FROM subjects GROUP BY account
"""


@dataclass(frozen=True)
class World:
    """One run of the simulator. alerts: in the keys of truth.json, empty where it tells none."""

    name: str
    records: Path
    format: str
    labelled: frozenset[str]
    alerts: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Measures:
    """A list against the labels: labelled accounts among the first k, and average precision."""

    first: dict[int, int]
    recalled: int
    average_precision: float


def worlds(data: Path, folder: Path) -> Iterator[World]:
    """The runs with their labels; archives are unpacked into `folder`."""
    for name in RUNS_20K:
        with tarfile.open(data / "amlsim_20k" / f"{name}.tgz") as archive:
            for member in ("transactions.csv", "nodes.csv"):
                archive.extract(f"{name}/{member}", folder, filter="data")
        labels = duckdb.execute(_LABELLED_20K, {"file": str(folder / name / "nodes.csv")})
        labelled = frozenset(account for (account,) in labels.fetchall())
        yield World(name, folder / name / "transactions.csv", "amlsim_20k", labelled)
    records = data / "amlsim_1k" / "transactions_1k.csv"
    alerts = tuple(
        {"id": name, "typology": shape, "variant": "alert", "records": ids,
         "accounts": [{"account": account} for account in accounts]}
        for name, ids, accounts, shape in duckdb.execute(
            _ALERTS_1K, {"file": str(records)}).fetchall()
    )  # fmt: skip
    labelled = frozenset(who["account"] for alert in alerts for who in alert["accounts"])
    yield World("1K", records, "amlsim_1k", labelled, alerts)


def made(world: World, root: Path) -> Workspace:
    """A workspace with the world's records, refreshed; what a run cut would be an error here."""
    workspace = Workspace.create(root)
    settings = workspace.settings_file.read_text(encoding="utf-8")
    workspace.settings_file.write_text(settings.replace('unit = "1s"', 'unit = "1d"'))
    options = ReadOptions(format=world.format)
    stage(workspace, LoadRequest(sources=(str(world.records),), table="transfers", options=options))
    outcome = refresh(workspace)
    if outcome.truncated:
        raise SystemExit(f"{world.name}: the run was cut short: {outcome.truncated}")
    return workspace


def measure(order: list[str], labelled: frozenset[str]) -> Measures:
    """One list against the labels."""
    hits = [account in labelled for account in order]
    found, precision = 0, 0.0
    for place, hit in enumerate(hits, 1):
        found += hit
        precision += found / place if hit else 0.0
    return Measures(
        {k: sum(hits[:k]) for k in FIRST}, sum(hits[: len(labelled)]), precision / len(labelled)
    )


def lists(generation: Generation) -> dict[str, list[str]]:
    """Accounts best first: ours, and the two that anybody can make."""
    sizes = generation.sql(_SIZES)
    trivial = {
        column: sizes.sort_values([column, "account"], ascending=[False, True])["account"].tolist()
        for column in ("counterparties", "amount")
    }
    return {"regift rank": generation.rank("account")["account"].tolist(), **trivial}


def told_rings(world: World, root: Path) -> tuple[str, str]:
    """Rings of the alerts: (found, how many run head to tail in time), each "n of m" or "not told".

    The second searches the alerts' records alone with every bound open.
    """
    cycles = [alert for alert in world.alerts if alert["typology"] == "money_cycle"]
    if not cycles:
        return "not told", "not told"
    _, _, manifest, graph = opened(root)
    with graph:
        truth = {"planted": list(world.alerts), "innocent": []}
        judged = evaluate(graph.con, truth, FIRST[0], searched_of(manifest))
        records = graph.con.sql(
            "SELECT record_id, at_us, source, target, amount_minor, currency, kind FROM transfers "
            "WHERE list_contains(?, record_id)",
            params=[[record for alert in cycles for record in alert["records"]]],
        ).to_arrow_table().to_pylist()  # fmt: skip
    found = sum(row["found"] for row in judged.recall if row["typology"] == "money_cycle")
    loose = Params(window_us=duration_us("365d"), max_length=0, keep_bp=0, ties="order")
    with snapshot_from_rows({"transfers": records}) as alone:
        in_time = count_cycles(alone, loose)["rings"]
    return f"{found} of {len(cycles)}", f"{in_time} of {len(cycles)}"


def shuffled(generation: Generation) -> Snapshot:
    """The same transfers, their times dealt out anew: what is found there is chance."""
    transfers = generation.sql(
        "SELECT record_id, at_us, source, target, amount_minor, currency, kind FROM transfers "
        "ORDER BY at_us, record_id"
    )
    times = np.random.default_rng(SEED).permutation(transfers["at_us"].to_numpy())
    return snapshot_from_rows({"transfers": transfers.assign(at_us=times).to_dict("records")})


def searches(world: World, generation: Generation, chance: Snapshot) -> list[list[str]]:
    """What each search found: one row of cells a search."""
    settings = settings_of(CLOCK)
    transfers = int(generation.sql("SELECT count(*) AS n FROM transfers")["n"][0])
    rows = []
    for title, typology, params in SEARCHES:
        found = generation.findings(typology, **params).to_dict("records")
        by_chance = ALL[typology].find(chance, params_of(settings, typology, params)).findings
        acting = {
            account
            for each in found
            for account, role in zip(each["accounts"], each["roles"], strict=True)
            if role in ("member", "relay")
        }
        named = len({record for each in found for record in each["records"]})
        whole = sum(world.labelled.issuperset(each["accounts"]) for each in found)
        rows.append([
            world.name, title, f"{len(found):,}", f"{by_chance.num_rows:,}",
            share(named, transfers), f"{len(acting):,}",
            share(len(acting & world.labelled), len(acting)),
            f"{whole:,}" if typology == "money_cycle" else "",
        ])  # fmt: skip
    return rows


def false_alarms(world: World, generation: Generation, order: dict[str, list[str]]) -> list[str]:
    """Cells: what the first 100 without a label look like, and who of the labelled is missed."""
    ours, degree = order["regift rank"][:100], order["counterparties"][:100]
    false = [account for account in ours if account not in world.labelled]
    parts = generation.sql(_PARTS)
    acting = set(parts["account"][parts["acts"]]) & world.labelled
    beside = set(parts["account"]) & world.labelled - acting
    return [
        world.name, f"{len(false)}", f"{len(set(false) & set(degree))}",
        f"{len(acting):,}", f"{len(beside):,}", f"{len(world.labelled) - len(acting | beside):,}",
    ]  # fmt: skip


def share(part: int, whole: int) -> str:
    """A percentage with one decimal.

    >>> share(1, 8)
    '12.5 %'
    """
    return f"{100 * part / whole:.1f} %" if whole else ""


def table(head: str, rows: list[list[str]]) -> list[str]:
    """A Markdown table."""
    columns = head.split(" | ")
    lines = [f"| {head} |", "|" + "---|" * len(columns)]
    return ["", *lines, *("| " + " | ".join(row) + " |" for row in rows)]


def report(data: Path) -> str:
    """Everything that is printed."""
    ranked, found, missed, rings = [], [], [], []
    with tempfile.TemporaryDirectory() as name:
        for world in worlds(data, Path(name)):
            root = made(world, Path(name) / f"workspace-{world.name}").root
            with regift.open(root) as generation:
                with shuffled(generation) as chance:
                    found += searches(world, generation, chance)
                order = lists(generation)
                missed.append(false_alarms(world, generation, order))
            positives, accounts = len(world.labelled), len(order["amount"])
            for title, accounts_in_order in order.items():
                got = measure(accounts_in_order, world.labelled)
                ranked.append([
                    world.name, f"{positives:,} of {accounts:,} ({share(positives, accounts)})",
                    title, *(f"{got.first[k] / k:.2f}" for k in FIRST),
                    share(got.recalled, positives), f"{got.average_precision:.3f}",
                ])  # fmt: skip
            if world.alerts:
                rings.append("{}: found {}, in order of time {}".format(
                    world.name, *told_rings(world, root)))  # fmt: skip
    absent = [f"`{n}`" for n, (layer, _) in TYPOLOGIES.items() if layer == "value" and n not in ALL]
    lines = [
        *table("run | labelled accounts | list | precision at 50 | at 100 | at 200 | "
               "recall at as many as are labelled | average precision", ranked),
        *table("run | search | findings | with times permuted | transfers they rest on | "
               "relays or members | labelled of those | findings with all labelled", found),
        *table("run | of the first 100 not labelled | of those, also first 100 by counterparties | "
               "labelled: relay or member | only beside one | on no finding", missed),
        "", f"Rings that alerts tell, {'; '.join(rings)}. The 20K runs tell none.",
        "", f"Money typologies not searched yet: {', '.join(absent) or 'none'}.",
    ]  # fmt: skip
    return "\n".join([*lines, "", ""])


def main(arguments: list[str]) -> int:
    """1 if the page differs under `--check`."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--write", action="store_true", help="put it into README.md")
    parser.add_argument("--check", action="store_true", help="compare it with README.md")
    asked = parser.parse_args(arguments)
    for name in ("amlsim_20k", "amlsim_1k"):
        if not (asked.data / name).is_dir():
            print(f"amlsim skipped: no real data at {asked.data / name}", file=sys.stderr)
            return 0
    text = report(asked.data)
    if not (asked.write or asked.check):
        print(text.strip())
        return 0
    page = ROOT / "README.md"
    before, _, after = parted(page.read_text(encoding="utf-8"), "amlsim")
    return 0 if put(page, before + text + after, asked.check) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
