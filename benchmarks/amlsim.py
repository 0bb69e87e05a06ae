"""AMLSim as real input: what the list of accounts is worth there, beside two trivial lists.

    python benchmarks/amlsim.py [--data ../shared/data] [--write | --check]

Loads each run of the simulator by its declared format into a new workspace whose clock is a day,
refreshes, calibrates, ranks accounts and compares with the simulator's labels, which are read for
nothing else. The same searches over the same transfers with permuted times (seed 0) say how much
chance finds. Prints Markdown; `--write` puts it into README.md, `--check` fails when it differs
from what is there. Where the data is not beside the checkout a line says so, and nothing is
changed.

Measures are those of `regift evaluate`: expected values where a list does not tell accounts apart,
accounts that a list leaves out last together. All baselines, intervals and what calibration does:
benchmarks/evaluation.py.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from amlsim_runs import Run, absent, loaded, refreshed, runs

import regift
from regift.commands.options import opened
from regift.exports.frames import Generation
from regift.graph.snapshot import Snapshot, snapshot_from_rows
from regift.queries import ALL
from regift.queries.money_cycle import Params, count_cycles
from regift.queries.params import duration_us
from regift.ranking.evaluate import OURS, Judged, evaluate
from regift.refresh.calibrate import calibrate
from regift.refresh.run import searched_of
from regift.refresh.settings import params_of, settings_of

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs"))

from markers import parted, put  # noqa: E402
from planned import TYPOLOGIES  # noqa: E402

FIRST = (50, 100, 200)
BESIDE = ("counterparties", "amount")
SEED = 0
CLOCK = {"clock": {"unit": "1d"}}
SEARCHES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("`pass_through`", "pass_through", {}),
    ("`money_cycle`", "money_cycle", {}),
    ("`money_cycle`, keep=0, max_length=0", "money_cycle", {"keep": "0", "max_length": "0"}),
)

_COUNTERPARTIES = """
    WITH ends AS (
        SELECT source AS account, target AS other FROM payments
        UNION ALL SELECT target, source FROM payments)
    SELECT account, count(DISTINCT other) AS n FROM ends GROUP BY account
"""
_PARTS = """
    SELECT account, bool_or(role IN ('member', 'relay')) AS acts
    FROM subjects GROUP BY account
