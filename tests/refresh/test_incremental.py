"""A refresh of what changed gives what a full one gives: random histories, id for id.

Rows come late, twice, in conflict, corrected and withdrawn; identifiers join accounts into one
entity, people judge pairs, settings change; after every refresh the generation equals one made anew
of all records, in every table that a search or the ranking leaves.
"""

import csv
import random
import tempfile
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from build import EPOCH_US
from examples import examples
from flows import HOUR_US
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from regift.enforcement import allow_list, measures
from regift.enforcement import certificates as certificates_of
from regift.enforcement.casebook import Casebook
from regift.enforcement.decision_rules import EXAMPLE_RULES
from regift.enforcement.measures import Handed, Planned
from regift.graph.connect import quote
from regift.graph.staging import LoadRequest, stage
from regift.graph.store import current_manifest, open_snapshot
from regift.graph.workspace import Workspace
from regift.loaders.read import ReadOptions
from regift.loaders.tables import TABLES
from regift.queries import ALL
from regift.ranking import derive as ranking
from regift.refresh.run import DERIVED, refresh
from regift.refresh.settings import read_settings

ACCOUNTS = ("brand", "ann", "bob", "cat", "dan")
ITEMS = ("x", "y")

accounts = st.sampled_from(ACCOUNTS)
moments = st.integers(0, 40).map(lambda h: f"2026-01-{1 + h // 24:02d}T{h % 24:02d}:00:00Z")

gifts = st.fixed_dictionaries(
    {
        "record_id": st.integers(0, 9).map(lambda n: f"g{n}"),
        "at": moments,
        "source": accounts,
        "target": accounts,
        "item": st.sampled_from(ITEMS),
        "kind": st.sampled_from(("issue", "sale", "gift", "gift", "return")),
        "price": st.sampled_from(("", "5.00")),
        "currency": st.just("CNY"),
        "channel": st.sampled_from(("", "mini_program")),
    }
)
transfers = st.fixed_dictionaries(
    {
        "record_id": st.integers(0, 9).map(lambda n: f"t{n}"),
        "at": moments,
        "source": accounts,
        "target": accounts,
        "amount": st.sampled_from(("5.00", "20.00", "21.00")),
        "currency": st.just("CNY"),
        "kind": st.sampled_from(("payment", "payment", "red_packet", "refund")),
    }
)
identifiers = st.fixed_dictionaries(
    {
        "account": accounts,
        "kind": st.sampled_from(("phone", "device")),
        "value": st.sampled_from(("1", "2")),
    }
)
account_rows = st.fixed_dictionaries(
    {"account": accounts, "kind": st.sampled_from(("personal", "official_account", "merchant"))}
)
item_rows = st.fixed_dictionaries(
    {
        "item": st.sampled_from(ITEMS),
        "collection": st.sampled_from(("c", "c", "d")),
        "issuer": st.sampled_from(("", "brand", "ann")),
    }
)
certificates = st.fixed_dictionaries(
    {
        "account": accounts,
        "partner_company": st.just("chain"),
        "filing_number": st.sampled_from(("f1", "f2")),
        "valid_from": moments,
        "valid_to": st.sampled_from(("", "2026-01-02T00:00:00Z")),
        "scope": st.sampled_from(("", "collection:c", "channel:mini_program; art")),
    }
)
labels = st.fixed_dictionaries(
    {"account": accounts, "at": moments, "code": st.just("spam"), "origin": st.just("report")}
)
ROWS: dict[str, st.SearchStrategy[dict[str, str]]] = {
    "gifts": gifts,
    "transfers": transfers,
    "identifiers": identifiers,
    "accounts": account_rows,
    "items": item_rows,
    "certificates": certificates,
    "labels": labels,
}
EASY = {
    "back_and_forth": {"min_alternations": 1, "balance": "0"},
    "common_exit": {"min_outs": 1, "min_accounts": 1, "share": "0.5"},
    "common_funder": {"min_accounts": 1},
    "escrow_broker": {"min_givers": 1, "min_receivers": 1},
    "issuance_shape": {"min_payers": 2},
    "lockstep": {"min_matches": 1, "min_accounts": 2, "jaccard": "0.2"},
    "relay_gifting": {"min_hops": 2, "retain": "0.5"},
    "repeated_acquisition": {"min_times": 2},
    "zero_risk_ring": {"min_trades": 2},
}
"""So few accounts show no pattern that wants many, unless less is asked."""

EASY_TEXT = "".join(
    f"[typology.{name}]\n" + "".join(f"{key} = {value}\n" for key, value in asked.items())
    for name, asked in EASY.items()
)
SETTINGS = (
    "",
    EASY_TEXT,
    EASY_TEXT,
    '[clock]\nunit = "1d"\n',
    '[records]\nrefund_window = "6h"\n',
    "[entities]\nphone = 1\nmax = 2\n",
    "[typology.pass_through]\nmin_events = 1\n",
    '[typology.multi_level_gift]\nreturn_window = "0"\nallowed = 0\n',
    "[typology.second_level_sale]\nbuy_back = true\n",
)
LOADS = st.one_of(
    *(
        st.tuples(st.just(table), st.lists(rows, min_size=1, max_size=6))
        for table, rows in ROWS.items()
    ),
    st.tuples(st.just("gifts"), st.lists(gifts, min_size=4, max_size=10)),
)


