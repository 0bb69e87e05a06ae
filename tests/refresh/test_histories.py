"""Any history of a workspace ends where one load of what it ended with begins.

Worlds that show patterns are loaded piece by piece, late, twice, in conflict; rows are corrected,
withdrawn and brought back; identifiers and judgements join and split entities; measures, reviews,
the allow-list, the policy, parameters, bounds and the calibration change; generations are removed.
After each refresh

- the records are those that the loads say (`histories.Records`, a restatement of D-16),
- all tables are those of a fresh workspace into which these records are loaded once, shuffled,
- what a list says has changed since the generation before is what a restatement of D-10 says.

`REGIFT_LONG=1` runs many more and verifies each generation; `REGIFT_STATS=FILE` appends what was
met, a JSON object a process.
"""

import atexit
import json
import os
import random
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from build import EPOCH_US
from examples import LONG, examples
from flows import HOUR_US
from histories import PLANTS, Plant, Records, Row, copy_casebook, mutated, put
from history_changes import everything_of, fates, listed
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from workspaces import everything

from regift.enforcement import allow_list, certificates, measures
from regift.enforcement.casebook import Casebook
from regift.enforcement.decision_rules import EXAMPLE_RULES
from regift.enforcement.measures import Handed, Planned
from regift.enforcement.policy import SHIPPED
from regift.graph.bounds import Bounds
from regift.graph.collect_garbage import collect_garbage
from regift.graph.workspace import Workspace
from regift.loaders.tables import TABLES
from regift.queries import ALL
from regift.queries.params import show
from regift.ranking import calibration
from regift.ranking.calibration import Calibrated, Calibration, Stratum
from regift.refresh.run import refresh, truncated_of
from regift.refresh.settings import params_of, read_settings
from regift.refresh.verify import verify

DAY_US = 24 * HOUR_US
TEXT = (SHIPPED / "wechat-3.24.toml").read_text(encoding="utf-8")
MET: Counter[str] = Counter()
WORLDS_AT_FIRST = 6
ACTS = 3
"""Worlds that a history begins with, and acts from one refresh to the next."""

numbers = st.integers(0, 2**16)
pools = {name: [p for p in PLANTS if p.typology == name] for name in sorted(ALL)}
plants = st.sampled_from(sorted(pools)).flatmap(lambda name: st.sampled_from(pools[name]))
shifts = st.sampled_from((0, 0, 0, HOUR_US, DAY_US, 29 * DAY_US, 40 * DAY_US))

SECTIONS = (
    ("clock", {"unit": "1d"}),
    ("records", {"refund_window": "6h"}),
    ("records", {}),
    ("entities", {"phone": 1, "max": 2}),
    ("entities", {}),
    ("bounds", {"expansions": 3}),
    ("bounds", {"hub_degree": 2, "slices": 3}),
    ("bounds", {}),
    ("typology.multi_level_gift", {"return_window": "0"}),
    ("typology.pass_through", {"min_events": "1"}),
    ("typology.money_cycle", {"window": "3d", "group": "instance"}),
    ("typology.scatter_gather", {"min_accounts": "2"}),
)
CHANGES = (('"lenient"', '"strict"'), ("from = 2022-03-30", "from = 2026-01-10"))


