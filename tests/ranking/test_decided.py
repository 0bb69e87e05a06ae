"""Decisions in a calibration: exact rates, an id that names them, nothing where there are none."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger import calibration

from regift.graph.workspace import Workspace
from regift.ranking.calibration import current, read, shown, write
from regift.ranking.decided import PRIOR, Verdicts, decided_bp, learn, rows

FEW = st.integers(0, 60)
RATE = st.integers(0, 10_000)


@pytest.mark.parametrize(
    ("rate", "confirmed", "refuted", "prior", "wanted"),
    [
        (99, 0, 0, 20, 99),
        (0, 0, 5, 20, 2000),
        (1000, 0, 5, 20, 2800),
        (1000, 5, 0, 20, 800),
        (4059, 3, 4, 20, 4488),  # (81180 + 40000) / 27 = 4488.1
        (10_000, 30, 0, 20, 4000),
        (5000, 1, 1, 1, 5000),
        (10_000, 0, 7, 3, 10_000),
    ],
)
def test_rates_by_hand(rate: int, confirmed: int, refuted: int, prior: int, wanted: int) -> None:
    assert decided_bp(rate, confirmed, refuted, prior) == wanted


@given(RATE, FEW, FEW, st.integers(1, 60))
def test_each_refuted_dossier_raises_and_each_confirmed_one_lowers(
    rate: int, confirmed: int, refuted: int, prior: int
) -> None:
    now = decided_bp(rate, confirmed, refuted, prior)
    assert 0 <= now <= 10_000
    assert decided_bp(rate, confirmed, refuted + 1, prior) >= now
    assert decided_bp(rate, confirmed + 1, refuted, prior) <= now


def test_every_stratum_of_a_decided_typology_moves(tmp_path: Path) -> None:
    plain = calibration({"fan_in": {"all": 4900, "new": 10}, "fan_out": {"all": 99}})
    verdicts = {"fan_in": Verdicts(1, 2), "multi_level_gift": Verdicts(4, 1, fact=True)}
    made = learn(plain, verdicts, "a" * 64)
    strata = made.typologies["fan_in"].strata
    assert {key: (s.lfdr_bp, s.chance_bp) for key, s in strata.items()} == {
        "all": (5130, 4900),  # (98000 + 20000) / 23 = 5130.4
        "new": (878, 10),
    }
    assert (made.typologies["fan_in"].lfdr_bp, made.typologies["fan_in"].demoted) == (5130, True)
    assert not plain.typologies["fan_in"].demoted
    assert made.typologies["fan_out"] == plain.typologies["fan_out"]
    assert made.made_of["decisions"] == {
        "head": "a" * 64,
        "prior": PRIOR,
        "typologies": {
            "fan_in": {"confirmed": 1, "refuted": 2, "fact": False},
            "multi_level_gift": {"confirmed": 4, "refuted": 1, "fact": True},
        },
    }
    assert rows(made) == [
        ("fan_in", "all", 4900, 1, 2),
        ("fan_in", "new", 10, 1, 2),
        ("multi_level_gift", None, None, 4, 1),
    ]
    told = {row["typology"]: row for row in shown(made)}
    assert (told["fan_in"]["chance_bp"], told["fan_in"]["lfdr_bp"]) == (4900, 5130)
    assert (told["fan_out"]["confirmed"], told["fan_out"]["refuted"]) == (0, 0)
    fact = told["multi_level_gift"]
    assert (fact["lfdr_bp"], fact["demoted"], fact["confirmed"], fact["refuted"]) == (
        0,
        False,
        4,
        1,
    )
    place = Workspace.create(tmp_path / "w")
    assert read(write(place, made)) == current(place) == made


def test_the_id_names_head_counts_and_prior() -> None:
    plain = calibration({"fan_in": {"all": 4900}})
    said = {"fan_in": Verdicts(1, 2)}
    ids = {
        plain.id,
        learn(plain, said, "a").id,
        learn(plain, said, "b").id,
        learn(plain, said, "a", prior=19).id,
        learn(plain, {"fan_in": Verdicts(1, 3)}, "a").id,
    }
    assert len(ids) == 5
    assert learn(plain, said, "a").id == learn(replace(plain), said, "a").id
    assert learn(plain, {}, "a") is plain
    assert rows(plain) == rows(None) == []
    assert "chance_bp" not in str(plain.content())