def tables_of(workspace: Workspace) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that a generation says, as sorted rows."""
    manifest = current_manifest(workspace)
    assert manifest is not None
    with open_snapshot(workspace, read_settings(workspace), manifest, threads=1) as graph:
        return {
            table: graph.con.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall()
            for table in (*TABLES, "custody", *DERIVED, *ranking.TABLES)
        }


class Histories(RuleBasedStateMachine):
    """Loads, corrections, withdrawals and decisions in any order, with refreshes between."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.workspace = Workspace.create(Path(self.folder.name) / "w")
        self.workspace.settings_file.write_text(EASY_TEXT)
        self.number = 0
        self.fresh = False

    def _stage(self, table: str, rows: list[dict[str, str]], action: str, max_bad: str) -> None:
        self.number += 1
        path = Path(self.folder.name) / f"{self.number}.csv"
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        stage(
            self.workspace,
            LoadRequest(
                sources=(str(path),),
                table=table,
                options=ReadOptions(),
                action=action,
                reason=None if action == "load" else "test",
                max_bad=max_bad,
            ),
        )

    @rule(load=LOADS)
    def load(self, load: tuple[str, list[dict[str, str]]]) -> None:
        self._stage(*load, action="load", max_bad="100%")

    @rule(load=LOADS)
    def correct(self, load: tuple[str, list[dict[str, str]]]) -> None:
        self._stage(*load, action="replace", max_bad="100%")

    @rule(load=LOADS)
    def withdraw(self, load: tuple[str, list[dict[str, str]]]) -> None:
        self._stage(*load, action="withdraw", max_bad="100%")

    @rule(pair=st.lists(accounts, min_size=2, max_size=2, unique=True), same=st.booleans())
    def judge(self, pair: list[str], same: bool) -> None:
        casebook = Casebook.open(self.workspace.casebook)
        casebook.judge(*pair, "same" if same else "different", "test")
        casebook.close()

    @rule(account=accounts, step=st.sampled_from(EXAMPLE_RULES.steps), hour=st.integers(0, 40))
    def measure(self, account: str, step: str, hour: int) -> None:
        """In force from an hour in the midst of the records: who comes later may succeed it."""
        with Casebook.open(self.workspace.casebook, "ann") as one:
            wanted = Planned(account, step, "R4", "test")
            if any(m.step == step for m in measures.listed(one, account=account)):
                return
            numbers = measures.plan(one, [wanted], EXAMPLE_RULES)
        with Casebook.open(self.workspace.casebook, "bob") as other:
            measures.approve(other, numbers, "test", EXAMPLE_RULES)
            measures.export(other, [Handed(numbers[0], EPOCH_US + hour * HOUR_US)], "test")

    @rule()
    def reverse(self) -> None:
        """The newest measure is taken back."""
        with Casebook.open(self.workspace.casebook) as casebook:
            standing = measures.listed(casebook, states=measures.IN_FORCE)
            if standing:
                measures.reverse(casebook, standing[-1].number, "test")

    @rule(account=accounts)
    def allow(self, account: str) -> None:
        with Casebook.open(self.workspace.casebook) as casebook:
            allow_list.add(casebook, account, 4 * 10**15, "test")

    @rule(
        account=accounts,
        filing=st.sampled_from(("f1", "f2")),
        verdict=st.sampled_from(("accepted", "refused", "refused")),
    )
    def review(self, account: str, filing: str, verdict: str) -> None:
        with Casebook.open(self.workspace.casebook) as casebook:
            certificates_of.review(casebook, account, filing, verdict, "test")

    @rule(text=st.sampled_from(SETTINGS))
    def configure(self, text: str) -> None:
        self.workspace.settings_file.write_text(text)

    @rule()
    def take_in(self) -> None:
        refresh(self.workspace)
        self.fresh = True

    @invariant()
    def equals_full(self) -> None:
        """Compare with a generation made anew; then this history goes on from its own."""
        if not getattr(self, "fresh", False):
            return
        self.fresh = False
        found = tables_of(self.workspace)
        before = self.workspace.current.readlink()
        refresh(self.workspace, full=True)
        wanted = tables_of(self.workspace)
        self.workspace.current.unlink()
        self.workspace.current.symlink_to(before)
        for table, rows in wanted.items():
            assert found[table] == rows, table

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=examples(12),
    stateful_step_count=14,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def _dense(chance: random.Random, number: int) -> dict[str, list[dict[str, str]]]:
    """Gifts that walk on, payments for them, shared identifiers: what patterns are made of."""
    rows: dict[str, list[dict[str, str]]] = {"gifts": [], "transfers": [], "identifiers": []}
    for item in ITEMS:
        holder, hour = chance.choice(ACCOUNTS), chance.randrange(12)
        for _ in range(chance.randint(3, 8)):
            target = chance.choice([name for name in ACCOUNTS if name != holder])
            row = {"source": holder, "target": target, "item": item, "at": _moment(hour)}
            row["kind"] = chance.choice(("gift", "gift", "gift", "sale", "return"))
            row["channel"] = chance.choice(("mini_program", "personal"))
            rows["gifts"].append(row)
            pay = {"source": target, "target": holder, "at": _moment(hour), "amount": "20.00"}
            rows["transfers"].append(pay | {"currency": "CNY", "kind": "payment"})
            holder, hour = target, hour + chance.randrange(5)
    for name in chance.sample(ACCOUNTS, chance.choice((0, 1, 2))):
        kind = chance.choice(("phone", "device"))
        rows["identifiers"].append({"account": name, "kind": kind, "value": "1"})
    for table in ("gifts", "transfers"):
        for place, row in enumerate(rows[table]):
            row["record_id"] = f"{table[0]}{number}{place:02}"
    return rows


