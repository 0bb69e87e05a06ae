"""A refresh under a policy: digests, dates, switches; and what without.py makes again."""

from pathlib import Path
from typing import Any

import pytest
from workspaces import GIFTS, everything, manifest, put, select

from regift.enforcement import allow_list
from regift.enforcement.casebook import Casebook
from regift.enforcement.policy import SHIPPED, in_use
from regift.graph.workspace import Workspace, now_us
from regift.loaders.errors import UsageError
from regift.ranking.derive import TABLES
from regift.refresh.run import refresh
from regift.refresh.settings import origins, read_settings
from regift.refresh.status import status

TEXT = (SHIPPED / "wechat-3.24.toml").read_text(encoding="utf-8")
CHAIN = [
    "g1,2022-04-01T00:00:00Z,brand,ann,x,issue",
    "g2,2022-04-02T00:00:00Z,ann,bob,x,gift",
    "g3,2022-04-03T00:00:00Z,bob,mini,x,gift",
    "g4,2022-04-04T00:00:00Z,mini,cat,x,gift",
]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.create(tmp_path / "w")
    put(made, "gifts", GIFTS, *CHAIN)
    put(made, "accounts", "account,kind", "mini,mini_program", "ann,personal", "bob,personal")
    return made


def use(workspace: Workspace, *changes: tuple[str, str]) -> None:
    """A pack of the workspace, the shipped one with changes."""
    text = TEXT.replace('name = "wechat-3.24"', 'name = "mine"')
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (workspace.root / "policies").mkdir(exist_ok=True)
    (workspace.root / "policies" / "mine.toml").write_text(text, encoding="utf-8")
    workspace.settings_file.write_text('[policy]\npack = "mine"\n')


def proposed(workspace: Workspace) -> list[tuple[Any, ...]]:
    return select(workspace, "SELECT measure, clause, why FROM proposals WHERE account = 'mini'")


def test_dates_moved_are_a_new_generation_with_the_same_findings_and_ranks(
    workspace: Workspace,
) -> None:
    refresh(workspace)
    ((measure, clause, _),) = proposed(workspace)
    assert (measure, clause) == ("notice", "R4")
    before, digest = everything(workspace), manifest(workspace).digests["policy"]
    assert not refresh(workspace).fresh
    use(workspace, ("from = 2022-03-30", "from = 2023-01-01"))
    assert refresh(workspace).fresh
    assert proposed(workspace) == [(None, None, "not in force")]
    assert manifest(workspace).digests["policy"] != digest
    after = everything(workspace)
    same = [table for table in after if table != "proposals"]
    assert {*TABLES, "findings"} - {"proposals"} <= set(same)
    assert [after[table] for table in same] == [before[table] for table in same]
    assert manifest(workspace).run["policy"]["id"].startswith("mine@2022-06-20+")


def test_a_switch_is_a_parameter_that_settings_may_overrule(workspace: Workspace) -> None:
    refresh(workspace)
    count = "SELECT count(*) FROM findings WHERE typology = 'multi_level_gift'"
    assert select(workspace, count) == [(2,)]
    use(workspace, ('"lenient"', '"strict"'))
    refresh(workspace)
    assert select(workspace, count) == [(3,)]
    told = {row["setting"]: row for row in origins(workspace)}
    assert told["typology.multi_level_gift.reading"]["value"] == "strict"
    assert told["typology.multi_level_gift.reading"]["origin"].startswith("mine@")
    text = workspace.settings_file.read_text() + '[typology.multi_level_gift]\nreading="lenient"\n'
    workspace.settings_file.write_text(text)
    refresh(workspace)
    assert select(workspace, count) == [(2,)]
    told = {row["setting"]: row for row in origins(workspace)}
    assert told["typology.multi_level_gift.reading"]["origin"] == "regift.toml"
    assert told["policy.pack"]["value"] == manifest(workspace).run["policy"]["id"]


def test_an_allowed_account_gets_no_measure_until_its_entry_is_over(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = now_us() + 60_000_000
    with Casebook.open(workspace.casebook) as casebook:
        allow_list.add(casebook, "mini", until, "a test account")
    refresh(workspace)
    ((measure, clause, why),) = proposed(workspace)
    assert (measure, clause) == (None, "R4")
    assert why.startswith("allow-listed until 20")
    assert why.endswith(": a test account")
    monkeypatch.setattr("regift.enforcement.casebook.now_us", lambda: until)
    refresh(workspace)
    assert proposed(workspace)[0][0] == "notice"


def test_a_pack_that_cannot_be_read_stops_the_run_with_one_line(workspace: Workspace) -> None:
    use(workspace, ("from_points = 6", "from_points = 0"))
    with pytest.raises(UsageError, match="rectify from_points: 0 is not a whole number above zero"):
        refresh(workspace)
    use(workspace)
    workspace.settings_file.write_text('[policy]\npack = "other"\n')
    with pytest.raises(UsageError, match=r"pack: there is no policy pack 'other': there are"):
        read_settings(workspace)
    workspace.settings_file.write_text("[policy]\npack = 3\n")
    with pytest.raises(UsageError, match=r"\[policy\] pack: 3: write pack ="):
        read_settings(workspace)


def test_status_names_the_policy_of_the_run(workspace: Workspace) -> None:
    refresh(workspace)
    assert status(workspace)["policy"] == in_use(workspace).id
