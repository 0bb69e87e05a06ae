"""A simulated world with planted patterns and innocent look-alikes, and the truth about it.

    simulate -> world (accounts, identifiers) -> market (collections, certificates)
             -> everyday -> innocent look-alikes -> planted -> seven CSV files and truth.json

The innocent part is drawn first and from streams of its own: with and without planting it is the
same, record for record and name for name. All numbers stand in `ranges`.

truth.json:

    {"seed", "scale", "clock",
     "planted":  [{"id", "typology", "also": [...], "variant",
                   "accounts": [{"account", "role"}], "records": [...], "items": [...]}],
     "innocent": [{"id", "kind", "accounts": [{"account", "role"}],
                   "records": [...], "items": [...]}]}

`typology` and each of `also` must find a planted instance. An innocent group without records stands
for the whole traffic of its accounts.
"""

from dataclasses import dataclass
from pathlib import Path

from regift.loaders.errors import UsageError
from regift.loaders.simulator import ranges
from regift.loaders.simulator.everyday import add_everyday
from regift.loaders.simulator.innocent import add_innocent
from regift.loaders.simulator.ledger import Ledger
from regift.loaders.simulator.market import make_market
from regift.loaders.simulator.planted_items import plant_items
from regift.loaders.simulator.planted_money import plant_money
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


def simulate(directory: Path, *, seed: int, scale: str, plant: bool = True) -> Summary:
    """Write a simulated world into a folder.

    directory: made if absent; files of the same names are overwritten.
    seed: same seed and scale, same bytes.
    scale: `small` (3,000 accounts), `medium` (30,000) or `large` (300,000).
    plant: False leaves the planted patterns out and changes nothing else.
    UsageError for an unknown scale or a negative seed. Cost: linear; memory about 1 kB a record.
    """
    if scale not in ranges.SCALES:
        raise UsageError(f"no scale {scale!r}: choose one of {', '.join(ranges.SCALES)}")
    if seed < 0:
        raise UsageError(f"the seed must not be negative: {seed}")
    ledger = Ledger()
    world = make_world(seed, scale)
    add_identifiers(world, ledger)
    market = make_market(world, ledger)
    add_everyday(world, market, ledger)
    add_innocent(world, market, ledger)
    add_labels(ledger, stream(seed, "write"), world.of_kind("personal"), ranges.LABELS)
    ledger.end_of_innocence()
    if plant:
        plot = Plot(world, market, ledger, stream(seed, "planted"))
        plant_items(plot)
        plant_money(plot)
        add_labels(ledger, plot.rng, plot.used, ranges.LABELS_PLANTED)
    rows = write_world(directory, world, ledger)
    return Summary(directory, rows, ledger.planted.sizes(), ledger.innocent.sizes())