def _moment(hour: int) -> str:
    return f"2026-01-{1 + hour // 24:02d}T{hour % 24:02d}:00:00Z"


@pytest.mark.parametrize("seed", range(2))
def test_patterns_of_a_growing_history(tmp_path: Path, seed: int) -> None:
    """Loads that make patterns, entities that come later: each refresh equals a full one."""
    chance = random.Random(seed)
    workspace = Workspace.create(tmp_path / "w")
    workspace.settings_file.write_text(EASY_TEXT)
    for number in range(4):
        for table, rows in _dense(chance, number).items():
            if not rows:
                continue
            path = tmp_path / f"{table}{number}.csv"
            with open(path, "w", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
            stage(workspace, LoadRequest(sources=(str(path),), table=table, options=ReadOptions()))
        refresh(workspace)
        found = tables_of(workspace)
        before = workspace.current.readlink()
        refresh(workspace, full=True)
        wanted = tables_of(workspace)
        workspace.current.unlink()
        workspace.current.symlink_to(before)
        for table, rows_wanted in wanted.items():
            assert found[table] == rows_wanted, table
    seen = {row[1] for row in wanted["findings"]}
    assert {"back_and_forth", "repeated_acquisition", "common_exit", "issuance_shape"} <= seen


def test_only_what_a_row_touches_runs_again(tmp_path: Path) -> None:
    """One late gift on one of two hundred items: one item is walked and searched."""
    workspace = Workspace.create(tmp_path / "w")
    many = tmp_path / "many.csv"
    many.write_text(
        "record_id,at,source,target,item,kind\n"
        + "".join(
            f"i{n},2026-01-01T00:00:00Z,brand,a{n},x{n},issue\n"
            f"g{n},2026-01-02T00:00:00Z,a{n},b{n},x{n},gift\n"
            f"h{n},2026-01-03T00:00:00Z,b{n},c{n},x{n},gift\n"
            for n in range(200)
        )
    )
    late = tmp_path / "late.csv"
    late.write_text("record_id,at,source,target,item,kind\nl,2026-01-02T12:00:00Z,b7,c7,x7,gift\n")
    for path in (many, late):
        stage(
            workspace,
            LoadRequest(sources=(str(path),), table="gifts", options=ReadOptions()),
        )
        manifest = refresh(workspace).manifest
    assert (manifest.run["items_total"], manifest.run["items_run"]) == (200, 1)
    modes = {ran["typology"]: ran["mode"] for ran in manifest.run["typologies"]}
    assert modes["multi_level_gift"] == "touched"
    gift_findings = {ran["typology"]: ran["findings"] for ran in manifest.run["typologies"]}
    assert gift_findings["multi_level_gift"] == 201
    assert set(modes) == set(ALL)


def test_segments_are_shared_by_generations(tmp_path: Path) -> None:
    """A change in March leaves January's segment the very same file."""
    workspace = Workspace.create(tmp_path / "w")
    for number, month in enumerate(("01", "03"), 1):
        path = tmp_path / f"{month}.csv"
        path.write_text(
            "record_id,at,source,target,amount,currency,kind\n"
            f"t{month},2026-{month}-15T00:00:00Z,a,b,1.00,CNY,payment\n"
        )
        stage(
            workspace,
            LoadRequest(sources=(str(path),), table="transfers", options=ReadOptions()),
        )
        manifest = refresh(workspace).manifest
        assert len(manifest.segments["transfers"]) == number
    first = workspace.generations / "000001.json"
    shared = manifest.segments["transfers"][0].file
    assert quote(shared)[1:-1] in first.read_text()
