"""A simulated world with planted patterns and innocent look-alikes, and the truth about it.

    simulate -> parameters -> world (accounts, identifiers) -> market (collections, certificates)
             -> everyday -> innocent look-alikes -> planted -> missing
             -> seven CSV files and truth.json

The innocent part is drawn first and from streams of its own: with and without planting it is the
same, record for record and name for name. All numbers stand in `ranges`; what the parameters of
the split `evaluation` are drawn from stands in `evaluation_ranges`.

truth.json:

    {"seed", "scale", "clock", "split", "parameters": {name: value},
     "planted":  [{"id", "typology", "also": [...], "variant",
                   "accounts": [{"account", "role", "acts"}],
                   "records": [...], "items": [...], "leaks": [...],
                   "identifiers": ["<account> <kind>"], "beyond": [...],
                   "missing": [{"table", "record_id", "at", "source", "target"}]}],
     "innocent": [{"id", "kind", "accounts": [{"account", "role"}],
                   "records": [...], "items": [...]}]}

`typology` and each of `also` must find a planted instance all of whose records are in the files
and which lies beyond no bound. Of a planted instance:

    records      what makes the pattern and is in the files
    missing      what makes the pattern and is in no file
    leaks        payments by which part of the money went elsewhere: by intent, but no pattern
    identifiers  what accounts have in common, as evidence in table `identifiers` is named
    beyond       bounds that the search has by default and the instance does not keep: `max_length`,
                 `window`, `gap`, `keep` by the names of the parameters, `bin`: ratios of relays
                 that do not fall into one bin
    accounts     role `taken_over`: innocent until somebody else's device ran the account, and its
                 owner had no part in it; acts: false of who is on the pattern and does nothing
                 wrong, such as a payer who may be a victim

An innocent group without records stands for the whole traffic of its accounts (`merchant`), or for
what they share (`household_device`).
"""

from dataclasses import dataclass
from pathlib import Path

from regift.loaders.errors import UsageError
from regift.loaders.simulator import ranges
from regift.loaders.simulator.everyday import add_everyday
from regift.loaders.simulator.innocent import add_innocent
from regift.loaders.simulator.ledger import Ledger
from regift.loaders.simulator.market import make_market
from regift.loaders.simulator.missing import lose_records
from regift.loaders.simulator.parameters import parameters_of
from regift.loaders.simulator.planted_flows import plant_flows
from regift.loaders.simulator.planted_identity import plant_identity
from regift.loaders.simulator.planted_items import plant_items
from regift.loaders.simulator.planted_money import plant_money
from regift.loaders.simulator.planted_rings import plant_rings
from regift.loaders.simulator.planted_trades import plant_trades
from regift.loaders.simulator.plot import Plot
from regift.loaders.simulator.world import (
    add_identifiers,
    add_labels,
    make_world,
    stream,
)
from regift.loaders.simulator.write import write_world


@dataclass(frozen=True)
class Summary:
    """What was written: rows per table, planted instances and innocent groups by what they are."""

    directory: Path
    rows: dict[str, int]
    planted: dict[str, int]
    innocent: dict[str, int]


def simulate(
    directory: Path, *, seed: int, scale: str, plant: bool = True, split: str = "development"
) -> Summary:
    """Write a simulated world into a folder.

    directory: made if absent; files of the same names are overwritten.
    seed: same seed, scale and split, same bytes.
    scale: `small` (3,000 accounts), `medium` (30,000) or `large` (300,000).
    plant: False leaves the planted patterns out and changes nothing else.
    split: `development`: fixed parameters; `evaluation`: each drawn by the seed.
    UsageError for an unknown scale or split, or a negative seed. Cost: linear;
    memory about 1 kB a record.
    """
    if scale not in ranges.SCALES:
        raise UsageError(f"no scale {scale!r}: choose one of {', '.join(ranges.SCALES)}")
    if seed < 0:
        raise UsageError(f"the seed must not be negative: {seed}")
    ledger = Ledger()
    world = make_world(seed, scale, parameters_of(split, seed))
    add_identifiers(world, ledger)
    market = make_market(world, ledger)
    add_everyday(world, market, ledger)
    add_innocent(world, market, ledger)
    add_labels(ledger, stream(seed, "write"), world.of_kind("personal"), ranges.LABELS)
    ledger.end_of_innocence()
    if plant:
        plot = Plot(world, market, ledger, stream(seed, "planted"))
        # Those that need people who are quiet for days choose before the others.
        for stage in (plant_money, plant_flows, plant_rings, plant_items, plant_trades):
            stage(plot)
        plant_identity(plot)
        add_labels(ledger, plot.rng, plot.used, ranges.LABELS_PLANTED)
        lose_records(ledger, stream(seed, "missing"), world.parameters)
    rows = write_world(directory, world, ledger)
    return Summary(directory, rows, ledger.planted.sizes(), ledger.innocent.sizes())
