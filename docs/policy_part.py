"""The part of docs/enforcement.md that is made of the policy pack that comes with regift."""

from pathlib import Path

from markers import parted

from regift.enforcement import policy_listing as listing
from regift.enforcement.policy import DEFAULT_PACK, SHIPPED, read
from regift.queries import ALL


def page(path: Path) -> str:
    """The page with its generated part made again."""
    before, _, after = parted(path.read_text(encoding="utf-8"), "policy pack")
    return before + "\n".join(_lines()) + "\n" + after


def _lines() -> list[str]:
    pack = read(SHIPPED / f"{DEFAULT_PACK}.toml")
    told = listing.whole(pack, pack)
    lines = ["", "### Clauses: what evidence leads to which", ""]
    lines += ["| clause | rule | in force from | channels | facts | other evidence |"]
    lines += ["|---|---|---|---|---|---|"]
    for each in told["clauses"]:
        names = each["typologies"] + each["also"]
        facts = [name for name in names if ALL[name].fact or name == "paid_gift"]
        others = [name for name in names if name not in facts]
        until = f" until {each['until']}" if each["until"] else ""
        lines.append(
            f"| {each['clause']} | {each['title']['en']} | {each['from']}{until} | "
            f"{_listed(each['channels'])} | {_listed(facts)} | {_listed(others)} |"
        )
    lines += ["", "### Ladder: which evidence proposes which measure", ""]
    lines += ["| measure | what it is | proposed from | looked at again | ends | functions | "
              "second person | numbers |", "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for each in told["ladder"]:
        n = each["from_points"]
        facts_from = f"degree {n}" if n else "by people alone"
        lines.append(
            f"| `{each['measure']}` | {each['title']['en']} | {facts_from} | "
            f"{_after(each['due_after'])} | {_after(each['lasts'])} | "
            f"{_listed(each['functions'])} | {'yes' if each['second_person'] else 'no'} | "
            f"{_whose(each['example'])} |"
        )
    degree = told["degree"]
    lines += ["", "### Degree: what it is the sum of", "", "| part | points |", "|---|---|"]
    lines += [f"| {row['part']} | {row['points']} |" for row in listing.degree_rows(degree)]
    lines += ["", f"Numbers: {_whose(degree['example'])}."]
    gate, papers = told["gate"], told["certificates"]
    lines += [
        "",
        f"At most `{gate['doubtful']}` on doubtful facts (incomplete, after a custody gap, or on a "
        "link by one",
        f"identifier); at most `{gate['two_families']}` without a fact, on two families of which "
        "chance explains a",
        f"tenth or less, and `{gate['uncalibrated']}` where no calibration says so: "
        f"{_whose(gate['example'])}.",
        "",
        f"Proof is asked for again after {papers['remind_every']}, and a certificate is listed "
        "when it ends within",
        f"{papers['expires_within']}: {_whose(papers['example'])}.",
        "",
        "### Switches: where the texts disagree or are silent",
        "",
        "| switch | about | value | means | may be |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{each['key']}` | {each['about']} | `{each['value']}` | {each['means']} | "
        f"{_listed(each['values'])} |"
        for each in told["switches"]
    ]
    lines += [
        f"\nFrom {each['from']} on an item has to be held {each['held']}, where `holding_period` "
        f"is `cures` ({_whose(each['example'])})."
        for each in told["holding_periods"]
    ]
    return [*lines, ""]


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _after(duration: str | None) -> str:
    return f"after {duration}" if duration else ""


def _whose(example: bool) -> str:
    return "our example" if example else "the rule"