@atexit.register
def _tell() -> None:
    if os.environ.get("REGIFT_STATS") and MET:
        with open(os.environ["REGIFT_STATS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(dict(sorted(MET.items()))) + "\n")


class Histories(RuleBasedStateMachine):
    """One workspace, what its records should be, and what waits to be loaded late."""

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        """A workspace with some worlds in it, loaded and not yet refreshed."""
        self.folder = Path(tempfile.mkdtemp())
        self.workspace = Workspace.create(self.folder / "w")
        self.sections: dict[str, dict[str, Any]] = {}
        self.records = Records()
        self.late: list[tuple[str, Row]] = []
        self.number = 0
        self.earlier: tuple[int, dict[str, list[tuple[Any, ...]]]] | None = None
        self.acts = 0
        MET["histories"] += 1
        chance = random.Random(seed)
        for name in chance.sample(sorted(pools), WORLDS_AT_FIRST):
            plant, apart = chance.choice(pools[name]), chance.random() < 0.4
            shift_us = chance.choice((0, 0, 0, HOUR_US, DAY_US, 40 * DAY_US))
            self._plant(plant, apart, shift_us, chance.randrange(99), chance.random() < 0.7)

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    # Records

    def _load(self, table: str, rows: list[Row], action: str = "load") -> None:
        """Certificates one by one: which of two that overlap is refused is tested elsewhere."""
        one_by_one = any(c.name == "updated_at" for c in TABLES[table].columns)
        for part in [[row] for row in rows] if one_by_one else [rows]:
            self.number += 1
            report = put(self.workspace, self.folder / f"{self.number}.csv", table, part, action)
            accepted = self.records.take(table, part, action)
            assert report.accepted == accepted, (table, action, part, report)
            MET[f"{action} accepted"] += accepted
            MET[f"{action} refused or known"] += len(part) - accepted

    @rule(plant=plants, apart=st.booleans(), shift_us=shifts, seed=numbers, tuned=st.booleans())
    def plant(self, plant: Plant, apart: bool, shift_us: int, seed: int, tuned: bool) -> None:
        """Load a world, all of it or with some rows left for later; tuned: with its parameters."""
        self._plant(plant, apart, shift_us, seed, tuned)

    def _plant(self, plant: Plant, apart: bool, shift_us: int, seed: int, tuned: bool) -> None:
        self.number += 1
        placed = plant.placed(self.number, apart, shift_us)
        chance = random.Random(seed)
        share = chance.choice((0, 0, 0.3, 0.6))
        for table, rows in placed.rows.items():
            now = [row for row in rows if chance.random() >= share]
            chance.shuffle(now)
            self.late += [(table, row) for row in rows if row not in now]
            if now:
                self._load(table, now)
        with Casebook.open(self.workspace.casebook) as casebook:
            for a, b, verdict in placed.judgements:
                casebook.judge(a, b, verdict, "test")
            for account, filing, verdict in placed.reviewed:
                certificates.review(casebook, account, filing, verdict, "test")
        for account, since_us, clause, step in placed.measured:
            self._measure(account, step, clause, since_us)
        if tuned and placed.params:
            self.sections[f"typology.{plant.typology}"] = dict(placed.params)
            self._configure()
        MET[f"planted {plant.typology}"] += 1

    @precondition(lambda self: self.late)
    @rule(count=st.integers(1, 4), seed=numbers)
    def feed(self, count: int, seed: int) -> None:
        """Rows that were left for later, in any order."""
        chance = random.Random(seed)
        chance.shuffle(self.late)
        now, self.late = self.late[:count], self.late[count:]
        for table in sorted({table for table, _ in now}):
            self._load(table, [row for name, row in now if name == table])

    def _some(self, seed: int, most: int) -> tuple[random.Random, str, list[Row]]:
        """Rows of one table that are there."""
        chance = random.Random(seed)
        tables = [table for table in TABLES for _ in range(4) if self.records.rows[table]]
        table = chance.choice([*tables, *(t for t in ("gifts", "transfers") if t in tables)])
        rows = list(self.records.rows[table].values())
        return chance, table, chance.sample(rows, min(len(rows), chance.randint(1, most)))

    @precondition(lambda self: any(self.records.rows.values()))
    @rule(seed=numbers, action=st.sampled_from(("load", "replace", "replace", "replace")))
    def change(self, seed: int, action: str) -> None:
        """The same keys with other content: a conflict, or a correction."""
        chance, table, rows = self._some(seed, 2)
        self._load(table, [mutated(table, row, chance) for row in rows], action)

    @precondition(lambda self: any(self.records.rows.values()))
    @rule(seed=numbers)
    def twice(self, seed: int) -> None:
        """What is there once more, among it a row twice in one file."""
        _, table, rows = self._some(seed, 3)
        self._load(table, [*rows, rows[0]])

    @precondition(lambda self: any(self.records.rows.values()))
    @rule(seed=numbers)
    def withdraw(self, seed: int) -> None:
        """Rows go; some of them may come back by `bring_back` or `feed`."""
        _, table, rows = self._some(seed, 3)
        self._load(table, rows, "withdraw")
        self.late += [(table, row) for row in rows]

    @precondition(lambda self: self.late)
    @rule(seed=numbers)
    def bring_back(self, seed: int) -> None:
        """A row that is not there is loaded as a correction."""
        table, row = random.Random(seed).choice(self.late)
        self._load(table, [row], "replace")

    @precondition(lambda self: self._accounts())
    @rule(
        seed=numbers, kinds=st.sampled_from((("phone",), ("phone", "device"), ("legal_subject",)))
    )
    def tie(self, seed: int, kinds: tuple[str, ...]) -> None:
        """Two accounts share identifiers."""
        chance = random.Random(seed)
        names = self._accounts()
        for account in chance.sample(names, min(2, len(names))):
            rows = [{"account": account, "kind": kind, "value": f"v{seed % 3}"} for kind in kinds]
            self._load("identifiers", rows)

    def _accounts(self) -> list[str]:
        rows = [r for t in ("gifts", "transfers") for r in self.records.rows[t].values()]
        return sorted({row[end] for row in rows for end in ("source", "target")})

    # What people decide

    @precondition(lambda self: len(self._accounts()) > 1)
    @rule(seed=numbers, verdict=st.sampled_from(("same", "different")))
    def judge(self, seed: int, verdict: str) -> None:
        a, b = random.Random(seed).sample(self._accounts(), 2)
        with Casebook.open(self.workspace.casebook) as casebook:
            casebook.judge(a, b, verdict, "test")

    @precondition(lambda self: self._accounts())
    @rule(seed=numbers, step=st.sampled_from(EXAMPLE_RULES.steps), hour=st.integers(0, 80))
    def measure(self, seed: int, step: str, hour: int) -> None:
        account = random.Random(seed).choice(self._accounts())
        self._measure(account, step, "R4", EPOCH_US + hour * HOUR_US)

    def _measure(self, account: str, step: str, clause: str, since_us: int) -> None:
        with Casebook.open(self.workspace.casebook, "ann") as one:
            if any(m.step == step for m in measures.listed(one, account=account)):
                return
            planned = measures.plan(one, [Planned(account, step, clause, "test")], EXAMPLE_RULES)
        with Casebook.open(self.workspace.casebook, "bob") as other:
            measures.approve(other, planned, "test", EXAMPLE_RULES)
            measures.export(other, [Handed(planned[0], since_us)], "test")
        MET["measured"] += 1

    @rule()
    def reverse(self) -> None:
        """The newest measure is taken back."""
        with Casebook.open(self.workspace.casebook) as casebook:
            standing = measures.listed(casebook, states=measures.IN_FORCE)
            if standing:
                measures.reverse(casebook, standing[-1].number, "test")

    @precondition(lambda self: self._accounts())
    @rule(seed=numbers)
    def allow(self, seed: int) -> None:
        """An account is let be, or no more."""
        account = random.Random(seed).choice(self._accounts())
        with Casebook.open(self.workspace.casebook) as casebook:
            if any(each.account == account for each in allow_list.entries(casebook)):
                allow_list.remove(casebook, account, "test")
            else:
                allow_list.add(casebook, account, 4 * 10**15, "test")

    @precondition(lambda self: self.records.rows["certificates"])
    @rule(seed=numbers, verdict=st.sampled_from((certificates.ACCEPTED, certificates.REFUSED)))
    def review(self, seed: int, verdict: str) -> None:
        account, filing, _ = random.Random(seed).choice(list(self.records.rows["certificates"]))
        with Casebook.open(self.workspace.casebook) as casebook:
            certificates.review(casebook, account, filing, verdict, "test")

    # Settings

    def _configure(self) -> None:
        text = "".join(
            f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in told.items())
            for name, told in self.sections.items()
        )
        self.workspace.settings_file.write_text(text, encoding="utf-8")

    @rule(section=st.sampled_from(SECTIONS))
    def configure(self, section: tuple[str, dict[str, Any]]) -> None:
        self.sections[section[0]] = section[1]
        self._configure()

    @rule(flips=st.lists(st.sampled_from(CHANGES), unique=True))
    def policy(self, flips: list[tuple[str, str]]) -> None:
        """A pack of the workspace: the shipped one with other switches and dates."""
        text = TEXT.replace('name = "wechat-3.24"', 'name = "mine"')
        for old, new in flips:
            assert old in text
            text = text.replace(old, new)
        (self.workspace.root / "policies").mkdir(exist_ok=True)
        (self.workspace.root / "policies" / "mine.toml").write_text(text, encoding="utf-8")
        self.sections["policy"] = {"pack": "mine"}
        self._configure()

    @rule(seed=numbers)
    def calibrate(self, seed: int) -> None:
        """Another calibration, by which some typologies are demoted."""
        chance = random.Random(seed)
        shown = {n: show(params_of(read_settings(self.workspace), n)) for n in ALL}
        rates = {n: chance.choice((10, 2_000, 4_999, 7_000)) for n in ALL}
        told = {
            n: Calibrated({"all": Stratum(10, rate)}, 10, "time", rate)
            for n, rate in rates.items()
            if ALL[n].nulls or ALL[n].chance
        }
        calibration.write(
            self.workspace, Calibration({"seed": seed, "parameters": shown}, 20, 1, 4, told)
        )

    # Refreshes

    @rule(keep=st.integers(2, 3))
    def remove_old(self, keep: int) -> None:
        collect_garbage(self.workspace, keep=keep)

    @rule()
    def take_in_late(self) -> None:
        """With no time left: what it finds counts for nothing but the next refresh's start."""
        outcome = refresh(self.workspace, bounds=Bounds(jobs=1, deadline_s=time.monotonic()))
        MET["refreshes cut by time"] += bool(outcome.truncated)
        self.earlier = None

    @invariant()
    def now_and_then(self) -> None:
        """A refresh after every few acts."""
        self.acts = getattr(self, "acts", 0) + 1
        if hasattr(self, "records") and self.acts % ACTS == 0:
            self.take_in()

    @rule()
    def take_in(self) -> None:
        """Refresh, and look whether all is as it should be."""
        outcome = refresh(self.workspace)
        MET["refreshes"] += outcome.fresh
        MET["refreshes with nothing to do"] += not outcome.fresh
        found = everything(self.workspace)
        self._records_are(found)
        wanted, run = self._anew()
        for table, rows in wanted.items():
            assert found[table] == rows, table
        mine = outcome.manifest.run
        assert truncated_of(outcome.manifest) == truncated_of(run)
        assert (mine["switched_off"], mine["payments_begin_us"]) == (
            run.run["switched_off"], run.run["payments_begin_us"]
        )  # fmt: skip
        assert outcome.manifest.as_of_us == run.as_of_us
        for table in (*TABLES, "custody"):  # files are named by their bytes
            assert outcome.manifest.segments.get(table, ()) == run.segments.get(table, ()), table
        if LONG:
            told = verify(self.workspace, seed=self.number if self.number % 2 else None)
            assert not told.differences
        if outcome.fresh:
            self._meet(outcome.manifest, found)
            self._changes(outcome.manifest.number, found)
        self.earlier = (outcome.manifest.number, found)

    def _records_are(self, found: dict[str, list[tuple[Any, ...]]]) -> None:
        """No accepted row is missing, none is there twice, none came back."""
        for table, rows in self.records.rows.items():
            columns = [c.stored for c in TABLES[table].columns]
            told = {tuple(row.get(name) for name in columns) for row in rows.values()}
            assert (len(found[table]), set(found[table])) == (len(told), told), table

    def _anew(self) -> tuple[dict[str, list[tuple[Any, ...]]], Any]:
        """All tables of a workspace that was told everything at once, and its manifest."""
        place = Workspace.create(self.folder / "anew")
        try:
            shutil.copy(self.workspace.settings_file, place.settings_file)
            for folder in ("policies", calibration.FOLDER):
                if (self.workspace.root / folder).exists():
                    shutil.copytree(
                        self.workspace.root / folder, place.root / folder, symlinks=True
                    )
            copy_casebook(self.workspace.casebook, place.casebook)
            chance = random.Random(self.number)
            for table in chance.sample(list(TABLES), len(TABLES)):
                rows = list(self.records.rows[table].values())
                chance.shuffle(rows)
                if rows:
                    report = put(place, self.folder / "anew.csv", table, rows, "load")
                    assert report.accepted == len(rows)
            return everything_of(place)
        finally:
            shutil.rmtree(place.root)

    def _meet(self, made: Any, found: dict[str, list[tuple[Any, ...]]]) -> None:
        for ran in made.run["typologies"]:
            MET[f"mode {ran['mode']}"] += 1
            MET[f"found {ran['typology']}"] += bool(ran["findings"])
            MET[f"cut {ran['typology']}"] += bool(ran["truncated"])
            if ran["findings"]:
                MET[f"{ran['mode']} with findings"] += 1
        MET["findings"] += len(found["findings"])
        MET["cases"] += len(found["cases"])
        MET["proposals of a measure"] += sum(row[2] is not None for row in found["proposals"])
        MET["entities of several accounts"] += len({e for a, e in found["entity_of"] if a != e})

    def _changes(self, number: int, found: dict[str, list[tuple[Any, ...]]]) -> None:
        """`rank --new-since` of the generation before lists what changed, and nothing else."""
        if self.earlier is None or self.earlier[0] == number:
            return
        then, before = self.earlier
        told = listed(self.workspace, then)
        scores = [{row[0]: row[3] for row in each["account_scores"]} for each in (before, found)]
        moved = {n for n, score in scores[1].items() if scores[0].get(n) != score}
        assert {row["id"] for row in told["account"]} == moved
        wanted = fates(before, found)
        assert {row["id"]: row["lineage"] for row in told["case"]} == wanted
        MET.update(f"case {word}" for words in wanted.values() for word in words)


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=examples(3),
    stateful_step_count=30 if LONG else 10,
    deadline=None,
    # Steps take a second: what is found is made smaller by hand.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
