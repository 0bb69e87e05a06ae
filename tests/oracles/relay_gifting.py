"""relay_gifting, chain by chain and intermediary by intermediary (D-18)."""

from typing import Any

from oracles.custody import Hop
from oracles.moves import Records, Shape, described


def chains(records: Records, dwell_us: int) -> list[list[Hop]]:
    """Runs of quick gift hops of each item, each as long as it may be."""
    of, found = records.of, []
    for item in records.ledger.values():
        chain: list[Hop] = []
        for hop in item:
            fits = hop.row["kind"] == "gift" and hop.rule == "hop" and hop.undone is None
            on = {of(h.row[end]) for h in chain for end in ("source", "target")}
            goes_on = (
                fits
                and chain
                and of(hop.row["source"]) == of(chain[-1].row["target"])
                and hop.row["at_us"] - chain[-1].row["at_us"] <= dwell_us
                and of(hop.row["target"]) not in on
            )
            if not goes_on:
                found.append(chain)
                chain = []
            if fits:
                chain.append(hop)
        found.append(chain)
    return found


def passed_on(hop: Hop, records: Records, dwell_us: int) -> bool:
    after = records.after(hop)
    return (
        after is not None
        and after.row["kind"] in ("gift", "sale")
        and records.of(after.row["source"]) == records.of(hop.row["target"])
        and after.row["at_us"] - hop.row["at_us"] <= dwell_us
    )


def keeps_little(entity: str, chain: list[Hop], records: Records, params: Any) -> bool:
    since = chain[0].row["at_us"] - params.window_us
    got = [
        hop
        for hop in records.moves
        if hop.row["kind"] == "gift"
        and records.of(hop.row["target"]) == entity
        and since <= hop.row["at_us"] <= chain[-1].row["at_us"]
    ]
    kept = sum(not passed_on(hop, records, params.dwell_us) for hop in got)
    return bool(10_000 * kept <= params.retain_bp * len(got))


def relay_gifting(records: Records, params: Any) -> set[Shape]:
    found = set()
    for chain in chains(records, params.dwell_us):
        if len(chain) < max(2, params.min_hops):
            continue
        between = [hop.row["target"] for hop in chain[:-1]]
        if all(keeps_little(records.of(a), chain, records, params) for a in between):
            accounts = [(chain[0].row["source"], "giver"), *((a, "relay") for a in between)]
            accounts.append((chain[-1].row["target"], "receiver"))
            shown = [("gifts", hop.row, "hop") for hop in chain]
            anchor = (chain[0].row["record_id"],)
            found.add(described(anchor, accounts, shown, len(chain), len(chain)))
    return found
