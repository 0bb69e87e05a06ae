"""The pack that docs/enforcement.md shows can be used as it stands there."""

import re
from pathlib import Path

from tree import ROOT

from regift.enforcement.policy import EXAMPLE_CERTIFICATES, in_use, read
from regift.enforcement.policy_rules import decision_rules, gate_rules
from regift.graph.workspace import Workspace
from regift.ranking.gate_rules import DegreeRules

PAGE = (ROOT / "docs" / "enforcement.md").read_text(encoding="utf-8")


def shown() -> str:
    (pack,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    return str(pack)


def test_the_pack_of_the_page_can_be_used(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w")
    (workspace.root / "policies").mkdir()
    (workspace.root / "policies" / "stamps.toml").write_text(shown(), encoding="utf-8")
    (settings,) = re.findall(r"    (\[policy\]\n    pack = .*\n)", PAGE)
    workspace.settings_file.write_text(settings, encoding="utf-8")
    pack = in_use(workspace)
    assert (pack.name, pack.version) == ("stamp-exchange", "2025.2")
    assert pack.clause_ids == ("4", "5")
    rules = gate_rules(pack)
    assert rules.ladder == ((2, "notice"), (5, "restrict"))
    assert rules.degree == DegreeRules(facts=((2, 2), (5, 5)), strike=3)
    assert (rules.left_out_kinds, rules.unknown_left_out) == ((), False)
    assert rules.clauses is not None
    sales = [row for row in rules.clauses if row.typology == "second_level_sale"]
    assert [(row.channel, row.until_us == sales[1].from_us) for row in sales] == [
        ("mini_program", True), (None, False),
    ]  # fmt: skip
    assert pack.certificates == EXAMPLE_CERTIFICATES, "it says nothing of it"
    assert decision_rules(pack).needs_second("restrict")
    assert not decision_rules(pack).needs_second("notice")


def test_only_what_the_page_calls_an_example_is_marked(tmp_path: Path) -> None:
    path = tmp_path / "stamps.toml"
    path.write_text(shown(), encoding="utf-8")
    assert [step.example for step in read(path).steps] == [False, True]
