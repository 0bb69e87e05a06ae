"""Two splits: fixed parameters and drawn ones; what leaks, what is missing, what is beyond."""

import itertools
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from simulated import Written
from simulated_facts import Facts

from regift.loaders.simulator import evaluation_ranges as drawn
from regift.loaders.simulator import ranges, simulate
from regift.loaders.simulator.parameters import Parameters, parameters_of

SEEDS = range(200, 260)


@pytest.fixture(scope="module", params=[("development", 2), ("evaluation", 21)])
def facts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Facts:
    split, seed = request.param
    directory = tmp_path_factory.mktemp(split)
    simulate(directory, seed=seed, scale="medium", split=split)
    return Facts(Written(directory))


def test_development_is_the_same_for_every_seed() -> None:
    assert parameters_of("development", 1) == parameters_of("development", 2) == Parameters()


def test_every_drawn_parameter_stays_in_its_range() -> None:
    """And is drawn: over sixty seeds each takes many values."""
    seen: dict[str, set[str]] = {}
    for seed in SEEDS:
        told = parameters_of("evaluation", seed).told()
        for name, value in told.items():
            seen.setdefault(name, set()).add(str(value))
        for name, (low, high) in {**drawn.VALUES, **drawn.COUNTS}.items():
            assert low <= told[name] <= high
        for name, ends in {**drawn.BOUNDS, **drawn.SPANS}.items():
            assert all(a <= x <= b for x, (a, b) in zip(told[name], ends, strict=True))
            assert told[name][0] <= told[name][1]
        for name, ((low, high), (fewest, most)) in drawn.SIZES.items():
            assert fewest <= sum(told[name].values()) <= most
            assert all(low <= size <= high for size in told[name])
        for name, (low, high) in drawn.FACTORS.items():
            fixed = getattr(Parameters(), name)
            for key, count in told[name].items():
                assert max(1, round(fixed[key] * low)) <= count <= max(1, round(fixed[key] * high))
        days = told["festival_days"]
        assert drawn.FESTIVALS[0] <= len(days) <= drawn.FESTIVALS[1]
        assert all(drawn.FESTIVAL_SPAN[0] <= day < drawn.FESTIVAL_SPAN[1] for day in days)
    assert seen.pop("split") == {"evaluation"}
    assert {name for name, values in seen.items() if len(values) < 2} == set()
    assert parameters_of("evaluation", 200) == parameters_of("evaluation", 200)


def test_rings_have_two_to_twelve_accounts() -> None:
    sizes = {size for seed in SEEDS for size in parameters_of("evaluation", seed).money_cycles}
    assert sizes == set(range(2, 13))
    chains = {size + 1 for seed in SEEDS for size in parameters_of("evaluation", seed).chains}
    assert max(chains) == 12


def test_the_truth_records_the_parameters_that_were_used(facts: Facts) -> None:
    truth = facts.truth
    told = json.loads(json.dumps(parameters_of(truth["split"], truth["seed"]).told()))
    assert truth["parameters"] == told
    assert told["split"] == truth["split"]


