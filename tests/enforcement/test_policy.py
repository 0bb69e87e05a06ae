"""Policy packs: what is read, which errors are said, and what the shipped one holds."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from regift.enforcement.policy import SHIPPED, chosen, in_use, packs, read
from regift.enforcement.policy_rules import decision_rules, gate_rules, parameters
from regift.graph.workspace import Workspace
from regift.loaders.errors import UsageError
from regift.queries import ALL
from regift.ranking.gate_rules import GateRules

PACK = SHIPPED / "wechat-3.24.toml"
TEXT = PACK.read_text(encoding="utf-8")


def changed(tmp_path: Path, old: str, new: str, name: str = "pack.toml") -> Path:
    assert old in TEXT
    path = tmp_path / name
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    return path


def test_the_shipped_pack_gives_the_numbers_that_hold_without_one() -> None:
    rules = gate_rules(read(PACK))
    assert replace(rules, clauses=None, spans=None) == GateRules()


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_typology_evidences_first_what_it_says_itself(name: str) -> None:
    rows = gate_rules(read(PACK)).clauses
    assert rows is not None
    mine = sorted((row.place, row.clause) for row in rows if row.typology == name)
    assert mine[0][1] == ALL[name].clauses[0]
    assert set(ALL[name].clauses) <= {clause for _, clause in mine}


def test_what_the_rule_does_not_say_is_marked() -> None:
    pack = read(PACK)
    assert all(step.example for step in pack.steps)
    assert pack.caps.example


def test_clauses_begin_when_the_statement_and_the_clause_were_published() -> None:
    assert {clause.id: clause.begins for clause in read(PACK).clauses} == {
        "R1": date(2022, 6, 20), "R2": date(2022, 6, 20), "R3": date(2022, 3, 30),
        "R4": date(2022, 3, 30), "R5": date(2022, 3, 30), "R6": date(2022, 3, 30),
    }  # fmt: skip


def test_a_date_is_the_first_moment_of_the_day_where_the_platform_is() -> None:
    rows = gate_rules(read(PACK)).clauses
    assert rows is not None
    (row,) = (row for row in rows if row.typology == "evasion")
    assert row.from_us == 1_648_569_600_000_000  # 2022-03-29T16:00:00Z
    assert row.until_us is None


def test_decisions_may_name_its_steps_and_clauses() -> None:
    rules = decision_rules(read(PACK))
    assert rules.steps == ("notice", "rectify", "restrict", "take_down", "ban")
    assert rules.clauses == ("R1", "R2", "R3", "R4", "R5", "R6")
    assert rules.second_person_from == "take_down"
    day = 86_400_000_000
    assert rules.due_after_us == {
        "notice": 7 * day, "rectify": 3 * day, "restrict": 7 * day, "take_down": 30 * day,
    }  # fmt: skip
    assert rules.lasts_us == {"restrict": 30 * day}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('first_level_gift = "lenient"', 'first_level_gift = "strict"',
         {"multi_level_gift": {"reading": "strict"}}),
        ('returned_gift = "undone"', 'returned_gift = "level"',
         {"multi_level_gift": {"return_window": "0"}}),
        ('certificate_grace = "0d"', 'certificate_grace = "30d"',
         {"uncertified_issue": {"grace": "30d"}}),
        ('issuer_resale = "first_level"', 'issuer_resale = "second_level"',
         {"second_level_sale": {"resale": "true"}}),
        ('= "cures_nothing"', '= "cures"',
         {"multi_level_gift": {"holding": "2022-03-29T16:00:00Z=180d"}}),
        ('one_legal_subject = "linked"', 'one_legal_subject = "separate"',
         {"entities": {"legal_subject": "separate"}}),
        ("", "", {}),
    ],
)  # fmt: skip
def test_switches_set_parameters(
    tmp_path: Path, old: str, new: str, told: dict[str, dict[str, str]]
) -> None:
    assert parameters(read(changed(tmp_path, old, new))) == told


@pytest.mark.parametrize(
    ("value", "kinds", "unknown"),
    [
        ("operators", ("personal",), True),
        ("users", ("official_account", "mini_program", "merchant", "platform"), False),
        ("both", (), False),
    ],
)
def test_who_is_measured(tmp_path: Path, value: str, kinds: tuple[str, ...], unknown: bool) -> None:
    rules = gate_rules(read(changed(tmp_path, '= "operators"', f'= "{value}"')))
    assert (rules.left_out_kinds, rules.unknown_left_out) == (kinds, unknown)


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ('name = "wechat-3.24"', "", "name: is missing: write name = ..."),
        ('name = "wechat-3.24"', 'name = "we chat"', "name: 'we chat' is no name: leave out"),
        ('zone = "Asia/Shanghai"', 'zone = "Mars"', "zone: 'Mars' is not a time zone"),
        ('zone = "Asia', 'colour = 1\nzone = "Asia', "colour: is unknown: there are name, version"),
        ('title = { en = "WeChat', 'title = { fr = "WeChat', 'title: write { en = "...", zh ='),
        ("from = 2022-06-20", 'from = "2022-06-20"',
         "[[clause]] R1 from: '2022-06-20' is no date: write 2022-06-20, without quotes"),
        ("from = 2022-06-20", "from = 2022-06-20\nuntil = 2022-06-20",
         "[[clause]] R1 until: 2022-06-20 is not after from, 2022-06-20"),
        ('channels = ["any"]', 'channels = ["radio"]',
         "[[clause]] R1 channels: 'radio' is unknown: there are official_account, mini_program"),
        ('channels = ["any"]', "channels = []", "[[clause]] R1 channels: is empty"),
        ('channels = ["any"]', 'channels = ["any", "personal"]', '"any" stands alone'),
        ('["issuance_shape"]', '["issuance"]',
         "[[clause]] R1 typologies: 'issuance' is unknown: there are back_and_forth"),
        ('["issuance_shape"]', '["money_cycle"]', "[[clause]] R1 also: money_cycle stands in"),
        ('id = "R2"', 'id = "R1"', "[[clause]] R1: versions from 2022-06-20 and from 2022-06-20 "
         "are both in force on 2022-06-20 for second_level_sale: end the first with until ="),
        ('measure = "notice"', 'measure = "frown"',
         "[[step]] frown measure: 'frown' is unknown: there are notice, rectify, restrict"),
        ('measure = "notice"', 'measure = "ban"', "write each once, from mild to severe"),
        ("from_points = 6", "from_points = 1",
         "[[step]] rectify from_points: 1 is not above 1, that of notice"),
        ("from_points = 6", "from_points = 0",
         "[[step]] rectify from_points: 0 is not a whole number above zero"),
        ("from_points = 6", "from_points = 1000000000000001",
         "[[step]] rectify from_points: 1000000000000001 is above 1,000,000,000,000,000"),
        ("[degree]", "[degrees]", "degrees: is unknown: there are name"),
        ("R5 = 1 }", "R9 = 1 }", "[degree] clause: 'R9' is unknown: there are R1, R2"),
        ("R5 = 1 }", "R5 = 0 }", "[degree] clause.R5: 0 is not a whole number above zero"),
        ("[[1, 1], [3, 4]", "[[1, 1], [3, 1]", "[degree] facts: [3, 1] is not above [1, 1]: more"),
        ("[[1, 1], [3, 4]", "[[1, 1], [1, 4]", "[degree] facts: [1, 4] is not above [1, 1]: more"),
        ("[[1, 1], [3, 4]", "[[1, 1], [3]", "[3], [10, 9], [30, 12]] is no table of points: write"),
        ("money = { CNY", "money = { GOLD", "[degree] money: 'GOLD' is no currency: write a code"),
        ("money = { CNY", "money = 3 #", "[degree] money: 3: write { NAME = ..., NAME = ... }"),
        ('"180d"', '"0d"', "[degree] strike_half_life: is 0: leave strike out"),
        ("strike = 3", "", "[degree] strike_half_life: halves nothing: write strike"),
        ("confrontation = [", "defiance = [", "[degree] defiance: is unknown: there are clause"),
        ('due_after = "7d"', 'due_after = "soon"', "[[step]] notice due_after: 'soon' is not a"),
        ('due_after = "7d"', "second_person = true", "[[step]] second_person: notice needs"),
        ('functions = ["gifting"', 'functions = ["singing"', "functions: 'singing' is unknown"),
        ('doubtful = "rectify"', 'doubtful = "rec"', "[gate] doubtful: 'rec' is unknown"),
        ("[gate]", "[gates]", "gates: is unknown"),
        ('giveaway = "level_0"', 'giveaway = "level_1"',
         "[switches] giveaway: 'level_1' is unknown: there are level_0"),
        ('giveaway = "level_0"', "", "[switches] giveaway: is missing"),
        ("[[holding_period]]\nfrom = 2022-03-30\nheld", "[[holding_period]]\nheld",
         "[[holding_period]] 1 from: is missing"),
        ('held = "180d"', 'held = "long"', "[[holding_period]] 1 held: 'long' is not a duration"),
        ("[[holding_period]]\n", '[[holding_period]]\nfrom = 2022-03-30\nheld = "1d"\n'
         "[[holding_period]]\n",
         "[[holding_period]] from: 2022-03-30 is not after 2022-03-30: write"),
        ('certificate_grace = "0d"', 'certificate_grace = "a bit"',
         "[switches] certificate_grace: 'a bit' is not a duration"),
        ('remind_every = "7d"', "", "[certificates] remind_every: is missing: write remind_every"),
        ('remind_every = "7d"', 'remind_every = "0d"', "remind_every: 0 is no interval: write a"),
        ('expires_within = "30d"', 'expires_within = "soon"', "expires_within: 'soon' is not a"),
        ('expires_within = "30d"', 'warn = "3d"', "[certificates] warn: is unknown: there are"),
        ("[switches]", "[switches", "this is no TOML"),
    ],
)  # fmt: skip
def test_errors_are_one_line_with_file_and_key(
    tmp_path: Path, old: str, new: str, error: str
) -> None:
    path = changed(tmp_path, old, new)
    with pytest.raises(UsageError) as raised:
        read(path)
    said = str(raised.value)
    assert said.startswith(f"{path}: ")
    assert error in said
    assert "\n" not in said


def test_holding_cures_nothing_where_no_period_is_told(tmp_path: Path) -> None:
    part = TEXT[TEXT.index("[[holding_period]]") : TEXT.index("# Where the texts disagree")]
    path = changed(tmp_path, part, "")
    assert read(path).holding == ()
    path.write_text(path.read_text().replace('"cures_nothing"', '"cures"'), encoding="utf-8")
    with pytest.raises(
        UsageError, match=r"holding_period: cures, and no \[\[holding_period\]\] says"
    ):
        read(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml: No such file or directory: name a"):
        read(tmp_path / "none.toml")


def test_versions_of_a_clause_follow_each_other(tmp_path: Path) -> None:
    second = TEXT[TEXT.index('[[clause]]\nid = "R2"') : TEXT.index('[[clause]]\nid = "R3"')]
    old = second.replace("from = 2022-06-20", "from = 2022-01-01\nuntil = 2022-06-20")
    path = changed(tmp_path, second, old + second)
    assert [c.id for c in read(path).clauses] == ["R1", "R2", "R2", "R3", "R4", "R5", "R6"]
    assert read(path).clause_ids == ("R1", "R2", "R3", "R4", "R5", "R6")


def test_versions_stand_side_by_side(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w")
    folder = workspace.root / "policies"
    folder.mkdir()
    for version in ("2022-9", "2022-10"):
        changed(folder, '"2022-06-20"', f'"{version}"', f"{version}.toml")
    found = packs(workspace.root)
    assert [pack.version for pack in found] == ["2022-06-20", "2022-9", "2022-10"]
    assert in_use(workspace).version == "2022-10"
    assert len({pack.id for pack in found}) == 3
    workspace.settings_file.write_text('[policy]\npack = "wechat-3.24@2022-06-20"\n')
    assert in_use(workspace) == read(PACK)
    with pytest.raises(UsageError, match="no policy pack 'other': there are wechat"):
        chosen(found, "other")
    changed(folder, "statement of", "the statement of", "same.toml")
    with pytest.raises(UsageError, match=r"are both wechat-3\.24 version 2022-06-20: give one"):
        packs(workspace.root)
