"""Pages say what the code does: generated parts are fresh, links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tree import ROOT

DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, DOCS / script, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("script", ["generate.py", "feature_table.py"])
def test_generated_parts_are_up_to_date(script: str) -> None:
    done = run(script, "--check")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", text)
    absent = [t for t in targets if "://" not in t and not (page.parent / t).exists()]
    assert absent == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_that_pages_name_exist(page: Path) -> None:
    """`regift word`, in code or in a block."""
    from regift.cli import COMMANDS

    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^    |`|\$ )regift ([a-z][a-z0-9]*)", text, re.MULTILINE))
    assert named <= COMMANDS.keys()


def test_readme_tells_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in ("demo", "test"):
        assert f"make {target} " in text
        assert re.search(rf"^{target}: setup", (ROOT / "Makefile").read_text(), re.MULTILINE)


def page_with(tmp_path: Path, block: str) -> Path:
    page = tmp_path / "page.md"
    page.write_text(f"before\n<!-- transcript a -->\n{block}<!-- end transcript a -->\nafter\n")
    return page


def test_transcript_runs_its_commands(tmp_path: Path) -> None:
    page = page_with(
        tmp_path,
        "```console\n$ echo a | tee kept\nold output\n$ cat kept; echo took 1.25 s; pwd\n```\n",
    )
    assert run("transcript.py", "--check", str(page)).returncode == 1
    assert run("transcript.py", str(page)).returncode == 0
    assert page.read_text() == (
        "before\n<!-- transcript a -->\n```console\n$ echo a | tee kept\na\n"
        "$ cat kept; echo took 1.25 s; pwd\na\ntook N s\n.\n```\n<!-- end transcript a -->\nafter\n"
    )
    assert run("transcript.py", "--check", str(page)).returncode == 0


def test_transcript_without_its_data_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGIFT_SHARED", str(tmp_path / "absent"))
    page = page_with(tmp_path, "```console\n$ cat $REGIFT_SHARED/list.csv\nwhat it said\n```\n")
    before = page.read_text()
    done = run("transcript.py", str(page))
    assert (done.returncode, page.read_text()) == (0, before)
    assert done.stderr.startswith("transcript a left as it is: no real data at ")


def test_transcript_never_shows_a_failure(tmp_path: Path) -> None:
    page = page_with(tmp_path, "```console\n$ echo so far; false\n```\n")
    before = page.read_text()
    done = run("transcript.py", str(page))
    assert done.returncode == 1
    assert done.stderr == "$ echo so far; false\nso far\nexit code 1\n"
    assert page.read_text() == before


def test_feature_table_cannot_claim_what_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS))
    import feature_table

    monkeypatch.setattr(feature_table, "ALL", {"here": object()})
    monkeypatch.setattr(feature_table, "COMMANDS", {"rank": ("", "")})
    assert feature_table.state(("here",), ("rank",)) == "works: `regift find here`, `regift rank`"
    assert feature_table.state(("here", "gone"), ("rank", "away")) == (
        "not yet: gone, away (so far `regift find here`, `regift rank`)"
    )
    assert feature_table.state(("gone",), ()) == "not yet: gone"
    with pytest.raises(SystemExit, match=r"docs/planned\.py does not name here"):
        feature_table.table()