def test_the_splits_differ_and_each_has_the_same_bytes_again(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        simulate(tmp_path / folder, seed=5, scale="small", split="evaluation")
    simulate(tmp_path / "other", seed=5, scale="small")
    files = {
        folder: {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()}
        for folder in ("one", "two", "other")
    }
    assert files["one"] == files["two"]
    assert files["one"]["transfers.csv"] != files["other"]["transfers.csv"]


def test_planting_only_adds_in_the_evaluation_split_too(tmp_path: Path) -> None:
    simulate(tmp_path / "with", seed=6, scale="small", split="evaluation")
    simulate(tmp_path / "without", seed=6, scale="small", split="evaluation", plant=False)
    one, two = Written(tmp_path / "with"), Written(tmp_path / "without")
    assert one.truth["innocent"] == two.truth["innocent"]
    for name in ("gifts", "transfers"):
        there = set(one.tables[name].fillna("").itertuples(index=False, name=None))
        assert set(two.tables[name].fillna("").itertuples(index=False, name=None)) <= there


def test_missing_records_are_in_the_truth_and_in_no_file(facts: Facts) -> None:
    groups = facts.truth["planted"]
    losing = [g for g in groups if g["missing"]]
    share = facts.truth["parameters"]["share_missing"]
    able = [g for g in groups if len(g["records"]) + len(g["missing"]) >= 3]
    assert 0.5 * share * len(able) < len(losing) < 1.5 * share * len(able)
    most = facts.truth["parameters"]["missing_records"][1]
    for group in losing:
        lost = group["missing"]
        assert len(group["records"]) >= 2
        assert len(lost) <= max(1, round(most * (len(group["records"]) + len(lost))))
        assert len({row["record_id"] for row in lost}) == len(lost)
        for row in lost:
            assert row["record_id"] not in facts.moves
            assert row["table"] in ("gifts", "transfers")
            assert {row["source"], row["target"]} <= set(facts.kind)
            assert row["at"][:7] in ("2026-04", "2026-05", "2026-06")
    assert {row["table"] for g in losing for row in g["missing"]} == {"gifts", "transfers"}


def test_nothing_in_the_files_refers_to_a_missing_record(facts: Facts) -> None:
    refers = pd.concat([facts.tables[name]["refers_to"] for name in ("gifts", "transfers")])
    assert set(refers.dropna()) <= set(facts.moves)
    assert set(facts.tables["items"]["item"]) == set(facts.tables["gifts"]["item"])


def leaked(facts: Facts, group: dict[str, Any]) -> int:
    return sum(facts.moves[record].money for record in group["leaks"])


def test_leaks_are_at_most_a_fifth_and_go_elsewhere(facts: Facts) -> None:
    leaking = [g for g in facts.truth["planted"] if g["leaks"]]
    names = {"money_cycle", "layering_path", "scatter_gather"}
    assert {g["typology"] for g in leaking} == names
    assert {g["variant"] for g in leaking} == {"leak"}
    low, high = facts.truth["parameters"]["leak"]
    for group in leaking:
        inside = {a["account"] for a in group["accounts"]}
        moves = [facts.moves[record] for record in group["leaks"]]
        assert all(m.source in inside for m in moves)
        assert not set(group["leaks"]) & set(group["records"])
        if group["missing"]:
            continue
        first = facts.records(group)[0]
        source = [m for m in facts.records(group) if m.source == first.source]
        began = sum(m.money for m in source) if group["typology"] == "scatter_gather" else 0
        began = began or first.money
        assert 0 < leaked(facts, group) <= high * began <= 0.2 * began
    shares = [leaked(facts, g) for g in leaking]
    assert max(shares) > low * ranges.PLANTED_MIN


def test_what_is_beyond_a_bound_says_which(facts: Facts) -> None:
    """Larger than six, longer than three days, gaps of more than two."""
    told: dict[str, int] = {}
    for group in facts.truth["planted"]:
        for bound in group["beyond"]:
            told[bound] = told.get(bound, 0) + 1
        if group["missing"] or group["variant"] == "repeated":
            continue
        moves = facts.records(group)
        if group["typology"] == "money_cycle":
            slow = moves[-1].at - moves[0].at > ranges.CYCLE_WINDOW_S
            assert slow == ("window" in group["beyond"])
            assert (len(moves) > 6) == ("max_length" in group["beyond"])
        if group["typology"] == "layering_path":
            gaps = [b.at - a.at for a, b in itertools.pairwise(moves)]
            assert (max(gaps) > ranges.LAYER_GAP_S) == ("gap" in group["beyond"])
    assert told["window"] >= 5
    assert told["gap"] >= 5
    assert set(told) <= {"window", "gap", "keep", "max_length", "bin"}
    assert ("max_length" in told) == (facts.truth["split"] == "evaluation")


def test_slow_patterns_wait_days_between_hops(facts: Facts) -> None:
    low, high = facts.truth["parameters"]["gap_days"]
    slow = [g for g in facts.truth["planted"] if g["variant"] == "slow" and not g["missing"]]
    assert {g["typology"] for g in slow} == {"money_cycle", "layering_path"}
    for group in slow:
        at = [m.at for m in facts.records(group)]
        days = [(b - a) / 86_400 for a, b in itertools.pairwise(at)]
        # The clock bends the hours of a day by less than half of one.
        assert low - 0.5 <= min(days) <= max(days) <= high + 0.5
    assert 1.0 <= low < high <= 7.0


def test_relays_of_one_operation_keep_one_share(facts: Facts) -> None:
    rate = facts.truth["parameters"]["commission"]
    jitter = facts.truth["parameters"]["commission_jitter"]
    operations = [g for g in facts.truth["planted"] if g["typology"] == "commission_peak"]
    assert len(operations) >= 5
    for group in operations:
        if group["missing"]:
            continue
        moves = facts.records(group)
        relays = [a["account"] for a in group["accounts"] if a["role"] == "relay"]
        assert len(relays) == facts.truth["parameters"]["commission_relays"]
        bins = []
        for relay in relays:
            came, left = (m for m in moves if relay in (m.source, m.target))
            assert came.target == relay == left.source
            # A hundredth of what is moved is the least that can be kept or not.
            assert abs(1 - left.money / came.money - rate) <= jitter + 1 / came.money
            bins.append(2_000 * left.money // came.money)
        inside = max(bins.count(place) for place in bins) / len(bins)
        assert (inside < 0.9) == ("bin" in group["beyond"])


def test_an_account_taken_over_has_a_device_that_is_new_and_not_its_own(facts: Facts) -> None:
    used = facts.tables["identifiers"].query("kind == 'device'")
    first = dict(zip(zip(used["account"], used["value"], strict=True), used["first_seen"],
                     strict=True))  # fmt: skip
    found = [g for g in facts.truth["planted"] if g["variant"] == "taken_over"]
    assert {g["typology"] for g in found} == {"pass_through", "multi_level_gift"}
    for group in found:
        role = {a["role"]: a["account"] for a in group["accounts"]}
        victim, thief = role["taken_over"], role["controller"]
        shared = facts.values[victim] & facts.values[thief]
        assert {kind for kind, _ in shared} == {"device"}
        assert group["identifiers"] == [f"{victim} device"]
        (value,) = {value for _, value in shared}
        since = pd.Timestamp(first[victim, value])
        begins = min(facts.moves[record].at for record in group["records"])
        assert since >= pd.Timestamp("2026-04-06T00:00:00+08:00")
        if not group["missing"]:
            assert since.timestamp() < begins


def test_festival_days_have_many_times_the_red_packets_and_gifts(facts: Facts) -> None:
    parameters = facts.truth["parameters"]
    begin = pd.Timestamp("2026-04-06T00:00:00+08:00").timestamp()
    for kind in ("red_packet", "gift"):
        day = pd.Series([int((m.at - begin) // 86_400) for m in facts.moves.values()
                         if m.kind == kind])  # fmt: skip
        count = day.value_counts().reindex(range(ranges.DAYS), fill_value=0)
        usual = count.drop(parameters["festival_days"]).median()
        for festival in parameters["festival_days"]:
            assert count[festival] > usual * (1 + 0.4 * (parameters["festival_times"] - 1))


def test_campaigns_reach_many_with_one_thing(facts: Facts) -> None:
    low, high = facts.truth["parameters"]["campaign_size"]
    kinds = set()
    for group in facts.truth["innocent"]:
        if group["kind"] != "campaign":
            continue
        moves = [facts.moves[record] for record in group["records"]]
        kinds |= {m.kind for m in moves}
        assert low <= len(moves) <= high
        assert len({m.source for m in moves}) == 1
        assert max(m.at for m in moves) - min(m.at for m in moves) <= 86_400
        if moves[0].kind == "red_packet":
            assert len({m.money for m in moves}) == 1
        else:
            assert len({facts.collection[m.item] for m in moves}) == 1
    assert kinds == {"red_packet", "gift"}