"""


def judged(run: Run, root: Path) -> Judged:
    """Our list and the two that anybody can make, against the labels."""
    _, settings, manifest, graph = opened(root)
    with graph:
        return evaluate(
            graph.con, run.truth, searched_of(manifest), at=FIRST[-1], beside=BESIDE,
            clock_us=settings.clock_unit_us, resamples=0,
        )  # fmt: skip


def told_rings(run: Run, got: Judged, root: Path) -> str:
    """Rings of the alerts: how many are found, and how many run head to tail in time.

    The second searches the alerts' records alone with every bound open.
    """
    cycles = [each for each in run.truth.planted if "money_cycle" in each.typologies]
    _, _, _, graph = opened(root)
    with graph:
        records = graph.con.sql(
            "SELECT record_id, at_us, source, target, amount_minor, currency, kind FROM transfers "
            "WHERE list_contains(?, record_id)",
            params=[[record for alert in cycles for record in alert.records]],
        ).to_arrow_table().to_pylist()  # fmt: skip
    found = sum(row["found"] for row in got.recall if row["typology"] == "money_cycle")
    loose = Params(window_us=duration_us("365d"), max_length=0, keep_bp=0, ties="order")
    with snapshot_from_rows({"transfers": records}) as alone:
        in_time = count_cycles(alone, loose)["rings"]
    of = len(cycles)
    return f"{run.name}: found {found} of {of}, in order of time {in_time} of {of}"


def shuffled(generation: Generation) -> Snapshot:
    """The same transfers, their times dealt out anew: what is found there is chance."""
    transfers = generation.sql(
        "SELECT record_id, at_us, source, target, amount_minor, currency, kind FROM transfers "
        "ORDER BY at_us, record_id"
    )
    times = np.random.default_rng(SEED).permutation(transfers["at_us"].to_numpy())
    return snapshot_from_rows({"transfers": transfers.assign(at_us=times).to_dict("records")})


def searches(world: Run, generation: Generation, chance: Snapshot) -> list[list[str]]:
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
        whole = sum(world.truth.labelled.issuperset(each["accounts"]) for each in found)
        rows.append([
            world.name, title, f"{len(found):,}", f"{by_chance.num_rows:,}",
            share(named, transfers), f"{len(acting):,}",
            share(len(acting & world.truth.labelled), len(acting)),
            f"{whole:,}" if typology == "money_cycle" else "",
        ])  # fmt: skip
    return rows


def false_alarms(run: Run, generation: Generation) -> list[str]:
    """Cells: what the first 100 without a label look like, and who of the labelled is missed."""
    ours = generation.rank("account", top=100)["account"].tolist()
    sizes = generation.sql(_COUNTERPARTIES)
    degree = sizes.sort_values(["n", "account"], ascending=[False, True])["account"][:100]
    labelled = run.truth.labelled
    false = [account for account in ours if account not in labelled]
    parts = generation.sql(_PARTS)
    acting = set(parts["account"][parts["acts"]]) & labelled
    beside = set(parts["account"]) & labelled - acting
    return [
        run.name, f"{len(false)}", f"{len(set(false) & set(degree))}",
        f"{len(acting):,}", f"{len(beside):,}", f"{len(labelled) - len(acting | beside):,}",
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


def ranked_rows(run: Run, got: Judged) -> list[list[str]]:
    """A list against the labels: one row of cells a list."""
    rows = []
    for each in got.lists:
        title = "regift rank" if each["list"] == OURS else each["list"]
        at = {row["at"]: row["precision"] for row in got.at if row["list"] == each["list"]}
        labelled = f"{got.labelled:,} of {got.accounts:,} ({share(got.labelled, got.accounts)})"
        rows.append([
            run.name, labelled, title, *(f"{at[k]:.2f}" for k in FIRST),
            f"{100 * each['r_precision']:.1f} %", f"{each['average_precision']:.3f}",
        ])  # fmt: skip
    return rows


def report(data: Path) -> str:
    """Everything that is printed."""
    ranked, found, missed, rings = [], [], [], []
    with tempfile.TemporaryDirectory() as name:
        for run in runs(data, Path(name)):
            workspace = loaded(run, Path(name) / f"workspace-{run.name}")
            calibrate(workspace)
            refreshed(workspace)
            root = workspace.root
            with regift.open(root) as generation:
                with shuffled(generation) as chance:
                    found += searches(run, generation, chance)
                missed.append(false_alarms(run, generation))
            got = judged(run, root)
            ranked += ranked_rows(run, got)
            if run.truth.planted:
                rings.append(told_rings(run, got, root))
    unsearched = [
        f"`{n}`" for n, (layer, _) in TYPOLOGIES.items() if layer == "value" and n not in ALL
    ]
    lines = [
        *table("run | labelled accounts | list | precision at 50 | at 100 | at 200 | "
               "recall at as many as are labelled | average precision", ranked),
        *table("run | search | findings | with times permuted | transfers they rest on | "
               "relays or members | labelled of those | findings with all labelled", found),
        *table("run | of the first 100 not labelled | of those, also first 100 by counterparties | "
               "labelled: relay or member | only beside one | on no finding", missed),
        "", f"Rings that alerts tell, {'; '.join(rings)}. The 20K runs tell none.",
        "", f"Money typologies not searched yet: {', '.join(unsearched) or 'none'}.",
    ]  # fmt: skip
    return "\n".join([*lines, "", ""])


def main(arguments: list[str]) -> int:
    """1 if the page differs under `--check`."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--write", action="store_true", help="put it into README.md")
    parser.add_argument("--check", action="store_true", help="compare it with README.md")
    asked = parser.parse_args(arguments)
    lacking = absent(asked.data)
    if lacking is not None:
        print(f"amlsim skipped: no real data at {lacking}", file=sys.stderr)
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
